"""Dates and times in every script, calendar and clock."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.model import Order
from ingest.exports.headers import find_head, read_date, read_head, read_time, resolve_date, shape_of


@pytest.mark.parametrize(
    ("written", "order", "day"),
    [
        ("3/27/22", "mdy", "2022-03-27"),
        ("27/03/2022", "dmy", "2022-03-27"),
        ("27.03.22", "dmy", "2022-03-27"),
        ("2022-03-27", "dmy", "2022-03-27"),
        ("2022. 3. 27.", "dmy", "2022-03-27"),
        ("2022年3月27日", "dmy", "2022-03-27"),
        ("27/3/2565", "dmy", "2022-03-27"),
        ("3/27/R4", "mdy", "2022-03-27"),
        ("2022년 3월 27일", "dmy", "2022-03-27"),
        ("27 mars 2022", "dmy", "2022-03-27"),
        ("27. März 2022", "dmy", "2022-03-27"),
        ("٢٧/٣/٢٠٢٢", "dmy", "2022-03-27"),
        ("۱۴۰۱/۱/۷", "dmy", "2022-03-27"),
        ("२७/३/२०२२", "dmy", "2022-03-27"),
        ("[27/03/2022", "dmy", "2022-03-27"),
        ("\u200e27/03/2022", "dmy", "2022-03-27"),
    ],
)
def test_dates(written: str, order: Order, day: str) -> None:
    parts = read_date(written)
    assert parts is not None
    assert resolve_date(parts, order, 2020) == (day, True)


@pytest.mark.parametrize("written", ["", "hello", "45/45/2020", "1/2", "2022", "3:15", "0/0/00", "13/13/2020"])
def test_what_is_no_date(written: str) -> None:
    assert read_date(written) is None


def test_a_day_that_its_month_does_not_have_is_its_last() -> None:
    parts = read_date("31/02/2023")
    assert parts is not None
    assert resolve_date(parts, "dmy", 2020) == ("2023-02-28", False)
    parts = read_date("29/02/2024")
    assert parts is not None
    assert resolve_date(parts, "dmy", 2020) == ("2024-02-29", True)


@pytest.mark.parametrize(
    ("written", "clock"),
    [
        ("21:41", "T21:41:00"),
        ("21.41", "T21:41:00"),
        ("21:41:35", "T21:41:35"),
        ("9:41 PM", "T21:41:00"),
        ("9:41\u202fpm", "T21:41:00"),
        ("9:41 p. m.", "T21:41:00"),
        ("9:41\u00a0p.\u00a0m.", "T21:41:00"),
        ("12:05 AM", "T00:05:00"),
        ("12:05 PM", "T12:05:00"),
        ("오후 9:41", "T21:41:00"),
        ("上午9:41", "T09:41:00"),
        ("午後9:41", "T21:41:00"),
        ("٩:٤١ م", "T21:41:00"),
        ("24:00", "T00:00:00"),
    ],
)
def test_times(written: str, clock: str) -> None:
    assert read_time(written) == clock


@pytest.mark.parametrize("written", ["", "25:00", "21:60", "9:41 XM", "941", "21:41:61", "a:b"])
def test_what_is_no_time(written: str) -> None:
    assert read_time(written) is None


@pytest.mark.parametrize(
    ("line", "head", "closer"),
    [
        ("3/27/22, 9:41 PM - A: x", "3/27/22, 9:41 PM", " - "),
        ("[27/03/2022, 21:41:35] A: x", "[27/03/2022, 21:41:35", "] "),
        ("\u200e[27/03/2022, 21:41:35] A: x", "\u200e[27/03/2022, 21:41:35", "] "),
        ("27/03/2022 21:41:35: A: x", "27/03/2022 21:41:35", ": "),
        ("21:41, 27/03/2022 - A: x", "21:41, 27/03/2022", " - "),
        ("27/03/22, 21:41 – A: x", "27/03/22, 21:41", " – "),
    ],
)
def test_heads_are_found(line: str, head: str, closer: str) -> None:
    assert find_head(line) == (head, closer)
    assert read_head(head) is not None


@pytest.mark.parametrize("line", ["", "hello - world", "[sic] he said", "5/6 - good", "3:15 - later", "12/25/23 - ok"])
def test_what_is_no_head(line: str) -> None:
    assert find_head(line) is None


def test_shapes_are_for_people() -> None:
    assert shape_of("[27/03/2022, 21:41:35", "] ") == "[d/d/dddd, d:d:d] "
    assert shape_of("3/27/22, 9:41 PM", " - ") == "d/d/d, d:d PM - "


@given(st.dates(date(2009, 1, 1), date(2039, 12, 31)), st.sampled_from(["dmy", "mdy"]), st.sampled_from("/.-"))
def test_a_date_survives_being_written(day: date, order: Order, mark: str) -> None:
    first, second = (day.day, day.month) if order == "dmy" else (day.month, day.day)
    for year in (f"{day.year}", f"{day.year % 100:02}"):
        for written in (f"{first}{mark}{second}{mark}{year}", f"{first:02}{mark}{second:02}{mark}{year}"):
            parts = read_date(written)
            assert parts is not None
            assert resolve_date(parts, order, 2020) == (day.isoformat(), True)
            assert parts.proves in (None, order)


@given(st.integers(0, 24 * 60 - 1))
def test_twelve_and_twenty_four_hours_agree(minute: int) -> None:
    hour = timedelta(minutes=minute).seconds // 3600
    twelve = f"{hour % 12 or 12}:{minute % 60:02} {'AM' if hour < 12 else 'PM'}"
    assert read_time(twelve) == read_time(f"{hour}:{minute % 60:02}")
