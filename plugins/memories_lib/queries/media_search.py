"""Photos, voice notes and files by what was said around them, and where: they have no words of their own. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from memories_lib.queries.search_filter import SearchFilter
from memories_lib.shared import visible
from memories_lib.shared.contract import MEDIA_KINDS
from memories_lib.shared.fts_query import fts_query
from memories_lib.shared.sql import Row, Run

#: So many of the newest messages and talks with the words are looked around, so many minutes each way.
_SAID, _AROUND_MIN = 2_000, 30
_MOST, _LOOKED_AT = 60, 600
_MINUTES_A_DAY = 1440
_SAID_WITH = f"""
SELECT messages.id, messages.exchange_id, julianday(messages.sent_at) AS at, substr(messages.text, 1, 2000) AS text,
    coalesce(people.name, '') AS sender
FROM messages_fts CROSS JOIN messages ON messages.id = messages_fts.rowid
LEFT JOIN people ON people.id = messages.sender_id
WHERE messages_fts MATCH :query AND {visible.MESSAGE_SEEN} ORDER BY messages_fts.rowid DESC LIMIT {_SAID}
"""
_TOLD_WITH = f"SELECT rowid FROM exchanges_fts WHERE exchanges_fts MATCH :query LIMIT {_SAID}"
_MEDIA = f"""
SELECT messages.id, messages.sent_at, julianday(messages.sent_at) AS at, messages.exchange_id, messages.kind,
    people.name AS sender, chats.name AS chat, exchanges.title, media.sha256, media.thumbnail, NULL AS told_by
FROM json_each(:talks) CROSS JOIN messages ON messages.exchange_id = json_each.value
CROSS JOIN chats ON chats.id = messages.chat_id CROSS JOIN exchanges ON exchanges.id = messages.exchange_id
LEFT JOIN people ON people.id = messages.sender_id LEFT JOIN media ON media.message_id = messages.id
WHERE {visible.MESSAGE_SEEN}{{narrower}} ORDER BY messages.sent_at DESC, messages.id DESC LIMIT {_LOOKED_AT}
"""


def said_around(run: Run, question: str, args: Mapping[str, str]) -> list[dict[str, Any]]:
    """Media of the kind that `args` names, the newest first, each with what was said nearest to it.

    `text` are those words, `sender` is who said them, "" where they are a title.

    Near is what was said in the same talk within half an hour, or a talk whose title or topics have the words.
    """
    query, kind = fts_query(question), args.get("kind") or ""
    if not query or kind not in MEDIA_KINDS:
        return []
    said: dict[int, list[Row]] = {}
    for row in run(_SAID_WITH, {"query": query}):
        said.setdefault(row["exchange_id"], []).append(row)
    told = {message for (message,) in run(_TOLD_WITH, {"query": query})}
    narrower, given = SearchFilter.from_args(args).where()
    rows = run(_MEDIA.format(narrower=narrower), {**given, "talks": json.dumps([*{*said, *told}])}).fetchall()
    found = []
    for row in rows:
        near = said.get(row["exchange_id"], [])
        if any(one["id"] == row["id"] for one in near):
            continue  # it is found by its own words
        nearest = min(near, key=lambda one: abs(one["at"] - row["at"]), default=None)
        minutes = abs(nearest["at"] - row["at"]) * _MINUTES_A_DAY if nearest else None
        if row["exchange_id"] in told or (minutes is not None and minutes <= _AROUND_MIN):
            # The words are whose they are, and not the photographer's.
            words = (nearest["text"], nearest["sender"]) if nearest else (row["title"], "")
            found.append({**dict(row), "text": words[0], "sender": words[1], "is_near": True})
    # What can be looked at comes first.
    return sorted(found, key=lambda one: one["sha256"] is None)[:_MOST]
