"""That an answer met damage in the archive's file, for `/health` to say so before anybody looks for it."""

from __future__ import annotations

from memories_lib.shared import sqlite_errors

_met: list[str] = []


def note(error: BaseException) -> None:
    """Keep in mind that the archive could not be read, where that is what an error says."""
    if not _met and sqlite_errors.is_corrupt(error):
        _met.append(type(error).__name__)


def is_met() -> bool:
    """Whether an answer met damage since the server started."""
    return bool(_met)
