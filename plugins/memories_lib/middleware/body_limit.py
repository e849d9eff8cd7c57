"""No request may send more than its path takes: most forms and edits are a few hundred bytes."""

from __future__ import annotations

import asyncio
import re
import time

from datasette.app import Datasette

from memories_lib.middleware.refusal import refuse
from memories_lib.server.asgi import App, Message, Receive, Scope, Send
from memories_lib.shared.contract import MOST_EDITS, MOST_LISTED

_USUAL = 64 << 10
#: A body arrives in so many seconds, and one more for so many bytes that its path takes.
_LONGEST_S, _SLOWEST = 30.0, 20 << 10
#: (method and path, bytes); None: the route looks at it by itself, block by block.
_MORE = (
    (re.compile(r"PUT /api/archive/?\Z"), None),
    (re.compile(r"PUT /api/archive/uploads/"), None),
    (re.compile(r"PUT /api/media/"), None),
    (re.compile(r"POST /api/edits/log/?\Z"), MOST_EDITS),
    (re.compile(r"POST /api/media/missing/?\Z"), MOST_LISTED),
    (re.compile(r"POST /api/archive/uploads/?\Z"), MOST_LISTED),
    (re.compile(r"(?:POST|DELETE) /api/(?:messages|exchanges)"), 1 << 20),
)


class _Refused(BaseException):
    """What is read of a body is too much, or comes too slowly. Not an `Exception`: nobody logs it on its way."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


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
        size, is_whole, is_started = 0, False, False
        refused: _Refused | None = None
        end = time.monotonic() + _LONGEST_S + most / _SLOWEST

        async def count() -> Message:
            nonlocal size, is_whole, refused
            if is_whole:  # what comes now is that somebody goes away
                return await receive()
            try:
                async with asyncio.timeout(max(0.0, end - time.monotonic())):
                    message = await receive()
            except TimeoutError:
                refused = _Refused(408, "the body did not arrive in time; send it again")
                raise refused from None
            size += len(message.get("body") or b"")
            is_whole = not message.get("more_body", False)
            if size > most:
                refused = _Refused(413, f"the body may have at most {most} bytes")
                raise refused
            return message

        async def pass_on(message: Message) -> None:
            nonlocal is_started
            # Whatever is made of the exception on its way: the refusal is the answer.
            if refused is None or is_started:
                is_started = True
                await send(message)

        try:
            await app(scope, count, pass_on)
        except _Refused:
            pass
        if refused is not None and not is_started:
            await refuse(send, refused.status, refused.sentence)

    return limited
