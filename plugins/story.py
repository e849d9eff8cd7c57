"""Stories: a talk, a year, a person or this day, scene by scene, on the whole screen; and as a file for those without
the archive.
"""

from __future__ import annotations

import asyncio
import base64
import re
import sys
from pathlib import Path

from datasette import NotFound, Response, hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request

sys.path.append(str(Path(__file__).parent))

from memories_lib.queries import scenes
from memories_lib.server import served_archive
from memories_lib.shared.layout import ArchiveFiles, media_name, thumbnail_name
from memories_lib.web import kept_lists
from memories_lib.web.render import page, show

#: A file to be sent to a cousin: what its pictures and voices may take, in bytes.
_MOST_BYTES = 14 << 20
_MEDIA = re.compile(r'(?<=src=")[^"]*/-/media/(?P<digest>[0-9a-f]{64})(?P<small>/small)?(?=")')
_one_file = asyncio.Lock()
_STATIC = Path(__file__).parent.parent / "static"


async def _asked(request: Request, datasette: Datasette) -> scenes.Story:
    asked = {name: request.args.get(name) or "" for name in ("talk", "person", "year")}
    today: list[int] = []
    if not any(asked.values()):
        shown, _ = await kept_lists.of_today(datasette)
        today = [card["id"] for card in (*(card for _, card in shown.hero), *shown.this_day)]
    found = await served_archive.read(datasette, lambda run: scenes.story(run, asked, today))
    if found is None or not found.scenes:
        raise NotFound("There is nothing to tell of this, or somebody has hidden it")
    return found


async def story(request: Request, datasette: Datasette) -> Response:
    """``/story?talk=N``, ``?year=YYYY``, ``?person=N``; without any, of today."""
    return await show(datasette, request, "story.html", story=await _asked(request, datasette))


async def story_as_file(request: Request, datasette: Datasette) -> Response:
    """The same as one HTML file that needs nothing else: pictures, voices, style and script are in it."""
    told = await _asked(request, datasette)
    grounds, look, script = ((_STATIC / name).read_text("utf-8") for name in ("grounds.css", "story.css", "story.js"))
    style = grounds + look
    html = await datasette.render_template(
        "story_file.html", {"story": told, "style": style, "script": script}, request=request, view_name="memories"
    )
    digests = {found["digest"] for found in _MEDIA.finditer(html)}
    rows = await served_archive.read(
        datasette,
        lambda run: run(
            f"SELECT DISTINCT sha256, filename, mimetype FROM media WHERE sha256 IN ({', '.join('?' * len(digests))})",
            tuple(digests),
        ).fetchall(),
    )
    files = ArchiveFiles.of(served_archive.database_of(datasette).path).media
    known = {row["sha256"]: (files / media_name(row["sha256"], row["filename"] or ""), row["mimetype"]) for row in rows}
    left = _MOST_BYTES

    def carried(found: re.Match[str]) -> str:
        nonlocal left
        digest = found["digest"]
        path, mimetype = known[digest]
        if found["small"] or not path.is_file() or path.stat().st_size * 4 / 3 > left:
            small = files / thumbnail_name(digest)
            path, mimetype = (small, "image/webp") if small.is_file() else (path, "")
        if not mimetype or not path.is_file() or path.stat().st_size * 4 / 3 > left:
            return "data:,"
        content = base64.b64encode(path.read_bytes()).decode()
        left -= len(content)
        return f"data:{mimetype};base64,{content}"

    headers = {
        "content-disposition": 'attachment; filename="memories-story.html"',
        "cache-control": "private, no-cache",
    }
    # One at a time and beside the others' answers: a file holds pictures and voices by the megabyte.
    async with _one_file:
        return Response.html(await asyncio.to_thread(_MEDIA.sub, carried, html), headers=headers)


@hookimpl
def register_routes() -> list[tuple[str, object]]:
    return [(r"^/story/?$", page(story)), (r"^/story\.html$", page(story_as_file))]
