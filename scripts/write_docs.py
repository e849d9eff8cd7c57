"""Writes the pages of docs/ that are made from the code: ``python -m scripts.write_docs``. A test keeps them true."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import yaml

from ingest import __version__
from ingest.archive.database import connect
from ingest.archive.migrations import make_indexes
from ingest.cli import main
from ingest.cli.publish import publish
from memories_lib.api import openapi
from memories_lib.shared.contract import APPLICATION_ID, SCHEMA
from scripts.imports import drawn

ROOT = Path(__file__).parent.parent
_SHADOW = ("_fts_", "sqlite_")


def schema() -> str:
    """``docs/SCHEMA.md``: tables, columns, keys and indexes of an archive, with the words of ``metadata.yml``."""
    connection = connect(None)
    make_indexes(connection)
    metadata = yaml.safe_load((ROOT / "metadata.yml").read_text("utf-8"))["databases"]["memories"]
    lines = [
        "# The schema of `memories.db`",
        "",
        "Written by `make docs` from the code; edit `ingest/archive/schema/` or `metadata.yml` instead.",
        "",
        f'`PRAGMA user_version` is {SCHEMA}, `PRAGMA application_id` is 0x{APPLICATION_ID:08X} ("WAMe"). Times',
        "are local wall-clock ISO 8601, as the export gives them. Numbers in `key` stay the same however often an",
        "archive is rebuilt.",
        "",
    ]
    for name, kind in _objects(connection):
        lines += _table(connection, name, kind, metadata["tables"].get(name, {}))
    lines += [
        "## Full text",
        "",
        "`messages_fts` (text) and `exchanges_fts` (title, summary, topics) are FTS5 indexes without content of their",
        "own: `rowid` is the `id` of the message or exchange. What is put in is folded by `shared/folding.py` of",
        "`plugins/memories_lib`, what is asked is made by `shared/fts_query.py`; in Datasette the SQL function",
        "`escape_fts(:words)` does that.",
        "",
    ]
    return "\n".join(lines)


def _objects(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    rows = connection.execute("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY rowid")
    return [
        (name, kind)
        for name, kind in rows
        if not name.endswith("_fts") and not any(mark in name for mark in _SHADOW) and not name.startswith("_")
    ]


def _table(connection: sqlite3.Connection, name: str, kind: str, words: dict[str, Any]) -> Iterator[str]:
    keys = {row[3]: f"{row[2]}.{row[4]}" for row in connection.execute(f"PRAGMA foreign_key_list('{name}')")}
    said = words.get("columns", {})
    yield from (f"## {name}" + (" (view)" if kind == "view" else ""), "", words.get("description", ""), "")
    yield from ("| column | type | |", "| --- | --- | --- |")
    for _, column, declared, not_null, default, key in connection.execute(f"PRAGMA table_info('{name}')"):
        marks = [f"-> `{keys[column]}`"] if column in keys else []
        marks += ["key"] if key else []
        marks += ["may be empty"] if kind == "table" and not not_null and not key else []
        marks += [f"else {default}"] if default is not None else []
        note = said.get(column, "")
        yield f"| `{column}` | {declared.lower()} | {note}{' ' if note and marks else ''}{_in_brackets(marks)} |"
    yield ""
    indexes = [
        sql.split(" ON ", 1)[1]
        for (sql,) in connection.execute(
            "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL ORDER BY rowid",
            (name,),
        )
    ]
    if indexes:
        yield from ("Indexes: " + "; ".join(f"`{i}`" for i in indexes) + ".", "")


def _in_brackets(marks: list[str]) -> str:
    return f"({', '.join(marks)})" if marks else ""


def commands() -> str:
    """``docs/COMMANDS.md``: what each command says with ``--help``."""
    lines = ["# The command `memories`", "", f"Written by `make docs`. Version {__version__}.", ""]
    here = click.Context(main)
    for name in ["", *main.list_commands(here), *(f"publish {name}" for name in publish.commands)]:
        last = name.rpartition(" ")[2]
        group = publish if name.startswith("publish ") else main
        command = group.get_command(here, last) if name else main
        assert command is not None
        parent = click.Context(main, info_name="memories", terminal_width=100, help_option_names=["-h", "--help"])
        context = click.Context(command, info_name=name, parent=parent) if name else parent
        lines += [f"## memories {name}".rstrip(), "", "```text", command.get_help(context), "```", ""]
    return "\n".join(lines)


_TOKEN = re.compile(r"--([\w-]+): ([^;]+);")
_MARK = re.compile(r"(?s)(<!-- tokens by make docs -->\n).*?(<!-- end of the tokens -->)")


def design(page: str) -> str:
    """``docs/DESIGN.md`` with the table of sizes and colours as `static/memories.css` has them."""
    css = (ROOT / "static" / "memories.css").read_text("utf-8")
    grounds = (ROOT / "static" / "grounds.css").read_text("utf-8")
    light = dict(_TOKEN.findall(css[css.index(":root") : css.index("@media")]))
    light |= dict(_TOKEN.findall(grounds[: grounds.index("}")]))
    dark = dict(_TOKEN.findall(css[css.index("@media") : css.index("/* The page */")]))
    rows = ["| property | light | dark |", "| --- | --- | --- |"]
    rows += [
        f"| `--{name}` | `{value}` | {f'`{dark[name]}`' if name in dark else ''} |" for name, value in light.items()
    ]
    return _MARK.sub(lambda found: found[1] + "\n".join(rows) + "\n" + found[2], page)


def pages() -> dict[Path, str]:
    """Every generated page and what it must hold."""
    told = json.dumps(openapi.document(), indent=1, ensure_ascii=False) + "\n"
    return {
        ROOT / "docs" / "SCHEMA.md": schema(),
        ROOT / "docs" / "COMMANDS.md": commands(),
        ROOT / "docs" / "openapi.json": told,
        ROOT / "docs" / "DESIGN.md": design((ROOT / "docs" / "DESIGN.md").read_text("utf-8")),
        ROOT / "docs" / "ARCHITECTURE.md": drawn((ROOT / "docs" / "ARCHITECTURE.md").read_text("utf-8")),
    }


if __name__ == "__main__":
    os.environ.pop("MEMORIES_DB", None)
    for path, text in pages().items():
        path.write_text(text, "utf-8")
