"""What every request passes: size, origin, who asks, headers, log. The list is in `memories_lib.middleware`."""

from __future__ import annotations

import sys
from functools import wraps
from pathlib import Path
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette

sys.path.append(str(Path(__file__).parent))

from memories_lib import middleware
from memories_lib.middleware import gate, request_log
from memories_lib.server import internals

# Uvicorn reads it when it starts, which is before hooks are called.
internals.trust_no_proxy()


# Called last, and so around everything that other plugins wrap.
@hookimpl(trylast=True)
def asgi_wrapper(datasette: Datasette) -> Any:
    return lambda app: wraps(app)(middleware.wrap(app, datasette))


@hookimpl(tryfirst=True)
def startup() -> None:
    """Before anything is answered."""
    gate.refuse_other_datasettes()
    request_log.replace_access_log()
