"""`memories maintenance on`: a banner on every page."""

import sys
from pathlib import Path

from datasette import hookimpl

sys.path.append(str(Path(__file__).parent))

from memories_lib.middleware.closed_for_maintenance import served_note


@hookimpl
def extra_template_vars(datasette):
    """`maintenance`: the banner's words."""
    return {"maintenance": (served_note(datasette) or {}).get("text")}
