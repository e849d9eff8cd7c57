"""A lock on an open file, as each system has it: let go of when the file is closed, however its process ends."""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":
    import msvcrt

    #: There, a locked part of a file cannot be read by others: this byte is far beyond what is written into it.
    _FAR = 1 << 30

    def try_lock(handle: int, *, shared: bool = False) -> bool:
        """Whether the lock was to be had, at once. `shared` has no meaning here: one at a time."""
        os.lseek(handle, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        if shared:
            os.lseek(handle, _FAR, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
        return True

else:
    import fcntl

    def try_lock(handle: int, *, shared: bool = False) -> bool:
        """Whether the lock was to be had, at once; `shared` with others who only look."""
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def read_note(handle: int, most: int = 20) -> str:
    """What whoever holds the lock wrote into the file; "" for nothing."""
    os.lseek(handle, 0, os.SEEK_SET)
    return os.read(handle, most).decode("ascii", "replace").strip()


def write_note(handle: int, note: str) -> None:
    """Say who holds it."""
    os.ftruncate(handle, 0)
    os.lseek(handle, 0, os.SEEK_SET)
    os.write(handle, note.encode("ascii"))
