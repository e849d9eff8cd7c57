"""What the pages that look over the whole archive ask of it: calendar, gallery, map, years, numbers."""

from __future__ import annotations

import heapq
import json
from calendar import MONDAY, Calendar
from collections import Counter
from collections.abc import Iterable
from typing import Any

from memories_lib.queries import listings
from memories_lib.shared import visible
from memories_lib.shared.sql import Row, Run

#: Chats on a page of a year.
_CHATS = 30
#: So many places are listed beside the map, which has all.
PLACES_A_PAGE = 200
#: All chats together, a day at a time: an index has it.
_BY_DAY = "SELECT day, sum(message_count) AS n FROM days GROUP BY day"
#: From when to when what is hidden reaches, as it is and as ingest made it, before it was merged or parted: chat_id,
#: started_at, ended_at, hidden_at ("~" where nobody knows, which is later than any time).
_HIDDEN_TIMES = f"""
alone AS MATERIALIZED (
    SELECT messages.id, chat_id, exchange_id, sent_at
    FROM ({visible.HIDDEN_ALONE}) AS hidden CROSS JOIN messages ON messages.id = hidden.message_id
), hidden AS MATERIALIZED (
    SELECT chat_id, started_at, ended_at, coalesce(hidden_at, '~') AS hidden_at
    FROM exchange_marks CROSS JOIN exchanges ON exchanges.id = exchange_id WHERE NOT {visible.MARKED_SEEN}
    UNION
    SELECT before.chat_id, before.started_at, before.ended_at, coalesce(hidden_at, '~')
    FROM messages_before CROSS JOIN messages ON messages.id = messages_before.message_id
    CROSS JOIN exchange_marks ON exchange_marks.exchange_id = messages.exchange_id
    CROSS JOIN exchanges_before AS before ON before.id = messages_before.exchange_id WHERE NOT {visible.MARKED_SEEN}
    UNION
    SELECT exchanges.chat_id, started_at, ended_at, '~'
    FROM alone CROSS JOIN exchanges ON exchanges.id = alone.exchange_id
    UNION
    SELECT before.chat_id, before.started_at, before.ended_at, '~'
    FROM alone CROSS JOIN messages_before ON messages_before.message_id = alone.id
    CROSS JOIN exchanges_before AS before ON before.id = messages_before.exchange_id
    UNION
    SELECT chat_id, sent_at, sent_at, '~' FROM alone
)"""
#: Periods as they were told; `told_by` is NULL where what was told may speak of something that is hidden.
TOLD = f"""
WITH {_HIDDEN_TIMES}
SELECT periods.id, period, chats.name AS chat, periods.title, periods.summary,
    -- What was told before a talk of that time was hidden may speak of it.
    CASE WHEN EXISTS (
        SELECT 1 FROM hidden
        WHERE hidden.chat_id = periods.chat_id AND hidden_at >= told_at AND (
            period = 'all' OR (
                substr(started_at, 1, length(period)) <= period AND substr(ended_at, 1, length(period)) >= period
            )
        )
    ) THEN NULL ELSE told_by END AS told_by
FROM periods JOIN chats ON chats.id = chat_id
"""
#: Periods of which something may be seen: of a time in which nothing was said there is no trace.
_WITH_DAYS = (
    "EXISTS (SELECT 1 FROM days WHERE days.chat_id = periods.chat_id AND day >= period AND day < period || '~')"
)


