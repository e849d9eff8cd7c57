"""Lists of all there is of a kind: chats, people, days, years, places. SQL, and a page of it."""

from __future__ import annotations

from typing import Any

from memories_lib.shared import visible
from memories_lib.shared.sql import Run

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


def page_of(run: Run, sql: str, page: int, size: int) -> tuple[list[dict[str, Any]], int]:
    """(the rows of a page, counted from 1, of a question above; how many there are in all)"""
    rows = [dict(row) for row in run(f"{sql} LIMIT :most OFFSET :skip", {"most": size, "skip": (page - 1) * size})]
    is_all = page == 1 and len(rows) < size
    return rows, len(rows) if is_all else run(f"SELECT count(*) FROM ({sql})").fetchone()[0]
