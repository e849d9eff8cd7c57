"""The SQL that finds exchanges and messages with all that is shown of them."""

from __future__ import annotations

from memories_lib.shared import visible

FIRST_MESSAGE = f"""
(
    SELECT messages.id FROM messages
    WHERE messages.exchange_id = exchanges.id AND {visible.MESSAGE_ITSELF}
    ORDER BY messages.sent_at, messages.id LIMIT 1
)
"""

EXCHANGES = f"""
SELECT exchanges.id, exchanges.chat_id, chats.name AS chat, chats.kind AS chat_kind, exchanges.started_at,
    exchanges.ended_at, exchanges.message_count, exchanges.participant_count, exchanges.title, exchanges.summary,
    exchanges.language, exchanges.mood, exchanges.topics, exchanges.score, exchanges.is_memory,
    exchanges.summarised_by, coalesce(is_starred, 0) AS is_starred, coalesce(is_hidden, 0) > 0 AS is_hidden, note,
    {FIRST_MESSAGE} AS first_id
FROM exchanges CROSS JOIN chats ON chats.id = exchanges.chat_id
LEFT JOIN exchange_marks ON exchange_marks.exchange_id = exchanges.id
"""

#: The same of one that is read whole: its first message comes with the others.
EXCHANGE = EXCHANGES.replace(FIRST_MESSAGE, "NULL")

MESSAGES = """
SELECT messages.id, messages.sent_at, messages.kind, messages.text, messages.sender_id, people.name AS sender,
    coalesce(people.is_owner, 0) AS is_owner, messages.is_edited, messages.is_highlight, messages.exchange_id,
    media.sha256, media.filename, media.mimetype, media.thumbnail, media.width, media.height, media.duration_s,
    media.is_missing, media.caption, media.transcript, media.description, media.told_by AS media_told_by
FROM messages
LEFT JOIN people ON people.id = messages.sender_id
LEFT JOIN media ON media.message_id = messages.id
"""

IN_ORDER = "ORDER BY messages.sent_at, messages.id"
