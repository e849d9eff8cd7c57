"""Connections that are open and ask for nothing: a request's head has a time to arrive in, and so many may wait.

Uvicorn waits for ever for the rest of a head, and each connection is a file that the server holds: a thousand of them,
and nobody else gets in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import wraps
from typing import Any

#: A head arrives in so many seconds; so many connections wait for one at a time, then the oldest is closed.
HEAD_S, MOST_WAITING = 20.0, 200

#: protocol -> what closes it
_waiting: dict[Any, asyncio.TimerHandle] = {}


def watch(protocol_class: type[asyncio.Protocol]) -> None:
    """Let connections of this class, one of uvicorn's for HTTP, be closed that ask for nothing. Once."""
    if hasattr(protocol_class.connection_made, "__wrapped__"):
        return
    _after(protocol_class, "connection_made", _wait)
    _after(protocol_class, "data_received", _look)
    _after(protocol_class, "connection_lost", _forget)


def _after(protocol_class: type[asyncio.Protocol], name: str, then: Callable[[Any], None]) -> None:
    method = getattr(protocol_class, name)

    @wraps(method)
    def both(self: Any, *given: Any) -> None:
        method(self, *given)
        then(self)

    setattr(protocol_class, name, both)


def _wait(protocol: Any) -> None:
    if protocol in _waiting:
        return
    if len(_waiting) >= MOST_WAITING:
        _close(next(iter(_waiting)))
    _waiting[protocol] = asyncio.get_running_loop().call_later(HEAD_S, _close, protocol)


def _look(protocol: Any) -> None:
    cycle = protocol.cycle
    if cycle is not None and not cycle.response_complete:
        _forget(protocol)
    else:
        _wait(protocol)


def _forget(protocol: Any) -> None:
    if timer := _waiting.pop(protocol, None):
        timer.cancel()


def _close(protocol: Any) -> None:
    _forget(protocol)
    protocol.transport.close()
