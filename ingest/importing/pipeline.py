"""One export into the archive, from the first byte to the account. Nothing here prints.

A source is one transaction: interrupted or failed, the archive is as it was before.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
import traceback
from dataclasses import replace
from pathlib import Path

from ingest.archive.curation import forgotten, source_key
from ingest.core.errors import MemoriesError, NotAnExport, Unforeseen
from ingest.core.model import Account, Options, Progress
from ingest.exports.source import Export
from ingest.importing.known_exports import GUESSED, find_known, order_named, same_again, why_again
from ingest.importing.read import Reading
from ingest.importing.report import counted
from ingest.importing.spool import Spool
from ingest.importing.swapped_dates import OtherOrder
from ingest.importing.writer import Writer
from memories_lib.shared.layout import ArchiveFiles

_PROVED = "proved by what the archive has of this chat"


def ingest(
    connection: sqlite3.Connection,
    database: Path,
    export: Export,
    options: Options | None = None,
    progress: Progress | None = None,
) -> Account:
    """Read `export` into the archive. Raises `MemoriesError` and leaves the archive alone when it cannot.

    Of SQLite's errors it makes nothing (see `store.database_errors`).
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
) -> Account:
    started = time.perf_counter()
    account = Account(export.filename, notes=list(dict.fromkeys(export.notes)))
    sha256, prefixes = export.digest(_lengths(connection))
    if export.undecodable:
        letters = counted(export.undecodable, "letter")
        account.notes.append(f"the file is damaged: {letters} could not be read (shown as �)")
    elif not export.encoding.startswith("utf"):
        account.notes.append(f"the text is no UTF-8; read as {export.encoding}")
    folder = None if options.dry_run else ArchiveFiles.of(database).media
    since = forgotten(database).sources.get(source_key(sha256))
    if since is not None:
        raise NotAnExport(
            f"{export.filename}: was forgotten on {since[:10]} and is left out; to read it again: "
            f"memories forget source {sha256} --undo"
        )
    known = find_known(connection, sha256)
    if known and options.timezone is None:
        options = replace(options, timezone=known.timezone)
    again = why_again(known, options) if known else None
    if (
        known
        and again
        and again.reader is None
        and options.date_order is None
        and not known.date_order.endswith(GUESSED)
    ):
        options = replace(options, date_order=order_named(known.date_order))
    if known and not again:
        same_again(connection, known, export, folder, account, options)
    else:
        with Spool(Path(tempfile.gettempdir()) if options.dry_run else database.resolve().parent) as spool:
            read = Reading(connection, export, options, prefixes, spool, progress, again).run()
            try:
                Writer(connection, database, export, options, account, sha256, folder, spool, progress).run(read)
            except OtherOrder as other:
                spool.restart()
                account = Account(export.filename, notes=account.notes)
                options = replace(options, date_order=other.order)
                read = Reading(connection, export, options, prefixes, spool, progress, again).run()
                read = replace(read, findings=replace(read.findings, proof=_PROVED))
                Writer(connection, database, export, options, account, sha256, folder, spool, progress).run(read)
    account.seconds = time.perf_counter() - started
    return account


def _lengths(connection: sqlite3.Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT DISTINCT bytes FROM sources ORDER BY bytes")]
