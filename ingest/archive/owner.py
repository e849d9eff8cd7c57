"""Whose archive it is: among the people of each chat one, who may be called otherwise in another chat."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from ingest.core.errors import NotAnExport
from ingest.core.model import ImportReport, Options


def members_of(connection: sqlite3.Connection, chat: int) -> set[int]:
    """The people who wrote in a chat."""
    return {
        person
        for (person,) in connection.execute("SELECT DISTINCT person_id FROM person_months WHERE chat_id = ?", (chat,))
    }


def say_owner(
    connection: sqlite3.Connection,
    person: int | None,
    options: Options,
    members: Collection[int],
    report: ImportReport,
) -> None:
    """Make `person` the owner, in the place of whoever of `members` was; who is "me" in other chats stays so.

    Where nobody of `members` is called so, the account says it; raises `NotAnExport`, naming who is there, when it was
    said of this export alone.
    """
    if person is None or person not in members:
        marks = ", ".join("?" * len(members))
        there = connection.execute(
            f"SELECT name FROM people WHERE id IN ({marks}) ORDER BY message_count DESC, name LIMIT 8", list(members)
        )
        names = ", ".join(f"'{name}'" for (name,) in there)
        sentence = f"--me '{options.me}': nobody is called that; this export has {names}"
        if not options.are_many:
            raise NotAnExport(sentence)
        report.lacks_owner = True
        report.notes.append(sentence)
        return
    connection.executemany("UPDATE people SET is_owner = (id = ?) WHERE id = ?", [(person, one) for one in members])
    # So it is when an edit is taken back that called one of them otherwise.
    connection.executemany(
        "UPDATE people_before SET is_owner = (person_id = ?) WHERE person_id = ?", [(person, one) for one in members]
    )


def tell_owner(connection: sqlite3.Connection, report: ImportReport, members: Collection[int]) -> None:
    """Write into the account whom the archive takes for its owner, among `members` if any of them is."""
    owners = connection.execute("SELECT id, name FROM people WHERE is_owner ORDER BY id").fetchall()
    here = [name for person, name in owners if person in members]
    report.owner = next(iter([*here, *(name for _, name in owners)]), None)
    report.owner_writes = bool(here)
