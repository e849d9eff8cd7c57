"""Talks that were pasted into a message: lines that look like headers, and are words of the message before. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ingest.core.model import Findings
from ingest.exports.headers import layout_of
from ingest.exports.notices import may_be_notice
from ingest.exports.observations import Doubt, Evidence, is_near

#: A talk that was pasted into a message is not longer (lines).
_LONGEST_PASTED = 40


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
