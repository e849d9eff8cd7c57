"""Small pieces of an answer go out together: Datasette sends a table as CSV row by row, each all the way."""

from __future__ import annotations

import time

from datasette.app import Datasette

from memories_lib.server.asgi import App, Message, Receive, Scope, Send

_ENOUGH = 32 << 10
#: Whoever sends little and waits is not held up longer.
_LONGEST_S = 0.2


def wrap(app: App, _datasette: Datasette) -> App:
    async def joining(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, _Joiner(send).send if scope["type"] == "http" else send)

    return joining


class _Joiner:
    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: list[bytes] = []
        self._size = 0
        self._since = 0.0

    async def send(self, message: Message) -> None:
        """Take one message of the answer."""
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        piece, is_last = message.get("body", b""), not message.get("more_body")
        if not self._waiting:
            if is_last or len(piece) >= _ENOUGH:
                await self._send(message)
                return
            self._since = time.monotonic()
        self._waiting.append(piece)
        self._size += len(piece)
        if is_last or self._size >= _ENOUGH or time.monotonic() - self._since > _LONGEST_S:
            body = b"".join(self._waiting)
            self._waiting, self._size = [], 0
            await self._send({"type": "http.response.body", "body": body, "more_body": not is_last})
