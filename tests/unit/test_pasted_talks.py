"""Talks that somebody pasted into a message are its words: in any layout, by anybody, wherever they stand."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.helpers import read

START = datetime(2024, 4, 9, 9)


def talk(form: str, count: int, start: datetime = START, minutes: int = 7) -> str:
    """Lines by Ana and Ben, some minutes apart."""
    return "".join(
        (start + timedelta(minutes=minutes * n)).strftime(form) + f"{'Ana' if n % 2 else 'Ben'}: m {n}\n"
        for n in range(count)
    )


def after(form: str, count: int, minutes: int = 7) -> str:
    return talk(form, count, START + timedelta(minutes=minutes * count), minutes)


#: How this chat's phone writes, how what is pasted is written, and who says something in it.
IPHONE, ANDROID = "[%d.%m.%y, %H:%M:%S] ", "%d/%m/%Y, %H:%M - "
AMERICAN = "%m/%d/%y, %I:%M %p - "
OLD = datetime(2019, 2, 7, 10, 15)
NEAR = START - timedelta(minutes=30)
PASTED = [
    ("one twice", AMERICAN, AMERICAN, OLD, ["Quentin", "Quentin"]),
    ("one, another, one", AMERICAN, AMERICAN, OLD, ["Quentin", "Rosa", "Quentin"]),
    ("with somebody of this chat", AMERICAN, AMERICAN, OLD, ["Quentin", "Ana"]),
    ("with somebody of this chat before", IPHONE, IPHONE, OLD, ["Ana", "Quentin", "Ana", "Quentin"]),
    ("long years", IPHONE, "[%d/%m/%Y, %H:%M:%S] ", OLD, ["Ines", "Ines"]),
    ("copied", IPHONE, "[%H:%M, %d/%m/%Y] ", OLD, ["Ines", "Ines"]),
    ("long years of the same day", IPHONE, "[%d/%m/%Y, %H:%M:%S] ", NEAR, ["Ines", "Ines", "Ana"]),
    ("copied, of the same day", IPHONE, "[%H:%M, %d/%m/%Y] ", NEAR, ["Ana", "Ben"]),
    ("other clock, of those in the chat", ANDROID, "%m/%d/%y, %I:%M %p - ", OLD, ["Ana", "Ben"]),
    ("other clock, same day", ANDROID, "%d/%m/%Y, %I:%M %p - ", NEAR, ["Ana", "Ben"]),
    ("brackets on Android", ANDROID, IPHONE, OLD, ["Ana", "Ben", "Ana"]),
    ("six in brackets on Android", ANDROID, IPHONE, OLD, ["Ana", "Ben"] * 3),
    ("dashes on an iPhone", IPHONE, ANDROID, OLD, ["Ana", "Ben", "Ana"]),
]


@pytest.mark.parametrize(("here", "there", "at", "names"), [row[1:] for row in PASTED], ids=[row[0] for row in PASTED])
@pytest.mark.parametrize("count", [16, 60])
@pytest.mark.parametrize("minutes", [7, 40])
def test_what_was_pasted_is_words(
    here: str, there: str, at: datetime, names: list[str], count: int, minutes: int
) -> None:
    pasted = "".join(
        (at + timedelta(minutes=n)).strftime(there) + f"{name}: said {n}\n" for n, name in enumerate(names)
    )
    before = talk(here, count, minutes=minutes)
    found, _, evidence = read(before + pasted + after(here, count, minutes))
    assert {m.sender for m in found} == {"Ana", "Ben"}
    assert len(found) == 2 * count
    assert found[count - 1].text == f"m {count - 1}\n{pasted.rstrip()}"
    assert [m.sent_at for m in found] == sorted(m.sent_at for m in found)
    # A few lines that end otherwise than this file's headers look like none of them; all others are in the doubts.
    is_foreign = (here == ANDROID and there == IPHONE) or (here, there) == (IPHONE, ANDROID)
    assert len(evidence.unsure) == (0 if is_foreign and len(names) < 5 else len(names))


def test_a_list_of_times_is_words() -> None:
    lines = talk(IPHONE, 20) + "[09.04.24, 09:00] breakfast\n09.04.24, 10:00: boat: bring coats\n" + after(IPHONE, 20)
    found, _, _ = read(lines)
    assert {m.sender for m in found} == {"Ana", "Ben"}
    assert found[19].text == "m 19\n[09.04.24, 09:00] breakfast\n09.04.24, 10:00: boat: bring coats"


@pytest.mark.parametrize("count", [60, 400])
def test_a_file_of_two_exports_is_read_to_its_end(count: int) -> None:
    """Another layout that stays is the other phone's export."""
    second = START + timedelta(days=400)
    found, _, _ = read(talk(ANDROID, count) + talk("%d/%m/%y, %I:%M %p - ", 30, second))
    assert len(found) == count + 30
    found, _, _ = read(talk("%d/%m/%y, %I:%M %p - ", 30) + talk(ANDROID, count, second))
    assert len(found) == count + 30


def test_a_long_stretch_in_another_layout_is_an_export_of_its_own() -> None:
    one, two, three = START, START + timedelta(days=40), START + timedelta(days=80)
    found, _, _ = read(talk(ANDROID, 400, one) + talk("%d/%m/%y, %I:%M %p - ", 60, two) + talk(ANDROID, 400, three))
    assert len(found) == 860


@pytest.mark.parametrize("late", [1, 2, 3])
def test_messages_that_came_days_late_are_messages(late: int) -> None:
    lines = "".join((OLD + timedelta(minutes=n)).strftime(ANDROID) + f"Ana: late {n}\n" for n in range(late))
    found, _, _ = read(talk(ANDROID, 30) + lines + after(ANDROID, 30))
    assert len(found) == 60 + late
    assert {m.sender for m in found} == {"Ana", "Ben"}
