"""Headers: where a line's date and time are, and what they mean.

Every axis is read on its own (marks, brackets, order, separators, calendar, clock), so a layout
that nobody listed is read as well. Nothing here knows a locale; words come from `languages.py`.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from ingest.core.languages import MARKS, languages, meridiem_key
from ingest.core.model import Look, Order
from ingest.exports.calendars import from_hijri, from_jalali, full_year

#: What may stand between a header and what follows it, in the order in which it is looked for.
CLOSERS = ("] ", " - ", " – ", ": ")
#: Nothing but a space after the clock, as some phones wrote around 2018: believed where no other header is in the file.
BARE = " "
#: No header is longer; what is longer is text.
LONGEST_HEAD = 72

_CANONICAL: dict[int, str | None] = dict.fromkeys(map(ord, MARKS))
_CANONICAL.update(dict.fromkeys(map(ord, "\u00a0\u202f\u2009\u2007\u3000\t"), " "))
for _zero in (
    0x0660,
    0x06F0,
    0x0966,
    0x09E6,
    0x0A66,
    0x0AE6,
    0x0BE6,
    0x0C66,
    0x0CE6,
    0x0E50,
    0x0F20,
    0x1040,
    0xFF10,
):
    _CANONICAL.update({_zero + n: str(n) for n in range(10)})


def canonical(text: str) -> str:
    """`text` with ASCII digits and spaces and without marks."""
    return text if text.isascii() else unicodedata.normalize("NFC", text.translate(_CANONICAL))


_NUMERIC = (
    r"(?:(?P<era_first>[RHrh]|令和|平成|民國|民国)(?=\d))?(?P<a>\d{1,4}) ?(?P<s1>[./\-]|年/?|년) ?"
    r"(?P<b>\d{1,2}) ?(?:[./\-]|月|월) ?(?P<era>[RHrh]|令和|平成)?(?P<c>\d{1,4})[日일]?\.?"
    r"(?: ?(?P<calendar>BE|พ\.ศ\.|AP|AH|هـ|ه‍\.ش\.|ه\.ش\.|г\.))?"
)
_WORD = r"[^\W\d_]+(?:['’.][^\W\d_]+)*"
_NAMED = (
    rf"(?:(?P<d1>\d{{1,2}})\.? (?:de )?(?P<m1>{_WORD})\.?,?(?: (?:de )?(?P<y1>\d{{4}}|\d{{2}})(?: ?[гр]\.)?)?"
    rf"|(?P<m2>{_WORD})\.? (?P<d2>\d{{1,2}})(?:,? (?P<y2>\d{{4}}))?)"
)
_MERIDIEM = r"[^\W\d_][^\d:\[\]]{0,20}"
_TIME = (
    rf"(?:(?P<before>{_MERIDIEM}?) ?)?(?P<h>\d{{1,2}})(?:[:.]| ?h ?)(?P<min>\d{{2}})"
    rf"(?:[:.](?P<s>\d{{2}})| min (?P<s_named>\d{{2}}) s)?(?: ?(?P<after>{_MERIDIEM}))?"
)
#: Before a date, the word beside the clock ends at a comma: "9:05 PM, 3/14/22".
_TIME_BEFORE_DATE = _TIME.replace(_MERIDIEM + "))?", r"[^\W\d_][^\d:\[\],،、၊፣]{0,20}?))?")
_BETWEEN = r"(?P<between>[,،、၊፣]? ?(?:(?:à|klo|kl\.?|um|at|as|às|a las|alle|om|u|в|o) )?)"
_DATE_RE = re.compile(rf"{_NUMERIC}|{_NAMED}")
_TIME_RE = re.compile(_TIME)
_HEAD_RE = re.compile(rf"(?P<date>{_NUMERIC}|{_NAMED}){_BETWEEN}(?P<time>{_TIME})")
_HEAD_TIME_FIRST_RE = re.compile(rf"(?P<time>{_TIME_BEFORE_DATE}){_BETWEEN}(?P<date>{_NUMERIC}|{_NAMED})")


class DateParts(NamedTuple):
    """The numbers of a date as written, before it is known which is the day.

    `year_first`: the order is year, month, day. `month`: given by name; then `a` is the day.
    `c` is None when no year is written. `is_padded`: one of the two has a leading zero.
    """

    a: int
    b: int
    c: int | None
    year_first: bool = False
    month: int | None = None
    era: str = ""
    separator: str = ""
    long_year: bool = True
    is_padded: bool = False

    @property
    def look(self) -> Look:
        """How the date looks, whatever its numbers."""
        return self.separator, self.long_year

    @property
    def proves(self) -> Order | None:
        """The order of day and month that these numbers prove on their own."""
        if self.year_first or self.month:
            return None
        if 12 < self.a <= 31 and self.b <= 12:
            return "dmy"
        if 12 < self.b <= 31 and self.a <= 12:
            return "mdy"
        return None

    def contradicts(self, order: Order) -> bool:
        """Whether these numbers cannot be in this order."""
        if order == "ymd":
            return not (self.year_first or self.month) and not self.may_begin_with_year
        return self.proves not in (None, order)

    @property
    def may_begin_with_year(self) -> bool:
        """Whether it could be ``19-01-25``: a year of two digits, a month, a day."""
        return not (self.year_first or self.month or self.long_year) and self.b <= 12 and 1 <= (self.c or 0) <= 31

    @property
    def is_open(self) -> bool:
        """Whether day and month could be swapped and give another date."""
        return not (self.year_first or self.month) and self.a <= 12 and self.b <= 12 and self.a != self.b


@lru_cache(maxsize=512)
def read_date(raw: str) -> DateParts | None:
    """The parts of `raw` when all of it is a date, in any script and calendar."""
    found = _DATE_RE.fullmatch(canonical(raw).strip().removeprefix("[").strip())
    return _date_parts(found) if found else None


def _date_parts(found: re.Match[str]) -> DateParts | None:
    if found["a"] is None:
        word = (found["m1"] or found["m2"]).casefold()
        month = languages().months.get(word)
        if month is None:
            return None
        year = found["y1"] or found["y2"]
        day = int(found["d1"] or found["d2"])
        return DateParts(day, month, int(year) if year else None, month=month) if 1 <= day <= 31 else None
    first, separator, second, third, era, calendar = found.group("a", "s1", "b", "c", "era", "calendar")
    a, b, c = int(first), int(second), int(third)
    era = era or found["era_first"]
    separator = separator[0]
    year_first = len(first) == 4 or separator in ("年", "년") or a > 31 or found["era_first"] is not None
    if year_first:
        if not (1 <= b <= 12 and 1 <= c <= 31):
            return None
    elif not ((1 <= a <= 12 and 1 <= b <= 31) or (1 <= a <= 31 and 1 <= b <= 12)) or len(third) == 3:
        return None
    return DateParts(
        a, b, c, year_first,
        era=era or calendar or "",
        separator=separator,
        long_year=len(first if year_first else third) == 4 or found["era_first"] is not None,
        is_padded=first[0] == "0" or second[0] == "0",
    )  # fmt: skip


def resolve_date(parts: DateParts, order: Order, year_if_missing: int) -> tuple[str, bool] | None:
    """`parts` as (``2025-01-31``, exact) under `order`; None when they are no date in that order.

    A day that its month does not have (31 February) becomes the month's last one, with exact False.
    """
    if parts.year_first:
        year, month, day = parts.a, parts.b, parts.c or 0
    elif parts.month:
        day, month, year = parts.a, parts.month, parts.c if parts.c is not None else year_if_missing
    elif order == "ymd":
        if not parts.may_begin_with_year:
            return None
        year, month, day = parts.a, parts.b, parts.c or 0
    else:
        day, month, year = (parts.a, parts.b, parts.c or 0) if order == "dmy" else (parts.b, parts.a, parts.c or 0)
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    era = parts.era
    if era in ("R", "r", "令和"):
        year += 2018
    elif era in ("H", "h", "平成"):
        year += 1988
    elif era in ("BE", "พ.ศ.") and year < 2400:
        year += 2500
    elif era in ("民國", "民国") or 100 <= year < 200:
        year += 1911  # Taiwan counts from its republic
    elif year < 100:
        year = full_year(year)
    if 2400 <= year < 2700:
        year -= 543
    elif 1300 <= year < 1430:
        return from_jalali(year, month, day)
    elif 1430 <= year < 1500:
        return from_hijri(year, month, day)
    if not 1970 <= year <= 2200:
        return None
    try:
        return date(year, month, day).isoformat(), True
    except ValueError:
        return (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).isoformat(), False


@lru_cache(maxsize=512)
def read_time(raw: str) -> str | None:
    """`raw` as ``T21:41:35`` when all of it is a time of day, else None."""
    found = _TIME_RE.fullmatch(canonical(raw).strip())
    return _clock(found) if found else None


def _clock(found: re.Match[str]) -> str | None:
    hour, minute, second = int(found["h"]), int(found["min"]), int(found["s"] or found["s_named"] or 0)
    word = found["before"] or found["after"]
    if word:
        meaning = languages().meridiem.get(meridiem_key(word))
        if meaning is None:
            return None
        if meaning == "pm" and hour < 12:
            hour += 12
        elif meaning == "am" and hour == 12:
            hour = 0
        elif meaning == "night":  # 11 at night is late, 2 at night is early
            hour = 0 if hour == 12 else hour + 12 if 6 <= hour < 12 else hour
    if hour == 24:
        hour = 0
    if hour > 23 or minute > 59 or second > 59:
        return None
    return f"T{hour:02}:{minute:02}:{second:02}"


@lru_cache(maxsize=512)
def read_head(raw: str) -> tuple[DateParts, str, str, bool] | None:
    """`raw` as (date parts, time, what stands between them, time comes first); None when it is no header."""
    if len(raw) > LONGEST_HEAD:
        return None
    text = canonical(raw).strip().removeprefix("[").strip()
    for pattern, time_first in ((_HEAD_RE, False), (_HEAD_TIME_FIRST_RE, True)):
        found = pattern.fullmatch(text)
        if found and (found["between"] or found["before"]):
            parts, clock = _date_parts(found), _clock(found)
            if parts and clock:
                return parts, clock, found["between"], time_first
    return None


def find_head(line: str) -> tuple[str, str] | None:
    """The (head, closer) of a line that starts like a message in any layout, else None."""
    start = line[:8].lstrip(MARKS + " ")[:1]
    if start == "[":
        closers: tuple[str, ...] = CLOSERS[:1]
    elif start.isalnum():
        closers = CLOSERS[1:]
    else:
        return None
    for closer in closers:
        at = line.find(closer, 0, LONGEST_HEAD + 4)
        if at < 0 and closer == "] ":
            at = line.find("]", 0, LONGEST_HEAD + 4)
            if at < 0 or line[at + 1 : at + 2].strip():
                continue
        if at > 0 and read_head(line[:at]):
            return line[:at], closer
    return None


def part_bare(line: str) -> tuple[str, str, str]:
    """A line of a file whose headers end in a space, as `str.partition` would give it."""
    at = line.find(": ", 0, 2 * LONGEST_HEAD)
    at = line.rfind(" ", 0, min(at, LONGEST_HEAD)) if at > 0 else -1
    while at > 0:
        if read_head(line[:at]):
            return line[:at], BARE, line[at + 1 :]
        at = line.rfind(" ", 0, at)
    return line, "", ""


def is_copied(head: str, closer: str) -> bool:
    """Whether `head` is what WhatsApp puts on the clipboard (``[14:56, 3/18/2022]``), not in an export."""
    found = read_head(head)
    if closer != "] " or not found:
        return False
    _, _, _, time_first = found
    return time_first and len(re.findall(r"[:.]\d\d", canonical(head).partition(",")[0])) < 2


_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_NUMBER = re.compile(r"\d+")


def shape_of(head: str, closer: str) -> str:
    """A header's layout for people: ``[d/d/dddd, d:dd:dd] ``, digits as d and am/pm words as they are."""
    return _NUMBER.sub("d", _YEAR.sub("dddd", canonical(head))) + closer


@lru_cache(maxsize=512)
def layout_of(shape: str) -> str:
    """What shapes have in common that differ only in words: AM and PM, the names of months."""
    letters = ("x" if sign != "d" and unicodedata.category(sign)[0] in "LM" else sign for sign in shape)
    return _WORDS.sub("x", "".join(letters))


#: One or more words with what stands in and around them: ``a. m.``
_WORDS = re.compile(r"[.'’\s]*x[x.'’\s]*")
