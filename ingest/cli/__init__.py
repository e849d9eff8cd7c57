"""The command `memories`. Thin: options, progress, errors. The only files that print.

Each module holds a few commands and adds them to the group.
"""

from ingest.cli import archive, ask, chats, correcting, gemini, people, publish, remote, sources, upkeep
from ingest.cli.base import main

__all__ = [
    "archive", "ask", "chats", "correcting", "gemini", "main", "people", "publish", "remote", "sources", "upkeep",
]  # fmt: skip
