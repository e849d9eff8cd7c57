"""What is asked for, as SQL: the filters of talks and of searches, on an archive of a few rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from memories_lib.queries.search_filter import EVERYTHING, SearchFilter
from memories_lib.queries.talk_filter import TalkFilter, literally, named
from memories_lib.shared.parameters import WrongParameter

# Talks 1 to 4: of Emma's chat, of the group "7" (chat 2), and hidden ones; two are memories, one has a star.
ARCHIVE = """
CREATE TABLE chats (id INTEGER PRIMARY KEY, name TEXT, message_count INTEGER);
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, message_count INTEGER);
CREATE TABLE exchanges (id INTEGER PRIMARY KEY, chat_id INTEGER, started_at TEXT, is_memory INTEGER, mood TEXT,
    topics TEXT, title TEXT);
CREATE TABLE messages (id INTEGER PRIMARY KEY, exchange_id INTEGER, chat_id INTEGER, sender_id INTEGER, kind TEXT,
    sent_at TEXT, text TEXT);
CREATE TABLE exchange_marks (exchange_id INTEGER PRIMARY KEY, is_hidden INTEGER, is_starred INTEGER);
CREATE TABLE hidden_messages (message_id INTEGER PRIMARY KEY);
CREATE TABLE person_months (person_id INTEGER, chat_id INTEGER);
CREATE TABLE chat_kinds (chat_id INTEGER, kind TEXT, message_count INTEGER);
CREATE TABLE days (day TEXT, message_count INTEGER);
CREATE VIRTUAL TABLE messages_fts USING fts5(text);
CREATE VIRTUAL TABLE exchanges_fts USING fts5(title, summary, topics);
INSERT INTO chats VALUES (1, 'Emma', 4), (2, '7', 2), (7, 'Old', 1);
INSERT INTO people VALUES (1, 'Emma', 3), (2, 'O''Neil', 3), (3, '1', 1);
INSERT INTO exchanges VALUES (1, 1, '2023-05-01T10:00:00', 1, 'joyful', '["lake","garden"]', 'The lake'),
    (2, 1, '2024-06-14T23:59:59', 0, 'calm', '[]', 'Bread'),
    (3, 2, '2024-06-15T00:00:00', 1, 'calm', '["lake"]', 'Lake again'),
    (4, 7, '2024-07-01T00:00:00', 1, 'sad', '["lake"]', 'Hidden lake');
INSERT INTO messages VALUES (1, 1, 1, 1, 'text', '2023-05-01T10:00:00', 'to the lake'),
    (2, 1, 1, 2, 'image', '2023-05-01T10:01:00', ''),
    (3, 2, 1, 1, 'text', '2024-06-14T23:59:59', 'bread please'),
    (4, 3, 2, 2, 'text', '2024-06-15T00:00:00', 'lake weather'),
    (5, 3, 2, 3, 'text', '2024-06-15T00:00:01', 'a secret lake'),
    (6, 4, 7, 1, 'text', '2024-07-01T00:00:00', 'hidden lake');
INSERT INTO exchange_marks VALUES (2, 0, 1), (4, 1, 0);
INSERT INTO hidden_messages VALUES (5);
INSERT INTO person_months VALUES (1, 1), (2, 1), (2, 2), (3, 2), (1, 7);
INSERT INTO chat_kinds VALUES (1, 'text', 2), (1, 'image', 1), (2, 'text', 1);
INSERT INTO days VALUES ('2023-05-01', 2), ('2024-06-14', 1), ('2024-06-15', 1);
INSERT INTO messages_fts (rowid, text) SELECT id, text FROM messages;
INSERT INTO exchanges_fts (rowid, title, summary, topics)
    SELECT id, title, '', replace(replace(topics, '[', ''), ']', '') FROM exchanges;
