"""Finding, and lists of all there is of a kind."""

from __future__ import annotations

from memories_lib.api.openapi.parts import (
    BIG,
    DATE,
    LISTED,
    ROWS,
    TEXT,
    WHOLE,
    Operation,
    Operations,
    list_of,
    object_of,
    query,
    ref,
)
from memories_lib.shared.contract import KINDS

OPERATIONS: Operations = {
    "/api/search": {
        "get": Operation(
            "Messages and exchanges with these words, in any script",
            parameters=[
                query("q", TEXT, 'Words, "a phrase", word*, -without, a OR b.'),
                query("limit", {"type": "integer", "minimum": 1, "maximum": 200}),
                *(query(name, TEXT) for name in ("chat", "person")),
                query("from", DATE),
                query("to", DATE),
                query("kind", {"type": "string", "enum": ["", *KINDS]}),
                query("before", {"type": "integer", "minimum": 1, "maximum": BIG}, "`next` of the page before."),
                query("sort", {"type": "string", "enum": ["newest", "best", "first"]}),
            ],
            answer=object_of(
                messages=list_of(ref("Message")),
                exchanges=list_of(ref("Exchange")),
                total=WHOLE,
                next={"type": ["integer", "null"]},
                milliseconds={"type": "number"},
            ),
        )
    },
    "/api/on-this-day": {
        "get": Operation(
            "The same day in every year",
            parameters=[query("date", DATE)],
            answer=object_of(day=TEXT, exchanges=list_of(ref("Exchange"))),
        )
    },
    **{
        f"/api/{name}": {
            "get": Operation(
                text,
                parameters=LISTED,
                answer=object_of(None, **{key: list_of(ROWS)}, total=WHOLE, next={"type": ["integer", "null"]}),
            )
        }
        for name, key, text in (
            ("chats", "chats", "All chats"),
            ("people", "people", "All people"),
            ("days", "days", "How much was said on each day"),
            ("stats", "years", "Each year in numbers"),
            ("places", "places", "Shared places"),
        )
    },
}
