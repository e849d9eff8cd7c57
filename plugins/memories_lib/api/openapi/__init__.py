"""The API as an OpenAPI 3.1 document, for programs; `/api` shows it to people. Held to the server by schemathesis."""

from __future__ import annotations

from typing import Any

from datasette import Response
from datasette.app import Datasette
from datasette.utils.asgi import Request

from memories_lib.api.openapi import corrections, doors, keeping, lists, talks
from memories_lib.api.openapi.parts import SCHEMAS, TEXT, Operation, Operations, ref

#: path -> method -> what it does
OPERATIONS: Operations = {
    **talks.OPERATIONS,
    **corrections.OPERATIONS,
    **lists.OPERATIONS,
    **doors.OPERATIONS,
    **keeping.OPERATIONS,
}
_STATUS = {
    308: "It was merged into another exchange", 400: "It does not fit together", 401: "Nobody is logged in",
    403: "The role is too small", 404: "There is no such thing", 405: "Not with this method",
    409: "Somebody else changed it meanwhile", 411: "Say how long it is", 413: "Too large",
    422: "A parameter is wrong", 429: "Too many tries", 501: "The command memories is not installed beside the server",
    503: "The archive cannot be read", 507: "The disk is full",
}  # fmt: skip


def _error(status: int) -> dict[str, Any]:
    found: dict[str, Any] = {"description": _STATUS[status]}
    if status != 308:
        found["content"] = {"application/json": {"schema": ref("Error")}}
    return found


def _operation(path: str, method: str, about: Operation) -> dict[str, Any]:
    body, answer = about.body, about.answer
    name = path.removeprefix("/api/").replace("/", "_").replace("{", "").replace("}", "").replace("-", "_")
    good: dict[str, Any]
    if answer is None:
        good = {"204": {"description": "Done"}}
    elif answer == "zip":
        good = {"200": {"description": "A zip", "content": {"application/zip": {"schema": TEXT}}}}
    else:
        good = {"200": {"description": "Done", "content": {"application/json": {"schema": answer}}}}
    failures = {str(s): _error(s) for s in sorted({401, 403, 404, 405, 413, 422, 503, 507, *about.statuses})}
    found = {
        "operationId": f"{method}_{name}", "summary": about.summary, "parameters": list(about.parameters),
        "responses": {**good, **failures},
    }  # fmt: skip
    if path == "/api/login":
        found["security"] = []
    if body == "binary":
        content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        found["requestBody"] = {"required": True, "content": content}
    elif body is not None:
        required = bool(body["required"])
        found["requestBody"] = {"required": required, "content": {"application/json": {"schema": body}}}
    return found


def document() -> dict[str, Any]:
    """All of it."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "WhatsApp Memories", "version": "1", "description": "See docs/API.md."},
        "paths": {
            path: {method: _operation(path, method, about) for method, about in methods.items()}
            for path, methods in OPERATIONS.items()
        },
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


async def as_json(_request: Request, _datasette: Datasette) -> Response:
    """``GET /api/openapi.json``."""
    return document()
