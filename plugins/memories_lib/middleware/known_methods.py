"""Methods that a page does not know are refused: Datasette looks for them in its own views, and fails.

The API says for each of its paths which ones it takes.
"""

from __future__ import annotations

from urllib.parse import unquote

from datasette.app import Datasette

from memories_lib.middleware.refusal import refuse
from memories_lib.server.asgi import App, Receive, Scope, Send

_KNOWN = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ALLOWED = [(b"allow", b"GET, HEAD")]


def wrap(app: App, datasette: Datasette) -> App:
    async def known(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not await _takes(datasette, scope["method"], scope["path"]):
            await refuse(send, 405, "Method Not Allowed", _ALLOWED)
            return
        await app(scope, receive, send)

    return known


async def _takes(datasette: Datasette, method: str, path: str) -> bool:
    parts = path.removeprefix(datasette.urls.instance().rstrip("/")).strip("/").split("/")
    if parts[0] == "api":
        return True
    if method not in _KNOWN:
        return False
    if method == "POST" and len(parts) == 2 and unquote(parts[0]) in datasette.databases:
        # A table, or a question of metadata.yml that only reads: Datasette 0.65 fails on it.
        query = await datasette.get_canned_query(unquote(parts[0]), unquote(parts[1]), None)
        return query is not None and bool(query.get("write"))
    return True
