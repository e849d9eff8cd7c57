"""How a page is shown: who may see it, what was asked of it, where its rows are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from datasette import Forbidden, Response
from datasette.app import Datasette
from datasette.utils.asgi import Request
from datasette.views.base import DatasetteError
from markupsafe import Markup

from memories_lib.access import roles
from memories_lib.queries import sql_links
from memories_lib.server import response_cache, served_archive
from memories_lib.server.http import ApiError
from memories_lib.web import i18n

_FILTERS = ("chat", "person", "year", "mood", "topic", "starred", "all", "order", "before", "from", "to")


def asked_of(request: Request) -> dict[str, str]:
    """The filters of a list of talks that a request names."""
    asked = {name: request.args.get(name) or "" for name in _FILTERS}
    if words := (request.args.get("q") or "").strip():
        asked["q"] = words
    # What is hidden is for those who may bring it back.
    if asked["all"] == "hidden" and not roles.may(request.actor, "curator"):
        asked["all"] = ""
    return asked


def for_a_book(request: Request) -> dict[str, str]:
    """The filters of a book, in which nothing is that is hidden."""
    asked = asked_of(request)
    return {**asked, "all": asked["all"] if asked["all"] == "1" else ""}


def behind_of(datasette: Datasette) -> sql_links.Behind:
    """Addresses of rows and SQL in the served archive."""
    return sql_links.Behind(datasette.urls, served_archive.database_of(datasette).name)


async def show(datasette: Datasette, request: Request, template: str, **context: Any) -> Response:
    """The answer with a template and what it is to show."""
    html = await datasette.render_template(template, context, request=request, view_name="memories")
    return Response.html(html, headers={"cache-control": "private, no-cache"})


async def rendered_once(
    datasette: Datasette,
    request: Request,
    name: str,
    template: str,
    given: Mapping[str, Any],
    since: tuple[object, ...] | None,
) -> Markup:
    """A part of a page that is the same for all readers of one language, kept under its name while the archive is.

    `since` is what `response_cache.stamp_of` gave before anything of `given` was read.
    """

    async def make() -> Markup:
        html = await datasette.render_template(template, dict(given), request=request, view_name="memories")
        return Markup(html)  # made by a template, in which everything was escaped

    return await response_cache.value(datasette, f"{name} in {i18n.language_of(request)}", make, since)


def skipped(request: Request, name: str) -> int:
    """How many of a list were on the pages before, by a parameter of the address; 0 for anything that is no number."""
    given = request.args.get(name) or ""
    return int(given) if given.isdecimal() and given.isascii() and len(given) < 8 else 0


def page(function: Callable[[Request, Datasette], Awaitable[Any]]) -> Callable[[Request, Datasette], Awaitable[Any]]:
    """Only readers see pages; strangers are sent where they can become one."""

    async def answer(request: Request, datasette: Datasette) -> Any:
        if not roles.may(request.actor, "viewer"):
            raise Forbidden("view-instance")
        try:
            return await function(request, datasette)
        except ApiError as error:
            raise DatasetteError(error.detail, status=error.status, title="Memories") from None

    return answer
