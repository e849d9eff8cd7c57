"""Methods that no page knows are refused: Datasette looks for one of that name in its own views, and fails.

The API says for each of its paths which ones it takes.
"""

from .refusal import refuse

_KNOWN = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def wrap(app, _datasette):
    async def known(scope, receive, send):
        if scope["type"] == "http" and scope["method"] not in _KNOWN and "/api/" not in scope["path"]:
            await refuse(send, 405, "Method Not Allowed", [(b"allow", b"GET, HEAD, POST")])
            return
        await app(scope, receive, send)

    return known
