"""A process beside this one, where there are two processors: how it is started, spoken with and missed."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from ingest.core.errors import HelperEnded

ONE_PROCESS = "MEMORIES_ONE_PROCESS"
_LENGTH = 8


def may_have_helper() -> bool:
    """Whether a second process would find a processor, and the user has nothing against it."""
    # Windows hands no open files to another process.
    return os.name == "posix" and _processors() > 1 and not os.environ.get(ONE_PROCESS)


def collect_rarely() -> None:
    """Millions of tuples come and go here and none points back at another: looking for cycles often costs 7 %."""
    gc.set_threshold(200_000, 50, 100)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def start_helper(module: str, *arguments: str, pass_fds: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """``python -m module`` with pipes to and from it. Raises OSError when there can be none."""
    root = str(Path(__file__).parent.parent.parent)
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a traceback could hold somebody's words
        env=os.environ | {"PYTHONPATH": path},
        pass_fds=pass_fds,
    )


def end_helper(process: subprocess.Popen[bytes]) -> None:
    """Stop it, finished or not."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        assert pipe
        try:
            pipe.close()
        except BrokenPipeError:
            pass  # what it did not read is lost with it


def helper_ended() -> HelperEnded:
    """What to tell the user when it is gone before its work was done."""
    return HelperEnded(
        "the helper process ended early, perhaps for want of memory; nothing was changed. "
        f"Try again, or without it: {ONE_PROCESS}=1 memories ingest …"
    )


def write_blob(stream: IO[bytes], blob: bytes) -> None:
    """Send `blob` with its length in front."""
    stream.write(len(blob).to_bytes(_LENGTH, "big"))
    stream.write(blob)
    stream.flush()


def read_blob(stream: IO[bytes]) -> bytes:
    """The next blob; empty at the end, also when the other side stopped midway."""
    length = int.from_bytes(stream.read(_LENGTH), "big")
    blob = stream.read(length)
    return blob if len(blob) == length else b""
