"""An archive looked at before it is served: what is damaged is made again, or the last good version is put there."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.archive.database import writer_lock
from ingest.ops.restoring import earlier_versions, rollback
from memories_lib.shared import contract, damage

_BEFORE_ANOTHER_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Healed:
    """What was damaged and what was done: parts made again, the earlier version put in place, parts left damaged."""

    made_again: tuple[str, ...] = ()
    version: Path | None = None
    left: tuple[str, ...] = ()


def heal(database: Path) -> Healed:
    """Look at an archive before it is served. What is damaged is made again; or the last good version is put there."""
    if not database.exists():
        return Healed()
    parts = _damaged_parts(database)
    if not parts:
        return Healed()
    if all(part.can_be_made_again for part in parts):
        try:
            with writer_lock(database):
                damage.mend(database, parts)
            return Healed(tuple(map(str, parts)))
        except sqlite3.DatabaseError as error:
            if not damage.is_damage(error):
                raise
    for path in earlier_versions(database):
        if not _damaged_parts(path):
            rollback(database, path.stem)
            return Healed(version=path)
    return Healed(left=tuple(map(str, parts)))


def _damaged_parts(database: Path) -> list[Any]:
    """What is damaged in a file. A disk that fails once may not fail twice: it is asked again."""
    for is_last in (False, True):
        found: list[Any] = [damage.Part("table", "sqlite_master")]
        try:
            with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
                if connection.execute("PRAGMA application_id").fetchone()[0] == contract.APPLICATION_ID:
                    found = damage.look(connection)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if not damage.is_damage(error):
                raise
        if not found or is_last:
            return found
        time.sleep(_BEFORE_ANOTHER_LOOK_S)
    raise AssertionError
