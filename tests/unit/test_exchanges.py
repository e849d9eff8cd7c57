"""Where talks are cut: at pauses, never in a burst, never too long; new messages change only the end."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ingest.core.segmentation import APART, LONGEST, Gaps, cut, seconds, talks

GAPS = st.lists(st.sampled_from([0, 1, 30, 300, 1500, 3599, 3600, 8000, APART - 1, APART, 90_000]), max_size=700)
PAUSES = st.sampled_from([1200, 3600, 7200, 21_600])


def _times(gaps: list[int]) -> list[int]:
    times = [0]
    for gap in gaps:
        times.append(times[-1] + gap)
    return times


@given(GAPS, PAUSES)
def test_cuts_hold_their_rules(gaps: list[int], pause: int) -> None:
    times = _times(gaps)
    starts = cut(times, pause)
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    ends = [*starts[1:], len(times)]
    assert all(end - start <= LONGEST for start, end in zip(starts, ends, strict=True))
    for n in range(1, len(times)):
        if times[n] - times[n - 1] >= APART:
            assert n in starts
    for start, end in zip(starts[1:], ends[1:], strict=True):
        gap = times[start] - times[start - 1]
        assert (
            gap >= min(pause, 1200)
            or end - start >= LONGEST // 3
            or gap >= max(times[n] - times[n - 1] for n in range(max(1, start - 50), start))
        )


@given(GAPS, st.lists(st.sampled_from([1, 300, 3600, 90_000]), min_size=1, max_size=50), PAUSES)
def test_what_comes_after_a_long_pause_changes_nothing_before(gaps: list[int], later: list[int], pause: int) -> None:
    before = _times(gaps)
    after = _times([*gaps, APART, *later])
    starts = cut(before, pause)
    assert cut(after, pause)[: len(starts)] == starts


@given(GAPS, PAUSES, st.integers(1, 40))
def test_batches_do_not_matter(gaps: list[int], pause: int, size: int) -> None:
    start = datetime(2020, 1, 1)
    rows = [(n, (start + timedelta(seconds=t)).isoformat()) for n, t in enumerate(_times(gaps))]
    whole = [[m[0] for m in talk] for talk in talks([rows], pause, 1)]
    parts = [[m[0] for m in talk] for talk in talks([rows[n : n + size] for n in range(0, len(rows), size)], pause, 1)]
    assert whole == parts
    assert [n for talk in whole for n in talk] == list(range(len(rows)))


def test_the_pause_is_the_chats_own() -> None:
    busy, slow = Gaps(), Gaps()
    for _ in range(400):
        for gap in (20, 40, 90, 60):
            busy.add(gap)
        busy.add(3_600)
        for gap in (1500, 2000, 3000, 2600):
            slow.add(gap)
        slow.add(40_000)
    assert busy.pause() < slow.pause()


@given(st.datetimes(datetime(2009, 1, 1), datetime(2039, 1, 1)), st.integers(0, 10**8))
def test_seconds_count_as_clocks_do(at: datetime, more: int) -> None:
    at = at.replace(microsecond=0)
    later = at + timedelta(seconds=more)
    assert seconds(later.isoformat()) - seconds(at.isoformat()) == more
