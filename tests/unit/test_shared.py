"""Small things that both sides use: files beside an archive, times, polls, notes, errors of SQLite, parameters."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memories_lib.shared import (
    addresses,
    clock,
    derived_words,
    layout,
    maintenance_note,
    open_database_bytes,
    parameters,
    polls,
    private_files,
    sqlite_errors,
    uploads,
    versions,
)
from memories_lib.shared.layout import ArchiveFiles


def test_files_lie_beside_the_archive_that_a_link_leads_to(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real = tmp_path / "real" / "family.db"
    real.touch()
    link = tmp_path / "memories.db"
    link.symlink_to(real)
    files = ArchiveFiles.of(link)
    beside = {name: getattr(files, name) for name in ("edits", "summaries", "access", "media", "versions", "incoming")}
    assert {path.parent for path in beside.values()} == {tmp_path / "real"}
    assert (files.ids.name, files.lock.name) == ("family.db.ids", "family.db.lock")


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("IMG-1.JPG", ".jpg"), ("letter", ""), ("a.tar.gz", ".gz"), ("x.p/../../d", ".d"), ("x.", ""), ("", ""),
        ("a.verylongending", ".verylong"), ("photo.j\u200epg", ".jpg"),
    ],
)  # fmt: skip
def test_a_file_lies_by_its_digest_whatever_it_is_called(name: str, ending: str) -> None:
    assert layout.media_name("ab" * 32, name) == f"ab/{'ab' * 32}{ending}"


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9000, 1, 1)))
def test_seconds_are_as_far_apart_as_times(when: datetime) -> None:
    here = when.replace(microsecond=0)
    later = here + timedelta(days=40, hours=3, seconds=7)
    assert clock.seconds(later.isoformat()) - clock.seconds(here.isoformat()) == 40 * 86400 + 3 * 3600 + 7


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("OPTION: The lake (2 votes)", ("OPTION: The lake", 2)),
        ("\u200eOPTION: Montag (1 Stimme)", ("OPTION: Montag", 1)),
        ("خيار: البحر (\u200f3\u00a0أصوات)", ("خيار: البحر", 3)),
        ("The garden", ("The garden", 0)),
        ("Room (4)", ("Room", 4)),
        ("Both (you and me)", ("Both (you and me)", 0)),
        ("", ("", 0)),
    ],
)
def test_a_line_of_a_poll(line: str, told: tuple[str, int]) -> None:
    assert polls.words_and_votes(line) == told


def test_a_note_is_shown_until_it_is_taken_off(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    assert maintenance_note.note_of(database) is None
    maintenance_note.put_note(database, "x" * 1000, closed=True)
    assert maintenance_note.note_of(database) == {"text": "x" * maintenance_note.MOST, "closed": True}
    assert maintenance_note.take_note_off(database)
    assert not maintenance_note.take_note_off(database)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"text": ', '"text"', "null"])
def test_a_note_that_is_none_closes_nothing(tmp_path: Path, content: str) -> None:
    database = tmp_path / "memories.db"
    ArchiveFiles.of(database).maintenance.write_text(content, "utf-8")
    assert maintenance_note.note_of(database) is None


def _error(path: Path, *statements: str) -> sqlite3.Error:
    *before, last = statements
    with closing(sqlite3.connect(path, timeout=0)) as connection:
        for sql in before:
            connection.execute(sql)
        with pytest.raises(sqlite3.Error) as told:
            connection.execute(last)
    return told.value


def test_what_an_error_of_sqlite_says(tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no database at all, but longer than a header of one is" * 40)
    assert sqlite_errors.is_corrupt(_error(broken, "SELECT 1 FROM sqlite_master"))
    assert sqlite_errors.is_closed(_opened(tmp_path / "no" / "x.db"))
    full = _error(tmp_path / "full.db", "PRAGMA max_page_count = 2", "CREATE TABLE a (b)", "CREATE TABLE c (d)")
    assert sqlite_errors.is_full(full)
    with closing(sqlite3.connect(tmp_path / "locked.db", isolation_level=None)) as other:
        other.execute("CREATE TABLE a (b)")
        other.execute("BEGIN EXCLUSIVE")
        assert sqlite_errors.is_locked(_error(tmp_path / "locked.db", "INSERT INTO a VALUES (1)"))
    plain = _error(tmp_path / "plain.db", "SELECT nothing")
    assert not any(
        is_so(plain)
        for is_so in (
            sqlite_errors.is_corrupt, sqlite_errors.is_full, sqlite_errors.is_locked, sqlite_errors.is_closed,
            sqlite_errors.is_disk, sqlite_errors.is_interrupted, sqlite_errors.is_index_corrupt,
        )
    )  # fmt: skip


def _opened(path: Path) -> sqlite3.Error:
    with pytest.raises(sqlite3.Error) as told:
        sqlite3.connect(path)
    return told.value


def test_an_index_whose_tables_do_not_fit_together_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5(text)")
        connection.execute("PRAGMA writable_schema = 1")
        connection.execute("DELETE FROM sqlite_master WHERE name = 'words_config'")
    assert sqlite_errors.is_index_corrupt(_error(path, "SELECT * FROM words"))


@pytest.mark.parametrize(
    ("args", "told"),
    [({}, ""), ({"day": ""}, ""), ({"day": "2024-06-14"}, "2024-06-14"), ({"day": "14.6.2024"}, None)],
)
def test_a_day_is_a_day(args: dict[str, str], told: str | None) -> None:
    if told is None:
        assert parameters.day(args, "day") == ""
        with pytest.raises(parameters.WrongParameter):
            parameters.day(args, "day", strict=True)
    else:
        assert parameters.day(args, "day", strict=True) == told


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [
        ("one two three", 20, "one two three"),
        ("one two three", 8, "one two…"),
        ("onetwothreefour", 6, "onetw…"),
        ("", 5, ""),
    ],
)
def test_a_long_text_is_cut_between_words(text: str, most: int, short: str) -> None:
    assert derived_words.shorten(text, most) == short
    assert len(short) <= most


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://a.example/x?y=1 now", ["https://a.example/x?y=1"]),
        ("HTTP://A.EXAMPLE", ["HTTP://A.EXAMPLE"]),
        ("„https://a.example/ä“", ["https://a.example/ä"]),
        ("ftp://a.example http:/x", []),
    ],
)
def test_an_address_in_a_sentence(text: str, found: list[str]) -> None:
    assert addresses.URL.findall(text) == found


def test_private_files_are_private_before_anything_is_in_them(tmp_path: Path) -> None:
    private_files.make_folder(tmp_path / "a" / "b")
    private_files.make_file(tmp_path / "a" / "b" / "c.db")
    assert [(tmp_path / name).stat().st_mode & 0o077 for name in ("a/b", "a/b/c.db")] == [0, 0]
    (tmp_path / "a" / "b" / "c.db").write_text("words")
    private_files.make_file(tmp_path / "a" / "b" / "c.db")
    assert (tmp_path / "a" / "b" / "c.db").read_text() == "words"


def test_a_file_is_read_in_blocks_as_it_is_now(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"a" * 10)
    assert list(open_database_bytes.blocks(path, 4)) == [b"aaaa", b"aaaa", b"aa"]
    path.write_bytes(b"b" * 3)
    assert list(open_database_bytes.blocks(path, 4)) == [b"bbb"]
    (tmp_path / "y.db").write_bytes(b"c")
    (tmp_path / "y.db").replace(path)
    assert list(open_database_bytes.blocks(path, 4)) == [b"c"]


def test_an_upload_takes_what_is_there_already_and_only_blocks_that_are_what_they_say(tmp_path: Path) -> None:
    block = uploads.BLOCK
    new, old = b"1" * block + b"2" * block + b"3" * 10, b"0" * block + b"1" * block
    (tmp_path / "served.db").write_bytes(old)
    (tmp_path / "new.db").write_bytes(new)
    digests, sha256 = uploads.digests_of(tmp_path / "new.db"), "f" * 64
    folder = uploads.incoming(tmp_path / "memories.db")
    assert uploads.begin(folder, sha256, len(new), digests, tmp_path / "served.db") == [1, 2]
    assert uploads.plan_of(folder, sha256) == digests
    assert not uploads.write(folder, sha256, 1, b"x" * block, digests[1])
    assert uploads.write(folder, sha256, 1, b"2" * block, digests[1])
    assert uploads.arrived(folder, sha256, digests) == [2]
    # Begun anew, what arrived is still there.
    assert uploads.begin(folder, sha256, len(new), digests, tmp_path / "served.db") == [2]
    assert uploads.write(folder, sha256, 2, b"3" * 10, digests[2])
    assert uploads.arrived(folder, sha256, digests) == []
    assert uploads.part_of(folder, sha256).read_bytes() == new
    uploads.forget(folder, sha256)
    assert uploads.plan_of(folder, sha256) is None


def test_what_was_put_in_place_last_is_known_until_something_else_was(tmp_path: Path) -> None:
    uploads.note_served(tmp_path, "a" * 64, [1, 2])
    assert uploads.is_served(tmp_path, "a" * 64, [1, 2])
    assert not uploads.is_served(tmp_path, "a" * 64, [1, 2, 3])
    assert not uploads.is_served(tmp_path, "b" * 64, [1, 2])
    uploads.note_served(tmp_path, None)
    assert not uploads.is_served(tmp_path, "a" * 64, [1, 2])


def test_earlier_versions_are_kept_by_time_and_the_oldest_go(tmp_path: Path) -> None:
    names = ["20240102T000000Z.db", "20240101T000000Z-2.db", "20240101T000000Z-10.db", "20240101T000000Z.db"]
    for name in (*names, "notes.db", "20240101.db"):
        (tmp_path / name).touch()
    order = [names[0], names[2], names[1], names[3]]
    assert [path.name for path in versions.listed(tmp_path)] == order
    versions.prune(tmp_path, 2)
    assert [path.name for path in versions.listed(tmp_path)] == order[:2]
    assert (tmp_path / "notes.db").exists()
