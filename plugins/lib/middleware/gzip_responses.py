"""Sends pages, styles and scripts gzipped to browsers that take it: a family is not always on fast lines."""

import gzip

_KINDS = (b"text/", b"application/json", b"application/javascript", b"image/svg")
_WORTH_PACKING = 1024
#: Larger answers go out as they come: packing them would hold them in memory.
_MOST = 4 << 20


def wrap(app, _datasette):
    async def packing(scope, receive, send):
        takes = scope["type"] == "http" and b"gzip" in dict(scope["headers"]).get(b"accept-encoding", b"")
        await app(scope, receive, _Packer(send).send if takes else send)

    return packing


class _Packer:
    """Holds an answer back until it is whole, if it is of a kind that packs well."""

    def __init__(self, send):
        self._send = send
        self._start = None
        self._parts = []
        self._size = 0

    async def send(self, message):
        """Take one message of the answer."""
        if message["type"] == "http.response.start" and _packs(message):
            self._start = message
        elif self._start is None or message["type"] != "http.response.body":
            await self._send(message)
        else:
            self._parts.append(message.get("body", b""))
            self._size += len(self._parts[-1])
            is_last = not message.get("more_body")
            if is_last or self._size > _MOST:
                await self._pass_on(is_last)

    async def _pass_on(self, is_last):
        body, start = b"".join(self._parts), self._start
        self._start, self._parts = None, []
        if is_last and len(body) > _WORTH_PACKING:
            body = gzip.compress(body, 5)
            kept = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
            more = [
                (b"content-encoding", b"gzip"),
                (b"content-length", str(len(body)).encode()),
                (b"vary", b"accept-encoding"),
            ]
            start = {**start, "headers": [*kept, *more]}
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body, "more_body": not is_last})


def _packs(message):
    headers = {name.lower(): value for name, value in message["headers"]}
    is_whole = message["status"] == 200 and b"content-encoding" not in headers and b"content-range" not in headers
    return is_whole and headers.get(b"content-type", b"").startswith(_KINDS)
