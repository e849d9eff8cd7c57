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
    _hide(connection, database, found)
    return len(found)


#: What somebody hid in another chat, met again in what came with an export: the same words within the hours that clocks
#: of two countries are apart. Short ones are said by everybody.
_COPIES = f"""
SELECT DISTINCT copy.key, copy.sent_at, chats.key
FROM ({visible.HIDDEN_MESSAGES}) AS hidden CROSS JOIN messages AS message ON message.id = hidden.message_id
CROSS JOIN messages AS copy ON copy.sent_at
    BETWEEN strftime('%Y-%m-%dT%H:%M:%S', message.sent_at, '-26 hours')
    AND strftime('%Y-%m-%dT%H:%M:%S', message.sent_at, '+26 hours')
CROSS JOIN chats ON chats.id = copy.chat_id
WHERE length(message.text) >= {{letters}} AND copy.text = message.text AND copy.chat_id <> message.chat_id
    AND copy.source_id = :source AND {visible.message_seen("copy.id", "copy.exchange_id")}
"""
_FEWEST_LETTERS = 15


def hide_copies(connection: sqlite3.Connection, database: Path, source: int, *, dry_run: bool = False) -> int:
    """Hide in what an export brought what somebody hid in another chat; returns how many messages that are.

    An export of the same talk under another name, with other hours, is kept apart: what was hidden would be seen in it.
    """
    found = connection.execute(_COPIES.format(letters=_FEWEST_LETTERS), {"source": source}).fetchall()
    if not dry_run:
        _hide(connection, database, found)
    return len(found)


def _hide(connection: sqlite3.Connection, database: Path, found: list[tuple[int, str, int]]) -> None:
    """Hide messages, named by key, time and their chat's key, by edits of their own."""
    if not found:
        return
    with closing(edit_log.open_log(str(ArchiveFiles.of(database).edits))) as log:
        for key, at, chat in found:
            event = edit_log.draft(log, "owner", "hide", "message", key, {"chat": chat, "at": at})
            edit_log.write(log, event)
            curation.apply(connection, event, fold)
        curation.set_state(connection, edit_log.digest(edit_log.events(log)))
