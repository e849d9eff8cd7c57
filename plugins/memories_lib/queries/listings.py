"""Lists of all there is of a kind: chats, people, days, years, places. SQL, and what answers a route with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from datasette.app import Datasette
from datasette.utils.asgi import Request

from memories_lib.server import http, served_archive
from memories_lib.shared import visible
from memories_lib.shared.sql import Run

#: So many rows a page unless asked for fewer or more, and at most.
_PAGE, _LARGEST_PAGE = 1_000, 5_000

STATS = """
WITH written AS (
    SELECT substr(month, 1, 4) AS year, sum(words) AS words, sum(photos) AS photos, sum(videos) AS videos,
        sum(voice_notes) AS voice_notes, count(DISTINCT person_id) AS people
    FROM person_months GROUP BY 1
)
SELECT counted.year, messages, coalesce(words, 0) AS words, coalesce(photos, 0) AS photos,
    coalesce(videos, 0) AS videos, coalesce(voice_notes, 0) AS voice_notes, coalesce(people, 0) AS people
FROM (
    SELECT substr(day, 1, 4) AS year, sum(n) AS messages
    FROM (SELECT day, sum(message_count) AS n FROM days GROUP BY day) GROUP BY 1
) AS counted
LEFT JOIN written USING (year) ORDER BY counted.year
"""
PLACES = f"""
SELECT places.id, places.message_id, places.exchange_id, places.name, latitude, longitude, url, messages.sent_at
FROM places CROSS JOIN messages ON messages.id = places.message_id
LEFT JOIN exchange_marks ON exchange_marks.exchange_id = messages.exchange_id
WHERE latitude IS NOT NULL AND {visible.MESSAGE_ITSELF} AND {visible.MARKED_SEEN}
ORDER BY messages.sent_at DESC, places.id DESC
"""
CHATS = """
SELECT id, name, kind, first_at, last_at, message_count FROM chats WHERE message_count > 0
ORDER BY message_count DESC, id
"""
PEOPLE = """
SELECT id, name, is_owner, message_count FROM people WHERE message_count > 0 ORDER BY message_count DESC, id
"""
DAYS = "SELECT day, sum(message_count) AS messages FROM days GROUP BY day ORDER BY day"


def table(sql: str, name: str) -> Callable[[Request, Datasette], Awaitable[dict[str, Any]]]:
    """A route that gives the rows of a question, a page at a time: ``{name: [...], "total": 1234, "next": 2}``."""

    async def answer(request: Request, datasette: Datasette) -> dict[str, Any]:
        page = http.number(request, "page", 1, 1, 1_000_000)
        size = http.number(request, "page_size", _PAGE, 1, _LARGEST_PAGE)

        def find(run: Run) -> tuple[list[Any], int]:
            given = {"most": size, "skip": (page - 1) * size}
            rows = [dict(row) for row in run(f"{sql} LIMIT :most OFFSET :skip", given)]
            is_all = page == 1 and len(rows) < size
            return rows, len(rows) if is_all else run(f"SELECT count(*) FROM ({sql})").fetchone()[0]

        rows, total = await served_archive.read(datasette, find)
        return {name: rows, "total": total, "next": page + 1 if page * size < total else None}

    return answer
