"""What the API changes of the messages themselves: chats joined and parted, exports taken out, things forgotten.

The command `memories` does it, in a process of its own, where it is installed beside the server.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from datasette.app import Datasette
from datasette.utils.asgi import Request

from memories_lib.access import roles
from memories_lib.api.edit_names import MOST_NAME, number_of
from memories_lib.server import commands, served_archive
from memories_lib.server.http import Answer, ApiError, Handler, body_of, whole_numbers, words, wrong
from memories_lib.shared.sql import Run

_WAIT_S = 900


async def _command(datasette: Datasette, command: Sequence[str], options: Sequence[str], *named: object) -> str:
    """What a command that changes the archive says of it. Raises `ApiError`."""
    try:
        return await commands.run(
            served_archive.database_of(datasette).path, command, options, [str(word) for word in named], wait_s=_WAIT_S
        )
    except commands.CommandError as error:
        raise ApiError(501 if error.is_missing else 409, str(error)) from None


async def _change(
    datasette: Datasette, command: Sequence[str], *named: object, options: Sequence[str] = ()
) -> dict[str, Any]:
    said = await _command(datasette, command, ["--yes", *options], *(f"id:{number}" for number in named))
    return {"message": said.strip()}


async def _must_be_there(datasette: Datasette, table: str, *numbers: int) -> None:
    """Raises 404 for a number that no row has."""
    nobody = {"chats": "Chat not found", "people": "Person not found", "sources": "Source not found"}[table]

    def there(run: Run) -> set[int]:
        return {row["id"] for row in run(f"SELECT id FROM {table}").fetchall()}

    if not (await served_archive.read(datasette, there)).issuperset(numbers):
        raise ApiError(404, nobody)


async def sources(_request: Request, datasette: Datasette) -> Answer:
    """``GET /api/sources``: which exports the archive was made of, and what each gave."""
    return {"sources": json.loads(await _command(datasette, ["sources"], ["--json"]))}


async def remove_source(request: Request, datasette: Datasette) -> Answer:
    """``DELETE /api/sources/{id}``: takes an export out again; ingesting it brings it back."""
    number = number_of(request, "Source not found")
    await _must_be_there(datasette, "sources", number)
    return await _change(datasette, ["sources", "remove"], number)


async def join_chats(request: Request, datasette: Datasette) -> Answer:
    """``POST /api/chats/{id}/join`` with ``{"chat_ids": [4]}``: what they hold goes to this one."""
    number, ids = number_of(request, "Chat not found"), whole_numbers(await body_of(request), "chat_ids")
    if not ids:
        raise wrong("body", "chat_ids", "ensure this value has at least 1 items", "value_error.list.min_items")
    if number in ids:
        raise ApiError(409, "That is the same chat already")
    await _must_be_there(datasette, "chats", number, *ids)
    said = [await _change(datasette, ["chats", "join"], number, other) for other in dict.fromkeys(ids)]
    return {"message": "\n".join(one["message"] for one in said)}


async def part_chat(request: Request, datasette: Datasette) -> Answer:
    """``POST /api/chats/{id}/part`` with ``{"source_ids": [3], "name": …}``: these exports are another chat."""
    number, body = number_of(request, "Chat not found"), await body_of(request)
    ids, name = list(dict.fromkeys(whole_numbers(body, "source_ids"))), words(body, "name", MOST_NAME).strip()
    if not ids:
        raise wrong("body", "source_ids", "ensure this value has at least 1 items", "value_error.list.min_items")
    if not name:
        raise wrong("body", "name", "must not be empty")
    await _must_be_there(datasette, "chats", number)
    await _must_be_there(datasette, "sources", *ids)
    query = "SELECT source_id FROM chat_sources WHERE chat_id = ?"
    here = {
        row["source_id"] for row in await served_archive.read(datasette, lambda run: run(query, (number,)).fetchall())
    }
    if not here.issuperset(ids):
        raise ApiError(409, "That export is of another chat")
    said = await _command(datasette, ["chats", "part"], [f"--as={name}"], *(f"id:{one}" for one in ids))
    return {"message": said.strip()}


def forget(kind: str, table: str) -> Handler:
    """``POST /api/chats/{id}/forget`` and its like, with ``{"for_good": true}``: out of everything, for good."""

    async def answer(request: Request, datasette: Datasette) -> Any:
        number = number_of(request, f"{kind.capitalize()} not found")
        if (await body_of(request, or_else={})).get("for_good") is not True:
            raise wrong("body", "for_good", "must be true: what is forgotten does not come back")
        await _must_be_there(datasette, table, number)
        said = await _command(datasette, ["forget"], ["--yes"], kind, f"id:{number}")
        return {"message": said.strip()}

    return answer


def is_installed() -> bool:
    """Whether what these do can be done here at all."""
    return not roles.is_read_only() and commands.is_installed()
