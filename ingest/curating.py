"""The door to people's edits: the same two pure files that the server uses, loaded by path.

An archive is brought back to what ingest wrote before messages are added, and shows the edits again after.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import NotOurDatabase
from ingest.folding import fold, load_shared
from ingest.people import display_name

edit_log = load_shared("edit_log")
curation = load_shared("curation")


def log_beside(database: Path) -> Path:
    """Where the edits of an archive are kept."""
    return database.resolve().with_name("curation.db")


def take_edits_off(connection: sqlite3.Connection, database: Path) -> None:
    """Make the archive what ingest wrote. Raises `NotOurDatabase` when it shows edits whose log is not there."""
    if not curation.state(connection):
        return
    if not log_beside(database).exists():
        raise NotOurDatabase(
            f"{database}: shows edits that people made, but their log {log_beside(database).name} is not beside it; "
            "put it back, so that none is lost"
        )
    curation.revert(connection, fold)


def put_edits_on(connection: sqlite3.Connection, database: Path) -> int:
    """Play the log beside the archive onto it; returns how many edits found their subject gone."""
    path = log_beside(database)
    if not path.exists():
        return 0
    with closing(edit_log.open_log(str(path))) as log:
        events = edit_log.events(log)
    return len(curation.replay(connection, edit_log.effective(events), edit_log.digest(events), fold))


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What is not to come back, by keys (see `memories forget`), with the day since when."""

    chats: Mapping[int, str]
    people: Mapping[int, str]
    sources: Mapping[int, str]

    def is_person(self, name: str) -> bool:
        """Whether somebody of this name was forgotten."""
        return bool(self.people) and curation.person_key(display_name(name)) in self.people


def forgotten(database: Path) -> Forgotten:
    """What the log beside the archive says was forgotten."""
    path = log_beside(database)
    if not path.exists():
        return Forgotten({}, {}, {})
    with closing(edit_log.open_log(str(path))) as log:
        found = edit_log.forgotten(edit_log.events(log))
    return Forgotten(found["chat"], found["person"], found["source"])


def source_key(sha256: str) -> int:
    """The key of an export: the first 52 bits of its digest."""
    return int(sha256[:13], 16)
