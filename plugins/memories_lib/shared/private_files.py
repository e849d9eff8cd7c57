"""Files that nobody else on the machine may read: made so before anything is in them. Pure; both sides load it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def make_file(path: str | Path) -> None:
    """An empty file for its owner alone, where there is none. SQLite gives its log the same rights."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def make_folder(path: str | Path) -> None:
    """A folder for its owner alone, where there is none."""
    Path(path).mkdir(mode=0o700, parents=True, exist_ok=True)
