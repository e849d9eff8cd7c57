"""Which parts of an archive are damaged, and making again what can be made of the rest. Pure.

`look` is quick: it reads some rows of each table, and looks for them in each index, at other places each time. What it
does not find, `memories check`, which reads everything, does. Indexes, the three search indexes and the tables of
counts hold nothing of their own, so `mend` makes them again; another table wants an earlier version of the archive.
"""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from memories_lib.shared import folding, recount, sqlite_errors
from memories_lib.shared.fts_query import fts_query

#: search index -> (the rows that it holds, the columns of those, the condition on them)
_SEARCH: dict[str, tuple[str, tuple[str, ...], str]] = {
    "messages_fts": ("messages", ("text",), "1"),
    "exchanges_fts": ("exchanges", ("title", "summary", "topics"), "1"),
    "media_fts": ("media", ("description", "transcript"), "(description IS NOT NULL OR transcript IS NOT NULL)"),
}
#: So many rows of each table are looked at, and so many words of one are looked for.
_SAMPLE, _WORDS = 12, 8
_INDEX = re.compile(r"ON\s+\W?(?P<table>\w+)\W?\s*\((?P<terms>.*?)\)\s*(?:WHERE\s+(?P<where>.*))?\Z", re.I | re.S)


class Part(NamedTuple):
    """A part of an archive."""

    kind: Literal["table", "index", "search index"]
    name: str

    @property
    def can_be_made_again(self) -> bool:
        """Whether it follows from other parts."""
        return self.kind != "table" or self.name in recount.TABLES

    def __str__(self) -> str:
        return f"the {self.kind} {self.name}"


def is_damage(error: BaseException) -> bool:
    """Whether an error says that a file is damaged, or is no database."""
    if isinstance(error, UnicodeDecodeError):
        return True
    return any(
        is_so(error) for is_so in (sqlite_errors.is_corrupt, sqlite_errors.is_disk, sqlite_errors.is_index_corrupt)
    )


def look(connection: sqlite3.Connection) -> list[Part]:
    """The parts that are damaged. Raises DatabaseError where not even the schema can be read."""
    schema = {
        name: (kind, sql)
        for kind, name, sql in connection.execute("SELECT type, name, coalesce(sql, tbl_name) FROM sqlite_master")
    }
    shadows = tuple(f"{name}_" for name in _SEARCH)
    found: list[Part] = []
    damaged_tables: set[str] = set()
    for name, (kind, sql) in sorted(schema.items(), key=lambda one: one[1][0] == "index"):
        if name in _SEARCH or name.startswith((*shadows, "sqlite_stat")) or kind == "view":
            continue
        if kind == "table":
            if not _tried(partial(_table_is_whole, connection, name, sql)):
                found.append(Part("table", name))
                damaged_tables.add(name)
        elif name.startswith("sqlite_autoindex"):
            # What holds the values of a table apart: as good as the table itself.
            if sql not in damaged_tables and not _tried(partial(_key_is_whole, connection, name, sql)):
                found.append(Part("table", sql))
                damaged_tables.add(sql)
        elif not _tried(partial(_index_is_whole, connection, name, sql)):
            found.append(Part("index", name))
    for name in _SEARCH:
        if name in schema and not _tried(partial(_search_is_whole, connection, name, schema)):
            found.append(Part("search index", name))
    # An index is held against its table: where that is damaged, nothing is known of the index.
    return [part for part in found if part.kind == "table" or _table_of(part, schema) not in damaged_tables]


def _table_of(part: Part, schema: dict[str, tuple[str, str]]) -> str:
    if part.kind == "search index":
        return _SEARCH[part.name][0]
    found = _INDEX.search(schema[part.name][1])
    return found["table"] if found else ""


def _tried(look: Callable[[], bool]) -> bool:
    try:
        return look()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        if is_damage(error):
            return False
        raise


def _table_is_whole(connection: sqlite3.Connection, name: str, sql: str) -> bool:
    has_numbers = "WITHOUT ROWID" not in sql.upper()
    key = [
        column
        for (column,) in connection.execute("SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk", (name,))
    ]
    order = "" if has_numbers else f"ORDER BY {', '.join(key)}"
    connection.execute(f"SELECT * FROM {name} NOT INDEXED {order} LIMIT {_SAMPLE}").fetchall()
    if has_numbers:
        for number in _numbers(connection, name):
            connection.execute(f"SELECT * FROM {name} NOT INDEXED WHERE rowid = ?", (number,)).fetchall()
    return True


def _numbers(connection: sqlite3.Connection, table: str, where: str = "1") -> Iterator[int]:
    """The first row, the last, and some between."""
    low, high = (
        connection.execute(f"SELECT {which}(rowid) FROM {table} NOT INDEXED").fetchone()[0] for which in ("min", "max")
    )
    if low is None:
        return
    for at in (low, high, *(random.randint(low, high) for _ in range(_SAMPLE))):
        row = connection.execute(
            f"SELECT rowid FROM {table} NOT INDEXED WHERE rowid >= ? AND {where} ORDER BY rowid LIMIT 1", (at,)
        ).fetchone()
        if row:
            yield row[0]


