"""The headers of one export that were read before: a date or a clock is looked at once, and believed from then on.

`HeaderCache` holds, under the layout of one segment, what each date and each clock as it stands in the file means.
The loop in `parser.py` and the columns of `parser.py` look in its dictionaries; `read` is for what is not in them.
"""

from __future__ import annotations

import re

from ingest.core.languages import MARKS
from ingest.core.model import Segment
from ingest.exports.day_halves import Halves, in_known_words
from ingest.exports.headers import (
    LONGEST_HEAD,
    DateParts,
    layout_of,
    read_date,
    read_head,
    read_time,
    resolve_date,
    shape_of,
)
from ingest.exports.observations import MOST_LAYOUTS, Contradiction, Evidence, Headers

_MOST = 50_000
#: `HeaderCache.tail` where the seconds are the last thing of a clock.
AT_THE_END = 0
#: ``:35`` and ``.35`` as they stand in a clock -> ``:35``.
SECONDS = {f"{mark}{second:02}": f":{second:02}" for mark in ":." for second in range(60)}
_LAST_PART = re.compile(r"[:.]\d\d(?=\D*\Z)")


class HeaderCache:
    """What the dates and clocks of an export mean.

    `dates`: ``13/01/2015`` -> ``2015-01-13``. `times`: ``9:33 AM`` -> ``T09:33:00``. Where clocks have seconds,
    `minutes` holds them without, with a line end where they stood unless that is the end: ``9:33\\n AM`` -> ``T09:33``;
    the seconds stand at ``clock[cut:tail]``. Words of other lengths would have other seconds else.
    `between` stands between date and clock.
    """

    def __init__(
        self, segment: Segment, evidence: Evidence, year_if_missing: int, odd: frozenset[str] = frozenset(),
        halves: Halves = (),
    ) -> None:  # fmt: skip
        """`odd`: layouts that are no headers here (`layout_of`). `halves`: see `day_halves`."""
        self.dates: dict[str, str] = {}
        self.times: dict[str, str] = {}
        self.minutes: dict[str, str] = {}
        self.cut, self.tail = -3, AT_THE_END
        self._whole: dict[str, str] = {}
        self._evidence = evidence
        self._year = year_if_missing
        self._odd = odd
        self._halves = halves
        self.enter(segment)

    def enter(self, segment: Segment) -> None:
        """Go on in another layout."""
        self.segment = segment
        self.closer = segment.closer
        self.between = ", "
        for cache in (self.dates, self.times, self.minutes, self._whole):
            cache.clear()

    def read(self, head: str, line: int) -> str:
        """The time of a header, ``2015-01-13T09:33:05``; "" when `head` is none. What is new is kept as evidence."""
        if len(head) > LONGEST_HEAD:
            return ""
        day, found, clock = head.partition(self.between)
        if found and (iso := self.dates.get(day)) and (time := self._known_time(clock)):
            return iso + time
        known = self._whole.get(head)
        if known is not None:
            return known
        if (self.closer == "] ") != (head.lstrip(MARKS + " ")[:1] == "["):
            return ""
        if self._odd and layout_of(shape_of(head, self.closer)) in self._odd:
            return ""
        if found and (time := self._known_time(clock)) and (parts := read_date(day)):
            self._note(head, line)
            return self._remember_day(day, parts, line, head, time)
        if found and (day in self.dates or clock in self.times or self.minutes or self._whole):
            parts, time = read_date(day), self._time(clock)
            if parts and time:
                return self._remember(day, parts, clock, time, line, head)
        whole = read_head(in_known_words(head, self._halves) if self._halves else head)
        if whole is None:
            return ""
        parts, time, between, time_first = whole
        day, found, clock = head.partition(between) if between else (head, "", "")
        if found and not time_first and read_date(day) == parts and self._time(clock) == time:
            self.between = between
            return self._remember(day, parts, clock, time, line, head)
        day_iso = self._resolve(head, parts, line)
        self._note(head, line)
        if len(self._whole) > _MOST:
            self._whole.clear()
        self._whole[head] = day_iso + time if day_iso else ""
        return self._whole[head]

    def _time(self, clock: str) -> str | None:
        return read_time(in_known_words(clock, self._halves) if self._halves else clock)

    def _note(self, head: str, line: int) -> None:
        """Where a header of this layout was met."""
        layout, headers = layout_of(shape_of(head, self.closer)), self._evidence.headers
        if layout in headers or len(headers) < MOST_LAYOUTS:
            headers.setdefault(layout, Headers()).add(line)

    def _known_time(self, clock: str) -> str | None:
        if not self.minutes:
            return self.times.get(clock)
        tail = self.tail or len(clock)
        key = f"{clock[: self.cut]}\n{clock[tail:]}" if self.tail else clock[: self.cut]
        minute, second = self.minutes.get(key), SECONDS.get(clock[self.cut : tail])
        return minute + second if minute and second else None

    def _remember_day(self, day: str, parts: DateParts, line: int, head: str, time: str) -> str:
        iso = self.dates.get(day)
        if iso is None:
            iso = self._resolve(head, parts, line)
            if not iso:
                return ""
            self.dates[day] = iso
            if self.closer == "] ":
                # The same day stands in front of photos and of words: with a mark, and without.
                self.dates[day[1:] if day[0] == "\u200e" else f"\u200e{day}"] = iso
        return iso + time

    def _remember(self, day: str, parts: DateParts, clock: str, time: str, line: int, head: str) -> str:
        found = self._remember_day(day, parts, line, head, time)
        if not found:
            return ""
        self._note(head, line)
        seconds = _LAST_PART.search(clock)
        without = clock[: seconds.start()] + clock[seconds.end() :] if seconds else ""
        if seconds and seconds[0] in SECONDS and self._time(without) == time[:6] + ":00":
            self.cut = seconds.start() - len(clock)
            self.tail = seconds.end() - len(clock) or AT_THE_END
            self.minutes[f"{clock[: self.cut]}\n{clock[self.tail :]}" if self.tail else without] = time[:6]
        else:
            if len(self.times) > _MOST * 2:
                self.times.clear()
            self.times[clock] = time
        return found

    def _resolve(self, head: str, parts: DateParts, line: int) -> str:
        """The ISO date of `parts`, kept as evidence; "" when they can be no date."""
        shape = shape_of(head, self.closer)
        if shape in self._evidence.layouts or len(self._evidence.layouts) < 200:
            self._evidence.layouts[shape] += 1
        self._evidence.dates.append((line, parts))
        order = self.segment.order_of(parts.look) if self.segment.orders else self.segment.order
        if parts.contradicts(order):
            raise Contradiction(line, parts)
        day = resolve_date(parts, order, self._year)
        if day is None:
            return ""
        if not day[1]:
            self._evidence.doubt(line, head, f"no such day; taken as {day[0]}")
        return day[0]

    def read_bare(self, line: str, number: int) -> tuple[str, str, str]:
        """(time, head, rest) of an iPhone line that ends right after the bracket; ("", "", "") otherwise."""
        cut = line.rstrip("\r")
        if not cut.endswith("]") or len(cut) > LONGEST_HEAD:
            return "", "", ""
        return self.read(cut[:-1], number), cut[:-1], line[len(cut) :]
