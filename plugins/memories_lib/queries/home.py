"""What the home page shows: memories of this day, firsts, the best of each year, people, voices, places.

All of it is asked for at once and kept until the archive changes (`plugins/home.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from memories_lib.queries import overviews, talks
from memories_lib.queries.firsts import First, firsts
from memories_lib.shared import folding, visible
from memories_lib.shared.derived_words import QUOTE, shorten
from memories_lib.shared.sql import Row, Run

#: What is shown of a talk, a person or a place on a shelf: a row of `talks.CARDS`, or one that is made like it.
Card = Row

#: Slides of the hero; cards on a shelf; people on theirs.
_SLIDES, _ON_A_SHELF, _PEOPLE = 4, 12, 14
#: With fewer cards, a year's shelf shows what is elsewhere on the page as well.
_FEW = 3
#: Of a year's shelf, so many of one chat and of one month of it at most, while there are others.
_OF_A_CHAT, _OF_A_MONTH = 5, 2
#: The memories of the day are taken in turn from so many of the best.
_BEST = 120
#: With fewer memories of this very day, those of so many days before and after are shown, too.
_A_FULL_DAY, _DAYS_AROUND = 4, (3, 10)
#: A hero wants words that carry; with fewer letters a picture has to.
_SHORTEST_QUOTE = 12
#: Pictures that are shown as they are, up to so many bytes.
FOR_BROWSERS, MOST_BYTES = ("image/jpeg", "image/png", "image/webp"), 3 << 20
#: What a picture is worth, in the order of a shelf.
_PICTURE = 0.05


@dataclass(slots=True)
class Year:
    """A year's shelf: its best memories, and how many memories it has."""

    year: str
    title: str
    cards: list[Card]
    total: int


@dataclass(slots=True)
class Home:
    """`hero`: (why it is shown: "day" or "best", its card); `large`: pictures of it that browsers show as they are;
    `near`: few memories are of this day, so that those of the days around it are there, too.
    """

    hero: list[tuple[str, Card]] = field(default_factory=list)
    large: set[str] = field(default_factory=set)
    this_day: list[Card] = field(default_factory=list)
    near: bool = False
    firsts: list[First] = field(default_factory=list)
    years: list[Year] = field(default_factory=list)
    people: list[Card] = field(default_factory=list)
    places: list[Card] = field(default_factory=list)
    voices: list[Card] = field(default_factory=list)
    laughs: list[Card] = field(default_factory=list)


def home(run: Run, today: date) -> Home:
    """What there is to show on a day; a card's talk is on one shelf of years only, and no title comes twice."""
    shown = Home()
    said: set[str] = set()
    best_ids = _best_of_each_year(run)
    cards = _cards(run, [number for _, _, numbers in best_ids for number in numbers])
    this_day = _around(run, today, 0)
    shown.hero = _hero(this_day, cards, today, said)
    on_top = {card["id"] for _, card in shown.hero}
    shown.large = _large(run, [card["picture"] for _, card in shown.hero if card["picture"]])
    before = this_day
    for days in _DAYS_AROUND:
        if len(before) < _A_FULL_DAY:
            shown.near, before = True, _around(run, today, days)
    shown.this_day = _once([card for card in before if card["id"] not in on_top], said, _ON_A_SHELF)
    shown.firsts = firsts(run)
    said |= {folding.fold(first.words) for first in shown.firsts if first.words}
    # What made people laugh, and where they were, have shelves of their own; years show the rest.
    funny = [card for card in cards.values() if card["mood"] == "funny" and card["id"] not in on_top]
    shown.laughs = _once(varied(sorted(funny, key=lambda card: -card["score"])), said, _ON_A_SHELF)
    shown.places = _once(_places(run), said, _ON_A_SHELF)
    titles = _titles_of_years(run)
    for year, total, numbers in best_ids:
        of_year = [cards[number] for number in numbers if number in cards]
        others = [card for card in of_year if card["id"] not in on_top]
        # A year of few memories shows them all, those of the hero, too.
        picked = _once(varied(others), said, _ON_A_SHELF)
        if len(picked) < _FEW:
            picked = _once(varied(of_year), set(), _ON_A_SHELF)
        if picked:
            shown.years.append(Year(year, titles.get(year, ""), picked, total))
    shown.people = run(
        """
        SELECT id, name, message_count FROM people WHERE message_count > 0 AND NOT coalesce(is_owner, 0)
        ORDER BY message_count DESC, id LIMIT ?
        """,
        (_PEOPLE,),
    ).fetchall()
    shown.voices = _voices(run, cards)
    return shown


