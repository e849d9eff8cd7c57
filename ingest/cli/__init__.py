"""The command `memories`. Thin: options, progress, errors. The only files that print.

Each module holds a few commands and adds them to the group.
"""

from ingest.cli import (
    ask,
    chats,
    correcting,
    gemini,
    ingesting,
    looking,
    people,
    publish,
    remote,
    serving,
    sources,
    understanding,
    upkeep,
)  # fmt: skip
from ingest.cli.base import main

__all__ = [
    "ask", "chats", "correcting", "gemini", "ingesting", "looking", "main", "people", "publish", "remote", "serving",
    "sources", "understanding", "upkeep",
]  # fmt: skip
