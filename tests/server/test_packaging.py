"""What others get: a wheel that works without a checkout, plugins that need no `ingest`, pinned dependencies."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ingest.ops.passwords import hash_password
from memories_lib.shared.layout import PRIVATE, ArchiveFiles
from tests.conftest import ROOT, Served, free_port

PLUGINS = sorted((ROOT / "plugins").rglob("*.py"))


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda p: p.stem)
def test_plugins_import_nothing_of_ingest(plugin: Path) -> None:
    for node in ast.walk(ast.parse(plugin.read_text("utf-8"))):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not any(n.split(".")[0] in ("ingest", "google", "PIL", "click", "rich") for n in names), plugin.name


def test_ingest_imports_nothing_of_the_server() -> None:
    for module in (ROOT / "ingest").rglob("*.py"):
        if "site" in module.relative_to(ROOT / "ingest").parts:
            continue
        text = module.read_text("utf-8")
        assert not re.search(r"^\s*(from|import) (datasette|plugins)\b", text, re.MULTILINE), module
        # The one door to Google's library opens when somebody asks for it, not before.
        door = module.name == "client.py" and module.parent.name == "gemini"
        anywhere = r"^(from|import) google\b" if door else r"^\s*(from|import) google\b"
        assert not re.search(anywhere, text, re.MULTILINE), module
        assert not re.search(r"^(from|import) pydantic\b", text, re.MULTILINE), module


def test_google_is_not_loaded() -> None:
    heavy = ("google", "pydantic", "httpx", "datasette", "pandas")
    code = f"import ingest.cli, sys; print([m for m in sys.modules if m.split('.')[0] in {heavy}])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_locks_are_pinned_by_hash_and_name_no_registry() -> None:
    for name in ("serve.txt", "test.txt"):
        text = (ROOT / "requirements" / name).read_text("utf-8")
        assert "://" not in text
        pins = re.findall(r"^([a-z0-9][\w.\-\[\]]*)==\S+", text, re.MULTILINE)
        assert len(pins) == len(set(pins)) > 10
        assert text.count("--hash=sha256:") >= len(pins)
    served = (ROOT / "requirements" / "serve.txt").read_text("utf-8")
    assert not re.search(r"^(google|pytest|playwright|hypothesis|mypy|numpy|pandas)", served, re.MULTILINE)


@pytest.mark.drill
def test_the_wheel_works_without_a_checkout(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)], check=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "installed")
    for wanted in (
        "plugins/search_folding.py",
        "templates/home.html",
        "static/memories.css",
        "metadata.yml",
        "settings.json",
    ):
        assert f"ingest/site/{wanted}" in names
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "installed")}
    assert "memories_lib/shared/folding.py" in names
    done = subprocess.run(
        [sys.executable, "-P", "-m", "ingest", "demo", "--dir", "demo", "--no-serve"],
        capture_output=True, text=True, cwd=tmp_path, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "demo" / "memories.db").stat().st_size > 100_000
    site = tmp_path / "installed" / "ingest" / "site"
    code = "import ingest, memories_lib; print(ingest.__file__, memories_lib.__file__)"
    whose = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert whose.stdout.count(str(tmp_path / "installed")) == 2
    # Served from the wheel, and from what `memories publish fly` makes of it, where there is no `ingest`.
    _shows_the_archive(tmp_path / "demo" / "memories.db", site, tmp_path, environment)
    fly = [sys.executable, "-P", "-m", "ingest", "publish", "fly", "--app", "our-x", "--generate-dir", "out", "--yes"]
    hashed = environment | {"MEMORIES_OWNER_PASSWORD": hash_password("owner word")}
    subprocess.run([*fly, "--db", "demo/memories.db"], cwd=tmp_path, env=hashed, check=True, capture_output=True)
    assert (tmp_path / "out" / "site" / "plugins" / "memories_lib" / "shared" / "folding.py").is_file()


def _shows_the_archive(database: Path, site: Path, folder: Path, environment: dict[str, str]) -> None:
    port = free_port()
    arguments = [
        "-P", "-m", "datasette", "serve", str(database), "--metadata", str(site / "metadata.yml"),
        "--plugins-dir", str(site / "plugins"), "--template-dir", str(site / "templates"), "--port", str(port),
    ]  # fmt: skip
    served = Served(arguments, port, folder / "log", cwd=folder, environment=environment)
    try:
        assert "/talk/" in served.get("/")[2].decode()
        assert served.get("/health")[0] == 200
    finally:
        served.stop()


@pytest.mark.drill
def test_datasettes_own_way_of_publishing_carries_what_plugins_share(examples_db: Path, tmp_path: Path) -> None:
    arguments = ["publish", "fly", str(examples_db), "--app", "our-x", "--plugins-dir", str(ROOT / "plugins")]
    arguments += ["--metadata", str(ROOT / "metadata.yml"), "--generate-dir", str(tmp_path / "baked")]
    subprocess.run([sys.executable, "-m", "datasette", *arguments], check=True, capture_output=True, cwd=tmp_path)
    (plugins,) = (tmp_path / "baked").rglob("memories_lib")
    assert (plugins / "shared" / "folding.py").is_file()


def test_nothing_that_lies_beside_an_archive_is_committed_or_sent(tmp_path: Path) -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert {f"**/{pattern.rstrip('/')}" for pattern in PRIVATE} <= set(lines)
    assert set(PRIVATE) <= set((ROOT / ".gitignore").read_text("utf-8").splitlines())
    # Every file that the layout knows, in the checkout and in any folder of it.
    files = ArchiveFiles(Path("memories.db"))
    named = [getattr(files, name) for name, kind in vars(ArchiveFiles).items() if isinstance(kind, property)]
    assert len(named) > 9
    asked = [str(folder / name) for folder in (Path(), Path("our")) for name in (files.database, *named)]
    folders = [f"{path}/x.bin" for path in asked if path.rpartition(".")[0] == ""]
    done = subprocess.run(
        ["git", "-c", "core.excludesFile=/dev/null", "check-ignore", "--no-index", "--", *asked, *folders],
        cwd=_repository(tmp_path), capture_output=True, text=True, check=False,
    )  # fmt: skip
    left = [path for path in asked if path not in done.stdout.splitlines() and f"{path}/x.bin" not in folders]
    assert left == []
    assert set(folders) <= set(done.stdout.splitlines())


def _repository(folder: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / ".gitignore").write_text((ROOT / ".gitignore").read_text("utf-8"), "utf-8")
    return folder
