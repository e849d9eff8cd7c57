"""Is an archive whole? Everything that can be held against something else is."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from ingest.core.model import Progress
from memories_lib.shared import curation, edit_log, visible
from memories_lib.shared.folding import fold
from memories_lib.shared.fts_query import fts_query
from memories_lib.shared.layout import media_name

_BLOCK = 1 << 20
#: About so many messages are looked for in the search index.
_SAMPLE = 3_000


def check(
    connection: sqlite3.Connection, media: Path, log: Path | None = None, progress: Progress | None = None
) -> Iterator[str]:
    """What is wrong with an archive, a sentence at a time; nothing when all is well. `log`: that of its edits.

    `progress` is told in files: to look through the archive itself counts as so many as there are, and some.
    """
    parts = (_file, _links, _search, _counts, _exchanges)
    files = _one(connection, f"SELECT count(*) FROM ({_FILES})") if progress else 0
    each, total = files // len(parts) + 1, len(parts) * (files // len(parts) + 1) + files
    for done, part in enumerate(parts, 1):
        yield from part(connection)
        if progress:
            progress(done * each, total)
    for done, found in enumerate(_media(connection, media), total - files + 1):
        yield from found
        if progress:
            progress(done, total)
    if log is not None and log.exists():
        yield from _hidden(connection, log)


def _file(connection: sqlite3.Connection) -> Iterator[str]:
    for (said,) in connection.execute("PRAGMA integrity_check"):
        if said != "ok":
            yield f"the file is damaged: {said}; restore a backup"


def _links(connection: sqlite3.Connection) -> Iterator[str]:
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"{table} row {row} points at a row of {parent} that is not there"


def _hidden(connection: sqlite3.Connection, path: Path) -> Iterator[str]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)) as log:
        events = edit_log.effective(edit_log.events(log))
    seen = curation.not_shown(connection, events, fold)
    if seen:
        yield f"{len(seen):,} edits hide what may be seen all the same; start the server, which shows all edits anew"


def _one(connection: sqlite3.Connection, sql: str) -> int:
    return int(connection.execute(sql).fetchone()[0] or 0)


def _search(connection: sqlite3.Connection) -> Iterator[str]:
    again = "; ingest the exports into a new archive"
    rows = _one(connection, "SELECT count(*) FROM exchanges")
    indexed = _one(connection, "SELECT count(*) FROM exchanges_fts_docsize WHERE id IN (SELECT id FROM exchanges)")
    if rows != indexed or rows != _one(connection, "SELECT count(*) FROM exchanges_fts_docsize"):
        yield f"the search index of exchanges holds {indexed:,} of {rows:,}{again}"
    # The index of messages holds no list of them: a sample is looked for by its own words.
    last = _one(connection, "SELECT max(id) FROM messages")
    sample = connection.execute(
        "SELECT id, text FROM messages WHERE id % ? = 0 AND text <> ''", (max(1, last // _SAMPLE),)
    ).fetchall()
    lost = 0
    for number, text in sample:
        words = fts_query('"' + " ".join(text.replace('"', " ").split()[:20]) + '"')
        if words:
            found = connection.execute(
                "SELECT 1 FROM messages_fts WHERE messages_fts MATCH ? AND rowid = ?", (words, number)
            ).fetchone()
            lost += found is None
    if lost:
        yield f"the search index of messages misses {lost:,} of {len(sample):,} looked for{again}"


_COUNTS: tuple[tuple[str, str], ...] = (
    (
        "chats.message_count",
        """
        SELECT count(*) FROM chats
        LEFT JOIN (SELECT chat_id, count(*) AS counted FROM visible_messages GROUP BY chat_id) ON chat_id = chats.id
        WHERE message_count <> coalesce(counted, 0)
        """,
    ),
    (
        "people.message_count",
        "SELECT count(*) FROM people WHERE message_count <>"
        " (SELECT count(*) FROM visible_messages WHERE sender_id = people.id)",
    ),
    (
        "days.message_count",
        "SELECT abs((SELECT coalesce(sum(message_count), 0) FROM days) - (SELECT count(*) FROM visible_messages))",
    ),
    (
        "exchanges.message_count",
        f"""
        SELECT count(*) FROM exchanges
        WHERE message_count <> (
            SELECT count(*) FROM messages WHERE exchange_id = exchanges.id AND {visible.MESSAGE_ITSELF}
        )
        """,
    ),
    (
        "chat_kinds.message_count",
        "SELECT count(*) FROM (SELECT chat_id, kind, count(*) AS counted FROM visible_messages"
        " GROUP BY chat_id, kind) AS real"
        " LEFT JOIN chat_kinds USING (chat_id, kind) WHERE counted IS NOT message_count",
    ),
    (
        "person_months.messages",
        "SELECT abs((SELECT coalesce(sum(messages), 0) FROM person_months)"
        " - (SELECT count(*) FROM visible_messages WHERE sender_id IS NOT NULL))",
    ),
)


def _counts(connection: sqlite3.Connection) -> Iterator[str]:
    for name, sql in _COUNTS:
        wrong = _one(connection, sql)
        if wrong:
            yield f"{name} does not agree with the messages ({wrong:,} off)"


def _exchanges(connection: sqlite3.Connection) -> Iterator[str]:
    rules: tuple[tuple[str, Callable[[int], str]], ...] = (
        (
            "SELECT count(*) FROM messages WHERE exchange_id IS NULL",
            lambda n: f"{n:,} messages belong to no exchange",
        ),
        (
            "SELECT count(*) FROM messages JOIN exchanges ON exchanges.id = exchange_id"
            " WHERE messages.chat_id <> exchanges.chat_id",
            lambda n: f"{n:,} messages belong to an exchange of another chat",
        ),
        (
            "SELECT count(*) FROM messages JOIN exchanges ON exchanges.id = exchange_id"
            " WHERE sent_at NOT BETWEEN started_at AND ended_at"
            f" AND {visible.MESSAGE_ITSELF}",
            lambda n: f"{n:,} messages lie outside the time of their exchange",
        ),
    )
    for sql, sentence in rules:
        wrong = _one(connection, sql)
        if wrong:
            yield sentence(wrong)


_FILES = """
SELECT DISTINCT sha256, filename, thumbnail FROM media WHERE sha256 IS NOT NULL AND NOT is_missing
"""


def _media(connection: sqlite3.Connection, folder: Path) -> Iterator[list[str]]:
    """Of each file, what is wrong with it."""
    for sha256, filename, thumbnail in connection.execute(_FILES):
        path, found = folder / media_name(sha256, filename or ""), []
        if not path.is_file():
            found.append(f"the file of {filename} is not in {folder.name}/; ingest its export again")
        elif _digest(path) != sha256:
            found.append(f"the file of {filename} was changed after it was kept; ingest its export again")
        if thumbnail and not (folder / thumbnail).is_file():
            found.append(f"the small picture of {filename} is not in {folder.name}/; ingest its export again")
        yield found


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
