"""The archive's file: making, opening, migrating and locking it. All writing goes through here."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ingest.core.errors import Locked, NoRoom, NotOurDatabase
from ingest.core.file_locks import read_note, try_lock, write_note
from memories_lib.shared import private_files, sqlite_errors
from memories_lib.shared.contract import APPLICATION_ID, PAGE_SIZE, SCHEMA
from memories_lib.shared.folding import fold
from memories_lib.shared.layout import ArchiveFiles

#: Files that were seen to be archives: (device, inode).
_ours: set[tuple[int, int]] = set()


def connect(path: Path | None, *, must_exist: bool = False, read_only: bool = False) -> sqlite3.Connection:
    """Open the archive, migrated to this version; None is an empty one in memory.

    Raises `NotOurDatabase` for a file that is none, or that a newer version wrote.
    """
    if path is None:
        connection = _open(":memory:")
        _migrate(connection, Path())
        return connection
    if (must_exist or read_only) and not path.exists():
        raise NotOurDatabase(f"{path}: there is no archive yet; make one with: memories ingest YOUR-EXPORT")
    if path.exists():
        which = (path.stat().st_dev, path.stat().st_ino)
        # By its bytes before SQLite touches what may be somebody else's; never again while it may be open here, since
        # a process that closes a file loses all its locks on it (`shared/open_database_bytes.py`).
        if which not in _ours:
            _refuse_foreign(path)
            _ours.add(which)
    elif not os.access(path.parent if str(path.parent) else ".", os.W_OK):
        raise NoRoom(f"{path.parent}: cannot be written to; choose another place with --db")
    uri = f"{path.resolve().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    try:
        if not read_only:
            with suppress(OSError):  # what it means that a file cannot be made, SQLite tells
                private_files.make_file(path)
        connection = _open(uri)
        _refuse_other(connection, path)
        if not read_only:
            _migrate(connection, path)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise _as_ours(error, path) from error
    return connection


def _open(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=30)
    connection.create_function("fold", 1, fold, deterministic=True)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _refuse_foreign(path: Path) -> None:
    if path.is_dir():
        raise NotOurDatabase(f"{path}: is a folder; --db wants a file")
    try:
        with path.open("rb") as stream:
            start = stream.read(100)
    except PermissionError:
        raise NoRoom(f"{path}: may not be read; look at its permissions") from None
    if not start:
        return
    if start[:16] != b"SQLite format 3\0":
        raise NotOurDatabase(f"{path}: is no SQLite file; choose another name with --db")
    application, version = int.from_bytes(start[68:72], "big"), int.from_bytes(start[60:64], "big")
    if application != APPLICATION_ID:
        raise NotOurDatabase(f"{path}: is a database of something else; choose another name with --db")
    if version > SCHEMA:
        raise _too_new(path, version)


def _refuse_other(connection: sqlite3.Connection, path: Path) -> None:
    """The same of a file that is open already: another one may be where an archive was."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application != APPLICATION_ID and connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        raise NotOurDatabase(f"{path}: is a database of something else; choose another name with --db")


def _too_new(path: Path, version: int) -> NotOurDatabase:
    return NotOurDatabase(
        f"{path}: was written by a newer version (schema {version}, this one knows {SCHEMA}); "
        "upgrade with: pip install --upgrade whatsapp-memories"
    )


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA:
        raise _too_new(path, version)
    if version == SCHEMA:
        connection.execute("PRAGMA journal_mode = WAL")
        return
    from ingest.archive.migrations import migrate  # sqlite-utils is loaded where something is to be migrated

    if path.is_file() and not os.access(path, os.W_OK):
        raise NoRoom(f"{path}: cannot be written to; look at its permissions")
    connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    connection.execute("PRAGMA journal_mode = WAL")
    migrate(connection)


@contextmanager
def tuned_for_loading(connection: sqlite3.Connection) -> Iterator[None]:
    """Settings for one writer that adds much. Foreign keys hold by construction and are checked after."""
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA cache_size = -16384")
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    is_empty = not connection.execute("SELECT 1 FROM sources LIMIT 1").fetchone()
    is_straight = is_empty and _write_straight(connection)
    tidy = "PRAGMA journal_mode = WAL" if is_straight else "PRAGMA wal_checkpoint(TRUNCATE)"
    try:
        yield
    except BaseException:
        # What was being read when it was stopped may still hold the file; whoever opens it next tidies up.
        with suppress(sqlite3.OperationalError):
            connection.execute(tidy)
        raise
    else:
        connection.execute(tidy)
    finally:
        connection.execute("PRAGMA foreign_keys = ON")


def _write_straight(connection: sqlite3.Connection) -> bool:
    """Nothing that an empty archive could lose needs a log: pages go to their place at once, not by way of the WAL.

    Stopped midway, even by a power cut, SQLite cuts the file back to what it was. Somebody who has the file open
    keeps it in WAL mode; then it goes the longer way.
    """
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        return bool(connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0] == "delete")
    except sqlite3.OperationalError:
        return False
    finally:
        connection.execute("PRAGMA busy_timeout = 30000")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing. Whatever leaves the block as an exception leaves the file as it was."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _as_ours(error: Exception, path: Path) -> Exception:
    # SQLite names what it finds in a damaged schema, which need not even be text.
    text = "its schema is no text" if isinstance(error, UnicodeDecodeError) else str(error)
    if sqlite_errors.is_full(error) or sqlite_errors.is_disk(error):
        return NoRoom(f"{path}: the disk is full; nothing was changed. Free some space and try again")
    if sqlite_errors.is_closed(error):
        return NoRoom(f"{path}: cannot be written to; choose another place with --db")
    if sqlite_errors.is_locked(error):
        return Locked(f"{path}: another program is writing to it; try again when it is done")
    return NotOurDatabase(f"{path}: is damaged ({text}); restore a backup or ingest the exports again")


@contextmanager
def database_errors(path: Path) -> Iterator[None]:
    """Turns what SQLite raises into a sentence."""
    try:
        yield
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise _as_ours(error, path) from error


@contextmanager
def writer_lock(path: Path, wait_s: float = 600, on_wait: Callable[[str], None] | None = None) -> Iterator[None]:
    """One ingest at a time. A second one waits up to `wait_s`, then raises `Locked` naming who holds it."""
    lock = ArchiveFiles(path).lock
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise NoRoom(
            f"{path.parent}: cannot be written to ({error.strerror}); choose another place with --db"
        ) from None
    try:
        deadline = time.monotonic() + wait_s
        said = False
        while True:
            if try_lock(handle):
                break
            holder = read_note(handle) or "unknown"
            if time.monotonic() >= deadline:
                raise Locked(f"{path}: process {holder} is writing to it; try again when it is done")
            if not said and on_wait:
                on_wait(f"waiting for process {holder}, which is writing to {path.name}")
                said = True
            time.sleep(0.1)
        write_note(handle, str(os.getpid()))
        yield
    finally:
        os.close(handle)
