"""Folders for what is only half done, in the archive's own folder; what a killed process left there is cleared away.

Whoever works in such a folder holds a lock on a file in it. Numbers of processes say less: they are given again, and on
Windows there is no harmless way to ask for one.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.core.file_locks import try_lock

_PREFIX = ".memories-"
_HELD = "held.lock"
#: A folder without a lock is being made, or was left by an earlier version: cleared when nothing came for so long (s).
_ABANDONED_S = 24 * 3600


@contextmanager
def scratch(parent: Path, purpose: str) -> Iterator[Path]:
    """An empty folder in `parent`, gone at the end. It may hold people's words: so it lies where the archive lies."""
    parent.mkdir(parents=True, exist_ok=True)
    clear(parent)
    with tempfile.TemporaryDirectory(dir=parent, prefix=f"{_PREFIX}{purpose}-") as folder:
        inside = Path(folder) / "work"
        inside.mkdir(mode=0o700)
        handle = os.open(Path(folder) / _HELD, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try_lock(handle)
            yield inside
        finally:
            os.close(handle)


def clear(parent: Path) -> None:
    """Take away what processes that are no more left behind."""
    for path in parent.glob(f"{_PREFIX}*"):
        if path.is_dir() and not path.is_symlink() and not _is_held(path):
            shutil.rmtree(path, ignore_errors=True)


def _is_held(folder: Path) -> bool:
    try:
        handle = os.open(folder / _HELD, os.O_RDWR)
    except FileNotFoundError:
        try:
            return time.time() - folder.stat().st_mtime < _ABANDONED_S
        except OSError:
            return True  # it is gone already
    except OSError:
        return True
    try:
        return not try_lock(handle)
    finally:
        os.close(handle)
