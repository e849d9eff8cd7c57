"""Which talks are memories: the best of each chat's year, so that a loud chat takes no place from a quiet one."""

from __future__ import annotations

import sqlite3

#: About this part of a chat's messages of a year is in memories, and at least one talk where one is worth it.
MEMORY_SHARE = 0.05
#: No talk with a lower score is a memory, whatever else the year holds; but where no talk has it, so many are.
MEMORY_FLOOR = 0.3
_INSTEAD_OF_NONE = 6
#: In an archive with fewer memories the share is larger: up to so many, of at most every second talk.
FEWEST_MEMORIES = 20
_MOST_OF_FEW = 2

_CHOSEN = """
CREATE TEMP TABLE chosen AS
WITH told AS (
    SELECT id, chat_id, substr(started_at, 1, 4) AS year, message_count, score, row_number() OVER (
        PARTITION BY chat_id, substr(started_at, 1, 4), coalesce(nullif(title, ''), id) ORDER BY score DESC, id
    ) AS place
    FROM exchanges WHERE {within}
), ranked AS (
    SELECT id, chat_id, year, message_count,
        sum(message_count) OVER (PARTITION BY chat_id, year ORDER BY score DESC, id) AS running
    FROM told WHERE score >= :floor AND place = 1
), years AS (
    SELECT chat_id, year, sum(message_count) AS total FROM told GROUP BY 1, 2
)
SELECT ranked.id FROM ranked JOIN years USING (chat_id, year)
WHERE running - message_count < :share * total
"""
_MORE = """
INSERT INTO chosen SELECT id FROM (
    SELECT id, score, row_number() OVER (
        PARTITION BY chat_id, substr(started_at, 1, 4), coalesce(nullif(title, ''), id) ORDER BY score DESC, id
    ) AS place FROM exchanges
) WHERE score >= :floor AND place = 1 AND id NOT IN (SELECT id FROM chosen)
ORDER BY score DESC, id LIMIT :more
"""


def choose_memories(
    connection: sqlite3.Connection, since: str = "", until: str = "~", *, chat: int | None = None
) -> None:
    """Mark the best talks of each year of each chat; in a small archive some more.

    Where only talks of `chat`, or from the day `since` to `until`, changed, all others stay as they are.
    """
    if connection.execute("SELECT count(*) FROM exchanges WHERE is_memory").fetchone()[0] <= FEWEST_MEMORIES:
        since, until, chat = "", "~", None
    within = "started_at BETWEEN :since AND :until" + (" AND chat_id = :chat" if chat is not None else "")
    given = {"since": since[:4], "until": f"{until[:4]}~", "chat": chat, "share": MEMORY_SHARE, "floor": MEMORY_FLOOR}
    connection.execute(_CHOSEN.format(within=within), given)
    if not since and chat is None:
        chosen, talks = connection.execute("SELECT (SELECT count(*) FROM chosen), count(*) FROM exchanges").fetchone()
        more = min(FEWEST_MEMORIES, -(-talks // _MOST_OF_FEW)) - chosen
        if more > 0:
            connection.execute(_MORE, {**given, "more": more})
        if not connection.execute("SELECT count(*) FROM chosen").fetchone()[0]:
            # An archive of which nothing is worth it is not shown empty.
            connection.execute(_MORE, {**given, "more": min(more, _INSTEAD_OF_NONE), "floor": 1e-9})
    for mark, which in ((0, "is_memory AND id NOT IN"), (1, "NOT is_memory AND id IN")):
        connection.execute(
            f"UPDATE exchanges SET is_memory = {mark} WHERE {which} (SELECT id FROM chosen) AND {within}", given
        )
    connection.execute("DROP TABLE chosen")
