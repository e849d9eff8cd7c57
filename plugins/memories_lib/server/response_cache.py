"""Answers kept until the archive changes: what was asked before is not worked out again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from datasette.app import Datasette
from datasette.database import Database
from datasette.utils.asgi import Request

from memories_lib.server import served_archive
from memories_lib.server.http import Body

_MOST_BYTES = 8 << 20

_kept: OrderedDict[tuple[date, str], Body] = OrderedDict()
_state: dict[str, Any] = {"stamp": None, "bytes": 0}


def _stamp(database: Database) -> tuple[object, ...]:
    """What changes with every commit: the times and sizes of the file and of its log."""
    found: list[tuple[int, int, int] | None] = []
    for end in ("", "-wal"):
        try:
            about = Path(f"{database.path}{end}").stat()
        except OSError:
            found.append(None)
        else:
            found.append((about.st_ino, about.st_mtime_ns, about.st_size))
    return database.path, *found


def forget() -> None:
    """The archive is another one now."""
    _kept.clear()
    _state.update(stamp=None, bytes=0)


async def answer(request: Request, datasette: Datasette, function: Callable[..., Any]) -> Any:
    """What `function` answers, or answered to the same question before."""
    stamp = _stamp(served_archive.database_of(datasette))
    if stamp != _state["stamp"]:
        _kept.clear()
        _state.update(stamp=stamp, bytes=0)
    # Some answers are of a day: "on this day", years that have begun.
    key = date.today(), request.full_path
    body = _kept.get(key)
    if body is not None:
        _kept.move_to_end(key)
        return body
    found = await function(request, datasette)
    # What was read while the archive changed is not kept: it may be from before.
    if isinstance(found, dict) and _stamp(served_archive.database_of(datasette)) == stamp:
        found = _kept[key] = Body(found)
        _state["bytes"] += found.size()
        while _state["bytes"] > _MOST_BYTES and len(_kept) > 1:
            _state["bytes"] -= _kept.popitem(last=False)[1].size()
    return found
