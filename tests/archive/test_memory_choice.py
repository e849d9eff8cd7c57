"""Which talks are memories: each chat has its own, loud chats take nobody's place, and the dull have none."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from ingest.archive.database import connect
from ingest.archive.memory_choice import FEWEST_MEMORIES, MEMORY_FLOOR, choose_memories


@pytest.fixture
def archive() -> Iterator[sqlite3.Connection]:
    with closing(connect(None)) as connection:
        for chat in (1, 2):
            connection.execute(
                "INSERT INTO chats (id, key, name, kind) VALUES (?, ?, ?, 'direct')", (chat, chat, str(chat))
            )
        yield connection


def _talks(connection: sqlite3.Connection, chat: int, scores: list[float], year: int = 2020, title: str = "") -> None:
    (first,) = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM exchanges").fetchone()
    connection.executemany(
        """
        INSERT INTO exchanges (id, key, chat_id, started_at, ended_at, message_count, score, participant_count, title,
            summary, topics) VALUES (?, ?, ?, ?, ?, 10, ?, 2, ?, '', '')
        """,
        [
            (first + n, first + n, chat, f"{year}-05-01T10:00:00", f"{year}-05-01T10:30:00", score, title)
            for n, score in enumerate(scores)
        ],
    )


def _memories(connection: sqlite3.Connection) -> list[tuple[int, float]]:
    return connection.execute("SELECT chat_id, score FROM exchanges WHERE is_memory ORDER BY id").fetchall()


def test_a_quiet_chat_keeps_its_best_beside_a_loud_one(archive: sqlite3.Connection) -> None:
    _talks(archive, 1, [0.9 + n / 10_000 for n in range(400)])
    _talks(archive, 2, [0.4 + n / 10_000 for n in range(200)])
    choose_memories(archive)
    found = _memories(archive)
    assert [chat for chat, _ in found].count(1) == 20
    assert [chat for chat, _ in found].count(2) == 10
    assert min(score for chat, score in found if chat == 2) == pytest.approx(0.419)


def test_what_is_dull_is_no_memory_however_little_there_is(archive: sqlite3.Connection) -> None:
    _talks(archive, 1, [0.1, MEMORY_FLOOR - 0.01, 0, 0.5])
    choose_memories(archive)
    assert _memories(archive) == [(1, 0.5)]


def test_an_archive_of_which_nothing_is_worth_it_is_not_empty(archive: sqlite3.Connection) -> None:
    _talks(archive, 1, [0.1, 0.2, 0, 0])
    choose_memories(archive)
    assert _memories(archive) == [(1, 0.1), (1, 0.2)]


def test_of_a_small_archive_at_most_every_second_talk(archive: sqlite3.Connection) -> None:
    _talks(archive, 1, [0.5 + n / 100 for n in range(11)])
    choose_memories(archive)
    assert [score for _, score in _memories(archive)] == pytest.approx([0.55, 0.56, 0.57, 0.58, 0.59, 0.6])


def test_the_same_is_kept_once_a_year(archive: sqlite3.Connection) -> None:
    _talks(archive, 1, [0.9] * 400, title="Happy day to all!!")
    _talks(archive, 1, [0.8] * 400, year=2021, title="Happy day to all!!")
    _talks(archive, 1, [0.5 + n / 10_000 for n in range(400)])
    choose_memories(archive)
    assert [score for _, score in _memories(archive)].count(0.9) == 1
    assert [score for _, score in _memories(archive)].count(0.8) == 1


def test_another_chat_is_left_alone(archive: sqlite3.Connection) -> None:
    _talks(archive, 1, [0.5 + n / 1000 for n in range(400)])
    choose_memories(archive)
    before = _memories(archive)
    assert len(before) == FEWEST_MEMORIES
    archive.execute("UPDATE exchanges SET is_memory = 1 WHERE id = 1")  # what an edit did
    _talks(archive, 2, [0.5 + n / 1000 for n in range(400)])
    choose_memories(archive, "2020-01-01", "2020-12-31", chat=2)
    assert archive.execute("SELECT is_memory FROM exchanges WHERE id = 1").fetchone() == (1,)
    assert [chat for chat, _ in _memories(archive)].count(2) == 20
