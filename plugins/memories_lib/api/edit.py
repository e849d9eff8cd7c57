"""What the API writes. Every function writes one event down and shows it; nothing is destroyed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from datasette import Response
from datasette.app import Datasette
from datasette.utils.asgi import Request

from memories_lib.access import roles
from memories_lib.api import exchange_messages
from memories_lib.server import served_archive
from memories_lib.server.http import Answer, ApiError, Handler, as_json, body_of, whole_numbers, words, wrong
from memories_lib.shared import edit_details, edit_log, visible
from memories_lib.shared.edit_event import Event
from memories_lib.shared.edited_archive import EMPTY
from memories_lib.shared.sql import Run

_MOST_TITLE = 300
#: What is the owner's alone to say, and to take back.
_OF_THE_OWNER = frozenset({"rename_person", "join_people", "rename_chat", "me"})


_NAMED = """
SELECT {table}.key, chats.key AS chat, {time} AS at FROM {table} JOIN chats ON chats.id = chat_id WHERE {table}.id = ?
"""
#: The time of the message that the key is of, hidden or not: an exchange begins with what of it may be seen.
_TIMES = {
    "exchanges": "(SELECT min(sent_at) FROM messages WHERE exchange_id = exchanges.id)",
    "messages": "sent_at",
}


def _named(run: Run, table: str, number: int) -> tuple[int, dict[str, Any]] | None:
    """(key, detail) by which a row is found again in any archive; None when there is none."""
    row = run(_NAMED.format(table=table, time=_TIMES[table]), (number,)).fetchone()
    return (row["key"], {"chat": row["chat"], "at": row["at"]}) if row else None


def exchange_named(run: Run, number: int) -> tuple[int, dict[str, Any]]:
    """See `_named`; for one that was merged, where it is now. Raises 404."""
    found = _named(run, "exchanges", number)
    if found is None:
        moved = exchange_messages.merged_into(run, number)
        if moved is None:
            raise ApiError(404, "Exchange not found")
        return exchange_named(run, moved)
    return found


def message_named(run: Run, number: int) -> tuple[int, dict[str, Any]]:
    """See `_named`. Raises 404."""
    found = _named(run, "messages", number)
    if found is None:
        raise ApiError(404, "Message not found")
    return found


async def _edit_exchange(
    request: Request,
    datasette: Datasette,
    action: str,
    more: dict[str, Any] | None = None,
    check: Callable[[Run, int], None] | None = None,
) -> Event:
    number = id_of(request)

    def subject(run: Run) -> tuple[str, int, dict[str, Any]]:
        if check:
            check(run, number)
        key, detail = exchange_named(run, number)
        parts = {"parts": _parts(run, number)} if action in ("hide", "restore") else {}
        if action == "restore" and _is_empty(run, number):
            parts["messages"] = _hidden_messages(run, number)
        return "exchange", key, {**detail, **parts, **(more or {})}

    return await served_archive.edit(datasette, roles.name_of(request), action, subject)


def _parts(run: Run, number: int) -> list[dict[str, Any]]:
    """What an exchange is made of, as `_named` names each: it may be parted again, or found by these alone."""
    rows = run(
        """
        SELECT key, sent_at AS at FROM (
            SELECT key, sent_at, id,
                row_number() OVER (PARTITION BY coalesce(b.exchange_id, m.exchange_id) ORDER BY sent_at, id) AS first,
                row_number() OVER (PARTITION BY coalesce(b.exchange_id, m.exchange_id)
                    ORDER BY sent_at DESC, id DESC) AS last
            FROM messages AS m LEFT JOIN messages_before AS b ON b.message_id = m.id WHERE m.exchange_id = ?
        ) WHERE first = 1 OR last = 1 OR first % 40 = 0 ORDER BY sent_at, id LIMIT 200
        """,
        (number,),
    )
    return [dict(row) for row in rows]


def _is_empty(run: Run, number: int) -> bool:
    """Whether an exchange is hidden by its messages alone, each for itself."""
    sql = "SELECT 1 FROM exchange_marks WHERE exchange_id = ? AND is_hidden = ?"
    return run(sql, (number, EMPTY)).fetchone() is not None


def _hidden_messages(run: Run, number: int) -> list[dict[str, Any]]:
    """The messages of an exchange that are hidden, as `_named` names each."""
    rows = run(
        f"""
        SELECT key, sent_at AS at FROM messages
        WHERE exchange_id = ? AND id IN ({visible.HIDDEN_ALONE}) ORDER BY sent_at, id
        """,
        (number,),
    )
    return [dict(row) for row in rows]


def id_of(request: Request) -> int:
    """The number in the address. Raises 404 for what no row can have."""
    number = int(request.url_vars["id"])
    if number >= 1 << 63:
        raise ApiError(404, "Exchange not found")
    return number


def told(event: Event) -> dict[str, Any]:
    """What the API answers to an edit."""
    return {"edit": event.id, "action": event.action, "at": event.at, "actor": event.actor}


def _must_be_shown(run: Run, number: int) -> None:
    row = run(
        f"""
        SELECT 1 FROM exchanges LEFT JOIN exchange_marks ON exchange_id = exchanges.id
        WHERE exchanges.id = ? AND {visible.MARKED_SEEN}
        """,
        (number,),
    ).fetchone()
    if row is None:
        raise ApiError(404, "Exchange not found")


async def hide_exchange(request: Request, datasette: Datasette) -> Response:
    """``DELETE /api/exchanges/{id}``: hides it."""
    event = await _edit_exchange(request, datasette, "hide", check=_must_be_shown)
    return Response("", status=204, headers={"x-edit": str(event.id)})


def marks(action: str) -> Handler:
    """``POST /api/exchanges/{id}/star`` and its like, which need nothing more."""

    async def answer(request: Request, datasette: Datasette) -> Any:
        return told(await _edit_exchange(request, datasette, action))

    return answer


async def retitle(request: Request, datasette: Datasette) -> Answer:
    """``{"title": …}``"""
    title = " ".join(words(await body_of(request), "title", _MOST_TITLE).split())
    if not title:
        raise wrong("body", "title", "must not be empty")
    return told(await _edit_exchange(request, datasette, "retitle", {"title": title}))


async def note(request: Request, datasette: Datasette) -> Answer:
    """``{"note": …}``; an empty one takes it away."""
    said = words(await body_of(request), "note", edit_details.MOST_NOTE).strip()
    return told(await _edit_exchange(request, datasette, "note", {"note": said}))


def _with_edits(request: Request, data: dict[str, Any], done: Sequence[int]) -> Response:
    """The contract's answer; the edits' numbers go beside it."""
    answer = as_json(request, data)
    answer.headers["x-edit"] = ",".join(map(str, done))
    return answer


async def hide_messages(request: Request, datasette: Datasette) -> Answer:
    """``DELETE /api/messages`` with ``{"message_ids": [1, 2]}``: hides those that are there."""
    ids = list(dict.fromkeys(whole_numbers(await body_of(request), "message_ids")))
    if not ids:
        raise ApiError(400, "No message ids were given")
    done = await _each_message(request, datasette, ids, "hide")
    return _with_edits(request, {"deleted_count": len(done)}, done)


async def restore_messages(request: Request, datasette: Datasette) -> Answer:
    """``POST /api/messages/restore`` with ``{"message_ids": [1, 2]}``."""
    ids = list(dict.fromkeys(whole_numbers(await body_of(request), "message_ids")))
    done = await _each_message(request, datasette, ids, "restore")
    return _with_edits(request, {"restored_count": len(done)}, done)


async def _each_message(request: Request, datasette: Datasette, ids: Iterable[int], action: str) -> list[int]:
    """The numbers of the edits that were made: those that change nothing are none."""

    def subject(run: Run, number: int) -> tuple[int, dict[str, Any]] | None:
        is_hidden = run(f"{visible.HIDDEN_ALONE} WHERE message_id = ?", (number,)).fetchone() is not None
        if is_hidden == (action == "hide"):
            return None
        try:
            return message_named(run, number)
        except ApiError:
            return None

    events = await served_archive.edit_messages(datasette, roles.name_of(request), action, ids, subject)
    return [event.id for event in events]


async def highlight(request: Request, datasette: Datasette) -> Answer:
    """``POST /api/messages/{id}/highlight`` with ``{"on": true}``."""
    on = (await body_of(request, or_else={})).get("on", True)
    if not isinstance(on, bool):
        raise wrong("body", "on", "must be true or false", "type_error.bool")
    number = id_of(request)

    def subject(run: Run) -> tuple[str, int, dict[str, Any]]:
        key, detail = message_named(run, number)
        return "message", key, {**detail, "on": on}

    return told(await served_archive.edit(datasette, roles.name_of(request), "highlight", subject))


async def edits(request: Request, datasette: Datasette) -> Answer:
    """All edits, the newest first."""
    everything = await served_archive.all_edits(datasette)
    undone = edit_log.undone(everything)
    return as_json(
        request,
        {
            "edits": [
                {
                    "id": event.id, "at": event.at, "actor": event.actor, "action": event.action,
                    "subject_kind": event.subject_kind, "subject_key": event.subject_key, "detail": event.detail,
                    "undone_by": event.undone_by, "is_effective": event.id not in undone,
                }
                for event in reversed(everything)
            ]
        },
    )  # fmt: skip


async def undo(request: Request, datasette: Datasette) -> Answer:
    """``POST /api/edits/{id}/undo``"""
    number = id_of(request)
    database = served_archive.database_of(datasette)

    def subject(_run: Run) -> tuple[str, int, dict[str, Any]]:
        everything = {event.id: event for event in edit_log.events(served_archive.log_of(database))}
        event = everything.get(number)
        if event is None:
            raise ApiError(404, "Edit not found")
        if event.action in edit_log.BY_COMMAND:
            raise ApiError(409, "That was done by a command, and is taken back by one; see memories undo")
        if event.action in _OF_THE_OWNER and not roles.may(request.actor, "owner"):
            raise ApiError(403, "That is the owner's to take back")
        undone_by = everything.get(event.undone_by or 0)
        if undone_by and undone_by.undone_by is None:
            raise ApiError(409, "That was undone already")
        return event.subject_kind, event.subject_key, {"of": number, "undid": event.action}

    return told(await served_archive.edit(datasette, roles.name_of(request), "undo", subject))
