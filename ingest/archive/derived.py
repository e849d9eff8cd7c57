"""What is worked out over a whole archive after messages were added: counts and periods."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Mapping


def count_all(connection: sqlite3.Connection, chat: int) -> None:
    """Bring the counts of people and of `chat` up to date."""
    connection.execute(
        """
        UPDATE people SET message_count = coalesce(
            (SELECT sum(messages) FROM person_months WHERE person_id = people.id), 0)
        """
    )
    connection.execute(
        """
        UPDATE chats SET
            first_at = (SELECT min(started_at) FROM exchanges WHERE chat_id = chats.id),
            last_at = (SELECT max(ended_at) FROM exchanges WHERE chat_id = chats.id),
            message_count = (SELECT coalesce(sum(message_count), 0) FROM days WHERE chat_id = chats.id)
        WHERE id = ?
        """,
        (chat,),
    )
    connection.execute(
        """
        UPDATE places SET exchange_id = (SELECT exchange_id FROM messages WHERE id = message_id)
        WHERE exchange_id IS NOT (SELECT exchange_id FROM messages WHERE id = message_id)
        """
    )


def count_kinds(connection: sqlite3.Connection, chat: int, more: Mapping[str, int]) -> None:
    """Add to how many messages of each kind `chat` has; `more` may take away."""
    connection.executemany(
        """
        INSERT INTO chat_kinds (chat_id, kind, message_count) VALUES (?, ?, ?)
        ON CONFLICT DO UPDATE SET message_count = message_count + excluded.message_count
        """,
        [(chat, kind, count) for kind, count in more.items() if count],
    )
    connection.execute("DELETE FROM chat_kinds WHERE message_count <= 0")


def tell_periods(connection: sqlite3.Connection, chat: int, since: str, until: str) -> None:
    """Tell the months and years of `chat` that touch the days from `since` to `until`, by their best talks."""
    for length in (7, 4):
        low, high = since[:length], until[:length]
        within = "chat_id = ? AND length(period) = ? AND period BETWEEN ? AND ?"
        connection.execute(
            f"DELETE FROM period_exchanges WHERE period_id IN (SELECT id FROM periods WHERE {within})",
            (chat, length, low, high),
        )
        connection.execute(f"DELETE FROM periods WHERE {within}", (chat, length, low, high))
        rows = connection.execute(
            """
            SELECT period, title, started_at, id FROM (
                SELECT substr(started_at, 1, ?) AS period, title, started_at, id,
                    row_number() OVER (PARTITION BY substr(started_at, 1, ?) ORDER BY score DESC, id) AS place
                FROM exchanges WHERE chat_id = ? AND started_at >= ? AND started_at < ?
            ) WHERE place <= 3 ORDER BY period, place
            """,
            (length, length, chat, low, high + "~"),
        ).fetchall()
        connection.executemany(
            "INSERT INTO periods (chat_id, period, title, summary) VALUES (?, ?, ?, ?)",
            [(chat, period, *told) for period, told in _periods(rows)],
        )
        connection.executemany(
            """
            INSERT INTO period_exchanges (period_id, exchange_id)
            SELECT id, ? FROM periods WHERE chat_id = ? AND period = ?
            """,
            [(exchange, chat, period) for period, _, _, exchange in rows],
        )


def _periods(rows: Iterable[tuple[str, str, str, int]]) -> Iterable[tuple[str, tuple[str, str]]]:
    best: dict[str, list[tuple[str, str]]] = {}
    for period, title, at, _ in rows:
        best.setdefault(period, []).append((title, at))
    for period, talks in best.items():
        yield period, (talks[0][0], "\n".join(f"{at[:10]} · {title}" for title, at in talks))


#: SQLite looks again each time that an archive is so many times as large.
_GROWN = 1.1


def analyze(connection: sqlite3.Connection, new: int = 0) -> None:
    """Let SQLite look at how full each index is; a sample of each is enough.

    Where `new` messages do not make it a tenth larger, what it saw last is as good."""
    connection.execute("PRAGMA analysis_limit = 1000")
    there = connection.execute("SELECT coalesce(sum(message_count), 0) FROM chats").fetchone()[0]
    if 0 < new < there and int(math.log(there, _GROWN)) == int(math.log(there - new, _GROWN)):
        return
    connection.execute("ANALYZE")
