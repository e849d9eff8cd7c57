"""The command `memories`. Thin: options, progress, errors. The only files that print.

Each module holds a few commands and adds them to the group.
"""

from ingest.cli import archive, asking, correcting, gemini, publish, remote, upkeep
from ingest.cli.base import main

__all__ = ["archive", "asking", "correcting", "gemini", "main", "publish", "remote", "upkeep"]
