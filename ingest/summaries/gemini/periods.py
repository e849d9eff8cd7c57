"""Months, years and whole chats, told from the talks' summaries, each with the talks it draws on.

A period is asked about like a talk whose lines are what was told before: of talks for a month, of months and the best
talks for a year, of years and the best talks for the whole chat. So it is kept, redacted and budgeted the same way.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from hashlib import blake2b
from typing import Literal

from ingest.core.keys import MASK
from ingest.summaries.gemini.cache import AnswerCache
from ingest.summaries.gemini.transcript import Line, Talk, one_line
from memories_lib.queries.overviews import TOLD
from memories_lib.shared import visible

Level = Literal["month", "year", "all"]
LEVELS: tuple[Level, ...] = ("month", "year", "all")
_LENGTH = {"month": 7, "year": 4, "all": 0}
_MOST = 24
#: Fewer talks than this make no month worth telling.
_FEWEST = 2

_BEST = f"""
SELECT id, substr(started_at, 1, 10), title, summary FROM (
    SELECT id, started_at, title, summary FROM exchanges
    WHERE chat_id = ? AND started_at >= ? AND started_at < ?
        AND {visible.exchange_seen("id")}
        -- What is told of a talk may quote anybody who spoke in it.
        AND NOT EXISTS (
            SELECT 1 FROM messages JOIN people ON people.id = sender_id
            WHERE exchange_id = exchanges.id AND people.name IN (SELECT value FROM json_each(?))
        )
    ORDER BY score DESC, id LIMIT ?
) ORDER BY started_at
"""


def periods(
    connection: sqlite3.Connection,
    level: Level,
    *,
    chat: str | None = None,
    without: frozenset[str] = frozenset(),
    people: frozenset[str] = frozenset(),
) -> Iterator[Talk]:
    """The periods of one length that are worth telling, as talks: `exchange` is the period's number in `periods`.

    None of chats in `without`, and none of what is told of talks in which `people` spoke.
    """
    rows = connection.execute(
        """
        SELECT periods.id, chats.id, chats.name, chats.key, period FROM periods JOIN chats ON chats.id = chat_id
        WHERE (? IS NULL OR chats.name = ?)
            AND CASE ? WHEN 0 THEN period = 'all' ELSE length(period) = ? AND period <> 'all' END
        ORDER BY chats.id, period
        """,
        (chat, chat, _LENGTH[level], _LENGTH[level]),
    ).fetchall()
    for number, chat_id, name, key, period in rows:
        if name in without:
            continue
        lines = list(_lines(connection, chat_id, level, "" if level == "all" else period, people))
        if len(lines) >= _FEWEST:
            yield _as_talk(number, name, key, period, lines)


def _lines(
    connection: sqlite3.Connection, chat: int, level: Level, period: str, people: frozenset[str]
) -> Iterator[Line]:
    """What it is told from. `message` is an exchange's number, or 0 for a shorter period."""
    number = 0
    if level != "month":
        shorter = 7 if level == "year" else 4
        told = connection.execute(
            # Not those that may speak of what was hidden since they were told.
            f"""
            SELECT period, title, summary FROM ({TOLD}) AS told
            WHERE id IN (
                SELECT id FROM periods
                WHERE chat_id = ? AND length(period) = ? AND period <> 'all' AND period >= ? AND period < ?
            ) AND told_by IS NOT NULL
            ORDER BY period
            """,
            (chat, shorter, period, period + "~"),
        ).fetchall()
        for at, title, summary in told:
            number += 1
            yield Line(0, number, "·", at, one_line(f"{title}: {summary}")[:500], 1)
    for exchange, at, title, summary in connection.execute(
        _BEST, (chat, period, period + "~", json.dumps(sorted(people)), _MOST)
    ).fetchall():
        number += 1
        yield Line(exchange, number, "-", at, one_line(f"{title}: {summary}")[:400], 1)


def _as_talk(number: int, chat: str, chat_key: int, period: str, lines: list[Line]) -> Talk:
    said = "\x1e".join(f"{line.at}\x1f{line.text}" for line in lines)
    digest = blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    place = period_key(chat_key, period)
    when = period if period != "all" else "all years"
    return Talk(number, place, chat, False, when, 1.0, digest, {}, tuple(lines))


def period_key(chat_key: int, period: str) -> int:
    """The key under which answers about a month, a year or all of a chat are kept."""
    return int.from_bytes(blake2b(f"{chat_key}\x1f{period}".encode(), digest_size=8).digest(), "big") & MASK


def make_room(connection: sqlite3.Connection) -> None:
    """A row of `periods` for each whole chat."""
    connection.execute(
        """
        INSERT INTO periods (chat_id, period, title, summary) SELECT id, 'all', name, '' FROM chats
        WHERE id NOT IN (SELECT chat_id FROM periods WHERE period = 'all')
        """
    )


def apply_periods(connection: sqlite3.Connection, cache: AnswerCache, level: Level) -> int:
    """Show what was answered before for periods that say the same; returns how many. In an open transaction."""
    count = 0
    for period in list(periods(connection, level, people=cache.excluded_in(connection, "person"))):
        found = cache.latest(period.key, period.digest)
        if found is None:
            continue
        summary, model, _, _ = found
        connection.execute(
            """
            UPDATE periods SET title = ?, summary = ?, told_by = ?, told_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
            WHERE id = ?
            """,
            (summary.title, summary.summary, model, period.exchange),
        )
        drawn = _drawn_on(connection, period, summary.heart)
        if drawn:
            connection.execute("DELETE FROM period_exchanges WHERE period_id = ?", (period.exchange,))
            connection.executemany(
                "INSERT OR IGNORE INTO period_exchanges VALUES (?, ?)",
                [(period.exchange, exchange) for exchange in drawn],
            )
        count += 1
    return count


def _drawn_on(connection: sqlite3.Connection, period: Talk, heart: tuple[int, ...]) -> list[int]:
    """The talks behind the lines that were named; behind a shorter period, the talks that it was told from."""
    lines = {line.number: line for line in period.lines}
    drawn: list[int] = []
    for line in (lines[number] for number in heart if number in lines):
        if line.message:
            drawn.append(line.message)
            continue
        drawn += [
            exchange
            for (exchange,) in connection.execute(
                """
                SELECT exchange_id FROM period_exchanges JOIN periods ON periods.id = period_id
                WHERE period = ? AND chat_id = (SELECT chat_id FROM periods WHERE id = ?)
                """,
                (line.at, period.exchange),
            )
        ]
    return list(dict.fromkeys(drawn))