def _key_is_whole(connection: sqlite3.Connection, name: str, table: str) -> bool:
    columns = [column for (column,) in connection.execute("SELECT name FROM pragma_index_info(?)", (name,))]
    return _index_is_whole(connection, name, f"ON {table} ({', '.join(columns)})")


def _index_is_whole(connection: sqlite3.Connection, name: str, sql: str) -> bool:
    found = _INDEX.search(sql)
    if not found:
        return True
    table, terms, where = found["table"], _terms(found["terms"]), found["where"] or "1"
    order = ", ".join(terms)
    for way in ("ASC", "DESC"):
        ordered = ", ".join(f"{term} {way}" for term in terms)
        connection.execute(
            f"SELECT {order} FROM {table} INDEXED BY {name} WHERE {where} ORDER BY {ordered} LIMIT 1"
        ).fetchall()
    same = " AND ".join(f"{term} IS (SELECT {term} FROM {table} NOT INDEXED WHERE rowid = :row)" for term in terms)
    try:
        for row in _numbers(connection, table, where):
            question = f"SELECT 1 FROM {table} INDEXED BY {name} WHERE {where} AND {same} AND rowid = :row"
            if connection.execute(question, {"row": row}).fetchone() is None:
                return False
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname == "SQLITE_ERROR" and not is_damage(error):
            return True  # a table without row numbers, or a question that this index cannot answer
        raise
    return True


def _terms(text: str) -> list[str]:
    """The columns and expressions of an index, parted at the commas that stand in no bracket."""
    found, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            found.append("")
        else:
            found[-1] += letter
    return [re.sub(r"\s+(ASC|DESC)\Z", "", term.strip(), flags=re.I) for term in found]


def _search_is_whole(connection: sqlite3.Connection, name: str, schema: dict[str, tuple[str, str]]) -> bool:
    table, columns, where = _SEARCH[name]
    for shadow in [shadow for shadow in schema if shadow.startswith(f"{name}_")]:
        _table_is_whole(connection, shadow, schema[shadow][1])
    for row in _numbers(connection, table, where):
        texts = connection.execute(f"SELECT {', '.join(columns)} FROM {table} WHERE rowid = ?", (row,)).fetchone()
        for column, text in zip(columns, texts, strict=True):
            words = re.findall(r"\w+", folding.fold(text or ""))[:_WORDS]
            query = fts_query(f'"{" ".join(words)}"')
            if query:
                question = f"SELECT 1 FROM {name} WHERE {name} MATCH ? AND rowid = ?"
                if connection.execute(question, (f"{column} : {query}", row)).fetchone() is None:
                    return False
    return True


def mend(path: Path, parts: list[Part]) -> None:
    """Make parts again that are damaged, in a file that nobody else has open. Raises DatabaseError where that fails.

    What SQLite cannot even take away, for that its pages lead astray, is struck from the list of what there is; the
    file is then written anew without the pages that nothing leads to any more.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        wanted = {part.name: _sql_of(connection, part.name) for part in parts}
        for part in parts:
            indexes = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL"
            wanted.update(connection.execute(indexes, (part.name,)).fetchall())
        stuck = [part for part in parts if not _dropped(connection, part)]
        if stuck:
            _strike(connection, stuck)
    if stuck:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("VACUUM")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.create_function("folded", 1, lambda text: folding.fold(text or ""), deterministic=True)
        connection.execute("BEGIN IMMEDIATE")
        for name, sql in wanted.items():
            connection.execute(sql)
            if name in _SEARCH:
                table, columns, where = _SEARCH[name]
                folded = ", ".join(f"folded({column})" for column in columns)
                connection.execute(
                    f"""
                    INSERT INTO {name} (rowid, {", ".join(columns)})
                    SELECT rowid, {folded} FROM {table} WHERE {where} ORDER BY rowid
                    """
                )
        if not wanted.keys().isdisjoint(recount.TABLES):
            recount.count_everything(connection)
        connection.execute("COMMIT")


def _sql_of(connection: sqlite3.Connection, name: str) -> str:
    return str(connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()[0])


def _dropped(connection: sqlite3.Connection, part: Part) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"DROP {'INDEX' if part.kind == 'index' else 'TABLE'} {part.name}")
        connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if not is_damage(error):
            raise
        return False
    return True


def _strike(connection: sqlite3.Connection, parts: list[Part]) -> None:
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("BEGIN IMMEDIATE")
    for part in parts:
        own = f"{part.name}\\_%" if part.kind == "search index" else ""
        connection.execute(
            r"""
            DELETE FROM sqlite_master
            WHERE ? IN (name, tbl_name) OR name LIKE ? ESCAPE '\' OR tbl_name LIKE ? ESCAPE '\'
            """,
            (part.name, own, own),
        )
    version = connection.execute("PRAGMA schema_version").fetchone()[0]
    connection.execute(f"PRAGMA schema_version = {version + 1}")
    connection.execute("COMMIT")
    connection.execute("PRAGMA writable_schema = OFF")
