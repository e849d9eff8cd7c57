"""Found by Python in a server that is measured: how long each step of its event loop takes.

Writes the long steps into the file that `STALLS` names: milliseconds of processor, of clock, and when each ended.
"""

import asyncio.events
import os
import threading
import time

_run = asyncio.events.Handle._run
_slowest: list[tuple[float, float, float]] = []


def _timed(handle: asyncio.events.Handle) -> None:
    clock, processor = time.perf_counter(), time.thread_time()
    _run(handle)
    used = time.thread_time() - processor
    if used > 0.01:
        _slowest.append((1000 * used, 1000 * (time.perf_counter() - clock), time.time()))
        del _slowest[:-20_000]


def _write() -> None:
    while True:
        time.sleep(1)
        with open(f"{os.environ['STALLS']}.part", "w", encoding="utf-8") as out:  # noqa: PTH123
            out.writelines(f"{used:.1f}\t{clock:.1f}\t{at:.3f}\n" for used, clock, at in list(_slowest))
        os.replace(f"{os.environ['STALLS']}.part", os.environ["STALLS"])  # noqa: PTH105


if "STALLS" in os.environ:
    asyncio.events.Handle._run = _timed  # type: ignore[method-assign]
    threading.Thread(target=_write, daemon=True).start()
