"""The book: a chosen set of memories for printing, and to take home as a file."""

import importlib.util
import re
import sys
from pathlib import Path

from datasette import Response, hookimpl

if "memories_lib" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("memories_lib", Path(__file__).parent / "lib" / "__init__.py")
    sys.modules["memories_lib"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["memories_lib"])

from memories_lib import archive, forms, pages
from memories_lib.show import behind_of, for_a_book, page, show
from memories_lib.talk_filter import TalkFilter


async def book(request, datasette):
    """A chosen set of memories, made for printing."""
    asked = for_a_book(request)
    known = await archive.read(datasette, pages.summary)
    if not asked["year"] and not asked["starred"] and known["years"]:
        asked["year"] = str(known["years"][0])
    talks = await archive.read(datasette, lambda run: pages.book(run, asked))
    rows, sql = behind_of(datasette).talks(TalkFilter.from_args(asked))
    return await show(datasette, request, "book.html", talks=talks, asked=asked, known=known, rows=rows, sql=sql)


_TYPES = {"json": "application/json", "csv": "text/csv", "txt": "text/plain", "html": "text/html"}


async def book_as_file(request, datasette):
    """A book to take home: ``/book.html`` and its like, with the same choice."""
    form, asked = request.url_vars["form"], for_a_book(request)
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


@hookimpl
def register_routes():
    shown = [(r"/book", book), (r"/book\.(?P<form>json|csv|txt|html)", book_as_file)]
    return [(rf"^{path}/?$", page(function)) for path, function in shown]
