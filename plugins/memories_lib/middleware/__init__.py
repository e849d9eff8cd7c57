"""What every request passes on its way in, and every answer on its way out: one list, the outermost first.

Each module has `wrap(app, datasette)`, which gives the application with this around it.
"""

from __future__ import annotations

from functools import reduce

from datasette.app import Datasette

from memories_lib.middleware import (
    body_limit,
    checkpoint_on_shutdown,
    closed_for_maintenance,
    coalesce_chunks,
    cors,
    csv_page_size,
    gate,
    gzip_responses,
    header_filter,
    known_methods,
    no_websockets,
    origin_check,
    request_log,
    security_headers,
    shutdown_deadline,
)
from memories_lib.server.asgi import App

STACK = (
    no_websockets,
    request_log,  # counts what goes over the line, packed or not
    gzip_responses,
    header_filter,
    security_headers,  # looks into pages before they are packed; nothing leaves without them
    cors,
    origin_check,
    body_limit,
    closed_for_maintenance,
    gate,
    known_methods,
    shutdown_deadline,
    checkpoint_on_shutdown,
    csv_page_size,
    coalesce_chunks,
)


def wrap(app: App, datasette: Datasette) -> App:
    """The application with all of `STACK` around it."""
    return reduce(lambda inner, module: module.wrap(inner, datasette), reversed(STACK), app)
