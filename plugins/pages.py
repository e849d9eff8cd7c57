"""The memories view: which address shows what. Queries are in `memories_lib/queries`, looks in `templates/`."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

from datasette import Forbidden, NotFound, Response, hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request

sys.path.append(str(Path(__file__).parent))

from memories_lib.access import roles
from memories_lib.api import openapi, read
from memories_lib.queries import listings, overviews, search_filter, sql_links
from memories_lib.queries import talks as pages
from memories_lib.queries.talk_filter import TalkFilter
from memories_lib.server import served_archive
from memories_lib.shared import edit_log, folding
from memories_lib.shared.contract import DAY, KINDS
from memories_lib.shared.sql import Run
from memories_lib.web.render import asked_of, behind_of, page, show, skipped

_NUMBER = re.compile(r"[0-9]{1,18}\Z")
_DAY_SQL = (
    "SELECT exchanges.id, started_at, title, summary, message_count FROM visible_exchanges AS exchanges\n"
    "WHERE started_at >= :day AND started_at < :day || '~' ORDER BY started_at"
)


async def talk(request: Request, datasette: Datasette) -> Response:
    """One talk, seen by its owner or through anybody's eyes (``?as=NAME``)."""
    number = int(request.url_vars["id"])
    if number >= 1 << 63:
        raise NotFound("There is no such talk")
    hidden = request.args.get("hidden") == "1" and roles.may(request.actor, "curator")
    found = await served_archive.read(datasette, lambda run: pages.talk(run, number, hidden=hidden))
    if found is None:
        moved = await served_archive.read(datasette, lambda run: read.merged_into(run, number))
        if moved is None:
            raise NotFound("There is no such talk, or somebody has hidden it")
        return Response.redirect(datasette.urls.path(f"/talk/{moved}"), status=308)
    return await show(
        datasette, request, "talk.html", talk=found, seen_by=request.args.get("as") or "",
        database=served_archive.database_of(datasette).name,
    )  # fmt: skip


async def search(request: Request, datasette: Datasette) -> Response:
    """Messages and talks with these words; ``?part=1`` gives the results alone, for typing."""
    question = request.args.get("q") or ""
    started = time.perf_counter()
    messages, talks, total = await served_archive.read(
        datasette, lambda run: pages.search(run, question, request.args), served_archive.SEARCH_S
    )
    hits = await asyncio.to_thread(
        lambda: [{**dict(m), "pieces": folding.snippet(m["text"], question)} for m in messages]
    )
    is_part = request.args.get("part") == "1"
    behind = behind_of(datasette)
    sql, given = search_filter.as_sql(request.args, question)
    known = None if is_part else await served_archive.read(datasette, pages.summary)
    return await show(
        datasette, request, "_found.html" if is_part else "search.html", question=question, hits=hits, cards=talks,
        total=total, more=hits[-1]["id"] if len(hits) == pages.FOUND else None, known=known,
        kinds=KINDS[:10], asked=request.args,
        rows=behind.rows("visible_messages", **search_filter.as_rows(request.args), _search=question),
        sql=behind.sql(sql, **given) if sql else behind.query("search", words=question),
        ms=round(1000 * (time.perf_counter() - started)),
    )  # fmt: skip


async def on_this_day(request: Request, datasette: Datasette) -> Response:
    """Every year's same day, side by side."""
    given = request.args.get("date") or ""
    day = given if DAY.match(given) and _is_day(given) else time.strftime("%Y-%m-%d")
    found, near = await served_archive.read(datasette, lambda run: pages.on_this_day(run, day))
    years: dict[str, list[Any]] = {}
    for card in found:
        years.setdefault(card["started_at"][:4], []).append(card)
    noon = time.mktime((int(day[:4]), int(day[5:7]), int(day[8:]), 12, 0, 0, 0, 0, -1))
    near_days = [time.strftime("%Y-%m-%d", time.localtime(noon + n * 86400)) for n in (-1, 1)]
    return await show(
        datasette, request, "on_this_day.html", day=day, years=years, near=near, day_before=near_days[0],
        day_after=near_days[1],
        rows=behind_of(datasette).rows("visible_exchanges", started_at__contains=day[4:], _sort="started_at"),
        sql=behind_of(datasette).query("on_this_day", day=day[5:]),
    )  # fmt: skip


def _is_day(given: str) -> bool:
    try:
        time.strptime(given, "%Y-%m-%d")
    except ValueError:
        return False
    return 1971 <= int(given[:4]) <= 2200


async def calendar(request: Request, datasette: Datasette) -> Response:
    """A heat map of all years; a day opens."""
    day = request.args.get("day") or ""
    if DAY.match(day):
        cards = await served_archive.read(datasette, lambda run: pages.day(run, day))
        return await show(
            datasette, request, "day.html", day=day, cards=cards,
            rows=behind_of(datasette).rows("visible_exchanges", started_at__startswith=day, _sort="started_at"),
            sql=behind_of(datasette).sql(_DAY_SQL, day=day),
        )  # fmt: skip
    years = await served_archive.read(datasette, overviews.calendar)
    return await show(
        datasette, request, "calendar.html", years=years, until=request.args.get("until") or "",
        rows=behind_of(datasette).rows("days", _sort_desc="day"), sql=behind_of(datasette).sql(listings.DAYS),
    )  # fmt: skip


