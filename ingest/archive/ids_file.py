"""`memories.db.ids`: the file in which it is kept which id everything was given; see `numbers`."""

from __future__ import annotations

import sqlite3
import sys
from array import array
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

from ingest.core.names import number_key
from memories_lib.shared.layout import ArchiveFiles

SCHEMA = """
CREATE TABLE IF NOT EXISTS given (
    -- 'message' or 'exchange', and the key of its chat
    what TEXT NOT NULL,
    chat INTEGER NOT NULL,
    -- The keys (64 bits, the lowest byte first) of the things that have the ids from `first` on
    first INTEGER NOT NULL,
    keys BLOB NOT NULL,
    PRIMARY KEY (what, first)
);
CREATE TABLE IF NOT EXISTS named (
    -- 'chat' by its key, 'person' by the name as it is compared
    what TEXT NOT NULL,
    key TEXT NOT NULL,
    id INTEGER NOT NULL,
    PRIMARY KEY (what, key)
);
"""


def forget_numbers(database: Path, archive: sqlite3.Connection, chats: Iterable[int]) -> None:
    """Take out for good what is kept of chats (by their keys) and of people whom the archive does not have any more."""
    path = ArchiveFiles.of(database).ids
    if not path.exists():
        return
    names = [name for (name,) in archive.execute("SELECT name FROM people")]
    here = [(number_key(name, is_first=is_first),) for name in names for is_first in (True, False)]
    with closing(sqlite3.connect(path, isolation_level=None)) as kept:
        kept.execute("CREATE TEMP TABLE here (key TEXT PRIMARY KEY)")
        kept.executemany("INSERT OR IGNORE INTO here VALUES (?)", here)
        kept.execute("DELETE FROM named WHERE what = 'person' AND key NOT IN (SELECT key FROM here)")
        for chat in chats:
            kept.execute("DELETE FROM given WHERE chat = ?", (chat,))
            kept.execute("DELETE FROM named WHERE what = 'chat' AND key = ?", (str(chat),))
        kept.execute("VACUUM")


def write_keys(kept: sqlite3.Connection, what: str, keys: Mapping[int, int]) -> None:
    """Put other keys in the place of those that were kept: id -> key."""
    first, run = 0, array("Q")
    for number in [*sorted(keys), 0]:
        if run and not first <= number < first + len(run):
            kept.execute("UPDATE given SET keys = ? WHERE what = ? AND first = ?", (packed(run), what, first))
            run = array("Q")
        if number and not run:
            row = kept.execute(
                "SELECT first, keys FROM given WHERE what = ? AND first <= ? ORDER BY first DESC LIMIT 1",
                (what, number),
            ).fetchone()
            if row is None:
                continue
            start, blob = row
            if number >= start + len(blob) // 8:
                continue
            first, run = start, unpacked(blob)
        if number:
            run[number - first] = keys[number]


def part_runs(kept: sqlite3.Connection, parted: Mapping[int, int]) -> None:
    """Cut runs of messages where some are another chat's: id -> that chat's key."""
    if not parted:
        return
    runs = kept.execute(
        "SELECT chat, first, keys FROM given WHERE what = 'message' AND first <= ?", (max(parted),)
    ).fetchall()
    for chat, first, blob in runs:
        keys = unpacked(blob)
        chats = [parted.get(number, chat) for number in range(first, first + len(keys))]
        if all(one == chat for one in chats):
            continue
        kept.execute("DELETE FROM given WHERE what = 'message' AND first = ?", (first,))
        start = 0
        for at in range(1, len(keys) + 1):
            if at == len(keys) or chats[at] != chats[start]:
                row = ("message", chats[start], first + start, packed(keys[start:at]))
                kept.execute("INSERT INTO given (what, chat, first, keys) VALUES (?, ?, ?, ?)", row)
                start = at


def nothing() -> sqlite3.Connection:
    """An empty one, in memory."""
    kept = sqlite3.connect(":memory:")
    kept.executescript(SCHEMA)
    return kept


def packed(keys: array[int]) -> bytes:
    """Keys as they are kept: 64 bits each, the lowest byte first."""
    if sys.byteorder == "big":
        keys = keys[:]
        keys.byteswap()
    return keys.tobytes()


def unpacked(keys: bytes) -> array[int]:
    """The same back."""
    found = array("Q", keys)
    if sys.byteorder == "big":
        found.byteswap()
    return found
