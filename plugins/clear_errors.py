"""What somebody asked wrongly is told as that: Datasette 0.65 calls it an error of the server."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.database import QueryInterrupted
from datasette.utils.asgi import Request
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
        return None
    if isinstance(exception, QueryInterrupted):
        said = "That takes longer than one question may; ask for less of it"
        return internals.tell(datasette, request, DatasetteError(said, title="Too long", status=400))
    if sqlite_errors.is_corrupt(exception):
        damage_met.note(exception)
        said = "A file of the archive is damaged; memories doctor says which, and what to do"
        return internals.tell(datasette, request, DatasetteError(said, status=503))
    if (
        request.method == "GET"
        and isinstance(exception, _MEANS_NOTHING)
        and internals.comes_from_datasettes_pages(exception)
    ):
        return internals.tell(
            datasette, request, DatasetteError("One of the parameters means nothing here", status=400)
        )
    return None
