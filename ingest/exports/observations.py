"""What one reading of an export taught: `detect.py` judges it, and has the file read again if it says so."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ingest.core.model import Unsure
from ingest.exports.headers import DateParts

_MOST_UNSURE = 10_000
#: Why a line is in the doubts that looks like a header of this very file.
NOT_TAKEN = "looks like a message, and was taken for words of the one before"
#: So many are enough to prove an order of day and month.
MOST_FILE_DATES = 400
_ENOUGH_WORDS = 3
_MOST_NAMING = 1_000
#: So many prefixes of notices are remembered, with a little more than so many beginnings of what follows each.
_MOST_STARTS, _MOST_SAID, _MOST_LETTERS = 1_000, 3, 60
#: Of each layout of headers, so many lines are remembered; of so many layouts.
_MOST_LINES, MOST_LAYOUTS = 1_000, 50
_MOST_STAND_INS, _ENOUGH_SENDERS = 1_000, 2


@dataclass(slots=True)
class Doubt:
    """A header-like line whose sender was not known (`prefix`), or that has none (None).

    `before` and `after` are the times of the headers next to it in the file, "" at its ends;
    `follows`: the header before it was in doubt as well. `shape` is its layout, as in `Evidence.layouts`.
    """

    line: int
    prefix: str | None
    text: str
    sent_at: str
    before: str
    follows: bool = False
    shape: str = ""
    after: str = ""

    @property
    def is_near(self) -> bool:
        """Whether it is less than a day away from the header before or after it, or at an end of the file."""
        return is_near(self.sent_at, self.before) or is_near(self.sent_at, self.after)


def is_near(at: str, other: str) -> bool:
    """Whether two times are less than a day apart; any time is near to none ("")."""
    if not other or at[:10] == other[:10]:
        return True
    return abs(datetime.fromisoformat(at) - datetime.fromisoformat(other)) < timedelta(days=1)


@dataclass(slots=True)
class Headers:
    """Where headers of one layout were looked at: those with a day or a clock that was new. Lines, in order."""

    count: int = 0
    first: int = 0
    last: int = 0
    lines: list[int] = field(default_factory=list)  # the first ones of them

    def add(self, line: int) -> None:
        self.count += 1
        self.first, self.last = self.first or line, line
        if len(self.lines) < _MOST_LINES:
            self.lines.append(line)

    def go_on(self, later: Headers) -> None:
        """Add those of the text's second part."""
        self.count += later.count
        self.first, self.last = self.first or later.first, later.last or self.last
        self.lines = (self.lines + later.lines)[:_MOST_LINES]


