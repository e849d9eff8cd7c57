"""The memories view: which address shows what. Queries are in `memories_lib/queries`, looks in `templates/`."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from datasette import Response, hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request

sys.path.append(str(Path(__file__).parent))

from memories_lib.access import roles
from memories_lib.api import openapi
from memories_lib.queries import listings, overviews, search_page, sql_links, talk_page, talks
from memories_lib.queries.search_filter import SearchFilter
from memories_lib.server import served_archive
from memories_lib.shared.contract import DAY, KINDS
from memories_lib.shared.snippet import snippet
from memories_lib.shared.sql import Run
from memories_lib.web.render import behind_of, page, show, skipped

_DAY_SQL = (
    "SELECT exchanges.id, started_at, title, summary, message_count FROM visible_exchanges AS exchanges\n"
    "WHERE started_at >= :day AND started_at < :day || '~' ORDER BY started_at"
)


async def search(request: Request, datasette: Datasette) -> Response:
    """Messages and talks with these words; ``?part=1`` gives the results alone, for typing."""
    question = request.args.get("q") or ""
    started = time.perf_counter()
    found = await served_archive.read(
        datasette, lambda run: search_page.search_page(run, question, request.args), served_archive.SEARCH_S
    )
    hits = [hit for group in (*found.groups, *found.around) for hit in group.hits]
    pieces = await asyncio.to_thread(lambda: [snippet(hit["text"], found.question) for hit in hits])
    for hit, shown in zip(hits, pieces, strict=True):
        hit["pieces"] = shown
    is_part = request.args.get("part") == "1"
    behind = behind_of(datasette)
    asked = SearchFilter.from_args(request.args)
    sql, given = asked.as_sql(found.question)
    known = None if is_part else await served_archive.read(datasette, talks.summary)
    return await show(
        datasette, request, "_search_hits.html" if is_part else "search.html", question=question, found=found,
        known=known, kinds=KINDS[:10], asked=request.args,
        rows=behind.rows("visible_messages", **asked.as_rows(), _search=found.question),
        sql=behind.sql(sql, **given) if sql else behind.query("search", words=found.question),
        ms=round(1000 * (time.perf_counter() - started)),
    )  # fmt: skip


async def on_this_day(request: Request, datasette: Datasette) -> Response:
    """Every year's same day, side by side."""
    given = request.args.get("date") or ""
    day = given if DAY.match(given) and _is_day(given) else time.strftime("%Y-%m-%d")
    found, near = await served_archive.read(datasette, lambda run: talks.on_this_day(run, day))
    years: dict[str, list[Any]] = {}
    for card in found:
        years.setdefault(card["started_at"][:4], []).append(card)
    noon = time.mktime((int(day[:4]), int(day[5:7]), int(day[8:]), 12, 0, 0, 0, 0, -1))
    near_days = [time.strftime("%Y-%m-%d", time.localtime(noon + n * 86400)) for n in (-1, 1)]
    return await show(
        datasette, request, "on_this_day.html", day=day, years=years, near=near, day_before=near_days[0],
        day_after=near_days[1], any_memory=any(card["is_memory"] for card in found),
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
    """A year, day by day; a day opens."""
    day = request.args.get("day") or ""
    if DAY.match(day):
        cards = await served_archive.read(datasette, lambda run: talks.day(run, day))
        return await show(
            datasette, request, "day.html", day=day, cards=cards,
            rows=behind_of(datasette).rows("visible_exchanges", started_at__startswith=day, _sort="started_at"),
            sql=behind_of(datasette).sql(_DAY_SQL, day=day),
        )  # fmt: skip
    year = request.args.get("year") or request.args.get("until") or ""
    found = await served_archive.read(datasette, lambda run: overviews.calendar(run, year))
    return await show(
        datasette, request, "calendar.html", **found,
        rows=behind_of(datasette).rows("days", _sort_desc="day"), sql=behind_of(datasette).sql(listings.DAYS),
    )  # fmt: skip


async def gallery(request: Request, datasette: Datasette) -> Response:
    """Photos, videos and voice notes by month."""
    kind = request.args.get("kind") or "photos"
    before = request.args.get("before") or ""

    def find(run: Run) -> Any:
        return overviews.gallery(run, kind, before), talks.summary(run)["years"]

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


async def api(request: Request, datasette: Datasette) -> Response:
    """What programs may ask, for people."""
    return await show(datasette, request, "api.html", document=openapi.document())


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    shown = [
        (r"/search", search),
        (r"/on-this-day", on_this_day),
        (r"/calendar", calendar),
        (r"/gallery", gallery),
        (r"/map", places),
        (r"/api", api),
    ]
    return [(rf"^{path}/?$", page(function)) for path, function in shown]


@hookimpl
def extra_template_vars(datasette: Datasette) -> Any:
    """What an exchange's row page asks for."""

    async def talk_of(name: str, exchange: int) -> Any:
        return await datasette.databases[name].execute_fn(
            lambda connection: talk_page.talk(connection.execute, int(exchange))
        )

    return {"talk_of": talk_of, "as_json": json.dumps}
