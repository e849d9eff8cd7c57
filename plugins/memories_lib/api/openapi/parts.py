"""What operations of the API are made of: schemas, parameters that several take, and the operation itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from memories_lib.shared.contract import MOST_PAGES

#: A JSON Schema, as OpenAPI 3.1 takes it: https://spec.openapis.org/oas/v3.1.0#schema-object
Schema = dict[str, Any]

SAFE: Schema = {"type": "integer", "minimum": 0, "maximum": (1 << 53) - 1}
ID = {"name": "id", "in": "path", "required": True, "schema": SAFE}
DATE = {"type": "string", "pattern": "^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"}
SWITCH = {"type": "string", "enum": ["0", "1"]}
WHOLE = {"type": "integer"}
TEXT = {"type": "string"}
MAYBE = {"type": ["string", "null"]}
BIG = (1 << 63) - 1


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(of: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": of, **more}


def object_of(required: Sequence[str] | None = None, **properties: Any) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties) if required is None else required}


def query(name: str, schema: Schema, text: str = "", required: bool = False) -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": text, "required": required}


SCHEMAS = {
    "Error": object_of(detail={"oneOf": [TEXT, list_of({"type": "object"})]}),
    "Message": object_of(
        required=["message_id", "date", "time", "person", "quote", "sent_at", "kind", "is_highlight"],
        message_id=WHOLE, date=TEXT, time=TEXT, person=TEXT, quote=TEXT, sent_at=TEXT, kind=TEXT, text=MAYBE,
        sender_id={"type": ["integer", "null"]}, is_edited={"type": "boolean"}, is_highlight={"type": "boolean"},
        is_cut={"type": "boolean"},
        media={"type": "object"}, exchange_id=WHOLE, snippet=list_of(list_of({}, minItems=2, maxItems=2)),
    ),
    "Exchange": object_of(
        required=["id", "cache_key", "exchange_index", "first_message", "title", "topics", "started_at", "is_starred"],
        id=WHOLE, cache_key=TEXT, exchange_index=WHOLE,
        first_message={"oneOf": [ref("Message"), {"type": "null"}]}, title=MAYBE, summary=MAYBE,
        topics=list_of(TEXT), mood=MAYBE, score={"type": "number"}, language=MAYBE, chat=TEXT, chat_id=WHOLE,
        started_at=TEXT, ended_at=TEXT, message_count=WHOLE, participant_count=WHOLE,
        is_memory={"type": "boolean"}, is_starred={"type": "boolean"}, note=MAYBE, summarised_by=MAYBE,
        messages=list_of(ref("Message")),
    ),
    "Edit": object_of(edit=WHOLE, action=TEXT, at=TEXT, actor=TEXT),
    "Placed": object_of(
        messages=WHOLE, exchanges=WHOLE, bytes=WHOLE, edits_lost=WHOLE, versions=list_of(TEXT),
    ),
    "Token": object_of(
        required=["id", "role", "expires_at"], id=WHOLE, role=TEXT, expires_at=WHOLE, token=TEXT, name=TEXT,
        made_at=WHOLE, revoked_at={"type": ["number", "null"]},
    ),
}  # fmt: skip
ANY = {"type": "integer", "minimum": -BIG, "maximum": BIG}
IDS = list_of(ANY, minItems=1)
SAID = object_of(message=TEXT)
ROWS = {"type": "object"}
RENUMBER = query("renumber", SWITCH, "Also when talks have other numbers than in the served one.")
REPLACE = query("replace", SWITCH, "Also when messages are served that it does not hold.")
UNHIDE = query("unhide", SWITCH, "Also when hidden messages would be seen in it.")
PUT = [RENUMBER, REPLACE, UNHIDE]
SHA256 = {"name": "sha256", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"}}
PAGED = [
    query("page", {"type": "integer", "minimum": 1, "maximum": MOST_PAGES}, "From 1."),
    query("page_size", {"type": "integer", "minimum": 1, "maximum": 100}),
    query("after", {"type": "string", "pattern": "^[0-9A-Za-z_-]{0,200}$"}, "`next` of the page before, or empty."),
    query("sort_by_first_message_date", {"type": "string", "pattern": "^([aA][sS][cC]|[dD][eE][sS][cC])?$"}),
    query("sort", {"type": "string", "enum": ["asc", "desc", "score", "length"]}),
    *(query(name, TEXT) for name in ("chat", "person", "topic", "mood", "q")),
    query("from", DATE), query("to", DATE), query("all", SWITCH), query("starred", SWITCH),
]  # fmt: skip
LISTED = [
    query("page", {"type": "integer", "minimum": 1, "maximum": 1_000_000}, "From 1; `next` of the page before."),
    query("page_size", {"type": "integer", "minimum": 1, "maximum": 5_000}, "1,000 unless said."),
]
CARRIES = object_of(currentPage=WHOLE, pageSize=WHOLE, totalItems=WHOLE, totalPages=WHOLE, hasMore={"type": "boolean"})
PLAN = object_of(
    sha256={"type": "string", "pattern": "^[0-9a-f]{64}$"},
    bytes={"type": "integer", "minimum": 1, "maximum": 65536},
    blocks=list_of({"type": "string", "pattern": "^[0-9a-f]{32}$"}, minItems=1, maxItems=1),
)
ROLE = {"type": "string", "enum": ["viewer", "curator", "owner"]}
DAYS = {"type": "number", "exclusiveMinimum": 0, "maximum": 366}


@dataclass(frozen=True, slots=True)
class Operation:
    """What a method of a path does. `body` and `answer` are schemas, "binary" or "zip" for bytes, None for nothing;
    `statuses`: those that it may have besides the ones that all have.
    """

    summary: str
    parameters: Sequence[Mapping[str, Any]] = ()
    body: Schema | Literal["binary"] | None = None
    answer: Schema | Literal["zip"] | None = None
    statuses: tuple[int, ...] = ()


#: path -> method -> what it does
Operations = dict[str, dict[str, Operation]]