"""


@pytest.fixture(scope="module")
def archive() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(ARCHIVE)
        yield connection


@pytest.mark.parametrize(
    ("args", "numbers"),
    [
        ({}, [1, 3]),
        ({"all": "1"}, [1, 2, 3]),
        ({"all": "1", "starred": "1"}, [2]),
        ({"starred": "1"}, []),
        ({"all": "hidden"}, [4]),
        ({"all": "1", "chat": "Emma"}, [1, 2]),
        ({"all": "1", "chat": "1"}, [1, 2]),
        ({"all": "1", "chat": "7"}, [3]),  # a chat that is called 7, and the seventh, of which nothing may be seen
        ({"all": "1", "person": "Emma"}, [1, 2]),
        ({"all": "1", "person": "O'Neil"}, [1, 3]),
        ({"all": "1", "person": "2"}, [1, 3]),
        ({"all": "1", "person": "3"}, []),  # what this one wrote there is hidden
        ({"all": "1", "person": "1"}, [1, 2]),
        ({"all": "1", "mood": "calm"}, [2, 3]),
        ({"topic": "lake"}, [1, 3]),
        ({"topic": "lak"}, []),
        ({"all": "1", "year": "2024"}, [2, 3]),
        ({"all": "1", "from": "2024-06-14", "to": "2024-06-14"}, [2]),
        ({"all": "1", "from": "2024-06-15"}, [3]),
        ({"all": "1", "to": "2023-12-31"}, [1]),
        ({"all": "1", "q": "lake"}, [1, 3]),
        ({"all": "1", "q": "secret"}, []),
        ({"all": "1", "q": "bread please"}, [2]),
        ({"all": "1", "q": "  "}, [1, 2, 3]),
        ({"all": "1", "chat": "Emma", "year": "2023", "mood": "joyful", "q": "lake"}, [1]),
    ],
    ids=str,
)
def test_talks_that_are_asked_for(archive: sqlite3.Connection, args: dict[str, str], numbers: list[int]) -> None:
    """Looked for in each of the ways that there are."""
    asked = TalkFilter.from_args(args, may_see_hidden=True)
    for way in (asked, asked.tuned(archive.execute), asked.tuned(archive.execute, best_first=True)):
        where, given = way.where()
        rows = archive.execute(f"SELECT id FROM exchanges WHERE {where} ORDER BY id", given)
        assert [number for (number,) in rows] == numbers
    assert asked.count(archive.execute) == len(numbers)


def test_hidden_talks_are_for_those_who_may_see_them() -> None:
    assert TalkFilter.from_args({"all": "hidden"}).which == "memories"
    assert TalkFilter.from_args({"all": "hidden"}, may_see_hidden=True).which == "hidden"


@pytest.mark.parametrize(
    ("args", "name", "choices"),
    [
        ({"all": "hidden"}, "all", ("0", "1")),
        ({"starred": "yes"}, "starred", ("0", "1")),
        ({"from": "yesterday"}, "from", ()),
        ({"to": "2024-6-1"}, "to", ()),
        ({"to": "2024-06-01\n"}, "to", ()),
        ({"from": "٢٠٢٤-06-01"}, "from", ()),
    ],
)
def test_what_means_nothing_is_named_or_passed_over(args: dict[str, str], name: str, choices: tuple[str, ...]) -> None:
    with pytest.raises(WrongParameter) as told:
        TalkFilter.from_args(args, strict=True)
    assert (told.value.name, told.value.choices) == (name, choices)
    assert TalkFilter.from_args(args) == TalkFilter()


@pytest.mark.parametrize(
    ("args", "numbers"),
    [
        ({}, [1, 4, 5, 6]),
        ({"chat": "Emma"}, [1]),
        ({"chat": "7"}, [4, 5, 6]),
        ({"person": "O'Neil"}, [4]),
        ({"person": "1"}, [1, 5, 6]),
        ({"from": "2024-01-01", "to": "2024-06-30"}, [4, 5]),
        ({"kind": "text"}, [1, 4, 5, 6]),
        ({"kind": "image"}, []),
        ({"kind": "photo"}, [1, 4, 5, 6]),
        ({"chat": "2", "person": "3", "from": "2024-06-15", "to": "2024-06-15", "kind": "text"}, [5]),
    ],
    ids=str,
)
def test_messages_that_a_search_is_narrowed_to(
    archive: sqlite3.Connection, args: dict[str, str], numbers: list[int]
) -> None:
    """What is hidden is left out by whoever searches."""
    asked = SearchFilter.from_args(args)
    narrower, given = asked.where()
    rows = archive.execute(
        f"""
        SELECT messages.id FROM messages JOIN chats ON chats.id = messages.chat_id
        LEFT JOIN people ON people.id = messages.sender_id
        WHERE messages.id IN (SELECT rowid FROM messages_fts WHERE messages_fts MATCH 'lake'){narrower} ORDER BY 1
        """,
        given,
    )
    assert [number for (number,) in rows] == numbers
    if few := asked.among(archive.execute):
        among = {number for (number,) in archive.execute(few, given)}
        assert set(numbers) <= among


def test_where_nothing_narrows_nothing_is_looked_up_first(archive: sqlite3.Connection) -> None:
    assert EVERYTHING.where() == ("", {})
    assert EVERYTHING.among(archive.execute) == ""
    assert EVERYTHING.as_sql("lake") == (None, {})
    assert EVERYTHING.as_rows() == {"_where": ""}
    assert SearchFilter(kind="text").among(archive.execute) == ""
    assert SearchFilter(chat="Emma").among(archive.execute, most=3) == ""


@pytest.mark.parametrize("name", ["from", "to", "kind"])
def test_a_search_names_what_it_does_not_know(name: str) -> None:
    with pytest.raises(WrongParameter) as told:
        SearchFilter.from_args({name: "x"}, strict=True)
    assert told.value.name == name


@pytest.mark.parametrize("text", ["Emma", "O'Neil", "'; DROP TABLE chats; --", "''", "ok\\'", "", "🌊"])
def test_a_text_in_sql_is_that_text(archive: sqlite3.Connection, text: str) -> None:
    assert archive.execute(f"SELECT {literally(text)}").fetchone() == (text,)


@pytest.mark.parametrize(("name", "numbers"), [("Emma", [1]), ("7", [2, 7]), ("2", [2]), ("nobody", []), ("07", [])])
def test_a_chat_is_meant_by_name_or_number(archive: sqlite3.Connection, name: str, numbers: list[int]) -> None:
    condition: Any = named("id", "chats", name)
    assert [n for (n,) in archive.execute(f"SELECT id FROM chats WHERE {condition} ORDER BY id")] == numbers
