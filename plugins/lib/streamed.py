"""Answers that are as long as they are: made and sent a part at a time, so that none is held in memory as a whole."""

import asyncio

from datasette import Response

_END = object()


class Streamed(Response):
    """What an iterator gives, in pieces of text; each is made in a thread while others are answered."""

    def __init__(self, pieces, content_type, headers):
        super().__init__(status=200, headers=headers, content_type=content_type)
        self._pieces = iter(pieces)

    async def asgi_send(self, send):
        headers = {**self.headers, "content-type": self.content_type}
        await send({
            "type": "http.response.start", "status": 200,
            "headers": [[name.encode("latin-1"), value.encode("latin-1")] for name, value in headers.items()],
        })  # fmt: skip
        while (piece := await asyncio.to_thread(next, self._pieces, _END)) is not _END:
            if piece:
                await send({"type": "http.response.body", "body": piece.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b""})
