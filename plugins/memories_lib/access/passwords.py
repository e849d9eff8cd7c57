"""Whether a password is the one of a role: asked by the page for logging in and by the API, with one count of tries."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from datasette.app import Datasette
from datasette.utils.asgi import Request
from datasette_auth_passwords.utils import verify_password

from memories_lib.access import attempts, roles, token_store


@dataclass(frozen=True, slots=True)
class Checked:
    """`wait`: seconds until another try is heard, where there were too many; then nothing was looked at."""

    is_right: bool
    wait: int = 0


async def check(datasette: Datasette, request: Request, role: str, password: str) -> Checked:
    """Look at a password that somebody gives for a role. A role without one takes as long, and is never right."""
    address, store = roles.address_of(request.scope), token_store.store_of(datasette)
    wait = await token_store.written(attempts.begin, store, role, address, time.time())
    if wait:
        return Checked(is_right=False, wait=wait)
    known = roles.hashes().get(role)
    # In a thread, since it is slow on purpose.
    is_right = await asyncio.to_thread(verify_password, password, known or attempts.NOBODY) and known is not None
    if is_right:
        await token_store.written(attempts.succeeded, store, role, address, time.time())
    return Checked(is_right)
