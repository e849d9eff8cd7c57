"""Routes that list all there is of a kind, a page at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from datasette.app import Datasette
from datasette.utils.asgi import Request

from memories_lib.queries import listings
from memories_lib.server import http, served_archive

#: So many rows a page unless asked for fewer or more, and at most.
_PAGE, _LARGEST_PAGE = 1_000, 5_000


def table(sql: str, name: str) -> Callable[[Request, Datasette], Awaitable[dict[str, Any]]]:
    """A route that gives the rows of a question, a page at a time: ``{name: [...], "total": 1234, "next": 2}``."""

    async def answer(request: Request, datasette: Datasette) -> dict[str, Any]:
        page = http.number(request, "page", 1, 1, 1_000_000)
        size = http.number(request, "page_size", _PAGE, 1, _LARGEST_PAGE)
        rows, total = await served_archive.read(datasette, lambda run: listings.page_of(run, sql, page, size))
        return {name: rows, "total": total, "next": page + 1 if page * size < total else None}

    return answer