async def gallery(request: Request, datasette: Datasette) -> Response:
    """Photos, videos and voice notes by month."""
    kind = request.args.get("kind") or "photos"
    before = request.args.get("before") or ""

    def find(run: Run) -> Any:
        return overviews.gallery(run, kind, before), pages.summary(run)["years"]

    (months, more), years = await served_archive.read(datasette, find)
    rows, sql = behind_of(datasette).media(overviews.kinds_of(kind))
    return await show(
        datasette, request, "gallery.html", kind=kind, months=months, more=more, years=years,
        until=before[:4], rows=rows, sql=sql,
    )  # fmt: skip


async def places(request: Request, datasette: Datasette) -> Response:
    """Shared places in clusters; the tiles are the one thing that comes from elsewhere."""
    skip, size = skipped(request, "from"), overviews.PLACES_A_PAGE
    found = await served_archive.read(datasette, lambda run: overviews.places(run, skip))
    static = datasette.urls.static_plugins
    leaflet = static("datasette-leaflet", "leaflet-v1.7.1.js")
    return await show(
        datasette, request, "map.html", places=found[:size], more=skip + size if len(found) > size else None,
        tiles=roles.tiles(),
        leaflet_images=leaflet.rpartition("/")[0] + "/images/",
        cluster_js=static("datasette-cluster-map", "leaflet.markercluster.min.js"),
        cluster_css=static("datasette-cluster-map", "leaflet.markercluster.css"),
        rows=behind_of(datasette).rows("places", _where=sql_links.MAY_BE_SEEN),
        sql=behind_of(datasette).query("places_shared", chat=""),
    )  # fmt: skip


async def edits(request: Request, datasette: Datasette) -> Response:
    """What was changed, by whom, and the way back."""
    if not roles.may(request.actor, "curator"):
        raise Forbidden("edits")
    database = served_archive.database_of(datasette)
    log = edit_log
    everything = await database.execute_write_fn(lambda _: log.events(served_archive.log_of(database)))
    return await show(
        datasette, request, "edits.html", edits=everything[::-1][:300], told=log.told, by_command=log.BY_COMMAND,
        undone=log.undone(everything),
        rows=behind_of(datasette).rows("exchange_marks"),
        sql=behind_of(datasette).sql(
            "SELECT exchanges.title, exchange_marks.* FROM exchange_marks JOIN exchanges ON exchanges.id = exchange_id"
        ),
    )  # fmt: skip


async def api(request: Request, datasette: Datasette) -> Response:
    """What programs may ask, for people."""
    return await show(datasette, request, "api.html", document=openapi.document())


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    shown = [
        (r"/talk/(?P<id>\d{1,20})", talk),
        (r"/search", search),
        (r"/on-this-day", on_this_day),
        (r"/calendar", calendar),
        (r"/gallery", gallery),
        (r"/map", places),
        (r"/edits", edits),
        (r"/api", api),
    ]
    return [(rf"^{path}/?$", page(function)) for path, function in shown]


@hookimpl
def extra_template_vars(datasette: Datasette, request: Request | None) -> Any:
    """What the index page and an exchange's row page ask for."""

    async def memories_of(name: str) -> Any:
        database = datasette.databases[name]
        if not await database.execute_fn(lambda connection: pages.has_archive(connection.execute)):
            return None
        assert request is not None
        asked = asked_of(request)
        number = request.args.get("talk") or ""

        def find(connection: sqlite3.Connection) -> Any:
            run = connection.execute
            # Beside the list, where there is room for both.
            chosen = pages.talk(run, int(number), hidden=asked["all"] == "hidden") if _NUMBER.match(number) else None
            return pages.summary(run), pages.memories(run, asked), chosen, talks.only_chat(run)

        talks = TalkFilter.from_args(asked, may_see_hidden=True)
        known, (cards, more), talk, chat = await database.execute_fn(find)
        rows, sql = sql_links.Behind(datasette.urls, name).talks(talks, chat)
        return {**known, "cards": cards, "more": more, "asked": asked, "talk": talk, "rows": rows, "sql": sql}

    async def archives() -> Any:
        """The names of the databases that are archives."""
        there = [(name, database) for name, database in datasette.databases.items() if database.path]
        return [name for name, d in there if await d.execute_fn(lambda c: pages.has_archive(c.execute))]

    async def talk_of(name: str, exchange: int) -> Any:
        return await datasette.databases[name].execute_fn(
            lambda connection: pages.talk(connection.execute, int(exchange))
        )

    return {"archives": archives, "memories_of": memories_of, "talk_of": talk_of, "as_json": json.dumps}
