"""Logging in, tokens, sessions and links to share."""

from __future__ import annotations

from memories_lib.api.openapi.parts import (
    DAYS,
    ID,
    ROLE,
    ROWS,
    SAFE,
    TEXT,
    WHOLE,
    Operation,
    Operations,
    list_of,
    object_of,
    ref,
)

OPERATIONS: Operations = {
    "/api/login": {
        "post": Operation(
            "A token for an hour, for a password",
            body=object_of(required=["password"], role=ROLE, password={"type": "string", "maxLength": 1000}, days=DAYS),
            answer=ref("Token"),
            statuses=(429,),
        )
    },
    "/api/tokens": {
        "get": Operation("All tokens, without what opens a door", answer=object_of(tokens=list_of(ref("Token")))),
        "post": Operation(
            "A token for a program; it is in this answer and nowhere else",
            body=object_of(
                required=["name"], name={"type": "string", "maxLength": 100, "pattern": "\\S"}, role=ROLE, days=DAYS
            ),
            answer=ref("Token"),
        ),
    },
    "/api/sessions": {"get": Operation("Browsers that are logged in", answer=object_of(sessions=list_of(ROWS)))},
    "/api/sessions/{id}": {"delete": Operation("End a log-in", parameters=[ID])},
    "/api/shares": {
        "get": Operation("Links to a talk or a book, without what opens them", answer=object_of(shares=list_of(ROWS))),
        "post": Operation(
            "A link to one talk, for whoever has it",
            body=object_of(required=["exchange_id"], exchange_id=SAFE, days=DAYS),
            answer=object_of(id=WHOLE, path=TEXT, expires_at=WHOLE),
        ),
    },
    "/api/shares/{id}": {"delete": Operation("End a link", parameters=[ID])},
    "/api/tokens/{id}": {
        "delete": Operation("End a token, but not the one that asks", parameters=[ID], statuses=(409,))
    },
}
