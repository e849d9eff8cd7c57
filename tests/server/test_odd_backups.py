"""Backups that somebody made up: a sentence and exit 1, or all of it but what is no edit; nothing hangs."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client, ids
from tests.commands import memories, newest
from tests.conftest import serve
from tests.helpers import one


@pytest.fixture
def home(examples_db: Path, tmp_path: Path) -> Path:
    shutil.copytree(examples_db.parent, tmp_path / "home")
    home = tmp_path / "home" / "memories.db"
    served = serve(home, tmp_path / "log")
    api = Client(served)
    assert api.ask("POST", f"/api/exchanges/{ids(api)[0]}/star")[0] == 200
    served.stop()
    memories("backup", "--db", home, "--to", tmp_path / "backups")
    return home


def _with_log(backup: Path, target: Path, sql: str) -> None:
    """The same backup with something done to its log of edits."""
    folder = target.parent / "unpacked"
    with zipfile.ZipFile(backup) as archive:
        archive.extractall(folder)
    with closing(sqlite3.connect(folder / "curation.db")) as log:
        log.executescript(sql)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    content = (folder / "curation.db").read_bytes()
    manifest["files"]["curation.db"] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    _pack(folder, target, manifest)


def _pack(folder: Path, target: Path, manifest: object) -> None:
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    with zipfile.ZipFile(target, "w") as archive:
        for path in folder.rglob("*"):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())


_AN_EDIT = "INSERT INTO edits SELECT {id}, at, actor, {action}, subject_kind, {key}, {detail}, NULL FROM edits LIMIT 1"


def _edit(id: str = "5", action: str = "action", key: str = "subject_key", detail: str = "detail") -> str:
    return _AN_EDIT.format(id=id, action=action, key=key, detail=detail)


@pytest.mark.parametrize(
    "sql",
    [
        _edit(id="9223372036854775807"), _edit(detail="'{'"), _edit(detail="'[1]'"), _edit(action="'undo'"),
        _edit(detail=f"'{'[' * 5_000}'"), _edit(detail="x'ff'"), _edit(key="'many'"), _edit(action="x'ff'"),
        _edit(detail="'" + '{"a": ' * 900 + "1" + "}" * 900 + "'"), _edit(detail="zeroblob(3000000)"),
    ],
)  # fmt: skip
def test_what_is_no_edit_is_left_out(home: Path, tmp_path: Path, sql: str) -> None:
    odd = tmp_path / "odd.zip"
    _with_log(newest(tmp_path / "backups"), odd, sql)
    assert "1 of the entries in its log are no edits" in memories("restore", "--db", home, odd)
    assert one(home, "SELECT count(*) FROM exchange_marks WHERE is_starred") == 1
    served = serve(home, tmp_path / "log")
    try:
        api = Client(served)
        assert api.ask("DELETE", f"/api/exchanges/{ids(api)[1]}")[0] == 204
    finally:
        served.stop()


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE VIEW v AS SELECT 1", "CREATE TABLE more (a)",
        "CREATE TRIGGER t AFTER INSERT ON edits BEGIN DELETE FROM edits; END",
        "DROP TABLE edits; CREATE VIEW edits AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id FROM n) "
        "SELECT id, '' AS at, '' AS actor, '' AS action, '' AS subject_kind, 1 AS subject_key, '{}' AS detail, "
        "NULL AS undone_by FROM n",
        "DROP TABLE edits", "CREATE INDEX i ON edits (length(hex(zeroblob(id % 9))))",
    ],
)  # fmt: skip
def test_what_is_no_log_is_refused(home: Path, tmp_path: Path, sql: str) -> None:
    odd = tmp_path / "odd.zip"
    _with_log(newest(tmp_path / "backups"), odd, sql)
    before = home.read_bytes()
    assert "this backup cannot be restored" in memories("restore", "--db", home, odd, fails=True)
    assert home.read_bytes() == before


@pytest.mark.parametrize(
    "change",
    [
        lambda _: [], lambda _: 5, lambda _: None, lambda m: {**m, "files": []}, lambda m: {**m, "media": {}},
        lambda m: {**m, "files": {**m["files"], "memories.db": 5}}, lambda m: {**m, "media": [5]},
        lambda m: {**m, "files": {"memories.db": {"sha256": []}}}, lambda m: {"format": m["format"]},
    ],
)  # fmt: skip
def test_a_manifest_that_is_none_is_said_so(
    home: Path, tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    folder, odd = tmp_path / "unpacked", tmp_path / "odd.zip"
    with zipfile.ZipFile(newest(tmp_path / "backups")) as archive:
        archive.extractall(folder)
    _pack(folder, odd, change(json.loads((folder / "manifest.json").read_text("utf-8"))))
    assert "damaged" in memories("restore", "--db", home, odd, fails=True)
