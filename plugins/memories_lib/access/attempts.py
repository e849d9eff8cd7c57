"""Wrong passwords, counted: ten in a quarter of an hour from one address are enough, and a hundred for one role.

They are kept in `access.db`, as digests, so that a server that slept or was started anew has not forgotten them.
Who has got in before, from an address or with a browser, is not kept out there by what others try elsewhere.
"""

from __future__ import annotations

import hashlib
import sqlite3

WINDOW_S = 15 * 60
MOST = 10
#: From wherever they come. Few enough to guess nothing by, too many for one prankster to keep a family out.
MOST_FOR_ROLE = 100
#: A hash that no password has.
NOBODY = "pbkdf2_sha256$480000$0000000000000000$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

_SCHEMA = """
CREATE TABLE IF NOT EXISTS attempts (
    -- A digest of an address or a role
    who TEXT NOT NULL,
    at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS attempts_by_who ON attempts (who, at);
CREATE TABLE IF NOT EXISTS got_in (
    -- A digest of a role and an address
    who TEXT PRIMARY KEY,
    at REAL NOT NULL
);
"""


def begin(store: sqlite3.Connection, role: str, address: str, now: float, device: str = "") -> int:
    """Seconds to wait before the next try; 0 when it may be made: it counts as a wrong one until `succeeded`.

    So many tries at once are no more than as many after one another. `device` is what a browser carries that has got in
    with this role before: it has tries of its own, and no more than an address has.
    """
    store.executescript(_SCHEMA)
    store.execute("BEGIN IMMEDIATE")
    try:
        # A clock that was set back leaves times to come, which count for nothing.
        store.execute("DELETE FROM attempts WHERE at < ? OR at > ?", (now - WINDOW_S, now + 1))
        wait = _wait(store, _digest("address", address), now)
        if device:
            wait = max(wait, _wait(store, _digest("device", role, device), now))
        elif not store.execute("SELECT 1 FROM got_in WHERE who = ?", (_digest(role, address),)).fetchone():
            wait = max(wait, _wait(store, _digest("role", role), now, MOST_FOR_ROLE))
        if not wait:
            who = [
                (one, now)
                for one in (
                    _digest("address", address),
                    _digest("both", role, address),
                    _digest("device", role, device) if device else _digest("role", role),
                )
            ]
            store.executemany("INSERT INTO attempts VALUES (?, ?)", who)
    finally:
        store.execute("COMMIT")
    return wait


def succeeded(store: sqlite3.Connection, role: str, address: str, now: float, device: str = "") -> None:
    """Forget what went wrong with a role at an address that got in with it, and that this try was counted.

    Who has one password is not let guess at another.
    """
    both, where = _digest("both", role, address), _digest("address", address)
    store.execute("DELETE FROM attempts WHERE who = ? AND at IN (SELECT at FROM attempts WHERE who = ?)", (where, both))
    store.execute("DELETE FROM attempts WHERE who = ?", (both,))
    if device:
        store.execute("DELETE FROM attempts WHERE who = ?", (_digest("device", role, device),))
    else:
        last = "SELECT max(rowid) FROM attempts WHERE who = ?"
        store.execute(f"DELETE FROM attempts WHERE rowid = ({last})", (_digest("role", role),))
    store.execute("INSERT OR REPLACE INTO got_in VALUES (?, ?)", (_digest(role, address), now))


def _wait(store: sqlite3.Connection, who: str, now: float, most: int = MOST) -> int:
    count, first = store.execute("SELECT count(*), min(at) FROM attempts WHERE who = ?", (who,)).fetchone()
    return int(WINDOW_S - (now - first)) + 1 if count >= most else 0


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
