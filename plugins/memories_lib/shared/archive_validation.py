"""Is a file an archive of ours, whole, and nothing else: looked at before it is served. Pure.

Both sides use it: the server for what is uploaded, the command for backups that are restored.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from memories_lib.shared import schema, sqlite_errors
from memories_lib.shared.contract import APPLICATION_ID, LONGEST_VALUE, PAGE_SIZE, SCHEMA

_INDEXES = tuple(schema.SEARCH)
#: What a search index may have been told: how it keeps its words, nothing else.
_SETTINGS = frozenset({"version", "hashsize", "automerge", "crisismerge", "usermerge", "pgsz", "deletemerge"})
_BLOCK = 1 << 20
_OUR_CHECK = "CHECK (kind IN ('direct', 'group'))"
#: What lets a table refuse rows, or work out values.
_PROGRAM = re.compile(r"\bcheck\b|\bon conflict\b|\bcollate\b|\bdefault\s*\(", re.IGNORECASE)
#: The longest value an archive may have, in bytes: a row is read into memory.
#: All views that an archive has -> what `view_digest` makes of them, in this version and in earlier ones.
VIEWS = {
    "memories": frozenset({"b42c4a2d3d099523", "1917fc1ff726b2ad", "6e534fd43ee20c64"}),
    "said": frozenset({"443c9a63a3adcadb", "8a1b255acdc82856"}),
    "visible_exchanges": frozenset({"9cf6f5dab5c5ae0e"}),
    "visible_messages": frozenset({"310852bdc82192c9"}),
}
#: So long may looking at an archive take, and a second more for so many bytes.
_LONGEST_S, _SLOWEST = 60.0, 1 << 20


class Refused(Exception):
    """A file that is not taken. The message is a sentence that says why and what to do."""


class NoRoom(Refused):
    """The disk has no room for it."""


@dataclass
class Facts:
    """What is known of an archive that was found whole."""

    bytes: int
    messages: int
    exchanges: int


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
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
            _end_after(connection, _LONGEST_S + path.stat().st_size / _SLOWEST)
            _refuse_programs(connection)
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if found != "ok":
                raise Refused("the archive is damaged: its pages do not fit together; build it anew, or send a backup")
            names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            wanted = (*schema.TABLES, *_INDEXES) if version == SCHEMA else ("messages", "exchanges")
            missing = [name for name in wanted if name not in names]
            if missing:
                raise Refused(f"the archive has no table {missing[0]}; ingest its exports again")
            if version == SCHEMA:
                _look_at_indexes(connection)
            for index in _INDEXES if version == SCHEMA else _INDEXES[:2]:
                connection.execute(f"INSERT INTO {index} ({index}) VALUES ('integrity-check')")
            if connection.execute("PRAGMA foreign_key_check").fetchone():
                raise Refused("the archive's rows do not fit together (one points at another that is not there)")
            if version == SCHEMA:
                for table in schema.TABLES:
                    _look_at_rows(connection, table)
            messages, exchanges = (
                int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
                for table in ("messages", "exchanges")
            )
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        # Bytes that are no UTF-8 are an OperationalError of Python's own, which has no code.
        if sqlite_errors.is_interrupted(error):
            raise Refused("looking at the archive took too long, and was stopped; build it anew") from None
        raise Refused("the archive is damaged; build it anew, or send a backup") from None
    return Facts(path.stat().st_size, messages, exchanges)


def _look_at_indexes(connection: sqlite3.Connection) -> None:
    """Our indexes, as ours are, and no other on our tables."""
    found = {}
    for name, table, sql in connection.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index'"):
        if table.startswith("_sqlite_") or (sql is None and table not in schema.TABLES):
            continue
        found[name] = None if sql is None else " ".join(sql.split())
    wanted: dict[str, str | None] = {name: f"CREATE INDEX {name} ON {of}" for name, of in schema.INDEXES.items()}
    wanted |= dict.fromkeys(schema.UNIQUE, None)
    for name in wanted.keys() - found.keys():
        raise Refused(f"the archive has no index {name}; memories push brings it up to date")
    for name, sql in found.items():
        if name not in wanted or sql != wanted[name]:
            raise Refused(f"the archive has an index ({name}) that is not ours; build it anew")


def _look_at_rows(connection: sqlite3.Connection, table: str) -> None:
    """A table has our columns, and each value is what pages take it for."""
    found = [
        (name, declared.upper(), bool(is_needed), bool(key), default)
        for _, name, declared, is_needed, default, key in connection.execute(f"PRAGMA table_info({table})")
    ]
    if found != schema.columns(table):
        raise Refused(f"the archive's table {table} has other columns than ours; build it anew")
    wrong = []
    for name, declared, is_needed, _, _ in found:
        kinds = (*schema.VALUES[declared], *(() if is_needed else ("null",)))
        wrong.append(f"WHEN typeof({name}) NOT IN ({', '.join(repr(kind) for kind in kinds)}) THEN '{name}'")
        if declared == "TEXT" and (most := schema.longest(table, name)):
            wrong.append(f"WHEN length({name}) > {most} THEN '{name}'")
        if rule := schema.RULES.get((table, name)):
            wrong.append(f"WHEN coalesce(NOT ({rule}), 1) THEN '{name}'")
    # Texts are read as pages read them: bytes that are no UTF-8 raise.
    texts = "".join(f", {name}" for name, declared, *_ in found if declared == "TEXT")
    for column, *_ in connection.execute(f"SELECT CASE {' '.join(wrong)} END{texts} FROM {table}"):
        if column:
            raise Refused(f"the archive's table {table} has a row whose {column} cannot be shown; build it anew")


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
        if (
            kind == "table"
            and (sql or "").upper().startswith("CREATE VIRTUAL")
            and not _is_our_index(connection, name, sql)
        ):
            raise Refused(f"the archive has a virtual table ({name}) that is not ours; build it anew")
        if kind == "table" and name in schema.TABLES and _PROGRAM.search(sql.replace(_OUR_CHECK, "")):
            raise Refused(f"the archive's table {name} has rules that ours has not; build it anew")
        if kind == "table" and sql and re.search(r"\bgenerated\s+always\b|\)\s*(stored|virtual)\b", sql, re.IGNORECASE):
            raise Refused(f"the archive has a table that computes ({name}), which none of ours does; build it anew")


def _is_our_index(connection: sqlite3.Connection, name: str, sql: str) -> bool:
    """A search index as ours is: it holds no text of its own, looks into no table, ranks by nothing of its own."""
    if " ".join(sql.split()) != schema.SEARCH.get(name):
        return False
    return all(key in _SETTINGS for (key,) in connection.execute(f"SELECT k FROM {name}_config"))


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
