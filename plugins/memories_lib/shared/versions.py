"""Archives as files: putting one in the place of another under readers, earlier ones kept. Pure.

Both sides load it: the server for what is uploaded, the command for backups that are restored.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from memories_lib.shared import private_files
from memories_lib.shared.archive_validation import NoRoom, Refused
from memories_lib.shared.contract import APPLICATION_ID, PAGE_SIZE, SCHEMA
from memories_lib.shared.layout import ArchiveFiles

#: So many earlier archives are kept.
KEPT = 3
_NAME = re.compile(r"(\d{8}T\d{6}Z)(?:-(\d+))?\.db\Z")
_TABLES = ("chats", "people", "exchanges", "messages", "media", "sources", "curation_state")


def folder_of(database: str | Path) -> Path:
    """Where earlier versions of an archive are: beside it."""
    return ArchiveFiles.of(database).versions


def _header_of(connection: sqlite3.Connection) -> tuple[int, ...]:
    """(application id, schema, bytes of a page)"""
    names = ("application_id", "user_version", "page_size")
    return tuple(int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in names)


def looks_whole(path: str | Path) -> bool:
    """Whether a file opens and its schema and first rows can be read: quick, not thorough.

    It may be open in this process: its bytes are left to SQLite (see `open_database_bytes`).
    """
    try:
        with closing(sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)) as connection:
            if _header_of(connection) != (APPLICATION_ID, SCHEMA, PAGE_SIZE):
                return False
            for table in _TABLES:
                connection.execute(f"SELECT * FROM {table} LIMIT 1").fetchall()
                connection.execute(f"SELECT max(rowid) FROM {table}").fetchall()
    except (Refused, OSError, sqlite3.DatabaseError, UnicodeDecodeError):
        return False
    return True


def copy(source: sqlite3.Connection, path: Path) -> None:
    """A whole, closed copy of what `source` shows now, on disk when this returns. Others may go on writing."""
    part = path.with_name(path.name + ".part")
    private_files.make_folder(part.parent)
    part.unlink(missing_ok=True)
    private_files.make_file(part)
    try:
        with closing(sqlite3.connect(part)) as target:
            source.backup(target)
            # One file, that needs no other beside it.
            target.execute("PRAGMA journal_mode = DELETE")
        with part.open("rb+") as stream:
            os.fsync(stream.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def keep(source: sqlite3.Connection, folder: Path, kept: int = KEPT) -> Path:
    """Put what `source` shows among the earlier versions, and let the oldest go."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    path, n = folder / f"{stamp}.db", 1
    while path.exists():
        n += 1
        path = folder / f"{stamp}-{n}.db"
    copy(source, path)
    prune(folder, kept)
    return path


def prune(folder: Path, kept: int = KEPT) -> None:
    """Let all but the newest `kept` go."""
    for path in listed(folder)[kept:]:
        path.unlink(missing_ok=True)


def listed(folder: Path) -> list[Path]:
    """The earlier versions, the newest first."""
    found = [path for path in folder.glob("*.db") if _NAME.match(path.name)] if folder.is_dir() else []
    return sorted(found, key=_order, reverse=True)


def _order(path: Path) -> tuple[str, int]:
    found = _NAME.match(path.name)
    assert found
    return found[1], int(found[2] or 1)


def put(path: str | Path, served: sqlite3.Connection) -> None:
    """Make `served` show what the file at `path` holds, in one transaction: readers see the old one or the new one."""
    with closing(sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)) as source:
        source.backup(served)
    settle(served)


def settle(connection: sqlite3.Connection) -> None:
    """Bring the log into the file, where nobody needs it any more: not waited for, the next writer tidies it too."""
    connection.execute("PRAGMA busy_timeout = 200")
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.execute("PRAGMA busy_timeout = 30000")


def room_for(folder: Path, size: int, served: int) -> None:
    """Raises `Refused` when the disk has no room for an upload, its way into the archive, and the old one kept."""
    private_files.make_folder(folder)
    needed = 2 * size + served + (8 << 20)
    while (free := shutil.disk_usage(folder).free) < needed:
        versions = listed(folder)
        if len(versions) < 2:
            raise NoRoom(
                f"the disk has {free >> 20} MiB free and this needs {needed >> 20}; make the volume larger, "
                "then send it again"
            )
        versions[-1].unlink(missing_ok=True)
