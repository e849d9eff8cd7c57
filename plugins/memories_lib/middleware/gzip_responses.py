"""Sends pages, styles and scripts gzipped to browsers that take it: a family is not always on fast lines.

What is sent in pieces is packed piece by piece; what is large, in a thread, so that nobody else waits.
"""

from __future__ import annotations

import asyncio
import zlib

from datasette.app import Datasette

from memories_lib.server.asgi import App, Message, Receive, Scope, Send
from memories_lib.server.http import WORTH_PACKING

_KINDS = (b"text/", b"application/json", b"application/javascript", b"image/svg")
#: About two milliseconds of packing.
_AT_ONCE = 32 << 10
_LEVEL, _AS_GZIP = 5, 31


def wrap(app: App, _datasette: Datasette) -> App:
    async def packing(scope: Scope, receive: Receive, send: Send) -> None:
        takes = scope["type"] == "http" and b"gzip" in dict(scope["headers"]).get(b"accept-encoding", b"")
        await app(scope, receive, _Packer(send).send if takes else send)

    return packing


class _Packer:
    """Packs an answer, if it is of a kind that packs well and is not short."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._packing: zlib._Compress | None = None

    async def send(self, message: Message) -> None:
        """Take one message of the answer."""
        if message["type"] == "http.response.start" and _packs(message):
            self._start = message
        elif message["type"] != "http.response.body" or (self._start is None and self._packing is None):
            await self._send(message)
        elif self._packing is not None:
            await self._pack(message)
        elif (
            self._start is not None and not message.get("more_body") and len(message.get("body", b"")) <= WORTH_PACKING
        ):
            await self._send(self._start)
            self._start = None
            await self._send(message)
        else:
            self._packing = zlib.compressobj(_LEVEL, zlib.DEFLATED, _AS_GZIP)
            await self._pack(message)

    async def _pack(self, message: Message) -> None:
        body, is_last = message.get("body", b""), not message.get("more_body")
        packed = self._packed(body, is_last) if len(body) <= _AT_ONCE else await asyncio.to_thread(
            self._packed, body, is_last
        )  # fmt: skip
        if self._start is not None:
            kept = [pair for pair in self._start["headers"] if pair[0].lower() != b"content-length"]
            more = [(b"content-encoding", b"gzip"), (b"vary", b"accept-encoding")]
            more += [(b"content-length", str(len(packed)).encode())] if is_last else []
            await self._send({**self._start, "headers": [*kept, *more]})
            self._start = None
        if packed or is_last:
            await self._send({"type": "http.response.body", "body": packed, "more_body": not is_last})

    def _packed(self, body: bytes, is_last: bool) -> bytes:
        assert self._packing is not None
        return self._packing.compress(body) + (self._packing.flush() if is_last else b"")


def _packs(message: Message) -> bool:
    headers = {name.lower(): value for name, value in message["headers"]}
    is_whole = message["status"] == 200 and b"content-encoding" not in headers and b"content-range" not in headers
    return is_whole and headers.get(b"content-type", b"").startswith(_KINDS)
