"""What may be seen is said in one file: its conditions leave out what is hidden, and no other file has its own."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from memories_lib.shared import visible

ROOT = Path(__file__).parents[2]
CODE = sorted([*(ROOT / "ingest").rglob("*.py"), *(ROOT / "plugins").rglob("*.py"), ROOT / "metadata.yml"])
#: SQL that asks which are hidden; what hides and brings back writes the tables, and copies marks.
BY_HAND = re.compile(
    r"(?<!DELETE )(?:FROM|JOIN) [\w.]*hidden_messages|(?:WHERE|AND|OR|ON|NOT) [\w.+]*is_hidden\b(?! = \?)"
)
WRITERS = {
    "edit_actions.py": ["AND is_hidden"],  # a part keeps the mark of what it was parted from
    "redacted_copy.py": ["WHERE is_hidden"],  # the copy takes along stars and nothing else
}


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.name)
def test_no_other_file_says_it_by_hand(path: Path) -> None:
    if path.name != "visible.py":
        assert BY_HAND.findall(path.read_text("utf-8")) == WRITERS.get(path.name, [])


@pytest.fixture
def archive() -> sqlite3.Connection:
    """Exchange 1 has messages 1 and 2, of which 2 is hidden; 2 has 3 and is hidden; 3 has 4 and has only a star."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(
        """
        CREATE TABLE exchanges (id INTEGER PRIMARY KEY);
        CREATE TABLE messages (id INTEGER PRIMARY KEY, exchange_id INTEGER);
        CREATE TABLE exchange_marks (exchange_id INTEGER PRIMARY KEY, is_hidden INTEGER, is_starred INTEGER);
        CREATE TABLE hidden_messages (message_id INTEGER PRIMARY KEY);
        INSERT INTO exchanges VALUES (1), (2), (3);
        INSERT INTO messages VALUES (1, 1), (2, 1), (3, 2), (4, 3);
        INSERT INTO exchange_marks VALUES (2, 1, 0), (3, 0, 1);
        INSERT INTO hidden_messages VALUES (2);
        """
    )
    return connection


MARKED = "exchanges LEFT JOIN exchange_marks ON exchange_marks.exchange_id = exchanges.id"
ALIASED = "exchanges LEFT JOIN exchange_marks AS mark ON mark.exchange_id = exchanges.id"


@pytest.mark.parametrize(
    ("table", "condition", "numbers"),
    [
        ("exchanges", visible.EXCHANGE_SEEN, [1, 3]),
        (MARKED, visible.MARKED_SEEN, [1, 3]),
        (ALIASED, visible.exchange_marked_seen("mark"), [1, 3]),
        ("messages", visible.MESSAGE_ITSELF, [1, 3, 4]),
        ("messages", visible.MESSAGE_SEEN, [1, 4]),
        ("messages AS m", visible.message_seen("m.id", "m.exchange_id"), [1, 4]),
        ("messages", visible.message_hidden(), [2, 3]),
        ("messages", f"id IN ({visible.HIDDEN_MESSAGES})", [2, 3]),
        ("messages", f"id IN ({visible.HIDDEN_ALONE})", [2]),
        ("exchanges", f"id IN ({visible.HIDDEN_EXCHANGES})", [2]),
    ],
)
def test_a_condition_leaves(archive: sqlite3.Connection, table: str, condition: str, numbers: list[int]) -> None:
    assert [row[0] for row in archive.execute(f"SELECT id FROM {table} WHERE {condition} ORDER BY id")] == numbers


def test_of_an_attached_database(archive: sqlite3.Connection, tmp_path: Path) -> None:
    archive.execute("VACUUM INTO ?", (str(tmp_path / "served.db"),))
    archive.execute("ATTACH ? AS served", (str(tmp_path / "served.db"),))
    archive.execute("DELETE FROM main.hidden_messages")
    condition = visible.message_hidden("id", "exchange_id", of="served")
    rows = archive.execute(f"SELECT id FROM served.messages WHERE {condition} ORDER BY id")
    assert [row[0] for row in rows] == [2, 3]
