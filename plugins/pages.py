"""The memories view: which address shows what. Queries are in `lib/pages.py`, looks in `templates/`."""

import importlib.util
import json
import re
import sys
import time
from pathlib import Path

from datasette import Forbidden, NotFound, Response, hookimpl

if "memories_lib" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("memories_lib", Path(__file__).parent / "lib" / "__init__.py")
    sys.modules["memories_lib"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["memories_lib"])

from memories_lib import access, archive, finding, folding, forms, openapi, pages, reading

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_NUMBER = re.compile(r"[0-9]{1,18}\Z")
_FILTERS = ("chat", "person", "year", "mood", "topic", "starred", "all", "order", "before")


def _asked(request):
    return {name: request.args.get(name) or "" for name in _FILTERS}


async def _show(datasette, request, template, **context):
    html = await datasette.render_template(template, context, request=request, view_name="memories")
    return Response.html(html, headers={"cache-control": "private, no-cache"})


def page(function):
    """Only readers see pages; strangers are sent where they can become one."""

    async def answer(request, datasette):
        if not access.may(request.actor, "viewer"):
            raise Forbidden("view-instance")
        return await function(request, datasette)

    return answer


async def talk(request, datasette):
    """One talk, seen by its owner or through anybody's eyes (``?as=NAME``)."""
    number = int(request.url_vars["id"])
    if number >= 1 << 63:
        raise NotFound("There is no such talk")
    found = await archive.read(datasette, lambda run: pages.talk(run, number))
    if found is None:
        moved = await archive.read(datasette, lambda run: reading.merged_into(run, number))
        if moved is None:
            raise NotFound("There is no such talk, or somebody has hidden it")
        return Response.redirect(datasette.urls.path(f"/talk/{moved}"), status=308)
    return await _show(
        datasette, request, "talk.html", talk=found, seen_by=request.args.get("as") or "",
        database=archive.database_of(datasette).name,
    )  # fmt: skip


async def search(request, datasette):
    """Messages and talks with these words; ``?part=1`` gives the results alone, for typing."""
    question = request.args.get("q") or ""
    started = time.perf_counter()
    messages, talks, total = await archive.read(datasette, lambda run: pages.search(run, question, request.args))
    hits = [{**dict(m), "pieces": folding.snippet(m["text"], question)} for m in messages]
    is_part = request.args.get("part") == "1"
    known = None if is_part else await archive.read(datasette, pages.summary)
    return await _show(
        datasette, request, "_found.html" if is_part else "search.html", question=question, hits=hits, cards=talks,
        total=total, known=known, kinds=finding.KINDS[:10], asked=request.args,
        ms=round(1000 * (time.perf_counter() - started)),
    )  # fmt: skip


async def on_this_day(request, datasette):
    """Every year's same day, side by side."""
    given = request.args.get("date") or ""
    day = given if _DAY.match(given) and _is_day(given) else time.strftime("%Y-%m-%d")
    found, near = await archive.read(datasette, lambda run: pages.on_this_day(run, day))
    years = {}
    for card in found:
        years.setdefault(card["started_at"][:4], []).append(card)
    noon = time.mktime((int(day[:4]), int(day[5:7]), int(day[8:]), 12, 0, 0, 0, 0, -1))
    near_days = [time.strftime("%Y-%m-%d", time.localtime(noon + n * 86400)) for n in (-1, 1)]
    return await _show(
        datasette, request, "on_this_day.html", day=day, years=years, near=near, day_before=near_days[0],
        day_after=near_days[1],
    )  # fmt: skip


def _is_day(given):
    try:
        time.strptime(given, "%Y-%m-%d")
    except ValueError:
        return False
    return 1971 <= int(given[:4]) <= 2200


async def calendar(request, datasette):
    """A heat map of all years; a day opens."""
    day = request.args.get("day") or ""
    if _DAY.match(day):
        cards = await archive.read(datasette, lambda run: pages.day(run, day))
        return await _show(datasette, request, "day.html", day=day, cards=cards)
    years = await archive.read(datasette, pages.calendar)
    return await _show(datasette, request, "calendar.html", years=years, until=request.args.get("until") or "")


async def gallery(request, datasette):
    """Photos, videos and voice notes by month."""
    kind = request.args.get("kind") or "photos"
    before = request.args.get("before") or ""
    start = int(before) if before.isdigit() and len(before) < 19 else 1 << 62
    months, more = await archive.read(datasette, lambda run: pages.gallery(run, kind, start))
    return await _show(datasette, request, "gallery.html", kind=kind, months=months, more=more)


