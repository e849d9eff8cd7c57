"""Home, the list of memories and chats: where readers arrive. Datasette's own first page is at ``/-/``."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

from datasette import Response, hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request

sys.path.append(str(Path(__file__).parent))

from memories_lib.access import roles
from memories_lib.queries import chat_list, sql_links, talk_page, talks
from memories_lib.queries.talk_filter import TalkFilter
from memories_lib.server import internals, response_cache, served_archive
from memories_lib.server.http import ApiError
from memories_lib.shared.sql import Run
from memories_lib.web import kept_lists
from memories_lib.web.render import asked_of, behind_of, page, rendered_once, show, skipped

#: Any of these asks for the list, and not for the shelves.
_LISTS = ("chat", "person", "year", "mood", "topic", "starred", "all", "order", "before", "from", "to", "q", "talk")


_MEMORIES = "SELECT * FROM visible_exchanges WHERE is_memory ORDER BY score DESC"


async def first_page(request: Request, datasette: Datasette) -> Any:
    """``/``: shelves of memories; with any filter, the list that it asks for."""
    try:
        database = served_archive.database_of(datasette)
    except ApiError:
        database = None
    if database is None or not await database.execute_fn(lambda connection: talks.has_archive(connection.execute)):
        return await tables(request, datasette)
    if any(request.args.get(name) is not None for name in _LISTS):
        return await _listed(request, datasette)
    since = response_cache.stamp_of(datasette)
    shown, known = await kept_lists.of_today(datasette)
    given = {"home": shown, "this_year": date.today().year}
    if not shown.years and not shown.hero:
        return await _listed(request, datasette)
    return await show(
        datasette, request, "home.html", known=known, title=_title(datasette), **given,
        shelves=await rendered_once(datasette, request, "home", "_shelves.html", given, since),
        rows=behind_of(datasette).rows("visible_exchanges", is_memory="1", _sort_desc="score"),
        sql=behind_of(datasette).sql(_MEMORIES),
    )  # fmt: skip


async def _listed(request: Request, datasette: Datasette) -> Response:
    """Cards of the talks that are asked for, thirty at a time, and one talk beside them where there is room."""
    asked = asked_of(request)
    number = request.args.get("talk") or ""
    filters = TalkFilter.from_args(asked, may_see_hidden=True)

    def find(run: Run) -> Any:
        is_number = number.isdecimal() and number.isascii() and len(number) < 19
        chosen = talk_page.talk(run, int(number), hidden=asked["all"] == "hidden") if is_number else None
        return talks.summary(run), talks.memories(run, asked), chosen, filters.only_chat(run)

    known, (cards, more), talk, chat = await served_archive.read(datasette, find)
    name = served_archive.database_of(datasette).name
    rows, sql = sql_links.Behind(datasette.urls, name).talks(filters, chat)
    found = {**known, "cards": cards, "more": more, "asked": asked, "talk": talk}
    return await show(
        datasette, request, "memories.html", found=found, rows=rows, sql=sql, database=name, title=_title(datasette)
    )


def _title(datasette: Datasette) -> str:
    """What the archive is called in `metadata.yml`."""
    return str(datasette.metadata("title") or "WhatsApp Memories")


async def tables(request: Request, datasette: Datasette) -> Any:
    """``/-/``: the databases and their tables, as Datasette shows them first."""
    return await internals.first_page(datasette, request)


async def chats(request: Request, datasette: Datasette) -> Response:
    """``/chats``: all chats, with their last words."""
    skip = skipped(request, "from")
    found = await kept_lists.chats(datasette, skip)
    return await show(
        datasette, request, "chats.html", chats=found[: chat_list.PAGE],
        more=skip + chat_list.PAGE if len(found) > chat_list.PAGE else None,
        rows=behind_of(datasette).rows("chats", _sort_desc="last_at"),
        sql=behind_of(datasette).sql("SELECT * FROM chats ORDER BY last_at DESC"),
    )  # fmt: skip


async def more(request: Request, datasette: Datasette) -> Response:
    """``/more``: every other way to look at an archive."""
    return await show(datasette, request, "more.html", is_curator=roles.may(request.actor, "curator"))


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    return [
        (r"^/$", page(first_page)),
        (r"^/-/(?:\.json)?$", tables),
        (r"^/chats/?$", page(chats)),
        (r"^/more/?$", page(more)),
    ]
