"""What one question to the archive may take of the machine, beside the time that Datasette allows."""

from __future__ import annotations

import sqlite3
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from datasette import hookimpl

sys.path.append(str(Path(__file__).parent))

from memories_lib.server import internals

#: The longest value of an archive, in bytes; `verification` refuses archives with longer ones.
_LONGEST_VALUE = 16 << 20
#: The longest value, and the most columns, in the answer to a question that somebody wrote or put together: an answer's
#: row is in memory before anybody can look at its size. A message has 65,536 letters at most.
_LONGEST_ANSWER, _MOST_COLUMNS = 1 << 20, 100
#: The longest pattern of LIKE: what it takes is the pattern's length times the text's, and no clock stops it.
_LONGEST_PATTERN = 500
#: Values longer than `_LARGE` are counted, and an answer has so many bytes of them at most.
_LARGE, _MOST = 1 << 14, 32 << 20
_SIZED = (str, bytes)


@hookimpl
def startup() -> None:
    internals.limit_questions(_LONGEST_ANSWER, _MOST_COLUMNS)


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    conn.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, _LONGEST_PATTERN)
    # SQLite's own take the product of two lengths, in one step that no clock stops.
    conn.create_function("instr", 2, _instr, deterministic=True)
    conn.create_function("replace", 3, _replace, deterministic=True)
    conn.row_factory = _counting()


def _instr(text: Any, part: Any) -> int | None:
    if text is None or part is None:
        return None
    if isinstance(text, bytes) and isinstance(part, bytes):
        return text.find(part) + 1
    return _as_text(text).find(_as_text(part)) + 1


def _replace(text: Any, old: Any, new: Any) -> str | None:
    if text is None or old is None or new is None:
        return None
    return _as_text(text).replace(_as_text(old), _as_text(new)) if _as_text(old) else _as_text(text)


def _as_text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


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
