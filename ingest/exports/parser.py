"""Text to messages, a batch at a time.

The hot loop costs a few dictionary look-ups a line: once the strings of a date and of a time have been read and
believed, every later line with the same strings is a header. Everything else (a new date, a new name, a line that
only looks like a header, a body that may be more than words) goes to `HeaderCache`, `SenderReader` and `BodyReader`,
which also write down what they learned; `detect.py` judges that and, if needed, has the file read again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import cast

from ingest.core.languages import MARKS, START
from ingest.core.model import Findings, Row, Segment
from ingest.exports.blocks import Block, blocks
from ingest.exports.bodies import SUSPECT_FIRST, SUSPECT_LAST
from ingest.exports.body_reader import MARKS_OF_A_FILE, BodyReader
from ingest.exports.header_cache import AT_THE_END, SECONDS, HeaderCache
from ingest.exports.headers import BARE, CLOSERS, LONGEST_HEAD, find_head, is_copied, layout_of, part_bare, shape_of
from ingest.exports.observations import NOT_TAKEN, Evidence
from ingest.exports.senders import HeaderPlace, SenderReader

BATCH = 2_000
_NO_STEM = "\n"  # what no line holds
_NEVER = 1 << 62
_DIGITS_AND_BRACKET = frozenset("[0123456789٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹")


class Reader:
    """Reads one export under given `Findings`. Use once: ``for batch in reader.batches(chunks)``."""

    def __init__(
        self,
        findings: Findings,
        *,
        chat: str | None = None,
        year_if_missing: int = 2020,
        first_line: int = 1,
        first_offset: int = 0,
        batch: int = BATCH,
    ) -> None:
        """`first_line` and `first_offset` (characters) say where in its file the text begins."""
        self.findings = findings
        self.evidence = Evidence()
        self._batch = batch
        self._segments = list(findings.segments) or [Segment(1, CLOSERS[0])]
        self._heads = HeaderCache(
            self._segments[0], self.evidence, year_if_missing, findings.odd_layouts, findings.halves
        )
        self._senders = SenderReader(findings, self.evidence)
        self._bodies = BodyReader(findings, self.evidence, chat)
        self._enter(self._segments[0])
        # Where the reading stands: the messages read, and of the last one the lines after its first, that one as it
        # stands, its sender, first line and time.
        self._rows: list[Row] = []
        self._more: list[str] = []
        self._raw = ""
        self._sender: str | None = None
        self._first_line = self._sent_at = ""
        self._at = first_offset
        self._number = first_line - 1  # of the last line

    def batches(self, chunks: Iterable[str]) -> Iterator[list[Row]]:
        """The messages of `chunks` (pieces of text, cut anywhere), in the file's order.

        Headers and bodies tile the text: a message ends where the next one starts; what stands
        before the first is in `evidence.unsure`.
        """
        rows = self._rows
        for block in blocks(chunks):
            if len(rows) > self._batch:
                # The last message stays: the lines to come may belong to it.
                yield rows[:-1]
                del rows[:-1]
            if block.is_open:
                self.evidence.ended_with_newline = False
            self._read_lines(block)
        if self._more:
            self._close(self._raw, self._sender, self._first_line)
        self._senders.settle("")
        self.evidence.last_header = rows[-1][2] if rows else 0
        self.evidence.lines = self._number
        self.evidence.characters = self._at if self.evidence.ended_with_newline else self._at - 1
        if rows:
            yield rows

    def _enter(self, segment: Segment) -> None:
        """Start reading in another layout."""
        self._closer = segment.closer
        self._heads.enter(segment)
        self._bodies.is_ios = segment.closer == "] "
        self._may_say_file = self._bodies.is_ios and not self.findings.marks_say_nothing

    def _close(self, raw: str, sender: str | None, first_line: str) -> None:
        """The last message, which began with `first_line`, gets the lines that followed it."""
        has_file = self._may_say_file and first_line[:1] in MARKS_OF_A_FILE
        self._rows[-1] = self._bodies.with_more(self._rows[-1], sender, raw, self._more, has_file)
        self._more.clear()

    def _read_lines(self, block: Block) -> None:
        evidence, heads, bodies = self.evidence, self._heads, self._bodies
        exact, again = bodies.exact, bodies.again
        starts, firsts = bodies.starts, bodies.firsts
        names, dates, times, minutes = self._senders.names, heads.dates, heads.times, heads.minutes
        holding, open_doubts = self._senders.holding, self._senders.open_doubts
        closer, between, cut, tail = self._closer, heads.between, heads.cut, heads.tail
        is_ios, is_bare = closer == "] ", closer == BARE
        may_say_file = self._may_say_file
        next_segment = self._segments[1].line if len(self._segments) > 1 else _NEVER
        not_headers = self.findings.not_headers
        rows, number, at = self._rows, self._number, self._at
        add, more = rows.append, self._more
        raw, sender, first_line, last_at = self._raw, self._sender, self._first_line, self._sent_at
        last_head, last_minute, last_stem = "", "", _NO_STEM
        lines, step, has_returns, has_marks, _ = block
        for line in lines:
            number += 1
            start = at
            at += len(line) + step
            if number >= next_segment:
                self._enter(self._segments[1])
                self._segments.pop(0)
                closer, between = self._closer, heads.between
                is_ios, is_bare = closer == "] ", closer == BARE
                next_segment = self._segments[1].line if len(self._segments) > 1 else _NEVER
                last_head, last_stem = "", _NO_STEM
            head, found, rest = part_bare(line) if is_bare else line.partition(closer)
            if found and head == last_head:
                sent_at = last_at
            elif found:
                try:
                    if not minutes:
                        day, _, clock = head.partition(between)
                        sent_at = dates[day] + times[clock]
                    elif tail == AT_THE_END:
                        stem = head[:cut]
                        if stem != last_stem:
                            day, _, clock = stem.partition(between)
                            last_minute = dates[day] + minutes[clock]
                            last_stem = stem
                        sent_at = last_minute + SECONDS[head[cut:]]
                    else:
                        day, _, clock = head.partition(between)
                        sent_at = dates[day] + minutes[f"{clock[:cut]}\n{clock[tail:]}"] + SECONDS[clock[cut:tail]]
                except KeyError:
                    sent_at = heads.read(head, number)
                    between, cut, tail = heads.between, heads.cut, heads.tail
            elif is_ios and line[-1:] in ("]", "\r"):
                sent_at, head, rest = heads.read_bare(line, number)
            else:
                sent_at = ""
            if not sent_at or (not_headers and number in not_headers):
                if rows:
                    more.append(line[:-1] if has_returns and line[-1:] == "\r" else line)
                elif line.strip(MARKS + " \r"):
                    evidence.doubt(number, line, "stands before the first message")
                if line[:8].lstrip(MARKS + " ")[:1] in _DIGITS_AND_BRACKET:
                    if number not in not_headers:
                        self._note_foreign(line, number)
                    elif rows:
                        evidence.doubt(number, line, NOT_TAKEN)
                continue

            # A header: close the message before it.
            if more:
                self._close(raw, sender, first_line)
            if open_doubts:
                self._senders.settle(sent_at)
            end = at - step
            if has_returns and rest[-1:] == "\r":
                rest = rest[:-1]
                end -= 1
            first_line = line
            name, has_name, raw = rest.partition(": ")
            sender = names.get(name)
            if sender is None or not has_name:
                for start_of, full_name in holding.get(name, ()):
                    if rest.startswith(start_of):
                        sender, raw = full_name, rest[len(start_of) :]
                        break
                else:
                    place = HeaderPlace(number, sent_at, head, closer, rows[-1][2] if rows else 0, last_at)
                    sender, raw = self._senders.read(rest, place)
            last_head, last_at = head, sent_at
            # Most messages are plain words, which a few looks tell.
            if (
                not raw
                or sender is None
                or ":" in raw
                or raw[0] in SUSPECT_FIRST
                or raw[-1] in SUSPECT_LAST
                or raw in exact
                or (raw[0] in firsts and raw[:START] in starts)
                or (has_marks and ("\u200e" in raw or "\u200f" in raw))
            ):
                if raw in again and sender is not None:
                    add((start, end - len(raw), number, sent_at, sender, *again[raw]))
                else:
                    has_file = may_say_file and line[:1] in MARKS_OF_A_FILE
                    add(bodies.look(start, end - len(raw), number, sent_at, sender, raw, has_file))
            else:
                add((start, end - len(raw), number, sent_at, sender, "text", raw, False, None))
        self._number, self._at = number, at
        self._raw, self._sender, self._first_line, self._sent_at = raw, sender, first_line, last_at

    def _note_foreign(self, line: str, number: int) -> None:
        """Remember a line that is a header in another layout: a copied talk, or a file that changes midway."""
        found = find_head(line)
        if found and found[1] != self._closer:
            self.evidence.foreign.append((number, found[1], is_copied(*found)))
        elif self._rows:
            # It has the form of this very file's headers, and a day or a time that there is not.
            head, closer, rest = line.partition(self._closer)
            if not closer or not rest or len(head) > LONGEST_HEAD:
                return
            shape = shape_of(head, closer)
            if shape in self.evidence.layouts or layout_of(shape) in self.findings.odd_layouts:
                self.evidence.doubt(number, line, NOT_TAKEN)


def read_all(reader: Reader, chunks: Iterable[str], visit: Callable[[list[Row]], None] | None) -> Evidence:
    """Read `chunks` to their end and count who spoke; `visit` sees each batch. Raises `Contradiction`."""
    spoken: Counter[str | None] = Counter()
    for batch in reader.batches(chunks):
        spoken.update(map(_sender, batch))
        if visit:
            visit(batch)
    spoken.pop(None, None)
    reader.evidence.spoken = cast("Counter[str]", spoken)
    return reader.evidence


_sender: Callable[[Row], str | None] = itemgetter(4)
