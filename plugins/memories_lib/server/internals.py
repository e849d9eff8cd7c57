"""The one place that reaches into Datasette 0.65 beyond its plugin hooks. Pure functions; checked by tests."""

from __future__ import annotations

import copy
import logging
import os
import re
import sqlite3
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import datasette.handle_exception
import datasette.views
import datasette.views.base
from datasette.app import Datasette
from datasette.database import Database
from datasette.utils.asgi import Request
from datasette.views.base import DatasetteError
from datasette.views.index import IndexView
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from memories_lib.server import slow_requests


def refuse_to_start(sentence: str) -> NoReturn:
    """End the server before it answers anything: what Datasette makes of its own StartupError is forty lines."""
    raise SystemExit(f"Error: {sentence}")


def metadata_as_given(instance: Datasette) -> dict[str, Any]:
    """The metadata file's content, without what plugins add to it (asking for that would recurse)."""
    return instance._metadata_local


def connection_to_answer_with(instance: Datasette, database: Database) -> sqlite3.Connection:
    """A connection for the thread that answers requests: the one that Datasette has in that place without threads.

    It waits for nobody: what is locked is locked, at once.
    """
    if database._read_connection is None:
        connection = database.connect()
        instance._prepare_connection(connection, database.name)
        connection.execute("PRAGMA busy_timeout = 0")
        database._read_connection = connection
    return database._read_connection


#: A page of a table as Datasette asks for it, in the order of one column: columns of one table, and nothing joined.
_PAGE_IN_ORDER = re.compile(
    r"select (?:\[?\w+\]?, )*\[?\w+\]? from (?:messages|exchanges) (?:where (?:(?! from | join ).)*)?"
    r"order by \[?\w+\]?(?: desc)?(?= limit \d+\s*\Z)",
    re.IGNORECASE | re.DOTALL,
)


def put_ties_in_order() -> None:
    """Rows with the same value go by their number on the first page, too.

    Datasette 0.65 says so for the second page on; where the first one has another order, which an index read backwards
    gives, a row at its end is on no page at all, or on two.
    """
    execute = Database.execute
    if hasattr(execute, "__wrapped__"):
        return

    @wraps(execute)
    async def in_order(self: Database, sql: str, *args: Any, **given: Any) -> Any:
        found = _PAGE_IN_ORDER.match(sql)
        return await execute(self, f"{sql[: found.end()]}, id{sql[found.end() :]}" if found else sql, *args, **given)

    Database.execute = in_order


def limit_questions(
    longest: int, columns: int, counting: Callable[[], Any], note: Callable[[BaseException], None]
) -> None:
    """While a question in SQL is answered, or a page of a table, no value is longer and no row wider.

    `counting()` makes what the rows of one answer are made by, for it to count them; `note` hears of what fails. Ours,
    which are read by functions (`execute_fn`), have the limits of their connection. Cursors of what failed end in the
    thread that used them: freed by the garbage collector anywhere else, they would wait for their connection's next
    question, and everybody with them.
    """
    execute_fn = Database.execute_fn
    if hasattr(execute_fn, "__wrapped__"):
        return

    @wraps(execute_fn)
    async def limited(self: Database, fn: Any) -> Any:
        # What `Database.execute` hands on.
        is_question = getattr(fn, "__name__", "") == "sql_operation_in_thread"
        limits = {sqlite3.SQLITE_LIMIT_LENGTH: longest, sqlite3.SQLITE_LIMIT_COLUMN: columns} if is_question else {}

        def within_limits(connection: sqlite3.Connection) -> Any:
            before = {category: connection.setlimit(category, most) for category, most in limits.items()}
            rows = connection.row_factory
            if is_question:
                connection.row_factory = counting()
            try:
                return fn(connection)
            except BaseException as error:
                note(error)
                traceback.clear_frames(error.__traceback__)
                raise
            finally:
                connection.row_factory = rows
                for category, most in before.items():
                    connection.setlimit(category, most)

        return await execute_fn(self, within_limits)

    Database.execute_fn = limited


