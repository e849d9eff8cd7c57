"""Tables sorted by a column whose values repeat (times do, to the minute) show each row once, page after page."""

import importlib.util
from pathlib import Path

from datasette import hookimpl

_spec = importlib.util.spec_from_file_location("memories_internals", Path(__file__).parent / "lib" / "internals.py")
internals = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(internals)


@hookimpl
def startup():
    """Once, when the server starts."""
    internals.put_ties_in_order()
