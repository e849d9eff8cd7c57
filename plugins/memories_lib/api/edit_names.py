"""What the API writes about people and chats: what they are called, who is one person, who is "me"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from datasette.app import Datasette
from datasette.utils.asgi import Request

from memories_lib.access import roles
from memories_lib.api.edit import told
from memories_lib.server import served_archive
from memories_lib.server.http import Answer, ApiError, body_of, whole_numbers, words, wrong
from memories_lib.shared import curation, edit_log
from memories_lib.shared.sql import Run

MOST_NAME = 120
_WAS = """
SELECT coalesce(people_before.name, people.name) AS was, people.name FROM people
LEFT JOIN people_before ON person_id = people.id WHERE people.id = ?
"""


def number_of(request: Request, nobody: str) -> int:
    """The number in the address. Raises 404 with `nobody` for one that no row can have."""
    number = int(request.url_vars["id"])
    if number >= 1 << 63:
        raise ApiError(404, nobody)
    return number


def _was(run: Run, number: int) -> str:
    """What ingest called a person. Raises 404."""
    row = run(_WAS, (number,)).fetchone()
    if row is None:
        raise ApiError(404, "Person not found")
    return row["was"]


async def _name_in(request: Request) -> str:
    name = " ".join(words(await body_of(request), "name", MOST_NAME).split())
    if not name:
        raise wrong("body", "name", "must not be empty")
    return name


async def _edit_person(
    request: Request, datasette: Datasette, action: str, detail_of: Callable[[Run, int], dict[str, Any]]
) -> Answer:
    number = number_of(request, "Person not found")

    def subject(run: Run) -> tuple[str, int, dict[str, Any]]:
        was = _was(run, number)
        return "person", curation.person_key(was), {"was": was, **detail_of(run, number)}

    return told(await served_archive.edit(datasette, roles.name_of(request), action, subject))


async def rename_person(request: Request, datasette: Datasette) -> Answer:
    """``POST /api/people/{id}/rename`` with ``{"name": …}``."""
    name = await _name_in(request)

    def detail_of(run: Run, number: int) -> dict[str, Any]:
        if run("SELECT 1 FROM people WHERE name = ? AND id <> ?", (name, number)).fetchone():
            raise ApiError(409, f"Somebody else is called {name}; if they are one person, join them")
        return {"name": name}

    return await _edit_person(request, datasette, "rename_person", detail_of)


async def join_people(request: Request, datasette: Datasette) -> Answer:
    """``POST /api/people/{id}/join`` with ``{"person_ids": [3]}``: they are the same person as this one."""
    ids = list(dict.fromkeys(whole_numbers(await body_of(request), "person_ids")))
    if not ids:
        raise wrong("body", "person_ids", "ensure this value has at least 1 items", "value_error.list.min_items")

    def detail_of(run: Run, number: int) -> dict[str, Any]:
        if number in ids:
            raise ApiError(409, "That is the same person already")
        return {"also": [_was(run, other) for other in ids]}

    return await _edit_person(request, datasette, "join_people", detail_of)


async def part_person(request: Request, datasette: Datasette) -> Answer:
    """``POST /api/people/{id}/part``: takes back all that joined somebody with this person."""
    number = number_of(request, "Person not found")
    database = served_archive.database_of(datasette)
    edits = []
    while True:

        def subject(run: Run) -> tuple[str, int, dict[str, Any]]:
            was = _was(run, number)
            found = [
                event
                for event in edit_log.effective(edit_log.events(served_archive.log_of(database)))
                if event.action == "join_people" and was in (event.detail["was"], *event.detail["also"])
            ]
            if not found:
                raise ApiError(409, "Nobody was joined with this person")
            event = found[-1]
            return event.subject_kind, event.subject_key, {"of": event.id, "undid": event.action}

        try:
            edits.append(await served_archive.edit(datasette, roles.name_of(request), "undo", subject))
        except ApiError as error:
            if error.status == 409 and edits:
                return {**told(edits[-1]), "edits": [event.id for event in edits]}
            raise


async def me(request: Request, datasette: Datasette) -> Answer:
    """``POST /api/people/{id}/me`` with ``{"on": true}``: this is the owner, under one of the names."""
    is_me = (await body_of(request, or_else={})).get("on", True)
    if not isinstance(is_me, bool):
        raise wrong("body", "on", "must be true or false", "type_error.bool")
    return await _edit_person(request, datasette, "me", lambda _run, _number: {"on": is_me})


async def rename_chat(request: Request, datasette: Datasette) -> Answer:
    """``POST /api/chats/{id}/rename`` with ``{"name": …}``."""
    name, number = await _name_in(request), number_of(request, "Chat not found")

    def subject(run: Run) -> tuple[str, int, dict[str, Any]]:
        row = run("SELECT key FROM chats WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise ApiError(404, "Chat not found")
        if run("SELECT 1 FROM chats WHERE name = ? COLLATE NOCASE AND id <> ?", (name, number)).fetchone():
            raise ApiError(409, f"Another chat is called {name}")
        return "chat", row["key"], {"chat": row["key"], "name": name}

    return told(await served_archive.edit(datasette, roles.name_of(request), "rename_chat", subject))
