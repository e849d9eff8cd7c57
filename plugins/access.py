"""Who gets in: the owner of this machine without asking, everybody else with a password, nobody where none is set."""

import asyncio
import importlib.util
import sys
import time
from pathlib import Path

from datasette import Response, hookimpl
from datasette_auth_passwords.utils import verify_password

if "memories_lib" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("memories_lib", Path(__file__).parent / "lib" / "__init__.py")
    sys.modules["memories_lib"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["memories_lib"])

from memories_lib import access, attempts, token_api

_SESSION_S = 30 * 24 * 3600
_COOKIE = "ds_actor"
#: What only an owner may: run any SQL, take the whole file.
_OWNERS = ("execute-sql", "view-database-download", "permissions-debug", "debug-menu")
#: What a viewer may not: Datasette's own pages show rows that are hidden in the memories view.
_CURATORS = ("view-database", "view-table", "view-query")


@hookimpl(tryfirst=True)
def actor_from_request(datasette, request):
    """Who a token says; the owner, on this machine's own address."""
    sent = request.headers.get("authorization", "")
    if sent.lower().startswith("bearer "):
        # A token that is not good is nobody's, whatever else comes with it.
        return token_api.actor_of(datasette, sent) or {"id": None}
    if access.is_local(request.scope):
        return {"id": "owner", "role": "owner", "local": True}
    return None


@hookimpl
def permission_allowed(actor, action, resource):
    """By role; strangers may nothing."""
    if action == "view-database" and resource == "_internal":
        return False
    if action in _OWNERS:
        return access.may(actor, "owner")
    if action in _CURATORS:
        return access.may(actor, "curator")
    return access.may(actor, "viewer")


@hookimpl
def forbidden(datasette, request):
    """Strangers are asked who they are; where no password is set, the page says how to set one."""
    if access.role_of(request.actor) is not None:
        return None
    if access.hashes():
        return Response.redirect(datasette.urls.path("/-/login"))

    async def closed():
        return await _page(datasette, request, 403)

    return closed


async def _page(datasette, request, status=200, error="", headers=None):
    html = await datasette.render_template(
        "login.html", {"roles": list(access.hashes()), "error": error}, request=request
    )
    return Response.html(html, status=status, headers={"cache-control": "no-store", **(headers or {})})


async def login(request, datasette):
    """The page that asks, and what becomes of the answer."""
    if request.method != "POST":
        return await _page(datasette, request, 200 if access.hashes() else 403)
    given = await request.post_vars()
    role, password = given.get("role", ""), given.get("password", "")
    address = access.address_of(request.scope)
    store = token_api.store_of(datasette)
    wait = attempts.begin(store, role, address, time.time())
    if wait:
        return await _page(
            datasette,
            request,
            429,
            f"Too many tries. Please wait {-(-wait // 60)} minutes.",
            {"retry-after": str(wait)},
        )
    known = access.hashes().get(role)
    # In a thread, since it is slow on purpose; a role without password takes as long as one with.
    is_right = await asyncio.to_thread(verify_password, password, known or attempts.NOBODY) and known is not None
    if not is_right:
        return await _page(datasette, request, 403, "That is not the password.")
    attempts.succeeded(store, role, address, time.time())
    response = Response.redirect(datasette.urls.path("/"))
    actor = {"id": role, "role": role, "proof": access.proof_of(role)}
    expires = datasette.sign({"a": actor, "e": _base62(int(time.time()) + _SESSION_S)}, "actor")
    response.set_cookie(
        _COOKIE, expires, max_age=_SESSION_S, httponly=True, samesite="lax", secure=access.is_https(request.scope)
    )
    return response


def _base62(number):
    digits, found = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", ""
    while number:
        number, rest = divmod(number, 62)
        found = digits[rest] + found
    return found or "0"


async def robots():
    """No robot has any business here."""
    return Response.text("User-agent: *\nDisallow: /\n")


@hookimpl
def register_routes():
    return [(r"^/-/login/?$", login), (r"^/robots\.txt$", robots)]
