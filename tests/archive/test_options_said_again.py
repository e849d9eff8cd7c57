"""What is said of exports, and taken back, said otherwise, forgotten: nothing doubled, nobody twice "me"."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from memories_lib.shared.layout import ArchiveFiles
from tests.commands import run
from tests.helpers import is_well, one, put, rows

SHORT = """\
5/3/24, 09:00 - Ann: hello there my friend
5/3/24, 09:01 - Theo: good morning to you
6/4/24, 09:02 - Ann: what a lovely day it is
7/4/24, 09:02 - Theo: indeed it is so
"""


def _save(folder: Path, text: str = SHORT, name: str = "Ann") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"WhatsApp Chat with {name}.txt"
    path.write_text(text, "utf-8")
    return path


def test_an_order_that_was_said_of_an_older_export_puts_a_newer_one_right(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    old = _save(tmp_path / "old")
    new = _save(tmp_path / "new", SHORT + "8/4/24, 09:02 - Ann: and more to come\n")
    run(database, "ingest", str(old), "--date-order", "dmy")
    days = rows(database, "SELECT sent_at FROM messages ORDER BY 1")
    database.unlink()
    put(database, new)
    (account,) = put(database, old)
    assert account.new == 0
    assert rows(database, "SELECT sent_at FROM messages ORDER BY 1") == [*days, ("2024-04-08T09:02:00",)]
    is_well(database)


def test_a_zone_said_of_one_phone_moves_nothing_of_the_others(tmp_path: Path) -> None:
    dice, at, talk = random.Random(2), datetime(2024, 3, 1, 9), []
    for n in range(60):
        at += timedelta(minutes=dice.choice([1, 2, 5, 40, 300]))
        talk.append((at, dice.choice(["Ann", "Theo"]), f"words number {n} of the lake"))
    paths = [
        _save(
            tmp_path / name,
            "".join(f"{a + timedelta(hours=hours):%d/%m/%Y, %H:%M} - {who}: {text}\n" for a, who, text in part),
            name,
        )
        for name, part, hours in (("Ann", talk[:45], 0), ("Theo", talk[20:], 6))
    ]
    database = tmp_path / "memories.db"
    put(database, *paths)
    before = rows(database, "SELECT id, sent_at, text FROM messages ORDER BY 2, 1")
    assert [row[1] for row in before] == [f"{a:%Y-%m-%dT%H:%M}:00" for a, _, _ in talk]
    put(database, paths[1], timezone="America/New_York")
    assert rows(database, "SELECT id, sent_at, text FROM messages ORDER BY 2, 1") == before
    is_well(database)


def test_nobody_is_me_twice_after_a_name_is_taken_back(tmp_path: Path) -> None:
    database, export = tmp_path / "memories.db", _save(tmp_path / "in")
    put(database, export, me="Theo")
    run(database, "people", "rename", "Theo", "Theodor")
    assert "Theodor" in run(database, "ingest", str(export), "--me", "Theo").output  # by the export's name, too
    run(database, "ingest", str(export), "--me", "Ann")
    renamed = one(ArchiveFiles.of(database).edits, "SELECT id FROM edits WHERE action = 'rename_person'")
    run(database, "undo", str(renamed))
    assert rows(database, "SELECT name FROM people WHERE is_owner") == [("Ann",)]


MARK = "\u200e"


@pytest.mark.parametrize(
    ("lines", "name", "kind"),
    [
        (["Lake House: {}", "Ann: hello all of you", "Theo: hi", "Mia: hey"], "Lake House", "group"),
        (["Ann: {}", "Ann: hello you", "Theo: hi", "Ann: hey"], "Ann", "direct"),
        (["Ann: {}", "Theo: are you there?"], "Ann", "direct"),
        (["Ann: hello you", "Theo: hi", "Ann: hey"], "Ann, Theo", "direct"),
    ],
)
def test_a_chat_without_a_file_name_is_called_as_its_first_line_says(
    tmp_path: Path, lines: list[str], name: str, kind: str
) -> None:
    path = tmp_path / "_chat.txt"
    closed = f"{MARK}Messages and calls are end-to-end encrypted."
    path.write_text("".join(f"[13/03/24, 09:0{n}:00] {line.format(closed)}\n" for n, line in enumerate(lines)), "utf-8")
    (account,) = put(tmp_path / "memories.db", path)
    assert (account.chat, account.chat_kind) == (name, kind)
    if name == "Ann" and len(lines) > 2:
        assert account.owner == "Theo"


def test_a_chat_that_is_called_otherwise_as_a_whole_keeps_its_numbers(tmp_path: Path) -> None:
    database, export = tmp_path / "memories.db", _save(tmp_path / "in")
    run(database, "ingest", str(export))
    numbers = """
        SELECT 'message', id FROM messages UNION ALL SELECT 'talk', id FROM exchanges
        UNION ALL SELECT name, id FROM chats
        """
    before = rows(database, numbers)
    assert "is called 'Annie' now" in run(database, "ingest", str(export), "--chat", "Annie").output
    after = [(("Annie" if what == "Ann" else what), number) for what, number in before]
    assert rows(database, numbers) == after
    database.unlink()
    put(database, export)
    assert rows(database, numbers) == after
    is_well(database)


def test_forgetting_a_person_keeps_how_their_chats_are_read(tmp_path: Path) -> None:
    database, export = tmp_path / "memories.db", _save(tmp_path / "in")
    run(database, "ingest", str(export), "--date-order", "dmy", "--me", "Theo")
    before = rows(database, "SELECT sent_at FROM messages WHERE text LIKE 'good%' OR text LIKE 'indeed%' ORDER BY 1")
    run(database, "forget", "person", "Ann", "--yes")
    assert one(ArchiveFiles.of(database).edits, "SELECT count(*) FROM edits WHERE detail LIKE '%Ann%'") == 0
    database.unlink()
    put(database, export)
    assert rows(database, "SELECT sent_at FROM messages ORDER BY 1") == before
    assert rows(database, "SELECT name FROM people WHERE is_owner") == [("Theo",)]
