"""What a reading proved, rule by rule: each takes findings and evidence, and gives better findings.

A rule may take back what an earlier reading (of the first lines, say) had found.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

from ingest.core.model import Findings, Look, Order, Segment
from ingest.exports.date_order import judge_order, order_name
from ingest.exports.headers import DateParts
from ingest.exports.notices import is_notice, may_be_notice
from ingest.exports.observations import Evidence
from ingest.exports.pasted_talks import lines_out_of_place, odd_layouts
from ingest.exports.sender_names import could_be_name, could_start_notice

#: So many headers of another layout in a row are a file that changes midway, not a copied talk.
_LONG_RUN = 5
#: A sentence that nobody here knows stands for files when it comes so often, and from more than one person.
_OFTEN, _OFTEN_BY_ONE = 3, 5
#: A sender's name that reads like the start of a notice, and is met more often than this, is a name all the same.
_MOST_NOTICES = 2
#: What somebody does in a chat has so many words.
_FEWEST_WORDS = 3


def names_and_notices(findings: Findings, evidence: Evidence) -> Findings:
    """Who writes, and which prefixes are the start of a notice: ``Ana changed the subject to Trip: Rome``.

    A notice is one or two lines; what comes more often is somebody's name, whatever it looks like.
    """
    not_taken = Counter(doubt.prefix for doubt in evidence.doubts if doubt.line in findings.not_headers)
    doubted = {doubt.prefix for doubt in evidence.doubts if doubt.line not in findings.not_headers}
    roster, notices = set(findings.roster), set(findings.notices)
    is_ios = findings.segments[0].closer == "] "
    for name, times in evidence.new_names.items():
        if times == not_taken[name]:
            continue  # who writes only in what was pasted
        starts_notice = times <= _MOST_NOTICES and could_start_notice(name)
        may_tell = times == 1 and _tells_of_somebody(name, evidence.new_names, findings.roster)
        if not is_ios and (starts_notice or may_tell):
            notices.add(name)
        elif times > 1 or name in doubted or not not_taken[name]:
            roster.add(name)
    for name, times in evidence.notice_starts.items():
        # The same contact is added again and again at times; somebody says different things.
        says_more = len(evidence.said_after_start.get(name, ())) > _MOST_NOTICES and not is_notice(name)
        if times > _MOST_NOTICES and (name in findings.notices or not may_be_notice(name) or says_more):
            notices.discard(name)
            roster.add(name)
    return replace(findings, roster=frozenset(roster), notices=frozenset(notices))


def _tells_of_somebody(prefix: str, new_names: Mapping[str, int], roster: Collection[str]) -> bool:
    """Whether somebody who writes in the chat does something in it: ``Tobin created a new event``."""
    words = prefix.split()
    for size in range(1, len(words) - _FEWEST_WORDS + 1):
        name = " ".join(words[:size])
        if (name in roster or new_names.get(name, 0) > 1) and words[size][0].islower():
            return True
    return False


def names_with_colons(findings: Findings, evidence: Evidence) -> Findings:
    """Names that hold a colon: ``Dr. Who: Work``, where *all* that ``Dr. Who`` writes begins with ``Work:``.

    A contact has one name in an export. Who also writes without the longer form has a habit ("Recipe: soup"), and
    no other name; that is found out late at times, and the longer name is given up again. Unless a notice names the
    longer one: then there are two.
    """
    roster, longer = set(findings.roster), set(findings.longer)
    for long_name in findings.longer:
        writes_without = evidence.spoken[_short(long_name)] + evidence.new_names[_short(long_name)] > 0
        if writes_without and not evidence.is_in_notice(long_name):
            longer.discard(long_name)
            roster.discard(long_name)
    halves = Counter(_half(name, long_name) for name, long_name in evidence.longer)
    for (name, long_name), times in evidence.longer.items():
        total = evidence.spoken[name] + evidence.new_names[name]
        is_sure = long_name in evidence.files_after
        # Whoever says the same "one: two" again and again has no longer name: the words after it must differ. Two
        # messages may both begin so by chance, and where somebody else has the habit, it is one more often.
        is_often = times > (_OFTEN if halves[_half(name, long_name)] > 1 else 2)
        differs = is_often and len(evidence.said_after[long_name]) > 1
        if not (is_sure or differs) or not could_be_name(long_name):
            continue
        if times >= total or evidence.is_in_notice(long_name):
            longer.add(long_name)
            roster.add(long_name)
        if times >= total:
            roster.discard(name)
    return replace(findings, roster=frozenset(roster), longer=frozenset(longer))


def _half(name: str, long_name: str) -> str:
    """``Work`` of ``Dr. Who`` and ``Dr. Who: Work``."""
    return long_name[len(name) + 2 :]


def _short(long_name: str) -> str:
    return long_name.rsplit(": ", 1)[0]


def chat_names(findings: Findings, evidence: Evidence) -> Findings:
    """Senders that are the chat itself: iPhones give notices a sender, the group's name or the contact's.

    All that such a sender "writes" begins with a mark; where a mail program took the marks off, it all reads like
    notices. Whoever writes anything else is a person::

        [1/5/24, 09:00:00] Family: ‎Anna tilføjede dig
        [1/5/24, 09:01:00] Anna: hello
    """
    if findings.segments[0].closer != "] ":
        return findings
    found = {name for name in findings.chat_names if not evidence.said_by_chat[name]}
    for name, times in evidence.marked.items():
        if times >= evidence.spoken[name] + evidence.new_names[name]:
            found.add(name)
    has_marks = findings.has_marks or evidence.has_marks
    said: dict[str, list[str]] = {}
    for doubt in evidence.doubts:
        if doubt.prefix:
            said.setdefault(doubt.prefix, []).append(doubt.text.partition(": ")[2])
    for name, texts in said.items():
        is_all = len(texts) >= evidence.spoken[name] + evidence.new_names[name]
        # Where notices have their marks, what has none is somebody's.
        if is_all and not has_marks and any(map(is_notice, texts)) and all(map(may_be_notice, texts)):
            found.add(name)
    found -= {name for name in found if evidence.said_by_chat[name]}
    return replace(findings, chat_names=frozenset(found), has_marks=has_marks)


def stand_ins(findings: Findings, evidence: Evidence) -> Findings:
    """Sentences of a language not known here that stand for files: often, by two people, and no known one beside."""
    learned = {
        sentence
        for sentence, times in evidence.stand_ins.items()
        if times >= (_OFTEN if len(evidence.stood_in_for[sentence]) > 1 else _OFTEN_BY_ONE)
    }
    return replace(findings, stand_ins=frozenset() if evidence.knows_files else findings.stand_ins | learned)


def edited_marks(findings: Findings, evidence: Evidence) -> Findings:
    """Sentences of a language not known here that say that a text was edited: the same behind several texts."""
    learned = {
        sentence
        for sentence, senders in evidence.edited_marks.items()
        if senders.total() >= (_OFTEN if len(senders) > 1 else _OFTEN_BY_ONE)
    }
    return replace(findings, edited_marks=findings.edited_marks | learned)


class _Run(NamedTuple):
    """Headers of another layout, one after the other: how they end, and their lines."""

    closer: str
    lines: list[int]


def segments(findings: Findings, evidence: Evidence) -> Findings:
    """Where the layout changes for good: a run of foreign headers that reaches the end, or is long."""
    if not evidence.foreign:
        return findings
    found = list(findings.segments)
    runs: list[_Run] = []
    met = (line for headers in evidence.headers.values() for line in headers.lines)
    main_lines = sorted({*met, *(line for line, _ in evidence.dates)})
    for line, closer in [(line, closer) for line, closer, is_copied in evidence.foreign if not is_copied]:
        last = runs[-1] if runs else None
        if last and last.closer == closer and not _any_between(main_lines, last.lines[-1], line):
            last.lines.append(line)
        else:
            runs.append(_Run(closer, [line]))
    for run in runs:
        first, last_line = run.lines[0], run.lines[-1]
        reaches_end = evidence.last_header < first
        if len(run.lines) >= _LONG_RUN or reaches_end:
            here = max((s for s in found if s.line <= first), key=lambda s: s.line)
            found.append(Segment(first, run.closer, here.order))
            after = next((line for line in main_lines if line > last_line), None)
            if after:
                found.append(Segment(after, here.closer, here.order))
    by_line = {s.line: s for s in sorted(found, key=lambda s: s.line)}
    return replace(findings, segments=tuple(by_line[line] for line in sorted(by_line)))


def _any_between(sorted_lines: list[int], low: int, high: int) -> bool:
    return bisect_right(sorted_lines, low) < bisect_left(sorted_lines, high)


RULES: tuple[Callable[[Findings, Evidence], Findings], ...] = (
    odd_layouts,
    lines_out_of_place,
    names_and_notices,
    names_with_colons,
    chat_names,
    stand_ins,
    edited_marks,
    segments,
)


def judge(findings: Findings, evidence: Evidence, hint: Order | None, forced: Order | None) -> Findings:
    """Findings after a full reading; equal to `findings` when nothing new was learned.

    `hint` is the order of day and month in an earlier export of the chat, `forced` what the user said.
    """
    for rule in RULES:
        findings = rule(findings, evidence)
    dates = [(line, parts) for line, parts in evidence.dates if line not in findings.not_headers]
    if forced:
        parts = tuple(replace(segment, order=forced, orders=()) for segment in findings.segments)
        proof, guess = "as you said (--date-order)", False
    else:
        parts, proof, guess = _orders(findings.segments, dates, evidence, hint)
    return replace(
        findings,
        segments=parts,
        date_order=order_name(parts[0].order, dates),
        proof=proof,
        is_guess=guess,
        layouts=dict(evidence.layouts),
    )


def _orders(
    segments: tuple[Segment, ...], dates: list[tuple[int, DateParts]], evidence: Evidence, hint: Order | None
) -> tuple[tuple[Segment, ...], str, bool]:
    """(the segments with their orders, what proves the first one's, whether any is a guess).

    Each stretch is judged by itself, and in it the dates that look alike. Where nothing proves it, they are like others
    that look the same.
    """
    ends = [*(segment.line for segment in segments[1:]), 1 << 60]
    parts = [
        _by_look([(line, parts) for line, parts in dates if segment.line <= line < end])
        for segment, end in zip(segments, ends, strict=True)
    ]
    judged = [
        {look: judge_order(mine, _named(evidence, look), hint) for look, mine in by_look.items()} for by_look in parts
    ]
    sure = {look: order for one in judged for look, (order, _, guess) in one.items() if not guess}
    # A year of two digits or of four: what stands between the numbers is the same.
    others_like = {(sign, not is_long): order for (sign, is_long), order in sure.items()}
    sure = others_like | sure
    found: list[Segment] = []
    for segment, orders in zip(segments, judged, strict=True):
        if not orders:
            found.append(segment)
            continue
        settled = {look: sure.get(look, order) if guess else order for look, (order, _, guess) in orders.items()}
        most, *rest = settled
        others = tuple((look, settled[look]) for look in rest if settled[look] != settled[most])
        found.append(replace(segment, order=settled[most], orders=others))
    counts = Counter(parts.look for _, parts in dates)
    is_guess = any(
        guess and look not in sure and (counts[look] > 1 or len(counts) == 1)
        for one in judged
        for look, (_, _, guess) in one.items()
    )
    proof = next((proof for one in judged for _, proof, _ in one.values()), "")
    return tuple(found), proof, is_guess


def _named(evidence: Evidence, look: Look) -> list[tuple[DateParts, str]]:
    return [(parts, stamp) for parts, stamp in evidence.file_dates if parts.look == look]


def _by_look(dates: list[tuple[int, DateParts]]) -> dict[Look, list[tuple[int, DateParts]]]:
    """Dates that look alike, those that are most first; dates of which nobody can doubt go with these."""
    found: dict[Look, list[tuple[int, DateParts]]] = {}
    for line, parts in dates:
        found.setdefault(parts.look, []).append((line, parts))
    return {look: found[look] for look in sorted(found, key=lambda look: -len(found[look]))}
