"""Exports that are another chat's than the rest, parted from it: the way back of `joining`, and for a chat read wrong.

Nothing is read anew: messages move with their ids; those that other exports hold as well are in both chats then.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ingest.archive.curation import source_key
from ingest.archive.derived import count_kinds
from ingest.core.errors import MemoriesError
from ingest.core.keys import chat_key
from ingest.correcting.corrections import edit, undo
from ingest.correcting.joining import count_kinds_of, say_held
from ingest.correcting.sources import Source
from ingest.importing.removal import gather_leaving
from ingest.importing.rewriting import Rewriting, rewritten
from memories_lib.shared.folding import fold


def part_sources(connection: sqlite3.Connection, database: Path, sources: list[Source], name: str) -> int:
    """These exports of one chat are another chat, called `name`; returns how many messages it has. Kept in the log.

    What other exports of the chat hold as well is in both then. Raises `MemoriesError` where nothing would be parted.
    """
    chats = {chat for one in sources for (chat,) in connection.execute(
        "SELECT chat_id FROM chat_sources WHERE source_id = ?", (one.id,))}  # fmt: skip
    if len(chats) != 1:
        raise MemoriesError("exports of several chats cannot be parted at once; do it chat by chat")
    (chat,) = chats
    total = connection.execute("SELECT count(*) FROM chat_sources WHERE chat_id = ?", (chat,)).fetchone()[0]
    if total <= len({one.id for one in sources}):
        raise MemoriesError("these are all exports of that chat; to call it otherwise: memories chats rename")
    if connection.execute("SELECT 1 FROM chats WHERE name = ? COLLATE NOCASE", (name,)).fetchone():
        raise MemoriesError(f"there is a chat '{name}' already; choose another name")
    digests = {one.sha256 for one in sources}
    (was,) = connection.execute("SELECT key FROM chats WHERE id = ?", (chat,)).fetchone()
    undo(connection, database, lambda event: event.action == "join_chats" and digests <= set(event.detail["sources"]))
    for one in sources:
        detail = {"sha256": one.sha256, "name": name, "from": was}
        edit(connection, database, "part_source", "source", source_key(one.sha256), detail)
    with rewritten(connection, database) as rewriting:
        return take_apart(rewriting, chat, [one.id for one in sources], name)


def take_apart(rewriting: Rewriting, chat: int, sources: list[int], name: str) -> int:
    """Make a chat of what these exports hold; returns how many messages it has. The archive shows no edits."""
    connection, registry = rewriting.connection, rewriting.registry
    gather_leaving(connection, sources, _sources_of(connection, chat))
    connection.execute("DROP TABLE IF EXISTS temp.held")
    connection.execute("CREATE TEMP TABLE held AS SELECT id FROM leaving")
    gather_leaving(connection, sources)
    kind = connection.execute("SELECT kind FROM chats WHERE id = ?", (chat,)).fetchone()[0]
    key = chat_key(name, kind)
    new = registry.named("chat", str(key))
    connection.execute("INSERT INTO chats (id, key, name, kind) VALUES (?, ?, ?, ?)", (new, key, name, kind))
    (was,) = connection.execute("SELECT key FROM chats WHERE id = ?", (chat,)).fetchone()
    rewriting.take_out_of_talks()
    moved = [message for (message,) in connection.execute("SELECT id FROM leaving")]
    connection.execute("UPDATE messages SET chat_id = ? WHERE id IN (SELECT id FROM leaving)", (new,))
    kinds = dict(connection.execute("SELECT kind, count(*) FROM leaving GROUP BY kind").fetchall())
    count_kinds(connection, chat, {one: -count for one, count in kinds.items()})
    count_kinds(connection, new, kinds)
    registry.part(key, moved)
    copies = _copy_shared(rewriting, new, sources)
    back = rewriting.take_back(sources, chat)
    _hand_over(connection, chat, sources)
    for source in sources:
        say_held(connection, source, copies)
        connection.execute("UPDATE chat_sources SET chat_id = ? WHERE source_id = ?", (new, source))
    connection.execute("DELETE FROM former_chats WHERE key = ?", (key,))
    connection.execute("INSERT OR REPLACE INTO former_chats (key, chat_id) VALUES (?, ?)", (was, new))
    rewriting.settle(chat, back.changes.get(chat, ()))
    rewriting.settle(new)
    return len(moved) + len(copies)


def _sources_of(connection: sqlite3.Connection, chat: int) -> list[int]:
    return [source for (source,) in connection.execute("SELECT source_id FROM chat_sources WHERE chat_id = ?", (chat,))]


def _hand_over(connection: sqlite3.Connection, chat: int, sources: list[int]) -> None:
    """What stays in the chat was brought by one of the exports that stay."""
    staying = [one for one in _sources_of(connection, chat) if one not in sources]
    for source in staying:
        connection.execute(
            f"""
            UPDATE messages SET source_id = ?, line = NULL
            WHERE chat_id = ? AND source_id IN ({", ".join("?" * len(sources))}) AND id IN (
                SELECT messages.id FROM source_messages AS held
                CROSS JOIN messages ON messages.id BETWEEN held.first_id AND held.last_id WHERE held.source_id = ?
            )
            """,
            (source, chat, *sources, source),
        )
    connection.execute(
        """
        UPDATE revisions SET source_id = (SELECT source_id FROM messages WHERE id = message_id)
        WHERE message_id IN (SELECT id FROM messages WHERE chat_id = ?)
        """,
        (chat,),
    )


def _copy_shared(rewriting: Rewriting, chat: int, sources: list[int]) -> dict[int, int]:
    """Messages that stay in the other chat as well: one of each for this one; old id -> new id."""
    connection = rewriting.connection
    shared = connection.execute(
        """
        SELECT id, key, text FROM messages
        WHERE id IN (SELECT id FROM held) AND id NOT IN (SELECT id FROM leaving) ORDER BY sent_at, id
        """
    ).fetchall()
    rewriting.registry.enter(chat)
    new_ids = rewriting.registry.messages([key for _, key, _ in shared])
    copies = {old: new for (old, _, _), new in zip(shared, new_ids, strict=True)}
    for old, new in copies.items():
        connection.execute(
            """
            INSERT INTO messages (id, key, chat_id, exchange_id, sender_id, sent_at, kind, text, is_edited, source_id)
            SELECT ?, key, ?, NULL, sender_id, sent_at, kind, text, is_edited, ? FROM messages WHERE id = ?
            """,
            (new, chat, sources[0], old),
        )
        for table, columns in (
            ("links", "url, domain"), ("places", "name, latitude, longitude, url"),
            ("media", "filename, mimetype, bytes, sha256, width, height, duration_s, thumbnail, caption, is_missing"),
        ):  # fmt: skip
            connection.execute(
                f"INSERT INTO {table} (message_id, {columns}) SELECT ?, {columns} FROM {table} WHERE message_id = ?",
                (new, old),
            )
        connection.execute(
            f"""
            INSERT INTO media_sources SELECT ?, source_id, has_file FROM media_sources
            WHERE message_id = ? AND source_id IN ({", ".join("?" * len(sources))})
            """,
            (new, old, *sources),
        )
    connection.executemany(
        "INSERT INTO messages_fts (rowid, text) VALUES (?, ?)", [(copies[old], fold(text)) for old, _, text in shared]
    )
    count_kinds_of(connection, chat, copies.values())
    return copies
