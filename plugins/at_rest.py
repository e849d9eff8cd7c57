"""When the server is told to end, what it wrote is brought into the archive's own file: one file, nothing beside it."""

import importlib.util
import sqlite3
import sys
from functools import wraps
from pathlib import Path

from datasette import hookimpl

if "memories_lib" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("memories_lib", Path(__file__).parent / "lib" / "__init__.py")
    sys.modules["memories_lib"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["memories_lib"])

from memories_lib import archive, versions
from memories_lib.http import ApiError


async def _settle(datasette):
    try:
        database = archive.database_of(datasette)
        await database.execute_write_fn(versions.settle)
        versions.settle(archive.log_of(database))
    except (ApiError, sqlite3.Error):
        return  # nothing is lost: whoever opens it next reads the log


@hookimpl
def asgi_wrapper(datasette):
    def wrap(app):
        @wraps(app)
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

    return wrap
