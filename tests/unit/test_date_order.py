"""Which number is the day: by all evidence there is, layout by layout."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.model import Order
from tests.helpers import read

SHAPES: dict[Order, str] = {"dmy": "{d}{s}{m}{s}{y}", "mdy": "{m}{s}{d}{s}{y}", "ymd": "{y}{s}{m}{s}{d}"}


def _written(days: list[date], order: Order, separator: str, *, padded: bool = True, head: str = "{}, 09:00 - ") -> str:
    lines = []
    for n, day in enumerate(days):
        digits = {"d": day.day, "m": day.month, "y": day.year % 100}
        shown = {k: f"{v:02}" if padded or k == "y" else str(v) for k, v in digits.items()}
        lines.append(
            head.format(SHAPES[order].format(s=separator, **shown)) + f"{'Anna' if n % 2 else 'Ben'}: word {n}\n"
        )
    return "".join(lines)


def _days(start: date, count: int, seed: int, most: int = 9) -> list[date]:
    dice, found = random.Random(seed), [start]
    while len(found) < count:
        found.append(found[-1] + timedelta(days=dice.randint(0, most)))
    return found


@pytest.mark.property
@given(
    st.dates(date(2011, 1, 1), date(2024, 6, 1)), st.integers(0, 1 << 20), st.sampled_from(["dmy", "mdy", "ymd"]),
    st.sampled_from("/.-"), st.booleans(),
)  # fmt: skip
def test_a_year_of_two_digits_may_stand_anywhere(
    start: date, seed: int, order: Order, separator: str, padded: bool
) -> None:
    days = _days(start, 60, seed)
    messages, findings, _ = read(_written(days, order, separator, padded=padded))
    assert [m.sent_at[:10] for m in messages] == [day.isoformat() for day in days]
    assert not findings.is_guess


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("19-01-02, 10:00 - Anna: a\n19-01-03, 10:00 - Ben: b\n19-01-05, 10:00 - Ben: c\n", "2019-01-02"),
        ("19/1/2 下午3:15 - Anna: a\n19/1/30 下午3:15 - Ben: b\n", "2019-01-02"),
        # Birthdays, one a year: the last number is a year all the same.
        ("19/01/22, 10:00 - Anna: a\n19/01/23, 10:00 - Ben: b\n19/01/24, 10:00 - Ben: c\n", "2022-01-19"),
        ("17/01/21, 10:00 - Anna: a\n18/01/21, 10:00 - Ben: b\n", "2021-01-17"),
        ("Mar 5, 8:11 PM - Anna: a\nMar 27, 8:11 AM - Ben: b\n", "2020-03-05"),
        ("March 5, 2021, 8:11 PM - Anna: a\n", "2021-03-05"),
        ("5 Mar, 8:11 PM - Anna: a\n", "2020-03-05"),
    ],
)
def test_dates_as_some_phones_write_them(text: str, first: str) -> None:
    messages, _, _ = read(text)
    assert messages[0].sent_at[:10] == first
    assert len(messages) == text.count("\n")


def test_two_phones_in_one_file_each_by_its_own_dates() -> None:
    american = [date(2021, 1, 20) + timedelta(days=n) for n in range(14)]
    german = [date(2021, 3, 1) + timedelta(days=n) for n in range(12)]
    text = _written(american, "mdy", "/", padded=False, head="{}, 9:00 AM - ")
    text += _written(german, "dmy", ".", head="[{}, 09:00:00] ")
    messages, findings, _ = read(text)
    assert [m.sent_at[:10] for m in messages] == [day.isoformat() for day in american + german]
    assert [segment.order for segment in findings.segments] == ["mdy", "dmy"]


@pytest.mark.parametrize("seed", range(6))
def test_two_layouts_that_take_turns(seed: int) -> None:
    """German and American dates, line by line, with one closer: each in its own order."""
    days = _days(date(2021, 1, 20), 40, seed, 4)
    text = "".join(
        _written([day], "dmy", ".") if n % 3 else _written([day], "mdy", "/", padded=False, head="{}, 9:00 AM - ")
        for n, day in enumerate(days)
    )
    messages, findings, _ = read(text)
    assert [m.sent_at[:10] for m in messages] == [day.isoformat() for day in days]
    assert not findings.is_guess


def test_what_the_user_says_counts() -> None:
    text = "19-01-02, 10:00 - Anna: a\n19-01-03, 10:00 - Ben: b\n"
    assert read(text, order="ymd")[0][0].sent_at[:10] == "2019-01-02"
    assert read(text, order="dmy")[0][0].sent_at[:10] == "2002-01-19"


@pytest.mark.parametrize(
    ("dates", "order"),
    [
        (("01.08.2022", "05.07.2022"), "day/month"), (("05.07.2022", "01.08.2022", "06.07.2022"), "day/month"),
        (("06/03/2017", "08/05/2017", "09/04/2017"), "day/month"),
        (("3/5/17", "2/6/17"), "month/day"),
    ],
)  # fmt: skip
def test_one_step_back_is_a_message_that_came_late_and_no_proof(dates: tuple[str, ...], order: str) -> None:
    text = "".join(f"{date}, 10:00 - {'Ann' if n % 2 else 'Ben'}: words {n}\n" for n, date in enumerate(dates))
    _, findings, _ = read(text)
    assert (findings.date_order, findings.is_guess) == (order, True)
