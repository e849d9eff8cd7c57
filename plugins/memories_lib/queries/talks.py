"""What the pages of the memories view ask of the archive. Every function runs in a thread with `run` = execute."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TypedDict

from memories_lib.queries import talk_page
from memories_lib.queries.talk_filter import TalkFilter
from memories_lib.shared import visible
from memories_lib.shared.contract import MOODS
from memories_lib.shared.sql import Row, Run

PAGE = 30
#: A part of a book ends with the talk in which it has so many messages.
_PART_OF_A_BOOK = 1_000
#: Letters of a message that count as one more.
_A_MESSAGE = 400
_PICTURE = f"""
(
    SELECT media.sha256 FROM messages JOIN media ON media.message_id = messages.id
    WHERE messages.exchange_id = exchanges.id AND media.thumbnail IS NOT NULL
        AND messages.kind IN ('image', 'video', 'gif')
        AND {visible.MESSAGE_ITSELF} ORDER BY messages.kind = 'image' DESC LIMIT 1
) AS picture
"""
#: What is shown of a talk in lists; narrowed by a WHERE on `exchanges` and `exchange_marks`.
CARDS = f"""
SELECT exchanges.id, exchanges.title, exchanges.summary, exchanges.started_at, exchanges.mood, exchanges.language,
    exchanges.message_count, exchanges.participant_count, exchanges.score, exchanges.is_memory, chats.id AS chat_id,
    chats.name AS chat, coalesce(is_starred, 0) AS is_starred, coalesce(is_hidden, 0) > 0 AS is_hidden, note, {_PICTURE}
