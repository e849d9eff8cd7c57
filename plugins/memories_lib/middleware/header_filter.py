"""Headers that Datasette would fail on are left out: what is no text, and Basic authorization, which nothing asks for.

What reads cookies or Basic authorization fails on odd ones, and the answer would be an error, with no header of ours.
"""

from __future__ import annotations

from datasette.app import Datasette

from memories_lib.server.asgi import App, Receive, Scope, Send


def _is_plain(name: bytes, value: bytes) -> bool:
    if name == b"authorization" and value[:5].lower() == b"basic":
        return False
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def wrap(app: App, _datasette: Datasette) -> App:
    async def plain(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not all(_is_plain(*header) for header in scope["headers"]):
            scope = {**scope, "headers": [header for header in scope["headers"] if _is_plain(*header)]}
        await app(scope, receive, send)

    return plain
