"""Whole lists that are short: chats, people, days, years, places. SQL, and what answers a route with it."""

from . import archive, shapes

STATS = """
WITH written AS (
    SELECT substr(month, 1, 4) AS year, sum(words) AS words, sum(photos) AS photos, sum(videos) AS videos,
        sum(voice_notes) AS voice_notes, count(DISTINCT person_id) AS people
    FROM person_months GROUP BY 1
)
SELECT counted.year, messages, coalesce(words, 0) AS words, coalesce(photos, 0) AS photos,
    coalesce(videos, 0) AS videos, coalesce(voice_notes, 0) AS voice_notes, coalesce(people, 0) AS people
FROM (SELECT substr(day, 1, 4) AS year, sum(message_count) AS messages FROM days GROUP BY 1) AS counted
LEFT JOIN written USING (year) ORDER BY counted.year
"""
PLACES = f"""
SELECT places.id, places.message_id, places.exchange_id, places.name, latitude, longitude, url, messages.sent_at
FROM places CROSS JOIN messages ON messages.id = places.message_id
LEFT JOIN exchange_marks ON exchange_marks.exchange_id = messages.exchange_id
WHERE latitude IS NOT NULL AND {shapes.VISIBLE} AND {shapes.NOT_HIDDEN} ORDER BY messages.sent_at DESC LIMIT 5000
"""
CHATS = """
SELECT id, name, kind, first_at, last_at, message_count FROM chats WHERE message_count > 0
ORDER BY message_count DESC
"""
PEOPLE = """
SELECT id, name, is_owner, message_count FROM people WHERE message_count > 0 ORDER BY message_count DESC
"""
DAYS = "SELECT day, sum(message_count) AS messages FROM days GROUP BY day ORDER BY day"


def table(sql, name):
    """A route that gives all rows of a small question."""

    async def answer(_request, datasette):
        return {name: await archive.read(datasette, lambda run: [dict(row) for row in run(sql)])}

    return answer
