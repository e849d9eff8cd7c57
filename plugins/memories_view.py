"""What the templates of the memories view ask for: the list of memories, and one talk with all it carries."""

from datasette import hookimpl

_PAGE = 30

_MEMORIES = """
SELECT exchanges.id, exchanges.title, exchanges.summary, exchanges.started_at, exchanges.mood,
    exchanges.message_count, chats.name AS chat,
    (
        SELECT media.sha256 FROM messages JOIN media ON media.message_id = messages.id
        WHERE messages.exchange_id = exchanges.id AND media.thumbnail IS NOT NULL LIMIT 1
    ) AS picture
FROM exchanges JOIN chats ON chats.id = exchanges.chat_id
WHERE exchanges.is_memory AND (:before = '' OR exchanges.started_at < :before)
ORDER BY exchanges.started_at DESC LIMIT :limit
"""

_TALK = """
SELECT messages.id, messages.sent_at, messages.kind, messages.text, messages.is_edited, messages.is_highlight,
    messages.sender_id, people.name AS sender, people.is_owner,
    media.filename, media.mimetype, media.sha256, media.thumbnail, media.duration_s, media.width, media.height,
    media.bytes, media.is_missing,
    places.name AS place, places.latitude, places.longitude, places.url AS place_url
FROM messages
LEFT JOIN people ON people.id = messages.sender_id
LEFT JOIN media ON media.message_id = messages.id
LEFT JOIN places ON places.message_id = messages.id
WHERE messages.exchange_id = :exchange
ORDER BY messages.sent_at, messages.id
"""

_AROUND = """
SELECT exchanges.*, chats.name AS chat, chats.kind AS chat_kind,
    (SELECT id FROM exchanges AS other WHERE other.chat_id = exchanges.chat_id
        AND other.started_at < exchanges.started_at ORDER BY other.started_at DESC LIMIT 1) AS before_id,
    (SELECT id FROM exchanges AS other WHERE other.chat_id = exchanges.chat_id
        AND other.started_at > exchanges.started_at ORDER BY other.started_at LIMIT 1) AS after_id
FROM exchanges JOIN chats ON chats.id = exchanges.chat_id
WHERE exchanges.id = :exchange
"""


@hookimpl
def extra_template_vars(datasette, request):
    """`memories_of(database)` and `talk_of(database, exchange)`, to be awaited by templates."""

    async def memories_of(name):
        database = datasette.databases[name]
        if not await database.table_exists("exchanges"):
            return None
        before = request.args.get("before") or ""
        rows = (await database.execute(_MEMORIES, {"before": before, "limit": _PAGE + 1})).rows
        counts = (
            await database.execute(
                "SELECT coalesce(sum(message_count), 0) AS messages, min(first_at) AS first_at, max(last_at) AS last_at"
                " FROM chats"
            )
        ).first()
        return {
            "memories": rows[:_PAGE],
            "older": rows[_PAGE - 1]["started_at"] if len(rows) > _PAGE else None,
            "is_first": not before,
            "messages": counts["messages"],
            "first_at": counts["first_at"],
            "last_at": counts["last_at"],
        }

    async def talk_of(name, exchange):
        database = datasette.databases[name]
        head = (await database.execute(_AROUND, {"exchange": exchange})).first()
        messages = (await database.execute(_TALK, {"exchange": exchange}, page_size=1000)).rows
        return {"head": head, "messages": messages}

    return {"memories_of": memories_of, "talk_of": talk_of}
