"""Finding a chat's messages by time: a stretch of it by exchanges, which are few, a minute by the messages themselves.

A chat's exchanges lie side by side, so that a stretch of time touches those that start in it and at
most a few that started before it. While an archive shows edits, exchanges with hidden messages are
shorter than they were: whoever looks for stretches takes edits off first.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta

#: Small steps back in time let neighbours overlap; no more of them than this reach over the start of another.
_MOST_OVERLAPPING = 3


def exchanges_between(connection: sqlite3.Connection, chat: int, start: str, end: str) -> list[tuple[int, str, str]]:
    """The exchanges (id, first time, last time) of `chat` that touch the time from `start` to `end`."""
    inside = connection.execute(
        "SELECT id, started_at, ended_at FROM exchanges WHERE chat_id = ? AND started_at BETWEEN ? AND ?",
        (chat, start, end),
    ).fetchall()
    before = connection.execute(
        """
        SELECT id, started_at, ended_at FROM exchanges
        WHERE chat_id = ? AND started_at < ? ORDER BY started_at DESC LIMIT ?
        """,
        (chat, start, _MOST_OVERLAPPING),
    )
    return inside + [(exchange, started, ended) for exchange, started, ended in before if ended >= start]


def as_json(exchanges: Iterable[int]) -> str:
    """Ids as one parameter, for ``IN (SELECT value FROM json_each(?))``."""
    return json.dumps(list(exchanges))


def messages_between(
    connection: sqlite3.Connection, chat: int, start: str, end: str
) -> Iterable[tuple[int, int | None, str, str, str, int, int]]:
    """The told messages of `chat` from `start` to `end`: (id, sender, time, kind, text, is_edited, exchange)."""
    exchanges = [exchange for exchange, _, _ in exchanges_between(connection, chat, start, end)]
    if not exchanges:
        return ()
    return connection.execute(
        """
        SELECT id, sender_id, sent_at, kind, text, is_edited, exchange_id FROM messages
        WHERE exchange_id IN (SELECT value FROM json_each(?)) AND sent_at BETWEEN ? AND ? ORDER BY exchange_id, id
        """,
        (as_json(exchanges), start, end),
    )


def messages_near(
    connection: sqlite3.Connection, chat: int, minute: str
) -> Iterable[tuple[int, int | None, str, str, str, int, int]]:
    """The told messages of `chat` in a minute and those next to it: two phones' clocks are seconds apart."""
    return connection.execute(
        """
        SELECT id, sender_id, sent_at, kind, text, is_edited, exchange_id FROM messages
        WHERE +chat_id = ? AND sent_at BETWEEN ? AND ? AND exchange_id IS NOT NULL ORDER BY sent_at, id
        """,
        (chat, next_minute(minute, -1), next_minute(minute) + ":~"),
    )


def next_minute(minute: str, step: int = 1) -> str:
    """The minute (``2024-05-01T09:59``) so many minutes later."""
    number = int(minute[14:16]) + step
    if 0 <= number < 60:
        return f"{minute[:14]}{number:02}"
    return (datetime.fromisoformat(minute) + timedelta(minutes=step)).isoformat(timespec="minutes")