def _around(run: Run, today: date, days: int) -> list[Card]:
    """The memories of the same days of earlier years, so many before and after as well; a year after the other."""
    near = [(today + timedelta(n)).strftime("%m-%d") for n in range(-days, days + 1)]
    first = run("SELECT min(first_at) AS first FROM chats").fetchone()["first"] or str(today.year)
    wanted = [f"{year:04}-{day}" for year in range(int(first[:4]), today.year) for day in near]
    rows = run(
        f"""
        {talks.CARDS} WHERE exchanges.id IN (
            SELECT exchanges.id FROM json_each(?) AS day CROSS JOIN exchanges
            ON exchanges.is_memory AND started_at >= day.value AND started_at < day.value || '~'
        ) AND {visible.MARKED_SEEN} ORDER BY substr(exchanges.started_at, 1, 4), exchanges.score DESC
        """,
        (json.dumps(wanted),),
    ).fetchall()
    # The best of each year first, then the next of each.
    place: dict[str, int] = {}
    ranked = []
    for row in rows:
        year = row["started_at"][:4]
        ranked.append((place.setdefault(year, 0), year, row))
        place[year] += 1
    return [row for _, _, row in sorted(ranked, key=lambda one: one[:2])]


def _best_of_each_year(run: Run) -> list[tuple[str, int, list[int]]]:
    """(year, how many memories it has, the best of them, best first) of each year, the newest first."""
    found: dict[str, tuple[int, list[int]]] = {}
    for row in run(
        f"""
        SELECT year, id, total FROM (
            SELECT exchanges.id, substr(started_at, 1, 4) AS year, score,
                count(*) OVER (PARTITION BY substr(started_at, 1, 4)) AS total,
                row_number() OVER (
                    PARTITION BY substr(started_at, 1, 4) ORDER BY score DESC, exchanges.id DESC
                ) AS place
            FROM exchanges
            WHERE is_memory AND {visible.EXCHANGE_SEEN}
        ) WHERE place <= {_ON_A_SHELF * 3} ORDER BY year DESC, place
        """
    ):
        found.setdefault(row["year"], (row["total"], []))[1].append(row["id"])
    return [(year, total, numbers) for year, (total, numbers) in found.items()]


def _cards(run: Run, numbers: Sequence[int]) -> dict[int, Card]:
    given = ", ".join(map(str, numbers))
    rows = run(f"{talks.CARDS} WHERE exchanges.id IN ({given}) AND {visible.MARKED_SEEN}").fetchall()
    by_number = {row["id"]: row for row in rows}
    return {number: by_number[number] for number in numbers if number in by_number}


def varied(cards: Iterable[Card]) -> list[Card]:
    """The best first, pictures a little before words, and not two of one chat and month in a row.

    A chat that has more than its share waits until the others had their turn.
    """
    waiting = sorted(cards, key=lambda card: -(card["score"] + (_PICTURE if card["picture"] else 0)))
    order: list[Card] = []
    of_chat: dict[str, int] = {}
    of_month: dict[tuple[str, str], int] = {}

    def cost(card: Card) -> int:
        month = (card["chat"], card["started_at"][:7])
        is_next_to_its_like = bool(order) and (order[-1]["chat"], order[-1]["started_at"][:7]) == month
        over = (of_chat.get(card["chat"], 0) >= _OF_A_CHAT) + (of_month.get(month, 0) >= _OF_A_MONTH)
        return over + 2 * is_next_to_its_like

    while waiting:
        card = min(waiting, key=cost)  # the first of those that cost least
        waiting.remove(card)
        order.append(card)
        month = (card["chat"], card["started_at"][:7])
        of_chat[card["chat"]] = of_chat.get(card["chat"], 0) + 1
        of_month[month] = of_month.get(month, 0) + 1
    return order


