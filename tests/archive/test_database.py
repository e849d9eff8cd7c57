"""The file itself: who made it, how it is migrated, refused and locked."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ingest.archive.check import check
from ingest.archive.curation import put_edits_on
from ingest.archive.database import connect, transaction, writer_lock
from ingest.archive.migrations import make_indexes
from ingest.core.errors import Locked, NotOurDatabase
from memories_lib.shared import curation, edit_log
from memories_lib.shared.contract import APPLICATION_ID, SCHEMA
from memories_lib.shared.layout import ArchiveFiles
from tests.conftest import EXAMPLES
from tests.helpers import one, put, rows
from tests.talks import BY_NAME, save, talk


def as_sixth(connection: sqlite3.Connection) -> None:
    """Make it what the sixth version wrote: indexes held less."""
    for index in (
        "messages_by_kind_at", "exchanges_by_score", "exchanges_memories_best", "exchanges_memories_by_chat",
        "months_by_person", "days_by_day",
    ):  # fmt: skip
        connection.execute(f"DROP INDEX {index}")
    for index, columns in (("messages_by_exchange", "exchange_id"), ("messages_by_chat", "chat_id, sender_id")):
        connection.execute(f"DROP INDEX {index}")
        connection.execute(f"CREATE INDEX {index} ON messages ({columns})")
    connection.execute("DELETE FROM _sqlite_migrations WHERE name LIKE '0007%'")
    connection.execute("PRAGMA user_version = 6")


def as_fifth(connection: sqlite3.Connection) -> None:
    """Make it what the fifth version wrote: nobody knows what an export said of a message that others hold."""
    as_sixth(connection)
    connection.execute("DROP TABLE media_sources")
    for column in ("standing", "was_edited"):
        connection.execute(f"ALTER TABLE revisions DROP COLUMN {column}")
    connection.execute("DELETE FROM _sqlite_migrations WHERE name LIKE '0006%'")
    connection.execute("PRAGMA user_version = 5")


def _as_fourth(connection: sqlite3.Connection) -> None:
    """Make it what the fourth version wrote: what is hidden was in the counts."""
    as_fifth(connection)
    for view in ("said", "visible_messages", "visible_exchanges"):
        connection.execute(f"DROP VIEW {view}")
    connection.execute("DROP TABLE uncounted")
    for index in ("messages_by_sent_at", "messages_by_kind"):
        connection.execute(f"DROP INDEX {index}")
    connection.execute("DELETE FROM _sqlite_migrations WHERE name LIKE '0005%'")
    connection.execute("PRAGMA user_version = 4")


def _as_third(connection: sqlite3.Connection) -> None:
    """Make an archive what the third version wrote."""
    for table in (
        "source_messages",
        "former_keys",
        "former_chats",
        "person_names",
        "senders_before",
        "chats_before",
        "periods_before",
        "person_months_before",
        "person_emoji_before",
    ):
        connection.execute(f"DROP TABLE {table}")
    for column in ("phone", "is_owner", "message_count", "joined_to"):
        connection.execute(f"ALTER TABLE people_before DROP COLUMN {column}")
    connection.execute("ALTER TABLE sources DROP COLUMN reader")
    connection.execute("ALTER TABLE sources DROP COLUMN shift_s")
    connection.execute("DELETE FROM _sqlite_migrations WHERE name LIKE '0004%'")
    connection.execute("PRAGMA user_version = 3")


def _as_second(connection: sqlite3.Connection) -> None:
    """Make it what the second version wrote."""
    for table in ("period_exchanges", "media_fts"):
        connection.execute(f"DROP TABLE {table}")
    for table, column in (
        ("periods", "told_by"), ("periods", "told_at"), ("exchange_marks", "hidden_at"), ("media", "description"),
        ("media", "told_by"),
    ):  # fmt: skip
        connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    connection.execute("DELETE FROM _sqlite_migrations WHERE name LIKE '0003%'")
    connection.execute("PRAGMA user_version = 2")


def _as_first(connection: sqlite3.Connection) -> None:
    """Make it what the first version wrote."""
    for table in (
        "chat_kinds", "exchange_marks", "hidden_messages", "merged_exchanges", "exchanges_before",
        "messages_before", "people_before", "curation_state",
    ):  # fmt: skip
        connection.execute("DROP VIEW IF EXISTS memories")
        connection.execute(f"DROP TABLE {table}")
    connection.execute("CREATE VIEW memories AS SELECT * FROM exchanges WHERE is_memory")
    connection.execute("CREATE INDEX messages_by_time ON messages (chat_id, sent_at)")
    connection.execute("DROP INDEX messages_by_chat")
    connection.execute("DELETE FROM _sqlite_migrations WHERE name LIKE '0002%'")
    connection.execute("PRAGMA user_version = 1")


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_an_older_file_is_brought_forward(tmp_path: Path, version: int) -> None:
    """An archive of an earlier version, with messages in it."""
    path, messages = tmp_path / "m.db", talk(60)
    put(path, save(tmp_path, "a.txt", BY_NAME["us"], messages[:50]))
    with closing(sqlite3.connect(path)) as connection:
        _as_fourth(connection)
        if version <= 3:
            _as_third(connection)
        if version <= 2:
            _as_second(connection)
        if version == 1:
            _as_first(connection)
        connection.commit()
    connect(path).close()
    fresh = tmp_path / "fresh.db"
    connect(fresh).close()
    tables = (
        "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%' ORDER BY 1"
    )
    assert rows(path, tables) == rows(fresh, tables)
    names = {row[0] for row in rows(path, "SELECT name FROM sqlite_master WHERE type = 'index'")}
    assert {"messages_by_chat", "messages_by_sent_at"} <= names
    assert "messages_by_time" not in names
    put(path, save(tmp_path, "b.txt", BY_NAME["us"], messages))
    with closing(connect(path)) as connection:
        assert list(check(connection, tmp_path / "media")) == []


def test_what_is_hidden_leaves_the_counts_of_an_older_file(tmp_path: Path) -> None:
    """The fourth version counted what was hidden; brought forward, the next who shows the edits takes it out."""
    path, messages = tmp_path / "m.db", talk(60)
    put(path, save(tmp_path, "a.txt", BY_NAME["us"], messages))
    with closing(sqlite3.connect(path)) as connection:
        number, key, at, chat = connection.execute(
            "SELECT m.id, m.key, sent_at, chats.key FROM messages AS m JOIN chats ON chats.id = chat_id LIMIT 1"
        ).fetchone()
        with closing(edit_log.open_log(str(ArchiveFiles.of(path).edits))) as log:
            event = edit_log.draft(log, "owner", "hide", "message", key, {"chat": chat, "at": at})
            edit_log.write(log, event)
        connection.execute("INSERT INTO hidden_messages VALUES (?)", (number,))
        connection.execute("UPDATE exchanges SET message_count = message_count - 1 WHERE id = 1")
        connection.execute("INSERT INTO exchanges_before SELECT * FROM exchanges WHERE id = 1")
        connection.execute("UPDATE exchanges_before SET message_count = message_count + 1")
        connection.execute("INSERT INTO curation_state VALUES (?)", (edit_log.digest([event]),))
        _as_fourth(connection)
        connection.commit()
    assert one(path, "SELECT sum(message_count) FROM chats") == 62
    with closing(connect(path)) as connection:
        assert curation.state(connection) == "recount"
        with transaction(connection):
            put_edits_on(connection, path)
        assert list(check(connection, tmp_path / "media")) == []
    assert one(path, "SELECT sum(message_count) FROM chats") == 61


def test_a_new_file_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    connect(path).close()
    assert one(path, "PRAGMA application_id") == APPLICATION_ID
    assert one(path, "PRAGMA user_version") == SCHEMA
    assert path.read_bytes()[68:72] == b"WAMe"


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    for _ in range(2):
        connect(path).close()
    assert one(path, "SELECT count(*) FROM _sqlite_migrations") == SCHEMA


def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    with closing(connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    with pytest.raises(NotOurDatabase, match="newer version"):
        connect(path)
    assert one(path, "PRAGMA user_version") == SCHEMA + 1


def test_every_foreign_key_holds_and_is_looked_up_by_an_index(examples_db: Path) -> None:
    assert rows(examples_db, "PRAGMA foreign_key_check") == []
    unindexed = []
    for (table,) in rows(examples_db, "SELECT name FROM sqlite_master WHERE type = 'table'"):
        if "_fts" in str(table) or str(table) == "person_emoji":
            continue
        firsts = {
            info[0][2]
            for (_, index, *_) in rows(examples_db, f"PRAGMA index_list('{table}')")
            if (info := rows(examples_db, f"PRAGMA index_info('{index}')"))
        }
        firsts |= {row[1] for row in rows(examples_db, f"PRAGMA table_info('{table}')") if row[5] == 1}
        for key in rows(examples_db, f"PRAGMA foreign_key_list('{table}')"):
            if key[3] not in firsts:
                unindexed.append(f"{table}.{key[3]}")
    # Few rows, or asked for together with the chat; of chats there are so few that each is looked through.
    assert set(unindexed) <= {
        "messages.source_id", "revisions.source_id", "chat_sources.chat_id", "person_months.person_id",
        "messages.sender_id", "merged_exchanges.exchange_id",
    }  # fmt: skip


def test_one_persons_messages_are_found_by_way_of_the_chats(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    text = "".join(
        f"{1 + n // 60 % 28:02}/03/2022, {n % 24:02}:{n % 60:02} - P{n % 10}: number {n}\n" for n in range(600)
    )
    (tmp_path / "WhatsApp Chat with Family.txt").write_text(text, "utf-8")
    put(database, tmp_path / "WhatsApp Chat with Family.txt")
    for sql in ("sender_id = 3", "chat_id = 1", "sender_id IS NULL"):
        plan = str(rows(database, f"EXPLAIN QUERY PLAN SELECT count(*) FROM messages WHERE {sql}"))
        assert "SEARCH messages USING COVERING INDEX messages_by_chat" in plan, plan


def test_analyze_ran(examples_db: Path) -> None:
    assert one(examples_db, "SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'messages'")


def _add_and_stop(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO people (name) VALUES ('Anna')")
    raise KeyboardInterrupt


def test_a_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "m.db")) as connection:
        with pytest.raises(KeyboardInterrupt), transaction(connection):
            _add_and_stop(connection)
        assert connection.execute("SELECT count(*) FROM people").fetchone() == (0,)
        with transaction(connection):
            make_indexes(connection)
            connection.execute("INSERT INTO people (name) VALUES ('Anna')")
        assert connection.execute("SELECT count(*) FROM people").fetchone() == (1,)


def test_the_lock_names_who_holds_it(tmp_path: Path) -> None:
    import os

    path = tmp_path / "m.db"
    said: list[str] = []
    with writer_lock(path), pytest.raises(Locked, match=str(os.getpid())), writer_lock(path, 0.3, said.append):
        pass
    assert str(os.getpid()) in said[0]
    with writer_lock(path, 0):
        pass


def test_any_sqlite_tool_reads_it(examples_db: Path) -> None:
    with closing(sqlite3.connect(examples_db)) as connection:
        names = [row[0] for row in connection.execute("SELECT title FROM memories ORDER BY score DESC")]
    assert len(names) == 20


def test_ingest_order_does_not_matter_for_what_is_known(tmp_path: Path) -> None:
    files = sorted(EXAMPLES.iterdir())
    put(tmp_path / "a.db", *files)
    put(tmp_path / "b.db", *files[::-1])
    for asked in ("SELECT key FROM messages ORDER BY 1", "SELECT key, title FROM exchanges ORDER BY 1, 2"):
        assert rows(tmp_path / "a.db", asked) == rows(tmp_path / "b.db", asked)
