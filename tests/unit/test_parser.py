"""Nothing is lost: headers and bodies tile the text, and what was written is read back, from any phone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.errors import NotAnExport
from ingest.core.languages import MARKS
from tests.helpers import read
from tests.phones import KINDS, PHONES, Phone, Sent, stamp, write

NAMES = ["Anna", "Ben Li", "+49 170 1234567", "~ Çağla", "Dr. Who: Work", "José", "花子", "A-B", "أمينة", "🌻 Sun"]
LINES = [
    "ok", "what time tonight?", "haha 😂😂", "one: two", "Note: bring shoes", "line\nsecond line",
    "first\n\nafter a blank line", "12/25/23, 9:00 or later - ok", "[sic] he said", "a - b - c", "http://x.example/a?b=1",
    "sep\u2028para\u2029nel\u0085vt\x0bff\x0cend", "tab\tand  two spaces", "trailing space ", "(file) no",
    "null and void",
    "你好世界", "สวัสดีครับ", "مرحبا", "שלום", "<b>html</b>", "5/6", "3:15", "🇩🇪👨‍👩‍👧", "é\u0301", "*bold* _it_",
    "25/12/2023 the day", "Ben Li: said so", "\u2066iso\u2069",
]  # fmt: skip


def _messages(draw: st.DrawFn) -> list[Sent]:
    count = draw(st.integers(15, 60))
    at = datetime(2019, 1, 20, 8, 0, 5) + timedelta(days=draw(st.integers(0, 900)))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=4, unique=True))
    found = []
    for n in range(count):
        at += timedelta(seconds=draw(st.sampled_from([1, 30, 61, 600, 7000, 90_000, 400_000])))
        sender = names[n % len(names)] if n < 3 * len(names) else draw(st.sampled_from(names))
        kind = draw(st.sampled_from(["text"] * 8 + ["media", "deleted", "edited"]))
        text = draw(st.sampled_from(LINES)) if kind in ("text", "edited") else ""
        text = text.rstrip() if kind == "edited" else text
        if n < len(names):  # somebody all of whose words stand behind one colon cannot be told from a longer name
            text, kind = f"hi {n}", "text"
        found.append(Sent(at, sender, text, kind))
    return found


@st.composite
def exports(draw: st.DrawFn) -> tuple[Phone, list[Sent]]:
    """A phone and what was sent."""
    return draw(st.sampled_from(PHONES)), _messages(draw)


@pytest.mark.property
@given(exports(), st.integers(1, 400))
def test_what_a_phone_wrote_is_read_back(export: tuple[Phone, list[Sent]], size: int) -> None:
    phone, sent = export
    found, findings, _ = read(write(phone, sent), size=size)
    # Where day and month can be swapped in the whole file there is a guess, and it is said to be one.
    times = [m.sent_at for m in found] if findings.is_guess else [stamp(phone, s.at) for s in sent]
    assert [(m.sent_at, m.sender, m.kind, m.text, m.is_edited) for m in found] == [
        (at, s.sender, KINDS[s.kind], s.text if s.kind != "deleted" else m.text, s.kind == "edited")
        for s, m, at in zip(sent, found, times, strict=True)
    ], (phone.name, findings)
    assert not findings.is_guess or all(s.at.day <= 12 for s in sent)


def _tiles(text: str) -> None:
    """Holds for any text in which a message was found."""
    try:
        found, _, evidence = read(text, size=331)
    except NotAnExport:
        return
    assert found
    lines_before = text[: found[0].start].split("\n")[:-1]
    unsure = {u.line for u in evidence.unsure}
    for number, line in enumerate(lines_before, 1):
        assert number in unsure or not line.strip("\ufeff\u200e\u200f\u202a\u202c \r"), line
    ends = [m.start for m in found[1:]] + [len(text)]
    for m, end in zip(found, ends, strict=True):
        assert m.start < m.body <= end or (m.start < m.body and m.body <= end + 1)
        assert m.line == text.count("\n", 0, m.start) + 1
        raw = text[m.body : end].removesuffix("\n").removesuffix("\r")
        body = raw.replace("\r\n", "\n")
        if m.kind == "text" and not m.is_edited:
            assert m.text.strip("\u200e\u200f ") == body.strip("\u200e\u200f "), (m, body)
        elif m.kind == "system":
            assert m.text.strip(MARKS + " ").split() == body.strip(MARKS + " ").split()


def test_lines_that_only_look_like_headers_do_not_hide_the_bare_ones() -> None:
    """Two lines in other layouts, both out of order: what is left must be read all the same."""
    bare = [f"20. 1. 2019. 08:00:{n:02} {'Ben Li' if n % 3 else 'Anna'}: word {n}\n" for n in range(5, 25)]
    bare[2] = bare[2].replace(" Ben", " -  Ben")
    found, _, _ = read("1/1/20, 1:00 PM - x" + "".join(bare), size=331)
    assert [m.text.partition("\n")[0] for m in found if m.sender in ("Anna", "Ben Li")][-17:] == [
        f"word {n}" for n in range(8, 25)
    ]


MUTATIONS = [
    "\n",
    "\r\n",
    "\0",
    "\ufffd",
    "\u2028",
    "] ",
    " - ",
    ": ",
    "[",
    "1/1/20, 1:00 PM - x",
    "\u200e",
    "\n\n\n",
    "🙂",
]


@pytest.mark.property
@given(exports(), st.lists(st.tuples(st.floats(0, 1), st.sampled_from(MUTATIONS), st.integers(0, 40)), max_size=8))
def test_headers_and_bodies_tile_any_text(
    export: tuple[Phone, list[Sent]], mutations: list[tuple[float, str, int]]
) -> None:
    text = write(*export)
    for where, what, cut in mutations:
        at = int(where * len(text))
        text = text[:at] + what + text[at + cut :]
    _tiles(text)


@pytest.mark.property
@given(st.text(alphabet="[]0123456789/:.-, \n\rAP M\u200e\u202fxé:", max_size=300))
def test_noise_never_breaks_the_reader(text: str) -> None:
    _tiles(text)


@pytest.mark.parametrize("phone", PHONES, ids=lambda p: p.name)
def test_every_phone_in_short(phone: Phone) -> None:
    """Five messages, of which one proves the order of day and month."""
    sent = [
        Sent(datetime(2022, 3, 4, 21, 41, 7), "Anna", "hello"),
        Sent(datetime(2022, 3, 27, 9, 5, 9), "Ben Li", "two\nlines"),
        Sent(datetime(2022, 3, 27, 12, 0, 9), "Anna", "", "media"),
        Sent(datetime(2022, 4, 1, 0, 10, 0), "Ben Li", "", "deleted"),
        Sent(datetime(2022, 4, 1, 12, 30, 30), "Anna", "bye", "edited"),
    ]
    found, _, _ = read(write(phone, sent))
    assert [(m.sent_at, m.sender, m.kind) for m in found] == [
        (stamp(phone, s.at), s.sender, KINDS[s.kind]) for s in sent
    ]


EDGES = [
    # (a line of the export, sender, text of the message it gives)
    ("12/1/20, 10:00 AM - Dr. Who: Work: yes", "Dr. Who: Work", "yes"),
    ('12/1/20, 10:00 AM - Anna changed the subject from "a: b" to "c: d"', None, None),
    ("12/1/20, 10:00 AM - Anna: Note: bring shoes", "Anna", "Note: bring shoes"),
    ("12/1/20, 10:00 AM - Anna:", "Anna", ""),
    ("12/1/20, 10:00 AM - Anna: null", "Anna", ""),
]


@pytest.mark.parametrize(("line", "sender", "text"), EDGES)
def test_edges_among_ordinary_messages(line: str, sender: str | None, text: str | None) -> None:
    before = "".join(
        f"11/{n}/20, 9:0{n % 10} AM - {'Anna' if n % 2 else 'Dr. Who: Work'}: message {n}\n" for n in range(10, 29)
    )
    found, _, _ = read(before + line + "\n12/2/20, 8:00 AM - Anna: after\n")
    assert len(found) == 21
    assert found[-2].sender == sender
    if text is not None:
        assert found[-2].text == text


def test_a_line_that_looks_like_a_header_stays_in_its_message() -> None:
    lines = [f"12/{n}/23, 9:00 AM - Anna: day {n}" for n in range(10, 20)]
    lines.insert(5, "1/2/03, 9:00 AM - or later, said nobody")
    found, _, _ = read("\n".join(lines) + "\n")
    assert len(found) == 10
    assert found[4].text == "day 14\n1/2/03, 9:00 AM - or later, said nobody"


def test_a_file_may_change_its_format_midway() -> None:
    old = "".join(f"{n:02}.05.20, 10:0{n % 10} - Anna: alt {n}\n" for n in range(1, 29))
    new = "".join(f"[{n:02}/06/2020, 10:00:0{n % 10}] Ben: neu {n}\n" for n in range(1, 29))
    found, findings, _ = read(old + new)
    assert len(found) == 56
    assert len(findings.segments) == 2
    assert found[30].sent_at == "2020-06-03T10:00:03"


@pytest.mark.parametrize("text", ["", "hello\nworld\n", "<html><body>x</body></html>", "a: b\n" * 50])
def test_no_message_is_said_so(text: str) -> None:
    with pytest.raises(NotAnExport):
        read(text)
