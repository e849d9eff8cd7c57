"""``/health``: whether the archive can be read, for whoever watches the server. Says nothing of what is in it."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, ClassVar

from datasette import Response, hookimpl
from datasette.app import Datasette

sys.path.append(str(Path(__file__).parent))

from memories_lib.server import damage_met, served_archive
from memories_lib.server.http import ApiError
from memories_lib.shared import backup_bundle, damage
from memories_lib.shared.sql import Run

#: An archive is looked at for damage so often; each time at other places. What was found is kept until the next start.
_BETWEEN_LOOKS_S = 600
#: So often, where an answer met damage and it is not known yet in which part.
_AFTER_DAMAGE_S = 10


class _Looked:
    at = float("-inf")
    found: ClassVar[list[damage.Part]] = []


async def health(datasette: Datasette) -> Response:
    """200 when the archive can be read, else 503 with the reason.

    Where only an index is damaged the pages are still there: 200, `degraded`, and what to do.
    """
    try:
        # Not in a thread: those may all be busy, and who watches waits for seconds only.
        await served_archive.glance(datasette, _first, lambda _run: True)
        parts = await _damaged(datasette)
    except ApiError as error:
        return _unwell(str(error.detail))
    except Exception as error:  # whatever keeps the archive from being read
        return _unwell(f"the archive cannot be read ({type(error).__name__})")
    if damage_met.is_met() and not parts:
        return _unwell("damaged: what a page asked for; memories doctor says what to do")
    if any(not part.can_be_made_again for part in parts):
        return _unwell(f"damaged: {', '.join(map(str, parts))}; memories doctor says what to do")
    database = served_archive.database_of(datasette).path
    found = {"status": "healthy"}
    if parts:
        detail = f"damaged: {', '.join(map(str, parts))}; start the server again, which makes that again"
        found = {"status": "degraded", "detail": detail}
    elif trouble := await served_archive.trouble_with_edits(datasette):
        found = {"status": "degraded", "detail": f"edits: {trouble}"}
    if made_at := backup_bundle.last_made_at(Path(database)):
        found["last_backup_at"] = made_at
    return Response.json(found, headers={"cache-control": "no-store"})


def _first(run: Run) -> Any:
    return run("SELECT id FROM messages LIMIT 1").fetchone()


async def _damaged(datasette: Datasette) -> list[damage.Part]:
    """The parts of the archive that were found damaged, now or since the start."""
    between = _AFTER_DAMAGE_S if damage_met.is_met() else _BETWEEN_LOOKS_S
    if not _Looked.found and time.monotonic() - _Looked.at > between:
        _Looked.at = time.monotonic()
        _Looked.found = await served_archive.database_of(datasette).execute_fn(damage.look)
    return _Looked.found


def _unwell(reason: str) -> Response:
    return Response.json({"status": "unhealthy", "detail": reason}, status=503, headers={"cache-control": "no-store"})


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    return [(r"^/health/?$", health)]
