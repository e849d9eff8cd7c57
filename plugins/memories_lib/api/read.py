"""What the API reads: exchanges, messages, days. Each function answers a route of `plugins/api.py`."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

from datasette import Response
from datasette.app import Datasette
from datasette.utils.asgi import Request

from memories_lib.api import serialize
from memories_lib.queries import visible
from memories_lib.queries.talk_filter import TalkFilter, WrongFilter
from memories_lib.server import served_archive
from memories_lib.server.http import Answer, ApiError, Body, as_json, choice, number, wrong
from memories_lib.shared.contract import DAY
from memories_lib.shared.sql import Run

_SORTS = {
    "asc": "exchanges.started_at, exchanges.id",
    "desc": "exchanges.started_at DESC, exchanges.id DESC",
    "score": "exchanges.score DESC, exchanges.id",
    "length": "exchanges.message_count DESC, exchanges.id",
}
#: Messages that are read in a few milliseconds.
_LITTLE, _LITTLE_BYTES = 400, 100_000


def _day(request: Request, name: str) -> str:
    given = request.args.get(name) or ""
    if given and not DAY.match(given):
        raise wrong("query", name, "must be a date like 2025-01-31", "value_error.date")
    return given


def _filter(request: Request) -> TalkFilter:
    """The talks that a request asks for. Raises 422."""
    try:
        return TalkFilter.from_args(request.args, strict=True)
    except WrongFilter as error:
        if error.name in ("from", "to"):
            raise wrong("query", error.name, "must be a date like 2025-01-31", "value_error.date") from None
        raise wrong("query", error.name, "must be one of 0, 1", "value_error.choice") from None


def _order(request: Request) -> str:
    wanted = request.args.get("sort")
    if wanted is None:
        return _SORTS[_by_first_message(request)]
    return _SORTS[choice(request, "sort", tuple(_SORTS), "asc")]


def _by_first_message(request: Request) -> str:
    """The earlier backend's parameter, as it took it: in any case, ascending where it is empty. Raises 400."""
    given = request.args.get("sort_by_first_message_date") or "asc"
    if given.lower() not in ("asc", "desc"):
        raise ApiError(400, "sort_by_first_message_date must be 'asc' or 'desc'")
    return given.lower()


#: sort -> the columns that a cursor stands on, and which way it goes.
_CURSORS = {
    "asc": ("exchanges.started_at", "exchanges.id", ">"),
    "desc": ("exchanges.started_at", "exchanges.id", "<"),
}


def _cursor(request: Request) -> tuple[str, dict[str, Any]] | None:
    """(SQL condition, parameters) for what comes after a page's end; `None` without a cursor."""
    given = request.args.get("after")
    if given is None:
        return None
    order = request.args.get("sort") or _by_first_message(request)
    if order not in _CURSORS:
        raise wrong("query", "after", "goes with sort=asc or sort=desc", "value_error.cursor")
    if not given:
        return "1", {}
    try:
        at, number_there = json.loads(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)))
    except (ValueError, TypeError, RecursionError):
        raise wrong("query", "after", "is no cursor; take the list's next", "value_error.cursor") from None
    if not isinstance(at, str) or not isinstance(number_there, int) or abs(number_there) >= 1 << 63:
        raise wrong("query", "after", "is no cursor; take the list's next", "value_error.cursor")
    column, key, side = _CURSORS[order]
    return f"({column}, {key}) {side} (:cursor_at, :cursor_id)", {"cursor_at": at, "cursor_id": number_there}


def _cursor_of(item: Mapping[str, Any]) -> str:
    told = json.dumps([item["started_at"], item["id"]]).encode()
    return base64.urlsafe_b64encode(told).decode().rstrip("=")


