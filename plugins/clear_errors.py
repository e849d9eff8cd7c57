"""What somebody asked wrongly is told as that: Datasette 0.65 calls it an error of the server."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import Any

from datasette import Response, hookimpl
from datasette.app import Datasette
from datasette.database import QueryInterrupted
from datasette.utils.asgi import Base400, Request
from datasette.views.base import DatasetteError

sys.path.append(str(Path(__file__).parent))

from memories_lib.server import damage_met, internals
from memories_lib.shared import sqlite_errors

_ASKED_WRONGLY = ("Cannot sort table by ", "Cannot use _sort and _sort_desc")
#: What Datasette's own pages raise when they try to make sense of a parameter that has none.
_MEANS_NOTHING = (ValueError, TypeError, LookupError, ArithmeticError, AssertionError, sqlite3.ProgrammingError)


@hookimpl
def startup() -> None:
    internals.tell_errors_in_csv()


@hookimpl(tryfirst=True)
def handle_exception(datasette: Datasette, request: Request, exception: BaseException) -> Any:
    """400 for parameters that mean nothing to a table, 503 for a damaged file; everything else is told as ever."""
    if isinstance(exception, DatasetteError):
        if exception.message.startswith(_ASKED_WRONGLY):
            exception.status = 400
        return _page(datasette, request, exception)
    if isinstance(exception, Base400):
        return _page(datasette, request, DatasetteError(str(exception.args[0]), status=exception.status))
    if isinstance(exception, QueryInterrupted):
        said = "That takes longer than one question may; ask for less of it"
        return _page(datasette, request, DatasetteError(said, title="Too long", status=400))
    if sqlite_errors.is_corrupt(exception):
        damage_met.note(exception)
        said = "A file of the archive is damaged; memories doctor says which, and what to do"
        return _page(datasette, request, DatasetteError(said, status=503))
    if (
        request.method == "GET"
        and isinstance(exception, _MEANS_NOTHING)
        and internals.comes_from_datasettes_pages(exception)
    ):
        return _page(datasette, request, DatasetteError("One of the parameters means nothing here", status=400))
    return None


def _page(datasette: Datasette, request: Request, error: DatasetteError) -> Any:
    """The error as a page in its reader's language; what programs ask for is answered as Datasette does."""
    if request.path.endswith((".json", ".csv")) or error.message_is_html:
        return internals.tell(datasette, request, error)

    async def tell() -> Response:
        given = {"status": error.status, "title": error.title, "error": error.message}
        html = await datasette.render_template("error.html", given, request=request, view_name="memories")
        return Response.html(html, status=error.status)

    return tell
