"""Who may ask for which path, before Datasette is asked: closed, but for what is listed here.

Datasette's own permissions are set as well (`plugins/access.py`); this holds whatever hooks a version of it calls.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import datasette as datasette_package
from datasette.app import Datasette
from datasette.utils.asgi import Request

from memories_lib.access import login_page, roles, token_routes
from memories_lib.server import internals
from memories_lib.server.asgi import App, Message, Receive, Scope, Send
from memories_lib.shared import layout

#: Versions whose permissions, routes and internals were tried with these plugins.
_TRIED = re.compile(r"0\.65(?:\.\d+)?\Z")
#: What strangers may ask for. The API and shared links say by themselves what they give to whom.
_FOR_ALL = re.compile(
    r"/(?:health|robots\.txt|favicon\.ico|openapi\.json|docs|-/login|-/logout|-/turned-away)/?\Z"
    r"|/(?:static|-/static|-/static-plugins|s|api)/|/api\Z"
)
#: Of Datasette's addresses that begin with /-/, what readers may; the others show how the server is made.
_FOR_READERS = re.compile(r"/-/(?:media/|status/?\Z)")
_LOG_OUT = re.compile(r"/-/logout/?\Z")
_RANKS = {None: 0, "viewer": 1, "curator": 2, "owner": 3, "nobody": 4}


def refuse_other_datasettes() -> None:
    """Ends the program for a Datasette that may ask other questions than those that are answered here."""
    version = datasette_package.__version__
    if not _TRIED.match(version):
        internals.refuse_to_start(
            f"these plugins were not tried with Datasette {version}, and it might show what is private; "
            "install one that was: pip install 'datasette>=0.65,<1'"
        )


def wrap(app: App, datasette: Datasette) -> App:
    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            # Datasette does this at its first request, which is only let through by what is done here.
            await datasette.invoke_startup()
            if scope["method"] == "POST" and _LOG_OUT.search(_path(scope)):
                send = _ending_the_session(datasette, Request(scope, receive), send)
            needed = _needed(datasette, _path(scope))
            if needed is not None:
                request = Request(scope, receive)
                role = roles.role_of(actor_of(datasette, request))
                if _RANKS[role] < _RANKS[needed]:
                    # Datasette shows the page: it knows how pages are made.
                    path = datasette.urls.path(login_page.TURNED_AWAY)
                    query = scope.get("query_string", b"").decode("latin-1")
                    asked = _path(scope) + (f"?{query}" if query else "") if scope["method"] == "GET" else ""
                    scope = {
                        **scope,
                        login_page.ASKED_FOR: asked,
                        "path": path,
                        "raw_path": path.encode(),
                        "query_string": b"",
                        "method": "GET",
                    }
        await app(scope, receive, send)

    return guarded


def _ending_the_session(datasette: Datasette, request: Request, send: Send) -> Send:
    """`send` that ends the session where Datasette has logged out: not where it refused, for want of a token."""

    async def ending(event: Message) -> None:
        if event["type"] == "http.response.start" and event["status"] == 302:
            await login_page.end_session(datasette, request)
        await send(event)

    return ending


def actor_of(datasette: Datasette, request: Request) -> dict[str, Any]:
    """Who asks: by a token, by this machine's own address, by the cookie of a log-in; None for strangers."""
    sent = request.headers.get("authorization", "")
    if sent.lower().startswith("bearer "):
        # A token that is not good is nobody's, whatever else comes with it.
        return token_routes.actor_of(datasette, sent) or {"id": None}
    if roles.is_local(request.scope):
        return {"id": "owner", "role": "owner", "local": True}
    # Nobody at all, and not None: Datasette would go on to read the cookie of a log-in that was ended.
    return login_page.actor_of_cookie(datasette, request) or {"id": None}


def _path(scope: Scope) -> str:
    return scope["path"].removeprefix(scope.get("root_path") or "") or "/"


def _needed(datasette: Datasette, path: str) -> str | None:
    """The least role that may ask for a path, "nobody" for what is nobody's; None where anybody may."""
    base = datasette.setting("base_url").rstrip("/")
    path = path.removeprefix(base) if base else path
    if _FOR_ALL.match(path):
        return None
    if path.startswith("/-/") or path == "/-":
        return "viewer" if _FOR_READERS.match(path) else "owner"
    first = re.split(r"[/.]", path.lstrip("/"), maxsplit=1)[0]
    if _is_beside(datasette, first.partition("~")[0]):
        return "nobody"
    is_datasettes = (
        first in datasette.databases or first.partition("~")[0] in datasette.databases or first == "_internal"
    )
    return "curator" if is_datasettes else "viewer"


def _is_beside(datasette: Datasette, name: str) -> bool:
    """Whether a database is the log of edits, what models answered, or who may enter: `datasette FOLDER` serves all."""
    database = datasette.databases.get(name)
    return database is not None and bool(database.path) and Path(database.path).name in layout.BESIDE
