"""What is to be done when the server starts or ends, said once: the messages of ASGI's lifespan protocol."""


def at(kind, act, app):
    """`app`, with `await act()` before it hears of a lifespan message (``startup`` or ``shutdown``)."""

    async def answer(scope, receive, send):
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return

        async def heard():
            message = await receive()
            if message["type"] == f"lifespan.{kind}":
                await act()
            return message

        await app(scope, heard, send)

    return answer
