"""The command `memories` beside the server, in a process of its own: for what needs more than the served file."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

#: One at a time: each may take as much memory as the server itself.
_at_once = asyncio.Semaphore(1)
_MISSING = "the command memories is not installed beside this server"


class CommandError(Exception):
    """The command did not do it. `is_missing`: there is no such command here; the text is its own sentence."""

    def __init__(self, sentence: str, *, is_missing: bool = False) -> None:
        super().__init__(sentence)
        self.is_missing = is_missing


def is_installed() -> bool:
    """Whether there is such a command here."""
    return importlib.util.find_spec("ingest") is not None


async def run(
    path: str | Path, command: Sequence[str], options: Sequence[str], words: Sequence[str] = (), *, wait_s: float
) -> str:
    """What ``memories COMMAND OPTIONS --db PATH -- WORDS`` prints. Raises `CommandError`.

    `command` and `options` are ours; `words` may be anything that somebody typed.
    """
    line = [sys.executable, "-m", "ingest", *command, *options, "--", *words]
    # A group of commands takes the archive itself: memories chats --db PATH join …
    line[4:4] = ["--db", str(path)]
    async with _at_once:
        process = await asyncio.create_subprocess_exec(
            *line, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), wait_s)
        except TimeoutError:
            raise CommandError("it took too long, and was stopped") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if process.returncode == 0:
        return out.decode("utf-8", "replace")
    last = err.decode("utf-8", "replace").strip().rpartition("\n")[2]
    if last.startswith("memories: "):
        raise CommandError(last.removeprefix("memories: "))
    raise CommandError(_MISSING, is_missing=True)
