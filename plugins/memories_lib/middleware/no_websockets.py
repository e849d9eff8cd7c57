"""Nothing here speaks by WebSocket: who asks for one is turned away before anything else looks at it."""

from __future__ import annotations

from datasette.app import Datasette

from memories_lib.server.asgi import App, Receive, Scope, Send


def wrap(app: App, _datasette: Datasette) -> App:
    async def without(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1003})
            return
        await app(scope, receive, send)

    return without
