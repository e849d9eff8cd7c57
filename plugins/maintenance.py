"""`memories maintenance on`: a banner on every page."""

import importlib.util
import sys
from pathlib import Path

from datasette import hookimpl

if "memories_lib" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("memories_lib", Path(__file__).parent / "lib" / "__init__.py")
    sys.modules["memories_lib"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["memories_lib"])

from memories_lib.middleware.closed_for_maintenance import served_note


@hookimpl
def extra_template_vars(datasette):
    """`maintenance`: the banner's words."""
    return {"maintenance": (served_note(datasette) or {}).get("text")}
