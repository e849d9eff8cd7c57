"""What the pages promise is what the code does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ingest.cli import main
from scripts.imports import LAYERS, arrows, wrong
from scripts.write_docs import ROOT, pages

README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("page", ["SCHEMA.md", "COMMANDS.md", "openapi.json", "ARCHITECTURE.md"])
def test_generated_pages_are_true(page: str) -> None:
    path = ROOT / "docs" / page
    assert path.read_text("utf-8") == pages()[path], "run: make docs"


def test_each_command_has_an_example() -> None:
    context = click.Context(main)
    names = main.list_commands(context)
    assert len(names) > 25
    for name in names:
        command = main.get_command(context, name)
        assert command is not None
        assert re.search(rf"Example:\s+memories {name}", command.help or ""), name


def test_the_readme_shows_the_account_that_is_printed(tmp_path: Path) -> None:
    shown = re.search(r"```text\n(✓.*?)```", README, re.DOTALL)
    assert shown
    export = tmp_path / "WhatsApp Chat with Emma.txt"
    export.write_text(
        "03/04/21, 9:15 pm - Emma: hello\n03/04/21, 9:16 pm - Anna: hi!\n03/04/21, 9:20 pm - Emma: <Media omitted>\n"
        "27/04/21, 8:01 am - Anna: good morning\n27/04/21, 8:02 am - Emma: morning 😀\n",
        "utf-8",
    )
    told = CliRunner().invoke(main, ["ingest", str(export), "--me", "Anna", "--db", str(tmp_path / "a.db")])
    assert told.exit_code == 0, told.output
    timeless = [re.sub(r"\d+\.\d\d s", "", text).replace(".zip", ".txt") for text in (shown[1], told.output)]
    assert timeless[0] == timeless[1]


def test_targets_and_files_that_the_readme_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in set(re.findall(r"(?:`|\$ )make ([a-z]+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_architecture_names_each_package_and_where_to_begin() -> None:
    told = (ROOT / "docs" / "ARCHITECTURE.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([\w/]+)` \|.*\| (`.*`) \|$", told, re.M))
    for tree, layers in LAYERS.items():
        for layer in layers:
            folders = [ROOT / tree / layer]
            if layer == "summaries":
                folders = [path for path in folders[0].iterdir() if (path / "__init__.py").exists()]
            for folder in folders:
                first = re.findall(r"`(\S+)`", rows[str(folder.relative_to(ROOT / tree))])
                assert first
                assert all((folder / name).is_file() for name in first), folder
    for name in re.findall(r"`((?:plugins|tests|queries|docs)/[\w/.]+)`", told):
        assert any((root / name).exists() for root in (ROOT, ROOT / "plugins" / "memories_lib")), name
    assert max(map(len, told.splitlines())) <= 140


@pytest.mark.parametrize("tree", LAYERS)
def test_no_package_imports_one_above_it(tree: str) -> None:
    assert len(list(arrows(tree))) > 100
    assert wrong(tree) == []


def test_each_plugin_is_looked_at_by_the_type_checker_as_one() -> None:
    """What comes from Datasette has no types; that is said for each plugin by name."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mypy"]["overrides"]
    named = {name for override in told for name in override["module"] if "." not in name}
    assert {path.stem for path in (ROOT / "plugins").glob("*.py")} <= named


def test_each_test_that_the_page_on_security_names_exists() -> None:
    page = (ROOT / "docs" / "SECURITY.md").read_text("utf-8")
    named = re.findall(r"`(test_\w+\.py)::(\w+|\*)`", page)
    assert len(named) > 30
    for file, test in named:
        text = next((ROOT / "tests").rglob(file)).read_text("utf-8")
        assert test == "*" or f"def {test}(" in text, (file, test)
