"""`/s/…`: one talk or one book for whoever has the link, its pictures, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from datasette import Response, hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request

sys.path.append(str(Path(__file__).parent))

from memories_lib.api import shares
from memories_lib.queries.talk_page import TalkPage
from memories_lib.server import served_archive
from memories_lib.server.http import ApiError
from memories_lib.shared.layout import ArchiveFiles, thumbnail_name

_GONE = "This link shows nothing (any more). Ask whoever sent it for another one."


async def _what(request: Request, datasette: Datasette) -> Any:
    try:
        return await shares.what_of(datasette, request.url_vars["link"])
    except ApiError:
        return None


async def shared(request: Request, datasette: Datasette) -> Response:
    """The page."""
    what, before = await _what(request, datasette), request.args.get("before") or ""
    digits = request.args.get("from") or ""
    around = int(digits) if digits.isdecimal() and digits.isascii() and len(digits) < 19 else None
    talks: list[TalkPage] = []
    asked = more = None
    if what is not None:
        talks, asked, more = await served_archive.read(
            datasette, lambda run: shares.talks_of(run, what, before, around)
        )
    if not talks:
        html = await datasette.render_template("link_gone.html", request=request, view_name="memories")
        return Response.html(html, status=404, headers={"cache-control": "no-store"})
    html = await datasette.render_template(
        "shared.html",
        {
            "talks": talks, "asked": asked, "more": more,
            "media_base": datasette.urls.path(f"/s/{request.url_vars['link']}/media/"),
        },
        request=request,
        view_name="memories",
    )  # fmt: skip
    return Response.html(html, headers={"cache-control": "no-store"})


async def picture(request: Request, datasette: Datasette) -> Response:
    """A small picture, if it is one of the page's."""
    what, wanted = await _what(request, datasette), request.url_vars["sha256"]
    if what is None or not await served_archive.read(datasette, lambda run: shares.holds_picture(run, what, wanted)):
        return Response.text(_GONE, status=404)
    path = ArchiveFiles.of(served_archive.database_of(datasette).path).media / thumbnail_name(wanted)
    if not path.is_file():
        return Response.text("This picture is not here", status=404)
    return Response(path.read_bytes(), headers={"cache-control": "private, max-age=3600"}, content_type="image/webp")


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    link = r"^/s/(?P<link>[0-9A-Za-z_-]{1,90})"
    return [(f"{link}/?$", shared), (rf"{link}/media/(?P<sha256>[0-9a-f]{{64}})/small$", picture)]