@dataclass(slots=True)
class Evidence:
    """What one reading of a file taught."""

    dates: list[tuple[int, DateParts]] = field(default_factory=list)  # line, parts: each string once a segment
    foreign: list[tuple[int, str, bool]] = field(default_factory=list)  # line, closer, copied from the clipboard
    new_names: Counter[str] = field(default_factory=Counter)
    longer: Counter[tuple[str, str]] = field(default_factory=Counter)  # (name, "name: more") -> times
    said_after: dict[str, set[str]] = field(default_factory=dict)  # "name: more" -> a few of the words after it
    files_after: set[str] = field(default_factory=set)  # "name: more" before a file or one of WhatsApp's sentences
    colon_notices: set[str] = field(default_factory=set)  # notices with a colon in them, as "Bo added Ann: Work" is
    notice_starts: Counter[str] = field(default_factory=Counter)  # prefix that was taken for a notice's -> times
    opened_by: str = ""  # under whose name an iPhone put the first line, a notice: the group's, or the contact's
    has_marks: bool = False  # an iPhone's notice had its mark
    said_after_start: dict[str, set[str]] = field(default_factory=dict)  # such a prefix -> a few of what follows it
    marked: Counter[str] = field(default_factory=Counter)  # sender -> texts that begin with a mark, as notices do
    said_by_chat: Counter[str] = field(default_factory=Counter)  # taken for the chat's name -> texts that are no notice
    doubts: list[Doubt] = field(default_factory=list)
    owners: Counter[str] = field(default_factory=Counter)
    spoken: Counter[str] = field(default_factory=Counter)  # filled by `read_all`
    knows_files: bool = False  # a file, or a sentence in the place of one that is known, was met
    headers: dict[str, Headers] = field(default_factory=dict)  # layout -> where headers of it were met
    last_header: int = 0  # line
    edited_marks: dict[str, Counter[str]] = field(default_factory=dict)  # a sentence in < > at an end -> who, how often
    stand_ins: Counter[str] = field(default_factory=Counter)  # a sentence that may be one -> times
    stood_in_for: dict[str, set[str]] = field(default_factory=dict)  # the same -> a few of those who sent it
    file_dates: list[tuple[DateParts, str]] = field(default_factory=list)  # date as written, 20220323 of a file name
    layouts: Counter[str] = field(default_factory=Counter)
    unsure: list[Unsure] = field(default_factory=list)
    unsure_count: int = 0
    lines: int = 0
    characters: int = 0
    ended_with_newline: bool = True

    def go_on(self, later: Evidence, last_at: str, first_at: str) -> None:
        """Add what the text's second part taught; the first part ends at `last_at`, the second begins at `first_at`."""
        for doubt in self.doubts:
            doubt.after = doubt.after or first_at
        for doubt in later.doubts:
            doubt.before = doubt.before or last_at
        self.dates += later.dates
        self.foreign += later.foreign
        self.doubts += later.doubts
        self.file_dates = (self.file_dates + later.file_dates)[:MOST_FILE_DATES]
        self.new_names.update(later.new_names)
        self.longer.update(later.longer)
        self.owners.update(later.owners)
        self.spoken.update(later.spoken)
        self.layouts.update(later.layouts)
        self.last_header = later.last_header or self.last_header
        for layout, headers in later.headers.items():
            self.headers.setdefault(layout, Headers()).go_on(headers)
        self.has_marks = self.has_marks or later.has_marks
        self.knows_files = self.knows_files or later.knows_files
        self.stand_ins.update(later.stand_ins)
        for sentence, times in later.edited_marks.items():
            self.edited_marks.setdefault(sentence, Counter()).update(times)
        for sentence, senders in later.stood_in_for.items():
            self.stood_in_for.setdefault(sentence, set()).update(senders)
        self.files_after |= later.files_after
        self.colon_notices |= later.colon_notices
        self.notice_starts.update(later.notice_starts)
        for prefix, texts in later.said_after_start.items():
            self.said_after_start.setdefault(prefix, set()).update(texts)
        self.marked.update(later.marked)
        self.said_by_chat.update(later.said_by_chat)
        for name, words in later.said_after.items():
            self.said_after.setdefault(name, set()).update(words)
        self.unsure = (self.unsure + later.unsure)[:_MOST_UNSURE]
        self.unsure_count += later.unsure_count
        self.lines, self.characters = later.lines, later.characters
        self.ended_with_newline = later.ended_with_newline

    def note_colon(self, notice: str) -> None:
        """Keep a notice that may name somebody whose name holds a colon."""
        if len(self.colon_notices) < _MOST_NAMING:
            self.colon_notices.add(notice)

    def is_in_notice(self, name: str) -> bool:
        """Whether a notice ends in this name, or goes on after it as after a name."""
        return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", notice) for notice in self.colon_notices)

    def note_notice_start(self, prefix: str, body: str) -> None:
        """`prefix` was taken for the start of a notice that goes on with `body`."""
        self.notice_starts[prefix] += 1
        texts = self.said_after_start.setdefault(prefix, set()) if len(self.said_after_start) < _MOST_STARTS else set()
        if len(texts) <= _MOST_SAID:
            texts.add(body[:_MOST_LETTERS])

    def maybe_longer(self, name: str, half: str, body: str, *, is_file: bool) -> None:
        """Count `body`, which goes on with `half` and a colon, as evidence that `name` is half of a longer name.

        `is_file`: what follows the colon is a file, or a sentence of WhatsApp's own: nobody writes these.
        """
        longer = f"{name}: {half}"
        self.longer[(name, longer)] += 1
        if is_file:
            self.files_after.add(longer)
        words = self.said_after.setdefault(longer, set())
        if len(words) < _ENOUGH_WORDS:
            words.add(body[len(half) + 2 :].strip()[:40])

    def may_stand_in(self, sentence: str, sender: str) -> None:
        """Count a sentence that may be in the place of a file."""
        if sentence in self.stand_ins or len(self.stand_ins) < _MOST_STAND_INS:
            self.stand_ins[sentence] += 1
            senders = self.stood_in_for.setdefault(sentence, set())
            if len(senders) < _ENOUGH_SENDERS:
                senders.add(sender)

    def may_say_edited(self, sentence: str, sender: str) -> None:
        """Count what stands in < > at the end of a text."""
        if sentence in self.edited_marks or len(self.edited_marks) < _MOST_STAND_INS:
            self.edited_marks.setdefault(sentence, Counter())[sender] += 1

    def doubt(self, line: int, text: str, reason: str) -> None:
        self.unsure_count += 1
        if len(self.unsure) < _MOST_UNSURE:
            self.unsure.append(Unsure(line, text[:500], reason))


class Contradiction(Exception):
    """A date cannot be in the order assumed; `order` is the one it proves."""

    def __init__(self, line: int, parts: DateParts) -> None:
        super().__init__(line)
        self.line = line
        self.parts = parts
