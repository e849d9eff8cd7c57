"""What the API reads: exchanges, messages, days. Each function answers a route of `plugins/api.py`."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

from datasette.app import Datasette
from datasette.utils.asgi import Request

from memories_lib.api import serialize
from memories_lib.queries import selects
from memories_lib.queries.talk_filter import TalkFilter
from memories_lib.server import served_archive
from memories_lib.server.http import Answer, ApiError, choice, number, wrong
from memories_lib.shared import parameters, visible
from memories_lib.shared.contract import MOST_PAGES
from memories_lib.shared.sql import Run

_SORTS = {
    "asc": "exchanges.started_at, exchanges.id",
    "desc": "exchanges.started_at DESC, exchanges.id DESC",
    "score": "exchanges.score DESC, exchanges.id",
    "length": "exchanges.message_count DESC, exchanges.id",
}


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
    page, size = number(request, "page", 1, 1, MOST_PAGES), number(request, "page_size", 20, 1, 100)
    asked = TalkFilter.from_args(request.args, strict=True)
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
            {selects.EXCHANGES} WHERE exchanges.id IN (
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
    firsts = {row["id"]: row for row in run(f"{selects.MESSAGES} WHERE messages.id IN ({marks})", ids)} if ids else {}
    keys = serialize.cache_keys(run)
    return [serialize.listed(row, keys, firsts.get(row["first_id"])) for row in rows]


async def on_this_day(request: Request, datasette: Datasette) -> Answer:
    """What was said on this day in every year."""
    day = parameters.day(request.args, "date", strict=True) or time.strftime("%Y-%m-%d")

    def find(run: Run) -> Any:
        rows = run(
            f"""
            {selects.EXCHANGES} JOIN days ON days.chat_id = exchanges.chat_id AND exchanges.started_at >= days.day
                AND exchanges.started_at < days.day || '~'
            WHERE substr(days.day, 6) = ? AND {visible.MARKED_SEEN}
            ORDER BY days.day DESC, exchanges.score DESC LIMIT 200
            """,
            (day[5:],),
        ).fetchall()
        return with_first(run, rows)

    return {"day": day[5:], "exchanges": await served_archive.read(datasette, find)}
