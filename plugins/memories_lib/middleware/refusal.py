"""An answer that is given before anything is asked of what lies behind."""

from __future__ import annotations

import json
from collections.abc import Sequence

from memories_lib.server.asgi import Send


async def refuse(send: Send, status: int, sentence: str, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
    """Answer with a status and a sentence, as the API does, and end the connection."""
    body = json.dumps({"detail": sentence}).encode()
    headers = [
        *headers,
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
