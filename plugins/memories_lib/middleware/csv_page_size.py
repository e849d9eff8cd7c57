"""Tables that are sent whole, as CSV, are read a thousand rows at a time, not a page at a time as they are shown."""

from __future__ import annotations

from datasette.app import Datasette

from memories_lib.server.asgi import App, Receive, Scope, Send


def wrap(app: App, _datasette: Datasette) -> App:
    async def stepping(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith(".csv"):
            asked = scope.get("query_string") or b""
            if b"_stream=" in asked and b"_size=" not in asked:
                scope = {**scope, "query_string": asked + b"&_size=max"}
        await app(scope, receive, send)

    return stepping
