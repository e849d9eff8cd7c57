"""People, chats, years and numbers: what the archive comes to. Queries are in `memories_lib/queries`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from datasette import NotFound, Response, hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request

sys.path.append(str(Path(__file__).parent))

from memories_lib.api import edit_chats
from memories_lib.queries import overviews, profiles, sql_links
from memories_lib.server import response_cache, served_archive
from memories_lib.shared.sql import Run
from memories_lib.web import i18n
from memories_lib.web.render import behind_of, page, show, skipped


async def people(request: Request, datasette: Datasette) -> Response:
    """Who writes, and in which chats: a page of each."""
    skip, skip_chats = skipped(request, "from"), skipped(request, "chats_from")

    async def make() -> Any:
        return await served_archive.read(datasette, lambda run: profiles.everybody(run, skip, skip_chats))

    found, chats = await response_cache.value(datasette, f"people {skip} {skip_chats}", make)
    addresses = behind_of(datasette)
    size, chats_size = profiles.PEOPLE_A_PAGE, profiles.CHATS_A_PAGE
    return await show(
        datasette, request, "people.html", people=found[:size], chats=chats[:chats_size], rows=addresses.rows("people"),
        more=skip + size if len(found) > size else None, skip=skip,
        more_chats=skip_chats + chats_size if len(chats) > chats_size else None, skip_chats=skip_chats,
        sql=addresses.of_chart("people", chat="", year=""),
    )  # fmt: skip


async def _story(
    request: Request, datasette: Datasette, find: Callable[[Run, int], dict[str, Any] | None], nobody: str
) -> tuple[int, dict[str, Any], sql_links.Behind]:
    """What `find` tells of the one that the address names, and where its rows are. 404 with `nobody` for any other."""
    number = int(request.url_vars["id"])
    found = await served_archive.read(datasette, lambda run: find(run, number))
    if found is None:
        raise NotFound(nobody)
    return number, found, behind_of(datasette)


async def person(request: Request, datasette: Datasette) -> Response:
    """One person's story."""
    number, found, addresses = await _story(request, datasette, profiles.person, "There is nobody with this number")
    talks = urlencode({"person": found["head"]["name"], "all": "1"})
    return await show(
        datasette, request, "person.html", **found, is_person=True, behind=addresses,
        can_correct=edit_chats.is_installed(),
        rows=addresses.rows("visible_messages", sender_id=number),
        sql=addresses.sql("SELECT * FROM person_months WHERE person_id = :person ORDER BY month", person=number),
        talks=f"{datasette.urls.instance()}?{talks}",
    )  # fmt: skip


async def chat(request: Request, datasette: Datasette) -> Response:
    """One chat in numbers: who, how much, first and last words."""
    number, found, addresses = await _story(request, datasette, profiles.chat, "There is no chat with this number")
    name = found["head"]["name"]
    return await show(
        datasette, request, "chat_about.html", **found, behind=addresses,
        rows=addresses.rows("visible_messages", chat_id=number),
        can_correct=edit_chats.is_installed(),
        sql=addresses.query("year_by_year", chat=name),
        talks=f"{datasette.urls.instance()}?{urlencode({'chat': name})}",
    )  # fmt: skip


async def years(request: Request, datasette: Datasette) -> Response:
    """A year and its months, told, with the talks that they draw on."""
    year, skip = request.args.get("year") or "", skipped(request, "from")
    found = await served_archive.read(datasette, lambda run: overviews.years(run, year, skip))
    addresses = behind_of(datasette)
    return await show(
        datasette, request, "years.html", **found, rows=addresses.rows("periods"),
        sql=addresses.query("best_of_the_year", year=found["year"]),
    )  # fmt: skip


async def numbers(request: Request, datasette: Datasette) -> Response:
    """Charts, each with its table and its SQL a click away."""

    async def make() -> Any:
        return await served_archive.read(datasette, overviews.numbers)

    found = await response_cache.value(datasette, "numbers", make)
    addresses, t = behind_of(datasette), i18n.Words(i18n.language_of(request))
    charts = {
        "years": [(row["year"], row["messages"]) for row in found["years"]],
        "months": [(t.month(f"2000-{row['month']}")[:3], row["n"]) for row in found["months"]],
        "weekdays": [(t.weekday(day)[:2], found["weekdays"].get(day, 0)) for day in range(7)],
        "kinds": [(t.kind(kind), n) for kind, n in found["kinds"]],
    }
    return await show(
        datasette, request, "numbers.html", **found, charts=charts, behind=addresses,
        rows=addresses.rows("person_months"), sql=addresses.of_chart("years", chat=""),
    )  # fmt: skip


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    shown = [
        (r"/people", people),
        (r"/people/(?P<id>\d{1,15})", person),
        (r"/chats/(?P<id>\d{1,15})/about", chat),
        (r"/years", years),
        (r"/numbers", numbers),
    ]
    return [(rf"^{path}/?$", page(function)) for path, function in shown]
