"""What the owner's own computer asks: archive, media, log of edits, backups, maintenance."""

from __future__ import annotations

from memories_lib.api.openapi.parts import (
    PLAN,
    PUT,
    ROWS,
    SHA256,
    SWITCH,
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
    "/api/archive": {
        "put": Operation(
            "Put another archive in place, under readers",
            parameters=PUT,
            body="binary",
            answer=ref("Placed"),
            statuses=(400, 409, 411, 413, 507),
        )
    },
    "/api/archive/uploads": {
        "post": Operation(
            "Begin to send an archive block by block, or go on",
            body=PLAN,
            answer=object_of(block_bytes=WHOLE, missing=list_of(WHOLE), is_served={"type": "boolean"}),
            statuses=(413, 507),
        )
    },
    "/api/archive/uploads/{sha256}": {
        "post": Operation(
            "All blocks are sent: put it in place",
            parameters=[SHA256, *PUT],
            answer=ref("Placed"),
            statuses=(409, 507),
        )
    },
    "/api/archive/uploads/{sha256}/{n}": {
        "put": Operation(
            "One block, as it is or gzipped",
            parameters=[
                SHA256,
                {
                    "name": "n",
                    "in": "path",
                    "required": True,
                    "schema": {"type": "integer", "minimum": 0, "maximum": 9_999_999},
                },
            ],
            body="binary",
            answer=object_of(block=WHOLE),
            statuses=(413,),
        )
    },
    "/api/archive/versions": {
        "get": Operation(
            "Earlier archives",
            answer=object_of(versions=list_of(object_of(name=TEXT, bytes=WHOLE)), served=object_of(bytes=WHOLE)),
        )
    },
    "/api/archive/rollback": {
        "post": Operation(
            "Serve an earlier archive again",
            body=object_of(required=[], version=TEXT, unhide={"type": "boolean"}),
            answer=ref("Placed"),
            statuses=(409, 507),
        )
    },
    "/api/media/missing": {
        "post": Operation(
            "Which of these files are not here",
            body=object_of(names=list_of({"type": "string", "maxLength": 119})),
            answer=object_of(missing=list_of(TEXT)),
            statuses=(413,),
        )
    },
    "/api/edits/log": {
        "get": Operation("Every edit as it was written down", answer=object_of(events=list_of(ROWS))),
        "post": Operation(
            "Edits made elsewhere",
            body=object_of(events=list_of({"type": "object"}, maxItems=0)),
            answer=object_of(added=WHOLE),
            statuses=(413,),
        ),
    },
    "/api/backup": {
        "get": Operation(
            "Edits and archive as one file", parameters=[query("media", SWITCH)], answer="zip", statuses=(507,)
        )
    },
    "/api/maintenance": {
        "post": Operation(
            "Show a note on every page, or in the place of all",
            body=object_of(
                required=["text"],
                text={"type": "string", "maxLength": 300, "pattern": "\\S"},
                closed={"type": "boolean"},
            ),
            answer=object_of(maintenance=ROWS),
        ),
        "delete": Operation("Take the note off"),
    },
}
