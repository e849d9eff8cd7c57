"""The document tells the truth: each route is in it, and schemathesis finds no answer that it does not allow."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.folding import load_shared
from ingest.passwords import hash_password
from tests.conftest import ROOT, serve
from tests.test_api import Client

EXAMPLES = "60" if os.environ.get("HYPOTHESIS_PROFILE") == "drill" else "2"


def test_each_route_is_in_it(site_api: Client) -> None:
    document = site_api.get("/api/openapi.json")
    assert document["openapi"] == "3.1.0"
    told = {re.sub(r"\{\w+\}", "{}", path) for path in document["paths"]}
    source = (ROOT / "plugins" / "api.py").read_text("utf-8")
    routes = {
        re.sub(r"\{_(ID|SHA256)\}|\(\?P<\w+>[^)]*\)", "{}", path) for path in re.findall(r'"(/api/[^"]+)":', source)
    }
    # The document itself; files, which are named by what is in them; and one that stands for three.
    assert routes - told <= {"/api/openapi.json", "/api/media/{}", "/api/exchanges/{}/{action}"}
    assert told - routes <= {f"/api/exchanges/{{}}/{action}" for action in ("star", "unstar", "restore")}


@pytest.fixture
def site_api(site: object) -> Client:
    return Client(site)  # type: ignore[arg-type]


def test_the_page_shows_it(site_api: Client) -> None:
    page = site_api.ask("GET", "/api")[2].decode()
    for words in ("GET /api/exchanges", "PUT /api/archive", "openapi.json"):
        assert words in page


@pytest.mark.property
@pytest.mark.parametrize(
    ("role", "phases"),
    [
        ("owner", "examples,coverage"),
        ("viewer", "coverage"),
        *(pytest.param(role, "all", marks=pytest.mark.drill) for role in ("owner", "curator", "viewer")),
    ],
)
def test_schemathesis_finds_nothing(
    examples_db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str, phases: str
) -> None:
    shutil.copytree(examples_db.parent, tmp_path / "served")
    monkeypatch.setenv("MEMORIES_PUBLIC", "1")
    monkeypatch.setenv("MEMORIES_OWNER_PASSWORD", hash_password("owner word"))
    tokens = load_shared("tokens")
    store = tokens.open_store(str(tmp_path / "served" / "access.db"))
    _, token = tokens.make(store, "fuzz", role, 86_400)
    store.close()
    served = serve(tmp_path / "served" / "memories.db", tmp_path / "log")
    shutil.copy(ROOT / "schemathesis.toml", tmp_path)
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")), "run", f"{served.base}/api/openapi.json",
            "-H", f"Authorization: Bearer {token}", "--checks", "all", "--max-examples", EXAMPLES, "--no-color",
            *([] if phases == "all" else ["--phases", phases]),
        ],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    served.stop()
    assert done.returncode == 0, done.stdout[-6000:]
    assert re.search(r"[1-9]\d+ generated, [1-9]\d+ passed", done.stdout)
    for phase in ("Coverage", "Fuzzing", "Stateful") if phases == "all" else ("Coverage",):
        assert f"✅ {phase}" in done.stdout
    assert "Traceback" not in (tmp_path / "log").read_text("utf-8")


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_cursors_walk_the_whole_list(site_api: Client, order: str) -> None:
    everything = site_api.get(f"/api/exchanges?all=1&page_size=100&sort={order}")["items"]
    found, after = [], ""
    for _ in range(50):
        page = site_api.get(f"/api/exchanges?all=1&page_size=7&sort={order}&after={after}")
        found += page["items"]
        after = page["next"]
        assert page["pagination"]["hasMore"] == (after is not None)
        if after is None:
            break
    assert [item["id"] for item in found] == [item["id"] for item in everything]


@pytest.mark.parametrize("after", ["x", "bm90aGluZw", "WzEsMl0", "💥", "eyJhIjoxfQ", "W10"])
def test_cursors_that_are_none(site_api: Client, after: str) -> None:
    from urllib.parse import quote

    assert site_api.ask("GET", f"/api/exchanges?after={quote(after)}")[0] == 422
    assert site_api.ask("GET", "/api/exchanges?sort=score&after=")[0] == 422
