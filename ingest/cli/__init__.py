"""The command `memories`. Thin: options, progress, errors. The only files that print.

Each module holds a few commands and adds them to the group; `base.MODULES` tells which, so that a command imports what
it needs and nothing else.
"""

from ingest.cli.base import main

__all__ = ["main"]
