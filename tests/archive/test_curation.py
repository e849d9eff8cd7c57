"""Edits survive: a rebuilt archive shows them, more messages leave them, taking them off gives back what was."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.archive.curation import curation as _curation
from ingest.archive.curation import edit_log as _log
from ingest.archive.curation import put_edits_on, take_edits_off
from ingest.archive.database import connect, transaction
from ingest.core.errors import NotOurDatabase
from memories_lib.shared.folding import fold
from memories_lib.shared.layout import ArchiveFiles
from tests.conftest import EXAMPLES
from tests.helpers import one, put, rows
from tests.talks import BY_NAME, save, talk

SHAPE = (
    "SELECT id, key, exchange_id, is_highlight FROM messages ORDER BY id",
    "SELECT * FROM exchanges ORDER BY id",
    "SELECT id, exchange_id FROM places ORDER BY id",
    "SELECT id, name, phone, is_owner, message_count FROM people ORDER BY id",
    "SELECT id, name FROM chats ORDER BY id",
    "SELECT id, title, summary FROM periods ORDER BY id",
    "SELECT * FROM person_months ORDER BY chat_id, person_id, month",
    "SELECT * FROM person_emoji ORDER BY chat_id, person_id, year, emoji",
    "SELECT sender_id, count(*), sum(id) FROM messages GROUP BY 1 ORDER BY 1",
    "SELECT * FROM exchange_marks ORDER BY 1",
    "SELECT * FROM hidden_messages ORDER BY 1",
    "SELECT * FROM merged_exchanges ORDER BY 1",
    "SELECT chat_id, day, message_count, media_count FROM days ORDER BY 1, 2",
    "SELECT * FROM chat_kinds ORDER BY 1, 2",
    "SELECT * FROM chats ORDER BY 1",
)


def shape(database: Path) -> list[list[tuple[object, ...]]]:
    """All that edits may change."""
    found = [rows(database, sql) for sql in SHAPE]
    with closing(sqlite3.connect(database)) as connection:
        words = [row[0] for row in connection.execute("SELECT DISTINCT title FROM exchanges ORDER BY 1")]
        for title in words:
            asked = '"' + " ".join(c for c in fold(title).split() if c.isalnum()) + '"'
            found.append(
                connection.execute("SELECT rowid FROM exchanges_fts WHERE exchanges_fts MATCH ?", (asked,)).fetchall()
            )
    return found


def at_random(database: Path, dice: random.Random) -> None:
    """One edit, written down and shown as the server does."""
    with closing(connect(database)) as archive, closing(_log.open_log(str(ArchiveFiles.of(database).edits))) as log:
        archive.row_factory = sqlite3.Row
        chosen = archive.execute("SELECT * FROM exchanges ORDER BY id").fetchall()
        exchange = dice.choice(chosen)
        chat = archive.execute("SELECT key FROM chats WHERE id = ?", (exchange["chat_id"],)).fetchone()[0]
        messages = archive.execute(
            "SELECT * FROM messages WHERE exchange_id = ? ORDER BY sent_at, id", (exchange["id"],)
        ).fetchall()
        message = dice.choice(messages)
        detail: dict[str, object] = {"chat": chat, "at": exchange["started_at"]}
        action = dice.choice(sorted(_curation.ACTIONS | {"undo"}))
        kind, key = "exchange", exchange["key"]
        if action == "merge":
            same = [e for e in chosen if e["chat_id"] == exchange["chat_id"]]
            picked = sorted(dice.sample(same, min(len(same), dice.randint(2, 3))), key=lambda e: e["id"])
            detail["exchanges"] = [{"key": e["key"], "at": e["started_at"]} for e in picked]
        elif action == "split":
            detail |= {"message": message["key"], "at_message": message["sent_at"]}
        elif action == "retitle":
            detail["title"] = f"zebra {dice.randint(0, 9)}"
        elif action == "note":
            detail["note"] = "a note"
        elif action == "highlight" or (action in ("hide", "restore") and dice.random() < 0.5):
            kind, key, detail["at"] = "message", message["key"], message["sent_at"]
        elif action == "rename_person":
            was = archive.execute(
                "SELECT coalesce(b.name, p.name) FROM people p LEFT JOIN people_before b ON person_id = p.id"
            ).fetchall()
            detail |= {"was": dice.choice(was)[0], "name": f"Somebody {dice.randint(0, 99)}"}
        elif action in ("join_people", "me"):
            were = [
                row[0]
                for row in archive.execute(
                    "SELECT name FROM people_before UNION SELECT name FROM people WHERE id NOT IN (SELECT person_id "
                    "FROM people_before) ORDER BY 1"
                )
            ]
            detail |= {
                "was": dice.choice(were),
                "also": dice.sample(were, dice.randint(1, 2)),
                "on": dice.random() < 0.5,
            }
        elif action == "rename_chat":
            detail["name"] = f"Chat {dice.randint(0, 9)}"
        everything = _log.events(log)
        if action == "undo":
            if not everything:
                return
            detail = {"of": dice.choice(everything).id}
        event = _log.draft(log, "tester", action, kind, key, detail)
        everything.append(event)
        with transaction(archive):
            if action == "undo":
                _curation.replay(archive, _log.effective(everything), _log.digest(everything), fold)
            elif not _curation.apply(archive, event, fold):
                return
            _curation.set_state(archive, _log.digest(everything))
        _log.write(log, event)


def counts_are_of_what_may_be_seen(database: Path) -> None:
    """Each count is that of the messages that are not hidden, counted anew."""
    of_person = """
        SELECT person_id, chat_id, month, messages, photos, videos, stickers, voice_notes, deleted
        FROM person_months ORDER BY 1, 2, 3
    """
    kinds = ("image", "video", "sticker", "audio", "deleted")
    by_kind = ", ".join(f"count(*) FILTER (WHERE kind = '{kind}')" for kind in kinds)
    for counted, written in (
        (
            of_person,
            f"SELECT sender_id, chat_id, substr(sent_at, 1, 7), count(*), {by_kind} FROM visible_messages "
            "WHERE sender_id IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        ),
        (
            "SELECT chat_id, day, message_count FROM days ORDER BY 1, 2",
            "SELECT chat_id, substr(sent_at, 1, 10), count(*) FROM visible_messages GROUP BY 1, 2 ORDER BY 1, 2",
        ),
        (
            "SELECT chat_id, kind, message_count FROM chat_kinds ORDER BY 1, 2",
            "SELECT chat_id, kind, count(*) FROM visible_messages GROUP BY 1, 2 ORDER BY 1, 2",
        ),
        (
            "SELECT id, message_count FROM chats WHERE message_count ORDER BY 1",
            "SELECT chat_id, count(*) FROM visible_messages GROUP BY 1 ORDER BY 1",
        ),
        (
            "SELECT id, message_count FROM people WHERE message_count ORDER BY 1",
            "SELECT sender_id, count(*) FROM visible_messages WHERE sender_id IS NOT NULL GROUP BY 1 ORDER BY 1",
        ),
        (
            "SELECT id, first_at, last_at FROM chats WHERE first_at IS NOT NULL ORDER BY 1",
            "SELECT chat_id, min(started_at), max(ended_at) FROM visible_exchanges GROUP BY 1 ORDER BY 1",
        ),
    ):
        assert rows(database, counted) == rows(database, written)


@pytest.mark.property
@given(st.integers(0, 1 << 30), st.integers(1, 14))
def test_live_replayed_and_taken_off(tmp_path_factory: pytest.TempPathFactory, seed: int, count: int) -> None:
    folder = tmp_path_factory.mktemp("curated")
    database, dice = folder / "memories.db", random.Random(seed)
    shutil.copy(_fresh(tmp_path_factory), database)
    untouched = shape(database)
    for _ in range(count):
        at_random(database, dice)
    live = shape(database)
    assert rows(database, "PRAGMA foreign_key_check") == []
    assert one(database, "SELECT count(*) FROM messages WHERE exchange_id NOT IN (SELECT id FROM exchanges)") == 0
    seen = "SELECT count(*) FROM messages WHERE id NOT IN (SELECT message_id FROM hidden_messages)"
    assert one(database, "SELECT sum(message_count) FROM exchanges") == one(database, seen)
    counts_are_of_what_may_be_seen(database)
    rebuilt = folder / "again" / "memories.db"
    rebuilt.parent.mkdir()
    shutil.copy(_fresh(tmp_path_factory), rebuilt)
    with closing(connect(rebuilt)) as archive, transaction(archive):
        if ArchiveFiles.of(database).edits.exists():
            shutil.copy(ArchiveFiles.of(database).edits, ArchiveFiles.of(rebuilt).edits)
        put_edits_on(archive, rebuilt)  # what an undo took the subject of waits, here as there
    assert shape(rebuilt) == live
    with closing(connect(database)) as archive, transaction(archive):
        take_edits_off(archive, database)
    assert shape(database) == untouched


_made: list[Path] = []


def _fresh(factory: pytest.TempPathFactory) -> Path:
    if not _made:
        _made.append(factory.mktemp("fresh") / "memories.db")
        put(_made[0], EXAMPLES, me="Nora")
    return _made[0]


def test_more_messages_leave_edits_as_they_are(tmp_path: Path) -> None:
    database, messages, dice = tmp_path / "memories.db", talk(260), random.Random(5)
    put(database, save(tmp_path, "a.txt", BY_NAME["us"], messages[:200]))
    for _ in range(12):
        at_random(database, dice)
    account = put(database, save(tmp_path, "b.txt", BY_NAME["us"], messages))[0]
    assert account.new == len(messages) - 200
    # The same as when everything had been there from the start.
    whole = tmp_path / "whole" / "memories.db"
    whole.parent.mkdir()
    put(whole, save(tmp_path, "c.txt", BY_NAME["us"], messages))
    shutil.copy(ArchiveFiles.of(database).edits, ArchiveFiles.of(whole).edits)
    with closing(connect(whole)) as archive, transaction(archive):
        put_edits_on(archive, whole)
    for sql in (
        "SELECT exchanges.key, count(*) FROM messages JOIN exchanges ON exchanges.id = exchange_id GROUP BY"
        " exchanges.key ORDER BY exchanges.started_at, 1",
        "SELECT count(*) FROM hidden_messages",
        "SELECT is_hidden, is_starred, note FROM exchange_marks ORDER BY 1, 2, 3",
        "SELECT name FROM people ORDER BY 1",
    ):
        assert rows(database, sql) == rows(whole, sql)


def test_a_lost_log_is_not_passed_over(tmp_path: Path) -> None:
    database, messages = tmp_path / "memories.db", talk(120)
    put(database, save(tmp_path, "a.txt", BY_NAME["us"], messages[:100]))
    dice = random.Random(1)
    for _ in range(5):
        at_random(database, dice)
    for path in tmp_path.glob("curation.db*"):
        path.unlink()
    with pytest.raises(NotOurDatabase, match=r"curation\.db"):
        put(database, save(tmp_path, "b.txt", BY_NAME["us"], messages))


def test_edits_of_what_is_not_here_wait(tmp_path: Path) -> None:
    database, messages = tmp_path / "memories.db", talk(150)
    put(database, save(tmp_path, "a.txt", BY_NAME["us"], messages))
    dice = random.Random(3)
    for _ in range(8):
        at_random(database, dice)
    count = len(_events(database))
    other = tmp_path / "other" / "memories.db"
    other.parent.mkdir()
    shutil.copy(ArchiveFiles.of(database).edits, ArchiveFiles.of(other).edits)
    account = put(other, EXAMPLES / "ハナとのWhatsAppチャット.txt")[0]
    assert account.edits_lost > 0
    assert len(_events(other)) == count


def _events(database: Path) -> list[object]:
    with closing(_log.open_log(str(ArchiveFiles.of(database).edits))) as log:
        return list(_log.events(log))


@pytest.mark.parametrize(
    ("action", "detail"),
    [
        ("merge", {}), ("merge", {"chat": 1, "at": "", "exchanges": [1]}), ("split", {"chat": 1, "at": ""}),
        ("retitle", {"chat": 1, "at": "", "title": 7}), ("rename_person", {"was": "Nora"}), ("hide", {"at": "2021"}),
        ("join_people", {"was": "Nora", "also": [7]}), ("rename_chat", {"name": "x"}), ("me", {}), ("dance", {}),
        ("join_chats", {"chat": 1}), ("part_source", {"sha256": 3}),
    ],
)  # fmt: skip
def test_an_edit_that_says_nothing_whole_stops_nothing(
    examples_db: Path, tmp_path: Path, action: str, detail: dict[str, object]
) -> None:
    """From a log that somebody else wrote: it counts as lost, the others are shown, ingest goes on."""
    shutil.copytree(examples_db.parent, tmp_path / "kept")
    database = tmp_path / "kept" / "memories.db"
    key, chat, at = rows(
        database, "SELECT exchanges.key, chats.key, started_at FROM exchanges JOIN chats ON chats.id = chat_id LIMIT 1"
    )[0]
    with closing(_log.open_log(str(ArchiveFiles.of(database).edits))) as log:
        _log.write(log, _log.draft(log, "x", action, "exchange", 5, detail))
        _log.write(log, _log.draft(log, "x", "retitle", "exchange", key, {"chat": chat, "at": at, "title": "A zebra"}))
    with closing(connect(database)) as archive, transaction(archive):
        assert put_edits_on(archive, database) == 1
    assert one(database, "SELECT count(*) FROM exchanges WHERE title = 'A zebra'") == 1
    assert put(database, save(tmp_path, "more.txt", BY_NAME["us"], talk(20)))[0].new > 20


def _edit(database: Path, action: str, exchange: int, **more: object) -> None:
    """One edit of an exchange, written down and shown."""
    with closing(connect(database)) as archive, closing(_log.open_log(str(ArchiveFiles.of(database).edits))) as log:
        key, at, chat = archive.execute(
            "SELECT exchanges.key, started_at, chats.key FROM exchanges JOIN chats ON chats.id = chat_id"
            " WHERE exchanges.id = ?",
            (exchange,),
        ).fetchone()
        event = _log.draft(log, "tester", action, "exchange", key, {"chat": chat, "at": at, **more})
        with transaction(archive):
            assert _curation.apply(archive, event, fold)
            _curation.set_state(archive, _log.digest([*_log.events(log), event]))
        _log.write(log, event)


@pytest.mark.parametrize("hidden", ["first", "second"])
def test_what_was_hidden_stays_so_when_it_is_merged(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, hidden: str
) -> None:
    """Two machines: one hides a talk, the other merges it with its neighbour."""
    database = tmp_path / "memories.db"
    shutil.copy(_fresh(tmp_path_factory), database)
    both = rows(database, "SELECT id, key, started_at FROM exchanges WHERE chat_id = 1 ORDER BY id LIMIT 2")
    gone = both[0 if hidden == "first" else 1]
    texts = {t for (t,) in rows(database, "SELECT id FROM messages WHERE exchange_id = ?", [gone[0]])}
    _edit(database, "hide", int(str(gone[0])))
    _edit(database, "merge", int(str(both[0][0])), exchanges=[{"key": key, "at": at} for _, key, at in both])
    seen = {t for (t,) in rows(database, "SELECT id FROM visible_messages")}
    assert texts.isdisjoint(seen)
    assert one(database, "SELECT count(*) FROM visible_messages WHERE exchange_id = ?", [both[0][0]]) != 0
    counts_are_of_what_may_be_seen(database)


def test_what_was_hidden_stays_so_when_it_is_split(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    shutil.copy(_fresh(tmp_path_factory), database)
    exchange = int(str(one(database, "SELECT id FROM exchanges WHERE message_count > 5")))
    messages = rows(database, "SELECT id, key, sent_at FROM messages WHERE exchange_id = ? ORDER BY 3, 1", [exchange])
    _edit(database, "hide", exchange)
    _edit(database, "split", exchange, message=messages[3][1], at_message=messages[3][2])
    assert one(database, "SELECT count(DISTINCT exchange_id) FROM messages WHERE id IN (?, ?)",
               [messages[0][0], messages[-1][0]]) == 2  # fmt: skip
    ids = ", ".join(str(message[0]) for message in messages)
    assert one(database, f"SELECT count(*) FROM visible_messages WHERE id IN ({ids})") == 0
    counts_are_of_what_may_be_seen(database)
