"""When the server is told to end, what it wrote is brought into the archive's own file: one file, nothing beside it."""

import sqlite3

from .. import archive, versions
from ..http import ApiError
from . import lifespan


async def _settle(datasette):
    try:
        database = archive.database_of(datasette)
        await database.execute_write_fn(versions.settle)
        versions.settle(archive.log_of(database))
    except (ApiError, sqlite3.Error):
        return  # nothing is lost: whoever opens it next reads the log


def wrap(app, datasette):
    return lifespan.at("shutdown", lambda: _settle(datasette), app)
