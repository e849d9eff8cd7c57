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
    cross_origin,
    ends_in_time,
    gate,
    gzip_responses,
    joined_pieces,
    known_methods,
    large_steps,
    no_websockets,
    origin_check,
    plain_headers,
    request_log,
    security_headers,
)
from memories_lib.server.asgi import App

STACK = (
    no_websockets,
    request_log,  # counts what goes over the line, packed or not
    gzip_responses,
    plain_headers,
    security_headers,  # looks into pages before they are packed; nothing leaves without them
    cross_origin,
    origin_check,
    body_limit,
    closed_for_maintenance,
    gate,
    known_methods,
    ends_in_time,
    checkpoint_on_shutdown,
    large_steps,
    joined_pieces,
)


def wrap(app: App, datasette: Datasette) -> App:
    """The application with all of `STACK` around it."""
    return reduce(lambda inner, module: module.wrap(inner, datasette), reversed(STACK), app)
