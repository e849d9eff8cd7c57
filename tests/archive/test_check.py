"""`memories check` names what is wrong with an archive, whatever it is."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ingest.archive.check import check
from ingest.archive.curation import put_edits_on
from ingest.archive.database import connect, transaction
from memories_lib.shared import edit_log
from memories_lib.shared.layout import ArchiveFiles
from tests.helpers import put
from tests.talks import BY_NAME, save, talk


@pytest.fixture
def archive(examples_db: Path, tmp_path: Path) -> Path:
    """A copy of the examples to damage."""
    with closing(sqlite3.connect(examples_db)) as source, closing(sqlite3.connect(tmp_path / "memories.db")) as target:
        source.backup(target)
    shutil.copytree(examples_db.parent / "media", tmp_path / "media")
    return tmp_path / "memories.db"


def said(archive: Path) -> list[str]:
    with closing(connect(archive, read_only=True)) as connection:
        return list(check(connection, archive.parent / "media"))


def test_a_whole_archive_has_nothing_to_say(archive: Path) -> None:
    assert said(archive) == []


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("DELETE FROM messages WHERE id = 5", "does not agree"),
        ("UPDATE messages SET text = 'zebra giraffe' WHERE kind = 'text' AND id < 90", "search index of messages"),
        ("DELETE FROM exchanges_fts_docsize WHERE id = 2", "search index of exchanges"),
        ("UPDATE messages SET sender_id = 999 WHERE id = 3", "points at a row of people"),
        ("UPDATE people SET message_count = 1", "people.message_count"),
        ("UPDATE chats SET message_count = 1", "chats.message_count"),
        ("UPDATE days SET message_count = message_count + 1 WHERE id = 1", "days.message_count"),
        ("UPDATE person_months SET messages = messages + 1", "person_months"),
        ("UPDATE chat_kinds SET message_count = 0 WHERE kind = 'text'", "chat_kinds"),
        ("UPDATE messages SET exchange_id = NULL WHERE id = 4", "belong to no exchange"),
        ("UPDATE exchanges SET ended_at = started_at WHERE message_count > 3", "outside the time"),
        ("UPDATE media SET sha256 = substr(sha256, 3) || 'ff' WHERE sha256 IS NOT NULL", "is not in media/"),
    ],
)
def test_damage_is_named(archive: Path, damage: str, named: str) -> None:
    with closing(sqlite3.connect(archive)) as connection:
        connection.execute(damage)
        connection.commit()
    assert any(named in sentence for sentence in said(archive)), said(archive)


def test_changed_and_lost_files_are_named(archive: Path) -> None:
    kept = sorted(p for p in (archive.parent / "media").rglob("*") if p.is_file() and ".thumb" not in p.name)
    kept[0].write_bytes(b"something else")
    assert any("was changed after it was kept" in s for s in said(archive))
    for path in (archive.parent / "media").rglob("*.thumb.webp"):
        path.unlink()
    assert any("small picture" in s for s in said(archive))


def test_a_bit_flipped_anywhere_is_never_a_traceback(archive: Path) -> None:
    from click.testing import CliRunner

    from ingest.cli import main

    whole = archive.read_bytes()
    noticed = 0
    for at in range(5_000, len(whole), len(whole) // 12):
        archive.write_bytes(whole[:at] + bytes([whole[at] ^ 0x5A] * 40) + whole[at + 40 :])
        done = CliRunner().invoke(main, ["check", "--db", str(archive)])
        assert done.exit_code in (0, 1), done.output
        assert not isinstance(done.exception, sqlite3.Error)
        noticed += done.exit_code
    assert noticed


def test_what_is_hidden_and_shows_all_the_same_is_said(tmp_path: Path) -> None:
    """An archive beside its log, which says that something is hidden, and it is not."""
    path = tmp_path / "m.db"
    put(path, save(tmp_path, "a.txt", BY_NAME["us"], talk(40)))
    with closing(connect(path)) as connection:
        key, at, chat = connection.execute(
            "SELECT m.key, sent_at, chats.key FROM messages AS m JOIN chats ON chats.id = chat_id LIMIT 1"
        ).fetchone()
        with closing(edit_log.open_log(str(ArchiveFiles.of(path).edits))) as log:
            edit_log.write(log, edit_log.draft(log, "owner", "hide", "message", key, {"chat": chat, "at": at}))
        found = list(check(connection, tmp_path / "media", ArchiveFiles.of(path).edits))
        assert len(found) == 1
        assert "1 edits hide what may be seen" in found[0]
        with transaction(connection):
            put_edits_on(connection, path)
        assert list(check(connection, tmp_path / "media", ArchiveFiles.of(path).edits)) == []


def test_it_tells_how_far_it_is(archive: Path) -> None:
    told: list[tuple[int, int]] = []
    with closing(connect(archive)) as connection:
        found = list(
            check(connection, archive.parent / "media", progress=lambda done, total: told.append((done, total)))
        )
    assert found == []
    assert told == sorted(told)
    assert len({total for _, total in told}) == 1
    assert told[-1][0] == told[-1][1] > len(told) - 6 > 0
