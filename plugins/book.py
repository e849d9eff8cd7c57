"""The book: a chosen set of memories for printing, and to take home as a file."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from datasette import Response, hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request

sys.path.append(str(Path(__file__).parent))

from memories_lib.queries import stretches
from memories_lib.queries import talks as pages
from memories_lib.queries.talk_filter import TalkFilter
from memories_lib.server import served_archive
from memories_lib.server.streamed import Streamed
from memories_lib.shared.layout import ArchiveFiles, thumbnail_name
from memories_lib.shared.sql import Run
from memories_lib.web import book_formats
from memories_lib.web.render import behind_of, for_a_book, page, show


async def book(request: Request, datasette: Datasette) -> Response:
    """A chosen set of memories, made for printing: as much of it as a page holds."""
    asked = for_a_book(request)
    known = await served_archive.read(datasette, pages.summary)
    if not asked["year"] and not asked["starred"] and known["years"]:
        asked["year"] = str(known["years"][0])
    talks, more = await served_archive.read(datasette, lambda run: pages.book(run, asked))
    rows, sql = behind_of(datasette).talks(TalkFilter.from_args(asked))
    return await show(
        datasette, request, "book.html", talks=talks, more=more, asked=asked, known=known, rows=rows, sql=sql
    )


T = TypeVar("T")
Part = tuple[list[stretches.BookTalk], stretches.BookPlace | None]
_TYPES = {"json": "application/json", "csv": "text/csv", "txt": "text/plain", "html": "text/html"}
_FORMS = {"json": book_formats.as_json, "csv": book_formats.as_csv, "txt": book_formats.as_text}


async def book_as_file(request: Request, datasette: Datasette) -> Response:
    """A book to take home: ``/book.html`` and its like, with the same choice."""
    form, asked = request.url_vars["form"], for_a_book(request)
    loop = asyncio.get_running_loop()

    def wait_for(what: Coroutine[Any, Any, T]) -> T:
        # Parts are made in a thread; what reads the archive, and what renders, is the loop's.
        return asyncio.run_coroutine_threadsafe(what, loop).result()

    def parts() -> Iterator[list[stretches.BookTalk]]:
        place: stretches.BookPlace | None = stretches.BookPlace(asked["before"])
        while place is not None:
            talks, place = wait_for(served_archive.read(datasette, part_from(place)))
            yield talks

    def part_from(place: stretches.BookPlace) -> Callable[[Run], Part]:
        return lambda run: stretches.book_part(run, asked, place)

    pieces = _as_page(datasette, request, asked, parts(), wait_for) if form == "html" else _FORMS[form](parts())
    name = f"memories{'-' + asked['year'] if asked['year'].isdigit() else ''}.{form}"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "private, no-cache"}
    return Streamed(request, pieces, f"{_TYPES[form]}; charset=utf-8", headers)


def _as_page(
    datasette: Datasette,
    request: Request,
    asked: Mapping[str, str],
    parts: Iterator[list[stretches.BookTalk]],
    wait_for: Callable[[Coroutine[Any, Any, Any]], Any],
) -> Iterator[str]:
    """One HTML file: what comes before the talks, the talks part by part with their pictures, what comes after."""
    style = (Path(__file__).parent.parent / "static" / "memories.css").read_text("utf-8")
    media = ArchiveFiles.of(served_archive.database_of(datasette).path).media

    def rendered(template: str, **given: Any) -> str:
        return wait_for(datasette.render_template(template, given, request=request, view_name="memories"))

    start, end = rendered("book_file.html", asked=asked, style=style).split("<!-- talks -->")
    yield start
    month = ""
    for talks in parts:
        if talks:
            page = rendered("_book_talks.html", talks=talks, month=month)
            yield book_formats.with_pictures(page, lambda sha256: _small(media, sha256))
            month = talks[-1].head["started_at"][:7]
    yield end


def _small(media: Path, sha256: str) -> bytes | None:
    path = media / thumbnail_name(sha256)
    return path.read_bytes() if re.fullmatch("[0-9a-f]{64}", sha256) and path.is_file() else None


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    shown = [(r"/book", book), (r"/book\.(?P<form>json|csv|txt|html)", book_as_file)]
    return [(rf"^{path}/?$", page(function)) for path, function in shown]
