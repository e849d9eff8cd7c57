"""Who writes in an export, and what is no message at all: judged by the whole file, and taken back when it says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.helpers import put, read, rows

L, R = "\u200e", "\u200f"
START = datetime(2024, 3, 13, 9)


def iphone(*bodies: str, sender: str = "Tim", start: int = 0) -> str:
    """Lines of one sender; a body that begins with a mark has the mark before its header as well."""
    lines = []
    for n, body in enumerate(bodies, start):
        mark = body[:1] if body[:1] in (L, R) else ""
        lines.append(f"{mark}[{START + timedelta(minutes=n):%d/%m/%y, %H:%M:00}] {sender}: {body}\r\n")
    return "".join(lines)


def android(*bodies: str, sender: str = "Ana", start: int = 0) -> str:
    """Lines of one sender, a minute apart."""
    return "".join(
        f"{START + timedelta(minutes=n):%d/%m/%y, %H:%M} - {sender}: {body}\n" for n, body in enumerate(bodies, start)
    )


PHOTO = "00000012-PHOTO-2024-03-13-09-01-00.jpg"
#: How iPhones write that a file is attached.
ATTACHED: list[tuple[str, Callable[[str], str]]] = [
    ("en", lambda name: f"{L}<attached: {name}>"),
    ("de", lambda name: f"{L}<Anhang: {name}>"),
    ("fr", lambda name: f"{L}<pièce jointe : {name}>"),
    ("ar", lambda name: f"{R}<المُرفق: {name}>"),
    ("ar, after a blank", lambda name: f" {R}<المُرفق: {name}>"),
    ("nobody's", lambda name: f"{L}<zzyzx: {name}>"),
    ("doubled", lambda name: f"{L}{L}<attached: {name}>"),
]


@pytest.mark.parametrize("attached", [a[1] for a in ATTACHED], ids=[a[0] for a in ATTACHED])
@pytest.mark.parametrize("words", [0, 1, 6, 40])
@pytest.mark.parametrize("files", [2, 3, 30])
def test_no_file_is_ever_part_of_a_name(attached: Callable[[str], str], words: int, files: int) -> None:
    text = iphone(*[f"words {n}" for n in range(words)]) + iphone(*[attached(PHOTO)] * files, start=words)
    found, _, _ = read(text + iphone("hello", sender="Ana", start=200))
    assert (
        Counter((m.sender, m.kind) for m in found)
        == Counter({("Tim", "image"): files, ("Tim", "text"): words, ("Ana", "text"): 1}) + Counter()
    )
    assert {m.attachment for m in found if m.kind == "image"} == {PHOTO}


@pytest.mark.parametrize("habit", ["Recipe", "Grandma", "PS", "Location", "Re: Re"])
@pytest.mark.parametrize("often", [1, 3, 25, 99])
def test_a_habit_is_no_name(habit: str, often: int) -> None:
    bodies = [f"{habit}: soup {n}" for n in range(often)] + [f"word {n}" for n in range(often, 100)]
    found, _, _ = read(android(*bodies) + android("hi", sender="Ben", start=100))
    assert {m.sender for m in found} == {"Ana", "Ben"}
    assert found[0].text == f"{habit}: soup 0"


def test_a_name_learned_from_the_first_lines_is_given_up_when_the_file_says_so() -> None:
    bodies = [f"Recipe: soup {n}" for n in range(30)]
    later = android(*[f"word {n}" for n in range(1200)], sender="Ben", start=30) + android(
        "no cooking today", start=1230
    )
    found, findings, _ = read(android(*bodies) + later)
    assert {m.sender for m in found} == {"Ana", "Ben"}
    assert not findings.longer


@pytest.mark.parametrize(("often", "others"), [(1, 0), (2, 0), (2, 1), (3, 2)])
def test_a_few_messages_that_begin_alike_are_no_name(often: int, others: int) -> None:
    text = android(*[f"Recipe: soup {n}" for n in range(often)]) + android("hi", "you", sender="Ben", start=20)
    text += android(*[f"Recipe: cake {n}" for n in range(others)], sender="Ben", start=30)
    assert {m.sender for m in read(text)[0]} == {"Ana", "Ben"}


def test_a_name_with_a_colon_is_one_name() -> None:
    text = android("yes", "<Media omitted>", "no: maybe", sender="Dr. Who: Work") + android("hi", start=5)
    assert Counter(m.sender for m in read(text)[0]) == {"Dr. Who: Work": 3, "Ana": 1}
    only_files = android("<Media omitted>", sender="Dr. Who: Work") + android("hi", start=5)
    assert Counter(m.sender for m in read(only_files)[0]) == {"Dr. Who: Work": 1, "Ana": 1}


@pytest.mark.parametrize(
    "said", ["I left at six, where were you?", "she added sugar", "you removed it", "end-to-end encrypted"]
)
@pytest.mark.parametrize("name", ["Anna Berg", "Anna left", "Admin", "You Know Who", "Anna from the choir"])
def test_a_notice_word_in_somebodys_own_words_makes_no_notice(name: str, said: str) -> None:
    first = android(*[f"m {n}" for n in range(40)], sender="Anna") + android(said, sender=name, start=40)
    later = android(*[f"n {n}" for n in range(1200)], sender="Anna", start=41)
    found, _, _ = read(first + later + android(*[f"o {n}" for n in range(30)], sender=name, start=1241))
    assert Counter(m.sender for m in found)[name] == 31
    assert None not in {m.sender for m in found}


@pytest.mark.parametrize(
    "notice",
    [
        "Anna changed the subject to Trip: Rome",
        'Anna changed the subject from "a: b" to "c: d"',
        "Anna created group Rome: the plan",
        "Welcome to the community: Green City",
    ],
)
def test_a_notice_with_a_colon_makes_no_person(notice: str) -> None:
    text = (
        android("a", "b", "c", sender="Anna") + f"13/03/24, 10:00 - {notice}\n" + android("d", sender="Ben", start=70)
    )
    found, _, _ = read(text)
    assert [m.sender for m in found] == ["Anna"] * 3 + [None, "Ben"]


LATE = {
    "past midnight": ("17/04/24, 23:30:49", "18/04/24, 00:03:15", "17/04/24, 23:32:49"),
    "an hour late": ("18/04/24, 00:30:49", "17/04/24, 23:35:15", "18/04/24, 00:32:49"),
    "the next noon": ("17/04/24, 23:30:49", "18/04/24, 12:03:15", "17/04/24, 23:59:49"),
}


@pytest.mark.parametrize("times", list(LATE.values()), ids=list(LATE))
@pytest.mark.parametrize("body", ["Nora: may I still join?", "somebody joined by a link"])
def test_who_writes_once_and_late_is_somebody(times: tuple[str, str, str], body: str) -> None:
    before, late, after = times
    more = "".join(f"[20/04/24, 10:{n:02}:00] {'Ana' if n % 2 else 'Ben'}: m {n}\n" for n in range(20))
    found, _, evidence = read(f"[{before}] Ana: good night\n[{late}] {body}\n[{after}] Ben: sleep well\n{more}")
    assert len(found) == 23
    assert found[1].sender == ("Nora" if "Nora" in body else None)
    assert not evidence.unsure


def test_what_stands_first_is_a_message_however_late_its_time() -> None:
    more = "".join(f"18.03.24 15:{n:02} - {'Ana' if n % 2 else 'Ben'}: m {n}\n" for n in range(20))
    found, _, _ = read("23.03.24 13:31 - Zprávy jsou tajné\n18.03.24 14:56 - Eva: Ahoj\n" + more)
    assert [m.sender for m in found[:2]] == [None, "Eva"]
    assert len(found) == 22


def test_a_pasted_talk_stays_in_its_message_and_is_said() -> None:
    day = "".join(f"[20/04/24, 10:{n:02}:00] {'Ana' if n % 2 else 'Ben'}: m {n}\n" for n in range(20))
    pasted = "[02/02/19, 08:00:00] Quentin: where\n[02/02/19, 08:01:00] Rosa: here\n"
    for text, line in ((day + pasted + day, 21), (day + pasted + day * 60, 21), (day * 60 + pasted + day, 1201)):
        found, _, evidence = read(text)
        assert {m.sender for m in found} == {"Ana", "Ben"}
        holder = next(m for m in found if "Quentin" in m.text)
        assert holder.text == "m 19\n" + pasted.rstrip("\n")
        assert [u.line for u in evidence.unsure] == [line, line + 1]
        assert "looks like a message" in evidence.unsure[0].reason


@pytest.mark.parametrize("notice", ["created a new event: Lock opening", "moved the small event: The lake"])
def test_what_somebody_of_the_chat_does_is_no_name(notice: str) -> None:
    lines = android("hi", "there", sender="Tobin Marsh") + android("well", "yes", start=2)
    found, _, _ = read(lines + f"{START + timedelta(minutes=9):%d/%m/%y, %H:%M} - Tobin Marsh {notice}\n")
    assert {m.sender for m in found} == {"Tobin Marsh", "Ana", None}
    assert found[-1].text == f"Tobin Marsh {notice}"


@pytest.mark.parametrize("name", ["Ana Maria", "Ana Work Phone New", "Ana work", "Ana Lena from Ulm"])
def test_a_longer_name_is_somebody(name: str) -> None:
    found, _, _ = read(android("hi", "there") + f"{START + timedelta(minutes=9):%d/%m/%y, %H:%M} - {name}: hello\n")
    assert found[-1].sender == name


ODD = [
    "[17.1.23h9:00] dentist",
    "[5.1.3h0:00] ",
    "[5.1.2 9:00:00]\r\n:00] ",
    "[1/1/1, 1:1] x",
    "[2023-01-17 9:00] Dentist: 9",
]


@pytest.mark.parametrize("line", ODD)
@pytest.mark.parametrize("at", [0, 1, 5, 10])
def test_no_line_breaks_the_reader(line: str, at: int) -> None:
    lines = iphone(*[f"m {n}" for n in range(10)]).splitlines(keepends=True)
    found, _, _ = read("".join([*lines[:at], line + "\r\n", *lines[at:]]))
    told = [m for m in found if m.text.startswith("m ")]
    assert [m.sent_at for m in told] == [f"2024-03-13T09:{n:02}:00" for n in range(10)]
    assert all(len(m.sent_at) == 19 for m in found)
    if at:
        assert len(found) == 10


@pytest.mark.parametrize("name", [L, "\u3164", "\u2800", f"{L}\u00a0", "- Name", "~ Name", "(no)", "."])
def test_strange_names_are_names(name: str) -> None:
    text = iphone("one", "two", sender=name) + iphone("hi", sender="Ana", start=9)
    senders = [m.sender for m in read(text)[0]]
    assert senders[0] == senders[1]
    assert senders[0]
    assert senders[2] == "Ana"
    assert any(character.isprintable() and not character.isspace() for character in senders[0])


def test_somebody_who_is_no_contact_is_one_with_any_blank(tmp_path: Path) -> None:
    for name, chat in (("~ Alex", "one"), ("~Alex", "two"), ("~\u202fAlex", "three")):
        path = tmp_path / f"WhatsApp Chat with {chat}.txt"
        other = android(f"what {chat} says", sender=f"Ben {chat}", start=9)
        path.write_text(android(f"words of {chat}", f"more of {chat}", sender=name) + other, "utf-8")
        put(tmp_path / "memories.db", path)
    alex = "SELECT name, message_count FROM people WHERE name LIKE '%Alex'"
    assert rows(tmp_path / "memories.db", alex) == [("~ Alex", 6)]
