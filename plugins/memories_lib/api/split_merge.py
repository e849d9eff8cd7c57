"""Parting an exchange in two, and making one of several: what the API writes down of it."""

from __future__ import annotations

from typing import Any

from datasette.app import Datasette
from datasette.utils.asgi import Request

from memories_lib.access import roles
from memories_lib.api.edit import exchange_named, id_of, message_named, told
from memories_lib.server import served_archive
from memories_lib.server.http import Answer, ApiError, body_of, whole, whole_numbers, wrong
from memories_lib.shared import visible
from memories_lib.shared.sql import Run

#: Of a talk that somebody puts together: more are read by nobody, and are long to make ready for each who opens it.
_MOST_MESSAGES = 3_000


async def split(request: Request, datasette: Datasette) -> Answer:
    """``{"message_id": …}``: that message and what follows become an exchange of their own."""
    message = whole((await body_of(request)).get("message_id"))
    if message is None or abs(message) >= 1 << 63:
        raise wrong("body", "message_id", "value is not a valid integer", "type_error.integer")
    number = id_of(request)

    def subject(run: Run) -> tuple[str, int, dict[str, Any]]:
        key, detail = exchange_named(run, number)
        first = run(
            "SELECT id, exchange_id FROM messages WHERE exchange_id = ? ORDER BY sent_at, id LIMIT 1", (number,)
        ).fetchone()
        row = run("SELECT exchange_id FROM messages WHERE id = ?", (message,)).fetchone()
        if row is None or row["exchange_id"] != number:
            raise ApiError(400, "That message is not in this exchange")
        if first["id"] == message:
            raise ApiError(400, "That is its first message: nothing would stay")
        message_key, where = message_named(run, message)
        return "exchange", key, {**detail, "message": message_key, "at_message": where["at"]}

    event = await served_archive.edit(datasette, roles.name_of(request), "split", subject)
    return {**told(event), "new_exchange_id": event.id}


async def merge(request: Request, datasette: Datasette) -> Answer:
    """``{"exchange_ids": [3, 9]}``: the smallest id stays."""
    ids = list(dict.fromkeys(whole_numbers(await body_of(request), "exchange_ids")))
    if len(ids) < 2:
        raise wrong("body", "exchange_ids", "ensure this value has at least 2 items", "value_error.list.min_items")

    def subject(run: Run) -> tuple[str, int, dict[str, Any]]:
        marks = ", ".join("?" * len(ids))
        rows = run(
            f"""
            SELECT id, chat_id, message_count FROM exchanges LEFT JOIN exchange_marks ON exchange_id = id
            WHERE id IN ({marks}) AND {visible.MARKED_SEEN}
            """,
            ids,
        ).fetchall()
        if len(rows) != len(ids):
            raise ApiError(400, "Some of these exchanges do not exist")
        if (together := sum(row["message_count"] for row in rows)) > _MOST_MESSAGES:
            raise ApiError(409, f"Together these have {together:,} messages; {_MOST_MESSAGES:,} may be put together")
        if len({row["chat_id"] for row in rows}) > 1:
            raise ApiError(400, "Exchanges of different sources cannot be merged")
        parts = []
        for number in sorted(ids):
            key, detail = exchange_named(run, number)
            parts.append({"key": key, "at": detail["at"]})
        return "exchange", parts[0]["key"], {"chat": detail["chat"], "at": parts[0]["at"], "exchanges": parts}

    event = await served_archive.edit(datasette, roles.name_of(request), "merge", subject)
    target = min(ids)
    return {**told(event), "message": f"Merged {len(ids)} exchanges", "target_exchange_id": target}
