"""What somebody asked wrongly is told as that: Datasette 0.65 calls it an error of the server."""

from datasette import hookimpl
from datasette.views.base import DatasetteError

_ASKED_WRONGLY = ("Cannot sort table by ", "Cannot use _sort and _sort_desc")


@hookimpl(tryfirst=True)
def handle_exception(exception):
    """400 for an order that a table does not have; everything else is told as ever."""
    if isinstance(exception, DatasetteError) and exception.message.startswith(_ASKED_WRONGLY):
        exception.status = 400
