"""What somebody hid stays hidden when messages go to another chat, or the export goes by which an edit names them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from memories_lib.shared import curation, edit_log, visible
from memories_lib.shared.folding import fold
from memories_lib.shared.layout import ArchiveFiles


def note_hidden(connection: sqlite3.Connection) -> None:
    """Remember which messages are hidden, while edits are still shown: by number, and by what others see of them."""
    connection.execute("DROP TABLE IF EXISTS temp.hidden_before")
    connection.execute(
        f"""
        CREATE TEMP TABLE hidden_before AS
        SELECT messages.id, sent_at, people.name AS sender, text FROM messages
        LEFT JOIN people ON people.id = sender_id
        WHERE {visible.message_hidden()}
        """
    )


def keep_hidden(connection: sqlite3.Connection, database: Path) -> int:
    """Hide again, by edits of their own, what was hidden and is not any more; returns how many messages that were."""
    found = connection.execute(
        f"""
        SELECT DISTINCT message.key, message.sent_at, chats.key
        FROM hidden_before AS before CROSS JOIN messages AS message ON message.sent_at = before.sent_at
        JOIN chats ON chats.id = message.chat_id LEFT JOIN people ON people.id = message.sender_id
        WHERE (message.id = before.id OR (people.name IS before.sender AND message.text = before.text))
            AND {visible.message_seen("message.id", "message.exchange_id")}
        """
    ).fetchall()
    connection.execute("DROP TABLE temp.hidden_before")
    if found:
        with closing(edit_log.open_log(str(ArchiveFiles.of(database).edits))) as log:
            for key, at, chat in found:
                event = edit_log.draft(log, "owner", "hide", "message", key, {"chat": chat, "at": at})
                edit_log.write(log, event)
                curation.apply(connection, event, fold)
            curation.set_state(connection, edit_log.digest(edit_log.events(log)))
    return len(found)
