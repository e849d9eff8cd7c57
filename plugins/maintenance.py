"""`memories maintenance on`: a banner on every page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette

sys.path.append(str(Path(__file__).parent))

from memories_lib.middleware.closed_for_maintenance import served_note


@hookimpl
def extra_template_vars(datasette: Datasette) -> dict[str, Any]:
    """`maintenance`: the banner's words."""
    return {"maintenance": (served_note(datasette) or {}).get("text")}