async def places(request, datasette):
    """Shared places in clusters; the tiles are the one thing that comes from elsewhere."""
    found = await archive.read(datasette, pages.places)
    static = datasette.urls.static_plugins
    leaflet = static("datasette-leaflet", "leaflet-v1.7.1.js")
    return await _show(
        datasette, request, "map.html", places=found, tiles=access.tiles(),
        leaflet_images=leaflet.rpartition("/")[0] + "/images/",
        cluster_js=static("datasette-cluster-map", "leaflet.markercluster.min.js"),
        cluster_css=static("datasette-cluster-map", "leaflet.markercluster.css"),
    )  # fmt: skip


async def people(request, datasette):
    """Who writes, and in which chats."""
    found, chats = await archive.read(datasette, pages.people)
    return await _show(datasette, request, "people.html", people=found, chats=chats)


async def years(request, datasette):
    """Years and months, told, with the talks that they draw on."""
    found, chats = await archive.read(datasette, pages.years)
    return await _show(datasette, request, "years.html", years=found, chats=chats)


async def numbers(request, datasette):
    """Charts, each with its table and its SQL a click away."""
    found = await archive.read(datasette, pages.numbers)
    return await _show(datasette, request, "numbers.html", **found, database=archive.database_of(datasette).name)


async def book(request, datasette):
    """A chosen set of memories, made for printing."""
    asked = _asked(request)
    known = await archive.read(datasette, pages.summary)
    if not asked["year"] and not asked["starred"] and known["years"]:
        asked["year"] = str(known["years"][0])
    talks = await archive.read(datasette, lambda run: pages.book(run, asked))
    return await _show(datasette, request, "book.html", talks=talks, asked=asked, known=known)


_TYPES = {"json": "application/json", "csv": "text/csv", "txt": "text/plain", "html": "text/html"}


async def book_as_file(request, datasette):
    """A book to take home: ``/book.html`` and its like, with the same choice."""
    form, asked = request.url_vars["form"], _asked(request)
    talks = await archive.read(datasette, lambda run: pages.book(run, asked))
    if form == "html":
        style = (Path(__file__).parent.parent / "static" / "memories.css").read_text("utf-8")
        page = await datasette.render_template(
            "book_file.html", {"talks": talks, "asked": asked, "style": style}, request=request, view_name="memories"
        )
        media = Path(archive.database_of(datasette).path).resolve().parent / "media"
        content = forms.with_pictures(page, lambda sha256: _small(media, sha256))
    else:
        content = {"json": forms.as_json, "csv": forms.as_csv, "txt": forms.as_text}[form](talks)
    name = f"memories{'-' + asked['year'] if asked['year'].isdigit() else ''}.{form}"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "private, no-cache"}
    return Response(content, headers=headers, content_type=f"{_TYPES[form]}; charset=utf-8")


def _small(media, sha256):
    path = media / sha256[:2] / f"{sha256}.thumb.webp"
    return path.read_bytes() if re.fullmatch("[0-9a-f]{64}", sha256) and path.is_file() else None


async def edits(request, datasette):
    """What was changed, by whom, and the way back."""
    if not access.may(request.actor, "curator"):
        raise Forbidden("edits")
    database = archive.database_of(datasette)
    log = archive.edit_log
    everything = await database.execute_write_fn(lambda _: log.events(archive.log_of(database)))
    return await _show(datasette, request, "edits.html", edits=everything[::-1][:300], undone=log.undone(everything))


async def api(request, datasette):
    """What programs may ask, for people."""
    return await _show(datasette, request, "api.html", document=openapi.document())


@hookimpl
def register_routes():
    shown = [
        (r"/talk/(?P<id>\d{1,20})", talk),
        (r"/search", search),
        (r"/on-this-day", on_this_day),
        (r"/calendar", calendar),
        (r"/gallery", gallery),
        (r"/map", places),
        (r"/people", people),
        (r"/years", years),
        (r"/numbers", numbers),
        (r"/book", book),
        (r"/book\.(?P<form>json|csv|txt|html)", book_as_file),
        (r"/edits", edits),
        (r"/api", api),
    ]
    return [(rf"^{path}/?$", page(function)) for path, function in shown]


@hookimpl
def extra_template_vars(datasette, request):
    """What the index page and an exchange's row page ask for."""

    async def memories_of(name):
        database = datasette.databases[name]
        if not await database.execute_fn(lambda connection: pages.has_archive(connection.execute)):
            return None
        asked = _asked(request)
        number = request.args.get("talk") or ""

        def find(connection):
            run = connection.execute
            # Beside the list, where there is room for both.
            chosen = pages.talk(run, int(number)) if _NUMBER.match(number) else None
            return pages.summary(run), pages.memories(run, asked), chosen

        known, (cards, more), talk = await database.execute_fn(find)
        return {**known, "cards": cards, "more": more, "asked": asked, "talk": talk}

    async def talk_of(name, exchange):
        return await datasette.databases[name].execute_fn(
            lambda connection: pages.talk(connection.execute, int(exchange))
        )

    return {"memories_of": memories_of, "talk_of": talk_of, "as_json": json.dumps}
