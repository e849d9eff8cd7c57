"""Text to messages, a batch at a time.

The fast path costs a few dictionary look-ups a line: once the strings of a date and of a time have
been read and believed, every later line with the same strings is a header. Everything else (a
new date, a new name, a line that only looks like a header) goes through `_Reader`'s slow path,
which also writes down what it learned; `survey.py` judges that and, if needed, has the file read again.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import cast

from ingest.evidence import MOST_FILE_DATES, Contradiction, Doubt, Evidence
from ingest.formats import (
    BARE,
    CLOSERS,
    LONGEST_HEAD,
    DateParts,
    find_head,
    is_copied,
    part_bare,
    read_date,
    read_head,
    read_time,
    resolve_date,
    shape_of,
)
from ingest.kinds import (
    SUSPECT_FIRST,
    SUSPECT_LAST,
    Body,
    may_stand_for_a_file,
    read_body,
    read_notice,
)
from ingest.languages import MARKS, languages, plain, without_marks
from ingest.model import Findings, Row, Segment
from ingest.names import NAMELESS, could_be_name, second_half
from ingest.notices import has_mark, may_be_notice

BATCH = 2_000
_LONGEST_NAME = 120
_NO_STEM = "\n"  # what no line holds
_MEMO = 50_000
_AT_THE_END = 0


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
        self.findings = findings
        self.evidence = Evidence()
        self._chat = chat
        self._year = year_if_missing
        self._line = first_line
        self._offset = first_offset
        self._batch = batch
        self._segments = list(findings.segments)
        self._heads: dict[str, str] = {}
        self._dates: dict[str, str] = {}
        self._times: dict[str, str] = {}
        self._minutes: dict[str, str] = {}  # where clocks have seconds: the clock without them
        self._cut, self._tail = -3, _AT_THE_END  # where in a clock its ":35" stands
        self._names: dict[str, str] = {}
        self._named: dict[str, str] = {}
        self._bodies: dict[str, Body] = {}
        self._again: dict[str, tuple[str, str, bool, None]] = {}  # of those, what needs no other look
        self._exact = languages().exact_raw
        self._sent_before = ""
        self._line_before = 0
        self._head = ""
        self._doubtful_line = -1  # the last one
        self._open_doubts: list[Doubt] = []
        self._longer_by_start: dict[str, list[str]] = {}
        self._holding: dict[str, list[tuple[str, str]]] = {}  # start -> ("start: more: ", name), longest first
        for name in findings.longer:
            self._longer_by_start.setdefault(name.split(": ", 1)[0], []).append(name)
        for names in self._longer_by_start.values():
            names.sort(key=len, reverse=True)
        self._holding = {
            start: [(f"{name}: ", name) for name in names] for start, names in self._longer_by_start.items()
        }
        self._enter(self._segments[0] if self._segments else Segment(1, CLOSERS[0]))

    # -- the hot loop ---------------------------------------------------------------------------

    def batches(self, chunks: Iterable[str]) -> Iterator[list[Row]]:
        """The messages of `chunks` (pieces of text, cut anywhere), in the file's order.

        Headers and bodies tile the text: a message ends where the next one starts; what stands
        before the first is in `evidence.unsure`.
        """
        evidence = self.evidence
        exact, again = self._exact, self._again
        names, dates, times, minutes = self._names, self._dates, self._times, self._minutes
        holding, open_doubts = self._holding, self._open_doubts
        closer, between, cut, tail = self._closer, self._between, self._cut, self._tail
        is_ios, is_bare = closer == "] ", closer == BARE
        next_segment = self._segments[1].line if len(self._segments) > 1 else 1 << 62
        not_headers = self.findings.not_headers
        rows: list[Row] = []
        add = rows.append
        more: list[str] = []  # lines that go on the last message
        raw = ""  # the last message's first line, as it stands
        sender: str | None = None
        has_returns = single_returns = False
        has_marks = True
        last_head = last_at = last_minute = ""
        last_stem = _NO_STEM
        at = self._offset
        number = self._line - 1
        step = 1  # characters of a line's end
        carry: list[str] = []

        for chunk in _with_end(chunks):
            if chunk is None:
                lines, step, single_returns = ["".join(carry)], 1, has_returns
                if lines == [""]:
                    break
                evidence.ended_with_newline = False
            else:
                has_returns = has_returns or "\r" in chunk
                carry.append(chunk)
                if "\n" not in chunk:
                    continue
                text = "".join(carry)
                # iPhones end every line with both; taking them off together saves a look at each line.
                lines = text.split("\r\n") if has_returns else []
                step = 2
                if len(lines) - 1 != text.count("\n"):
                    lines = text.split("\n")
                    step = 1
                has_marks = "\u200e" in text or "\u200f" in text
                single_returns = has_returns and step == 1
                carry = [lines.pop()]
                if len(rows) > self._batch:
                    # The last message stays: the lines to come may belong to it.
                    yield rows[:-1]
                    del rows[:-1]
            for line in lines:
                number += 1
                start = at
                at += len(line) + step
                if number >= next_segment:
                    self._enter(self._segments[1])
                    self._segments.pop(0)
                    closer, between = self._closer, self._between
                    is_ios, is_bare = closer == "] ", closer == BARE
                    next_segment = self._segments[1].line if len(self._segments) > 1 else 1 << 62
                    last_head, last_stem = "", _NO_STEM
                head, found, rest = part_bare(line) if is_bare else line.partition(closer)
                if head == last_head and found:
                    sent_at = last_at
                elif found:
                    try:
                        if not minutes:
                            day, _, clock = head.partition(between)
                            sent_at = dates[day] + times[clock]
                        elif tail == _AT_THE_END:
                            stem = head[:cut]
                            if stem != last_stem:
                                day, _, clock = stem.partition(between)
                                last_minute = dates[day] + minutes[clock]
                                last_stem = stem
                            sent_at = last_minute + _SECONDS[head[cut:]]
                        else:
                            day, _, clock = head.partition(between)
                            sent_at = dates[day] + minutes[clock[:cut] + clock[tail:]] + _SECONDS[clock[cut:tail]]
                    except KeyError:
                        sent_at = self._slow_head(head, number)
                        between, cut, tail = self._between, self._cut, self._tail
                elif is_ios and line[-1:] in ("]", "\r"):
                    sent_at, head, rest = self._bare_head(line, number)
                else:
                    sent_at = ""
                if not sent_at or (not_headers and number in not_headers):
                    if rows:
                        more.append(line[:-1] if single_returns and line[-1:] == "\r" else line)
                    elif line.strip(MARKS + " \r"):
                        evidence.doubt(number, line, "stands before the first message")
                    if line[:8].lstrip(MARKS + " ")[:1] in _DIGITS_AND_BRACKET:
                        if number not in not_headers:
                            self._note_foreign(line, number)
                        elif rows:
                            evidence.doubt(
                                number, line, "looks like a message, and was taken for words of the one before"
                            )
                    continue

                # A header: close the message before it.
                if more:
                    rows[-1] = self._with_more(rows[-1], raw, sender, more, is_ios, last_head)
                    more = []
                if open_doubts:
                    self._settle(sent_at)
                end = at - step
                if single_returns and rest[-1:] == "\r":
                    rest = rest[:-1]
                    end -= 1
                name, has_name, raw = rest.partition(": ")
                sender = names.get(name)
                if sender is None or not has_name:
                    for start_of, full_name in holding.get(name, ()):
                        if rest.startswith(start_of):
                            sender, raw = full_name, rest[len(start_of) :]
                            break
                    else:
                        self._sent_before, self._line_before = last_at, rows[-1][2] if rows else 0
                        self._head = head
                        sender, raw = self._slow_name(rest, number, sent_at)
                last_head, last_at = head, sent_at
                # Most messages are plain words, which a few looks tell.
                if (
                    not raw
                    or sender is None
                    or ":" in raw
                    or raw[0] in SUSPECT_FIRST
                    or raw[-1] in SUSPECT_LAST
                    or raw in exact
                    or (has_marks and ("\u200e" in raw or "\u200f" in raw))
                ):
                    if raw in again and sender is not None:
                        add((start, end - len(raw), number, sent_at, sender, *again[raw]))
                    else:
                        has_file = is_ios and head[:1] in _MARKS_OF_A_FILE
                        add(self._look(start, end - len(raw), number, sent_at, sender, raw, is_ios, has_file))
                else:
                    add((start, end - len(raw), number, sent_at, sender, "text", raw, False, None))
        if more:
            rows[-1] = self._with_more(rows[-1], raw, sender, more, is_ios, last_head)
        self._settle("")
        evidence.lines = number
        evidence.characters = at if evidence.ended_with_newline else at - 1
        if rows:
            yield rows

    # -- the slow path --------------------------------------------------------------------------

    def _enter(self, segment: Segment) -> None:
        """Start reading in another layout."""
        self._closer = segment.closer
        self._segment = segment
        self._between = ", "
        self._dates.clear()
        self._times.clear()
        self._minutes.clear()
        self._heads.clear()

    def _slow_head(self, head: str, line: int) -> str:
        """The time of a header that is not memoised yet; "" when `head` is none."""
        if len(head) > LONGEST_HEAD:
            return ""
        known = self._heads.get(head)
        if known is not None:
            return known
        if (self._closer == "] ") != (head.lstrip(MARKS + " ")[:1] == "["):
            return ""
        day, found, clock = head.partition(self._between)
        if found and (time := self._known_time(clock)) and (parts := read_date(day)):
            return self._remember_day(day, parts, line, head, time)
        if found and (day in self._dates or clock in self._times or self._minutes or self._heads):
            parts, time = read_date(day), read_time(clock)
            if parts and time:
                return self._remember(day, parts, clock, time, line, head)
        whole = read_head(head)
        if whole is None:
            return ""
        parts, time, between, time_first = whole
        day, found, clock = head.partition(between) if between else (head, "", "")
        if found and not time_first and read_date(day) == parts and read_time(clock) == time:
            self._between = between
            return self._remember(day, parts, clock, time, line, head)
        day_iso = self._resolve(head, parts, line)
        if len(self._heads) > _MEMO:
            self._heads.clear()
        self._heads[head] = day_iso + time if day_iso else ""
        return self._heads[head]

    def _known_time(self, clock: str) -> str | None:
        if not self._minutes:
            return self._times.get(clock)
        tail = self._tail or len(clock)
        minute, second = self._minutes.get(clock[: self._cut] + clock[tail:]), _SECONDS.get(clock[self._cut : tail])
        return minute + second if minute and second else None

    def _remember_day(self, day: str, parts: DateParts, line: int, head: str, time: str) -> str:
        iso = self._dates.get(day)
        if iso is None:
            iso = self._resolve(head, parts, line)
            if not iso:
                return ""
            self._dates[day] = iso
            if self._closer == "] ":
                # The same day stands in front of photos and of words: with a mark, and without.
                self._dates[day[1:] if day[0] == "\u200e" else f"\u200e{day}"] = iso
        return iso + time

    def _remember(self, day: str, parts: DateParts, clock: str, time: str, line: int, head: str) -> str:
        found = self._remember_day(day, parts, line, head, time)
        if not found:
            return ""
        seconds = _LAST_PART.search(clock)
        without = clock[: seconds.start()] + clock[seconds.end() :] if seconds else ""
        if seconds and seconds[0] in _SECONDS and read_time(without) == time[:6] + ":00":
            self._cut = seconds.start() - len(clock)
            self._tail = seconds.end() - len(clock) or _AT_THE_END
            self._minutes[without] = time[:6]
        else:
            if len(self._times) > _MEMO * 2:
                self._times.clear()
            self._times[clock] = time
        return found

    def _resolve(self, head: str, parts: DateParts, line: int) -> str:
        """The ISO date of `parts`, kept as evidence; "" when they can be no date."""
        shape = shape_of(head, self._closer)
        if shape in self.evidence.layouts or len(self.evidence.layouts) < 200:
            self.evidence.layouts[shape] += 1
        self.evidence.dates.append((line, parts))
        order = self._segment.order_of(parts.look) if self._segment.orders else self._segment.order
        if parts.contradicts(order):
            raise Contradiction(line, parts)
        day = resolve_date(parts, order, self._year)
        if day is None:
            return ""
        if not day[1]:
            self.evidence.doubt(line, head, f"no such day; taken as {day[0]}")
        return day[0]

    def _bare_head(self, line: str, number: int) -> tuple[str, str, str]:
        """(time, head, rest) of an iPhone line that ends right after the bracket; ("", "", "") otherwise."""
        cut = line.rstrip("\r")
        if not cut.endswith("]") or len(cut) > LONGEST_HEAD:
            return "", "", ""
        return self._slow_head(cut[:-1], number), cut[:-1], line[len(cut) :]

    def _note_foreign(self, line: str, number: int) -> None:
        """Remember a line that is a header in another layout: a copied talk, or a file that changes midway."""
        found = find_head(line)
        if found and found[1] != self._closer:
            self.evidence.foreign.append((number, found[1], is_copied(*found)))

    def _slow_name(self, rest: str, line: int, sent_at: str) -> tuple[str | None, str]:
        """(sender, body) of what follows a header; sender None on a notice."""
        findings = self.findings
        name, found, body = rest.partition(": ")
        clean = self._clean(name)
        for longer in self._longer_by_start.get(clean, ()):
            shown = without_marks(rest) if not rest.isascii() else rest
            tail = shown[len(longer) :]
            if shown.startswith(longer) and (tail.startswith(": ") or tail == ":"):
                at = _after(rest, longer) + len(":" if tail == ":" else ": ")
                return longer, rest[at:]
            if shown.startswith(longer) and clean not in findings.roster:
                return None, rest  # a notice about somebody whose name holds a colon
            if shown.startswith(longer) and may_be_notice(tail):
                return None, rest
        if not found:
            trimmed = rest.rstrip(MARKS + " ")
            if trimmed.endswith(":"):
                clean = self._clean(trimmed[:-1])
                if clean in findings.roster or clean in self.evidence.new_names or could_be_name(clean):
                    self.evidence.new_names[clean] += clean not in findings.roster
                    return clean, ""
            self._doubt(line, None, rest, sent_at)
            return None, rest
        if clean in findings.chat_names:
            if has_mark(body) or may_be_notice(body):
                return None, body
            self.evidence.said_by_chat[clean] += 1
            return clean, body
        if clean in findings.roster:
            if clean not in self._longer_by_start:
                self._names[name] = clean
            return clean, body
        if clean in findings.notices or not could_be_name(clean):
            self.evidence.notice_starts[clean] += clean in findings.notices
            self._doubt(line, None, rest, sent_at)
            return None, rest
        self.evidence.new_names[clean] += 1
        self._doubt(line, clean, rest, sent_at)
        return clean, body

    def _clean(self, name: str) -> str:
        known = self._named.get(name)
        if known is None:
            known = without_marks(name).replace("\u00a0", " ").replace("\u202f", " ").strip()
            if name and not any(map(_is_visible, known)):
                known = NAMELESS
            if len(self._named) < _MEMO:
                self._named[name] = known
        return known

    def _doubt(self, line: int, prefix: str | None, text: str, sent_at: str) -> None:
        follows = self._line_before == self._doubtful_line
        self._doubtful_line = line
        if len(self._open_doubts) < 1000:
            shape = shape_of(self._head, self._closer)
            self._open_doubts.append(Doubt(line, prefix, text[:200], sent_at, self._sent_before, follows, shape))

    def _settle(self, after: str) -> None:
        """Give the open doubts the time of the header after them, and keep those worth judging."""
        for doubt in self._open_doubts:
            doubt.after = after
            worth = doubt.prefix is not None or not doubt.is_near or self.evidence.layouts[doubt.shape] <= 1
            if worth and len(self.evidence.doubts) < 20_000:
                self.evidence.doubts.append(doubt)
        self._open_doubts.clear()

    def _look(
        self, start: int, body_at: int, line: int, sent_at: str, sender: str | None, body: str, is_ios: bool,
        has_file: bool,
    ) -> Row:  # fmt: skip
        """The row of a first line that may be more than plain words."""
        if sender is None:
            notice = read_notice(body)
            return (start, body_at, line, sent_at, None, notice.kind, notice.text, False, None)
        if ": " in body[:_LONGEST_NAME] and (half := second_half(body)):
            said = body[len(half) + 2 :]
            is_file = not _is_plain(said) and read_body(said, is_ios=is_ios).kind not in ("text", "system")
            self.evidence.maybe_longer(sender, half, body, is_file=is_file or said in self._exact)
        return self._closer_look(start, body_at, line, sent_at, sender, body, is_ios, has_file)

    def _closer_look(
        self, start: int, body_at: int, line: int, sent_at: str, sender: str, body: str, is_ios: bool, has_file: bool
    ) -> Row:
        """The row of a body that may be more than plain words."""
        if _is_plain(body) and body not in self._exact:
            return (start, body_at, line, sent_at, sender, "text", body, False, None)
        found = self._bodies.get(body)
        if found is None:
            found = self._read_body(body, sender, is_ios, has_file)
            if found.kind in _REPEATED and not found.attachment and len(body) < 80 and len(self._bodies) < 1000:
                self._bodies[body] = found
                if not found.is_own and ": " not in body:
                    self._again[body] = (found.kind, found.text, found.is_edited, None)
        if found.is_own:
            self.evidence.owners[sender] += 1
        if found.attachment and len(self.evidence.file_dates) < MOST_FILE_DATES:
            self._note_file_date(found.attachment)
        return (
            start, body_at, line, sent_at, None if found.is_notice else sender,
            found.kind, found.text, found.is_edited, found.attachment,
        )  # fmt: skip

    def _read_body(self, body: str, sender: str, is_ios: bool, has_file: bool) -> Body:
        """What `body` is, by what is known and by what this file taught."""
        stand_ins, evidence = self.findings.stand_ins, self.evidence
        if stand_ins and plain(body) in stand_ins:
            return Body("image", "")
        found = read_body(body, is_ios=is_ios, chat=self._chat, sender=sender, has_file=has_file)
        if not evidence.knows_files:
            # An iPhone names its files without words, and may leave out some of them all the same.
            if found.kind in _STOOD_FOR and not (is_ios if found.attachment else found.text):
                evidence.knows_files = True
            elif found.kind == "text" and not has_file and may_stand_for_a_file(body, is_ios=is_ios):
                evidence.may_stand_in(plain(body), sender)
        if is_ios and found.kind == "text" and has_mark(body):
            evidence.marked[sender] += 1
        return found

    def _note_file_date(self, name: str) -> None:
        digits = "".join(c for c in name if c.isdigit())
        for at in range(max(0, min(len(digits) - 7, 8))):
            piece = digits[at : at + 8]
            if piece[:2] == "20" and "01" <= piece[4:6] <= "12" and "01" <= piece[6:] <= "31" and self.evidence.dates:
                self.evidence.file_dates.append((self.evidence.dates[-1][1], piece))
                return

    def _with_more(self, row: Row, raw: str, sender: str | None, more: list[str], is_ios: bool, head: str) -> Row:
        """`row` with the lines that followed it, looked at again as a whole."""
        body = "\n".join([raw, *more])
        start, body_at, line, sent_at = row[:4]
        if sender is None:
            notice = read_notice(body)
            return (start, body_at, line, sent_at, None, notice.kind, notice.text, False, None)
        has_file = is_ios and head[:1] in _MARKS_OF_A_FILE
        if is_ios and row[5] == "text" and has_mark(raw):
            self.evidence.marked[sender] -= 1  # its first line was counted: a poll's begins with a mark, too
        return self._closer_look(start, body_at, line, sent_at, sender, body, is_ios, has_file)


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
_SECONDS = {f"{mark}{second:02}": f":{second:02}" for mark in ":." for second in range(60)}
#: Kinds whose bodies are a few sentences of WhatsApp's own, over and over.
_REPEATED = frozenset({"image", "video", "audio", "sticker", "gif", "document", "contact", "deleted", "view_once"})
_STOOD_FOR = _REPEATED - {"deleted", "view_once"}
#: Looks like nothing, and counts as a letter.
_INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in _INVISIBLE and character not in _BLANK_LETTERS


#: What an iPhone puts before the bracket of a message that carries a file.
_MARKS_OF_A_FILE = frozenset("\u200e\u200f")
_LAST_PART = re.compile(r"[:.]\d\d(?=\D*\Z)")
_DIGITS_AND_BRACKET = frozenset("[0123456789٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹")


def _is_plain(body: str) -> bool:
    """Whether nothing in a body (of one line or more) hints at more than words."""
    if not body or body[0] in SUSPECT_FIRST or body[-1] in SUSPECT_LAST or "\u200e" in body or "\u200f" in body:
        return False
    first_end = body.find("\n")
    if first_end >= 0 and (first_end == 0 or body[first_end - 1] in SUSPECT_LAST):
        return False
    return "http" not in body or not ("maps.google" in body or "foursquare" in body)


def _with_end(chunks: Iterable[str]) -> Iterator[str | None]:
    yield from chunks
    yield None


def _after(rest: str, name: str) -> int:
    """Where in `rest` (with marks) the characters of `name` (without) end."""
    at = 0
    for character in name:
        while rest[at] != character and rest[at] in MARKS:
            at += 1
        at += 1
    while at < len(rest) and rest[at] in MARKS:
        at += 1
    return at
