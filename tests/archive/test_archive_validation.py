"""What is served is one of our archives, whole: each column is tried with what it cannot hold."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from memories_lib.shared import archive_validation, schema, versions
from tests.helpers import one


@pytest.fixture(scope="module")
def whole(examples_db: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("verify") / "memories.db"
    with closing(sqlite3.connect(examples_db)) as source:
        versions.copy(source, path)
    return path


def changed(whole: Path, tmp_path: Path, sql: str) -> Path:
    path = tmp_path / "memories.db"
    shutil.copyfile(whole, path)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)
    return path


def test_a_whole_one_is_taken(whole: Path) -> None:
    found = archive_validation.verify(whole)
    assert (found.bytes, found.messages) == (whole.stat().st_size, one(whole, "SELECT count(*) FROM messages"))


def test_the_tables_are_those_that_ingest_makes(whole: Path) -> None:
    with closing(sqlite3.connect(whole)) as connection:
        names = {
            name
            for name, sql in connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
            if not name.startswith(("sqlite_", "_sqlite_")) and "_fts" not in name
        }
        assert names == schema.TABLES.keys()
        for name in names:
            found = connection.execute(f"PRAGMA table_info({name})").fetchall()
            assert [(r[1], r[2].upper(), bool(r[3]), bool(r[5]), r[4]) for r in found] == schema.columns(name)


def test_the_indexes_are_those_that_ingest_makes(whole: Path) -> None:
    with closing(sqlite3.connect(whole)) as connection:
        archive_validation._look_at_indexes(connection)
        made = connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        assert made.fetchone()[0] == len(schema.INDEXES) + 1  # and one of the migrations


def test_the_views_of_an_archive_are_those_that_are_taken(whole: Path) -> None:
    with closing(sqlite3.connect(whole)) as connection:
        views = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'view'"))
    assert views.keys() == archive_validation.VIEWS.keys()
    for name, sql in views.items():
        assert archive_validation.view_digest(sql) in archive_validation.VIEWS[name]


def _columns() -> Iterator[tuple[str, str, str, bool]]:
    for table in schema.TABLES:
        for name, declared, is_needed, _, _ in schema.columns(table):
            yield table, name, declared, is_needed


def test_no_column_holds_what_it_was_not_made_for(whole: Path) -> None:
    """Bytes in every column of every table that has a row; words where numbers belong; bytes that are no text."""
    tried = set()
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(whole.read_bytes())
        connection.execute("PRAGMA foreign_keys = OFF")
        for table, name, declared, _ in _columns():
            archive_validation._look_at_rows(connection, table)
            for bad in ("x'ff00'", *(["'many'"] if declared != "TEXT" else ["CAST(x'c3286f' AS TEXT)"])):
                connection.execute("SAVEPOINT s")
                first = f"SELECT {name} FROM {table} LIMIT 1"
                try:
                    count = connection.execute(f"UPDATE {table} SET {name} = {bad} WHERE {name} IN ({first})").rowcount
                except sqlite3.IntegrityError:
                    count = 0  # a number that is the key of the row, or one of a few words
                if count > 0:
                    with pytest.raises((archive_validation.Refused, sqlite3.OperationalError), match=f"{name}|UTF-8"):
                        archive_validation._look_at_rows(connection, table)
                    tried.add((table, name))
                connection.execute("ROLLBACK TO s")
    assert len(tried) > 90


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("DROP VIEW visible_messages; CREATE VIEW visible_messages AS SELECT * FROM messages", "is not ours"),
        ("UPDATE messages SET exchange_id = 99999 WHERE id = 3", "do not fit together"),
        ("UPDATE exchanges SET topics = '{'", "exchanges has a row whose topics"),
        ("UPDATE exchanges SET topics = '{}' WHERE id = 2", "topics"),
        ("UPDATE exchanges SET topics = '[1]' WHERE id = 2", "topics"),
        ("UPDATE exchanges SET topics = '[null, \"a\"]' WHERE id = 2", "topics"),
        ("UPDATE exchanges SET score = 2", "score"),
        ("UPDATE exchanges SET started_at = '2024-02-31T10:00:00' WHERE id = 1", "started_at"),
        ("UPDATE messages SET sent_at = 'yesterday' WHERE id = 5", "sent_at"),
        ("UPDATE messages SET sent_at = '2024-01-05' WHERE id = 5", "sent_at"),
        ("UPDATE messages SET kind = 'script' WHERE id = 5", "kind"),
        ("UPDATE places SET latitude = 91", "latitude"),
        ("UPDATE places SET longitude = 'x'", "longitude"),
        ("UPDATE days SET day = '2024-13-01' WHERE id = 1", "day"),
        ("UPDATE periods SET period = 'always' WHERE id = 1", "period"),
        ("UPDATE media SET thumbnail = '../../access.db'", "thumbnail"),
        ("UPDATE media SET thumbnail = '/etc/passwd' WHERE sha256 IS NOT NULL", "thumbnail"),
        ("UPDATE media SET sha256 = '../x' WHERE sha256 IS NOT NULL", "sha256"),
        ("UPDATE media SET mimetype = 'image/png' || char(13, 10) || 'set-cookie: a=b'", "mimetype"),
        ("UPDATE links SET url = 'javascript:alert(1)'", "url"),
        ("UPDATE places SET url = 'javascript:alert(1)'", "url"),
        ("UPDATE messages SET text = CAST(zeroblob(20000000) AS TEXT) WHERE id = 1", "damaged"),
        ("UPDATE messages SET text = CAST(x'ff41' AS TEXT) WHERE id = 1", "damaged"),
        ("UPDATE exchanges SET title = printf('%.*c', 20000, 'x') WHERE id = 1", "title"),
        ("UPDATE people SET name = printf('%.*c', 20000, 'x') WHERE id = 1", "name"),
        ("UPDATE exchanges SET summary = printf('%.*c', 300000, 'x') WHERE id = 1", "summary"),
        ("UPDATE media SET description = printf('%.*c', 300000, 'x')", "description"),
        ("ALTER TABLE chats ADD COLUMN more TEXT", "other columns"),
        ("ALTER TABLE people RENAME COLUMN phone TO number", "other columns"),
        ("DROP TABLE hidden_messages; CREATE TABLE hidden_messages (message_id TEXT)", "other columns"),
        (
            "DROP TABLE hidden_messages; CREATE TABLE hidden_messages (message_id INTEGER PRIMARY KEY "
            "REFERENCES messages(id) CHECK (message_id < 0))",
            "rules",
        ),
        (
            "DROP TABLE exchange_marks; CREATE TABLE exchange_marks (exchange_id INTEGER REFERENCES exchanges(id), "
            "is_hidden INTEGER NOT NULL DEFAULT 0, is_starred INTEGER NOT NULL DEFAULT 0, note TEXT, hidden_at TEXT)",
            "other columns",
        ),
        (
            "DROP TABLE exchange_marks; CREATE TABLE exchange_marks (exchange_id INTEGER PRIMARY KEY "
            "REFERENCES exchanges(id), is_hidden INTEGER NOT NULL, is_starred INTEGER NOT NULL, note TEXT, "
            "hidden_at TEXT)",
            "other columns",
        ),
        ("INSERT INTO messages_fts (messages_fts, rank) VALUES ('rank', 'nosuch()')", "not ours"),
        (
            "DROP TABLE messages_fts; CREATE VIRTUAL TABLE messages_fts USING fts5 (text, content='', detail=none)",
            "not ours",
        ),
        ("CREATE UNIQUE INDEX u ON hidden_messages ((1))", "index"),
        ("CREATE INDEX u ON hidden_messages (length(hex(zeroblob(message_id))))", "index"),
        ("CREATE INDEX u ON messages (text)", "index"),
        ("DROP INDEX messages_by_sent_at", "no index messages_by_sent_at"),
        ("DROP INDEX messages_by_kind; CREATE INDEX messages_by_kind ON messages (kind, text)", "index"),
        (
            "INSERT INTO exchanges_before SELECT * FROM exchanges LIMIT 1; "
            "UPDATE exchanges_before SET started_at = '9999-x'",
            "started_at",
        ),
        ("DROP TABLE uncounted", "no table uncounted"),
        ("CREATE VIRTUAL TABLE mine USING fts5 (text, content='messages', content_rowid='id')", "virtual"),
        ("DROP TABLE media_fts; CREATE VIRTUAL TABLE media_fts USING fts5 (description, transcript)", "virtual"),
        ("DROP TABLE media_fts; CREATE TABLE media_fts (description, transcript)", "damaged"),
    ],
)
def test_an_archive_that_is_not_as_ours_are_is_not_taken(whole: Path, tmp_path: Path, change: str, why: str) -> None:
    path = changed(whole, tmp_path, change)
    with pytest.raises(archive_validation.Refused, match=why):
        archive_validation.verify(path)


def test_a_table_of_ones_own_may_be_in_it(whole: Path, tmp_path: Path) -> None:
    path = changed(whole, tmp_path, "CREATE TABLE mine (a, b); INSERT INTO mine VALUES (1, x'ff')")
    assert archive_validation.verify(path).messages
