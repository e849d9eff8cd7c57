"""Which number of a date is the day: judged from all dates of a file, its file names and what came before it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import pairwise

from ingest.core.model import Order
from ingest.exports.headers import DateParts, resolve_date

#: What proves an order that nothing in the export itself proves.
AS_BEFORE = "as in this chat's earlier export"


def order_name(order: Order, dates: list[tuple[int, DateParts]]) -> str:
    """The order for people: ``day/month``, ``month/day``, ``year/month/day``, ``by name``."""
    if order == "ymd" or (dates and all(p.year_first for _, p in dates)):
        return "year/month/day"
    if dates and all(p.month for _, p in dates):
        return "month by name"
    return "day/month" if order == "dmy" else "month/day"


def judge_order(
    dates: list[tuple[int, DateParts]], file_dates: list[tuple[DateParts, str]], hint: Order | None
) -> tuple[Order, str, bool]:
    """(order, what proves it, whether it is a guess) from all dates met, in the file's order."""
    open_dates = [(line, parts) for line, parts in dates if not (parts.year_first or parts.month)]
    if not open_dates:
        return (
            "dmy",
            "the year stands first" if any(parts.year_first for _, parts in dates[:1]) else "months have names",
            False,
        )
    year_first = _begins_with_year(open_dates, file_dates)
    if year_first:
        return "ymd", year_first, False
    for line, parts in open_dates:
        if parts.proves:
            return parts.proves, f"proved by {parts.a}{parts.separator}{parts.b} in line {line}", False
    votes: Counter[Order] = Counter()
    for parts, stamp in file_dates:
        for order in _ORDERS:
            day = resolve_date(parts, order, 2000)
            if parts.is_open and day and day[0].replace("-", "") == stamp:
                votes[order] += 1
    if votes["dmy"] != votes["mdy"]:
        order = votes.most_common(1)[0][0]
        return order, f"proved by {votes[order]} file name{'s' * (votes[order] != 1)} with a date", False
    steps = {order: _steps_back(open_dates, order) for order in _ORDERS}
    (_, first), *_ = open_dates
    likely = _likely(first)
    order = min(_ORDERS, key=lambda o: (steps[o], o != likely))
    # One step is a message that came late; and no country writes the month first with dots.
    fewest = _STEPS_WITH_DOTS if order == "mdy" and first.separator == "." else _STEPS
    if max(steps.values()) - steps[order] >= fewest:
        return (
            order,
            f"the dates run forward that way ({steps[order]} steps back, else {max(steps.values())})",
            False,
        )
    if hint:
        return hint, AS_BEFORE, False
    return likely, "", any(parts.is_open for _, parts in open_dates)


_ORDERS: tuple[Order, Order] = ("dmy", "mdy")
#: By so many fewer steps back an order is proved.
_STEPS, _STEPS_WITH_DOTS = 2, 4
#: The years of two digits that a message may be of begin here.
_FIRST_YEAR = 9
#: So many different third numbers are days, not years.
_DAYS = 8


def _begins_with_year(dates: list[tuple[int, DateParts]], file_dates: list[tuple[DateParts, str]]) -> str:
    """What proves that dates like ``19-01-25`` begin with the year; "" where nothing does.

    A year changes seldom and a day often, whatever the date looks like; and a third number that no message can have
    as its year is no year.
    """
    parts = [one for _, one in dates]
    this_year = datetime.now().year % 100
    if not all(one.may_begin_with_year and _FIRST_YEAR <= one.a <= this_year + 1 for one in parts):
        return ""
    for one, stamp in file_dates:
        day = resolve_date(one, "ymd", 2000)
        others = {found[0].replace("-", "") for order in _ORDERS if (found := resolve_date(one, order, 2000))}
        if day and day[0].replace("-", "") == stamp and stamp not in others:
            return "proved by a file name with a date"
    firsts, thirds = {one.a for one in parts}, {one.c or 0 for one in parts}
    is_no_year = any(not _FIRST_YEAR <= third <= this_year + 1 for third in thirds)
    if len(thirds) <= len(firsts) or not (is_no_year or len(thirds) >= _DAYS):
        return ""
    if _steps_back(dates, "ymd") > min(_steps_back(dates, order) for order in _ORDERS):
        return ""
    return "the first number changes seldom, the last often"


def _steps_back(dates: list[tuple[int, DateParts]], order: Order) -> int:
    days = [d[0] for _, parts in dates if (d := resolve_date(parts, order, 2000))]
    return sum(later < earlier for earlier, later in pairwise(days))


def _likely(parts: DateParts) -> Order:
    """The order when nothing proves one: only bare digits, slashes and a short year are mostly American."""
    return "mdy" if parts.separator == "/" and not parts.long_year and not parts.is_padded else "dmy"