def years(run: Run, asked: str = "", skip: int = 0) -> dict[str, Any]:
    """One year and its months as they are told, with the talks that they draw on; of so many chats, the largest first.

    `asked` is a year, else the newest; `skip`: so many chats were on the pages before. Gives a dict: `year`, `years`
    (all there are), `told`, `chats` (whole chats that a model told, with the newest year), `more` (where the next page
    begins, or None).
    """
    found = [
        row[0]
        for row in run(f"SELECT DISTINCT period FROM periods WHERE length(period) = 4 AND {_WITH_DAYS} ORDER BY 1 DESC")
    ]
    year = asked if asked in found else next(iter(found), "")
    listed = [
        row[0]
        for row in run(
            f"""
            SELECT chats.id FROM periods JOIN chats ON chats.id = chat_id WHERE period = :year AND {_WITH_DAYS}
            ORDER BY chats.message_count DESC, chats.id LIMIT :most OFFSET :skip
            """,
            {"year": year, "most": _CHATS + 1, "skip": skip},
        )
    ]
    of_these = f"chats.id IN ({', '.join(map(str, listed[:_CHATS]))})"
    rows = run(
        f"""
        {TOLD} WHERE {of_these} AND (period = :year OR (period >= :year AND period < :year || '~'))
        ORDER BY period DESC, chats.message_count DESC, chats.id
        """,
        {"year": year},
    ).fetchall()
    told = _with_talks(run, rows)
    shown = [one for one in told if one["period"] == year]
    by_chat = {one["chat"]: one for one in shown}
    for one in reversed(told):
        if len(one["period"]) == 7 and one["chat"] in by_chat:
            by_chat[one["chat"]]["months"].append(one)
    whole = run(f"{TOLD} WHERE period = 'all' ORDER BY chats.message_count DESC").fetchall() if not skip else []
    return {
        "year": year, "years": found, "told": shown,
        "chats": [one for one in _with_talks(run, whole) if one["told_by"]] if year == next(iter(found), "") else [],
        "more": skip + _CHATS if len(listed) > _CHATS else None,
    }  # fmt: skip


