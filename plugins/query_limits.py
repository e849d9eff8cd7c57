"""What one question to the archive may take of the machine, beside the time that Datasette allows."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Callable
from typing import Any

from datasette import hookimpl

#: The longest value, in bytes: a message has 65,536 letters at most. `verification` refuses archives with longer ones.
_LONGEST_VALUE = 16 << 20
#: The longest pattern of LIKE: what it takes is the pattern's length times the text's, and no clock stops it.
_LONGEST_PATTERN = 500
#: Values longer than `_LARGE` are counted, and an answer has so many bytes of them at most.
_LARGE, _MOST = 1 << 14, 32 << 20
_SIZED = (str, bytes)


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    conn.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, _LONGEST_PATTERN)
    conn.row_factory = _counting()


def _counting() -> Callable[[sqlite3.Cursor, tuple[Any, ...]], sqlite3.Row]:
    """Rows as Datasette has them, of answers that fit into memory."""
    asked, total = None, 0

    def row(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> sqlite3.Row:
        nonlocal asked, total
        for value in values:
            if value.__class__ in _SIZED and len(value) > _LARGE:
                if asked is None or asked() is not cursor:
                    asked, total = weakref.ref(cursor), 0
                total += len(value)
                if total > _MOST:
                    raise sqlite3.OperationalError(f"the answer has more than {_MOST >> 20} MiB; ask for less of it")
        return sqlite3.Row(cursor, values)

    return row
