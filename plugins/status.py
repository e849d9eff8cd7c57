"""`/-/status`: how the server is, as a page for its owner and as JSON."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from datasette import Forbidden, Response, hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request

sys.path.append(str(Path(__file__).parent))

from memories_lib.access import roles
from memories_lib.shared import settings
from memories_lib.shared.contract import FULL
from memories_lib.web import status as lib_status


async def status(request: Request, datasette: Datasette) -> Response:
    """Everything that `memories doctor --remote` and a worried owner want to know."""
    if not roles.may(request.actor, "owner"):
        raise Forbidden("status")
    found = await lib_status.of(datasette)
    if request.url_vars["json"] or "json" in request.headers.get("accept", "").partition(",")[0]:
        return Response.json(found, headers={"cache-control": "no-store"})
    html = await datasette.render_template(
        "status.html",
        {"status": found, "full": FULL, "advice": settings.wrong()},
        request=request,
        view_name="memories",
    )
    return Response.html(html, headers={"cache-control": "no-store"})


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    return [(r"^/-/status(?P<json>\.json)?/?$", status)]
