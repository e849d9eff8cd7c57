"""Which talks are memories: the same whether all years are looked at, or only those that changed."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from ingest.archive.database import connect
from ingest.archive.memory_choice import FEWEST_MEMORIES, MEMORY_FLOOR, choose_memories


def _memories(connection: sqlite3.Connection) -> set[int]:
    return {row[0] for row in connection.execute("SELECT id FROM exchanges WHERE is_memory")}


@given(st.integers(0, 1_000_000), st.sampled_from([5, 60, 1_500]))
def test_looking_at_the_changed_years_is_enough(seed: int, size: int) -> None:
    dice = random.Random(seed)
    years = [str(year) for year in range(2016, 2022)]
    with closing(connect(None)) as connection:
        connection.execute("INSERT INTO chats (id, key, name, kind) VALUES (1, 1, 'Lake', 'direct')")

        def score(year: str, count: int) -> None:
            for _ in range(count):
                number = dice.randint(1, size * 2)
                connection.execute(
                    """
                    INSERT OR REPLACE INTO exchanges (id, key, chat_id, started_at, ended_at, message_count, score,
                        participant_count, title, summary, topics)
                    VALUES (?, ?, 1, ?, ?, ?, ?, 2, '', '', '')
                    """,
                    (number, number, f"{year}-05-01T10:00:00", f"{year}-05-01T11:00:00", dice.randint(1, 60),
                     dice.choice([0, dice.random()])),
                )  # fmt: skip

        for year in years:
            score(year, size // 6 + 1)
        choose_memories(connection)
        for _ in range(3):
            year = dice.choice(years)
            connection.execute("DELETE FROM exchanges WHERE started_at LIKE ? AND id % 7 = 0", (f"{year}%",))
            for row in connection.execute("SELECT id FROM exchanges WHERE started_at LIKE ?", (f"{year}%",)).fetchall():
                connection.execute("UPDATE exchanges SET score = ? WHERE id = ?", (dice.random(), row[0]))
            choose_memories(connection, f"{year}-05-01", f"{year}-05-01")
            found = _memories(connection)
            choose_memories(connection)
            assert _memories(connection) == found
        good, talks = connection.execute("SELECT sum(score >= ?), count(*) FROM exchanges", (MEMORY_FLOOR,)).fetchone()
        assert len(_memories(connection)) >= min(FEWEST_MEMORIES, good, talks // 2)
