"""What Gemini said, shown in the archive: titles, summaries, topics, moods, scores, the heart of each talk."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from ingest.archive.derived import tell_periods
from ingest.archive.fts import index_exchanges, unindex_exchanges
from ingest.archive.memory_choice import choose_memories
from ingest.summaries.gemini.answer import Summary
from ingest.summaries.gemini.cache import AnswerCache
from ingest.summaries.gemini.captions import show_looks
from ingest.summaries.gemini.periods import LEVELS, apply_periods, make_room
from ingest.summaries.gemini.transcript import Talk, choose, talks
from memories_lib.shared.layout import ArchiveFiles


def apply_kept(connection: sqlite3.Connection, database: Path) -> int:
    """Show what was answered before on exchanges of the same words that no model tells yet; returns how many.

    The archive must show what ingest wrote (no edits), in an open transaction. Without `summaries.db` it costs nothing.
    """
    path = ArchiveFiles.of(database).summaries
    if not path.exists():
        return 0
    cache = AnswerCache(path)
    try:
        keys = cache.keys()
        if not keys:
            return 0
        chosen = [row for row in choose(connection) if row.key in keys and not row.is_told]
        return apply(connection, talks(connection, chosen, cache.excluded_in(connection, "person")), cache)
    finally:
        cache.close()


def apply_looks(connection: sqlite3.Connection, database: Path) -> int:
    """Show what a model saw in photos and heard in voice notes, of files that are there; in an open transaction."""
    path = ArchiveFiles.of(database).summaries
    if not path.exists():
        return 0
    cache = AnswerCache(path)
    try:
        return show_looks(connection, cache)
    finally:
        cache.close()


def apply_kept_periods(connection: sqlite3.Connection, database: Path) -> int:
    """Show the months, years and chats that a model told before and that say the same; returns how many.

    People's edits are on, in an open transaction.
    """
    path = ArchiveFiles.of(database).summaries
    if not path.exists():
        return 0
    cache = AnswerCache(path)
    try:
        if not cache.has_periods():
            return 0
        make_room(connection)
        return sum(apply_periods(connection, cache, level) for level in LEVELS)
    finally:
        cache.close()


def apply(connection: sqlite3.Connection, asked: Iterable[Talk], cache: AnswerCache) -> int:
    """Write the newest answer for each talk's words into its exchange; returns how many there were."""
    spans: dict[int, tuple[str, str]] = {}
    count = 0
    for talk in asked:
        found = cache.latest(talk.key, talk.digest)
        if found is None:
            continue
        chat = _write(connection, talk, *found)
        low, high = spans.get(chat, (talk.started_at, talk.started_at))
        spans[chat] = (min(low, talk.started_at), max(high, talk.started_at))
        count += 1
    if count:
        choose_memories(connection)
        for chat, (low, high) in spans.items():
            tell_periods(connection, chat, low[:10], high[:10])
    return count


def _write(connection: sqlite3.Connection, talk: Talk, summary: Summary, model: str, at: str, version: str) -> int:
    unindex_exchanges(connection, [talk.exchange])
    topics = json.dumps(summary.topics, ensure_ascii=False)
    (chat,) = connection.execute(
        """
        UPDATE exchanges SET title = ?, summary = ?, topics = ?, mood = ?, score = ?, summarised_by = ?,
            summarised_at = ?, prompt_version = ?
        WHERE id = ? RETURNING chat_id
        """,
        (summary.title, summary.summary, topics, summary.mood, summary.score, model, at, version, talk.exchange),
    ).fetchone()
    index_exchanges(connection, [(talk.exchange, summary.title, summary.summary, topics)])
    ids = {line.number: line.message for line in talk.lines}
    heart = [ids[number] for number in summary.heart if number in ids]
    if heart:
        connection.execute(
            "UPDATE messages SET is_highlight = 0 WHERE exchange_id = ? AND is_highlight", (talk.exchange,)
        )
        connection.executemany("UPDATE messages SET is_highlight = 1 WHERE id = ?", [(message,) for message in heart])
    return int(chat)