def tell_errors_in_csv() -> None:
    """A question in SQL that fails is an error as CSV too, and not an empty table: Datasette 0.65 leaves it out."""
    view_class = getattr(datasette.views.base, "DataView", None)
    if view_class is None or hasattr(view_class.as_csv, "__wrapped__"):
        return  # a Datasette that is refused (see `gate`) has no such class
    as_csv = view_class.as_csv

    @wraps(as_csv)
    async def telling(self: Any, request: Request, database: str) -> Any:
        view = copy.copy(self)

        async def data(*args: Any, **given: Any) -> Any:
            found = await self.data(*args, **given)
            if isinstance(found, tuple) and (error := found[0].get("error")):
                raise DatasetteError(error, title="Invalid SQL", status=400)
            return found

        view.data = data
        return await as_csv(view, request, database)

    view_class.as_csv = telling


_PAGES = {Path(datasette.views.__file__).with_name(f"{name}.py") for name in ("table", "row", "database")}


def comes_from_datasettes_pages(exception: BaseException) -> bool:
    """Whether one of Datasette's pages of tables and queries was at work."""
    return any(Path(frame.filename) in _PAGES for frame in traceback.extract_tb(exception.__traceback__))


async def first_page(instance: Datasette, request: Request) -> Any:
    """Datasette's own first page, whatever address it is asked under; as JSON where the address ends so."""
    form = "json" if request.path.endswith(".json") else ""
    scope = {**request.scope, "url_route": {"kwargs": {"format": form}}}
    return await IndexView(instance).dispatch_request(Request(scope, request.receive))


def tell(instance: Datasette, request: Request, exception: BaseException) -> Any:
    """The page, or the JSON, with which Datasette tells of an exception."""
    return datasette.handle_exception.handle_exception(instance, request, exception)


def keep_locals_out_of_logs() -> None:
    """With rich installed, Datasette logs each exception (a 404 too) with all local variables: people's words."""
    datasette.handle_exception.rich = None
    sys.excepthook = sys.__excepthook__  # the same for what ends the server


def keep_queries_out_of_logs() -> None:
    """A query that fails is written to the log with its text and parameters, unless asked not to."""
    for function in (getattr(Database.execute, "__wrapped__", Database.execute), Datasette.execute):
        *others, log_sql_errors = function.__defaults__
        if log_sql_errors is True:
            function.__defaults__ = (*others, False)


class _WithoutQuestion(logging.Filter):
    """Leaves what people searched for out of the access log's lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple) and len(record.args) >= 3 and isinstance(record.args[2], str):
            arguments: list[Any] = list(record.args)
            arguments[2] = arguments[2].partition("?")[0]
            record.args = tuple(arguments)
        return True


def keep_questions_out_of_logs() -> None:
    """Uvicorn's access log shows whole addresses, with the words of a search in them."""
    logger = logging.getLogger("uvicorn.access")
    if not any(isinstance(known, _WithoutQuestion) for known in logger.filters):
        logger.addFilter(_WithoutQuestion())


def close_what_asks_for_nothing() -> None:
    """Connections of uvicorn's that are open and ask for nothing are closed (see `slow_requests`)."""
    slow_requests.watch(AutoHTTPProtocol)


def trust_no_proxy() -> None:
    """Uvicorn believes `X-Forwarded-For` from this very machine, unless told whom to believe; so nobody.

    Whoever came that way would choose the address by which wrong passwords are counted.
    """
    os.environ.setdefault("FORWARDED_ALLOW_IPS", "")


def silence_access_log() -> None:
    """Uvicorn's lines, when ours are written instead."""
    # Uvicorn sets its loggers up anew when it starts, but leaves their filters alone.
    logging.getLogger("uvicorn.access").addFilter(lambda _record: False)
