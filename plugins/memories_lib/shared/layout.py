"""What lies beside an archive: every file and folder by its name. Pure; both sides load it."""

from __future__ import annotations

from pathlib import Path


def media_folder(database: Path) -> Path:
    """Where an archive keeps its files."""
    return database.resolve().with_name("media")
