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
from memories_lib.shared.contract import APPLICATION_ID, PAGE_SIZE, SCHEMA
from memories_lib.shared.layout import ArchiveFiles
from memories_lib.shared.naming_edits import person_key
from memories_lib.shared.verification import NoRoom, Refused

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

    It may be open in this process: its bytes are left to SQLite (see `held_open`).
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


def renumbered(path: str | Path, served: str | Path) -> tuple[int, int]:
    """(how many talks have another number at `path` than at `served`, how many talks both have)."""
    with closing(sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)) as connection:
        connection.execute("ATTACH ? AS served", (f"{Path(served).resolve().as_uri()}?mode=ro",))
        others, both = connection.execute(
            """
            SELECT coalesce(sum(NOT EXISTS (
                SELECT 1 FROM main.exchanges AS here WHERE here.key = there.key AND here.id = there.id
            )), 0), count(*)
            FROM served.exchanges AS there
            WHERE EXISTS (SELECT 1 FROM main.exchanges AS here WHERE here.key = there.key)
            """
        ).fetchone()
    return others, both


def shown_again(path: str | Path, served: str | Path) -> int:
    """How many messages that are hidden in `served` may be seen in the file at `path`, which shows the same edits.

    So it is where the chats of the two go by other keys: edits do not find what they hide. The same words at the same
    time in another chat, which may be seen in both, are not meant.
    """
    with closing(sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)) as connection:
        connection.execute("ATTACH ? AS served", (f"{Path(served).resolve().as_uri()}?mode=ro",))
        (count,) = connection.execute(
            """
            SELECT count(*) FROM served.messages AS there
            WHERE (
                    id IN (SELECT message_id FROM served.hidden_messages)
                    OR exchange_id IN (SELECT exchange_id FROM served.exchange_marks WHERE is_hidden)
                )
                AND (
                    SELECT count(*) FROM main.visible_messages AS here
                    WHERE here.sent_at = there.sent_at AND here.key = there.key
                ) > (
                    SELECT count(*) FROM served.visible_messages AS seen
                    WHERE seen.sent_at = there.sent_at AND seen.key = there.key
                )
            """
        ).fetchone()
    return int(count)


def only_there(path: str | Path, served: str | Path, forgotten: dict[str, dict[int, str]]) -> dict[str, int]:
    """file name of an export -> how many of its messages `served` holds and the file at `path` does not.

    A message is the same when its key is, now or in an earlier reading, or when the same person wrote at the same
    time. What was `forgotten` (see `edit_log.forgotten`) is meant to be gone.
    """
    with closing(sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)) as connection:
        connection.execute("ATTACH ? AS served", (f"{Path(served).resolve().as_uri()}?mode=ro",))
        rows = connection.execute(
            """
            SELECT there.chat_id, there.source_id, sender.name, count(*) FROM served.messages AS there
            LEFT JOIN served.people AS sender ON sender.id = there.sender_id
            WHERE there.key NOT IN (SELECT key FROM main.messages)
                AND there.key NOT IN (SELECT key FROM main.former_keys)
                AND NOT EXISTS (
                    SELECT 1 FROM main.messages AS here LEFT JOIN main.people AS writer ON writer.id = here.sender_id
                    WHERE here.sent_at = there.sent_at AND writer.name IS sender.name
                )
            GROUP BY 1, 2, 3
            """
        ).fetchall()
        chats: dict[int, int] = dict(connection.execute("SELECT id, key FROM served.chats"))
        sources = {row[0]: row[1:] for row in connection.execute("SELECT id, filename, sha256 FROM served.sources")}
    found: dict[str, int] = {}
    for chat, source, sender, count in rows:
        filename, sha256 = sources[source]
        is_meant = (
            chats[chat] in forgotten["chat"]
            or int(sha256[:13], 16) in forgotten["source"]
            or (sender is not None and person_key(sender) in forgotten["person"])
        )
        if not is_meant:
            found[filename] = found.get(filename, 0) + count
    return found


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
