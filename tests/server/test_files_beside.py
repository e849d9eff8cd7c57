"""The log of edits and the store of tokens are taken away, replaced or broken while served: that is noticed."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ingest.cli import main
from memories_lib.shared.layout import ArchiveFiles
from tests.client import Client, ids
from tests.conftest import Served, serve


@pytest.fixture
def served(examples_db: Path, tmp_path: Path) -> Iterator[Served]:
    shutil.copytree(examples_db.parent, tmp_path / "home")
    found = serve(tmp_path / "home" / "memories.db", tmp_path / "log")
    yield found
    found.stop()


def _home(served: Served) -> ArchiveFiles:
    return ArchiveFiles.of(served.log.parent / "home" / "memories.db")


def _remove(path: Path) -> None:
    path.unlink()


def _break(path: Path) -> None:
    path.write_bytes(b"x" * 5000)


def _exchange_for_a_copy(path: Path) -> None:
    copy = path.with_suffix(".copy")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    copy.replace(path)


@pytest.mark.parametrize("happen", [_remove, _exchange_for_a_copy])
def test_without_its_log_an_archive_is_not_well_and_is_not_backed_up(
    served: Served, happen: Callable[[Path], None]
) -> None:
    api, files = Client(served), _home(served)
    talk = ids(api)[0]
    assert api.ask("DELETE", f"/api/exchanges/{talk}")[0] == 204
    assert api.get("/health") == {"status": "healthy"}
    happen(files.edits)
    told = api.get("/health")
    assert told["status"] == "degraded"
    assert "curation.db" in told["detail"]
    assert api.ask("POST", f"/api/exchanges/{ids(api)[0]}/star")[0] == 503
    # What is hidden stays so.
    assert api.ask("GET", f"/api/exchanges/{talk}")[0] == 404
    status, _, answer = api.ask("GET", "/api/backup")
    if happen is _remove:
        assert status == 503
        assert "curation.db" in answer["detail"]
        done = CliRunner().invoke(main, ["backup", "--db", str(files.database)])
        assert done.exit_code == 1
        assert "curation.db" in done.output
        assert "Traceback" not in done.output
    assert "Traceback" not in served.log.read_text("utf-8")


def test_a_log_that_is_none_is_told_and_no_disk_is_called_full(examples_db: Path, tmp_path: Path) -> None:
    shutil.copytree(examples_db.parent, tmp_path / "home")
    files = ArchiveFiles.of(tmp_path / "home" / "memories.db")
    _break(files.edits)
    served = serve(files.database, tmp_path / "log")
    try:
        api = Client(served)
        told = api.get("/health")
        assert (told["status"], "curation.db" in told["detail"]) == ("degraded", True)
        status, _, answer = api.ask("GET", "/api/backup")
        assert (status, "damaged" in answer["detail"]) == (503, True)
    finally:
        served.stop()


@pytest.mark.parametrize("happen", [_remove, _exchange_for_a_copy])
def test_what_is_revoked_stays_so_whatever_file_is_in_place(
    served: Served, tmp_path: Path, happen: Callable[[Path], None]
) -> None:
    api, files = Client(served), _home(served)
    token = api.ask("POST", "/api/tokens", {"name": "a phone", "role": "owner"})[2]
    share: dict[str, Any] = api.ask("POST", "/api/shares", {"exchange_id": ids(api)[0]})[2]
    bearer = {"authorization": f"Bearer {token['token']}"}
    assert api.ask("GET", "/api/edits", headers=bearer)[0] == 200
    happen(files.access)
    for path in (f"/api/shares/{share['id']}", f"/api/tokens/{token['id']}"):
        assert api.ask("DELETE", path)[0] == (404 if happen is _remove else 204), path
    served.stop()
    again = serve(files.database, tmp_path / "log2")
    try:
        assert Client(again).ask("GET", "/api/edits", headers=bearer)[0] == 401
        assert Client(again).ask("GET", share["path"])[0] == 404
    finally:
        again.stop()
