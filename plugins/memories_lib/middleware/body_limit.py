"""No request may send more than its path takes: most forms and edits are a few hundred bytes."""

from __future__ import annotations

import re

from datasette.app import Datasette

from memories_lib.middleware.refusal import refuse
from memories_lib.server.asgi import App, Message, Receive, Scope, Send

_USUAL = 64 << 10
#: (method and path, bytes); None: the route looks at it by itself, block by block.
_MORE = (
    (re.compile(r"PUT /api/archive/?\Z"), None),
    (re.compile(r"PUT /api/archive/uploads/"), None),
    (re.compile(r"PUT /api/media/"), None),
    (re.compile(r"POST /api/edits/log/?\Z"), 64 << 20),
    (re.compile(r"POST /api/media/missing/?\Z"), 16 << 20),
    (re.compile(r"POST /api/archive/uploads/?\Z"), 16 << 20),
    (re.compile(r"(?:POST|DELETE) /api/(?:messages|exchanges)"), 1 << 20),
)


class _TooLarge(Exception):
    pass


def _most(scope: Scope) -> int | None:
    asked = f"{scope['method']} {scope['path']}"
    return next((most for pattern, most in _MORE if pattern.match(asked)), _USUAL)


def wrap(app: App, _datasette: Datasette) -> App:
    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        most = _most(scope) if scope["type"] == "http" else None
        if most is None:
            await app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if headers.get(b"content-type", b"").lower().startswith(b"multipart/"):
            # Nothing here takes files as forms send them, and what Datasette reads them with fails on them.
            await refuse(send, 415, "send a form as application/x-www-form-urlencoded, or JSON")
            return
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > most:
            await refuse(send, 413, f"the body may have at most {most} bytes")
            return
        size, is_started, is_refused = 0, False, False

        async def count() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body") or b"")
            if size > most:
                raise _TooLarge
            return message

        async def pass_on(message: Message) -> None:
            nonlocal is_started, is_refused
            if size > most and not is_started:
                # Whatever Datasette makes of the exception: this is the answer.
                if not is_refused:
                    is_refused = True
                    await refuse(send, 413, f"the body may have at most {most} bytes")
                return
            is_started = True
            await send(message)

        try:
            await app(scope, count, pass_on)
        except _TooLarge:
            await pass_on({})

    return limited
