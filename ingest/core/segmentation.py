"""Where one talk ends and the next begins: at the pauses of this very chat.

`Gaps` fits the pause, `cut` applies it. A cut depends only on the messages near it, so that new
messages at the end change the last exchange and no other.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from memories_lib.shared import clock

#: No exchange is longer; a talk without pauses is cut at its longest gap.
LONGEST = 300
#: A pause after which talks are independent: what comes later never changes what was before.
APART = 6 * 3600
_SHORTEST_PAUSE, _LONGEST_PAUSE = 20 * 60, APART
_DEFAULT_PAUSE = 3600
#: One or two messages alone join a neighbour that is nearer than this many pauses.
_STUB = 2
_STUB_REACH = 3
#: Bins of a factor of 1.25 from half a minute to two days.
_BINS = [30 * 1.25**n for n in range(39)]
_STEP = math.log(1.25)
#: Fits are rounded to these, so that a chat that grows keeps its cuts.
_STEPS = (1200, 1800, 2700, 3600, 5400, 7200, 10800, 14400, 21600)

#: A talk without a pause of `APART` is cut when so many messages wait.
_MOST_WAITING = 20_000
#: `sent_at` as seconds on a scale of its own (local time has no other).
seconds: Callable[[str], int] = clock.seconds
_days: Mapping[str, int] = clock.DAYS
_clocks: Mapping[str, int] = clock.CLOCKS
_rests: Mapping[str, int] = clock.RESTS
T = TypeVar("T", bound=tuple[Any, ...])


class Gaps:
    """How long this chat pauses between messages, counted in bins that grow."""

    def __init__(self) -> None:
        self.counts = [0] * (len(_BINS) + 1)
        self.total = 0

    def add(self, seconds: int) -> None:
        """Count one gap."""
        self.total += 1
        if seconds >= 30:
            self.counts[min(int(math.log(seconds / 30) / _STEP), len(_BINS))] += 1

    def go_on(self, later: Gaps) -> None:
        """Add what was counted elsewhere."""
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, later.counts, strict=True)]
        self.total += later.total

    def pause(self) -> int:
        """The pause in seconds that parts talks: the valley between gaps inside talks and gaps between them.

        The idea is that of inter-activity times (Halfaker et al., WWW 2015): on a logarithmic scale
        the gaps of people's doings have two humps.
        """
        smooth = [
            sum(self.counts[max(0, n - 2) : n + 3]) / len(self.counts[max(0, n - 2) : n + 3]) for n in range(len(_BINS))
        ]
        low = next(n for n, edge in enumerate(_BINS) if edge >= _SHORTEST_PAUSE)
        high = next(n for n, edge in enumerate(_BINS) if edge >= _LONGEST_PAUSE)
        if self.total < 50:
            return _DEFAULT_PAUSE
        valley = min(range(low, high + 1), key=lambda n: (smooth[n], abs(_BINS[n] - _DEFAULT_PAUSE)))
        left, right = max(smooth[:valley], default=0.0), max(smooth[valley:], default=0.0)
        if smooth[valley] > 0.85 * min(left, right):
            return _DEFAULT_PAUSE  # one hump only: nothing to tell the two apart
        return min(_STEPS, key=lambda step: abs(math.log(step / _BINS[valley])))


def cut(times: Sequence[int], pause: int) -> list[int]:
    """The indexes at which exchanges start, for message times in seconds that never decrease.

    The first is 0. No exchange has more than `LONGEST` messages; a gap of `APART` or more always cuts.
    """
    if not times:
        return []
    starts = [0] + [n for n in range(1, len(times)) if times[n] - times[n - 1] >= pause]
    starts = _join_stubs(times, starts, pause)
    ends = [*starts[1:], len(times)]
    found: list[int] = []
    for start, end in zip(starts, ends, strict=True):
        found += _split_long(times, start, end)
    return found


def _join_stubs(times: Sequence[int], starts: list[int], pause: int) -> list[int]:
    """A message or two alone belong to the nearer neighbour, if that is near."""
    reach = min(_STUB_REACH * pause, APART)
    kept = list(starts)
    n = 0
    while n < len(kept):
        start = kept[n]
        end = kept[n + 1] if n + 1 < len(kept) else len(times)
        if end - start <= _STUB and len(kept) > 1:
            before = times[start] - times[start - 1] if start else APART
            after = times[end] - times[end - 1] if end < len(times) else APART
            if min(before, after) < reach:
                if before <= after:
                    kept.pop(n)
                    continue
                kept.pop(n + 1)
                continue
        n += 1
    return kept


def _split_long(times: Sequence[int], start: int, end: int) -> list[int]:
    """The starts of one talk's pieces, none longer than `LONGEST`, cut at its longest gaps."""
    found: list[int] = []
    while end - start > LONGEST:
        # Not too near either side, so that no crumbs fall off.
        low, high = start + LONGEST // 3, start + LONGEST
        at = max(range(low, high + 1), key=lambda n: (times[n] - times[n - 1], n))
        found.append(start)
        start = at
    return [*found, start]


def talks(batches: Iterable[Sequence[T]], pause: int, column: int) -> Iterator[list[T]]:
    """Cut batches of messages, whose `column` is the time, into talks. A small step back counts as no time at all."""
    times: list[int] = []
    waiting: list[T] = []
    last = 0
    last_at = ""
    for batch in batches:
        for message in batch:
            sent_at = message[column]
            if sent_at != last_at:
                last_at = sent_at
                now = _days[sent_at[:10]] + _clocks[sent_at[10:16]] + _rests[sent_at[16:]]  # as in `seconds`
                if now < last:
                    now = last
                elif now - last >= APART and times:
                    yield from _complete(waiting, times, pause)
                    times, waiting = [], []
                last = now
            times.append(last)
            waiting.append(message)
        if len(times) >= _MOST_WAITING:
            # What is not yet over stays: only its end can tell where it is to be cut.
            ends = cut(times, pause)
            keep = ends[-2] if len(ends) > 2 else len(times)
            for start, end in itertools.pairwise(ends):
                if end <= keep:
                    yield waiting[start:end]
            times, waiting = times[keep:], waiting[keep:]
    yield from _complete(waiting, times, pause)


def _complete(waiting: list[T], times: list[int], pause: int) -> Iterator[list[T]]:
    starts = cut(times, pause)
    for start, end in zip(starts, [*starts[1:], len(times)], strict=True):
        yield waiting[start:end]
