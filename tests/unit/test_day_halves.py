"""Words for before and after noon that nobody here knows are learned from the file that writes them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from ingest.exports.day_halves import learn_halves
from tests.helpers import read

START = datetime(2021, 3, 7, 1, 2)


def clock(at: datetime) -> str:
    return f"{at.hour % 12 or 12}:{at.minute:02}"


def lines(
    words: tuple[str, str], form: str, *, count: int = 24, step: timedelta = timedelta(hours=5, minutes=1)
) -> list[tuple[datetime, str]]:
    """(time, line): `form` puts day, clock and word together."""
    found = []
    for n in range(count):
        at = START + n * step
        head = form.format(day=f"{at:%d/%m/%Y}", clock=clock(at), word=words[at.hour >= 12], second=f"{at.second:02}")
        found.append((at, f"{head}{'Nell' if n % 2 else 'Tobin Marsh'}: m {n}\n"))
    return found


WORDS = [
    ("BN", "PN"), ("g.ə.", "g.s."), ("Safiya", "Yamma"), ("m.", "p."), ("A.M.", "G.M."), ("çüşdən öň", "çüşdən soň"),
    ("ƒ", "ɣ"), ("ertëdan", "keçdän"), ("до обеда", "после обеда"), ("AM", "XM"), ("XM", "PM"),
    ("priešpiet", "popiet"), ("dopoledne", "odp."),
]  # fmt: skip
FORMS = [
    "{day}, {clock} {word} - ",
    "{day}, {clock}\u202f{word} - ",
    "{day}, {word} {clock} - ",
    "[{day}, {clock}:{second} {word}] ",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("count", [4, 24, 1_400])
def test_times_are_right_and_people_are_themselves(words: tuple[str, str], form: str, count: int) -> None:
    told = lines(words, form, count=count)
    found, _, _ = read("".join(line for _, line in told))
    assert {m.sender for m in found} == {"Nell", "Tobin Marsh"}
    assert [m.text for m in found] == [f"m {n}" for n in range(count)]
    assert [m.sent_at[:16] for m in found] == [f"{at:%Y-%m-%dT%H:%M}" for at, _ in told]


def test_one_word_alone_is_learned_before_several_people() -> None:
    told = lines(("BN", "PN"), FORMS[0], count=30, step=timedelta(hours=24, minutes=7))
    evening = [line.replace("1:", "6:").replace("BN", "PN") for _, line in told[:8]]
    found, _, _ = read("".join(evening))
    assert {m.sender for m in found} == {"Nell", "Tobin Marsh"}
    assert {m.sent_at[11:13] for m in found} == {"18"}


@pytest.mark.parametrize(
    "text",
    [
        ["07/03/2021, 13:02 Nell - hi: there\n"] * 3,
        ["07/03/2021, 1:02 - Nell: hi\n", "07/03/2021, 13:02 - Nell: hi\n"],
        ["07/03/2021, 1:02 AM - Nell: hi\n", "07/03/2021, 1:02 PM - Nell: hi\n"],
        ["07/03/2021, 1:02 Nell - the lake: hi\n"] * 3,
        ["no header at all\n"], [],
    ],
)  # fmt: skip
def test_nothing_is_learned_from_what_says_nothing(text: list[str]) -> None:
    assert learn_halves(text) == ()
