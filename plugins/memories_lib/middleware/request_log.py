"""One JSON line a request on standard error: method, path, status, time. No question, no words, no token.

`MEMORIES_LOG_LEVEL` says how much: `info` each request, `warning` those that failed or were slow, `error` failures.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

from datasette.app import Datasette

from memories_lib.server import internals
from memories_lib.server.asgi import App, Message, Receive, Scope, Send
from memories_lib.shared.contract import FULL
from memories_lib.web import status

_RANKS = {"debug": 0, "info": 1, "warning": 2, "error": 3}
#: What may stand in a line: anything else in a path could be somebody's words.
_PLAIN = re.compile(r"[\w./:-]{1,64}\Z", re.ASCII)
_SECRET = re.compile(r"/s/[^/]+")
_FULL_EVERY_S = 3600
_said = {"full": 0.0}


def _plain(path: str) -> str:
    path = _SECRET.sub("/s/…", path)
    parts = ["…" if len(part) > 70 or not (part == "" or _PLAIN.match(part)) else part for part in path.split("/")]
    return "/".join(parts)


def _say(**line: Any) -> None:
    print(json.dumps(line, ensure_ascii=False), file=sys.stderr, flush=True)


def replace_access_log() -> None:
    """Our lines instead of Uvicorn's, where any are wanted."""
    if os.environ.get("MEMORIES_LOG_LEVEL"):
        internals.silence_access_log()


def wrap(app: App, datasette: Datasette) -> App:
    least = _RANKS.get(os.environ.get("MEMORIES_LOG_LEVEL", "").lower(), 2)
    is_on = bool(os.environ.get("MEMORIES_LOG_LEVEL"))

    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        found, size, started = 500, 0, time.perf_counter()

        async def look(message: Message) -> None:
            nonlocal found, size
            if message["type"] == "http.response.start":
                found = message["status"]
            elif message["type"] == "http.response.body":
                size += len(message.get("body", b""))
            await send(message)

        try:
            await app(scope, receive, look)
        finally:
            seconds = time.perf_counter() - started
            status.count(found, seconds)
            rank = 3 if found >= 500 else 2 if seconds > 1 else 1
            if is_on and rank >= least:
                _say(
                    at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                    level=("info", "warning", "error")[rank - 1], method=scope["method"],
                    path=_plain(scope["path"]), status=found, ms=round(seconds * 1000, 1), bytes=size,
                )  # fmt: skip
            if is_on:
                _warn_when_full(datasette)

    return told


def _warn_when_full(datasette: Datasette) -> None:
    now = time.monotonic()
    if _said["full"] and now - _said["full"] < _FULL_EVERY_S:
        return
    _said["full"] = now
    for database in datasette.databases.values():
        if database.path:
            used = status.disk(Path(database.path).resolve().parent)["used_part"]
            if used > FULL:
                _say(level="warning", disk_used_part=used, detail="the disk is nearly full; make the volume larger")
            return
