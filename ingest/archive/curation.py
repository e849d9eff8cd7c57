"""The door to people's edits: the same pure modules that the server uses.

An archive is brought back to what ingest wrote before messages are added, and shows the edits again after.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ingest.archive.database import connect, database_errors, transaction, writer_lock
from ingest.core.errors import NotOurDatabase
from ingest.core.model import ImportReport
from ingest.core.names import display_name
from memories_lib.shared import curation, edit_log
from memories_lib.shared.folding import fold
from memories_lib.shared.layout import EDITS, ArchiveFiles


def take_edits_off(connection: sqlite3.Connection, database: Path) -> None:
    """Make the archive what ingest wrote. Raises `NotOurDatabase` when it shows edits whose log is not there."""
    if not curation.state(connection):
        return
    if not ArchiveFiles.of(database).edits.exists():
        raise NotOurDatabase(
            f"{database}: shows edits that people made, but their log {EDITS} is not beside it; "
            "put it back, so that none is lost"
        )
    curation.revert(connection, fold)


def put_edits_on(connection: sqlite3.Connection, database: Path) -> int:
    """Play the log beside the archive onto it; returns how many edits found their subject gone."""
    path = ArchiveFiles.of(database).edits
    if not path.exists():
        return 0
    with closing(edit_log.open_log(str(path))) as log:
        events = edit_log.events(log)
    return len(curation.replay(connection, edit_log.effective(events), edit_log.digest(events), fold))


def show_edits(database: Path) -> int:
    """Make the archive show what its log says; returns how many edits found no subject."""
    with (
        writer_lock(database),
        database_errors(database),
        closing(connect(database, must_exist=True)) as connection,
        transaction(connection),
    ):
        return put_edits_on(connection, database)


def be_in_step(database: Path) -> None:
    """Before words of an archive are given away: it shows all edits of its log, so that what was hidden is.

    Raises `NotOurDatabase` when it shows edits whose log is not beside it.
    """
    path = ArchiveFiles.of(database).edits
    with database_errors(database), closing(connect(database, must_exist=True)) as connection:
        shown = curation.state(connection)
    if not path.exists():
        if shown:
            raise NotOurDatabase(
                f"{database}: shows edits that people made, but their log {EDITS} is not beside it; put it back"
            )
        return
    with closing(edit_log.open_log(str(path))) as log:
        wanted = edit_log.digest(edit_log.events(log))
    if shown != wanted:
        show_edits(database)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What is not to come back, by keys (see `memories forget`), with the day since when."""

    chats: Mapping[int, str]
    people: Mapping[int, str]
    sources: Mapping[int, str]

    def is_person(self, name: str) -> bool:
        """Whether somebody of this name was forgotten; with or without the sign of those who are no contact."""
        if not self.people:
            return False
        shown = display_name(name)
        bare = shown.removeprefix("~").strip()
        return any(curation.person_key(one) in self.people for one in (shown, bare, display_name(f"~ {bare}")))


def forgotten(database: Path) -> Forgotten:
    """What the log beside the archive says was forgotten."""
    path = ArchiveFiles.of(database).edits
    if not path.exists():
        return Forgotten({}, {}, {})
    with closing(edit_log.open_log(str(path))) as log:
        found = edit_log.forgotten(edit_log.events(log))
    return Forgotten(found["chat"], found["person"], found["source"])


@dataclass(frozen=True, slots=True)
class Decided:
    """What the user said of chats, for exports that are read from now on.

    `joined`: key of a chat -> (key, name) of the one that it is; `parted`: sha256 of an export -> (name of its chat,
    key of the one that it would go to). `moved`: sha256 of an export -> key of the chat that went with it into another.
    """

    joined: Mapping[int, tuple[int, str]]
    parted: Mapping[str, tuple[str, int]]
    moved: Mapping[str, int]

    def chat_of(self, key: int) -> tuple[int, str] | None:
        """(key, name) of the chat that one with this key was joined to, in the end."""
        found, seen = None, set()
        while key in self.joined and key not in seen:
            seen.add(key)
            found = self.joined[key]
            key = found[0]
        return found


def decided(database: Path) -> Decided:
    """What the log beside the archive says of chats that were joined and exports that were parted."""
    path = ArchiveFiles.of(database).edits
    if not path.exists():
        return Decided({}, {}, {})
    with closing(edit_log.open_log(str(path))) as log:
        events = [event for event in edit_log.effective(edit_log.events(log)) if curation.is_whole(event)]
    joined = {e.detail["key"]: (e.detail["chat"], e.detail["name"]) for e in events if e.action == "join_chats"}
    parted = {e.detail["sha256"]: (e.detail["name"], e.detail["from"]) for e in events if e.action == "part_source"}
    moved = {e.detail["sha256"]: e.detail["from"] for e in events if e.action == "read_as" and e.detail.get("from")}
    return Decided(joined, parted, moved)


#: What may be said of an export: option -> its name in the log.
_SAID = {"chat": "chat_name", "me": "me", "date_order": "date_order", "timezone": "timezone"}


def said_of(database: Path, sha256: str) -> Mapping[str, str]:
    """What the user said of how to read an export, by option; `was_order`: how days were read before that."""
    path = ArchiveFiles.of(database).edits
    if not path.exists():
        return {}
    with closing(edit_log.open_log(str(path))) as log:
        events = [event for event in edit_log.effective(edit_log.events(log)) if curation.is_whole(event)]
    said: dict[str, str] = {}
    for event in events:
        if event.action == "read_as" and event.detail["sha256"] == sha256:
            said.update({option: event.detail[name] for option, name in _SAID.items() if event.detail.get(name)})
            if event.detail.get("was_order"):
                said.setdefault("was_order", event.detail["was_order"])
    return said


def note_said(connection: sqlite3.Connection, database: Path, report: ImportReport, said: Mapping[str, str]) -> None:
    """Write down what the user said of an export, so that an archive made anew reads it so; see `said_of`."""
    sha256 = report.sha256
    before = said_of(database, sha256)
    new = {option: value for option, value in said.items() if before.get(option) != value}
    if not new:
        return
    detail: dict[str, str | int] = {
        "sha256": sha256,
        "name": report.filename,
        **{_SAID[option]: value for option, value in new.items()},
    }
    if report.was_order and "date_order" in new:
        detail["was_order"] = report.was_order
    if report.was_chat is not None and "chat" in new:
        detail["from"] = report.was_chat
    with closing(edit_log.open_log(str(ArchiveFiles.of(database).edits))) as log:
        events = edit_log.events(log)
        is_in_step = (curation.state(connection) or edit_log.digest([])) == edit_log.digest(events)
        event = edit_log.draft(log, "owner", "read_as", "source", source_key(sha256), detail)
        edit_log.write(log, event)
        if is_in_step:
            with transaction(connection):
                curation.set_state(connection, edit_log.digest([*events, event]))


def source_key(sha256: str) -> int:
    """The key of an export: the first 52 bits of its digest."""
    return int(sha256[:13], 16)
