"""``/health``: whether the archive can be read, for whoever watches the server. Says nothing of what is in it."""

import importlib.util
import sys
from pathlib import Path

from datasette import Response, hookimpl

if "memories_lib" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("memories_lib", Path(__file__).parent / "lib" / "__init__.py")
    sys.modules["memories_lib"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["memories_lib"])

from memories_lib import archive, bundle
from memories_lib.http import ApiError


async def health(datasette):
    """200 when a row of the archive could be read, else 503 with the reason."""
    try:
        await archive.read(datasette, lambda run: run("SELECT id FROM messages LIMIT 1").fetchone())
    except ApiError as error:
        return _unwell(error.detail)
    except Exception as error:  # whatever keeps the archive from being read
        return _unwell(f"the archive cannot be read ({type(error).__name__})")
    database = archive.database_of(datasette).path
    more = {"last_backup_at": made_at} if (made_at := bundle.last_made_at(Path(database))) else {}
    return Response.json({"status": "healthy", **more}, headers={"cache-control": "no-store"})


def _unwell(reason):
    return Response.json({"status": "unhealthy", "detail": reason}, status=503, headers={"cache-control": "no-store"})


@hookimpl
def register_routes():
    return [(r"^/health/?$", health)]
