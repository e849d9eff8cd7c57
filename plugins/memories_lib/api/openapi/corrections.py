"""Who is who, which chat is which, and taking things out."""

from __future__ import annotations

from memories_lib.api.openapi.parts import ID, IDS, ROWS, SAID, Operation, Operations, list_of, object_of, ref

OPERATIONS: Operations = {
    "/api/people/{id}/rename": {
        "post": Operation(
            "Call somebody otherwise",
            parameters=[ID],
            body=object_of(name={"type": "string", "maxLength": 120, "pattern": "\\S"}),
            answer=ref("Edit"),
            statuses=(409,),
        )
    },
    "/api/people/{id}/join": {
        "post": Operation(
            "Others are the same person as this one",
            parameters=[ID],
            body=object_of(person_ids={**IDS, "minItems": 1, "uniqueItems": True}),
            answer=ref("Edit"),
            statuses=(409,),
        )
    },
    "/api/people/{id}/part": {
        "post": Operation(
            "Take back all that joined somebody with this person",
            parameters=[ID],
            answer=ref("Edit"),
            statuses=(409,),
        )
    },
    "/api/people/{id}/me": {
        "post": Operation(
            "This is the owner, under one of the names, or not",
            parameters=[ID],
            body=object_of(required=[], on={"type": "boolean"}),
            answer=ref("Edit"),
            statuses=(409,),
        )
    },
    "/api/chats/{id}/rename": {
        "post": Operation(
            "Call a chat otherwise",
            parameters=[ID],
            body=object_of(name={"type": "string", "maxLength": 120, "pattern": "\\S"}),
            answer=ref("Edit"),
            statuses=(409,),
        )
    },
    "/api/chats/{id}/join": {
        "post": Operation(
            "Other chats are this one",
            parameters=[ID],
            body=object_of(chat_ids={**IDS, "minItems": 1, "uniqueItems": True}),
            answer=SAID,
            statuses=(409, 501),
        )
    },
    "/api/chats/{id}/part": {
        "post": Operation(
            "Exports that are another chat than the rest",
            parameters=[ID],
            body=object_of(
                source_ids={**IDS, "minItems": 1, "uniqueItems": True},
                name={"type": "string", "maxLength": 120, "pattern": "\\S"},
            ),
            answer=SAID,
            statuses=(409, 501),
        )
    },
    **{
        f"/api/{things}/{{id}}/forget": {
            "post": Operation(
                f"Take {thing} out for good",
                parameters=[ID],
                body=object_of(for_good={"type": "boolean", "const": True}),
                answer=SAID,
                statuses=(409, 501),
            )
        }
        for things, thing in (("chats", "a chat"), ("people", "a person"), ("sources", "an export"))
    },
    "/api/sources": {
        "get": Operation(
            "Which exports the archive was made of", answer=object_of(sources=list_of(ROWS)), statuses=(409, 501)
        )
    },
    "/api/sources/{id}": {
        "delete": Operation("Take an export out again", parameters=[ID], answer=SAID, statuses=(409, 501))
    },
    "/api/edits": {"get": Operation("All edits, the newest first", answer=object_of(edits=list_of(ROWS)))},
    "/api/edits/{id}/undo": {
        "post": Operation("Take an edit back", parameters=[ID], answer=ref("Edit"), statuses=(409,))
    },
}
