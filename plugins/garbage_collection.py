"""What the server holds for as long as it runs is not looked through again for garbage.

Python's collector stops everything while it looks at all that is alive: 25 ms with the modules of Datasette, and longer
on a small machine, in the middle of any page. See https://docs.python.org/3/library/gc.html#gc.freeze.
"""

from __future__ import annotations

import gc

from datasette import hookimpl


@hookimpl(trylast=True)
def startup() -> None:
    """Once everything is loaded."""
    gc.collect()
    gc.freeze()
