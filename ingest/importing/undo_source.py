"""What an export said of messages that others hold too, taken back with it: words, captions, kinds, names and files.

The links that an export left in a message's chain of wordings (see `wording_chains`) are taken out by handing what
stood before each to the next one.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ingest.archive.derived import count_kinds
from ingest.archive.source_messages import is_in, runs_of
from ingest.importing.wordings import Change, Old
from memories_lib.shared.folding import fold

_FILE = "mimetype, bytes, sha256, width, height, duration_s, thumbnail, transcript, description, told_by"


class _Words(NamedTuple):
    kind: str
    text: str
    was_edited: int


@dataclass(slots=True)
class TakenBack:
    """What else changes. `changes` by chat; `files`: (sha256, name, small picture) that messages have no more."""

    changes: dict[int, list[Change]] = field(default_factory=dict)
    files: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    exchanges: set[int] = field(default_factory=set)  # keys of those that have such messages


def take_back(connection: sqlite3.Connection, sources: Sequence[int], only_chat: int | None = None) -> TakenBack:
    """What these exports alone said of the messages that stay; files go at once, `changes` are for the caller to tell.

    `only_chat`: of messages of this chat alone.
    """
    back = TakenBack()
    for message in _with_other_words(connection, sources, only_chat):
        chat, change = _relink(connection, message, set(sources))
        if change is not None:
            back.changes.setdefault(chat, []).append(change)
    for chat, changes in back.changes.items():
        kinds = Counter(change.kind for change in changes)
        kinds.subtract(change.old.kind for change in changes)
        count_kinds(connection, chat, kinds)
    back.files = _drop_files(connection, sources, only_chat)
    messages = [change.old.id for changes in back.changes.values() for change in changes]
    messages += [message for (message,) in connection.execute("SELECT message_id FROM bare_media")]
    for message in messages:
        back.exchanges |= {
            key
            for (key,) in connection.execute(
                "SELECT key FROM exchanges WHERE id = (SELECT exchange_id FROM messages WHERE id = ?)", (message,)
            )
        }
    return back


def _with_other_words(connection: sqlite3.Connection, sources: Sequence[int], only_chat: int | None) -> Iterator[int]:
    """The messages held by these exports of which exports say different things."""
    runs = runs_of(connection, sources)
    found = connection.execute(
        """
        SELECT DISTINCT message_id FROM revisions JOIN messages ON messages.id = message_id
        WHERE standing IS NOT NULL AND (? IS NULL OR chat_id = ?)
        """,
        (only_chat, only_chat),
    ).fetchall()
    yield from (message for (message,) in found if is_in(runs, message))


def _relink(connection: sqlite3.Connection, message: int, sources: Collection[int]) -> tuple[int, Change | None]:
    """Take out what these exports left of a message; returns its chat, and what it says now if that is otherwise."""
    chat, *now = connection.execute(
        """
        SELECT chat_id, id, sender_id, sent_at, kind, text, is_edited, coalesce(exchange_id, 0)
        FROM messages WHERE id = ?
        """,
        (message,),
    ).fetchone()
    old = Old(*now)
    says = _Words(old.kind, old.text, old.is_edited)
    links: list[tuple[int, int]] = []  # (row, export) of the chain
    handed: _Words | None = None  # what stood before the links that are gone
    aside: list[tuple[int, int, _Words]] = []
    for row, source, standing, kind, text, was_edited in connection.execute(
        """
        SELECT id, source_id, standing, kind, text, was_edited FROM revisions
        WHERE message_id = ? AND standing IS NOT NULL ORDER BY id
        """,
        (message,),
    ).fetchall():
        words = _Words(kind, text, was_edited)
        is_link = standing in ("replaced", "same")
        if is_link and source in sources:
            handed = handed or words
        elif is_link and handed is not None:
            connection.execute(
                "UPDATE revisions SET kind = ?, text = ?, was_edited = ?, standing = 'replaced' WHERE id = ?",
                (*handed, row),
            )
            handed = None
        if source in sources:
            connection.execute("DELETE FROM revisions WHERE id = ?", (row,))
        elif is_link:
            links.append((row, source))
        else:
            aside.append((row, source, words))
    says = handed or says
    # Who holds the message and left nothing says what stood at the beginning.
    voices = _holders(connection, message) - set(sources) - {said_by for _, said_by, *_ in (*links, *aside)}
    if not voices and links:
        (row, _), *_ = links
        connection.execute("DELETE FROM revisions WHERE id = ?", (row,))
    elif not voices and aside:
        row, _, says = aside.pop(0)
        connection.execute("DELETE FROM revisions WHERE id = ?", (row,))
    for row, _, words in aside:
        # What was less than the words that are gone may be more than those that are left.
        if (later := _later(says, words)) != says:
            connection.execute(
                "UPDATE revisions SET kind = ?, text = ?, was_edited = ?, standing = 'replaced' WHERE id = ?",
                (*says, row),
            )
            says = later
    if says == (old.kind, old.text, old.is_edited):
        return chat, None
    return chat, Change(old, says.kind, says.text, bool(says.was_edited))


def _later(words: _Words, other: _Words) -> _Words:
    """What a message says that one export gives these words, and a later one others."""
    if other.kind == "deleted" or (other.was_edited and words.kind != "deleted"):
        return other
    return other if not words.text and other.text and words.kind != "deleted" else words


def _holders(connection: sqlite3.Connection, message: int) -> set[int]:
    return {
        source
        for (source,) in connection.execute(
            "SELECT source_id FROM source_messages WHERE first_id <= ? AND last_id >= ?", (message, message)
        )
    }


def _drop_files(
    connection: sqlite3.Connection, sources: Sequence[int], only_chat: int | None
) -> list[tuple[str, str | None, str | None]]:
    """Take off the files and names that no other export has; `bare_media` holds the messages whose files went."""
    marks = ", ".join("?" * len(sources))
    connection.execute("DROP TABLE IF EXISTS temp.touched_media")
    connection.execute("CREATE TEMP TABLE touched_media (message_id INTEGER PRIMARY KEY)")
    connection.execute(
        f"""
        INSERT OR IGNORE INTO touched_media SELECT message_id FROM media_sources WHERE source_id IN ({marks})
            AND (? IS NULL OR message_id IN (SELECT id FROM messages WHERE chat_id = ?))
        """,
        (*sources, only_chat, only_chat),
    )
    connection.execute(
        f"""
        DELETE FROM media_sources WHERE source_id IN ({marks}) AND message_id IN (SELECT message_id FROM touched_media)
        """,
        sources,
    )
    connection.execute("DROP TABLE IF EXISTS temp.bare_media")
    connection.execute(
        """
        CREATE TEMP TABLE bare_media AS SELECT media.id, media.message_id FROM media
        JOIN touched_media ON touched_media.message_id = media.message_id
        WHERE NOT is_missing AND NOT EXISTS (
            SELECT 1 FROM media_sources WHERE media_sources.message_id = media.message_id AND has_file
        )
        """
    )
    files = connection.execute(
        "SELECT DISTINCT sha256, filename, thumbnail FROM media WHERE id IN (SELECT id FROM bare_media)"
    ).fetchall()
    for number, description, transcript in connection.execute(
        """
        SELECT id, coalesce(description, ''), coalesce(transcript, '') FROM media
        WHERE id IN (SELECT id FROM bare_media) AND (description IS NOT NULL OR transcript IS NOT NULL)
        """
    ).fetchall():
        connection.execute(
            "INSERT INTO media_fts (media_fts, rowid, description, transcript) VALUES ('delete', ?, ?, ?)",
            (number, fold(description), fold(transcript)),
        )
    nothing = ", ".join(f"{column} = NULL" for column in _FILE.split(", "))
    connection.execute(f"UPDATE media SET is_missing = 1, {nothing} WHERE id IN (SELECT id FROM bare_media)")
    connection.execute(
        """
        UPDATE media SET filename = NULL WHERE message_id IN (SELECT message_id FROM touched_media)
            AND message_id NOT IN (SELECT message_id FROM media_sources)
        """
    )
    return files
