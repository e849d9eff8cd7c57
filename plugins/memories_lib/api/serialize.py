"""Exchanges and messages as the API gives them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from memories_lib.shared import visible
from memories_lib.shared.contract import SIGNS
from memories_lib.shared.sql import Row, Run


def exchange(row: Row, cache_keys: Mapping[int, str], first: Row | None) -> dict[str, Any]:
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


#: So many letters of its first message come with a talk in a list; all of it comes with the talk itself.
LONGEST_FIRST = 4_000


def listed(row: Row, cache_keys: Mapping[int, str], first: Row | None) -> dict[str, Any]:
    """One exchange of a list, which may hold a hundred: a very long first message is cut, and says so (`is_cut`)."""
    found = exchange(row, cache_keys, first)
    text = (first["text"] or "") if first else ""
    if len(text) > LONGEST_FIRST:
        cut = f"{text[:LONGEST_FIRST]}…"
        found["first_message"] |= {"quote": cut, "text": cut, "is_cut": True}
    return found


def message(row: Row) -> dict[str, Any]:
    """One message. `date`, `time`, `person` and `quote` are the earlier backend's; the rest is ours."""
    at = row["sent_at"]
    found = {
        "message_id": row["id"],
        "date": f"{at[8:10]}.{at[5:7]}.{at[2:4]}",
        "time": at[11:19],
        "person": row["sender"] or "",
        "quote": row["text"] or SIGNS.get(row["kind"], ""),
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


def cache_keys(run: Run) -> dict[int, str]:
    """chat id -> the name of what it was first read from: exchanges of one chat may be merged, others not.

    Chats of which nothing may be seen have none, and leave no mark on the others' names.
    """
    rows = run(
        f"""
        SELECT chats.id, chats.name, sources.filename FROM chats
        LEFT JOIN chat_sources ON chat_sources.source_id = (
            SELECT min(source_id) FROM chat_sources WHERE chat_id = chats.id
        )
        LEFT JOIN sources ON sources.id = chat_sources.source_id
        WHERE EXISTS (
            SELECT 1 FROM exchanges WHERE chat_id = chats.id
                AND {visible.EXCHANGE_SEEN}
        )
        """
    ).fetchall()
    names = {row["id"]: row["filename"] or row["name"] for row in rows}
    taken = list(names.values())
    return {chat: name if taken.count(name) == 1 else f"{name} #{chat}" for chat, name in names.items()}
