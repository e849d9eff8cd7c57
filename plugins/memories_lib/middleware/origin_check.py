"""Nothing is done because another site had somebody's browser ask for it.

A page elsewhere may be a link here, and no more: it cannot write, nor load what is here as a picture or a script.
Programs, which say nothing of where they come from, and those with a token of their own may.
"""

from __future__ import annotations

from datasette import Response
from datasette.app import Datasette

from memories_lib.access import roles
from memories_lib.server.asgi import App, Receive, Scope, Send

_PLAIN = ("GET", "HEAD", "OPTIONS")
#: Reads that leave a trace, and so are for our own pages and for programs.
_TRACES = ("/api/backup",)
_OURS = ("none", "same-origin", "")


def wrap(app: App, _datasette: Datasette) -> App:
    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _may(scope):
            await app(scope, receive, send)
            return
        answer = Response.json({"detail": "This was sent by another site; see ALLOWED_ORIGINS"}, status=403)
        await answer.asgi_send(send)

    return checked


def _may(scope: Scope) -> bool:
    sent = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    if sent.get("authorization", "").lower().startswith("bearer "):
        return True
    if sent.get("origin") in roles.allowed_origins() and scope["path"].startswith("/api/"):
        return True
    site = sent.get("sec-fetch-site", "")
    if scope["method"] not in _PLAIN or scope["path"].rstrip("/") in _TRACES:
        origin = sent.get("origin")
        return roles.is_own_origin(origin, scope, sent) if origin is not None else site in _OURS
    is_visit = sent.get("sec-fetch-mode") == "navigate" and sent.get("sec-fetch-dest") in ("document", None)
    return site in _OURS or is_visit
