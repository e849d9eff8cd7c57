"""The document tells the truth: each route is in it, and schemathesis finds no answer that it does not allow."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.ops.passwords import hash_password
from tests.client import Client
from tests.conftest import ROOT, serve

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
        pytest.param("viewer", "coverage", marks=pytest.mark.drill),
        *(pytest.param(role, "all", marks=pytest.mark.drill) for role in ("owner", "curator", "viewer")),
    ],
)
def test_schemathesis_finds_nothing(
    examples_db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str, phases: str
) -> None:
    shutil.copytree(examples_db.parent, tmp_path / "served")
    monkeypatch.setenv("MEMORIES_PUBLIC", "1")
    monkeypatch.setenv("MEMORIES_OWNER_PASSWORD", hash_password("owner word"))
    from memories_lib.shared import access_tokens

    store = access_tokens.open_store(str(tmp_path / "served" / "access.db"))
    _, token = access_tokens.make(store, "fuzz", role, 86_400)
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


#: page -> what it may be asked with.
_PAGES = {
    "/": "chat person year mood topic starred all order before q talk",
    "/search": "q part sort before from to chat person kind", "/on-this-day": "date", "/calendar": "day year until",
    "/gallery": "kind before", "/map": "from", "/people": "from chats_from", "/people/{id}": "",
    "/chats": "from", "/chats/{id}": "day part as find hit", "/messages/{id}.txt": "",
    "/chats/{id}/about": "", "/more": "",
    "/story": "talk person year", "/story.html": "talk person year",
    "/years": "year from", "/numbers": "", "/book": "chat person year mood starred all before",
    "/book.json": "chat person year all", "/talk/{id}": "as hidden part way find hit", "/edits": "before",
    "/shares": "", "/-/login": "next", "/-/status": "",
    "/s/{id}": "", "/ask": "q", "/health": "", "/api": "", "/memories": "sql _shape",
    "/memories/messages": "_sort _sort_desc _search _facet _next _size kind sent_at__gt",
    "/memories/exchanges/{id}": "", "/memories/search": "words", "/-/media/{id}": "size",
}  # fmt: skip


def _document_of_pages(statuses: tuple[int, ...]) -> dict[str, object]:
    texts = {"type": "string", "maxLength": 200}
    responses = {str(status): {"description": "as it should be"} for status in statuses}
    paths: dict[str, object] = {}
    for path, names in _PAGES.items():
        asked = [{"name": name, "in": "query", "schema": texts} for name in names.split()]
        if "{id}" in path:
            asked.append({"name": "id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}})
        paths[path] = {"get": {"parameters": asked, "responses": responses}}
    form = {"type": "object", "properties": {"q": texts, "csrftoken": texts, "role": texts, "password": texts}}
    body = {"content": {"application/x-www-form-urlencoded": {"schema": form}}}
    for path in ("/ask", "/-/login", "/-/logout"):
        paths.setdefault(path, {})["post"] = {"requestBody": body, "responses": responses}  # type: ignore[index]
    return {"openapi": "3.0.2", "info": {"title": "pages", "version": "1"}, "paths": paths}


@pytest.mark.property
@pytest.mark.parametrize(
    "role", ["viewer", *(pytest.param(role, marks=pytest.mark.drill) for role in ("owner", "nobody"))]
)
def test_no_page_fails_whatever_it_is_asked(
    examples_db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    shutil.copytree(examples_db.parent, tmp_path / "served")
    monkeypatch.setenv("MEMORIES_OWNER_PASSWORD", hash_password("owner word"))
    from memories_lib.shared import access_tokens

    store = access_tokens.open_store(str(tmp_path / "served" / "access.db"))
    _, token = access_tokens.make(store, "fuzz", role, 86_400) if role != "nobody" else (0, "mem_1_nothing")
    store.close()
    served = serve(tmp_path / "served" / "memories.db", tmp_path / "log")
    refused = (302, 303, 308, 400, 401, 403, 404, 405, 413, 415, 422, 429, 501)
    document = tmp_path / "pages.json"
    document.write_text(json.dumps(_document_of_pages(refused if role == "nobody" else (200, 304, *refused))), "utf-8")
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")), "run", str(document), "--url", served.base,
            "-H", f"Authorization: Bearer {token}", "--max-examples", EXAMPLES, "--no-color",
            "--checks", "not_a_server_error,status_code_conformance", "--phases", "coverage,fuzzing",
            *(["--exclude-path", "/health", "--exclude-path", "/-/login"] if role == "nobody" else []),
        ],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    served.stop()
    assert done.returncode == 0, done.stdout[-6000:]
    assert re.search(r"[1-9]\d+ generated, [1-9]\d+ passed", done.stdout)
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
