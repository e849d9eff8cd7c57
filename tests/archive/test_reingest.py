"""Exports that are known, read anew: in another order of day and month, into another chat, by a better reader."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ingest.archive.database import connect
from ingest.core.errors import MemoriesError
from ingest.core.model import Row
from ingest.correcting.sources import find_source, remove_source
from ingest.importing.known_exports import READER
from ingest.importing.report import lines_of
from ingest.importing.spool import Spool
from memories_lib.shared import edit_log
from tests.helpers import is_well, one, put, rows
from tests.phones import Sent
from tests.talks import BY_NAME, save, shape, talk

GB, US = BY_NAME["gb"], BY_NAME["us"]


def _short(count: int = 60, seed: int = 1) -> list[Sent]:
    """A talk in which no day is over 12, so that nothing proves the order of day and month."""
    return [
        replace(sent, at=sent.at.replace(month=2 + n // 30, day=1 + n % 30 // 3))
        for n, sent in enumerate(talk(count, seed)[:count])
    ]


def _mark_as_old(database: Path, *, sources: str = "1") -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(f"UPDATE sources SET reader = 0 WHERE {sources}")


def test_the_order_of_day_and_month_is_put_right(tmp_path: Path) -> None:
    messages = _short()
    export = save(tmp_path, "WhatsApp Chat with Ben.txt", GB, messages)
    wrong, right = tmp_path / "memories.db", tmp_path / "right" / "memories.db"
    right.parent.mkdir()
    put(wrong, export, date_order="mdy")
    put(right, export, date_order="dmy")
    (account,) = put(wrong, export, date_order="dmy")
    assert not account.is_known
    assert account.date_order == "day/month"
    assert "read as month/day" in account.read_again
    assert any("read anew" in line for line in lines_of(account))
    assert shape(wrong) == shape(right)
    assert one(wrong, "SELECT count(*) FROM sources") == 1
    is_well(wrong)
    (third,) = put(wrong, export, date_order="dmy")
    assert third.is_known


def test_a_guess_that_is_confirmed_is_no_guess_any_more(tmp_path: Path) -> None:
    messages = [replace(sent, at=datetime(2021, 3, 5, 9, n)) for n, sent in enumerate(talk(20)[:20])]
    export, database = save(tmp_path, "WhatsApp Chat with Ben.txt", GB, messages), tmp_path / "memories.db"
    put(database, export)
    assert one(database, "SELECT date_order FROM sources") == "day/month (guessed)"
    (account,) = put(database, export, date_order="dmy")
    assert account.is_known
    assert one(database, "SELECT date_order FROM sources") == "day/month"


def test_a_known_export_goes_into_another_chat(tmp_path: Path) -> None:
    first, second = talk(60), talk(50, 7)
    lake = save(tmp_path, "WhatsApp Chat with Lake.txt", GB, first)
    other = save(tmp_path, "WhatsApp Chat with Boats.txt", GB, second)
    database, fresh = tmp_path / "memories.db", tmp_path / "fresh" / "memories.db"
    fresh.parent.mkdir()
    put(database, lake)
    put(database, other, chat="Lake")
    assert one(database, "SELECT count(*) FROM chats") == 1
    (account,) = put(database, other, chat="Boats")
    assert account.chat == "Boats"
    assert "was in 'Lake'" in account.read_again
    put(fresh, lake)
    put(fresh, other, chat="Boats")
    for name in ("Lake", "Boats"):
        counts = "SELECT message_count, first_at, last_at FROM chats WHERE name = ?"
        assert rows(database, counts, (name,)) == rows(fresh, counts, (name,))
    assert shape(database) == shape(fresh)
    is_well(database)


def test_the_chat_that_loses_its_only_export_is_gone(tmp_path: Path) -> None:
    export, database = save(tmp_path, "WhatsApp Chat with Lake.txt", GB, talk(60)), tmp_path / "memories.db"
    put(database, export)
    (account,) = put(database, export, chat="Sea")
    assert rows(database, "SELECT name FROM chats") == [("Sea",)]
    assert account.new == 0
    is_well(database)


def test_what_two_exports_hold_stays_where_the_other_is(tmp_path: Path) -> None:
    messages = talk(80)
    early, late = save(tmp_path, "Lake.txt", GB, messages[:60]), save(tmp_path, "Lake 2.txt", US, messages[20:])
    database = tmp_path / "memories.db"
    put(database, early, late, chat="Lake")
    put(database, late, chat="Sea")
    counts = dict(rows(database, "SELECT name, message_count FROM chats"))
    alone = tmp_path / "alone"
    alone.mkdir()
    put(alone / "memories.db", early, chat="Lake")
    put(alone / "memories.db", late, chat="Sea")
    assert counts == dict(rows(alone / "memories.db", "SELECT name, message_count FROM chats"))
    assert shape(database) == shape(alone / "memories.db")
    is_well(database)


class _Worse(Spool):
    """What a reader that knows no photos would have made of an export."""

    def batches(self) -> Iterator[list[Row]]:
        for rows_ in super().batches():
            yield [
                (*row[:5], "text", f"{row[8] or 'left out'} (file attached)", row[7], None)
                if row[5] == "image"
                else row
                for row in rows_
            ]


@pytest.mark.parametrize("phones", [("gb", "gb"), ("gb", "ios_gb"), ("us", "de")])
def test_what_an_earlier_version_read_is_read_anew(
    tmp_path: Path, phones: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = talk(120)
    early = save(tmp_path, "Lake.txt", BY_NAME[phones[0]], messages[:90])
    late = save(tmp_path, "Lake 2.txt", BY_NAME[phones[1]], messages[40:])
    database, fresh = tmp_path / "memories.db", tmp_path / "fresh" / "memories.db"
    fresh.parent.mkdir()
    put(fresh, early, late, chat="Lake")
    with monkeypatch.context() as patched:
        patched.setattr("ingest.importing.pipeline.Spool", _Worse)
        put(database, early, late, chat="Lake")
    assert shape(database) != shape(fresh)
    ids = dict(rows(database, "SELECT key, id FROM messages WHERE kind <> 'text' OR text NOT LIKE '%attached)'"))
    _mark_as_old(database)
    accounts = put(database, early, late, chat="Lake")
    assert all("earlier version" in account.read_again for account in accounts)
    assert accounts[0].updated > 0
    assert shape(database) == shape(fresh)
    assert ids.items() <= dict(rows(database, "SELECT key, id FROM messages")).items()
    assert rows(database, "SELECT count(*) FROM sources WHERE reader = ?", (READER,)) == [(2,)]
    assert all(account.is_known for account in put(database, early, late))
    is_well(database)


def test_a_longer_export_replaces_what_an_earlier_version_read_of_it(tmp_path: Path) -> None:
    messages = talk(120)
    short, longer, longest = (save(tmp_path, f"Lake {n}.txt", GB, messages[:n]) for n in (50, 80, 120))
    database, fresh = tmp_path / "memories.db", tmp_path / "fresh" / "memories.db"
    fresh.parent.mkdir()
    put(database, short, longer, chat="Lake")
    _mark_as_old(database)
    (account,) = put(database, longest)
    assert account.chat == "Lake"
    assert (
        account.new
        == account.messages
        - one(database, "SELECT 0")
        - sum(  # type: ignore[operator]
            1 for sent in messages[:80]
        )
        + (80 - 80)
    )
    assert rows(database, "SELECT count(*) FROM sources") == [(1,)]
    put(fresh, longest, chat="Lake")
    assert shape(database) == shape(fresh)
    is_well(database)


def test_files_and_edits_outlast_being_read_anew(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "IMG-20210302-WA0001.jpg").write_bytes(b"not really a picture")
    text = "02/03/2021, 10:00 - Anna: IMG-20210302-WA0001.jpg (file attached)\n17/03/2021, 10:01 - Ben: lovely\n"
    (folder / "WhatsApp Chat with Ben.txt").write_text(text, encoding="utf-8")
    alone = tmp_path / "WhatsApp Chat with Ben.txt"
    alone.write_text(text, encoding="utf-8")
    database = tmp_path / "memories.db"
    put(database, folder)
    before = rows(database, "SELECT sha256, is_missing FROM media")
    assert before[0][1] == 0
    _mark_as_old(database)
    (account,) = put(database, alone)
    assert rows(database, "SELECT sha256, is_missing FROM media") == before
    assert (account.media_found, account.media_missing) == (1, 0)
    is_well(database)


def test_a_dry_run_reads_nothing_anew(tmp_path: Path) -> None:
    export, database = save(tmp_path, "Lake.txt", GB, talk(60)), tmp_path / "memories.db"
    put(database, export, chat="Lake")
    before = shape(database)
    (account,) = put(database, export, chat="Sea", dry_run=True)
    assert account.chat == "Sea"
    assert shape(database) == before
    assert rows(database, "SELECT name FROM chats") == [("Lake",)]


def test_an_edit_of_what_is_read_otherwise_now_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = [
        Sent(datetime(2021, 3, 17, 9, 0), "Anna", "", "media"), Sent(datetime(2021, 3, 17, 9, 1), "Ben", "so green"),
        Sent(datetime(2021, 3, 19, 9, 0), "Anna", "how is the lake today"),
    ]  # fmt: skip
    export, database = save(tmp_path, "Lake.txt", GB, messages), tmp_path / "memories.db"
    with monkeypatch.context() as patched:
        patched.setattr("ingest.importing.pipeline.Spool", _Worse)
        put(database, export)
    (talk_id, key), chat = (
        rows(database, "SELECT id, key FROM exchanges ORDER BY 1")[0],
        one(database, "SELECT key FROM chats"),
    )
    with closing(edit_log.open_log(str(tmp_path / "curation.db"))) as log:
        detail = {"chat": chat, "at": "2021-03-17T09:00:00", "title": "The green lake"}
        edit_log.write(log, edit_log.draft(log, "owner", "retitle", "exchange", key, detail))
        first = rows(database, "SELECT key FROM messages ORDER BY id")[0][0]
        hide = {"chat": chat, "at": "2021-03-17T09:00:00"}
        edit_log.write(log, edit_log.draft(log, "owner", "hide", "message", first, hide))
    _mark_as_old(database)
    (account,) = put(database, export)
    assert account.edits_lost == 0
    assert one(database, "SELECT kind FROM messages ORDER BY id") == "image"
    assert one(database, "SELECT key FROM exchanges WHERE id = ?", (talk_id,)) != key
    assert one(database, "SELECT title FROM exchanges WHERE id = ?", (talk_id,)) == "The green lake"
    assert rows(database, "SELECT message_id FROM hidden_messages") == [(1,)]
    # A second time, and after that with the ids that are kept.
    _mark_as_old(database)
    (account,) = put(database, export)
    assert account.edits_lost == 0
    assert one(database, "SELECT title FROM exchanges WHERE id = ?", (talk_id,)) == "The green lake"
    (tmp_path / "memories.db").unlink()
    put(database, export)
    assert one(database, "SELECT id FROM exchanges ORDER BY started_at") == talk_id


def _moved(messages: list[Sent], hours: float) -> list[Sent]:
    return [replace(sent, at=sent.at + timedelta(hours=hours)) for sent in messages]


def test_times_are_told_in_the_zone_that_was_said_first(tmp_path: Path) -> None:
    """Berlin is six hours ahead of New York in January; nothing is in both exports that would tell."""
    messages = talk(120)
    at_home = save(tmp_path, "a.txt", GB, messages[:60])
    away = save(tmp_path, "b.txt", GB, _moved(messages[60:100], -6))
    longer = save(tmp_path, "c.txt", GB, _moved(messages[60:], -6))
    database, fresh = tmp_path / "memories.db", tmp_path / "fresh" / "memories.db"
    fresh.parent.mkdir()
    put(fresh, save(tmp_path, "all.txt", GB, messages), chat="Lake")
    put(database, at_home, chat="Lake", timezone="Europe/Berlin")
    (account,) = put(database, away, chat="Lake", timezone="America/New_York")
    assert any("Europe/Berlin" in note for note in account.notes)
    put(database, longer, chat="Lake")  # goes on from one whose zone is known
    assert shape(database) == shape(fresh)
    assert {row[0] for row in rows(database, "SELECT timezone FROM sources")} == {"Europe/Berlin", "America/New_York"}
    is_well(database)


def test_by_how_much_an_export_was_moved_outlasts_what_told_it(tmp_path: Path) -> None:
    """What both exports held told the hours between them; the one that is left grows, and is still moved by them."""
    messages = talk(120)
    at_home = save(tmp_path, "a.txt", GB, messages[:70])
    away = save(tmp_path, "b.txt", GB, _moved(messages[30:90], -6))
    database = tmp_path / "memories.db"
    put(database, at_home, chat="Lake")
    put(database, away, chat="Lake")
    told = rows(database, "SELECT sent_at, text FROM messages WHERE source_id = 2 ORDER BY id")
    with closing(connect(database)) as connection:
        remove_source(connection, database, find_source(connection, "a.txt"))
    (account,) = put(database, save(tmp_path, "b.txt", GB, _moved(messages[30:], -6)), chat="Lake")
    assert account.new == len(messages) - 90
    now = rows(database, "SELECT sent_at, text FROM messages ORDER BY sent_at, id")
    assert len(now) == len(messages) - 30
    assert set(told) <= set(now)
    fresh = tmp_path / "fresh" / "memories.db"
    fresh.parent.mkdir()
    put(fresh, save(tmp_path, "all.txt", GB, messages[30:]), chat="Lake")
    assert now == rows(fresh, "SELECT sent_at, text FROM messages ORDER BY sent_at, id")
    is_well(database)


def test_a_zone_is_said_afterwards(tmp_path: Path) -> None:
    messages = talk(100)
    at_home, away = save(tmp_path, "a.txt", GB, messages[:60]), save(tmp_path, "b.txt", GB, _moved(messages[60:], -6))
    database, fresh = tmp_path / "memories.db", tmp_path / "fresh" / "memories.db"
    fresh.parent.mkdir()
    put(fresh, save(tmp_path, "all.txt", GB, messages), chat="Lake")
    put(database, at_home, away, chat="Lake")
    put(database, at_home, timezone="Europe/Berlin")
    (account,) = put(database, away, timezone="America/New_York")
    assert "without a time zone" in account.read_again
    assert shape(database) == shape(fresh)
    assert put(database, away, timezone="America/New_York")[0].is_known
    with pytest.raises(MemoriesError, match="Europe/Berlin"):
        put(database, away, timezone="Berlin")
