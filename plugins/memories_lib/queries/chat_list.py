"""The list of chats: who, from when to when, how many memories, the last words that may be read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from memories_lib.queries import profiles
from memories_lib.shared import visible
from memories_lib.shared.derived_words import QUOTE, shorten
from memories_lib.shared.sql import Row, Run

#: Chats on a page of the list.
PAGE = 60
#: Marks of memories beside a conversation.
_MARKS = 60


@dataclass(frozen=True, slots=True)
class Track:
    """The years of a chat as a line beside it: (year, its first talk, where it is, in per cent), (memory, where)."""

    start: str
    end: str
    years: list[tuple[str, int, float]]
    memories: list[tuple[Row, float]]


def chats(run: Run, skip: int = 0) -> list[dict[str, Any]]:
    """A page of chats, those in which something was said last first; one more than a page where there are more."""
    rows = run(
        """
        SELECT id, name, kind, first_at, last_at, message_count FROM chats WHERE message_count > 0
        ORDER BY last_at DESC, id LIMIT ? OFFSET ?
        """,
        (PAGE + 1, skip),
    ).fetchall()
    memories = dict(
        run(
            f"""
            SELECT chat_id, count(*) FROM exchanges
            WHERE is_memory AND {visible.exchange_seen("id")} GROUP BY chat_id
            """
        ).fetchall()
    )
    found = []
    for row in rows[:PAGE]:
        last = profiles.last_words(run, row["id"])
        found.append(
            {
                **dict(row),
                "memories": memories.get(row["id"], 0),
                "words": shorten(last["text"], QUOTE) if last else "",
                "sender": last["sender"] if last else "",
            }
        )
    return found + [dict(row) for row in rows[PAGE:]]


def talk_at(run: Run, chat: int, day: str = "") -> int | None:
    """The chat's last talk that may be seen, or the first one of a day or later; None for none."""
    order = "" if day else "DESC"
    found = run(
        f"""
        SELECT exchanges.id FROM exchanges LEFT JOIN exchange_marks ON exchange_marks.exchange_id = exchanges.id
        WHERE chat_id = ? AND started_at >= ? AND {visible.MARKED_SEEN}
        ORDER BY started_at {order}, exchanges.id {order} LIMIT 1
        """,
        (chat, day),
    ).fetchone()
    return found["id"] if found else None


def track(run: Run, chat: int) -> Track:
    """Where the years of a chat begin and where its best memories lie, along its time."""
    row_of_chat = run("SELECT first_at, last_at FROM chats WHERE id = ?", (chat,)).fetchone()
    if row_of_chat is None or not row_of_chat["first_at"]:
        return Track("", "", [], [])
    start, end = (datetime.fromisoformat(row_of_chat[name]).timestamp() for name in ("first_at", "last_at"))

    def place(at: str) -> float:
        return round(100 * min(1, max(0, (datetime.fromisoformat(at).timestamp() - start) / ((end - start) or 1))), 1)

    years = []
    for year in range(int(row_of_chat["first_at"][:4]), int(row_of_chat["last_at"][:4]) + 1):
        number = talk_at(run, chat, f"{year:04}")
        if number is not None:
            first = run("SELECT started_at FROM exchanges WHERE id = ?", (number,)).fetchone()["started_at"]
            if first.startswith(f"{year:04}"):
                years.append((str(year), number, place(first)))
    rows = run(
        f"""
        SELECT exchanges.id, title, started_at FROM exchanges
        LEFT JOIN exchange_marks ON exchange_marks.exchange_id = exchanges.id
        WHERE chat_id = ? AND is_memory AND {visible.MARKED_SEEN} ORDER BY score DESC LIMIT {_MARKS}
        """,
        (chat,),
    ).fetchall()
    marks = sorted(((row, place(row["started_at"])) for row in rows), key=itemgetter(1))
    return Track(row_of_chat["first_at"][:10], row_of_chat["last_at"][:10], years, marks)
