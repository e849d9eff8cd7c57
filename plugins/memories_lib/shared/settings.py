"""Settings that come by environment variable: named, never shown, and looked at for sense. Pure; both sides load it."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
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


@dataclass(frozen=True, slots=True)
class Advice:
    """What is wrong with a setting. `kind` names its sentence in `settings.toml`; no value is in any."""

    kind: str
    name: str = ""
    number: int = 0  # of an origin in its list
    role: str = ""
    levels: str = ""


def no_hash(name: str) -> Advice:
    """A password's setting that lets nobody in."""
    return Advice("no_hash", name, role=name.split("_")[1].lower())


def told(advice: Advice, language: str = "en") -> str:
    """Advice as a sentence."""
    return _sentences()[language][advice.kind].format(**asdict(advice))


@cache
def _sentences() -> dict[str, dict[str, str]]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def wrong() -> list[Advice]:
    """All that makes no sense."""
    return [*_origins(), *_passwords(), *_others()]


def _origins() -> Iterator[Advice]:
    for number, given in enumerate(
        filter(None, (o.strip() for o in os.environ.get("ALLOWED_ORIGINS", "").split(","))), 1
    ):
        if given == "*":
            yield Advice("origin_star", number=number)
            continue
        parts = urlsplit(given)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            yield Advice("no_origin", number=number)
        elif parts.path not in ("", "/") or parts.query or parts.fragment:
            yield Advice("origin_path", number=number)
        elif "*" in parts.netloc:
            yield Advice("origin_star_within", number=number)


def _passwords() -> Iterator[Advice]:
    yield from map(no_hash, without_hash())
    if os.environ.get("MEMORIES_PUBLIC", "") not in ("", "0"):
        if not os.environ.get("MEMORIES_OWNER_PASSWORD", "").strip():
            yield Advice("closed_to_owner")
        if not os.environ.get("DATASETTE_SECRET"):
            yield Advice("no_secret")
    secret = os.environ.get("DATASETTE_SECRET")
    if secret and len(secret) < 32:
        yield Advice("short_secret")


def _others() -> Iterator[Advice]:
    level = os.environ.get("MEMORIES_LOG_LEVEL", "")
    if level and level.lower() not in LEVELS:
        yield Advice("no_level", levels=", ".join(LEVELS))
    tiles = os.environ.get("MEMORIES_TILES", "")
    if tiles and not (tiles.startswith("https://") and all(f"{{{part}}}" in tiles for part in "zxy")):
        yield Advice("no_tiles")
    if os.environ.get("GOOGLE_API_KEY") and os.environ.get("GEMINI_API_KEY"):
        yield Advice("two_keys")
