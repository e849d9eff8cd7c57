"""The only export of a chat, said to be of a chat that there is not: it is the same chat, by another name."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ingest.core.keys import chat_key
from ingest.importing.rewriting import rewritten


def rename_whole(connection: sqlite3.Connection, database: Path, source: int, name: str) -> int | None:
    """Call the chat of an export `name`; its messages and talks keep their numbers. Returns the key that it had.

    None where the chat has other exports, or `name` is that of a chat: then what the export holds goes elsewhere.
    """
    chat, key, kind = connection.execute(
        "SELECT chats.id, key, kind FROM chats JOIN chat_sources ON chat_id = chats.id WHERE source_id = ?", (source,)
    ).fetchone()
    count = connection.execute("SELECT count(*) FROM chat_sources WHERE chat_id = ?", (chat,)).fetchone()[0]
    new = chat_key(name, kind)
    is_taken = connection.execute(
        "SELECT 1 FROM chats LEFT JOIN chats_before ON chat_id = id WHERE key = ? "
        "OR ? IN (chats.name, chats_before.name) COLLATE NOCASE",
        (new, name),
    ).fetchone()
    if count > 1 or is_taken:
        return None
    with rewritten(connection, database) as rewriting:
        connection.execute("UPDATE chats SET name = ?, key = ? WHERE id = ?", (name, new, chat))
        connection.execute("INSERT OR IGNORE INTO former_chats (key, chat_id) VALUES (?, ?)", (key, chat))
        rewriting.registry.move(key, new, {})
    return int(key)
