"""A text that the archive has read before: what can be new about it, and whether it is to be read anew."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ingest.archive.database import transaction
from ingest.archive.owner import members_of, say_owner, tell_owner
from ingest.archive.people import PersonRegistry
from ingest.core.model import ImportReport, Options, Unsure
from ingest.core.names import name_key
from ingest.exports.source import Export
from ingest.importing.attachments import Attachments
from ingest.importing.kept_order import is_guess, name_of, order_named

#: Which reader this is: raised whenever the same text is read into other messages than before.
READER = 5

#: `sources.reader` of exports of which something was forgotten, and may be read again.
LET_BACK = -1


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A source of the archive. `date_order` as an account calls it."""

    source: int
    chat: int
    chat_name: str
    reader: int
    date_order: str
    timezone: str | None


@dataclass(frozen=True, slots=True)
class Again:
    """Sources of one chat in whose place an export comes that holds all of them. `why`: for the report."""

    sources: tuple[int, ...]
    chat: int
    why: str
    is_moved: bool = False  # into another chat
    is_of_clock: bool = False  # its times alone: what other exports hold too has theirs
    reader: int | None = None  # what readers below this one made of the same messages goes as well; None: of any


class _DryRun(Exception):
    """Leaves the transaction without writing."""


def find_known(connection: sqlite3.Connection, sha256: str) -> KnownSource | None:
    """The source with this very text."""
    row = connection.execute(
        """
        SELECT sources.id, chat_id, chats.name, reader, date_order, timezone FROM sources
        JOIN chat_sources ON source_id = sources.id JOIN chats ON chats.id = chat_id WHERE sha256 = ?
        """,
        (sha256,),
    ).fetchone()
    return KnownSource(*row) if row else None


def why_again(known: KnownSource, options: Options) -> Again | None:
    """Whether a text is to be read anew: as the user says now, or as this version knows better."""
    order = order_named(known.date_order)
    if options.chat is not None and options.chat.casefold() != known.chat_name.casefold():
        return Again((known.source,), known.chat, f"it was in '{known.chat_name}' before", is_moved=True)
    if options.date_order is not None and order is not None and order != options.date_order:
        sure = "" if is_guess(known.date_order) else ", as it says itself or somebody said"
        return Again((known.source,), known.chat, f"it was read as {known.date_order} before{sure}")
    if options.timezone is not None and options.timezone != known.timezone:
        before = f"as of {known.timezone}" if known.timezone else "without a time zone"
        return Again((known.source,), known.chat, f"it was read {before} before", is_of_clock=True)
    if known.reader == LET_BACK:
        return Again((known.source,), known.chat, "what was forgotten of it may come back", reader=READER)
    if known.reader < READER:
        return Again((known.source,), known.chat, "an earlier version read it before", reader=READER)
    return None


def same_again(
    connection: sqlite3.Connection,
    known: KnownSource,
    export: Export,
    folder: Path | None,
    report: ImportReport,
    options: Options,
) -> None:
    """The very same text once more: only files that were missing can be new, and who of its people is the owner."""
    report.is_known = True
    report.format, report.date_order, report.lines, report.messages = connection.execute(
        "SELECT format, date_order, lines, messages_found FROM sources WHERE id = ?", (known.source,)
    ).fetchone()
    report.chat, report.chat_kind, report.first_at, report.last_at = connection.execute(
        "SELECT name, kind, first_at, last_at FROM chats WHERE id = ?", (known.chat,)
    ).fetchone()
    report.unsure = [
        Unsure(line or 0, text, reason)
        for line, text, reason in connection.execute(
            "SELECT line, text, reason FROM source_warnings WHERE source_id = ? ORDER BY id", (known.source,)
        )
    ]
    with suppress(_DryRun), transaction(connection):
        if options.me is not None:
            _correct_owner(connection, known.chat, report, options)
        if options.date_order is not None and order_named(known.date_order) == options.date_order:
            report.date_order = name_of(known.date_order)  # now somebody said so
            connection.execute("UPDATE sources SET date_order = ? WHERE id = ?", (report.date_order, known.source))
        if export.has_files() and folder is not None:
            attachments = Attachments(connection, export, folder, known.source)
            attachments.note_files(_files_held(connection, known.source))
            report.updated, missing = fill_missing(connection, known.chat, attachments)
            report.media_found, report.media_missing = report.updated, missing - report.updated
        if options.dry_run:
            raise _DryRun


def _files_held(connection: sqlite3.Connection, source: int) -> list[tuple[int, str]]:
    """(message, file name) of what an export holds whose file is there."""
    return connection.execute(
        """
        SELECT message_id, filename FROM source_messages
        CROSS JOIN media ON message_id BETWEEN first_id AND last_id
        WHERE source_id = ? AND NOT is_missing AND filename IS NOT NULL
        """,
        (source,),
    ).fetchall()


def _correct_owner(connection: sqlite3.Connection, chat: int, report: ImportReport, options: Options) -> None:
    """``--me`` for a text that was read before."""
    members = members_of(connection, chat)
    roll = PersonRegistry(connection, _no_number)
    # The export's own name counts as well, whatever an edit made of it.
    roll.are_also({name_key(name): person for person, name in connection.execute(_NAMED_BEFORE)})
    say_owner(connection, roll.find(options.me or ""), options, members, report)
    tell_owner(connection, report, members)


_NAMED_BEFORE = """
SELECT coalesce(joined_to, person_id), name FROM people_before ORDER BY person_id
"""


def _no_number(what: str, _key: str) -> int:
    raise AssertionError(f"no {what} is made of a text that is known")


def fill_missing(connection: sqlite3.Connection, chat: int, attachments: Attachments) -> tuple[int, int]:
    """Give the chat's messages the files that were missing: (how many were found, how many were missing)."""
    missing = connection.execute(
        """
        SELECT message_id, filename FROM media JOIN messages ON messages.id = message_id
        WHERE chat_id = ? AND is_missing AND filename IS NOT NULL
        """,
        (chat,),
    ).fetchall()
    return sum(attachments.fill(message, filename, None) for message, filename in missing), len(missing)
