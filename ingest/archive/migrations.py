"""The schema, version by version: what brings an older archive to this one, and its indexes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from importlib.resources import files

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


#: Each brings an older file one version further; sqlite-utils keeps the record of those applied.
migrations = Migrations("memories")


@migrations(name="0001_first_schema")
def _first_schema(database: Database) -> None:
    for statement in _statements(_sql("1.sql") + _FTS):
        database.conn.execute(statement)
    database.conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.conn.execute("PRAGMA user_version = 1")


@migrations(name="0002_edits_and_kinds")
def _edits_and_kinds(database: Database) -> None:
    for statement in _statements(_sql("2.sql")):
        database.conn.execute(statement)
    if database.conn.execute("SELECT 1 FROM messages LIMIT 1").fetchone():
        make_indexes(database.conn)
    database.conn.execute("PRAGMA user_version = 2")


@migrations(name="0003_periods_and_media_words")
def _periods_and_media_words(database: Database) -> None:
    for statement in _statements(_sql("3.sql") + _MEDIA_FTS):
        database.conn.execute(statement)
    database.conn.execute("PRAGMA user_version = 3")


@migrations(name="0004_what_each_source_holds")
def _what_each_source_holds(database: Database) -> None:
    for statement in _statements(_sql("4.sql")):
        database.conn.execute(statement)
    database.conn.execute("PRAGMA user_version = 4")


@migrations(name="0005_what_may_be_seen")
def _what_may_be_seen(database: Database) -> None:
    for statement in _statements(_sql("5.sql")):
        database.conn.execute(statement)
    if database.conn.execute("SELECT 1 FROM messages LIMIT 1").fetchone():
        make_indexes(database.conn)
    database.conn.execute("PRAGMA user_version = 5")


@migrations(name="0006_what_each_source_said")
def _what_each_source_said(database: Database) -> None:
    for statement in _statements(_sql("6.sql")):
        database.conn.execute(statement)
    database.conn.execute("PRAGMA user_version = 6")


@migrations(name="0007_indexes_that_cover")
def _indexes_that_cover(database: Database) -> None:
    for statement in _statements(_sql("7.sql")):
        database.conn.execute(statement)
    if database.conn.execute("SELECT 1 FROM messages LIMIT 1").fetchone():
        make_indexes(database.conn)
    database.conn.execute("PRAGMA user_version = 7")


def migrate(connection: sqlite3.Connection) -> None:
    """Bring an archive to the schema of this version (`contract.SCHEMA`)."""
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
