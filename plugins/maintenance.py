"""`memories maintenance on`: a banner on every page, or one page in the place of all of them."""

import importlib.util
import sys
from functools import wraps
from html import escape
from pathlib import Path

from datasette import Response, hookimpl

if "memories_lib" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("memories_lib", Path(__file__).parent / "lib" / "__init__.py")
    sys.modules["memories_lib"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["memories_lib"])

from memories_lib import archive, upkeep
from memories_lib.http import ApiError

#: What goes on all the same: watching, logging in, and everything that ends the maintenance.
_OPEN = ("/health", "/-/", "/static/", "/robots.txt", "/api/")


def _note(datasette):
    try:
        return upkeep.note_of(archive.database_of(datasette).path)
    except ApiError:
        return None


@hookimpl
def extra_template_vars(datasette):
    """`maintenance`: the banner's words."""
    return {"maintenance": (_note(datasette) or {}).get("text")}


@hookimpl
def asgi_wrapper(datasette):
    def wrap(app):
        @wraps(app)
        async def answer(scope, receive, send):
            if scope["type"] != "http" or scope["path"].startswith(_OPEN):
                await app(scope, receive, send)
                return
            note = _note(datasette)
            if note is None or not note["closed"]:
                await app(scope, receive, send)
                return
            page = (
                '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Back soon</title>'
                '<meta name="viewport" content="width=device-width, initial-scale=1">'
                '<link rel="stylesheet" href="/static/memories.css"><main class="content mem-empty">'
                f'<h1 class="mem-title">Back soon</h1><p>{escape(note["text"])}</p></main></html>'
            )
            closed = Response.html(page, status=503, headers={"retry-after": "600", "cache-control": "no-store"})
            await closed.asgi_send(send)

        return answer

    return wrap
