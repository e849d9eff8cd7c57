"""An import in progress: one export on its way into the archive, and all that its steps find out for one another."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ingest.archive.fts import MessageIndex
from ingest.archive.ids import IdRegistry
from ingest.archive.people import PersonRegistry
from ingest.core.model import ImportReport, Options, Progress
from ingest.core.names import name_key
from ingest.exports.source import Export
from ingest.importing.attachments import Attachments
from ingest.importing.incoming import Incoming
from ingest.importing.loader import Loader
from ingest.importing.read import Read
from ingest.importing.recognise import Match
from ingest.importing.replacing import Replacement
from ingest.importing.sampling import Overview
from ingest.importing.spool import Spool
from ingest.importing.wordings import Change


@dataclass(slots=True)
class Target:
    """The chat that an export goes into. `pause`: seconds after which its talks are over."""

    chat: int
    name: str
    kind: str
    is_new: bool
    pause: int
    match: Match | None


class SenderIds(dict[str | None, int | None]):
    """A sender's name in an export -> the person's id."""

    def __init__(self, people: PersonRegistry) -> None:
        super().__init__({None: None})
        self._people = people

    def __missing__(self, name: str | None) -> int | None:
        assert name is not None
        person = self[name] = self._people.id_of(name)
        return person


class PersonNames(dict[int, str]):
    """A person's id -> the name to show."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection

    def __missing__(self, person: int) -> str:
        row = self._connection.execute("SELECT name FROM people WHERE id = ?", (person,)).fetchone()
        name = self[person] = str(row[0])
        return name


@dataclass(slots=True)
class Import:
    """What an export is, and where it goes; below that, what the steps find out, each for those after it.

    `media`: the folder for files, None in a dry run. `shifts`: seconds by which the export's clock may differ.
    `chats_now`: what people call chats, as names are compared -> their ids. `resources`: closed at its end.
    """

    connection: sqlite3.Connection
    database: Path
    export: Export
    sha256: str
    options: Options
    report: ImportReport
    media: Path | None
    spool: Spool
    progress: Progress | None
    read: Read
    now: str = field(default_factory=lambda: datetime.now().isoformat(timespec="seconds"))
    resources: ExitStack = field(default_factory=ExitStack)

    index: MessageIndex = field(init=False)
    ids: IdRegistry = field(init=False)
    people: PersonRegistry = field(init=False)
    chats_now: dict[str, int] = field(init=False)
    incoming: Incoming = field(init=False)
    target: Target = field(init=False)
    replacement: Replacement | None = None
    source: int = field(init=False)
    attachments: Attachments = field(init=False)
    loader: Loader = field(init=False)
    senders: SenderIds = field(init=False)
    shifts: list[int] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    @property
    def overview(self) -> Overview:
        """What was gathered of the export while it was read."""
        return self.read.overview

    @property
    def chat(self) -> int:
        """The chat that it goes into."""
        return self.target.chat

    @property
    def span(self) -> tuple[str, str]:
        """The days from which and to which the archive may be otherwise now."""
        if self.replacement:
            return "", "~"  # what was taken out may have been of any time
        return self.overview.first_at[:10], self.overview.last_at[:10]


def names_now(connection: sqlite3.Connection, table: str) -> dict[str, int]:
    """What chats or people are called as long as the archive shows edits -> their ids."""
    return {name_key(name): number for number, name in connection.execute(f"SELECT id, name FROM {table}")}
