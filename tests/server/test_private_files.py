"""What is kept is for its owner alone, whatever the machine's habits are."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client import Client
from tests.commands import run
from tests.conftest import EXAMPLES, serve
from tests.helpers import put


@pytest.fixture(autouse=True)
def _careless() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def _rights(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode)
        for path in folder.rglob("*")
        if path.suffix != ".lock"
    }


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    database = home / "memories.db"
    put(database, EXAMPLES, me="Nora")
    run(database, "people", "rename", "Theo", "Theodore")
    run(database, "backup", "--media")
    served = serve(database, tmp_path / "log")
    assert Client(served).ask("POST", "/api/tokens", {"name": "x", "role": "viewer"})[0] == 200
    open_to_others = {name: oct(mode) for name, mode in _rights(home).items() if mode & 0o077}
    served.stop()
    assert {"memories.db", "memories.db.ids", "curation.db", "access.db", "media"} <= set(_rights(home))
    # Folders within the folder of files inherit its protection.
    assert {name for name in open_to_others if not name.startswith("media/")} == set()
