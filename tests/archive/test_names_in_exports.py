"""What is a name in an export, and of whom."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.helpers import one, put, rows, save_as


@pytest.mark.parametrize("owner_first", [True, False])
def test_another_phone_renames_neither_the_owner_nor_the_chat(tmp_path: Path, owner_first: bool) -> None:
    said = [(n, f"message number {n} about the garden") for n in range(40)]
    android = "".join(f"13/05/2023, 07:{n:02} - {'Anna' if n % 2 else 'Emma'}: {words}\n" for n, words in said)
    ios = "".join(f"[13.05.23, 07:{n:02}:09] {'Mama' if n % 2 else 'Emma'}: {words}\n" for n, words in said)
    mine = save_as(tmp_path, "WhatsApp Chat with Emma", android)
    theirs = tmp_path / "WhatsApp Chat - Mama.zip"
    with zipfile.ZipFile(theirs, "w") as archive:
        archive.writestr("_chat.txt", ios)
    database = tmp_path / "memories.db"
    if owner_first:
        put(database, mine, me="Anna")
        put(database, theirs)
        assert rows(database, "SELECT name FROM chats") == [("Emma",)]
        assert rows(database, "SELECT name FROM people WHERE is_owner") == [("Anna",)]
    else:
        put(database, theirs)
        put(database, mine, me="Anna")
    assert one(database, "SELECT count(*) FROM people") == 2
    assert one(database, "SELECT count(*) FROM messages") == 40


def test_two_whose_names_begin_alike_are_two_where_a_notice_names_the_longer(tmp_path: Path) -> None:
    talk = "".join(
        f"13/2/24, 13:{n:02} - Ann: hello number {n}\n13/2/24, 13:{n:02} - Ann: Work: the plan {n}\n" for n in range(20)
    )
    notices = '13/2/24, 12:00 - Bob created group "Trip"\n13/2/24, 12:01 - Bob added Ann: Work\n'
    count = "SELECT people.name, count(*) FROM messages JOIN people ON people.id = sender_id GROUP BY 1 ORDER BY 1"
    put(tmp_path / "two.db", save_as(tmp_path, "WhatsApp Chat with Trip", notices + talk))
    assert rows(tmp_path / "two.db", count) == [("Ann", 20), ("Ann: Work", 20)]
    # A habit of Ann's, where nobody is called so.
    put(tmp_path / "one.db", save_as(tmp_path, "WhatsApp Chat with Trip", talk))
    assert rows(tmp_path / "one.db", count) == [("Ann", 40)]


@pytest.mark.parametrize("name", ["Tom “Tommy” Lee", "Uli „Ulf“ X", "Ann ”Aa” Lee", "Bo »Bobo« B", "Odd “one"])
@pytest.mark.parametrize("header", ["13/2/24, 21:{:02} - {}: {}\n", "[13/02/2024, 21:{:02}:05] {}: {}\n"])
def test_quotes_are_part_of_a_name(tmp_path: Path, name: str, header: str) -> None:
    text = "".join(header.format(n, who, f"hello {n}") for n in range(10) for who in (name, "Me"))
    put(tmp_path / "memories.db", save_as(tmp_path, "WhatsApp Chat with Club", text))
    count = "SELECT people.name, count(*) FROM messages JOIN people ON people.id = sender_id GROUP BY 1 ORDER BY 1"
    assert rows(tmp_path / "memories.db", count) == sorted([("Me", 10), (name, 10)])


def test_a_subject_in_quotes_is_no_name(tmp_path: Path) -> None:
    text = "".join(
        f"13/2/24, 21:{n:02} - Ana changed the subject from “Trip: {n}” to “Trip: {n + 1}”\n" for n in range(9)
    )
    put(tmp_path / "memories.db", save_as(tmp_path, "WhatsApp Chat with Trip", text + "13/2/24, 22:00 - Ana: hi\n"))
    assert rows(tmp_path / "memories.db", "SELECT name FROM people") == [("Ana",)]
