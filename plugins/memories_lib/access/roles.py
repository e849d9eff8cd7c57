"""Who may do what. Roles: an owner may everything, a curator edits, a viewer reads what is not hidden.

On this machine's own address there is no password and whoever asks is the owner. Anything else is closed until
passwords are set: `MEMORIES_OWNER_PASSWORD`, `MEMORIES_CURATOR_PASSWORD`, `MEMORIES_VIEWER_PASSWORD` hold their hashes.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from datasette.utils.asgi import Request

from memories_lib.server.asgi import Scope
from memories_lib.server.http import ApiError

ROLES = ("viewer", "curator", "owner")
#: What proxies add to what they pass on.
_FORWARDED = frozenset(
    "x-forwarded-for x-forwarded-host x-forwarded-proto x-forwarded-server x-forwarded-port forwarded via x-real-ip "
    "fly-client-ip cf-connecting-ip true-client-ip x-client-ip x-cluster-client-ip x-original-host".split()
)


def hashes() -> dict[str, str]:
    """role -> the hash of its password, for the roles that have one."""
    named = {role: os.environ.get(f"MEMORIES_{role.upper()}_PASSWORD", "").strip() for role in ROLES}
    return {role: value for role, value in named.items() if value}


def is_local(scope: Scope) -> bool:
    """Whether a request comes from this machine to this machine, by a name that no stranger can give to it."""
    if os.environ.get("MEMORIES_PUBLIC", "") not in ("", "0"):
        return False
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope.get("headers") or []}
    # A proxy that adds nothing at all still speaks as no browser does: nginx with HTTP/1.0.
    if not _FORWARDED.isdisjoint(headers) or scope.get("http_version") == "1.0":
        return False
    host = _host(headers.get("host", ""))
    is_from_here = all(_is_loopback((scope.get(side) or ("",))[0]) for side in ("server", "client"))
    return is_from_here and (host == "localhost" or _is_loopback(host))


def _host(given: str) -> str:
    try:
        return urlsplit(f"//{given}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def proof_of(role: str) -> str:
    """What a session carries of its password's hash: a new password ends it."""
    return hashlib.blake2b(hashes().get(role, "").encode(), digest_size=6).hexdigest()


def role_of(actor: Mapping[str, Any] | None) -> str | None:
    """The role of an actor; None for strangers, and for those whose password has changed since."""
    role = actor.get("role") if actor else None
    if actor is None or role not in ROLES:
        return None
    is_true = actor.get("local") or actor.get("token") or (role in hashes() and actor.get("proof") == proof_of(role))
    return role if is_true else None


def address_of(scope: Scope) -> str:
    """Where a request comes from; on Fly, where its proxy says. Elsewhere anybody can say so."""
    for name, value in scope.get("headers") or []:
        if name == b"fly-client-ip" and os.environ.get("FLY_APP_NAME"):
            return value.decode("latin-1")
    return (scope.get("client") or ("unknown",))[0]


def is_https(scope: Scope) -> bool:
    """Whether the browser speaks HTTPS, to us or to a proxy."""
    return scope.get("scheme") == "https" or (b"x-forwarded-proto", b"https") in (scope.get("headers") or [])


def may(actor: Mapping[str, Any] | None, role: str) -> bool:
    """Whether an actor has at least a role."""
    mine = role_of(actor)
    return mine is not None and ROLES.index(mine) >= ROLES.index(role)


def require(request: Request, role: str) -> None:
    """Raises 401 for strangers, 403 for those whose role is too small."""
    if role_of(request.actor) is None:
        raise ApiError(401, "Log in first" if hashes() else "This archive is closed: no password is set yet")
    if not may(request.actor, role):
        raise ApiError(403, f"Only a {role} may do this")


def fresh_name() -> str:
    """A name for a file that nobody can guess."""
    return secrets.token_hex(8)


def is_read_only() -> bool:
    """Whether this archive was published to be read, and nothing else."""
    return os.environ.get("MEMORIES_READ_ONLY", "") not in ("", "0")


def name_of(request: Request) -> str:
    """Who is written down as having made an edit."""
    return (request.actor or {}).get("id") or "somebody"


def allowed_origins() -> set[str]:
    """The origins of `ALLOWED_ORIGINS`, exactly as browsers write them."""
    return {origin.strip().rstrip("/") for origin in os.environ.get("ALLOWED_ORIGINS", "").split(",") if origin.strip()}


def tiles() -> str:
    """Where maps get their tiles from: OpenStreetMap, unless `MEMORIES_TILES` says otherwise."""
    return os.environ.get("MEMORIES_TILES") or "https://tile.openstreetmap.org/{z}/{x}/{y}.png"


def tile_hosts() -> str:
    """Whose pictures a page with a map may load, for its content policy."""
    host = urlsplit(tiles().replace("{s}.", "").replace("{", "").replace("}", "")).netloc
    return f"https://{host} https://*.{host} https://*.tile.openstreetmap.org"


def is_own_origin(origin: str, scope: Scope, headers: Mapping[str, str]) -> bool:
    """Whether an `Origin` is the address that was asked, by HTTPS where a proxy speaks that for us."""
    host = headers.get("host", "")
    return bool(host) and origin in (f"{scope.get('scheme', 'http')}://{host}", f"https://{host}")
