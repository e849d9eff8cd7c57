"""The exports of an archive: what each gave, and taking one out again so that it may come back.

Taking one out for good is `forgetting`.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from ingest.core.errors import MemoriesError
from ingest.importing.removal import gather_leaving
from ingest.importing.rewriting import rewritten


@dataclass(frozen=True, slots=True)
class Source:
    """An export of the archive. `alone`: how many of its messages no other export holds."""

    id: int
    filename: str
    sha256: str
    chat: str
    ingested_at: str
    format: str
    date_order: str
    messages: int
    alone: int


@dataclass(slots=True)
class Gone:
    """What was, or would be, taken out."""

    messages: int = 0
    wordings: int = 0  # of messages that stay
    files: int = 0
    answers: int = 0
    edits: int = 0
    still_held: list[Path] = field(default_factory=list)


def all_sources(connection: sqlite3.Connection) -> list[Source]:
    """All exports, in the order in which they were read."""
    found = []
    for row in connection.execute(
        """
        SELECT sources.id, filename, sha256, chats.name, ingested_at, format, date_order, messages_found
        FROM sources JOIN chat_sources ON source_id = sources.id JOIN chats ON chats.id = chat_id ORDER BY sources.id
        """
    ).fetchall():
        number, filename, sha256, chat, at, form, order, messages = row
        alone = gather_leaving(connection, [number])
        found.append(Source(number, filename, sha256, chat, at, form, order, messages, alone))
    return found


def find_source(connection: sqlite3.Connection, name: str) -> Source:
    """The export with a number, or with a file name. Raises `MemoriesError`."""
    sources = all_sources(connection)
    found = [one for one in sources if name in (f"id:{one.id}", str(one.id), one.filename, Path(one.filename).name)]
    if len(found) == 1:
        return found[0]
    which = "several exports are called" if found else "there is no export"
    raise MemoriesError(f"{which} '{name}'; say its number, as memories sources lists it")


def remove_source(connection: sqlite3.Connection, database: Path, source: Source) -> Gone:
    """Take an export out again. What other exports hold of it stays; ingest it again to have it back."""
    with rewritten(connection, database) as rewriting:
        rewriting.remove_sources([source.id])
    return Gone(rewriting.removed.messages, rewriting.removed.wordings, rewriting.removed.files)