FROM exchanges CROSS JOIN chats ON chats.id = exchanges.chat_id
LEFT JOIN exchange_marks ON exchange_marks.exchange_id = exchanges.id
"""
_ORDERS = {
    "newest": ("exchanges.started_at DESC, exchanges.id DESC", "<"),
    "oldest": ("exchanges.started_at, exchanges.id", ">"),
    "best": ("exchanges.score DESC, exchanges.id DESC", None),
}


class ArchiveSummary(TypedDict):
    """What there is to choose from; `start` and `end` are times of the first and last message, None without any."""

    messages: int
    start: str | None
    end: str | None
    years: list[int]
    chats: list[str]
    people: list[str]
    moods: list[str]


def has_archive(run: Run) -> bool:
    """Whether the database is one of ours."""
    return run("SELECT 1 FROM sqlite_master WHERE name = 'exchange_marks'").fetchone() is not None


def summary(run: Run) -> ArchiveSummary:
    """How many messages there are, from when to when, and what can be chosen from."""
    row = run(
        "SELECT coalesce(sum(message_count), 0) AS messages, min(first_at) AS start, max(last_at) AS end FROM chats"
    ).fetchone()
    first, last = (row["start"] or "")[:4], (row["end"] or "")[:4]
    chats = run("SELECT name FROM chats WHERE message_count > 0 ORDER BY message_count DESC, id LIMIT 200").fetchall()
    return {
        "messages": row["messages"],
        "start": row["start"],
        "end": row["end"],
        "years": list(range(int(last), int(first) - 1, -1)) if first else [],
        "chats": [chat["name"] for chat in chats],
        "people": [
            row["name"]
            for row in run("SELECT name FROM people WHERE message_count > 0 ORDER BY message_count DESC LIMIT 200")
        ],
        "moods": list(MOODS),
    }


def memories(run: Run, asked: Mapping[str, str]) -> tuple[list[Row], str | None]:
    """(a page of cards, where the next begins) for what `asked` says: see `TalkFilter`, and order, before."""
    wanted = TalkFilter.from_args(asked, may_see_hidden=True)
    condition, given = wanted.tuned(run, best_first=asked.get("order") == "best").where()
    where, given = [condition], {**given, "most": PAGE + 1}
    order, side = _ORDERS.get(asked.get("order") or "", _ORDERS["newest"])
    skip = ""
    if asked.get("before"):
        at, _, digits = asked["before"].partition("/")
        number = int(digits) if digits.isdigit() and len(digits) < 19 else 0
        if side:
            where.append(f"(exchanges.started_at, exchanges.id) {side} (:at, :number)")
            given |= {"at": at, "number": number}
        else:
            skip, given["skip"] = "OFFSET :skip", number
    # Which ones is told by indexes; what is shown of each is looked up for those alone.
    chosen = f"SELECT exchanges.id FROM exchanges WHERE {' AND '.join(where)} ORDER BY {order} LIMIT :most {skip}"
    rows = run(f"{CARDS} WHERE exchanges.id IN ({chosen}) ORDER BY {order}", given).fetchall()
    more = None
    if len(rows) > PAGE:
        last = rows[PAGE - 1]
        more = f"{last['started_at']}/{last['id']}" if side else f"/{given.get('skip', 0) + PAGE}"
    return rows[:PAGE], more


#: Days before and after one, whose memories are shown where it has none itself.
_NEAR = 10


def on_this_day(run: Run, day: str) -> tuple[list[Row], list[Row]]:
    """(cards of that day in every year, cards of days near it: memories, where that day has none)."""
    near = f"""
        {CARDS} WHERE exchanges.id IN (
            SELECT exchanges.id FROM (
                SELECT DISTINCT day FROM days WHERE substr(day, 6) IN (SELECT value FROM json_each(?))
            ) AS days CROSS JOIN exchanges ON started_at >= days.day AND started_at < days.day || '~'
            WHERE {visible.EXCHANGE_SEEN}
            ORDER BY days.day DESC, exchanges.score DESC, exchanges.id LIMIT 120
        ) ORDER BY substr(exchanges.started_at, 1, 10) DESC, exchanges.score DESC, exchanges.id
    """
    found = run(near, (f'["{day[5:]}"]',)).fetchall()
    if any(card["is_memory"] for card in found):
        return found, []
    around = [time.strftime("%m-%d", time.gmtime(_seconds(day) + n * 86400)) for n in range(-_NEAR, _NEAR + 1)]
    others = run(near, ("[" + ", ".join(f'"{d}"' for d in around) + "]",)).fetchall()
    there = {card["id"] for card in found}
    return found, [card for card in others if card["id"] not in there and (card["is_memory"] or not found)][:12]


def _seconds(day: str) -> float:
    return time.mktime((int(day[:4]), int(day[5:7]), int(day[8:10]), 12, 0, 0, 0, 0, 0)) - time.timezone


def day(run: Run, asked: str) -> list[Row]:
    """Cards of one day (``2024-06-14``)."""
    return run(
        f"{CARDS} WHERE exchanges.started_at >= ? AND exchanges.started_at < ? || '~' AND {visible.MARKED_SEEN}"
        " ORDER BY exchanges.started_at LIMIT 200",
        (asked, asked),
    ).fetchall()


def best(run: Run, condition: str, number: object, most: int = 6) -> list[Row]:
    """The cards of the best memories that fit a condition with one parameter."""
    return run(
        f"""
        {CARDS} WHERE exchanges.id IN (
            SELECT exchanges.id FROM exchanges WHERE exchanges.is_memory AND {condition}
                AND {visible.EXCHANGE_SEEN}
            ORDER BY exchanges.score DESC, exchanges.id DESC LIMIT ?
        ) ORDER BY exchanges.score DESC, exchanges.id DESC
        """,
        (number, most),
    ).fetchall()


def book(run: Run, asked: Mapping[str, str]) -> tuple[list[talk_page.TalkPage], str | None]:
    """(some talks of a book for a page, the oldest first; where the next part begins, or None)"""
    rows, more = memories(run, {**asked, "order": "oldest"})
    found, size = [], 0
    for n, row in enumerate(rows, 1):
        told = talk_page.talk(run, row["id"])
        found += [told] if told else []
        size += sum(1 + len(m["text"] or "") // _A_MESSAGE for m in told["messages"]) if told else 0
        if size >= _PART_OF_A_BOOK and n < len(rows):
            return found, f"{row['started_at']}/{row['id']}"
    return found, more
