"""An archive that is built anew gives everything the number it had, in whatever order its exports come."""

from __future__ import annotations

import itertools
import random
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ingest.archive.check import check
from ingest.archive.database import connect
from ingest.core.errors import NotOurDatabase
from tests.conftest import EXAMPLES
from tests.helpers import one, put, rows
from tests.phones import PHONES, Sent, write

MESSAGES = """
SELECT messages.id, chats.name, messages.key, people.name, sent_at, text FROM messages
JOIN chats ON chats.id = messages.chat_id LEFT JOIN people ON people.id = sender_id ORDER BY messages.id
"""
EXCHANGES = """
SELECT exchanges.id, chats.name, exchanges.key, started_at FROM exchanges JOIN chats ON chats.id = chat_id
ORDER BY exchanges.id
"""
NAMED = "SELECT 'chat', id, name FROM chats UNION ALL SELECT 'person', id, name FROM people ORDER BY 1, 2"


def everything(database: Path) -> tuple[object, object, object]:
    """What has a number, with its number."""
    return rows(database, MESSAGES), rows(database, EXCHANGES), rows(database, NAMED)


def is_whole(database: Path) -> bool:
    with closing(connect(database)) as connection:
        return list(check(connection, database.parent / "media")) == []


def exports(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in (".txt", ".zip") or path.is_dir())


@pytest.mark.parametrize("seed", range(4))
def test_built_anew_in_another_order_everything_has_its_number(tmp_path: Path, seed: int) -> None:
    database = tmp_path / "memories.db"
    files = exports(EXAMPLES)
    put(database, *files)
    before = everything(database)
    assert len(before[0]) > 100
    database.unlink()
    random.Random(seed).shuffle(files)
    put(database, *files)
    assert everything(database) == before
    assert is_whole(database)


def part(name: str, start: int, end: int, folder: Path) -> Path:
    """The messages `start` to `end` of one long chat, as an export of their own."""
    start_of_all = datetime(2024, 1, 1, len(name) + ord(name[0]) % 7)
    said = [
        Sent(start_of_all + timedelta(hours=5 * at, minutes=at % 7), (name, "Bo")[at % 2], f"{name} word{at} ünd")
        for at in range(start, end)
    ]
    path = folder / f"{start}-{end}" / f"WhatsApp Chat with {name}.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_text(write(PHONES[0], said), "utf-8")
    return path


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_overlapping_exports_in_any_order(tmp_path: Path, order: tuple[int, ...]) -> None:
    database = tmp_path / "memories.db"
    files = [part("Ida", 0, 120, tmp_path), part("Ida", 80, 250, tmp_path), part("Mia", 10, 60, tmp_path)]
    for file in (files[1], files[2], files[0]):
        put(database, file)
    before = everything(database)
    database.unlink()
    for at in order:
        put(database, files[at])
    after = everything(database)
    assert after[0] == before[0]
    assert after[2] == before[2]
    # A talk that only was on the way to another one may have had a number of its own; none is anybody else's.
    assert set(map(tuple, rows(database, EXCHANGES))) == set(before[1])  # type: ignore[call-overload]
    assert is_whole(database)
    found = one(database, "SELECT count(*) FROM messages_fts WHERE messages_fts MATCH 'ida word100'")
    assert found == 1


def test_what_is_new_gets_numbers_that_nobody_had(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    put(database, part("Ida", 0, 100, tmp_path), part("Mia", 0, 50, tmp_path))
    had = {row[0] for row in rows(database, MESSAGES)}
    database.unlink()
    put(database, part("Zoe", 0, 30, tmp_path))
    assert not had & {row[0] for row in rows(database, MESSAGES)}
    assert one(database, "SELECT id FROM chats") == 3


def test_an_archive_from_before_learns_its_numbers(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    put(database, part("Ida", 0, 100, tmp_path), part("Mia", 0, 50, tmp_path))
    before = everything(database)
    (tmp_path / "memories.db.ids").unlink()
    put(database, part("Mia", 0, 60, tmp_path))
    database.unlink()
    put(database, part("Mia", 0, 60, tmp_path), part("Ida", 0, 100, tmp_path))
    assert [row for row in everything(database)[0] if row in before[0]] == before[0]  # type: ignore[operator, attr-defined]


def test_another_archive_in_its_place_is_noticed(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    put(database, part("Ida", 0, 100, tmp_path), part("Mia", 0, 50, tmp_path))
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "memories.db"
    put(other, part("Mia", 0, 50, tmp_path), part("Ida", 0, 100, tmp_path))
    other.replace(database)
    before = everything(database)
    put(database, part("Ida", 0, 140, tmp_path))
    assert [row for row in everything(database)[0] if row in before[0]] == before[0]  # type: ignore[operator, attr-defined]
    assert is_whole(database)


def test_the_numbers_hold_no_words(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    put(database, part("Ida", 0, 100, tmp_path))
    kept = (tmp_path / "memories.db.ids").read_bytes()
    assert b"word" not in kept
    with closing(sqlite3.connect(tmp_path / "memories.db.ids")) as connection:
        assert connection.execute("SELECT sum(length(keys)) / 8 FROM given WHERE what = 'message'").fetchone() == (
            one(database, "SELECT count(*) FROM messages"),
        )


def test_damaged_numbers_are_named_and_nothing_is_lost(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    put(database, part("Ida", 0, 100, tmp_path))
    before = everything(database)
    (tmp_path / "memories.db.ids").write_bytes(b"no database" * 1000)
    with pytest.raises(NotOurDatabase, match=r"memories\.db\.ids: damaged .* move it away"):
        put(database, part("Ida", 0, 140, tmp_path))
    assert everything(database) == before
    (tmp_path / "memories.db.ids").unlink()
    put(database, part("Ida", 0, 140, tmp_path))
    assert everything(database)[0][:100] == before[0]  # type: ignore[index]


def test_a_dry_run_gives_no_numbers(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    put(database, part("Ida", 0, 100, tmp_path), dry_run=True)
    assert not (tmp_path / "memories.db.ids").exists()
