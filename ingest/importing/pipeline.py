"""One export into the archive, from the first byte to the report. Nothing here prints.

A source is one transaction: interrupted or failed, the archive is as it was before.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from ingest.archive.curation import decided, forgotten, said_of, source_key
from ingest.core.errors import MemoriesError, NotAnExport, Unforeseen
from ingest.core.model import ImportReport, Options, Order, Progress
from ingest.exports.source import Export
from ingest.importing.import_in_progress import Import
from ingest.importing.kept_order import is_guess, order_named
from ingest.importing.known_exports import Again, KnownSource, find_known, same_again, why_again
from ingest.importing.read import Read, Reading
from ingest.importing.renaming import rename_whole
from ingest.importing.report import counted
from ingest.importing.spool import Spool
from ingest.importing.swapped_dates import OtherOrder
from ingest.importing.writer import write
from memories_lib.shared.layout import ArchiveFiles

AS_READ_BEFORE = "as it was read before"
_PROVED = "proved by what the archive has of this chat"


def ingest(
    connection: sqlite3.Connection,
    database: Path,
    export: Export,
    options: Options | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Read `export` into the archive. Raises `MemoriesError` and leaves the archive alone when it cannot.

    Of SQLite's errors it makes nothing (see `database.database_errors`).
    """
    if export.problem is not None:
        raise export.problem
    try:
        return _ingest(connection, database, export, options or Options(), progress)
    except (MemoriesError, sqlite3.Error, OSError):
        raise
    except Exception as error:
        raise Unforeseen(
            f"{export.filename}: {_where(error)}; nothing of it was taken. Please report this line"
        ) from error


def _where(error: Exception) -> str:
    """What happened and where in the program, without a word of the text that was read."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{type(error).__name__} in {Path(frame.filename).name}:{frame.lineno}"
    return f"cannot be read, by a fault of this program ({where})"


def _ingest(
    connection: sqlite3.Connection, database: Path, export: Export, options: Options, progress: Progress | None
) -> ImportReport:
    started = time.perf_counter()
    report = ImportReport(export.filename, notes=list(dict.fromkeys(export.notes)))
    sha256, prefixes = export.digest(_lengths(connection))
    if export.undecodable:
        letters = counted(export.undecodable, "letter")
        report.notes.append(f"the file is damaged: {letters} could not be read (shown as �)")
    elif export.is_encoded_twice:
        report.notes.append("the text was encoded twice, by a program that took it for something else; that is undone")
    elif not export.encoding.startswith("utf"):
        report.notes.append(
            f"the text is no UTF-8; read as {export.encoding}. If letters look wrong, take it out again (memories "
            "sources remove), save it as UTF-8 in an editor and ingest that"
        )
    since = forgotten(database).sources.get(source_key(sha256))
    if since is not None:
        raise NotAnExport(
            f"{export.filename}: was forgotten on {since[:10]} and is left out; to read it again: "
            f"memories forget source {sha256} --undo"
        )
    known = find_known(connection, sha256)
    said = {} if known else said_of(database, sha256)
    options = _as_said(options, said, database, sha256)
    report = _Reading(connection, database, export, sha256, prefixes, progress).run(options, known, report)
    report.sha256 = sha256
    report.seconds = time.perf_counter() - started
    return report


def _as_said(options: Options, said: Mapping[str, str], database: Path, sha256: str) -> Options:
    """The user's words of an export that the archive does not have (any more): of now, else those of before."""
    if not said:
        return options
    chat = None if sha256 in decided(database).parted else said.get("chat")
    return replace(
        options,
        chat=options.chat or chat,
        me=options.me or said.get("me"),
        date_order=options.date_order or cast("Order | None", said.get("date_order")),
        timezone=options.timezone or said.get("timezone"),
        was_order=cast("Order | None", said.get("was_order")),
        are_many=options.are_many or options.me is None,
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """One export on its way into the archive, as often as it is read."""

    connection: sqlite3.Connection
    database: Path
    export: Export
    sha256: str
    prefixes: dict[int, str]
    progress: Progress | None

    def run(self, options: Options, known: KnownSource | None, report: ImportReport) -> ImportReport:
        """Read it, or only what may be new of a text that is known; returns the account, which may be another one."""
        folder = None if options.dry_run else ArchiveFiles.of(self.database).media
        if known and options.timezone is None:
            options = replace(options, timezone=known.timezone)
        again = why_again(known, options) if known else None
        proof = None
        if known and again and again.is_moved and options.chat and not options.dry_run:
            key = rename_whole(self.connection, self.database, known.source, options.chat)
            if key is not None:
                report.was_chat = key
                report.notes.append(f"the chat '{known.chat_name}' is called '{options.chat}' now")
                known = replace(known, chat_name=options.chat)
                again = why_again(known, options)
        if known and again and options.date_order not in (None, order_named(known.date_order)):
            report.was_order = order_named(known.date_order)
        if known and again and again.reader is None and options.date_order is None:
            # What was said or proved of it before holds, whatever else is corrected.
            sure = None if is_guess(known.date_order) else order_named(known.date_order)
            if sure is not None:
                proof = AS_READ_BEFORE
            options = replace(options, date_order=sure)
        if known and not again:
            same_again(self.connection, known, self.export, folder, report, options)
            return report
        place = Path(tempfile.gettempdir()) if options.dry_run else self.database.resolve().parent
        with Spool(place) as spool:
            read = self._read(options, spool, again, proof)
            try:
                self._write(read, options, report, folder, spool)
            except OtherOrder as other:
                spool.restart()
                report = ImportReport(self.export.filename, notes=report.notes, was_order=report.was_order)
                options = replace(options, date_order=other.order)
                read = self._read(options, spool, again, _PROVED)
                self._write(read, options, report, folder, spool)
        return report

    def _read(self, options: Options, spool: Spool, again: Again | None, proof: str | None) -> Read:
        """`proof`: what says the order of day and month, where that is in `options` and the user did not say it."""
        read = Reading(self.connection, self.export, options, self.prefixes, spool, self.progress, again).run()
        return replace(read, findings=replace(read.findings, proof=proof)) if proof else read

    def _write(self, read: Read, options: Options, report: ImportReport, folder: Path | None, spool: Spool) -> None:
        write(
            Import(
                self.connection, self.database, self.export, self.sha256, options, report, folder, spool,
                self.progress, read,
            )
        )  # fmt: skip


def _lengths(connection: sqlite3.Connection) -> list[int]:
    return [size for (size,) in connection.execute("SELECT DISTINCT bytes FROM sources ORDER BY bytes")]
