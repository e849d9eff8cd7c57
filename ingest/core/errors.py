"""Everything that can go wrong in a way the user can do something about.

Each message is a sentence for the user: what happened, then what to do.
"""

from __future__ import annotations

from copy import copy
from typing import Self


class MemoriesError(Exception):
    """Base of all errors that end a command with exit code 1 and one sentence."""

    def about(self, was: str, name: str) -> Self:
        """The same error of a file that its sentence calls `was`, called `name`, as people know it."""
        other = copy(self)
        other.args = (str(self).replace(was, name),)
        return other


class NotAnExport(MemoriesError):
    """The input is readable but holds no WhatsApp messages."""


class UnsafeExport(MemoriesError):
    """The input is damaged, encrypted, or larger than the limits allow."""


class NotOurDatabase(MemoriesError):
    """The file given with --db is not an archive that this version can write."""


class Locked(MemoriesError):
    """Another ingest is writing to the same archive."""


class NoRoom(MemoriesError):
    """The disk is full or the archive cannot be written."""


class HelperEnded(MemoriesError):
    """The process that tells talks beside an ingest ended before its work was done."""


class Unforeseen(MemoriesError):
    """A fault of this program's own, met in one export: the others are read all the same."""
