"""One talk, exported from two phones: in two languages, zones and address books, in parts that overlap. Joined, it is
the talk, once: nothing doubled, nothing lost, everybody one person."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers import is_well, one, put, rows
from tests.phones import PHONES, Phone, Sent, write
from tests.talks import WORDS

#: Phones whose dates prove their order, or whose year stands first; with a name that a text file may have.
BY_NAME = {phone.name: phone for phone in PHONES}
NAMES = ("Anna", "Ben", "Carla", "Dmitri")
#: What another address book calls them: a pet name, another script, a number, nobody it knows.
OTHERWISE = {"Anna": "Mum 🌷", "Ben": "Бен", "Carla": "+44 20 7946 0999", "Dmitri": "~ Dima"}
SHORT = ("ok", "yes", "👍", "haha", "no")


@dataclass(frozen=True)
class Side:
    """How one phone shows the talk: from message `since` to `until`, `shift` off, with other names for some."""

    phone: Phone
    since: int
    until: int
    shift: timedelta = timedelta()
    renamed: frozenset[str] = frozenset()

    def show(self, talk: list[Sent]) -> str:
        """The export's text."""
        return write(
            self.phone,
            [
                replace(
                    sent, at=sent.at + self.shift,
                    sender=OTHERWISE[sent.sender] if sent.sender in self.renamed else sent.sender,
                )
                for sent in talk[self.since : self.until]
            ],
        )  # fmt: skip


def _talk(seed: int, count: int, people: int) -> list[Sent]:
    """Somebody says something long or short, sends a photo, deletes something; equal ones in a minute at times."""
    dice, at = random.Random(seed), datetime(2022, 1, 17, 9)
    found: list[Sent] = []
    while len(found) < count:
        at += timedelta(seconds=dice.choice([15, 40, 70, 400, 1_000, 6_000, 40_000]))
        sender = dice.choice(NAMES[:people])
        roll = dice.random()
        if roll < 0.15:
            found.append(Sent(at, sender, dice.choice(SHORT)))
        elif roll < 0.2:
            found.append(Sent(at, sender, "", "media"))
        elif roll < 0.23:
            found.append(Sent(at, sender, "", "deleted"))
        else:
            words = " ".join(dice.choices(WORDS, k=dice.randint(4, 12)))
            found.append(Sent(at, sender, f"{words} {len(found)}" + ("\nand more" if dice.random() < 0.05 else "")))
    return found


def _whole(talk: list[Sent], at: int) -> int:
    """Where a part may be cut: a minute and those next to it are not parted."""
    while 0 < at < len(talk) and talk[at].at - talk[at - 1].at < timedelta(minutes=3):
        at += 1
    return at


def _said(talk: list[Sent]) -> Counter[tuple[str, str]]:
    return Counter(
        ({"media": "image"}.get(sent.kind, sent.kind), sent.text if sent.kind == "text" else "") for sent in talk
    )


def _check(database: Path, talk: list[Sent], sides: tuple[Side, Side]) -> None:
    assert one(database, "SELECT count(*) FROM chats") == 1
    found = rows(database, "SELECT kind, text, sender_id, sent_at FROM messages ORDER BY sent_at, id")
    said = Counter((str(kind), str(text) if kind == "text" else "") for kind, text, _, _ in found)
    assert (said - _said(talk), _said(talk) - said) == (Counter(), Counter())
    who = {str(text): sender for kind, text, sender, _ in found if kind == "text" and len(str(text)) > 8}
    people: dict[str, set[object]] = {}
    for sent in talk:
        if sent.kind == "text" and sent.text in who:
            people.setdefault(str(sent.sender), set()).add(who[sent.text])
    assert all(len(ids) == 1 for ids in people.values()), people
    assert len({next(iter(ids)) for ids in people.values()}) == len(people)
    assert one(database, "SELECT count(*) FROM people") == len(people)
    # The clock is the one of the phone that was read first.
    clock = {sent.text: sent.at + sides[0].shift for sent in talk if sent.kind == "text" and len(sent.text) > 8}
    for _, text, _, at in found:
        if str(text) in clock:
            apart = datetime.fromisoformat(str(at)) - clock[str(text)]
            assert abs(apart) < timedelta(minutes=2), (text, at)
    is_well(database)


@pytest.mark.property
@given(
    st.integers(0, 1 << 30), st.integers(2, 4),
    st.sampled_from(["us", "gb", "de", "es", "fr", "ja", "ko", "ios_gb", "ios_us", "ios_de", "th", "vi"]),
    st.sampled_from(["us", "gb", "de", "es", "se", "zh", "hu", "ios_gb", "ios_us", "ios_ja", "ar", "nl"]),
    st.sampled_from([0, 0, 0, 1, -6, 9, 5.5]), st.integers(-25, 25), st.sets(st.sampled_from(NAMES)),
    st.integers(0, 60), st.integers(0, 60), st.booleans(),
)  # fmt: skip
def test_the_union_is_the_talk(
    tmp_path_factory: pytest.TempPathFactory, seed: int, people: int, first: str, second: str, hours: float, skew: int,
    renamed: set[str], before: int, after: int, is_turned: bool,
) -> None:  # fmt: skip
    """The parts have at least eighty messages in common, in which each who is renamed says something long."""
    folder = tmp_path_factory.mktemp("phones")
    talk = _talk(seed, 80 + before + after, people)
    since, until = _whole(talk, before), _whole(talk, 80 + before)
    shift = timedelta(hours=hours, seconds=skew)
    left = Side(BY_NAME[first], 0, until)
    right = Side(BY_NAME[second], since, len(talk), shift, frozenset(renamed))
    sides = (right, left) if is_turned else (left, right)
    database = folder / "memories.db"
    for n, side in enumerate(sides):
        path = folder / f"{n}" / "chat.txt"
        path.parent.mkdir()
        path.write_bytes(side.show(talk).encode())
        put(database, path)
    _check(database, talk, sides)
    # Both once more, with the end of the talk: nothing comes twice.
    for n, side in enumerate(sides):
        longer = folder / f"{n}" / "longer.txt"
        longer.write_bytes(replace(side, since=0, until=len(talk)).show(talk).encode())
        put(database, longer)
    _check(database, talk, sides)
