"""What a first reading of an export gathers besides how to read it: who, when, how they pause, how they write.

Everything here is of fixed size, however long the export: counts, and samples spread over all of it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from operator import gt
from typing import cast

from ingest.core.keys import token
from ingest.core.model import Row
from ingest.core.names import name_key
from ingest.core.segmentation import Gaps, seconds
from ingest.summaries.offline.lexicon import Tokens
from ingest.summaries.offline.vocabulary import Vocabulary

#: A file whose times step back further than this (seconds) is not in order.
SMALL_STEP_BACK = 20 * 60
#: Samples are taken from stretches of so many lines: all of the first ones, then one in `_EVERY`. Which lines, not
#: which batches: so a text gives the same samples however it is parted.
_STRETCH = 512
_IN_FULL = 40
_EVERY = 16
_MOST_PROBES = 800
#: Of each sender so many messages of any length and kind, for those who never write much.
_SHORT_PROBES = 60
#: With fewer probes, what is short speaks as well.
_FEW_PROBES = 10
_MOST_SUBJECTS = 200
#: A notice that holds one may speak of a group's name.
_QUOTES = frozenset('"“”„«»「」『』‘’')
#: So many probes of each sender, in so many lines.
_FROM_EACH, _NEAR = 2, 64
#: In a short export, and at the start of a long one, in so many: there is little else to know a chat by.
_NEAR_AT_FIRST, _FIRST_LINES = 8, 1024


@dataclass(frozen=True, slots=True)
class Probe:
    """A message that would be hard to mistake: who, the minute, the words."""

    sender: str
    minute: str
    token: str


@dataclass(slots=True)
class Overview:
    """Fed batch by batch with `visit`, and ended with `finish`; `restart` empties it for another reading.

    `is_later`: this is the second part of a text, to be handed to the first part's `go_on`.
    """

    is_later: bool = False
    messages: int = 0
    first_at: str = ""
    last_at: str = ""
    in_order: bool = True
    senders: Counter[str] = field(default_factory=Counter)
    gaps: Gaps = field(default_factory=Gaps)
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    tokens: Tokens = field(default_factory=Tokens)
    probes: list[Probe] = field(default_factory=list)
    short_probes: dict[str, list[Probe]] = field(default_factory=dict)  # sender -> a few messages of any kind
    subjects: list[tuple[str, str]] = field(default_factory=list)  # (time, notice) of notices with something in quotes
    _head: list[Row] = field(default_factory=list)  # a later part's first stretch, which an earlier part may begin
    _held: list[Row] = field(default_factory=list)  # the stretch that is not over yet

    def restart(self) -> None:
        """Forget what a reading under other findings gave."""
        fresh = Overview(self.is_later)
        for name in self.__slots__:
            setattr(self, name, getattr(fresh, name))

    def visit(self, rows: list[Row]) -> None:
        """Take in one batch, in the file's order."""
        if not rows:
            return
        times = [row[3] for row in rows]
        low, high = min(times), max(times)
        if self.in_order and (times[0] < self.last_at or any(map(gt, times, times[1:]))):
            self._look_at_steps_back(times)
        self.first_at = min(self.first_at or low, low)
        self.last_at = max(self.last_at, high)
        self.messages += len(rows)
        names = [row[4] for row in rows]
        if None in names:
            self._note_subjects(rows)
            names = [name for name in names if name is not None]
        self.senders.update(cast("list[str]", names))
        self._sample(rows)

    def finish(self) -> None:
        """Take in what was still open at the end."""
        self._take(self._held)
        self._held = []
        if len(self.probes) > _MOST_PROBES:
            step = len(self.probes) / _MOST_PROBES
            self.probes = [self.probes[int(n * step)] for n in range(_MOST_PROBES)]

    def go_on(self, later: Overview) -> None:
        """Add what the text's second part gave; neither is finished yet."""
        if self.messages and later.messages:
            is_back = seconds(self.last_at) - seconds(later.first_at) > SMALL_STEP_BACK
            self.in_order = self.in_order and later.in_order and not is_back
        if later._head:
            if self._held and _stretch_of(self._held[-1]) != _stretch_of(later._head[0]):
                self._take(self._held)
                self._held = []
            self._held += later._head
        if later._held:
            self._take(self._held)
            self._held = later._held
        self.first_at = min(filter(None, (self.first_at, later.first_at)), default="")
        self.last_at = max(self.last_at, later.last_at)
        self.messages += later.messages
        self.senders += later.senders
        self.gaps.go_on(later.gaps)
        self.vocabulary.go_on(later.vocabulary)
        self.probes += later.probes
        for sender, probes in later.short_probes.items():
            here = self.short_probes.setdefault(sender, [])
            here += probes[: _SHORT_PROBES - len(here)]
        self.subjects += later.subjects[: max(0, _MOST_SUBJECTS - len(self.subjects))]

    def _note_subjects(self, rows: list[Row]) -> None:
        if len(self.subjects) < _MOST_SUBJECTS:
            self.subjects += [(row[3], row[6]) for row in rows if row[4] is None and not _QUOTES.isdisjoint(row[6])]

    def _look_at_steps_back(self, times: list[str]) -> None:
        highest = max(self.last_at, times[0])
        for at in times:
            if at < highest:
                if seconds(highest) - seconds(at) > SMALL_STEP_BACK:
                    self.in_order = False
                    return
            else:
                highest = at

    def _sample(self, rows: list[Row]) -> None:
        """Put the rows of sampled stretches together, and take in those that are over."""
        lines = [row[2] for row in rows]
        start = 0
        while start < len(rows):
            stretch = lines[start] // _STRETCH
            end = bisect_left(lines, (stretch + 1) * _STRETCH, start)
            if stretch < _IN_FULL or not stretch % _EVERY:
                if self.is_later and (not self._head or _stretch_of(self._head[0]) == stretch):
                    self._head += rows[start:end]
                else:
                    if self._held and _stretch_of(self._held[0]) != stretch:
                        self._take(self._held)
                        self._held = []
                    self._held += rows[start:end]
            start = end

    def _take(self, rows: list[Row]) -> None:
        if rows:
            self._sample_gaps([row[3] for row in rows])
            self._sample_words(rows)
            self._sample_probes(rows)

    def _sample_gaps(self, times: list[str]) -> None:
        before = seconds(times[0])
        for at in times[1:]:
            now = seconds(at)
            if now > before:
                self.gaps.add(now - before)
            else:
                self.gaps.total += 1
            before = now

    def _sample_words(self, rows: list[Row]) -> None:
        """Runs of 20 messages stand for talks."""
        for start in range(0, len(rows), 20):
            text = "\n".join([row[6] for row in rows[start : start + 20] if row[5] == "text"])
            self.vocabulary.add(text, self.tokens)

    def _sample_probes(self, rows: list[Row]) -> None:
        """A few of each sender's messages, from here and there."""
        taken: Counter[tuple[int, str]] = Counter()  # rows are of one stretch, before or after `_FIRST_LINES`
        for _, _, line, at, sender, kind, text, is_edited, _ in rows:
            if sender is None:
                continue
            short = self.short_probes.get(sender)
            if short is None:
                short = self.short_probes[sender] = []
            if len(short) < _SHORT_PROBES and not is_edited and kind != "deleted":
                short.append(Probe(sender, at[:16], token(kind, text)))
            if kind != "text" or len(text) < 12 or is_edited:
                continue
            here = (line // (_NEAR_AT_FIRST if line < _FIRST_LINES else _NEAR), sender)
            if taken[here] < _FROM_EACH:
                taken[here] += 1
                self.probes.append(Probe(sender, at[:16], token(kind, text)))

    def few_probes(self) -> list[Probe]:
        """The probes; where there is next to none, because hardly anybody writes a sentence, the short ones as well."""
        if len(self.probes) >= _FEW_PROBES:
            return self.probes
        short = [probe for probes in self.short_probes.values() for probe in probes]
        return sorted({*self.probes, *short}, key=lambda probe: (probe.minute, probe.sender, probe.token))

    @property
    def is_of_short_messages(self) -> bool:
        """Whether hardly anybody writes a sentence in it."""
        return len(self.probes) < _FEW_PROBES

    def people(self) -> dict[str, str]:
        """name key -> name, of all who wrote."""
        return {name_key(name): name for name in self.senders}


def _stretch_of(row: Row) -> int:
    return row[2] // _STRETCH
