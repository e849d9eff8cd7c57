"""What notices tell of a group: what it was called, and when it was made."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from memories_lib.shared.fts_query import fts_query


def notices_with(connection: sqlite3.Connection, name: str) -> Iterable[tuple[int, str]]:
    """(chat, text) of all notices that hold a name in quotes."""
    query = fts_query('"' + name.replace('"', " ") + '"')
    notices = "FROM messages WHERE sender_id IS NULL AND kind = 'system' AND instr(text, ?)"
    if query:
        found = "id IN (SELECT rowid FROM messages_fts WHERE messages_fts MATCH ?)"
        rows = connection.execute(f"SELECT chat_id, text {notices} AND {found}", (name, query))
    else:  # a name of signs that are in no index
        rows = connection.execute(f"SELECT chat_id, text {notices}", (name,))
    return [(chat_id, text) for chat_id, text in rows if quotes(text, name)]


def made_at(notices: Iterable[tuple[str, str]], name: str, first_at: str) -> str:
    """When a group was made, if that is among its first notices; else ""."""
    for at, text in notices:
        if at[:13] == first_at[:13] and quotes(text, name):
            return at
    return ""


def quotes(notice: str, name: str) -> bool:
    """Whether a notice holds a name in quotes, of any language."""
    return name in notice and any(f"{opening}{name}{closing}" in notice for opening, closing in _QUOTED)


_QUOTED = (("“", "”"), ('"', '"'), ("„", "“"), ("«", "»"), ("「", "」"), ("『", "』"), ("‘", "’"), ("”", "”"))
