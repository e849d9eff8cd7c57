"""`memories maintenance on --closed`: one page in the place of all of them."""

from __future__ import annotations

from html import escape
from typing import Any

from datasette import Response
from datasette.app import Datasette

from memories_lib.server import served_archive
from memories_lib.server.asgi import App, Receive, Scope, Send
from memories_lib.server.http import ApiError
from memories_lib.shared import maintenance_note

#: What goes on all the same: watching, logging in, and everything that ends the maintenance.
_OPEN = ("/health", "/-/", "/static/", "/robots.txt", "/api/")


def served_note(datasette: Datasette) -> Any:
    """The note beside the served archive, or None."""
    try:
        return maintenance_note.note_of(served_archive.database_of(datasette).path)
    except ApiError:
        return None


def wrap(app: App, datasette: Datasette) -> App:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_OPEN):
            await app(scope, receive, send)
            return
        note = served_note(datasette)
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
