"""`/-/status`: how the server is, as a page for its owner and as JSON."""

import importlib.util
import sys
from pathlib import Path

from datasette import Forbidden, Response, hookimpl

if "memories_lib" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("memories_lib", Path(__file__).parent / "lib" / "__init__.py")
    sys.modules["memories_lib"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["memories_lib"])

from memories_lib import access
from memories_lib import status as lib_status


async def status(request, datasette):
    """Everything that `memories doctor --remote` and a worried owner want to know."""
    if not access.may(request.actor, "owner"):
        raise Forbidden("status")
    found = await lib_status.of(datasette)
    if request.url_vars["json"] or "json" in request.headers.get("accept", "").partition(",")[0]:
        return Response.json(found, headers={"cache-control": "no-store"})
    html = await datasette.render_template(
        "status.html", {"status": found, "full": lib_status.FULL}, request=request, view_name="memories"
    )
    return Response.html(html, headers={"cache-control": "no-store"})


@hookimpl
def register_routes():
    return [(r"^/-/status(?P<json>\.json)?/?$", status)]
