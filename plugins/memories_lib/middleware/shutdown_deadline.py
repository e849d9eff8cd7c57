"""Told to end, the server ends: within five seconds, whatever is still being sent or waited for.

What was answered is on disk by then, and SQLite undoes what was half done when the archive is opened next.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

from datasette.app import Datasette

from memories_lib.middleware import lifespan
from memories_lib.server.asgi import App

#: Whoever runs the server kills it a little later: Fly after five seconds, unless told otherwise.
LONGEST_S = 4.5
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def wrap(app: App, _datasette: Datasette) -> App:
    # Only then: until it starts, the server has not put its own handlers in place.
    return lifespan.at("startup", _watch, app)


async def _watch() -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    if os.name == "posix" and _watch_beside():
        return
    for number in _SIGNALS:
        before = signal.getsignal(number)
        if callable(before):
            signal.signal(number, _with_a_limit(before))


def _watch_beside() -> bool:
    """Let a thread hear of signals; False where somebody else does.

    Python's own handlers run in the main thread, and only once it is back from whatever it waits for.
    """
    hears, told = os.pipe()
    os.set_blocking(told, False)
    before = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    if before != -1:
        signal.set_wakeup_fd(before)
        os.close(hears)
        os.close(told)
        return False
    threading.Thread(target=_hear, args=(hears,), name="told to end", daemon=True).start()
    return True


def _hear(hears: int) -> None:
    while numbers := os.read(hears, 64):
        if any(number in numbers for number in _SIGNALS):
            _end_in_time()


def _end_in_time() -> None:
    # Without cleaning up: whatever that would wait for is what is waited for already.
    timer = threading.Timer(LONGEST_S, os._exit, (0,))
    timer.daemon = True
    timer.start()


def _with_a_limit(before: Any) -> Callable[[int, Any], None]:
    def handle(number: int, frame: object) -> None:
        _end_in_time()
        before(number, frame)

    return handle
