"""Talks that were pasted into a message: lines that look like headers, and are words of the message before. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from ingest.core.model import Findings
from ingest.exports.headers import layout_of
from ingest.exports.notices import may_be_notice
from ingest.exports.observations import Doubt, Evidence, is_near

#: A talk that was pasted into a message is not longer (lines).
_LONGEST_PASTED = 40
#: The file's own layout is at least so many times as frequent as one that was pasted; pastes are so many lines apart.
_USUAL_TIMES, _FAR = 4, 20


def lines_out_of_place(findings: Findings, evidence: Evidence) -> Findings:
    """Lines that look like headers and are words of the message before: a talk that was pasted into a message.

    Nobody of these names writes anywhere else, there are several such lines, and their times step back by more than a
    day from the header before and are more than a day away from the one after. One line with a name is a message that
    came late, however late, but none comes before its time; one without must be in its place, and one in a layout of
    its own is words::

        1/5/24, 09:00 - Ana: he wrote
        7/2/19, 10:15 - Quentin: never again
        7/2/19, 10:16 - Rosa: nor me
        1/5/24, 09:01 - Ben: oh
    """
    found = set(findings.not_headers)
    shapes = Counter(layout_of(doubt.shape) for doubt in evidence.doubts)
    for shape, days in evidence.layouts.items():
        shapes[layout_of(shape)] += days
    usual = max(shapes.values(), default=0)
    for run in _runs(evidence.doubts):
        ahead = _before_their_time(run)
        found |= {run[n].line for n in _from_another_time(run, evidence, findings.roster)}
        anchors = [n for n, doubt in enumerate(run) if n not in ahead and _is_anchor(doubt, findings, evidence)]
        far: set[int] = set()
        for n, doubt in enumerate(run):
            if n in anchors:
                continue
            before = next((run[at].sent_at for at in reversed(anchors) if at < n), run[0].before)
            after = next((run[at].sent_at for at in anchors if at > n), run[-1].after)
            is_out_of_order = doubt.sent_at < before or bool(after and doubt.sent_at > after)
            if is_out_of_order and not (is_near(doubt.sent_at, before) or is_near(doubt.sent_at, after)):
                far.add(n)
            if shapes[layout_of(doubt.shape)] <= 2 < usual and doubt.before:
                found.add(doubt.line)
        found |= {run[n].line for n in far if run[n].prefix is None or {n - 1, n + 1} & far or n in ahead}
    return replace(findings, not_headers=frozenset(found))


def odd_layouts(findings: Findings, evidence: Evidence) -> Findings:
    """Layouts of headers that were pasted: a phone writes all of an export in one, so a few lines of another are words.

    Only where lines of the file's own layout stand before and after them: files that were put together from two
    exports change for good. What WhatsApp copies (``[20:15, 05/03/2021]``) is no header beside others::

        [15.06.21, 20:14:05] Ana: he wrote
        [05/03/2021, 20:15:07] Quentin: never again
        [15.06.21, 20:16:00] Ben: oh
    """
    usual = max(evidence.headers.values(), key=lambda headers: headers.count, default=None)
    if usual is None:
        return findings
    found = set(findings.odd_layouts)
    for layout, headers in evidence.headers.items():
        is_within = usual.first < headers.first and headers.last < max(usual.last, evidence.last_header)
        is_rare = headers.count * _USUAL_TIMES <= usual.count
        if headers is not usual and is_within and is_rare and _longest_run(headers.lines) <= _LONGEST_PASTED:
            found.add(layout)
    return replace(findings, odd_layouts=frozenset(found))


def _longest_run(lines: Sequence[int]) -> int:
    """How many of these lines follow one another, with a few others between."""
    longest = run = 0
    for before, line in pairwise([-_FAR, *lines]):
        run = run + 1 if line - before < _FAR else 1
        longest = max(longest, run)
    return longest


def _from_another_time(run: Sequence[Doubt], evidence: Evidence, roster: Collection[str]) -> set[int]:
    """Of headers in doubt that follow one another, several that are days older than the header before and after them.

    Among them is somebody who writes nowhere else; late messages are by one of those who write in the chat.
    """
    found: set[int] = set()
    start = 0
    while start < len(run):
        before = run[start].before
        end = start
        while end < len(run) and _is_days_before(run[end].sent_at, before):
            end += 1
        if end == start:
            start += 1
            continue
        block = range(start, end)
        after = run[end].sent_at if end < len(run) else run[-1].after
        here = Counter(run[n].prefix for n in block)
        is_strange = any(name and name not in roster and evidence.new_names[name] == here[name] for name in here)
        if 1 < len(block) <= _LONGEST_PASTED and is_strange and after >= before:
            found |= set(block)
        start = end
    return found


def _is_days_before(at: str, other: str) -> bool:
    return bool(other) and at < other and not is_near(at, other)


def _before_their_time(run: Sequence[Doubt]) -> set[int]:
    """Of headers in doubt that follow one another, those that were pasted from a time that had not come yet.

    A few lines of names that are in no other line, all of them more than a day later than the header after them: late
    messages there are, early ones there are not.
    """
    last = {doubt.prefix: n for n, doubt in enumerate(run)}
    first = {doubt.prefix: n for n, doubt in reversed(list(enumerate(run)))}
    found: set[int] = set()
    for start, doubt in enumerate(run):
        if not doubt.before or first[doubt.prefix] != start or start in found:
            continue
        end, n = last[doubt.prefix], start
        while n <= end and end - start < _LONGEST_PASTED:
            if first[run[n].prefix] < start:
                break
            end = max(end, last[run[n].prefix])
            n += 1
        after = run[end + 1].sent_at if end + 1 < len(run) else run[end].after
        block = run[start : end + 1]
        if n > end and after and all(one.prefix and one.sent_at > after for one in block):
            near = any(is_near(one.sent_at, after) or is_near(one.sent_at, doubt.before) for one in block)
            found |= set() if near or min(one.sent_at for one in block) < doubt.before else set(range(start, end + 1))
    return found


def _is_anchor(doubt: Doubt, findings: Findings, evidence: Evidence) -> bool:
    """Whether a header in doubt is one beyond doubt."""
    if doubt.prefix is None:
        return may_be_notice(doubt.text)
    return doubt.prefix in findings.roster or evidence.new_names[doubt.prefix] > 1


def _runs(doubts: Iterable[Doubt]) -> Iterator[list[Doubt]]:
    """Doubtful headers that follow one another."""
    run: list[Doubt] = []
    for doubt in doubts:
        if run and not doubt.follows:
            yield run
            run = []
        run.append(doubt)
    if run:
        yield run
