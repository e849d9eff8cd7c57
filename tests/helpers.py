"""What many tests do: read a text, ingest a file, ask the archive."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
from collections.abc import Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from ingest.archive.check import check
from ingest.archive.database import connect
from ingest.core.model import Findings, Hints, ImportReport, Message, Options, Order
from ingest.exports.detect import Survey
from ingest.exports.discover import open_exports
from ingest.exports.observations import Evidence
from ingest.exports.parser import Reader
from ingest.importing.pipeline import ingest

T = TypeVar("T")
ROOT = Path(__file__).parent.parent


def pieces(text: str, size: int = 97) -> Iterator[str]:
    """`text` in pieces that cut lines anywhere."""
    for at in range(0, len(text), size):
        yield text[at : at + size]


def read(
    text: str, *, chat: str | None = None, order: Order | None = None, size: int = 1 << 20
) -> tuple[list[Message], Findings, Evidence]:
    """All messages of a text, what was found out about it, and the evidence of the last reading."""
    survey = Survey(lambda: pieces(text, size), Hints(chat, order))
    findings = survey.run()
    reader = Reader(findings, chat=chat)
    messages = [Message(*row) for batch in reader.batches(pieces(text, size)) for row in batch]
    return messages, findings, reader.evidence


def with_plain_tags(page: str) -> str:
    """A page whose tags have one blank between attributes, however its template is written."""
    return re.sub(r"<[^<>]*>", lambda tag: " ".join(tag[0].split()), page)


def put(database: Path, *files: Path, **options: object) -> list[ImportReport]:
    """Ingest files into an archive."""
    accounts = []
    with closing(connect(database)) as connection:
        for file in files:
            for export in open_exports(file):
                accounts.append(ingest(connection, database, export, Options(**options)))  # type: ignore[arg-type]
    return accounts


def checkout(folder: Path) -> Path:
    """A new folder with what Datasette is configured by, without `ingest` and without an archive."""
    folder.mkdir()
    for name in ("plugins", "templates", "static"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("metadata.yml", "settings.json"):
        shutil.copy(ROOT / name, folder)
    return folder


def rows(database: Path, sql: str, parameters: Iterable[object] = ()) -> list[tuple[object, ...]]:
    """What the archive answers."""
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(sql, tuple(parameters)).fetchall()


def one(database: Path, sql: str, parameters: Iterable[object] = ()) -> object:
    """The one value that the archive answers."""
    return rows(database, sql, parameters)[0][0]


def run_apart(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine gives, run in a thread of its own: a browser's tests leave a loop that runs in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def save_as(folder: Path, name: str, text: str) -> Path:
    """An export without media, called `name`."""
    path = folder / f"{name}.txt"
    path.write_text(text, "utf-8")
    return path


def is_well(database: Path) -> None:
    with closing(connect(database)) as connection:
        assert list(check(connection, database.parent / "media")) == []
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        orphans = "SELECT count(*) FROM {} WHERE message_id NOT IN (SELECT id FROM messages)"
        for table in ("media", "links", "places", "revisions"):
            assert connection.execute(orphans.format(table)).fetchone()[0] == 0
        # What the search says it has is what is there.
        connection.execute("INSERT INTO exchanges_fts (exchanges_fts) VALUES ('integrity-check')")
        connection.execute("INSERT INTO messages_fts (messages_fts) VALUES ('integrity-check')")
