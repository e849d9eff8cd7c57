"""What a first reading of an export gathers besides how to read it: who, when, how they pause, how they write.

Everything here is of fixed size, however long the export: counts, and samples spread over all of it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from operator import gt

from ingest.exchanges import Gaps, seconds
from ingest.keys import token
from ingest.model import Row
from ingest.people import name_key
from ingest.summaries.offline import Vocabulary
from ingest.summaries.tokens import Tokens

#: A file whose times step back further than this (seconds) is not in order.
SMALL_STEP_BACK = 20 * 60
#: Beyond so many messages only a part of each batch feeds the samples.
_IN_FULL = 20_000
_SAMPLED = 300
_MOST_PROBES = 400


@dataclass(frozen=True, slots=True)
class Probe:
    """A message that would be hard to mistake: who, the minute, the words."""

    sender: str
    minute: str
    token: str


@dataclass(slots=True)
class Overview:
    """Fed batch by batch with `visit`; `restart` empties it for another reading."""

    messages: int = 0
    first_at: str = ""
    last_at: str = ""
    in_order: bool = True
    senders: Counter[str] = field(default_factory=Counter)
    notices: int = 0
    gaps: Gaps = field(default_factory=Gaps)
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    tokens: Tokens = field(default_factory=Tokens)
    probes: list[Probe] = field(default_factory=list)
    _last: str = ""
    _every: int = 1
    _batches: int = 0

    def restart(self) -> None:
        """Forget what a reading under other findings gave."""
        fresh = Overview()
        for name in self.__slots__:
            setattr(self, name, getattr(fresh, name))

    def visit(self, rows: list[Row]) -> None:
        """Take in one batch, in the file's order."""
        if not rows:
            return
        times = [row[3] for row in rows]
        low, high = min(times), max(times)
        if not self.messages:
            self.first_at, self.last_at = low, high
        self.first_at, self.last_at = min(self.first_at, low), max(self.last_at, high)
        if self.in_order and (times[0] < self._last or any(map(gt, times, times[1:]))):
            self._look_at_steps_back(times)
        self._last = times[-1]
        self.messages += len(rows)
        self.senders.update([row[4] for row in rows if row[4] is not None])
        self._batches += 1
        part = rows if self.messages < _IN_FULL else rows[:_SAMPLED]
        self._sample_gaps([row[3] for row in part])
        self._sample_words(part)
        self._sample_probes(part)

    def _look_at_steps_back(self, times: list[str]) -> None:
        highest = self._last or times[0]
        for at in times:
            if at < highest:
                if seconds(highest) - seconds(at) > SMALL_STEP_BACK:
                    self.in_order = False
                    return
            else:
                highest = at

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
        """Stretches of 20 messages stand for talks."""
        for start in range(0, len(rows), 20):
            text = "\n".join([row[6] for row in rows[start : start + 20] if row[5] == "text"])
            self.vocabulary.add(text, self.tokens)

    def _sample_probes(self, rows: list[Row]) -> None:
        if self._batches % self._every:
            return
        taken: Counter[str] = Counter()
        for _, _, _, at, sender, kind, text, is_edited, _ in rows:
            if sender is not None and kind == "text" and len(text) >= 12 and not is_edited and taken[sender] < 6:
                taken[sender] += 1
                self.probes.append(Probe(sender, at[:16], token(kind, text)))
        if len(self.probes) > 2 * _MOST_PROBES:
            self.probes = self.probes[::2]
            self._every *= 2

    def people(self) -> dict[str, str]:
        """name key -> name, of all who wrote."""
        return {name_key(name): name for name in self.senders}
