"""What was said of an export, a chat or a person holds when it is read again, or the archive made anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import run
from tests.helpers import put, rows, save_as

OPEN = """\
1/2/24, 1:05 pm - Anna: plan the birthday cake
2/2/24, 2:05 pm - Emma: yes with lemon please
3/4/24, 3:05 pm - Anna: did it arrive
5/6/24, 4:05 pm - Emma: it did, thank you so much
7/8/24, 5:05 pm - Anna: summer at the lake
"""


def test_what_was_said_of_days_holds_when_the_chat_is_corrected(tmp_path: Path) -> None:
    database, export = tmp_path / "memories.db", save_as(tmp_path, "WhatsApp Chat with Emma", OPEN)
    put(database, export)
    put(database, export, date_order="dmy")
    put(database, export, chat="Sister")
    days = [day for (day,) in rows(database, "SELECT substr(sent_at, 1, 10) FROM messages ORDER BY sent_at")]
    assert days == ["2024-02-01", "2024-02-02", "2024-04-03", "2024-06-05", "2024-08-07"]


def test_a_forgotten_chat_leaves_people_their_names(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    alone = save_as(
        tmp_path, "WhatsApp Chat with Kurt", "13/05/2023, 07:00 - Kurt: one\n13/05/2023, 07:01 - Anna: two\n"
    )
    trip = save_as(
        tmp_path, "WhatsApp Chat with Trip", '14/05/2023, 07:00 - Anna created group "Trip"\n'
        "14/05/2023, 07:00 - Kurt: three\n14/05/2023, 07:01 - Anna: four\n14/05/2023, 07:01 - Ida: five\n",
    )  # fmt: skip
    put(database, alone, trip, me="Anna")
    run(database, "people", "rename", "Kurt", "Kurt Xaver")
    run(database, "forget", "chat", "Kurt Xaver", "-y")
    database.unlink()
    put(database, trip)
    assert rows(database, "SELECT name FROM people ORDER BY 1") == [("Anna",), ("Ida",), ("Kurt Xaver",)]


def test_undo_says_so_where_the_newest_is_another_commands_to_take_back(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    for name in ("Emma", "Em"):
        text = f"13/05/2023, 07:00 - {name}: one {name}\n13/05/2023, 07:01 - Anna: two {name}\n"
        put(database, save_as(tmp_path, f"WhatsApp Chat with {name}", text))
    run(database, "people", "rename", "Emma", "Emma Rose")
    run(database, "chats", "join", "Emma Rose", "Em", "-y")
    assert "memories chats part" in run(database, "undo", code=1).output
    assert "Emma Rose" in str(rows(database, "SELECT name FROM people"))


def anew(database: Path, export: Path) -> str:
    """The archive made again of its export, without a word of how."""
    for path in database.parent.glob("memories.db*"):
        if path.suffix != ".ids":
            path.unlink()
    return run(database, "ingest", str(export)).output


@pytest.mark.parametrize(
    ("said", "sql"),
    [
        (("--me", "Emma"), "SELECT name FROM people WHERE is_owner"),
        (("--date-order", "dmy"), "SELECT id, sent_at FROM messages ORDER BY 1"),
        (("--chat", "Sister"), "SELECT id, name FROM chats"),
        (("--timezone", "Asia/Tokyo"), "SELECT timezone FROM sources"),
    ],
)
def test_what_was_said_of_an_export_is_known_when_the_archive_is_madeanew(
    tmp_path: Path, said: tuple[str, str], sql: str
) -> None:
    database, export = tmp_path / "memories.db", save_as(tmp_path, "WhatsApp Chat with Emma", OPEN)
    guessed = run(database, "ingest", str(export)).output
    before = rows(database, sql)
    run(database, "ingest", str(export), *said)
    corrected = rows(database, sql)
    assert corrected != before
    told = anew(database, export)
    assert rows(database, sql) == corrected
    assert "new       5" in told
    assert "new       5" in guessed
    assert "again" not in told
    # And it is said once: another reading of it changes nothing.
    run(database, "ingest", str(export))
    assert rows(database, sql) == corrected


def test_where_nobody_edited_anything_undo_says_what_else_brings_an_export_back(tmp_path: Path) -> None:
    database = tmp_path / "memories.db"
    put(database, save_as(tmp_path, "WhatsApp Chat with Emma", OPEN))
    run(database, "sources", "remove", "1", "-y")
    told = run(database, "undo", code=1).output
    assert "no edit to take back" in told
    assert "ingested again" in told
