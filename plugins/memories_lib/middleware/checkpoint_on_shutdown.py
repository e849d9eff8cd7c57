"""When the server is told to end, what it wrote is brought into the archive's own file: one file, nothing beside it."""

from __future__ import annotations

import sqlite3

from datasette.app import Datasette

from memories_lib.middleware import lifespan
from memories_lib.server import served_archive
from memories_lib.server.asgi import App
from memories_lib.server.http import ApiError
from memories_lib.shared import versions


async def _settle(datasette: Datasette) -> None:
    try:
        database = served_archive.database_of(datasette)
        if not database.is_mutable:
            return
        await database.execute_write_fn(versions.settle)
        versions.settle(served_archive.log_of(database))
    except (ApiError, sqlite3.Error):
        return  # nothing is lost: whoever opens it next reads the log


def wrap(app: App, datasette: Datasette) -> App:
    return lifespan.at("shutdown", lambda: _settle(datasette), app)
