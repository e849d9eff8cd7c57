"""Whether a password is the one of a role: asked by the page for logging in and by the API, with one count of tries."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass

from datasette import Response
from datasette.app import Datasette
from datasette.utils.asgi import Request
from datasette_auth_passwords.utils import verify_password
from itsdangerous import BadSignature

from memories_lib.access import attempts, roles, token_store


@dataclass(frozen=True, slots=True)
class Checked:
    """`wait`: seconds until another try is heard, where there were too many; then nothing was looked at."""

    is_right: bool
    wait: int = 0


#: What a browser carries that has got in: not who it is, but that others' wrong tries do not keep it out.
DEVICE = "mem_device"
DEVICE_S = 400 * 24 * 3600


def device_of(datasette: Datasette, request: Request, role: str) -> str:
    """What a browser carries that has got in with a role before; "" for any other."""
    try:
        found = datasette.unsign(request.cookies.get(DEVICE) or "", DEVICE)
        return str(found["id"]) if role in found["roles"] else ""
    except (BadSignature, KeyError, TypeError):
        return ""


def remember_device(datasette: Datasette, request: Request, response: Response, role: str) -> None:
    """Let the browser carry that it has got in with a role."""
    try:
        known = datasette.unsign(request.cookies.get(DEVICE) or "", DEVICE)
        number, had = str(known["id"]), list(known["roles"])
    except (BadSignature, KeyError, TypeError):
        number, had = secrets.token_urlsafe(12), []
    signed = datasette.sign({"id": number, "roles": sorted({*had, role})}, DEVICE)
    secure = roles.is_https(request.scope)
    response.set_cookie(DEVICE, signed, max_age=DEVICE_S, httponly=True, samesite="lax", secure=secure)


async def check(datasette: Datasette, request: Request, role: str, password: str) -> Checked:
    """Look at a password that somebody gives for a role. A role without one takes as long, and is never right."""
    device = device_of(datasette, request, role)
    address, store = roles.address_of(request.scope), token_store.store_of(datasette)
    wait = await token_store.written(attempts.begin, store, role, address, time.time(), device)
    if wait:
        return Checked(is_right=False, wait=wait)
    known = roles.hashes().get(role)
    # In a thread, since it is slow on purpose.
    is_right = await asyncio.to_thread(verify_password, password, known or attempts.NOBODY) and known is not None
    if is_right:
        await token_store.written(attempts.succeeded, store, role, address, time.time(), device)
    return Checked(is_right)
