"""Years and days of other calendars, as dates of this one. Pure arithmetic."""

from __future__ import annotations

from datetime import date, timedelta


def full_year(year: int) -> int:
    """A year of two digits: of this century, or a Buddhist one where that would be in years to come (67: 2024)."""
    next_year = date.today().year + 1
    buddhist = year + 2500 - 543
    return buddhist if 2000 + year > next_year and 2009 <= buddhist <= next_year else 2000 + year


def from_jalali(year: int, month: int, day: int) -> tuple[str, bool]:
    """Solar Hijri to Gregorian; arithmetic 33-year cycle, right for 1244 to 1472 (1865 to 2093)."""
    cycles = year - 979
    days = 365 * cycles + cycles // 33 * 8 + (cycles % 33 + 3) // 4
    days += sum((31, 31, 31, 31, 31, 31, 30, 30, 30, 30, 30, 29)[: month - 1]) + day - 1
    return (date(1600, 3, 20) + timedelta(days=days)).isoformat(), True


def from_hijri(year: int, month: int, day: int) -> tuple[str, bool]:
    """Islamic civil calendar, tabular: sightings differ by a day, so never called exact."""
    julian = day + (59 * (month - 1) + 1) // 2 + (year - 1) * 354 + (3 + 11 * year) // 30 + 1948439
    return date.fromordinal(julian - 1721425).isoformat(), False
