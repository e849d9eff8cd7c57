"""What messages said before an export said it otherwise, as it is kept in `revisions`.

The wordings of a message are a chain: each link is what it said ('replaced') until an export changed it, and what it
says stands at the end. An export that agrees where there is a chain leaves a link as well ('same'), so that the words
stay when the one is taken out that brought them (see `undo_source`). An export that comes with an older wording than
the archive has leaves that beside the chain ('older'), and so does one that says less, or the same otherwise ('other').
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

INSERT_REVISION = """
INSERT INTO revisions (message_id, text, kind, source_id, standing, was_edited) VALUES (?, ?, ?, ?, ?, ?)
"""


def says_the_same(connection: sqlite3.Connection, source: int, earlier: Sequence[int]) -> None:
    """An export that goes on from others says what they said of messages that were there before."""
    marks = ", ".join("?" * len(earlier))
    connection.execute(
        f"""
        INSERT OR IGNORE INTO media_sources
        SELECT message_id, ?, 0 FROM media_sources WHERE source_id IN ({marks})
        """,
        (source, *earlier),
    )
    connection.execute(
        f"""
        INSERT INTO revisions (message_id, text, kind, source_id, standing, was_edited)
        SELECT message_id, revisions.text, revisions.kind, ?, standing, was_edited FROM revisions
        WHERE standing IN ('older', 'other') AND source_id IN ({marks})
        UNION
        SELECT message_id, messages.text, messages.kind, ?, 'same', messages.is_edited
        FROM revisions JOIN messages ON messages.id = message_id
        WHERE revisions.source_id IN ({marks}) AND standing IN ('replaced', 'same') AND revisions.id = (
            SELECT max(id) FROM revisions AS last
            WHERE last.message_id = revisions.message_id AND standing IN ('replaced', 'same')
        )
        """,
        (source, *earlier, source, *earlier),
    )


def chained(connection: sqlite3.Connection) -> dict[int, set[int]]:
    """message -> the exports that gave it other words, or agreed with one that did."""
    found: dict[int, set[int]] = {}
    for message, source in connection.execute(
        "SELECT message_id, source_id FROM revisions WHERE standing IN ('replaced', 'same')"
    ):
        found.setdefault(message, set()).add(source)
    return found
