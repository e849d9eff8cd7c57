"""What the user puts right about people and chats afterwards: edits like those of the pages, in the same log."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.archive.database import transaction
from ingest.core.errors import MemoriesError
from ingest.core.names import name_key
from ingest.correcting.address_book import Contact
from ingest.correcting.subjects import Chat, Person, all_chats, all_people, find_person
from memories_lib.shared import curation, edit_log
from memories_lib.shared.edit_event import Event
from memories_lib.shared.folding import fold
from memories_lib.shared.layout import ArchiveFiles

_ACTOR = "owner"


@contextmanager
def _log_of(database: Path) -> Iterator[sqlite3.Connection]:
    with closing(edit_log.open_log(str(ArchiveFiles.of(database).edits))) as log:
        yield log


def edit(
    connection: sqlite3.Connection, database: Path, action: str, kind: str, key: int, detail: dict[str, Any]
) -> int:
    """Write one edit down and show it; returns its number. Raises `MemoriesError` when it changes nothing."""
    with _log_of(database) as log:
        everything = edit_log.events(log)
        event = edit_log.draft(log, _ACTOR, action, kind, key, detail)
        with transaction(connection):
            if curation.state(connection) != edit_log.digest(everything):
                _replay(connection, everything)
            if not curation.apply(connection, event, fold):
                raise MemoriesError("that changes nothing: what it is about is not there, or is so already")
            curation.set_state(connection, edit_log.digest([*everything, event]))
            edit_log.write(log, event)
    return int(event.id)


def undo(connection: sqlite3.Connection, database: Path, wanted: Callable[[Event], bool]) -> list[Event]:
    """Take back the edits in effect for which `wanted` is true, the newest first; returns them."""
    with _log_of(database) as log:
        everything = edit_log.events(log)
        found = [event for event in reversed(edit_log.effective(everything)) if wanted(event)]
        undoing = []
        with transaction(connection):
            for event in found:
                last = max([one.id for one in everything], default=0)
                detail = {"of": event.id, "undid": event.action}
                taken_back = edit_log.draft(log, _ACTOR, "undo", event.subject_kind, event.subject_key, detail)
                taken_back.id = max(taken_back.id, last + 1)
                everything.append(taken_back)
                undoing.append(taken_back)
            if undoing:
                _replay(connection, everything)
            for event in undoing:
                edit_log.write(log, event)
    return found


def _replay(connection: sqlite3.Connection, everything: list[Event]) -> None:
    curation.replay(connection, edit_log.effective(everything), edit_log.digest(everything), fold)


def rename_person(connection: sqlite3.Connection, database: Path, person: Person, name: str) -> int:
    """Call somebody otherwise, everywhere. Raises `MemoriesError` when somebody else is called so."""
    for other in all_people(connection):
        if other.id != person.id and other.name == name:
            raise MemoriesError(
                f"somebody else is called '{name}'; if they are one: memories people join '{person.name}' '{name}'"
            )
    detail = {"was": person.was, "name": name}
    return edit(connection, database, "rename_person", "person", curation.person_key(person.was), detail)


def join_people(connection: sqlite3.Connection, database: Path, person: Person, others: list[Person]) -> int:
    """`others` are the same person as `person`."""
    detail = {"was": person.was, "also": [other.was for other in others]}
    return edit(connection, database, "join_people", "person", curation.person_key(person.was), detail)


def part_person(connection: sqlite3.Connection, database: Path, person: Person) -> list[Event]:
    """Take back what joined anybody with `person`. Raises `MemoriesError` when nobody was."""
    names = {person.was, *person.joined}
    found = undo(
        connection,
        database,
        lambda event: (
            event.action == "join_people" and not names.isdisjoint([event.detail["was"], *event.detail["also"]])
        ),
    )
    if not found:
        raise MemoriesError(f"nobody was joined with '{person.name}'")
    return found


def say_me(connection: sqlite3.Connection, database: Path, person: Person, *, is_me: bool) -> int:
    """`person` is the archive's owner, under one of the names; or is not."""
    detail = {"was": person.was, "on": is_me}
    return edit(connection, database, "me", "person", curation.person_key(person.was), detail)