async def exchanges(request: Request, datasette: Datasette) -> Answer:
    """The memories, a page at a time: by number, or after the last one of the page before (`after`)."""
    page, size = number(request, "page", 1, 1, 1 << 40), number(request, "page_size", 20, 1, 100)
    asked = _filter(request)
    order = _order(request)
    cursor = _cursor(request)
    beyond, place = cursor if cursor else ("1", {})

    def find(run: Run) -> Any:
        talks = asked.tuned(run)
        where, given = talks.where()
        total = talks.count(run)
        # What is skipped is skipped in an index, without a look at chats and marks.
        rows = run(
            f"""
            {visible.EXCHANGES} WHERE exchanges.id IN (
                SELECT exchanges.id FROM exchanges
                WHERE {where} AND {beyond}
                ORDER BY {order} LIMIT :most OFFSET :skip
            ) ORDER BY {order}
            """,
            {**given, **place, "most": size + 1, "skip": 0 if cursor else (page - 1) * size},
        ).fetchall()
        return total, with_first(run, rows[:size]), len(rows) > size

    total, items, more = await served_archive.read(datasette, find)
    pages = -(-total // size)
    by_time = (request.args.get("sort") or "asc") in _CURSORS
    return {
        "items": items,
        "pagination": {
            "currentPage": page, "pageSize": size, "totalItems": total, "totalPages": pages, "hasMore": more,
        },
        "next": _cursor_of(items[-1]) if more and by_time else None,
    }  # fmt: skip


def with_first(run: Run, rows: Iterable[Any]) -> list[dict[str, Any]]:
    ids = [row["first_id"] for row in rows if row["first_id"] is not None]
    marks = ", ".join("?" * len(ids))
    firsts = {row["id"]: row for row in run(f"{visible.MESSAGES} WHERE messages.id IN ({marks})", ids)} if ids else {}
    keys = serialize.cache_keys(run)
    return [serialize.exchange(row, keys, firsts.get(row["first_id"])) for row in rows]


def merged_into(run: Run, exchange: int) -> int | None:
    """Where the messages of a merged exchange are now; None when it was not merged."""
    row = run(
        """
        SELECT exchange_id FROM merged_exchanges
        WHERE id = ? AND exchange_id NOT IN (SELECT exchange_id FROM exchange_marks WHERE is_hidden)
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
        row = run(f"{visible.EXCHANGE} WHERE exchanges.id = ? AND {visible.NOT_HIDDEN}", (number_asked,)).fetchone()
        if row is None:
            return None, merged_into(run, number_asked)
        messages = run(
            f"{visible.MESSAGES} WHERE messages.exchange_id = ? AND {visible.VISIBLE} {visible.IN_ORDER}",
            (number_asked,),
        ).fetchall()
        found = serialize.exchange(row, serialize.cache_keys(run), messages[0] if messages else None)
        # Made into JSON here: in a thread, where it is much.
        return Body.with_list(found, "messages", (serialize.message(m) for m in messages)), None

    def is_little(run: Run) -> bool:
        row = run("SELECT message_count FROM exchanges WHERE id = ?", (number_asked,)).fetchone()
        if row is None or row["message_count"] > _LITTLE:
            return row is None
        # Bytes, not letters: those are known without reading what a long message holds.
        size = run("SELECT sum(length(CAST(text AS BLOB))) FROM messages WHERE exchange_id = ?", (number_asked,))
        return (size.fetchone()[0] or 0) <= _LITTLE_BYTES

    found, moved = await served_archive.glance(datasette, find, is_little)
    if moved is not None:
        return Response.redirect(datasette.urls.path(f"/api/exchanges/{moved}"), status=308)
    if found is None:
        raise ApiError(404, "Exchange not found")
    if found.size() > _LITTLE_BYTES:
        return await asyncio.to_thread(as_json, request, found)
    return as_json(request, found)


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
            WHERE messages.id = ? AND {visible.SEEN}
            """,
            (message,),
        ).fetchone()
        if row is None:
            raise ApiError(404, "Message not found")
        here = {"chat": row["chat_id"], "exchange": row["exchange_id"], "at": row["sent_at"], "id": message}
        back = _walk(run, here, before, "DESC")
        forth = _walk(run, here, after, "")
        middle = run(f"{visible.MESSAGES} WHERE messages.id = ? AND {visible.VISIBLE}", (message,)).fetchall()
        messages = [
            {**serialize.message(row), "exchange_id": row["exchange_id"]} for row in (*back[::-1], *middle, *forth)
        ]
        ends = (messages[0]["message_id"], messages[-1]["message_id"]) if messages else (None, None)
        # Made into JSON and packed here, in a thread: a thousand messages may be long ones.
        return as_json(request, Body.with_list({"previous": ends[0], "next": ends[1]}, "messages", messages))

    answer: Response = await served_archive.read(datasette, find)
    return answer


def _walk(run: Run, here: Mapping[str, Any], most: int, way: str) -> list[Any]:
    """Messages before (``DESC``) or after one, by way of the exchanges, which have an index by time."""
    found: list[Any] = []
    side = "<" if way else ">"
    started = run("SELECT started_at FROM exchanges WHERE id = :exchange", here).fetchone()["started_at"]
    exchange: dict[str, Any] | None = {**here, "started": started}
    first = True
    while len(found) < most and exchange is not None:
        bound = f"AND (messages.sent_at, messages.id) {side} (:at, :id)" if first else ""
        found += run(
            f"""
            {visible.MESSAGES} WHERE messages.exchange_id = :exchange AND {visible.VISIBLE} {bound}
            ORDER BY messages.sent_at {way}, messages.id {way} LIMIT {most - len(found)}
            """,
            exchange,
        ).fetchall()
        first = False
        row = run(
            f"""
            SELECT exchanges.id, started_at FROM exchanges
            LEFT JOIN exchange_marks ON exchange_marks.exchange_id = exchanges.id
            WHERE chat_id = :chat AND (started_at, exchanges.id) {side} (:started, :exchange) AND {visible.NOT_HIDDEN}
            ORDER BY started_at {way}, exchanges.id {way} LIMIT 1
            """,
            exchange,
        ).fetchone()
        exchange = {**here, "exchange": row["id"], "started": row["started_at"]} if row else None
    return found


async def on_this_day(request: Request, datasette: Datasette) -> Answer:
    """What was said on this day in every year."""
    day = _day(request, "date") or time.strftime("%Y-%m-%d")

    def find(run: Run) -> Any:
        rows = run(
            f"""
            {visible.EXCHANGES} JOIN days ON days.chat_id = exchanges.chat_id AND exchanges.started_at >= days.day
                AND exchanges.started_at < days.day || '~'
            WHERE substr(days.day, 6) = ? AND {visible.NOT_HIDDEN}
            ORDER BY days.day DESC, exchanges.score DESC LIMIT 200
            """,
            (day[5:],),
        ).fetchall()
        return with_first(run, rows)

    return {"day": day[5:], "exchanges": await served_archive.read(datasette, find)}
