"""What every answer says to browsers: run nothing that is not ours, show this in no frame, tell nobody, guess no types.

Pages of the memories view hold no script of their own. Datasette's do: those that a page was made with are allowed by
their digest, so that neither an attribute nor a `javascript:` address in somebody's words can run.
"""

from __future__ import annotations

import base64
import hashlib
import re

from datasette.app import Datasette

from memories_lib.access import roles
from memories_lib.server import http
from memories_lib.server.asgi import App, Message, Receive, Scope, Send

_POLICY = (
    "default-src 'none'; script-src 'self'{scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: {tiles}; "
    "media-src 'self'; font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_SCRIPT = re.compile(rb"<script(?![^>]*\bsrc=)(?![^>]*json)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
_ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-robots-tag", b"noindex, nofollow"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
]
_CACHE, _KEEP = b"cache-control", http.KEEP.encode()
#: Styles and scripts hold nothing of the archive; a new version of them is seen this soon.
_STATIC = ("/static/", "/-/static/", "/-/static-plugins/")
_STATIC_KEEP = b"private, max-age=600"
_HSTS = (b"strict-transport-security", b"max-age=31536000")


def wrap(app: App, _datasette: Datasette) -> App:
    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        guard = _Guard(send, roles.is_https(scope), is_static=scope["path"].startswith(_STATIC))
        await app(scope, receive, guard.send)

    return guarded


class _Guard:
    """Adds the headers; holds a page back until its scripts are known."""

    def __init__(self, send: Send, is_https: bool, *, is_static: bool) -> None:
        self._send = send
        self._is_static = is_static
        self._more = [*_ALWAYS, _HSTS] if is_https else _ALWAYS
        self._start: Message | None = None
        self._parts: list[bytes] = []

    async def send(self, message: Message) -> None:
        """Take one message of the answer."""
        if message["type"] == "http.response.start":
            named = {name.lower(): value for name, value in message["headers"]}
            keep = named.get(_KEEP) or (_STATIC_KEEP if self._is_static and message["status"] == 200 else None)
            replaced = {*dict(self._more), _KEEP, *([_CACHE] if keep else [])}
            kept = [pair for pair in message["headers"] if pair[0].lower() not in replaced]
            kept += [(_CACHE, keep)] if keep else []
            message = {**message, "headers": [*kept, *self._more]}
            is_saved = named.get(b"content-disposition", b"").startswith(b"attachment")
            if named.get(b"content-type", b"").startswith(b"text/html") and not is_saved:
                self._start = message
                return
            policy = _POLICY.format(scripts="", tiles="").encode()
            message["headers"].append((b"content-security-policy", policy))
        elif self._start is not None and message["type"] == "http.response.body":
            self._parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            body = b"".join(self._parts)
            self._start["headers"].append((b"content-security-policy", _policy_of(body)))
            await self._send(self._start)
            self._start, message = None, {"type": "http.response.body", "body": body}
        await self._send(message)


def _policy_of(page: bytes) -> bytes:
    scripts = [script for script in _SCRIPT.findall(page) if script.strip()]
    digests = [base64.b64encode(hashlib.sha256(script).digest()).decode() for script in scripts]
    named = "".join(f" 'sha256-{digest}'" for digest in dict.fromkeys(digests))
    has_map = any(b"leaflet" in script.lower() or b"DATASETTE_CLUSTER_MAP" in script for script in scripts)
    has_map = has_map or b'<div id="map"' in page or b'<div class="little-map"' in page
    return _POLICY.format(scripts=named, tiles=roles.tile_hosts() if has_map else "").encode()