def rename_chat(connection: sqlite3.Connection, database: Path, chat: Chat, name: str) -> int:
    """Call a chat otherwise. Raises `MemoriesError` when another one is called so."""
    for other in all_chats(connection):
        if other.id != chat.id and name_key(other.name) == name_key(name):
            raise MemoriesError(
                f"another chat is called '{other.name}'; if they are one: memories chats join '{chat.name}' '{name}'"
            )
    return edit(connection, database, "rename_chat", "chat", chat.key, {"chat": chat.key, "name": name})


@dataclass(frozen=True, slots=True)
class Named:
    """What an address book tells: `people` are `name`; `is_known` when the archive has somebody of that name."""

    name: str
    people: tuple[Person, ...]
    is_known: bool


def named_by(connection: sqlite3.Connection, contacts: list[Contact]) -> list[Named]:
    """Who of the archive is in an address book under another name than here: shown by number, or by another name."""
    people = all_people(connection)
    by_phone: dict[str, list[Person]] = {}
    for person in people:
        if person.phone:
            by_phone.setdefault(person.phone, []).append(person)
    by_name = {name_key(person.name): person for person in people}
    found = []
    for contact in contacts:
        named = by_name.get(name_key(contact.name))
        those = [one for phone in contact.phones for one in by_phone.get(phone, []) if one != named]
        if those:
            rest = (named,) if named else ()
            found.append(Named(contact.name, tuple(dict.fromkeys([*rest, *those])), named is not None))
    return found


def name_them(connection: sqlite3.Connection, database: Path, named: Named) -> None:
    """Give somebody the name of an address book; several who are one are joined."""
    first, *others = named.people
    if others:
        join_people(connection, database, first, others)
    if not named.is_known:
        rename_person(connection, database, find_person(connection, first.name), named.name)


_BACK = {
    "forget": "to let it be read again: memories forget chat|person|source NAME --undo",
    "join_chats": "to part the chats again: memories chats part",
    "part_source": "to put the chats together again: memories chats join",
    "read_as": "to read it otherwise: memories ingest EXPORT, with another --chat, --me, --date-order or --timezone",
}


def last_edits(database: Path, most: int = 50) -> Iterator[tuple[int, str, str, bool]]:
    """(number, when in UTC, what, whether it was undone) of the newest edits."""
    with _log_of(database) as log:
        everything = edit_log.events(log)
    undone = edit_log.undone(everything)
    for event in everything[: -most - 1 : -1]:
        if event.action != "undo":
            yield event.id, event.at, edit_log.told(event), event.id in undone


def take_back(connection: sqlite3.Connection, database: Path, number: int | None) -> str:
    """Take back one edit, the newest in effect when no number is given; returns what it was.

    Raises `MemoriesError`, also where a command did it to the messages themselves: another one takes that back.
    """
    with _log_of(database) as log:
        in_effect = edit_log.effective(edit_log.events(log))
    if number is None and not in_effect:
        raise MemoriesError(
            "there is no edit to take back; an export that was taken out comes back when it is ingested again"
        )
    if number is None:
        # What was forgotten was to be gone, how to read an export was said to `ingest`: neither is meant here.
        last = [event for event in in_effect if event.action not in ("forget", "read_as")] or in_effect
        number = last[-1].id
    for event in in_effect:
        if event.action in edit_log.BY_COMMAND and number == event.id:
            raise MemoriesError(
                f"{edit_log.told(event)}: that was done to the messages themselves; {_BACK[event.action]}. "
                "An edit before it: memories undo NUMBER, see memories undo --list"
            )
    found = undo(connection, database, lambda event: bool(event.id == number))
    if not found:
        raise MemoriesError("there is no such edit in effect; memories undo --list lists them")
    return str(edit_log.told(found[0]))
