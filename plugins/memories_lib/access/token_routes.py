"""Tokens for programs: made with a password or by the owner, listed, revoked."""

from __future__ import annotations

import time
from typing import Any

from datasette import Response
from datasette.app import Datasette
from datasette.utils.asgi import Request

from memories_lib.access import passwords, roles, sessions
from memories_lib.access.token_store import store_of, written
from memories_lib.server.http import ApiError, body_of, words, wrong
from memories_lib.shared import access_tokens

_MOST_DAYS = 366


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
    checked = await passwords.check(datasette, request, role, password)
    if checked.wait:
        return Response.json(
            {"detail": f"Too many tries. Please wait {-(-checked.wait // 60)} minutes."},
            status=429,
            headers={"retry-after": str(checked.wait)},
        )
    if not checked.is_right:
        raise ApiError(403, "That is not the password")
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
