"""Keeps people's words out of the server's log: no local variables of errors, no queries, no search terms."""

import importlib.util
from pathlib import Path

from datasette import hookimpl

_spec = importlib.util.spec_from_file_location("memories_internals", Path(__file__).parent / "lib" / "internals.py")
internals = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(internals)


@hookimpl
def startup():
    """Once, when the server starts."""
    internals.keep_locals_out_of_logs()
    internals.keep_queries_out_of_logs()
    internals.keep_questions_out_of_logs()
