"""Tokens for programs, in `access.db` beside the archive: a role, an expiry, revocable, kept as digests."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from memories_lib.shared import private_files

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tokens (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    digest TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    -- Of the password it was made with: another password ends it. NULL where the owner made it.
    proof TEXT
)
"""
_START = "mem_"


def open_store(path: str | Path) -> sqlite3.Connection:
    """The store at `path`, made when there is none."""
    private_files.make_file(path)
    store = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    store.execute("PRAGMA journal_mode = WAL")
    store.execute("PRAGMA synchronous = FULL")
    store.execute(_SCHEMA)
    if "proof" not in [name for (name,) in store.execute("SELECT name FROM pragma_table_info('tokens')")]:
        store.execute("ALTER TABLE tokens ADD COLUMN proof TEXT")
    return store


def make(store: sqlite3.Connection, name: str, role: str, seconds: int, proof: str | None = None) -> tuple[int, str]:
    """(its id, the token itself: shown this once, kept nowhere). `proof`: of the password it is made with."""
    secret = secrets.token_urlsafe(24)
    now = int(time.time())
    number = int(
        store.execute(
            "INSERT INTO tokens (name, role, digest, made_at, expires_at, proof) VALUES (?, ?, ?, ?, ?, ?)",
            (name, role, digest_of(secret), now, now + seconds, proof),
        ).lastrowid
        or 0
    )
    return number, f"{_START}{number}_{secret}"


def role_of(store: sqlite3.Connection, token: str, proof_of: Callable[[str], str]) -> tuple[str, str, int] | None:
    """(role, name, number) of a token that is good; None for any other. `proof_of`: a role's password, as it is now."""
    number, _, secret = token.removeprefix(_START).partition("_")
    if not token.startswith(_START) or not number.isascii() or not number.isdigit() or len(number) > 15 or not secret:
        return None
    row = store.execute(
        "SELECT role, name, digest, proof FROM tokens WHERE id = ? AND revoked_at IS NULL AND expires_at > ?",
        (int(number), int(time.time())),
    ).fetchone()
    if row is None:
        return None
    role, name, digest, proof = row
    if not hmac.compare_digest(digest, digest_of(secret)) or proof not in (None, proof_of(role)):
        return None
    return role, name, int(number)


def listed(store: sqlite3.Connection) -> list[dict[str, Any]]:
    """All tokens, the newest first, without anything that would open a door."""
    names = ("id", "name", "role", "made_at", "expires_at", "revoked_at")
    rows = store.execute(f"SELECT {', '.join(names)} FROM tokens ORDER BY id DESC")
    return [dict(zip(names, row, strict=True)) for row in rows]


def revoke(store: sqlite3.Connection, number: int) -> bool:
    """Whether there was such a token that was not revoked yet."""
    done = store.execute("UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (time.time(), number))
    return done.rowcount == 1


def digest_of(secret: str) -> str:
    """What is kept of a secret."""
    # A secret of 192 random bits needs no slow hash.
    return hashlib.sha256(secret.encode()).hexdigest()
