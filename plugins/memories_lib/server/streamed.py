"""Answers that are as long as they are: made and sent a part at a time, so that none is held in memory as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from datasette import Response
from datasette.utils.asgi import Request

from memories_lib.server.asgi import Send


class Streamed(Response):
    """What an iterator gives, in pieces of text; each is made in a thread while others are answered.

    Who goes away (`request` says when) gets no more of it, and no more is made.
    """

    def __init__(self, request: Request, pieces: Iterable[str], content_type: str, headers: Mapping[str, str]) -> None:
        super().__init__(status=200, headers=headers, content_type=content_type)
        self._request = request
        self._pieces = iter(pieces)

    async def asgi_send(self, send: Send) -> None:
        headers = {**self.headers, "content-type": self.content_type}
        await send({
            "type": "http.response.start", "status": 200,
            "headers": [[name.encode("latin-1"), value.encode("latin-1")] for name, value in headers.items()],
        })  # fmt: skip
        gone = asyncio.ensure_future(self._until_gone())
        try:
            while not gone.done() and (piece := await asyncio.to_thread(next, self._pieces, None)) is not None:
                if piece:
                    await send({"type": "http.response.body", "body": piece.encode(), "more_body": True})
        finally:
            gone.cancel()
            if hasattr(self._pieces, "close"):
                await asyncio.to_thread(self._pieces.close)
        await send({"type": "http.response.body", "body": b""})

    async def _until_gone(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
