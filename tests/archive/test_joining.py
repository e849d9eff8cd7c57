"""`memories chats join` and `part`: as if the exports had been read so from the start."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from memories_lib.shared import edit_log
from tests.commands import run
from tests.helpers import is_well, one, put, rows
from tests.talks import BY_NAME, save, talk, whole_minute
from tests.talks import shape as shape_of

GB, US = BY_NAME["gb"], BY_NAME["us"]


def shape(database: Path) -> dict[str, object]:
    """See `shape_of`; days and talks of several chats in any order."""
    found = shape_of(database)
    return {**found, **{name: sorted(found[name]) for name in ("days", "exchanges")}}  # type: ignore[call-overload]


def _kinds(database: Path) -> list[tuple[object, ...]]:
    return rows(
        database,
        "SELECT name, counted.kind, counted.message_count FROM chat_kinds AS counted JOIN chats ON id = chat_id"
        " ORDER BY 1, 2",
    )


def _fresh(tmp_path: Path, *exports: tuple[Path, str]) -> Path:
    database = tmp_path / "fresh" / "memories.db"
    database.parent.mkdir()
    for path, chat in exports:
        put(database, path, chat=chat)
    return database


@pytest.mark.parametrize(("until", "since"), [(60, 60), (80, 50), (100, 0), (70, 69)])
def test_two_chats_that_are_one(tmp_path: Path, until: int, since: int) -> None:
    messages = talk(120)
    # Where a minute is parted between two exports, its messages may change places.
    until, since = whole_minute(messages, until), whole_minute(messages, since)
    early, late = save(tmp_path, "a.txt", GB, messages[:until]), save(tmp_path, "b.txt", GB, messages[since:])
    other = save(tmp_path, "c.txt", GB, talk(40, 8, ("Anna", "Zoe")))
    database = tmp_path / "memories.db"
    for path, chat in ((early, "Lake"), (late, "Sea"), (other, "Zoe")):
        put(database, path, chat=chat)
    before = shape(database)
    ids = dict(rows(database, "SELECT key, messages.id FROM messages WHERE chat_id = 2"))
    run(database, "chats", "join", "Lake", "Sea", "--yes")
    fresh = _fresh(tmp_path, (early, "Lake"), (late, "Lake"), (other, "Zoe"))
    assert shape(database) == shape(fresh)
    assert _kinds(database) == _kinds(fresh)
    assert one(database, "SELECT count(*) FROM chat_sources WHERE chat_id = 1") == 2
    now = dict(rows(database, "SELECT key, messages.id FROM messages WHERE chat_id = 1"))
    if since >= until:
        assert ids.items() <= now.items()
    is_well(database)
    # A longer export of what was the other chat finds its way, and reading all anew comes out the same.
    assert put(database, save(tmp_path, "Sea.txt", GB, messages[since:]))[0].chat == "Lake"
    run(database, "chats", "part", "b.txt", "--as", "Sea")
    assert shape(database) == before
    assert one(database, "SELECT count(*) FROM chat_sources WHERE chat_id = 1") == 1
    is_well(database)


def test_a_rebuilt_archive_is_joined_again(tmp_path: Path) -> None:
    messages = talk(120)
    early = save(tmp_path, "WhatsApp Chat with Lake.txt", GB, messages[:60])
    late = save(tmp_path, "WhatsApp Chat with Sea.txt", GB, messages[60:])
    database = tmp_path / "memories.db"
    put(database, early)
    put(database, late, chat="Sea")
    chats = [str(row[0]) for row in rows(database, "SELECT name FROM chats ORDER BY id")]
    run(database, "chats", "join", *chats, "--yes")
    told, ids = shape(database), rows(database, "SELECT key, id FROM messages ORDER BY 1")
    talks = rows(database, "SELECT key, id FROM exchanges ORDER BY 1")
    for order in ((early, late), (late, early)):
        database.unlink()
        put(database, *order)
        assert one(database, "SELECT count(*) FROM chats") == 1
        assert shape(database) == told
        assert rows(database, "SELECT key, id FROM messages ORDER BY 1") == ids
        assert rows(database, "SELECT key, id FROM exchanges ORDER BY 1") == talks
        is_well(database)


def test_ids_of_what_was_parted_outlast_a_rebuilt_archive(tmp_path: Path) -> None:
    """The kept numbers know which chat a message went to."""
    lake, sea = save(tmp_path, "a.txt", GB, talk(60)), save(tmp_path, "b.txt", GB, talk(50, 7, ("Anna", "Ben")))
    database = tmp_path / "memories.db"
    put(database, lake, sea, chat="Lake")
    run(database, "chats", "part", "2", "--as", "Sea")
    ids = rows(database, "SELECT messages.id, text, name FROM messages JOIN chats ON chats.id = chat_id ORDER BY 1")
    for order in ([lake, sea], [sea, lake]):
        database.unlink()
        for export in order:
            put(database, export, chat="Lake" if export == lake else None)
        again = "SELECT messages.id, text, name FROM messages JOIN chats ON chats.id = chat_id ORDER BY 1"
        assert rows(database, again) == ids


def test_a_rebuilt_archive_is_parted_again(tmp_path: Path) -> None:
    first, second = talk(60), talk(50, 7, ("Anna", "Ben"))
    lake, sea = save(tmp_path, "a.txt", GB, first), save(tmp_path, "b.txt", GB, second)
    database = tmp_path / "memories.db"
    put(database, lake, sea, chat="Lake")
    run(database, "chats", "part", "2", "--as", "Sea")
    told = shape(database)
    fresh = _fresh(tmp_path, (lake, "Lake"), (sea, "Sea"))
    assert told == shape(fresh)
    assert _kinds(database) == _kinds(fresh)
    database.unlink()
    put(database, sea)
    put(database, lake, chat="Lake")
    assert shape(database) == told
    assert rows(database, "SELECT name FROM chats ORDER BY 1") == [("Lake",), ("Sea",)]


@pytest.mark.parametrize("how", ["join", "part"])
def test_what_was_hidden_stays_hidden(tmp_path: Path, how: str) -> None:
    first, second = talk(60), talk(50, 7)
    lake, sea = save(tmp_path, "a.txt", GB, first), save(tmp_path, "b.txt", GB, second)
    database = tmp_path / "memories.db"
    put(database, lake, chat="Lake")
    put(database, sea, chat="Sea" if how == "join" else "Lake")
    (key, at, chat) = rows(
        database,
        "SELECT exchanges.key, started_at, chats.key FROM exchanges JOIN chats ON chats.id = exchanges.chat_id"
        " JOIN messages ON exchange_id = exchanges.id WHERE source_id = 2 ORDER BY started_at DESC LIMIT 1",
    )[0]
    with closing(edit_log.open_log(str(tmp_path / "curation.db"))) as log:
        edit_log.write(log, edit_log.draft(log, "owner", "hide", "exchange", key, {"chat": chat, "at": at}))
    run(
        database,
        *(("chats", "join", "Lake", "Sea", "--yes") if how == "join" else ("chats", "part", "2", "--as", "Sea")),
    )
    hidden = "SELECT exchanges.key FROM exchange_marks JOIN exchanges ON id = exchange_id WHERE is_hidden"
    assert rows(database, hidden) == [(key,)]
    database.unlink()
    put(database, lake, chat="Lake")
    if how == "join":
        put(database, sea, chat="Sea")
    else:
        put(database, sea)
    assert rows(database, hidden) == [(key,)]


def test_photos_edits_and_deletions_of_both(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "IMG-20210317-WA0001.jpg").write_bytes(b"not really a picture")
    lines = ["17/03/2021, 10:00 - Anna: IMG-20210317-WA0001.jpg (file attached)", "17/03/2021, 10:01 - Ben: lovely day",
             "17/03/2021, 10:02 - Ben: what a day indeed", "19/03/2021, 10:03 - Ben: bye"]  # fmt: skip
    (folder / "chat.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    bare = tmp_path / "bare.txt"
    lines[0], lines[2] = (
        "17/03/2021, 10:00 - Anna: <Media omitted>",
        "17/03/2021, 10:02 - Ben: This message was deleted",
    )
    bare.write_text("\n".join(lines) + "\n20/03/2021, 10:03 - Anna: new\n", encoding="utf-8")
    database = tmp_path / "memories.db"
    put(database, bare, chat="Lake")
    put(database, folder, chat="Sea")
    run(database, "chats", "join", "Lake", "Sea", "--yes")
    fresh = _fresh(tmp_path, (bare, "Lake"), (folder, "Lake"))
    assert shape(database) == shape(fresh)
    assert rows(database, "SELECT filename, sha256, is_missing FROM media") == rows(
        fresh, "SELECT filename, sha256, is_missing FROM media"
    )
    assert rows(database, "SELECT text, kind FROM revisions") == rows(fresh, "SELECT text, kind FROM revisions")
    is_well(database)


def test_what_cannot_be_joined_or_parted_is_said(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    put(database, save(tmp_path, "a.txt", GB, talk(30)), chat="Lake")
    put(database, save(tmp_path, "b.txt", GB, talk(30, 4)), chat="Sea")
    for words, said in (
        (("chats", "join", "Lake", "lake"), "one chat already"),
        (("chats", "part", "1", "--as", "Pond"), "all exports of that chat"),
        (("chats", "part", "1", "2", "--as", "Pond"), "several chats"),
        (("chats", "part", "7", "--as", "Pond"), "no export"),
    ):
        assert said in run(database, *words, code=1).output
    run(database, "chats", "join", "Lake", "Sea", "-y")
    number = run(database, "undo", "--list").stdout.split()[0]
    assert "memories chats part" in run(database, "undo", number, code=1).output


@pytest.mark.parametrize("order", [("a.txt", "b.txt"), ("b.txt", "a.txt")])
@pytest.mark.parametrize("gone", ["a.txt", "b.txt"])
def test_what_was_parted_is_taken_out_like_any_other(tmp_path: Path, order: tuple[str, str], gone: str) -> None:
    messages = talk(120)
    save(tmp_path, "a.txt", GB, messages[:80])
    save(tmp_path, "b.txt", GB, messages[40:])
    database = tmp_path / "memories.db"
    put(database, *(tmp_path / name for name in order), chat="Ben")
    run(database, "chats", "part", order[0], "--as", "NewBen")
    run(database, "sources", "remove", gone, "--yes")
    assert one(database, "SELECT count(*) FROM chats") == 1
    is_well(database)
    put(database, tmp_path / gone)
    is_well(database)


@pytest.mark.parametrize("parted", ["WhatsApp Chat with Ben.txt", "WhatsApp Chat with Ben (2).txt"])
@pytest.mark.parametrize("is_turned", [False, True])
def test_either_of_two_is_parted_again_when_all_is_read_anew(tmp_path: Path, parted: str, is_turned: bool) -> None:
    messages = talk(120)
    exports = [save(tmp_path, "WhatsApp Chat with Ben.txt", GB, messages[:80]),
               save(tmp_path, "WhatsApp Chat with Ben (2).txt", GB, messages[40:])]  # fmt: skip
    database = tmp_path / "memories.db"
    put(database, *exports)
    run(database, "chats", "part", parted, "--as", "NewBen")
    told = dict(rows(database, "SELECT name, message_count FROM chats"))
    assert set(told) == {"Ben", "NewBen"}
    for with_ids in (True, False):
        database.unlink()
        if not with_ids:
            (tmp_path / "memories.db.ids").unlink()
        put(database, *(exports[::-1] if is_turned else exports))
        assert dict(rows(database, "SELECT name, message_count FROM chats")) == told
        is_well(database)


def test_a_chat_that_was_joined_is_named_where_an_export_is_said_to_be_of_it(tmp_path: Path) -> None:
    database, messages = tmp_path / "memories.db", talk(60)
    early, late = save(tmp_path, "a.txt", GB, messages[:30]), save(tmp_path, "b.txt", GB, messages[30:])
    put(database, early, chat="Lake")
    put(database, late, chat="Sea")
    run(database, "chats", "join", "Lake", "Sea", "--yes")
    (account,) = put(database, late, chat="Sea")
    assert account.chat == "Lake"
    assert [note for note in account.notes if note.startswith("'Sea' was joined with 'Lake', so that is where it goes")]
    run(database, "chats", "part", "b.txt", "--as", "Sea")
    assert rows(database, "SELECT name FROM chats ORDER BY id") == [("Lake",), ("Sea",)]
