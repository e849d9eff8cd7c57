"""Answers kept until the archive changes: what was asked before is not worked out again."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, TypeVar, cast

from datasette.app import Datasette
from datasette.utils.asgi import Request

from memories_lib.server import internals, served_archive
from memories_lib.server.http import JsonBody

T = TypeVar("T")
_MOST_BYTES = 8 << 20
#: A longer question is not kept: whoever asks it asks for nothing that the pages ask for.
_LONGEST_QUESTION = 2_000
#: What an entry takes beside its answer and its question, in bytes.
_ENTRY = 1_000

_kept: OrderedDict[tuple[date, str], JsonBody] = OrderedDict()
_state: dict[str, Any] = {"stamp": None, "bytes": 0}
#: What pages are made of: (day, name of it) -> (stamp, value). A handful, each of the size of a page.
_values: OrderedDict[tuple[date, str], tuple[object, Any]] = OrderedDict()
_MOST_VALUES = 64


def stamp_of(datasette: Datasette) -> tuple[object, ...] | None:
    """What is another one after each commit that readers see; None where it cannot be told.

    Times and sizes of the files are others before readers see a commit: SQLite writes the log, then waits for the disk.
    See https://www.sqlite.org/pragma.html#pragma_data_version.
    """
    database = served_archive.database_of(datasette)
    connection = internals.connection_to_answer_with(datasette, database)
    try:
        return id(connection), connection.execute("PRAGMA data_version").fetchone()[0]
    except sqlite3.OperationalError:
        return None


def forget() -> None:
    """The archive is another one now."""
    _kept.clear()
    _values.clear()
    _state.update(stamp=None, bytes=0)


def _size(key: tuple[date, str], body: JsonBody) -> int:
    return body.size() + 2 * len(key[1]) + _ENTRY


async def value(
    datasette: Datasette, name: str, make: Callable[[], Awaitable[T]], since: tuple[object, ...] | None = None
) -> T:
    """What `make()` gives, or gave under this name today while the archive was the same.

    Whatever was read for it before this call was read after `since` (`stamp_of`): without one, nothing was.
    """
    now, key = stamp_of(datasette), (date.today(), name)
    stamp = since or now
    known = _values.get(key)
    if known is not None and now is not None and known[0] == now:
        _values.move_to_end(key)
        return cast(T, known[1])
    made = await make()
    # What was read while the archive changed is not kept: it may be from before.
    if stamp is not None and stamp_of(datasette) == stamp:
        _values[key] = stamp, made
        _values.move_to_end(key)
        while len(_values) > _MOST_VALUES:
            _values.popitem(last=False)
    return made


async def answer(request: Request, datasette: Datasette, function: Callable[..., Any]) -> Any:
    """What `function` answers, or answered to the same question before."""
    stamp = stamp_of(datasette)
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
    if not isinstance(found, dict) or len(key[1]) > _LONGEST_QUESTION:
        return found
    body = JsonBody(found)
    # What was read while the archive changed is not kept: it may be from before. Nor is what somebody else kept.
    if stamp is not None and stamp_of(datasette) == stamp == _state["stamp"] and key not in _kept:
        _kept[key] = body
        _state["bytes"] += _size(key, body)
        while _state["bytes"] > _MOST_BYTES:
            _state["bytes"] -= _size(*_kept.popitem(last=False))
    return body
