"""Talks and their messages: reading and editing them."""

from __future__ import annotations

from memories_lib.api.openapi.parts import (
    ANY,
    BIG,
    CARRIES,
    ID,
    IDS,
    MAYBE,
    PAGED,
    SAFE,
    TEXT,
    WHOLE,
    Operation,
    Operations,
    list_of,
    object_of,
    query,
    ref,
)

OPERATIONS: Operations = {
    "/api/exchanges": {
        "get": Operation(
            "The memories, a page at a time",
            parameters=PAGED,
            answer=object_of(items=list_of(ref("Exchange")), pagination=CARRIES, next=MAYBE),
            statuses=(400,),
        )
    },
    "/api/exchanges/merge": {
        "post": Operation(
            "Join exchanges of one source; the smallest id stays",
            body=object_of(exchange_ids={**IDS, "minItems": 2, "uniqueItems": True}),
            answer=object_of(required=["message", "target_exchange_id"], message=TEXT, target_exchange_id=WHOLE),
            statuses=(400, 409),
        )
    },
    "/api/exchanges/{id}": {
        "get": Operation("One exchange with its messages", parameters=[ID], answer=ref("Exchange"), statuses=(308,)),
        "delete": Operation("Hide it; nothing is destroyed", parameters=[ID], statuses=(409,)),
    },
    **{
        f"/api/exchanges/{{id}}/{action}": {
            "post": Operation(text, parameters=[ID], answer=ref("Edit"), statuses=(409,))
        }
        for action, text in (("star", "Star it"), ("unstar", "Take the star away"), ("restore", "Show it again"))
    },
    "/api/exchanges/{id}/split": {
        "post": Operation(
            "Part it before a message",
            parameters=[ID],
            body=object_of(message_id=SAFE),
            answer=ref("Edit"),
            statuses=(400, 409),
        )
    },
    "/api/exchanges/{id}/retitle": {
        "post": Operation(
            "Give it another title",
            parameters=[ID],
            body=object_of(title={"type": "string", "maxLength": 300, "pattern": "\\S"}),
            answer=ref("Edit"),
            statuses=(409,),
        )
    },
    "/api/exchanges/{id}/note": {
        "post": Operation(
            "Write a note to it; an empty one takes it away",
            parameters=[ID],
            body=object_of(note={"type": "string", "maxLength": 10_000}),
            answer=ref("Edit"),
            statuses=(409,),
        )
    },
    "/api/messages": {
        "get": Operation(
            "The talk around a message",
            parameters=[
                query("around", {"type": "integer", "minimum": 1, "maximum": BIG}, "", True),
                query("before", {"type": "integer", "minimum": 0, "maximum": 500}),
                query("after", {"type": "integer", "minimum": 0, "maximum": 500}),
            ],
            answer=object_of(
                messages=list_of(ref("Message")),
                previous={"type": ["integer", "null"]},
                next={"type": ["integer", "null"]},
            ),
        ),
        "delete": Operation(
            "Hide messages", body=object_of(message_ids=IDS), answer=object_of(deleted_count=WHOLE), statuses=(400, 409)
        ),
    },
    "/api/messages/restore": {
        "post": Operation(
            "Show messages again",
            body=object_of(message_ids=list_of(ANY)),
            answer=object_of(restored_count=WHOLE),
            statuses=(409,),
        )
    },
    "/api/messages/{id}/highlight": {
        "post": Operation(
            "Mark a message as the heart of its talk, or not",
            parameters=[ID],
            body=object_of(required=[], on={"type": "boolean"}),
            answer=ref("Edit"),
            statuses=(409,),
        )
    },
}
