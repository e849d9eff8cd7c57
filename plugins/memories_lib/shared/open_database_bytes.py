"""Bytes of a database's file while SQLite has it open in this process, without harm to its locks. Pure.

A process that closes any handle of a file loses all its locks on that file (POSIX; see "How To Corrupt An SQLite
Database File", 2.2): other programs would then take the log of a served archive for nobody's, and delete it. So these
handles are kept: one for each file that is served.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

#: which file -> its handle
_held: dict[tuple[int, int], int] = {}
_one_reader = threading.Lock()


def blocks(path: Path, size: int) -> Iterator[bytes]:
    """All of a file, in blocks of so many bytes; the last one may be shorter."""
    handle = _handle_of(path)
    at = 0
    while block := _read_at(handle, size, at):
        yield block
        at += len(block)


def _handle_of(path: Path) -> int:
    about = path.stat()
    which = about.st_dev, about.st_ino
    with _one_reader:
        if which not in _held:
            _held[which] = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        return _held[which]


def _read_at(handle: int, size: int, at: int) -> bytes:
    with _one_reader:
        os.lseek(handle, at, os.SEEK_SET)
        return os.read(handle, size)