def _once(cards: Iterable[Card], said: set[str], most: int) -> list[Card]:
    """So many of the cards at most, none with a title that was shown before."""
    picked: list[Card] = []
    for card in cards:
        title = folding.fold(card["title"] or "")
        if title in said:
            continue
        said.add(title)
        picked.append(card)
        if len(picked) == most:
            break
    return picked


def _hero(
    of_this_day: Sequence[Card], cards: Mapping[int, Card], today: date, said: set[str]
) -> list[tuple[str, Card]]:
    """Memories of this day, the best with a picture first; then those whose turn it is today."""
    carries = [card for card in of_this_day if card["picture"] or len(card["title"]) >= _SHORTEST_QUOTE]
    carries.sort(key=lambda card: -(card["score"] + (0.3 if card["picture"] else 0)))
    hero = [("day", card) for card in _once(carries, said, 2)]
    pictured = [card for card in cards.values() if card["picture"]]
    best = pictured if len(pictured) >= 3 * _SLIDES else list(cards.values())
    best = sorted(best, key=lambda card: -card["score"])[:_BEST]
    turn = today.toordinal() * (_SLIDES - 1) % max(1, len(best))
    there = {card["id"] for _, card in hero}
    for card in _once(best[turn:] + best[:turn], said, _SLIDES - len(hero)):
        if card["id"] not in there:
            hero.append(("best", card))
    return hero


def _large(run: Run, digests: Sequence[str]) -> set[str]:
    """Those that a browser can show at full size, and that are not too large for it."""
    types, given = ", ".join(f"'{kind}'" for kind in FOR_BROWSERS), ", ".join("?" * len(digests))
    sql = f"SELECT sha256 FROM media WHERE sha256 IN ({given}) AND mimetype IN ({types}) AND bytes <= {MOST_BYTES}"
    return {row["sha256"] for row in run(sql, tuple(digests))}


def _titles_of_years(run: Run) -> dict[str, str]:
    """year -> what a model called it, in the chat where most was written; nothing for years that nobody told."""
    rows = run(
        f"""
        SELECT told.period, told.title FROM ({overviews.TOLD}) AS told JOIN chats ON chats.name = told.chat
        WHERE length(told.period) = 4 AND told.told_by IS NOT NULL AND coalesce(told.title, '') <> ''
        ORDER BY chats.message_count
        """
    ).fetchall()
    return {row["period"]: row["title"] for row in rows}


def _places(run: Run) -> list[Card]:
    """Talks in which a place was shared, the newest first, each once."""
    rows = run(
        f"""
        {talks.CARDS} WHERE exchanges.id IN (
            SELECT exchange_id FROM places WHERE exchange_id IS NOT NULL
                AND {visible.message_itself("message_id")}
        ) AND {visible.MARKED_SEEN} ORDER BY exchanges.score DESC, exchanges.id LIMIT {_ON_A_SHELF}
        """
    ).fetchall()
    return varied(rows)


def _voices(run: Run, cards: Mapping[int, Card]) -> list[Card]:
    """Voice notes of the best memories, each with what was said before it."""
    given = ", ".join(map(str, cards))
    rows = run(
        f"""
        SELECT messages.id, messages.sent_at, messages.exchange_id, media.sha256, media.duration_s,
            people.name AS sender, exchanges.title, (
                SELECT text FROM messages AS before
                WHERE before.exchange_id = messages.exchange_id AND before.kind = 'text'
                    AND before.sent_at <= messages.sent_at AND before.id < messages.id
                    AND {visible.message_itself("before.id")}
                ORDER BY before.sent_at DESC, before.id DESC LIMIT 1
            ) AS said_before
        FROM messages JOIN media ON media.message_id = messages.id JOIN people ON people.id = messages.sender_id
        JOIN exchanges ON exchanges.id = messages.exchange_id
        WHERE messages.exchange_id IN ({given}) AND messages.kind = 'audio' AND media.sha256 IS NOT NULL
            AND {visible.MESSAGE_SEEN}
        ORDER BY exchanges.score DESC, messages.id LIMIT {_ON_A_SHELF}
        """
    ).fetchall()
    return [{**dict(row), "said_before": shorten(row["said_before"] or "", QUOTE)} for row in rows]
