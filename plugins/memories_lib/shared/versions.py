"""Archives as files: is one whole, putting one in the place of another under readers, earlier ones kept. Pure.

Both sides load it: the server for what is uploaded, the command for backups that are restored.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from memories_lib.shared import private_files
from memories_lib.shared.contract import APPLICATION_ID, PAGE_SIZE, SCHEMA
from memories_lib.shared.layout import ArchiveFiles
from memories_lib.shared.naming_edits import person_key

#: So many earlier archives are kept.
KEPT = 3
_BLOCK = 1 << 20
_NAME = re.compile(r"(\d{8}T\d{6}Z)(?:-(\d+))?\.db\Z")
_INDEXES = ("messages_fts", "exchanges_fts", "media_fts")
_TABLES = ("chats", "people", "exchanges", "messages", "media", "sources", "curation_state")


#: All views that an archive has -> what `view_digest` makes of them, in this version and in earlier ones.
VIEWS = {
    "memories": frozenset({"1917fc1ff726b2ad", "6e534fd43ee20c64"}),
    "said": frozenset({"8a1b255acdc82856"}),
    "visible_exchanges": frozenset({"9cf6f5dab5c5ae0e"}),
    "visible_messages": frozenset({"310852bdc82192c9"}),
}
#: So long may looking at an archive take, and a second more for so many bytes.
_LONGEST_S, _SLOWEST = 60.0, 1 << 20


class Refused(Exception):
    """A file that is not taken. The message is a sentence that says why and what to do."""


@dataclass
class Facts:
    """What is known of an archive that was found whole."""

    bytes: int
    messages: int
    exchanges: int


def folder_of(database: str | Path) -> Path:
    """Where earlier versions of an archive are: beside it."""
    return ArchiveFiles.of(database).versions


def sha256_of(path: str | Path) -> str:
    """The digest of a file, in hex."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:  # noqa: PTH123 (a str will do)
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def verify(path: str | Path, sha256: str | None = None, *, older: bool = False) -> Facts:
    """Look at all of a file that is to be served. Raises `Refused` when anything is wrong with it.

    With `older`, one of an earlier version of this program is taken too: who asks brings it up to date.
    """
    path = Path(path)
    version = _look_at_header(path, older=older)
    if sha256 is not None and sha256_of(path) != sha256:
        raise Refused("what arrived is not what was sent (its sha256 differs); send it again")
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA cell_size_check = ON")
            connection.execute("PRAGMA cache_size = -16384")
            _end_after(connection, _LONGEST_S + path.stat().st_size / _SLOWEST)
            _refuse_programs(connection)
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if found != "ok":
                raise Refused("the archive is damaged: its pages do not fit together; build it anew, or send a backup")
            names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
            wanted = (*_TABLES, *_INDEXES) if version == SCHEMA else ("messages", "exchanges")
            missing = [name for name in wanted if name not in names]
            if missing:
                raise Refused(f"the archive has no table {missing[0]}; ingest its exports again")
            for index in _INDEXES if version == SCHEMA else _INDEXES[:2]:
                connection.execute(f"INSERT INTO {index} ({index}) VALUES ('integrity-check')")
            if connection.execute("PRAGMA foreign_key_check").fetchone():
                raise Refused("the archive's rows do not fit together (one points at another that is not there)")
            if connection.execute("SELECT 1 FROM messages WHERE typeof(text) <> 'text' LIMIT 1").fetchone():
                raise Refused("the archive has a message that is no text; build it anew")
            messages, exchanges = (
                int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
                for table in ("messages", "exchanges")
            )
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            raise Refused("looking at the archive took too long, and was stopped; build it anew") from None
        raise Refused("the archive is damaged; build it anew, or send a backup") from None
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        raise Refused("the archive is damaged; build it anew, or send a backup") from None
    return Facts(path.stat().st_size, messages, exchanges)


def view_digest(sql: str) -> str:
    """A short name for what a view says, however it is laid out."""
    return hashlib.sha256(" ".join(sql.split()).encode()).hexdigest()[:16]


def _end_after(connection: sqlite3.Connection, seconds: float) -> None:
    """Interrupt whatever the connection does once so much time has passed."""
    end = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > end, 100_000)


def _refuse_programs(connection: sqlite3.Connection) -> None:
    """An archive has no trigger, no view but its own, no table that computes: nothing runs when it is read."""
    for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall():
        if kind == "trigger":
            raise Refused(f"the archive has a trigger ({name}), which none of ours has; build it anew")
        if kind == "view" and name not in VIEWS:
            raise Refused(f"the archive has a view ({name}), which none of ours has; build it anew")
        if kind == "view" and view_digest(sql) not in VIEWS[name]:
            raise Refused(f"the archive's view {name} is not ours; build it anew")
        if kind == "table" and sql and re.search(r"\bgenerated\s+always\b|\)\s*(stored|virtual)\b", sql, re.IGNORECASE):
            raise Refused(f"the archive has a table that computes ({name}), which none of ours does; build it anew")


def _look_at_header(path: Path, *, older: bool = False) -> int:
    with path.open("rb") as stream:
        start = stream.read(100)
    if start[:16] != b"SQLite format 3\0":
        raise Refused("this is no SQLite file; send the memories.db that `memories ingest` writes")
    if int.from_bytes(start[68:72], "big") != APPLICATION_ID:
        raise Refused("this is a database of something else; send the memories.db that `memories ingest` writes")
    version = int.from_bytes(start[60:64], "big")
    if version > SCHEMA:
        raise Refused(f"this archive was written by a newer version (schema {version}); deploy that version first")
    if version < SCHEMA and not older:
        raise Refused(f"this archive is of an older version (schema {version}); `memories push` brings it up to date")
    if int.from_bytes(start[16:18], "big") != PAGE_SIZE:
        raise Refused("this archive has pages of another size than the served one; `memories compact` mends that")
    return version


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
            raise Refused(
                f"the disk has {free >> 20} MiB free and this needs {needed >> 20}; make the volume larger, "
                "then send it again"
            )
        versions[-1].unlink(missing_ok=True)
