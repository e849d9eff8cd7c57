"""What one question to the archive may take of the machine, beside the time that Datasette allows."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from datasette import hookimpl

sys.path.append(str(Path(__file__).parent))

from memories_lib.server import damage_met, internals
from memories_lib.shared.contract import LONGEST_VALUE

#: The longest value of an archive, in bytes; `archive_validation` refuses archives with longer ones.
#: The longest value, and the most columns, in the answer to a question that somebody wrote or put together: an answer's
#: row is in memory before anybody can look at its size. A message has 65,536 letters at most.
_LONGEST_ANSWER, _MOST_COLUMNS = 1 << 20, 100
#: The longest pattern of LIKE: what it takes is the pattern's length times the text's, and no clock stops it.
_LONGEST_PATTERN = 500
#: Rows longer than `_LARGE` are counted, and an answer has so many bytes of them at most. Datasette's answers have a
#: thousand rows at most.
_LARGE, _MOST = 1 << 11, 8 << 20
_SIZED = (str, bytes)


@hookimpl
def startup() -> None:
    internals.limit_questions(_LONGEST_ANSWER, _MOST_COLUMNS, _counting, damage_met.note)
    internals.close_what_asks_for_nothing()


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
    conn.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, _LONGEST_PATTERN)
    # SQLite's own take the product of two lengths, in one step that no clock stops.
    conn.create_function("instr", 2, _instr, deterministic=True)
    conn.create_function("replace", 3, _replace, deterministic=True)
    for name, strip in (("trim", str.strip), ("ltrim", str.lstrip), ("rtrim", str.rstrip)):
        conn.create_function(name, 2, partial(_trim, strip), deterministic=True)
    for name, parameters in (("json_patch", 2), ("jsonb_patch", 2), ("unhex", 2)):
        conn.create_function(name, parameters, partial(_not_offered, name), deterministic=True)


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


def _trim(strip: Callable[[str, str], str], text: Any, letters: Any) -> str | None:
    if text is None or letters is None:
        return None
    # Python's own looks through all letters for each of the text's; there are few different ones.
    return strip(_as_text(text), "".join(set(_as_text(letters))))


def _not_offered(name: str, *_given: Any) -> NoReturn:
    raise sqlite3.OperationalError(f"{name} is not offered here: what it takes has no bound")


def _as_text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _counting() -> Callable[[sqlite3.Cursor, tuple[Any, ...]], sqlite3.Row]:
    """Rows of one answer as Datasette has them, as long as they fit into memory."""
    total = 0

    def row(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> sqlite3.Row:
        nonlocal total
        size = sum(len(value) for value in values if value.__class__ in _SIZED)
        if size > _LARGE:
            total += size
            if total > _MOST:
                raise sqlite3.OperationalError(f"the answer has more than {_MOST >> 20} MiB; ask for less of it")
        return sqlite3.Row(cursor, values)

    return row
