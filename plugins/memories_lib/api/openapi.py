"""The API as an OpenAPI 3.1 document, for programs; `/api` shows it to people. Held to the server by schemathesis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datasette import Response
from datasette.app import Datasette
from datasette.utils.asgi import Request

from memories_lib.shared.contract import KINDS

_SAFE = {"type": "integer", "minimum": 0, "maximum": (1 << 53) - 1}
_ID = {"name": "id", "in": "path", "required": True, "schema": _SAFE}
_DATE = {"type": "string", "pattern": "^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"}
_SWITCH = {"type": "string", "enum": ["0", "1"]}
_WHOLE = {"type": "integer"}
_TEXT = {"type": "string"}
_MAYBE = {"type": ["string", "null"]}
_BIG = (1 << 63) - 1


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(of: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": of, **more}


def _object(required: Sequence[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties) if required is None else required}


def _query(name: str, schema: dict[str, Any], text: str = "", required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": text, "required": required}


SCHEMAS = {
    "Error": _object(detail={"oneOf": [_TEXT, _list({"type": "object"})]}),
    "Message": _object(
        required=["message_id", "date", "time", "person", "quote", "sent_at", "kind", "is_highlight"],
        message_id=_WHOLE, date=_TEXT, time=_TEXT, person=_TEXT, quote=_TEXT, sent_at=_TEXT, kind=_TEXT, text=_MAYBE,
        sender_id={"type": ["integer", "null"]}, is_edited={"type": "boolean"}, is_highlight={"type": "boolean"},
        media={"type": "object"}, exchange_id=_WHOLE, snippet=_list(_list({}, minItems=2, maxItems=2)),
    ),
    "Exchange": _object(
        required=["id", "cache_key", "exchange_index", "first_message", "title", "topics", "started_at", "is_starred"],
        id=_WHOLE, cache_key=_TEXT, exchange_index=_WHOLE,
        first_message={"oneOf": [_ref("Message"), {"type": "null"}]}, title=_MAYBE, summary=_MAYBE,
        topics=_list(_TEXT), mood=_MAYBE, score={"type": "number"}, language=_MAYBE, chat=_TEXT, chat_id=_WHOLE,
        started_at=_TEXT, ended_at=_TEXT, message_count=_WHOLE, participant_count=_WHOLE,
        is_memory={"type": "boolean"}, is_starred={"type": "boolean"}, note=_MAYBE, summarised_by=_MAYBE,
        messages=_list(_ref("Message")),
    ),
    "Edit": _object(edit=_WHOLE, action=_TEXT, at=_TEXT, actor=_TEXT),
    "Placed": _object(
        messages=_WHOLE, exchanges=_WHOLE, bytes=_WHOLE, edits_lost=_WHOLE, versions=_list(_TEXT),
    ),
    "Token": _object(
        required=["id", "role", "expires_at"], id=_WHOLE, role=_TEXT, expires_at=_WHOLE, token=_TEXT, name=_TEXT,
        made_at=_WHOLE, revoked_at={"type": ["number", "null"]},
    ),
}  # fmt: skip
_ANY = {"type": "integer", "minimum": -_BIG, "maximum": _BIG}
_IDS = _list(_ANY, minItems=1)
_SAID = _object(message=_TEXT)
_ROWS = {"type": "object"}
_RENUMBER = _query("renumber", _SWITCH, "Also when talks have other numbers than in the served one.")
_REPLACE = _query("replace", _SWITCH, "Also when messages are served that it does not hold.")
_UNHIDE = _query("unhide", _SWITCH, "Also when hidden messages would be seen in it.")
_PUT = [_RENUMBER, _REPLACE, _UNHIDE]
_SHA256 = {"name": "sha256", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"}}
_PAGED = [
    _query("page", {"type": "integer", "minimum": 1, "maximum": 1 << 40}, "From 1."),
    _query("page_size", {"type": "integer", "minimum": 1, "maximum": 100}),
    _query("after", {"type": "string", "pattern": "^[0-9A-Za-z_-]{0,200}$"}, "`next` of the page before, or empty."),
    _query("sort_by_first_message_date", {"type": "string", "pattern": "^([aA][sS][cC]|[dD][eE][sS][cC])?$"}),
    _query("sort", {"type": "string", "enum": ["asc", "desc", "score", "length"]}),
    *(_query(name, _TEXT) for name in ("chat", "person", "topic", "mood", "q")),
    _query("from", _DATE), _query("to", _DATE), _query("all", _SWITCH), _query("starred", _SWITCH),
]  # fmt: skip
_LISTED = [
    _query("page", {"type": "integer", "minimum": 1, "maximum": 1_000_000}, "From 1; `next` of the page before."),
    _query("page_size", {"type": "integer", "minimum": 1, "maximum": 5_000}, "1,000 unless said."),
]
_CARRIES = _object(
    currentPage=_WHOLE, pageSize=_WHOLE, totalItems=_WHOLE, totalPages=_WHOLE, hasMore={"type": "boolean"}
)
_PLAN = _object(
    sha256={"type": "string", "pattern": "^[0-9a-f]{64}$"},
    bytes={"type": "integer", "minimum": 1, "maximum": 65536},
    blocks=_list({"type": "string", "pattern": "^[0-9a-f]{32}$"}, minItems=1, maxItems=1),
)
_ROLE = {"type": "string", "enum": ["viewer", "curator", "owner"]}
_DAYS = {"type": "number", "exclusiveMinimum": 0, "maximum": 366}


#: path -> method -> (what it does, parameters, body, answer, statuses besides those that all have)
OPERATIONS: dict[str, dict[str, Any]] = {
    "/api/exchanges": {"get": ("The memories, a page at a time", _PAGED, None, _object(
        items=_list(_ref("Exchange")), pagination=_CARRIES, next=_MAYBE), [400])},
    "/api/exchanges/merge": {"post": ("Join exchanges of one source; the smallest id stays", [], _object(
        exchange_ids={**_IDS, "minItems": 2, "uniqueItems": True}), _object(
        required=["message", "target_exchange_id"], message=_TEXT, target_exchange_id=_WHOLE), [400, 409])},
    "/api/exchanges/{id}": {
        "get": ("One exchange with its messages", [_ID], None, _ref("Exchange"), [308]),
        "delete": ("Hide it; nothing is destroyed", [_ID], None, None, [409]),
    },
    **{f"/api/exchanges/{{id}}/{action}": {"post": (text, [_ID], None, _ref("Edit"), [409])} for action, text in (
        ("star", "Star it"), ("unstar", "Take the star away"), ("restore", "Show it again"))},
    "/api/exchanges/{id}/split": {"post": ("Part it before a message", [_ID], _object(
        message_id=_SAFE), _ref("Edit"), [400, 409])},
    "/api/exchanges/{id}/retitle": {"post": ("Give it another title", [_ID], _object(
        title={"type": "string", "maxLength": 300, "pattern": "\\S"}), _ref("Edit"), [409])},
    "/api/exchanges/{id}/note": {"post": ("Write a note to it; an empty one takes it away", [_ID], _object(
        note={"type": "string", "maxLength": 10_000}), _ref("Edit"), [409])},
    "/api/messages": {
        "get": ("The talk around a message", [
            _query("around", {"type": "integer", "minimum": 1, "maximum": _BIG}, "", True),
            _query("before", {"type": "integer", "minimum": 0, "maximum": 500}),
            _query("after", {"type": "integer", "minimum": 0, "maximum": 500}),
        ], None, _object(messages=_list(_ref("Message")), previous={"type": ["integer", "null"]},
                         next={"type": ["integer", "null"]}), []),
        "delete": ("Hide messages", [], _object(message_ids=_IDS), _object(deleted_count=_WHOLE), [400, 409]),
    },
    "/api/messages/restore": {"post": ("Show messages again", [], _object(message_ids=_list(_ANY)), _object(
        restored_count=_WHOLE), [409])},
    "/api/messages/{id}/highlight": {"post": ("Mark a message as the heart of its talk, or not", [_ID], _object(
        required=[], on={"type": "boolean"}), _ref("Edit"), [409])},
    "/api/people/{id}/rename": {"post": ("Call somebody otherwise", [_ID], _object(
        name={"type": "string", "maxLength": 120, "pattern": "\\S"}), _ref("Edit"), [409])},
    "/api/people/{id}/join": {"post": ("Others are the same person as this one", [_ID], _object(
        person_ids={**_IDS, "minItems": 1, "uniqueItems": True}), _ref("Edit"), [409])},
    "/api/people/{id}/part": {"post": ("Take back all that joined somebody with this person", [_ID], None,
                                       _ref("Edit"), [409])},
    "/api/people/{id}/me": {"post": ("This is the owner, under one of the names, or not", [_ID], _object(
        required=[], on={"type": "boolean"}), _ref("Edit"), [409])},
    "/api/chats/{id}/rename": {"post": ("Call a chat otherwise", [_ID], _object(
        name={"type": "string", "maxLength": 120, "pattern": "\\S"}), _ref("Edit"), [409])},
    "/api/chats/{id}/join": {"post": ("Other chats are this one", [_ID], _object(
        chat_ids={**_IDS, "minItems": 1, "uniqueItems": True}), _SAID, [409, 501])},
    "/api/chats/{id}/part": {"post": ("Exports that are another chat than the rest", [_ID], _object(
        source_ids={**_IDS, "minItems": 1, "uniqueItems": True},
        name={"type": "string", "maxLength": 120, "pattern": "\\S"}), _SAID, [409, 501])},
    **{f"/api/{things}/{{id}}/forget": {"post": (f"Take {thing} out for good", [_ID], _object(
        for_good={"type": "boolean", "const": True}), _SAID, [409, 501])}
        for things, thing in (("chats", "a chat"), ("people", "a person"), ("sources", "an export"))},
    "/api/sources": {"get": ("Which exports the archive was made of", [], None, _object(sources=_list(_ROWS)),
                             [409, 501])},
    "/api/sources/{id}": {"delete": ("Take an export out again", [_ID], None, _SAID, [409, 501])},
    "/api/edits": {"get": ("All edits, the newest first", [], None, _object(edits=_list(_ROWS)), [])},
    "/api/edits/{id}/undo": {"post": ("Take an edit back", [_ID], None, _ref("Edit"), [409])},
    "/api/search": {"get": ("Messages and exchanges with these words, in any script", [
        _query("q", _TEXT, "Words, \"a phrase\", word*, -without, a OR b."),
        _query("limit", {"type": "integer", "minimum": 1, "maximum": 200}),
        *(_query(name, _TEXT) for name in ("chat", "person")), _query("from", _DATE), _query("to", _DATE),
        _query("kind", {"type": "string", "enum": ["", *KINDS]}),
        _query("before", {"type": "integer", "minimum": 1, "maximum": _BIG}, "`next` of the page before."),
        _query("sort", {"type": "string", "enum": ["newest", "best", "first"]}),
    ], None, _object(messages=_list(_ref("Message")), exchanges=_list(_ref("Exchange")), total=_WHOLE,
                     next={"type": ["integer", "null"]}, milliseconds={"type": "number"}), [])},
    "/api/on-this-day": {"get": ("The same day in every year", [_query("date", _DATE)], None, _object(
        day=_TEXT, exchanges=_list(_ref("Exchange"))), [])},
    **{f"/api/{name}": {"get": (text, _LISTED, None, _object(
        None, **{key: _list(_ROWS)}, total=_WHOLE, next={"type": ["integer", "null"]}), [])} for name, key, text in (
        ("chats", "chats", "All chats"), ("people", "people", "All people"),
        ("days", "days", "How much was said on each day"), ("stats", "years", "Each year in numbers"),
        ("places", "places", "Shared places"))},
    "/api/login": {"post": ("A token for an hour, for a password", [], _object(
        required=["password"], role=_ROLE, password={"type": "string", "maxLength": 1000}, days=_DAYS),
        _ref("Token"), [429])},
    "/api/tokens": {
        "get": ("All tokens, without what opens a door", [], None, _object(tokens=_list(_ref("Token"))), []),
        "post": ("A token for a program; it is in this answer and nowhere else", [], _object(
            required=["name"], name={"type": "string", "maxLength": 100, "pattern": "\\S"},
            role=_ROLE, days=_DAYS), _ref("Token"), []),
    },
    "/api/sessions": {"get": ("Browsers that are logged in", [], None, _object(sessions=_list(_ROWS)), [])},
    "/api/sessions/{id}": {"delete": ("End a log-in", [_ID], None, None, [])},
    "/api/shares": {
        "get": ("Links to a talk or a book, without what opens them", [], None, _object(shares=_list(_ROWS)), []),
        "post": ("A link to one talk, for whoever has it", [], _object(
            required=["exchange_id"], exchange_id=_SAFE, days=_DAYS), _object(
            id=_WHOLE, path=_TEXT, expires_at=_WHOLE), []),
    },
    "/api/shares/{id}": {"delete": ("End a link", [_ID], None, None, [])},
    "/api/tokens/{id}": {"delete": ("End a token, but not the one that asks", [_ID], None, None, [409])},
    "/api/archive": {"put": ("Put another archive in place, under readers", _PUT, "binary", _ref("Placed"),
                             [400, 409, 411, 413, 507])},
    "/api/archive/uploads": {"post": ("Begin to send an archive block by block, or go on", [], _PLAN, _object(
        block_bytes=_WHOLE, missing=_list(_WHOLE), is_served={"type": "boolean"}), [413, 507])},
    "/api/archive/uploads/{sha256}": {"post": ("All blocks are sent: put it in place", [_SHA256, *_PUT], None,
                                               _ref("Placed"), [409, 507])},
    "/api/archive/uploads/{sha256}/{n}": {"put": ("One block, as it is or gzipped", [_SHA256, {
        "name": "n", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0, "maximum": 9_999_999},
    }], "binary", _object(block=_WHOLE), [413])},
    "/api/archive/versions": {"get": ("Earlier archives", [], None, _object(
        versions=_list(_object(name=_TEXT, bytes=_WHOLE)), served=_object(bytes=_WHOLE)), [])},
    "/api/archive/rollback": {"post": ("Serve an earlier archive again", [], _object(
        required=[], version=_TEXT, unhide={"type": "boolean"}), _ref("Placed"), [409, 507])},
    "/api/media/missing": {"post": ("Which of these files are not here", [], _object(
        names=_list({"type": "string", "maxLength": 119})), _object(missing=_list(_TEXT)), [413])},
    "/api/edits/log": {
        "get": ("Every edit as it was written down", [], None, _object(events=_list(_ROWS)), []),
        "post": ("Edits made elsewhere", [], _object(events=_list({"type": "object"}, maxItems=0)), _object(
            added=_WHOLE), [413]),
    },
    "/api/backup": {"get": ("Edits and archive as one file", [_query("media", _SWITCH)], None, "zip", [507])},
    "/api/maintenance": {
        "post": ("Show a note on every page, or in the place of all", [], _object(
            required=["text"], text={"type": "string", "maxLength": 300, "pattern": "\\S"}, closed={"type": "boolean"}),
            _object(maintenance=_ROWS), []),
        "delete": ("Take the note off", [], None, None, []),
    },
}  # fmt: skip
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
        found["content"] = {"application/json": {"schema": _ref("Error")}}
    return found


def _operation(path: str, method: str, about: tuple[Any, ...]) -> dict[str, Any]:
    text, parameters, body, answer, others = about
    name = path.removeprefix("/api/").replace("/", "_").replace("{", "").replace("}", "").replace("-", "_")
    good: dict[str, Any]
    if answer is None:
        good = {"204": {"description": "Done"}}
    elif answer == "zip":
        good = {"200": {"description": "A zip", "content": {"application/zip": {"schema": _TEXT}}}}
    else:
        good = {"200": {"description": "Done", "content": {"application/json": {"schema": answer}}}}
    failures = {str(s): _error(s) for s in sorted({401, 403, 404, 405, 413, 422, 503, 507, *others})}
    found = {
        "operationId": f"{method}_{name}", "summary": text, "parameters": parameters,
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
