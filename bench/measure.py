"""Running a thing in a process of its own and seeing what it took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
PEERS = ROOT / ".bench" / "peers"


class Run(NamedTuple):
    """What a task took. `told` is what it printed; `mib` its largest memory; `error` its last words if it failed."""

    seconds: float
    mib: float
    told: dict[str, float]
    error: str = ""


def run(arguments: list[str], stdin: bytes = b"") -> Run:
    """Run a command to its end. Time is its own, where it prints one, else all of it."""
    started = time.perf_counter()
    environment = os.environ | {"NODE_PATH": str(PEERS / "node_modules")}
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as problem:
        given.write(stdin)
        given.seek(0)
        process = subprocess.Popen(arguments, stdin=given, stdout=out, stderr=problem, cwd=ROOT, env=environment)
        kib = 0
        while process.poll() is None:
            kib = max(kib, _largest(process.pid))
            time.sleep(0.01)
        seconds = time.perf_counter() - started
        out.seek(0)
        problem.seek(0)
        printed, said = out.read().decode(), problem.read().decode()
    if process.returncode:
        return Run(seconds, kib / 1024, {}, (said.strip().splitlines() or ["failed"])[-1][:100])
    last = printed.strip().splitlines()[-1:] or ["{}"]
    told = json.loads(last[0]) if last[0].startswith("{") else {}
    return Run(told.get("seconds", seconds), kib / 1024, told)


def _largest(process: int) -> int:
    """The largest memory (KiB) of a process and those it started; not `ru_maxrss`, which begins with its parent's."""
    found = 0
    try:
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                found = int(line.split()[1])
        for thread in Path(f"/proc/{process}/task").iterdir():
            found += sum(_largest(int(child)) for child in (thread / "children").read_text().split())
    except OSError:
        pass  # it has just ended
    return found


def task(*arguments: str | Path) -> Run:
    """Run one of `bench.tasks` with this project's interpreter."""
    return run([sys.executable, "-m", "bench.tasks", *map(str, arguments)])


def peer(*arguments: str | Path) -> Run:
    """Run one of `bench.tasks` where the peers are installed, so that what they bring is not held against us."""
    return run([str(PEERS / "venv" / "bin" / "python"), "-m", "bench.tasks", *map(str, arguments)])


def best(times: int, *arguments: str | Path) -> Run:
    """The quickest of a few runs: the one that the neighbours disturbed least."""
    return min((task(*arguments) for _ in range(times)), key=lambda found: found.seconds)
