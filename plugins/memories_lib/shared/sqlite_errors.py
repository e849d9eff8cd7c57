"""What an error of SQLite says, by its code: https://www.sqlite.org/rescode.html. Pure."""

from __future__ import annotations

import sqlite3


def _is(error: BaseException, *codes: int) -> bool:
    """Whether the error has one of these primary result codes; errors of Python's own module have none."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in codes


def is_full(error: BaseException) -> bool:
    """The disk has no room."""
    return _is(error, sqlite3.SQLITE_FULL)


#: SQLite has no code for a virtual table whose own tables do not fit together: it says SQLITE_ERROR and this text
#: (`vtabCallConstructor` in https://sqlite.org/src/file/src/vtab.c).
_NO_VIRTUAL_TABLE = "vtable constructor failed"


def is_index_corrupt(error: BaseException) -> bool:
    """A search index (FTS5) cannot be opened, as its own tables are damaged."""
    return _is(error, sqlite3.SQLITE_ERROR) and _NO_VIRTUAL_TABLE in str(error)


def is_disk(error: BaseException) -> bool:
    """The disk did not do what it was asked."""
    return _is(error, sqlite3.SQLITE_IOERR)


def is_locked(error: BaseException) -> bool:
    """Another connection is in the way."""
    return _is(error, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def is_interrupted(error: BaseException) -> bool:
    """It was ended, for the time that it took."""
    return _is(error, sqlite3.SQLITE_INTERRUPT)


def is_closed(error: BaseException) -> bool:
    """The file may not be opened, or not written to."""
    return _is(error, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)


def is_corrupt(error: BaseException) -> bool:
    """The file is damaged, or is no database."""
    return _is(error, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)
