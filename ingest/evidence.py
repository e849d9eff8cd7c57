"""What one reading of an export taught: `survey.py` judges it, and has the file read again if it says so."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ingest.formats import DateParts
from ingest.model import Unsure

_MOST_UNSURE = 10_000
#: So many are enough to prove an order of day and month.
MOST_FILE_DATES = 400
_ENOUGH_WORDS = 3
_MOST_STAND_INS, _ENOUGH_SENDERS = 1_000, 2


@dataclass(slots=True)
class Doubt:
    """A header-like line whose sender was not known, or that has none, with the times around it."""

    line: int
    prefix: str | None
    text: str
    sent_at: str
    before: str
    after: str = ""

    @property
    def is_out_of_order(self) -> bool:
        """More than its own day away from both neighbours in the file."""
        day = self.sent_at[:10]
        return bool(self.before and day < self.before[:10]) or bool(self.after and day > self.after[:10])


@dataclass(slots=True)
class Evidence:
    """What one reading of a file taught."""

    dates: list[tuple[int, DateParts]] = field(default_factory=list)  # line, parts: each string once a segment
    foreign: list[tuple[int, str, bool]] = field(default_factory=list)  # line, closer, copied from the clipboard
    new_names: Counter[str] = field(default_factory=Counter)
    longer: Counter[tuple[str, str]] = field(default_factory=Counter)  # (name, "name: more") -> times
    said_after: dict[str, set[str]] = field(default_factory=dict)  # "name: more" -> a few of the words after it
    doubts: list[Doubt] = field(default_factory=list)
    owners: Counter[str] = field(default_factory=Counter)
    spoken: Counter[str] = field(default_factory=Counter)  # filled by `read_all`
    knows_files: bool = False  # a file, or a sentence in the place of one that is known, was met
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
        self.knows_files = self.knows_files or later.knows_files
        self.stand_ins.update(later.stand_ins)
        for sentence, senders in later.stood_in_for.items():
            self.stood_in_for.setdefault(sentence, set()).update(senders)
        for name, words in later.said_after.items():
            self.said_after.setdefault(name, set()).update(words)
        self.unsure = (self.unsure + later.unsure)[:_MOST_UNSURE]
        self.unsure_count += later.unsure_count
        self.lines, self.characters = later.lines, later.characters
        self.ended_with_newline = later.ended_with_newline

    def maybe_longer(self, name: str, body: str) -> None:
        """Count `body`, which holds a colon, as evidence that `name` is only the first half of a name."""
        extra, _, said = body.partition(": ")
        if len(extra) <= 40 and not extra.startswith(("http", "<")):
            longer = f"{name}: {extra}"
            self.longer[(name, longer)] += 1
            words = self.said_after.setdefault(longer, set())
            if len(words) < _ENOUGH_WORDS:
                words.add(said.partition("\u200e")[0].strip()[:40])

    def may_stand_in(self, sentence: str, sender: str) -> None:
        """Count a sentence that may be in the place of a file."""
        if sentence in self.stand_ins or len(self.stand_ins) < _MOST_STAND_INS:
            self.stand_ins[sentence] += 1
            senders = self.stood_in_for.setdefault(sentence, set())
            if len(senders) < _ENOUGH_SENDERS:
                senders.add(sender)

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
