"""Tokens for programs: made with a password or by the owner, listed, revoked."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from datasette import Response
from datasette.app import Datasette
from datasette.utils.asgi import Request
from datasette_auth_passwords.utils import verify_password

from memories_lib.access import attempts, roles, sessions
from memories_lib.server import served_archive
from memories_lib.server.http import ApiError, body_of, words, wrong
from memories_lib.shared import access_tokens
from memories_lib.shared.layout import ArchiveFiles

_MOST_DAYS = 366
#: path -> (the open store, which file that is)
_stores: dict[str, tuple[sqlite3.Connection, tuple[int, int] | None]] = {}
#: Whatever is written into the store, is written by this thread: to wait for the disk is not for who answers others.
_writer = ThreadPoolExecutor(1, "access.db")


def store_of(datasette: Datasette) -> sqlite3.Connection:
    """The store of tokens beside the archive, open for this process."""
    path = str(ArchiveFiles.of(served_archive.database_of(datasette).path).access)
    store, which = _stores.get(path, (None, None))
    # Another file in its place is the one that counts: what is revoked in a file that is gone comes back with the next.
    if store is None or served_archive.which_file(path) != which:
        store = access_tokens.open_store(path)
        _stores[path] = store, served_archive.which_file(path)
    return store


async def written(function: Callable[..., Any], *given: Any) -> Any:
    """What `function(*given)` gives, which writes into the store, one after the other."""
    return await asyncio.get_running_loop().run_in_executor(_writer, function, *given)


def actor_of(datasette: Datasette, header: str) -> dict[str, Any] | None:
    """The actor of an `Authorization: Bearer …`; None when the token is not good (any more)."""
    try:
        found = access_tokens.role_of(store_of(datasette), header[7:].strip(), roles.proof_of)
    except ApiError:
        return None
    if found is None:
        return None
    role, name, number = found
    return {"id": name, "role": role, "token": number}


def _role(body: dict[str, Any]) -> str:
    role = body.get("role", "owner")
    if role not in roles.ROLES:
        raise wrong("body", "role", f"must be one of {', '.join(roles.ROLES)}")
    return role


def _days(body: dict[str, Any], default: float) -> float:
    days = body.get("days", default)
    if isinstance(days, bool) or not isinstance(days, int | float) or not 0 < days <= _MOST_DAYS:
        raise wrong("body", "days", f"must be a number of days of at most {_MOST_DAYS}")
    return days


async def _made(datasette: Datasette, name: str, role: str, days: float, proof: str | None = None) -> dict[str, Any]:
    number, token = await written(access_tokens.make, store_of(datasette), name, role, int(days * 86400), proof)
    return {"id": number, "token": token, "role": role, "expires_at": int(time.time() + days * 86400)}


async def login(request: Request, datasette: Datasette) -> Any:
    """``POST /api/login`` `{"role", "password"}`: a token for an hour, or for `days`, for programs that ask a person.

    It ends with the password it was made with.
    """
    body = await body_of(request)
    role, password = _role(body), words(body, "password", 1000)
    address = roles.address_of(request.scope)
    store = store_of(datasette)
    wait = await written(attempts.begin, store, role, address, time.time())
    if wait:
        return Response.json(
            {"detail": f"Too many tries. Please wait {-(-wait // 60)} minutes."},
            status=429,
            headers={"retry-after": str(wait)},
        )
    known = roles.hashes().get(role)
    if not await asyncio.to_thread(verify_password, password, known or attempts.NOBODY) or known is None:
        raise ApiError(403, "That is not the password")
    await written(attempts.succeeded, store, role, address, time.time())
    return await _made(datasette, role, role, _days(body, 1 / 24), roles.proof_of(role))


async def make(request: Request, datasette: Datasette) -> dict[str, Any]:
    """``POST /api/tokens`` `{"name", "role", "days"}`: the token is in this answer and nowhere else."""
    body = await body_of(request)
    name = words(body, "name", 100).strip()
    if not name:
        raise wrong("body", "name", "must say what the token is for")
    return await _made(datasette, name, _role({"role": "viewer", **body}), _days(body, 90))


async def listed(_request: Request, datasette: Datasette) -> dict[str, Any]:
    """``GET /api/tokens``."""
    return {"tokens": access_tokens.listed(store_of(datasette))}


async def revoke(request: Request, datasette: Datasette) -> Response:
    """``DELETE /api/tokens/{id}``."""
    number = int(request.url_vars["id"])
    if number == (request.actor or {}).get("token"):
        raise ApiError(409, "That is the token that asks; end it with another one, or with the password")
    if number >= 1 << 63 or not await written(access_tokens.revoke, store_of(datasette), number):
        raise ApiError(404, "There is no such token, or it was revoked already")
    return Response("", status=204)


async def sessions_listed(request: Request, datasette: Datasette) -> dict[str, Any]:
    """``GET /api/sessions``: browsers that are logged in."""
    mine = (request.actor or {}).get("session")
    return {"sessions": [{**one, "is_this": one["id"] == mine} for one in sessions.listed(store_of(datasette))]}


async def end_session(request: Request, datasette: Datasette) -> Response:
    """``DELETE /api/sessions/{id}``: that browser has to log in again."""
    number = int(request.url_vars["id"])
    if number >= 1 << 63 or not await written(sessions.end, store_of(datasette), number):
        raise ApiError(404, "There is no such log-in, or it has ended")
    return Response("", status=204)
