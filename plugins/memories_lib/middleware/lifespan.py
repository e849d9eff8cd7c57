"""What is to be done when the server starts or ends, said once: the messages of ASGI's lifespan protocol."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from memories_lib.server.asgi import App, Message, Receive, Scope, Send


def at(kind: str, act: Callable[[], Awaitable[None]], app: App) -> App:
    """`app`, with `await act()` before it hears of a lifespan message (``startup`` or ``shutdown``)."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return

        async def heard() -> Message:
            message = await receive()
            if message["type"] == f"lifespan.{kind}":
                await act()
            return message

        await app(scope, heard, send)

    return answer
