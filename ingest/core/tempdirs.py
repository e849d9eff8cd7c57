"""Folders for what is only half done, in the archive's own folder; what a killed process left there is cleared away."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NAME = re.compile(r"\.memories-[a-z]+-(\d+)-")


@contextmanager
def scratch(parent: Path, purpose: str) -> Iterator[Path]:
    """An empty folder in `parent`, gone at the end. It may hold people's words: so it lies where the archive lies."""
    parent.mkdir(parents=True, exist_ok=True)
    clear(parent)
    with tempfile.TemporaryDirectory(dir=parent, prefix=f".memories-{purpose}-{os.getpid()}-") as folder:
        yield Path(folder)


def clear(parent: Path) -> None:
    """Take away what processes that are no more left behind."""
    for path in parent.glob(".memories-*"):
        found = _NAME.match(path.name)
        if found and path.is_dir() and not _is_alive(int(found[1])):
            shutil.rmtree(path, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
