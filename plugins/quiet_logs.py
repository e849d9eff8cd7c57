"""Keeps people's words out of the server's log: no local variables of errors, no queries, no search terms."""

from __future__ import annotations

import sys
from pathlib import Path

from datasette import hookimpl

sys.path.append(str(Path(__file__).parent))

from memories_lib.server import internals


@hookimpl
def startup() -> None:
    """Once, when the server starts."""
    internals.keep_locals_out_of_logs()
    internals.keep_queries_out_of_logs()
    internals.keep_questions_out_of_logs()