def _with_talks(run: Run, rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Periods with the talks that they draw on, those that may be seen; without periods that say nothing."""
    drawn: dict[int, list[dict[str, Any]]] = {}
    ids = ", ".join(str(row["id"]) for row in rows)
    for row in run(
        f"""
        SELECT period_id, exchanges.id, exchanges.title, exchanges.started_at
        FROM period_exchanges
        JOIN exchanges ON exchanges.id = coalesce(
            (SELECT exchange_id FROM merged_exchanges WHERE id = period_exchanges.exchange_id),
            period_exchanges.exchange_id
        )
        LEFT JOIN exchange_marks ON exchange_marks.exchange_id = exchanges.id
        WHERE period_id IN ({ids}) AND {visible.MARKED_SEEN} ORDER BY exchanges.started_at
        """
    ):
        drawn.setdefault(row["period_id"], []).append(row)
    told = [{**dict(row), "talks": drawn.get(row["id"], []), "months": []} for row in rows]
    return [one for one in told if one["talks"] or one["told_by"]]


def calendar(run: Run, asked: str = "") -> dict[str, Any]:
    """A year (`asked`, else the newest) as months of weeks that begin on Monday.

    Gives a dict: `year`, `years` (all in which something was said, the newest first), `total` messages, `months`: for
    each in which something was said (YYYY-MM, weeks of seven days, 0 for other days), `days`: day -> (messages, the
    title of its best memory or "").
    """
    listed = run(f"SELECT substr(day, 1, 4) AS year, sum(n) AS n FROM ({_BY_DAY}) GROUP BY 1 ORDER BY 1 DESC")
    years = {row["year"]: row["n"] for row in listed}
    year = asked if asked in years else next(iter(years), "")
    memories = {
        row["day"]: row["title"]
        for row in run(
            f"""
            SELECT best.day, title FROM (
                SELECT substr(started_at, 1, 10) AS day, id, max(score) FROM exchanges
                WHERE is_memory AND started_at >= :year AND started_at < :year || '~'
                    AND {visible.exchange_seen("id")} GROUP BY 1
            ) AS best CROSS JOIN exchanges ON exchanges.id = best.id
            """,
            {"year": year or "~"},
        )
    }
    days = {
        row["day"]: (row["n"], memories.get(row["day"]) or "")
        for row in run(
            "SELECT day, sum(message_count) AS n FROM days WHERE day >= :year AND day < :year || '~' GROUP BY day",
            {"year": year or "~"},
        )
    }
    weeks = Calendar(MONDAY)
    said = sorted({day[:7] for day in days})
    months = [(month, weeks.monthdayscalendar(int(month[:4]), int(month[5:]))) for month in said]
    return {"year": year, "years": list(years), "total": years.get(year, 0), "months": months, "days": days}


_KINDS = {"photos": ("image", "gif"), "videos": ("video",), "voices": ("audio",)}


def kinds_of(shown: str) -> tuple[str, ...]:
    """The kinds of messages that a part of the gallery shows."""
    return _KINDS.get(shown, _KINDS["photos"])


def gallery(run: Run, kind: str, before: str = "", most: int = 60) -> tuple[dict[str, list[Row]], str | None]:
    """(months of media of a kind, the newest first, where the next page begins); `before` is where this one does."""
    at, _, number = before.partition("/")
    kinds = kinds_of(kind)
    rows = run(
        f"""
        WITH chosen AS (
            SELECT media.id FROM media CROSS JOIN messages ON messages.id = media.message_id
            LEFT JOIN exchange_marks ON exchange_marks.exchange_id = messages.exchange_id
            WHERE media.sha256 IS NOT NULL AND messages.kind IN ({", ".join("?" * len(kinds))})
                AND (messages.sent_at, media.id) < (?, ?) AND {visible.MESSAGE_ITSELF} AND {visible.MARKED_SEEN}
            ORDER BY messages.sent_at DESC, media.id DESC LIMIT ?
        )
        SELECT media.id, media.sha256, media.thumbnail, media.width, media.height, media.duration_s, media.mimetype,
            media.caption, messages.sent_at, messages.id AS message_id, messages.exchange_id, people.name AS sender
        FROM chosen CROSS JOIN media ON media.id = chosen.id CROSS JOIN messages ON messages.id = media.message_id
        LEFT JOIN people ON people.id = messages.sender_id
        ORDER BY messages.sent_at DESC, media.id DESC
        """,
        (*kinds, at or "~", int(number) if number.isdigit() and len(number) < 19 else 0, most + 1),
    ).fetchall()
    rows, last = rows[:most], rows[most - 1] if len(rows) > most else None
    months: dict[str, list[Row]] = {}
    for row in rows:
        months.setdefault(row["sent_at"][:7], []).append(row)
    return months, f"{last['sent_at']}/{last['id']}" if last else None


def places(run: Run, skip: int = 0) -> list[Row]:
    """Shared places with coordinates, the newest first: a page of them, and one more where there are more."""
    return [dict(row) for row in run(f"{listings.PLACES} LIMIT ? OFFSET ?", (PLACES_A_PAGE + 1, skip))]


def numbers(run: Run) -> dict[str, Any]:
    """What the charts show: years, people, months, weekdays, kinds, the words of each year."""
    years = [dict(row) for row in run(listings.STATS)]
    by_person = [
        dict(row)
        for row in run(
            "SELECT id, name, message_count FROM people WHERE message_count > 0 ORDER BY message_count DESC LIMIT 12"
        )
    ]
    months = [dict(row) for row in run(f"SELECT substr(day, 6, 2) AS month, sum(n) AS n FROM ({_BY_DAY}) GROUP BY 1")]
    weekdays = {
        row["weekday"]: row["n"]
        # Monday is 0, as the words have it.
        for row in run(
            f"""
            SELECT (CAST(strftime('%w', day) AS INTEGER) + 6) % 7 AS weekday, sum(n) AS n
            FROM ({_BY_DAY}) GROUP BY 1
            """
        )
    }
    kinds = [
        tuple(row)
        for row in run(
            """
            SELECT kind, sum(message_count) AS n FROM chat_kinds WHERE kind NOT IN ('text', 'system')
            GROUP BY kind ORDER BY n DESC LIMIT 8
            """
        )
    ]
    counted: dict[str, Counter[str]] = {}
    for row in run(
        f"""
        SELECT substr(started_at, 1, 4) AS year, topics FROM exchanges
        WHERE is_memory AND {visible.EXCHANGE_SEEN}
        """
    ):
        counted.setdefault(row["year"], Counter()).update(json.loads(row["topics"]))
    words = {
        year: [word for word, _ in heapq.nsmallest(8, of_year.items(), key=lambda one: (-one[1], one[0]))]
        for year, of_year in sorted(counted.items(), reverse=True)
    }
    return {
        "years": years, "people": by_person, "months": months, "words": words, "weekdays": weekdays, "kinds": kinds,
    }  # fmt: skip
