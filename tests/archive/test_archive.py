"""Reading the served archive: what is little in the thread that answers, the rest where it keeps nobody waiting."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from datasette.app import Datasette

from memories_lib.server import served_archive
from tests.helpers import run_apart


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "memories.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE messages (text); INSERT INTO messages VALUES ('good morning')")
    return path


def _look(run) -> tuple[int, str]:
    return threading.get_ident(), run("SELECT text FROM messages").fetchone()["text"]


@pytest.mark.parametrize("is_little", [True, False])
def test_what_is_little_is_read_at_once(database: Path, is_little: bool) -> None:
    async def ask() -> tuple[int, int, str]:
        found = await served_archive.glance(Datasette([str(database)]), _look, lambda _run: is_little)
        return threading.get_ident(), *found

    here, thread, text = run_apart(ask())
    assert text == "good morning"
    assert (thread == here) is is_little


def test_what_is_locked_is_waited_for_elsewhere(database: Path) -> None:
    async def ask(writer: sqlite3.Connection) -> tuple[int, int, int, str]:
        asked = asyncio.create_task(served_archive.glance(Datasette([str(database)]), _look, lambda _run: True))
        turns = 0
        while not asked.done():
            await asyncio.sleep(0.01)
            turns += 1
            if turns == 20:
                writer.execute("ROLLBACK")
        return turns, threading.get_ident(), *asked.result()

    with closing(sqlite3.connect(database, isolation_level=None, check_same_thread=False)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        turns, here, thread, text = run_apart(ask(writer))
    assert turns >= 20, "others were answered meanwhile"
    assert text == "good morning"
    assert thread != here


def test_what_is_wrong_is_said_by_either(database: Path) -> None:
    async def ask(is_little: bool) -> None:
        await served_archive.glance(
            Datasette([str(database)]), lambda run: run("SELECT * FROM gone"), lambda _run: is_little
        )

    for is_little in (True, False):
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            run_apart(ask(is_little))
