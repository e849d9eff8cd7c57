"""The schema, version by version: what brings an older archive to this one, and its indexes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import NamedTuple

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from memories_lib.shared.contract import APPLICATION_ID
from memories_lib.shared.folding import TOKENIZE

_FTS = f"""
CREATE VIRTUAL TABLE messages_fts USING fts5 (text, content='', columnsize=0, tokenize="{TOKENIZE}");
CREATE VIRTUAL TABLE exchanges_fts USING fts5 (title, summary, topics, content='', tokenize="{TOKENIZE}");
"""
_MEDIA_FTS = f"""
CREATE VIRTUAL TABLE media_fts USING fts5 (description, transcript, content='', tokenize="{TOKENIZE}");
"""


def _sql(name: str) -> str:
    return files("ingest.archive").joinpath("schema", name).read_text("utf-8")


class _Step(NamedTuple):
    """What brings an archive one version further: ``schema/N.sql`` and what stands here."""

    name: str
    more: str = ""
    has_indexes: bool = False  # among `indexes.sql`: where there are messages, they are missing


#: In order; sqlite-utils keeps the record of those applied, by number and name.
_STEPS = (
    _Step("first_schema", f"{_FTS}PRAGMA application_id = {APPLICATION_ID};"),
    _Step("edits_and_kinds", has_indexes=True),
    _Step("periods_and_media_words", _MEDIA_FTS),
    _Step("what_each_source_holds"),
    _Step("what_may_be_seen", has_indexes=True),
    _Step("what_each_source_said"),
    _Step("indexes_that_cover", has_indexes=True),
)


def _applying(number: int, step: _Step) -> Callable[[Database], None]:
    def apply(database: Database) -> None:
        for statement in _statements(_sql(f"{number}.sql") + step.more):
            database.conn.execute(statement)
        if step.has_indexes and database.conn.execute("SELECT 1 FROM messages LIMIT 1").fetchone():
            make_indexes(database.conn)
        database.conn.execute(f"PRAGMA user_version = {number}")

    return apply


def migrate(connection: sqlite3.Connection) -> None:
    """Bring an archive to the schema of this version (`contract.SCHEMA`)."""
    migrations = Migrations("memories")
    for number, step in enumerate(_STEPS, 1):
        migrations(name=f"{number:04}_{step.name}")(_applying(number, step))
    migrations.apply(Database(connection))


def make_indexes(connection: sqlite3.Connection) -> None:
    """Make what is not there yet of the indexes."""
    for statement in _statements(_sql("indexes.sql")):
        connection.execute(statement)


def _statements(script: str) -> Iterator[str]:
    """The statements of a script one by one: `executescript` would commit what is open."""
    pending = ""
    for line in script.splitlines():
        pending += line + "\n"
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
