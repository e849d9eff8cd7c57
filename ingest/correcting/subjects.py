"""Whom and what a correction is about: the people and chats of an archive, found by what the user calls them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from ingest.core.errors import MemoriesError
from ingest.core.names import name_key


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the archive. `was`: what ingest calls them; `joined`: who is the same person, by the same names."""

    id: int
    name: str
    was: str
    phone: str | None
    messages: int
    chats: int
    is_owner: bool
    joined: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat of the archive. `sources`: how many exports it comes from."""

    id: int
    key: int
    name: str
    was: str
    kind: str
    messages: int
    first_at: str
    last_at: str
    sources: int


def all_people(connection: sqlite3.Connection) -> list[Person]:
    """Everybody, whoever wrote most first."""
    rows = connection.execute(
        """
        SELECT people.id, people.name, coalesce(people_before.name, people.name), people.phone, people.message_count,
            (SELECT count(DISTINCT chat_id) FROM person_months WHERE person_id = people.id), people.is_owner,
            (SELECT json_group_array(name) FROM people_before AS joined
             WHERE joined.joined_to = people.id AND joined.person_id <> people.id)
        FROM people LEFT JOIN people_before ON person_id = people.id ORDER BY people.message_count DESC, people.name
        """
    )
    return [
        Person(number, name, was, phone, messages, chats, bool(is_owner), tuple(json.loads(joined)))
        for number, name, was, phone, messages, chats, is_owner, joined in rows
    ]


def all_chats(connection: sqlite3.Connection) -> list[Chat]:
    """All chats, the largest first."""
    rows = connection.execute(
        """
        SELECT chats.id, key, chats.name, coalesce(chats_before.name, chats.name), kind, message_count,
            coalesce(first_at, ''), coalesce(last_at, ''),
            (SELECT count(*) FROM chat_sources WHERE chat_sources.chat_id = chats.id)
        FROM chats LEFT JOIN chats_before ON chats_before.chat_id = chats.id ORDER BY message_count DESC, chats.name
        """
    )
    return [Chat(*row) for row in rows]


def find_person(connection: sqlite3.Connection, name: str) -> Person:
    """Who is called so, now or by the exports, or has that number. Raises `MemoriesError` that names who is there."""
    people = all_people(connection)
    wanted = name_key(name)
    for called in (
        {one.id: {f"id:{one.id}"} for one in people},
        {one.id: {name_key(one.name)} for one in people},
        {one.id: {name_key(name) for name in (one.was, *one.joined)} for one in people},
        {one.id: {one.phone} for one in people},
        {one.id: {str(one.id)} for one in people},
    ):
        found = [one for one in people if wanted in called[one.id]]
        if len(found) == 1:
            return found[0]
    listed = ", ".join(f"'{one.name}'" for one in people[:12])
    raise MemoriesError(f"nobody is called '{name}'; memories people lists everybody: {listed}")


def find_chat(connection: sqlite3.Connection, name: str) -> Chat:
    """The chat that is called so, now or by its export, or has that number.

    Raises `MemoriesError` that names what is there.
    """
    chats = all_chats(connection)
    wanted = name_key(name)
    for called in (
        {one.id: f"id:{one.id}" for one in chats},
        {one.id: name_key(one.name) for one in chats},
        {one.id: name_key(one.was) for one in chats},
        {one.id: str(one.id) for one in chats},
    ):
        found = [one for one in chats if called[one.id] == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            numbers = " and ".join(str(one.id) for one in found)
            raise MemoriesError(f"several chats are called '{name}'; say its number ({numbers}), see memories chats")
    listed = ", ".join(f"'{one.name}'" for one in chats[:12])
    raise MemoriesError(f"there is no chat '{name}'; memories chats lists all: {listed}")


def owners_beside(connection: sqlite3.Connection, people: Collection[Person]) -> list[Person]:
    """Who else is "me", and writes in a chat with one of `people`: nobody is two in one chat, unless it is said."""
    mine = {person.id for person in people}
    marks = ", ".join("?" * len(mine))
    together = {
        person
        for (person,) in connection.execute(
            f"""
            SELECT DISTINCT person_id FROM person_months
            WHERE chat_id IN (SELECT chat_id FROM person_months WHERE person_id IN ({marks}))
            """,
            list(mine),
        )
    }
    return [person for person in all_people(connection) if person.is_owner and person.id in together - mine]
