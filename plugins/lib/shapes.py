"""Exchanges and messages as the API gives them, and the SQL that finds them."""

import json

#: What is said of a message that has no words.
_SIGNS = {
    "image": "📷", "video": "🎬", "audio": "🎤", "sticker": "💟", "gif": "GIF", "document": "📄", "contact": "👤",
    "location": "📍", "poll": "📊", "call": "📞", "deleted": "🚫", "view_once": "📷", "file": "📎",
}  # fmt: skip

FIRST_MESSAGE = """
(
    SELECT messages.id FROM messages
    WHERE messages.exchange_id = exchanges.id AND messages.id NOT IN (SELECT message_id FROM hidden_messages)
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

VISIBLE = "messages.id NOT IN (SELECT message_id FROM hidden_messages)"
#: Not hidden by itself, nor by its talk.
SEEN = f"""{VISIBLE}
    AND messages.exchange_id NOT IN (SELECT exchange_id FROM exchange_marks WHERE is_hidden)"""
#: The same the other way round, for taking them off a count: they are few.
HIDDEN_MESSAGES = """
SELECT message_id FROM hidden_messages
UNION SELECT id FROM messages WHERE exchange_id IN (SELECT exchange_id FROM exchange_marks WHERE is_hidden)
"""
IN_ORDER = "ORDER BY messages.sent_at, messages.id"
NOT_HIDDEN = "coalesce(is_hidden, 0) = 0"


def exchange(row, cache_keys, first):
    """One exchange; `first` its first message's row or None."""
    return {
        "id": row["id"],
        "cache_key": cache_keys[row["chat_id"]],
        "exchange_index": row["id"],
        "first_message": message(first) if first else None,
        "title": row["title"],
        "summary": row["summary"],
        "topics": json.loads(row["topics"] or "[]"),
        "mood": row["mood"],
        "score": row["score"],
        "language": row["language"],
        "chat": row["chat"],
        "chat_id": row["chat_id"],
        "started_at": row["started_at"],
        "ended_at": row["ended_at"],
        "message_count": row["message_count"],
        "participant_count": row["participant_count"],
        "is_memory": bool(row["is_memory"]),
        "is_starred": bool(row["is_starred"]),
        "note": row["note"],
        "summarised_by": row["summarised_by"],
    }


def message(row):
    """One message. `date`, `time`, `person` and `quote` are the earlier backend's; the rest is ours."""
    at = row["sent_at"]
    found = {
        "message_id": row["id"],
        "date": f"{at[8:10]}.{at[5:7]}.{at[2:4]}",
        "time": at[11:19],
        "person": row["sender"] or "",
        "quote": row["text"] or _SIGNS.get(row["kind"], ""),
        "sent_at": at,
        "kind": row["kind"],
        "text": row["text"],
        "sender_id": row["sender_id"],
        "is_edited": bool(row["is_edited"]),
        "is_highlight": bool(row["is_highlight"]),
    }
    if row["is_missing"] is not None:
        found["media"] = {
            "url": f"/-/media/{row['sha256']}" if row["sha256"] else None,
            "thumbnail": f"/-/media/{row['sha256']}/small" if row["sha256"] and row["thumbnail"] else None,
            "filename": row["filename"],
            "mimetype": row["mimetype"],
            "width": row["width"],
            "height": row["height"],
            "duration_s": row["duration_s"],
            "is_missing": bool(row["is_missing"]),
            "description": row["description"],
            "transcript": row["transcript"],
            "told_by": row["media_told_by"],
        }
    return found


def cache_keys(run):
    """chat id -> the name of what it was first read from: exchanges of one chat may be merged, others not."""
    rows = run(
        """
        SELECT chats.id, chats.name, sources.filename FROM chats
        LEFT JOIN chat_sources ON chat_sources.source_id = (
            SELECT min(source_id) FROM chat_sources WHERE chat_id = chats.id
        )
        LEFT JOIN sources ON sources.id = chat_sources.source_id
        """
    ).fetchall()
    names = {row["id"]: row["filename"] or row["name"] for row in rows}
    taken = list(names.values())
    return {chat: name if taken.count(name) == 1 else f"{name} #{chat}" for chat, name in names.items()}
