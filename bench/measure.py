"""Running a thing in a process of its own and seeing what it took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent


class Run(NamedTuple):
    """What a task took. `told` is what it printed; `mib` its largest memory; `error` its last words if it failed."""

    seconds: float
    mib: float
    told: dict[str, float]
    error: str = ""


def run(arguments: list[str], stdin: bytes = b"") -> Run:
    """Run a command to its end. Time is its own, where it prints one, else all of it."""
    import time

    started = time.perf_counter()
    process = subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    out, problem = process.stdin, process.stderr
    assert out is not None
    assert problem is not None
    assert process.stdout is not None
    out.write(stdin)
    out.close()
    printed = process.stdout.read().decode()
    said = problem.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    if process.returncode:
        return Run(seconds, usage.ru_maxrss / 1024, {}, (said.strip().splitlines() or ["failed"])[-1][:100])
    last = printed.strip().splitlines()[-1:] or ["{}"]
    told = json.loads(last[0]) if last[0].startswith("{") else {}
    return Run(told.get("seconds", seconds), usage.ru_maxrss / 1024, told)


def task(*arguments: str | Path) -> Run:
    """Run one of `bench.tasks`."""
    return run([sys.executable, "-m", "bench.tasks", *map(str, arguments)])


def best(times: int, *arguments: str | Path) -> Run:
    """The quickest of a few runs: the one that the neighbours disturbed least."""
    return min((task(*arguments) for _ in range(times)), key=lambda found: found.seconds)
