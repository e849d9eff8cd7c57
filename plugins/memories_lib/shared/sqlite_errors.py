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
