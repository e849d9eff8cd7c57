"""Lets frontends on other origins use the API: those that `ALLOWED_ORIGINS` names exactly, and no others."""

from __future__ import annotations

from collections.abc import Mapping

from datasette.app import Datasette

from memories_lib.access import roles
from memories_lib.server.asgi import App, Message, Receive, Scope, Send

_METHODS = b"GET, HEAD, POST, PUT, DELETE, OPTIONS"
_DAY = b"86400"


def wrap(app: App, _datasette: Datasette) -> App:
    async def crossing(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_ours(scope["path"]):
            await app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1")
        is_allowed = origin in roles.allowed_origins()
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            await _preflight(send, headers, origin if is_allowed else None)
            return

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start" and is_allowed:
                message = {**message, "headers": [*message["headers"], *_allowed(origin)]}
            await send(message)

        await app(scope, receive, send_with)

    return crossing


def _is_ours(path: str) -> bool:
    return path.startswith("/api/") or path.rstrip("/") == "/health"


def _allowed(origin: str) -> list[tuple[bytes, bytes]]:
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", b"etag, x-edit"),
        (b"vary", b"origin"),
    ]


async def _preflight(send: Send, headers: Mapping[bytes, bytes], origin: str | None) -> None:
    answer = [(b"content-length", b"0"), (b"vary", b"origin")]
    if origin is not None:
        asked = headers.get(b"access-control-request-headers", b"content-type, authorization")
        answer += [
            *_allowed(origin),
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-allow-headers", asked),
            (b"access-control-max-age", _DAY),
        ]
    await send({"type": "http.response.start", "status": 204 if origin else 403, "headers": answer})
    await send({"type": "http.response.body", "body": b""})
