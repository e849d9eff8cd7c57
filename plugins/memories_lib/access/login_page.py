"""The page that asks for a password, the session that it begins, and what becomes of those who may not enter."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from datasette import Forbidden, Response
from datasette.app import Datasette
from datasette.utils import baseconv
from datasette.utils.asgi import Request
from itsdangerous import BadSignature

from memories_lib.access import roles, sessions, token_store
from memories_lib.server.http import ApiError

COOKIE = "ds_actor"
#: Where requests go that are let no further.
TURNED_AWAY = "/-/turned-away"
#: Where a scope holds the address that was asked for.
ASKED_FOR = "memories_asked_for"
_OF_HERE = re.compile(r"/(?![/\\\\])[\w./?=&%+~:*-]*\Z", re.ASCII)
SESSION_S = 30 * 24 * 3600


def actor_of_cookie(datasette: Datasette, request: Request) -> dict[str, Any] | None:
    """The actor of a log-in; None without one, or when it has ended: by itself, or because it was ended."""
    given = request.cookies.get(COOKIE)
    if not given:
        return None
    try:
        found = datasette.unsign(given, "actor")
        ends = found.get("e")
        if ends and int(time.time()) > baseconv.base62.decode(ends):
            return None
        actor = found["a"]
        number = sessions.number_of(token_store.store_of(datasette), actor.get("session"))
        return {**actor, "session": number} if number is not None else None
    except ApiError:
        return None
    except (BadSignature, KeyError, TypeError, AttributeError, ValueError):
        return None


async def begin_session(datasette: Datasette, request: Request, response: Response, role: str) -> None:
    """Let the browser that gave the right password come back for a month."""
    browser = request.headers.get("user-agent", "")
    session = await token_store.written(sessions.begin, token_store.store_of(datasette), role, browser, SESSION_S)
    actor = {"id": role, "role": role, "proof": roles.proof_of(role), "session": session}
    ends = baseconv.base62.encode(int(time.time()) + SESSION_S)
    signed = datasette.sign({"a": actor, "e": ends}, "actor")
    secure = roles.is_https(request.scope)
    response.set_cookie(COOKIE, signed, max_age=SESSION_S, httponly=True, samesite="lax", secure=secure)


async def end_session(datasette: Datasette, request: Request) -> None:
    """Log out: the cookie is worth nothing from now on, wherever a copy of it is."""
    actor = actor_of_cookie(datasette, request)
    if actor:
        await token_store.written(sessions.end, token_store.store_of(datasette), actor["session"])


async def page(
    datasette: Datasette,
    request: Request,
    status: int = 200,
    error: str = "",
    headers: Mapping[str, str] | None = None,
    after: str = "",
) -> Response:
    """The page that asks; where no password is set, it says how to set one."""
    html = await datasette.render_template(
        "login.html", {"roles": list(roles.hashes()), "error": error, "next": after}, request=request
    )
    return Response.html(html, status=status, headers={"cache-control": "no-store", **(headers or {})})


def is_of_here(address: str) -> bool:
    """Whether an address that somebody is sent to after the log-in is a page of this server, and of none else."""
    return bool(_OF_HERE.match(address))


async def turn_away(datasette: Datasette, request: Request) -> Response:
    """The answer to somebody who may not see this: strangers are asked who they are, others are told."""
    if roles.role_of(request.actor) is not None:
        raise Forbidden("view-instance")
    if roles.hashes():
        asked = str(request.scope.get(ASKED_FOR) or "")
        after = f"?{urlencode({'next': asked})}" if is_of_here(asked) and asked != "/" else ""
        return Response.redirect(datasette.urls.path("/-/login") + after)
    return await page(datasette, request, 403)
