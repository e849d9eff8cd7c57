"""When the server is told to end, what it wrote is brought into the archive's own file: one file, nothing beside it."""

import sqlite3

from .. import archive, versions
from ..http import ApiError


async def _settle(datasette):
    try:
        database = archive.database_of(datasette)
        await database.execute_write_fn(versions.settle)
        versions.settle(archive.log_of(database))
    except (ApiError, sqlite3.Error):
        return  # nothing is lost: whoever opens it next reads the log


def wrap(app, datasette):
    async def answer(scope, receive, send):
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return

        async def heard():
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await _settle(datasette)
            return message

        await app(scope, heard, send)

    return answer
