"""Whatever a server is asked, its locks hold: another program never takes a served file's log for nobody's."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from ingest.archive.database import connect
from memories_lib.shared import open_database_bytes
from tests.client import Client
from tests.commands import memories
from tests.conftest import serve
from tests.routes import addresses, patterns

TAKE_IT = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0)
connection.execute("SELECT count(*) FROM sqlite_master")
try:
    print(connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0])
except sqlite3.OperationalError as error:
    print(error)
"""


def _who_has(path: Path) -> str:
    """What another process is told that wants a file for itself: "delete" when it gets it."""
    done = subprocess.run([sys.executable, "-c", TAKE_IT, str(path)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_no_address_lets_go(examples_db: Path, tmp_path: Path) -> None:
    shutil.copytree(examples_db.parent, tmp_path / "served")
    database = tmp_path / "served" / "memories.db"
    served = serve(database, tmp_path / "log")
    api = Client(served)
    api.get("/api/exchanges")
    assert _who_has(database) == "database is locked"
    values = defaultdict(lambda: ["1"], db_name=["memories"], table=["messages"], filename=["app.css"])
    for path in sorted({path for pattern in patterns(database) for path in addresses(pattern, values)}):
        if not path.startswith("/-/static"):
            api.ask("GET", path)
    api.ask("GET", "/memories.json?_shape=array&sql=select+1")
    assert _who_has(database) == "database is locked"
    first = api.get("/api/exchanges")["items"][0]["id"]
    assert api.ask("POST", f"/api/exchanges/{first}/star")[0] == 200
    assert [_who_has(database), _who_has(database.with_name("curation.db"))] == ["database is locked"] * 2
    served.stop()


@pytest.mark.parametrize("options", [("--dry-run",), ()])
def test_no_upload_lets_go(examples_db: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    shutil.copytree(examples_db.parent, tmp_path / "home")
    (tmp_path / "served").mkdir()
    database = tmp_path / "served" / "memories.db"
    connect(database).close()
    served = serve(database, tmp_path / "log")
    Client(served).get("/api/exchanges")
    memories("push", "--db", tmp_path / "home" / "memories.db", "--to", served.base, *options)
    assert _who_has(database) == "database is locked"

    assert b"".join(open_database_bytes.blocks(database, 1000)) == database.read_bytes()
    served.stop()
    assert _who_has(database) == "delete"
