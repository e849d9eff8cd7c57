"""Searching by API: `/api/search`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from datasette.app import Datasette
from datasette.utils.asgi import Request

from memories_lib.api import serialize
from memories_lib.api.read import with_first
from memories_lib.queries import search as finder
from memories_lib.queries import selects
from memories_lib.queries.search_filter import SearchFilter
from memories_lib.server import served_archive
from memories_lib.server.http import Answer, choice, number
from memories_lib.shared.fts_query import fts_query
from memories_lib.shared.snippet import snippet
from memories_lib.shared.sql import Run

#: So many talks are given beside the messages.
_MOST_TALKS = 20
#: A page of hits ends early where it has more letters.
_MOST_LETTERS = 500_000


async def search(request: Request, datasette: Datasette) -> Answer:
    """Messages and exchanges with these words, the newest first; fewer at a time where they are very long."""
    question = request.args.get("q") or ""
    most, before = number(request, "limit", 50, 1, 200), number(request, "before", None, 1, (1 << 63) - 1)
    order = choice(request, "sort", finder.ORDERS, "newest")
    query = fts_query(question)
    asked = SearchFilter.from_args(request.args, strict=True)
    started = time.perf_counter()

    def find(run: Run) -> Any:
        if not query:
            return [], [], 0, False
        ids, total = finder.find(
            run,
            query,
            asked,
            order=order,
            most=most,
            before=before,
        )
        marks = ", ".join("?" * len(ids))
        found = {row["id"]: row for row in run(f"{selects.MESSAGES} WHERE messages.id IN ({marks})", ids)}
        rows: list[Mapping[str, Any]] = []
        letters = 0
        for row in (found[message] for message in ids):
            letters += len(row["text"])
            if rows and letters > _MOST_LETTERS:
                break
            rows.append(row)
        messages = [
            {
                **serialize.message(row),
                "exchange_id": row["exchange_id"],
                "snippet": snippet(row["text"], question),
            }
            for row in rows
        ]
        talks = ", ".join(map(str, finder.talks_with(run, query, asked, most=_MOST_TALKS)))
        told = run(
            f"""
            {selects.EXCHANGES} WHERE exchanges.id IN ({talks}) ORDER BY exchanges.score DESC, exchanges.id DESC
            """
        ).fetchall()
        return messages, with_first(run, told), total, len(ids) == most or len(rows) < len(ids)

    messages, told, total, is_more = await served_archive.read(datasette, find, served_archive.SEARCH_S)
    return {
        "messages": messages,
        "exchanges": told,
        "total": total,
        "next": messages[-1]["message_id"] if is_more and order != "best" else None,
        "milliseconds": round(1000 * (time.perf_counter() - started), 1),
    }
