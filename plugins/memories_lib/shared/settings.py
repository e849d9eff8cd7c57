"""Settings that come by environment variable: named, never shown, and looked at for sense. Pure; both sides load it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

#: name -> what it is for.
KNOWN = {
    "ALLOWED_ORIGINS": "other frontends that may use the API",
    "DATASETTE_SECRET": "what signs sessions",
    "GEMINI_API_KEY": "lets Gemini read",
    "MEMORIES_CURATOR_PASSWORD": "the hash of the curators' password",
    "MEMORIES_DB": "the archive",
    "MEMORIES_LOG_LEVEL": "how much is logged",
    "MEMORIES_OWNER_PASSWORD": "the hash of the owner's password",
    "MEMORIES_PUBLIC": "closed without a password, on any address",
    "MEMORIES_READ_ONLY": "published to be read, and nothing else",
    "MEMORIES_TILES": "where maps come from",
    "MEMORIES_VIEWER_PASSWORD": "the hash of the readers' password",
}
_HASH = re.compile(r"pbkdf2_sha256\$\d{5,7}\$[^$]+\$[A-Za-z0-9+/=]{40,}\Z")
LEVELS = ("debug", "info", "warning", "error")


def named() -> list[str]:
    """Those that are set, by name alone."""
    return [name for name in KNOWN if os.environ.get(name)]


def without_hash() -> list[str]:
    """The passwords' settings that hold something else than a hash."""
    names = (f"MEMORIES_{role}_PASSWORD" for role in ("OWNER", "CURATOR", "VIEWER"))
    return [name for name in names if (given := os.environ.get(name, "").strip()) and not _HASH.match(given)]


def no_hash(name: str) -> str:
    """What to say of one of them."""
    role = name.split("_")[1].lower()
    return f"{name} holds no hash, so it lets nobody in; make one with: memories password --for {role}"


def wrong() -> list[str]:
    """A sentence for each that makes no sense; no value is in any."""
    return [*_origins(), *_passwords(), *_others()]


def _origins() -> Iterator[str]:
    for number, given in enumerate(
        filter(None, (o.strip() for o in os.environ.get("ALLOWED_ORIGINS", "").split(","))), 1
    ):
        which = f"ALLOWED_ORIGINS: number {number}"
        if given == "*":
            yield f"{which} is a *, which opens nothing; name each origin, as in https://memories.example"
            continue
        parts = urlsplit(given)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            yield f"{which} is no origin; write it with its scheme, as in https://memories.example"
        elif parts.path not in ("", "/") or parts.query or parts.fragment:
            yield f"{which} has a path; an origin ends after its host, as in https://memories.example"
        elif "*" in parts.netloc:
            yield f"{which} has a * in it; name each host by itself"


def _passwords() -> Iterator[str]:
    yield from map(no_hash, without_hash())
    if os.environ.get("MEMORIES_PUBLIC", "") not in ("", "0"):
        if not os.environ.get("MEMORIES_OWNER_PASSWORD", "").strip():
            yield "MEMORIES_OWNER_PASSWORD is not set, so the archive is closed to its owner; see: memories password"
        if not os.environ.get("DATASETTE_SECRET"):
            yield "DATASETTE_SECRET is not set, so each restart logs everybody out; set it to a long random text"
    secret = os.environ.get("DATASETTE_SECRET")
    if secret and len(secret) < 32:
        yield "DATASETTE_SECRET is short; set it to 32 random characters or more"


def _others() -> Iterator[str]:
    level = os.environ.get("MEMORIES_LOG_LEVEL", "")
    if level and level.lower() not in LEVELS:
        yield f"MEMORIES_LOG_LEVEL is none of {', '.join(LEVELS)}"
    tiles = os.environ.get("MEMORIES_TILES", "")
    if tiles and not (tiles.startswith("https://") and all(f"{{{part}}}" in tiles for part in "zxy")):
        yield "MEMORIES_TILES is no https:// address with {z}, {x} and {y} in it"
    if os.environ.get("GOOGLE_API_KEY") and os.environ.get("GEMINI_API_KEY"):
        yield "GOOGLE_API_KEY and GEMINI_API_KEY are both set, and the first one wins; unset one"
