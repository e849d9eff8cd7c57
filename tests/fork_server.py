"""Starts servers for the tests in a third of the time: a process that has imported Datasette, and forks.

What is forked runs ``python -m datasette`` with its arguments, environment, folder and log as if it had been started
so. Only packages of others are imported before: what this project's modules find when they are imported is the
server's own. ``python -m tests.fork_server`` reads requests from its standard input, a JSON object a line, and answers
each with a line.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

#: What a server imports besides our own modules.
_IMPORTED = (
    "datasette.cli", "uvicorn", "uvicorn.lifespan.on", "uvicorn.loops.auto", "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto", "sqlite_utils", "PIL.Image", "tomllib", "email.message", "phonenumbers",
)  # fmt: skip


class Forked:
    """One server, with what `subprocess.Popen` has of it."""

    def __init__(self, arguments: list[str], log: Path, cwd: Path | None, environment: dict[str, str] | None) -> None:
        self.returncode: int | None = None
        self.pid: int = _ask(
            start=arguments, log=str(log), cwd=str(cwd or Path.cwd()), environment=environment or dict(os.environ)
        )

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        if self.returncode is None:
            self.returncode = _ask(poll=self.pid)
        return self.returncode

    def wait(self, timeout: float) -> int:
        """The exit code, once it has ended; raises `subprocess.TimeoutExpired`."""
        end = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("datasette", timeout)
            time.sleep(0.02)
        return code

    def terminate(self) -> None:
        """Ask it to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it without warning."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


@cache
def _server() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.fork_server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parent.parent,
    )  # fmt: skip


def _ask(**request: Any) -> Any:
    server = _server()
    assert server.stdin
    assert server.stdout
    server.stdin.write(json.dumps(request) + "\n")
    server.stdin.flush()
    return json.loads(server.stdout.readline())


def main() -> None:
    """Fork and watch until standard input ends; what still runs then is ended."""
    for name in _IMPORTED:
        with suppress(ImportError):
            importlib.import_module(name)
    running: set[int] = set()
    for line in sys.stdin:
        request = json.loads(line)
        if "poll" in request:
            pid, status = os.waitpid(request["poll"], os.WNOHANG)
            running.discard(pid)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            answer = os.fork()
            if not answer:
                _become(request)
                return
            running.add(answer)
        print(json.dumps(answer), flush=True)
    for pid in running:
        os.kill(pid, signal.SIGKILL)


def _become(request: dict[str, Any]) -> None:
    """Be the server that was asked for; in the forked process."""
    out = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for here, there in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(here, there)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.path[0] = ""
    sys.argv = request["start"][1:]
    runpy.run_module("datasette", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
