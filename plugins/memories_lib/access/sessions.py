"""Log-ins of browsers, in `access.db` beside the archive: each can be ended, and one that was logged out is ended."""

from __future__ import annotations

import hmac
import secrets
import sqlite3
import time
from typing import Any

from memories_lib.shared.access_tokens import digest_of

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    id INTEGER PRIMARY KEY,
    role TEXT NOT NULL,
    browser TEXT NOT NULL,
    digest TEXT NOT NULL,
    began_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    ended_at INTEGER
)
"""
_MOST_NAME = 200


def begin(store: sqlite3.Connection, role: str, browser: str, seconds: int) -> str:
    """What the cookie of a new log-in carries: it is kept nowhere else."""
    store.execute(_SCHEMA)
    now, secret = int(time.time()), secrets.token_urlsafe(24)
    store.execute("DELETE FROM sessions WHERE ends_at < ?", (now,))
    number = store.execute(
        "INSERT INTO sessions (role, browser, digest, began_at, ends_at) VALUES (?, ?, ?, ?, ?)",
        (role, browser[:_MOST_NAME], digest_of(secret), now, now + seconds),
    ).lastrowid
    return f"{number}_{secret}"


def number_of(store: sqlite3.Connection, session: object) -> int | None:
    """The number of a log-in that goes on; None of any other."""
    number, _, secret = (session if isinstance(session, str) else "").partition("_")
    if not number.isascii() or not number.isdigit() or len(number) > 15:
        return None
    store.execute(_SCHEMA)
    row = store.execute(
        "SELECT digest FROM sessions WHERE id = ? AND ended_at IS NULL AND ends_at > ?", (int(number), int(time.time()))
    ).fetchone()
    return int(number) if row and hmac.compare_digest(row[0], digest_of(secret)) else None


def end(store: sqlite3.Connection, number: int) -> bool:
    """Whether there was such a log-in that went on."""
    store.execute(_SCHEMA)
    done = store.execute(
        "UPDATE sessions SET ended_at = ? WHERE id = ? AND ended_at IS NULL", (int(time.time()), number)
    )
    return done.rowcount == 1


def listed(store: sqlite3.Connection) -> list[dict[str, Any]]:
    """The log-ins that go on, the newest first, without anything that would open a door."""
    store.execute(_SCHEMA)
    names = ("id", "role", "browser", "began_at", "ends_at")
    rows = store.execute(
        f"SELECT {', '.join(names)} FROM sessions WHERE ended_at IS NULL AND ends_at > ? ORDER BY id DESC",
        (int(time.time()),),
    )
    return [dict(zip(names, row, strict=True)) for row in rows]
