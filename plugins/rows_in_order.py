"""Tables sorted by a column whose values repeat (times do, to the minute) show each row once, page after page."""

from __future__ import annotations

import sys
from pathlib import Path

from datasette import hookimpl

sys.path.append(str(Path(__file__).parent))

from memories_lib.server import internals


@hookimpl
def startup() -> None:
    """Once, when the server starts."""
    internals.put_ties_in_order()
