"""What every request passes: size, origin, who asks, headers, log. The list is `lib/middleware/__init__.py`."""

import importlib.util
import sys
from functools import wraps
from pathlib import Path

from datasette import hookimpl

if "memories_lib" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("memories_lib", Path(__file__).parent / "lib" / "__init__.py")
    sys.modules["memories_lib"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["memories_lib"])

from memories_lib import middleware
from memories_lib.middleware import gate, request_log


# Called last, and so around everything that other plugins wrap.
@hookimpl(trylast=True)
def asgi_wrapper(datasette):
    return lambda app: wraps(app)(middleware.wrap(app, datasette))


@hookimpl(tryfirst=True)
def startup():
    """Before anything is answered."""
    gate.refuse_other_datasettes()
    request_log.replace_access_log()
