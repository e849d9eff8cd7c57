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

from tests.conftest import ROOT

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
        "templates/index.html",
        "static/memories.css",
        "metadata.yml",
        "settings.json",
    ):
        assert f"ingest/site/{wanted}" in names
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "installed")}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "ingest", "demo", "--dir", "demo", "--no-serve"],
        capture_output=True, text=True, cwd=tmp_path, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "demo" / "memories.db").stat().st_size > 100_000
