"""What kind of export is this? Decided from the whole file, and decided again when the file says otherwise.

A reading under first findings collects evidence; the evidence is judged; if the judgement differs,
the file is read again. Nearly all files are settled by the first lines and read once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Protocol

from ingest.core.errors import NotAnExport
from ingest.core.model import NOTHING_KNOWN, Findings, Hints, Order, Row, Segment
from ingest.exports.body_reader import MARKS_OF_A_FILE
from ingest.exports.date_order import judge_order, order_name
from ingest.exports.day_halves import in_known_words, learn_halves
from ingest.exports.detect_rules import judge
from ingest.exports.headers import DateParts, find_head, is_copied, part_bare, read_head, resolve_date
from ingest.exports.observations import Contradiction, Evidence
from ingest.exports.parser import Reader, read_all

_SAMPLE_LINES = 1_000
_MOST_READINGS = 8

Chunks = Callable[..., Iterable[str]]


def first_look(lines: Sequence[str], hint: Order | None = None) -> Findings:
    """Findings from the first lines alone. Raises `NotAnExport` when none of them is a header."""
    try:
        return _first_look(lines, find_head, hint)
    except NotAnExport:
        return _first_look(lines, _bare_head, hint)


def _bare_head(line: str) -> tuple[str, str] | None:
    head, found, _ = part_bare(line)
    return (head, found) if found else None


def _first_look(
    lines: Sequence[str], find_head: Callable[[str], tuple[str, str] | None], hint: Order | None
) -> Findings:
    halves = learn_halves(lines)
    if halves:
        lines = [in_known_words(line, halves) for line in lines]
    closers: Counter[str] = Counter()
    names: Counter[str] = Counter()
    dates: list[tuple[int, DateParts]] = []
    copied: Counter[str] = Counter()
    marked = marked_plain = headers = 0
    for number, line in enumerate(lines, 1):
        found = find_head(line)
        if not found:
            continue
        head, closer = found
        if is_copied(head, closer):
            copied[closer] += 1
            continue
        closers[closer] += 1
        whole = read_head(head)
        if whole:
            dates.append((number, whole[0]))
        name, colon, body = line[len(head) + len(closer) :].partition(": ")
        if colon:
            names[name] += 1
        headers += 1
        if line[:1] in MARKS_OF_A_FILE:
            marked += 1
            marked_plain += not any(mark in body for mark in MARKS_OF_A_FILE)
    if not closers:
        if not copied:
            raise NotAnExport("no line looks like a WhatsApp message")
        closers = copied
    order, proof, guess = judge_order(dates, [], hint)
    return Findings(
        segments=(Segment(1, closers.most_common(1)[0][0], order),),
        halves=halves,
        date_order=order_name(order, dates),
        proof=proof,
        is_guess=guess,
        # Where it says that a file is there, WhatsApp's own words have a mark as well.
        marks_say_nothing=marked_plain > 1 and (2 * marked_plain >= marked or marked == headers),
    )


def _mixed(findings: Findings, evidence: Evidence, stop: Contradiction) -> Findings:
    """The order of day and month contradicts itself: other order from the start, or from a line on."""
    order = stop.parts.proves or "dmy"
    segment = max((s for s in findings.segments if s.line <= stop.line), key=lambda s: s.line)
    look = stop.parts.look
    everything = [(line, parts) for line, parts in evidence.dates if segment.line <= line < stop.line]
    mine = [(line, parts) for line, parts in everything if parts.look == look]
    last_proof = max((line for line, parts in mine if parts.proves and parts.proves != order), default=0)
    if not last_proof:
        better = replace(segment, order=order)
        if len(mine) < len(everything):  # two layouts take turns
            better = segment.with_order(look, order)
        segments = tuple(better if s is segment else s for s in findings.segments)
        return replace(findings, segments=segments)
    # Both are proved: two phones' exports in one file. The change lies where time jumps back the most.
    between = [(line, parts) for line, parts in mine if line >= last_proof] + [(stop.line, stop.parts)]
    best, line = None, stop.line
    for (_, earlier), (at, later) in pairwise(between):
        old = resolve_date(earlier, segment.order, 2000)
        new = resolve_date(later, order, 2000)
        if old and new and old[0] > new[0] and (best is None or new[0] < best):
            best, line = new[0], at
    segments = tuple(sorted((*findings.segments, Segment(line, segment.closer, order)), key=lambda s: s.line))
    return replace(findings, segments=segments)


def sample(chunks: Iterable[str], lines: int = _SAMPLE_LINES) -> list[str]:
    """The first lines of a text."""
    found: list[str] = []
    carry = ""
    size = 0
    for chunk in chunks:
        pieces = (carry + chunk).split("\n")
        carry = pieces.pop()
        found += pieces
        size += len(chunk)
        if len(found) >= lines or size > 4_000_000:
            return found[:lines]
    return [*found, carry] if carry else found


class Second(Protocol):
    """The second part of a text, read by somebody else: from byte `until` on, where a message is at `first_at`."""

    until: int
    first_at: str

    def receive(self) -> Evidence:
        """What it taught. Raises `Contradiction`."""

    def close(self) -> None:
        """Stop, finished or not."""


class Survey:
    """Reads an export as often as it takes until nothing new is learned."""

    def __init__(
        self,
        chunks: Chunks,
        hints: Hints = NOTHING_KNOWN,
        *,
        first_line: int = 1,
        skip: int = 0,
        beside: Callable[[Findings], Second | None] | None = None,
    ) -> None:
        """`chunks` gives the text from byte `skip` on, as often as asked; `first_line` is the line it starts with.

        `beside` starts reading the second part of the text elsewhere, or says that it does not pay.
        """
        self._chunks = partial(chunks, skip) if skip else chunks
        self._first_line = first_line
        self._hints = hints
        self._beside = beside
        self.may_be_parted = beside is not None
        self.findings: Findings | None = None
        self.evidence = Evidence()

    def start(self) -> Findings:
        """First findings, from the first lines (or, where those hold no header, from all)."""
        lines = sample(self._chunks())
        try:
            findings = first_look(lines, self._hints.hint)
        except NotAnExport:
            findings = first_look(sample(self._chunks(), 1 << 60), self._hints.hint)
        found, messages = self._try_out(findings, lines)
        if messages * 4 < len(lines):
            # A few lines that only look like headers must not hide those that end in nothing but a space.
            try:
                bare, bare_messages = self._try_out(_first_look(lines, _bare_head, self._hints.hint), lines)
            except NotAnExport:
                bare_messages = 0
            if bare_messages > 2 * messages:
                found = bare
        # A name met once in the first lines may come again: what is no header, the whole file tells.
        return found if len(lines) < _SAMPLE_LINES else replace(found, not_headers=frozenset())

    def _try_out(self, findings: Findings, lines: list[str]) -> tuple[Findings, int]:
        """What the first lines teach under `findings`, the names above all, and how many messages they then hold."""
        if self._hints.order:
            findings = replace(
                findings, segments=tuple(replace(s, order=self._hints.order, orders=()) for s in findings.segments)
            )
        # A first pass over the sample teaches the names, so that the big pass runs on the fast path.
        longer = frozenset(name for name in self._hints.roster if ": " in name)
        findings = replace(findings, roster=findings.roster | self._hints.roster, longer=findings.longer | longer)
        findings = replace(findings, stand_ins=self._hints.stand_ins)
        messages = 0

        def count(rows: list[Row]) -> None:
            nonlocal messages
            messages += len(rows)

        def restart() -> None:
            nonlocal messages
            messages = 0

        return self._settle(findings, lambda: ["\n".join(lines) + "\n"], count, restart), messages

    def run(
        self, visit: Callable[[list[Row]], None] | None = None, restart: Callable[[], None] | None = None
    ) -> Findings:
        """Read until stable. `visit` sees each batch of the last reading; `restart` is called before another."""
        self.findings = self._settle(self.start(), self._chunks, visit, restart, self._beside)
        return self.findings

    def _settle(
        self,
        findings: Findings,
        chunks: Chunks,
        visit: Callable[[list[Row]], None] | None,
        restart: Callable[[], None] | None = None,
        beside: Callable[[Findings], Second | None] | None = None,
    ) -> Findings:
        for _ in range(_MOST_READINGS):
            reader = Reader(
                findings,
                chat=self._hints.chat,
                year_if_missing=self._hints.year_if_missing,
                first_line=self._first_line,
            )
            try:
                self._read(reader, chunks, visit, beside(findings) if beside else None)
            except Contradiction as stop:
                if restart:
                    restart()
                if self._hints.order:
                    raise NotAnExport(
                        f"line {stop.line} holds the date {stop.parts.a}{stop.parts.separator}{stop.parts.b}, "
                        f"which cannot be with --date-order {self._hints.order}; leave --date-order away"
                    ) from None
                findings = _mixed(findings, reader.evidence, stop)
                continue
            self.evidence = reader.evidence
            # Names new to this reading were counted among those who spoke.
            for name, times in reader.evidence.new_names.items():
                reader.evidence.spoken[name] -= times
            judged = judge(findings, reader.evidence, self._hints.hint, self._hints.order)
            if _same(judged, findings):
                return judged
            if restart:
                restart()
            findings = judged
        return findings

    def _read(
        self, reader: Reader, chunks: Chunks, visit: Callable[[list[Row]], None] | None, second: Second | None
    ) -> None:
        """One reading, of which another process may do the second part."""
        if second is None:
            read_all(reader, chunks(), visit)
            return
        last_at = ""

        def watch(rows: list[Row]) -> None:
            nonlocal last_at
            last_at = rows[-1][3]
            if visit:
                visit(rows)

        try:
            read_all(reader, chunks(until=second.until), watch)
            later = second.receive()
            reader.evidence.go_on(later, last_at, second.first_at)
        finally:
            second.close()


def _same(new: Findings, old: Findings) -> bool:
    """Whether a reading under `new` would give what the one under `old` gave."""
    return (
        new.segments == old.segments
        and new.longer == old.longer
        and new.notices == old.notices
        and new.chat_names == old.chat_names
        and new.not_headers == old.not_headers
        and new.odd_layouts == old.odd_layouts
        and new.stand_ins == old.stand_ins
        and new.edited_marks == old.edited_marks
        and (new.has_marks == old.has_marks or not new.chat_names)
        and not (old.roster - new.roster)
    )
