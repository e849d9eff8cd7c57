"""One exchange with its messages, and the messages around one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from datasette import Response
from datasette.app import Datasette
from datasette.utils.asgi import Request

from memories_lib.api import serialize
from memories_lib.queries import selects, stretches
from memories_lib.server import served_archive
from memories_lib.server.http import KEEP, PRIVATE, Answer, ApiError, JsonBody, as_json, dumped, number, wrong
from memories_lib.server.streamed import Streamed
from memories_lib.shared import visible
from memories_lib.shared.sql import Run

#: Messages that are read in a few milliseconds.
_LITTLE, _LITTLE_BYTES = 400, 100_000
#: A talk of more bytes of text is not held as a whole.
_MOST_BYTES = 1 << 20


def merged_into(run: Run, exchange: int) -> int | None:
    """Where the messages of a merged exchange are now; None when it was not merged."""
    row = run(
        f"""
        SELECT exchange_id FROM merged_exchanges
        WHERE id = ? AND {visible.exchange_seen("exchange_id")}
        """,
        (exchange,),
    ).fetchone()
    return row["exchange_id"] if row else None


async def exchange(request: Request, datasette: Datasette) -> Answer:
    """One exchange with its messages; where it was merged into another, the way there."""
    number_asked = int(request.url_vars["id"])
    if number_asked >= 1 << 63:
        raise ApiError(404, "Exchange not found")

    def find(run: Run) -> Any:
        row = run(f"{selects.EXCHANGE} WHERE exchanges.id = ? AND {visible.MARKED_SEEN}", (number_asked,)).fetchone()
        if row is None:
            return None, merged_into(run, number_asked)
        if bytes_of(run) > _MOST_BYTES:
            first = next(iter(stretches.stretch(run, number_asked, stretches.Position()).messages), None)
            return serialize.exchange(row, serialize.cache_keys(run), first), None
        messages = run(
            f"{selects.MESSAGES} WHERE messages.exchange_id = ? AND {visible.MESSAGE_ITSELF} {selects.IN_ORDER}",
            (number_asked,),
        ).fetchall()
        found = serialize.exchange(row, serialize.cache_keys(run), messages[0] if messages else None)
        # Made into JSON here: in a thread, where it is much.
        return JsonBody.with_list(found, "messages", (serialize.message(m) for m in messages)), None

    def is_little(run: Run) -> bool:
        row = run("SELECT message_count FROM exchanges WHERE id = ?", (number_asked,)).fetchone()
        if row is None or row["message_count"] > _LITTLE:
            return row is None
        return bytes_of(run) <= _LITTLE_BYTES

    def bytes_of(run: Run) -> int:
        # Bytes, not letters: those are known without reading what a long message holds.
        size = run("SELECT sum(length(CAST(text AS BLOB))) FROM messages WHERE exchange_id = ?", (number_asked,))
        return size.fetchone()[0] or 0

    found, moved = await served_archive.glance(datasette, find, is_little)
    if moved is not None:
        return Response.redirect(datasette.urls.path(f"/api/exchanges/{moved}"), status=308)
    if found is None:
        raise ApiError(404, "Exchange not found")
    if isinstance(found, dict):
        return _in_stretches(request, datasette, number_asked, found)
    if found.size() > _LITTLE_BYTES:
        return await asyncio.to_thread(as_json, request, found)
    return as_json(request, found)


def _in_stretches(request: Request, datasette: Datasette, exchange: int, head: Mapping[str, Any]) -> Response:
    """The same for a talk that is too long to be held as a whole: made and sent a stretch at a time."""
    loop = asyncio.get_running_loop()

    def part(place: stretches.Position) -> stretches.Stretch:
        found = served_archive.read(datasette, lambda run: stretches.stretch(run, exchange, place))
        return asyncio.run_coroutine_threadsafe(found, loop).result()

    def pieces() -> Iterator[str]:
        yield f'{dumped(head)[:-1]},"messages":['
        before = ""
        place: stretches.Position | None = stretches.Position()
        while place is not None:
            messages, _, place = part(place)
            for message in messages:
                yield before + dumped(serialize.message(message))
                before = ","
        yield "]}"

    return Streamed(request, pieces(), "application/json; charset=utf-8", {KEEP: PRIVATE})


async def around(request: Request, datasette: Datasette) -> Answer:
    """The talk around a message, so many before and after it."""
    if request.args.get("around") is None:
        raise wrong("query", "around", "field required", "value_error.missing")
    message = number(request, "around", 0, 1, (1 << 63) - 1)
    before, after = number(request, "before", 50, 0, 500), number(request, "after", 50, 0, 500)

    def find(run: Run) -> Any:
        row = run(
            f"""
            SELECT messages.chat_id, messages.exchange_id, messages.sent_at FROM messages
            WHERE messages.id = ? AND {visible.MESSAGE_SEEN}
            """,
            (message,),
        ).fetchone()
        if row is None:
            raise ApiError(404, "Message not found")
        here = {"chat": row["chat_id"], "exchange": row["exchange_id"], "at": row["sent_at"], "id": message}
        back = _walk(run, here, before, "DESC")
        forth = _walk(run, here, after, "")
        middle = run(f"{selects.MESSAGES} WHERE messages.id = ? AND {visible.MESSAGE_ITSELF}", (message,)).fetchall()
        messages = [
            {**serialize.message(row), "exchange_id": row["exchange_id"]} for row in (*back[::-1], *middle, *forth)
        ]
        ends = (messages[0]["message_id"], messages[-1]["message_id"]) if messages else (None, None)
        # Made into JSON and packed here, in a thread: a thousand messages may be long ones.
        return as_json(request, JsonBody.with_list({"previous": ends[0], "next": ends[1]}, "messages", messages))

    answer: Response = await served_archive.read(datasette, find)
    return answer


def _walk(run: Run, here: Mapping[str, Any], most: int, way: str) -> list[Any]:
    """Messages before (``DESC``) or after one, by way of the exchanges, which have an index by time."""
    found: list[Any] = []
    size = 0
    side = "<" if way else ">"
    started = run("SELECT started_at FROM exchanges WHERE id = :exchange", here).fetchone()["started_at"]
    exchange: dict[str, Any] | None = {**here, "started": started}
    first = True
    while len(found) < most and exchange is not None:
        bound = f"AND (messages.sent_at, messages.id) {side} (:at, :id)" if first else ""
        for message in run(
            f"""
            {selects.MESSAGES} WHERE messages.exchange_id = :exchange AND {visible.MESSAGE_ITSELF} {bound}
            ORDER BY messages.sent_at {way}, messages.id {way} LIMIT {most - len(found)}
            """,
            exchange,
        ):
            found.append(message)
            size += len(message["text"])
            if size > _MOST_BYTES:
                return found  # who asks goes on from the last of them
        first = False
        row = run(
            f"""
            SELECT exchanges.id, started_at FROM exchanges
            LEFT JOIN exchange_marks ON exchange_marks.exchange_id = exchanges.id
            WHERE chat_id = :chat AND (started_at, exchanges.id) {side} (:started, :exchange) AND {visible.MARKED_SEEN}
            ORDER BY started_at {way}, exchanges.id {way} LIMIT 1
            """,
            exchange,
        ).fetchone()
        exchange = {**here, "exchange": row["id"], "started": row["started_at"]} if row else None
    return found
