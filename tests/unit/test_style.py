"""How files that no tool of Python's looks at are written: width, and one declaration a line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WRITTEN = sorted([
    *(ROOT / "static").glob("*.[cj]s*"), *(ROOT / "templates").glob("*.html"), *(ROOT / "scripts").glob("*.sh"),
    *(ROOT / "plugins").rglob("*.toml"), *(ROOT / "ingest").rglob("*.sql"), ROOT / "metadata.yml", ROOT / "Makefile",
])  # fmt: skip


def test_all_of_them_are_looked_at() -> None:
    assert {"memories.css", "conversation.js", "_talk.html", "home.html"} <= {path.name for path in WRITTEN}


@pytest.mark.parametrize("path", WRITTEN, ids=[path.name for path in WRITTEN])
def test_no_line_is_over_120(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    assert [number for number, line in enumerate(lines, 1) if len(line) > 120] == []


@pytest.mark.parametrize("path", sorted((ROOT / "static").glob("*.css")), ids=lambda path: path.name)
def test_one_declaration_a_line(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    assert [
        number for number, line in enumerate(lines, 1) if line.count(";") > 1 or ("{" in line and ";" in line)
    ] == []


@pytest.mark.parametrize("path", sorted((ROOT / "static").glob("*.js")), ids=lambda path: path.name)
def test_no_module_is_long(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) < 200


def test_the_root_holds_what_belongs_there() -> None:
    """What tools and readers look for, and nothing that was left behind by a command."""
    told = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if told.returncode:
        pytest.skip("not a checkout")
    assert {name for name in told.stdout.splitlines() if "/" not in name} == {
        ".dockerignore", ".gitattributes", ".gitignore", "CHANGELOG.md", "Dockerfile", "LICENSE", "Makefile",
        "README.md", "fly.toml", "metadata.yml", "pyproject.toml", "schemathesis.toml", "settings.json",
    }  # fmt: skip
