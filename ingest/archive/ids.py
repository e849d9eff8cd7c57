"""Numbers that last: which id each message, exchange, chat and person was given, kept beside the archive.

An archive that is built anew from its exports, in whatever order, gives everything the number it had: links to a talk
and what other frontends remember stay true. The file is named after the archive (`memories.db.ids`) and holds digests
and names only, no words. Without it, numbers are given as things come.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from ingest.archive.ids_file import SCHEMA, nothing, packed, part_runs, unpacked, write_keys
from ingest.core.errors import NotOurDatabase
from ingest.core.names import name_key, number_key
from memories_lib.shared import private_files
from memories_lib.shared.contract import FIRST_EVENT
from memories_lib.shared.layout import ArchiveFiles

_TABLES = {"message": "messages", "exchange": "exchanges"}
_LONG_RUN = 20_000
_MOST_RUNS = 20


class IdRegistry:
    """Ids for one ingest into one archive."""

    def __init__(self, connection: sqlite3.Connection, database: Path) -> None:
        """The archive shows no edits now. Raises `NotOurDatabase` when what is kept beside it cannot be read."""
        self._archive = connection
        self._path = ArchiveFiles.of(database).ids
        self._kept = self._read()
        self._is_stale = not self._fits()
        if self._is_stale:
            self._kept = nothing()
        # What has to be written down: long runs wait in a temporary file, so that memory does not grow with them.
        self._kept.execute("CREATE TEMP TABLE waiting (what TEXT, chat INTEGER, first INTEGER, keys BLOB)")
        #: (what, chat, first id, keys) of the runs that go on.
        self._runs: list[tuple[str, int, int, array[int]]] = []
        for what in _TABLES:
            self._catch_up(what)
        self.next_message = self._next("message")
        self.next_exchange = self._next("exchange")
        self._chat = 0
        self._is_known = False
        #: The keys that messages have now -> those that an earlier reading gave them, and their ids.
        self.former: dict[int, tuple[int, int]] = {}
        self._rekeyed: dict[str, dict[int, int]] = {what: {} for what in _TABLES}
        #: Keys of chats -> the chat they went to; messages that are another chat's now: id -> that chat's key.
        self._moved: dict[int, int] = {}
        self._parted: dict[int, int] = {}

    def _read(self) -> sqlite3.Connection:
        """What is kept, for reading. It is written after the ingest; the archive's lock keeps others away."""
        if not self._path.exists():
            return nothing()
        try:
            kept = sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True)
            kept.execute("SELECT count(*), sum(length(keys)) FROM given").fetchone()
        except sqlite3.DatabaseError as error:
            raise NotOurDatabase(
                f"{self._path}: damaged ({error}); move it away and try again: what the archive has keeps its numbers"
            ) from error
        return kept

    def enter(self, chat: int) -> None:
        """From now on it is about this chat of the archive."""
        self._chat, count = self._archive.execute(
            "SELECT key, message_count FROM chats WHERE id = ?", (chat,)
        ).fetchone()
        known = self._kept.execute(
            f"SELECT coalesce(sum(length(keys)), 0) / 8 FROM given WHERE what = 'message' AND {self._of_chat()}"
        ).fetchone()[0]
        # Usually the archive has all that ever had a number.
        self._is_known = known > count
        if self._is_known:
            for what in _TABLES:
                self._recall(what)

    def _of_chat(self) -> str:
        """SQL for the runs of this chat and of those that went into it."""
        keys = [self._chat, *(key for key, to in self._moved.items() if to == self._chat)]
        return f"chat IN ({', '.join(map(str, keys))})"

    def move(self, chat: int, to: int, rekeyed: Mapping[int, int]) -> None:
        """All that the chat with the key `chat` had is the chat's `to` now; `rekeyed`: id -> key of its messages."""
        self._moved[chat] = to
        self._rekeyed["message"].update(rekeyed)

    def part(self, to: int, messages: Iterable[int]) -> None:
        """These messages are another chat's now, the one with the key `to`."""
        self._parted.update(dict.fromkeys(messages, to))

    def messages(self, keys: Sequence[int]) -> Sequence[int]:
        """The ids of messages with these keys: those they had, the next ones for the others."""
        first = self.next_message
        if not keys:
            return ()
        if not self._is_known:
            self.next_message += len(keys)
            self._note("message", first, keys)
            return range(first, self.next_message)
        found = []
        for key in keys:
            number = self._had("message", key)
            if number is None:
                number = self.next_message
                self.next_message += 1
                self._note("message", number, (key,))
            found.append(number)
        return found

    def message_again(self, key: int, had: int, former: int) -> int:
        """The id `had` of a message that is read anew; `former` was its key."""
        if self._is_known:
            self._kept.execute("DELETE FROM known_message WHERE key = ?", (former,))
        self.rekey(had, former, key)
        return had

    def rekey(self, message: int, former: int, key: int) -> None:
        """A message has another key now."""
        if key != former:
            self._rekeyed["message"][message] = key
            self.former[key] = former, message

    def exchange(self, key: int) -> int:
        """The id of an exchange with this key: the one it had, else the next."""
        number = self._had("exchange", key) if self._is_known else None
        if number is None and self._is_known and key in self.former:
            number = self._had("exchange", self.former[key][0])
            if number is not None:
                self._rekeyed["exchange"][number] = key
        if number is None:
            number = self.next_exchange
            self.next_exchange += 1
            self._note("exchange", number, (key,))
        return number

    def named(self, what: str, key: str) -> int:
        """The id of a new chat or person: the one that this key had, if it is free, else one that nobody had."""
        table = {"chat": "chats", "person": "people"}[what]
        row = self._kept.execute("SELECT id FROM named WHERE what = ? AND key = ?", (what, key)).fetchone()
        if row and not self._archive.execute(f"SELECT 1 FROM {table} WHERE id = ?", row).fetchone():
            return int(row[0])
        highest = self._kept.execute("SELECT coalesce(max(id), 0) FROM named WHERE what = ?", (what,)).fetchone()[0]
        there = self._archive.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0]
        return int(max(highest, there)) + 1

    def keep(self) -> None:
        """Write down what was given, after the archive is safe."""
        self._put_aside()
        # Whoever still reads what is kept keeps it from being written.
        self._kept.commit()
        named = [("chat", str(key), n) for key, n in self._archive.execute("SELECT key, id FROM chats")]
        people: dict[str, int] = {}
        for name, n in self._archive.execute("SELECT name, id FROM people ORDER BY id"):
            people[number_key(name, is_first=name_key(name) not in people)] = n
        named += [("person", key, n) for key, n in people.items()]
        private_files.make_file(self._path)
        with closing(sqlite3.connect(self._path)) as kept:
            kept.executescript(SCHEMA)
            with kept:
                if self._is_stale:
                    kept.execute("DELETE FROM given")
                    kept.execute("DELETE FROM named")
                kept.executemany(
                    "INSERT OR REPLACE INTO given VALUES (?, ?, ?, ?)",
                    self._kept.execute("SELECT what, chat, first, keys FROM waiting"),
                )
                kept.executemany("INSERT OR REPLACE INTO named VALUES (?, ?, ?)", named)
                for what, keys in self._rekeyed.items():
                    write_keys(kept, what, keys)
                kept.executemany(
                    "UPDATE given SET chat = ? WHERE chat = ?", [(to, key) for key, to in self._moved.items()]
                )
                part_runs(kept, self._parted)

    def close(self) -> None:
        """Let go of what is kept."""
        self._kept.close()

    def _next(self, what: str) -> int:
        """The first id that nothing has had."""
        given = self._kept.execute(
            "SELECT coalesce(max(first + length(keys) / 8), 1) FROM given WHERE what = ?", (what,)
        ).fetchone()[0]
        there = self._archive.execute(
            f"SELECT coalesce(max(id), 0) + 1 FROM {_TABLES[what]} WHERE id < {FIRST_EVENT}"
        ).fetchone()[0]
        return int(max(given, there))

    def _note(self, what: str, first: int, keys: Sequence[int]) -> None:
        # The two kinds take turns: the run to go on with is one of the last two.
        for kind, chat, start, run in self._runs[-1:-3:-1]:
            if kind == what and chat == self._chat and start + len(run) == first and len(run) < _LONG_RUN:
                run.extend(keys)
                return
        if len(self._runs) >= _MOST_RUNS:
            self._put_aside()
        self._runs.append((what, self._chat, first, array("Q", keys)))

    def _put_aside(self) -> None:
        rows = [(what, chat, first, packed(keys)) for what, chat, first, keys in self._runs]
        self._kept.executemany("INSERT INTO waiting VALUES (?, ?, ?, ?)", rows)
        self._runs.clear()

    def _catch_up(self, what: str) -> None:
        """What the archive has from elsewhere: from before there was this file, or brought home."""
        table = _TABLES[what]
        after = self._kept.execute(
            "SELECT coalesce(max(first + length(keys) / 8), 0) FROM given WHERE what = ?", (what,)
        ).fetchone()[0]
        found = self._archive.execute(
            f"""
            SELECT {table}.id, {table}.key, chats.key FROM {table} JOIN chats ON chats.id = chat_id
            WHERE {table}.id >= ? AND {table}.id < {FIRST_EVENT} ORDER BY {table}.id
            """,
            (after,),
        )
        for number, key, self._chat in found:
            self._note(what, number, (key,))

    def _recall(self, what: str) -> None:
        """Make what this chat's things were numbered ready to be looked up, without what the archive has."""
        self._kept.execute(f"DROP TABLE IF EXISTS temp.known_{what}")
        self._kept.execute(f"CREATE TEMP TABLE known_{what} (key INTEGER PRIMARY KEY, id INTEGER NOT NULL)")
        runs = self._kept.execute(f"SELECT first, keys FROM given WHERE what = ? AND {self._of_chat()}", (what,))
        for first, keys in runs.fetchall():
            unpacked_keys = unpacked(keys)
            there = {
                row[0]
                for row in self._archive.execute(
                    f"SELECT id FROM {_TABLES[what]} WHERE id BETWEEN ? AND ?", (first, first + len(unpacked_keys) - 1)
                )
            }
            self._kept.executemany(
                f"INSERT OR IGNORE INTO known_{what} VALUES (?, ?)",
                ((key, number) for number, key in enumerate(unpacked_keys, first) if number not in there),
            )

    def _had(self, what: str, key: int) -> int | None:
        row = self._kept.execute(f"DELETE FROM known_{what} WHERE key = ? RETURNING id", (key,)).fetchone()
        return int(row[0]) if row else None

    def _fits(self) -> bool:
        """Whether what is kept is of this archive: not when another one was put in its place."""
        for what, chat, number, key in self._samples():
            row = self._archive.execute(
                f"""
                SELECT {_TABLES[what]}.key, chats.key FROM {_TABLES[what]} JOIN chats ON chats.id = chat_id
                WHERE {_TABLES[what]}.id = ?
                """,
                (number,),
            ).fetchone()
            if row is not None and row != (key, chat):
                return False
        return True

    def _samples(self) -> Iterator[tuple[str, int, int, int]]:
        """(what, chat, id, key) of the first and the last of each run, of messages."""
        for what, chat, first, keys in self._kept.execute(
            """
            SELECT what, chat, first, CAST(substr(keys, 1, 8) || substr(keys, -8) AS BLOB) FROM given
            WHERE what = 'message' ORDER BY first DESC LIMIT 500
            """
        ).fetchall():
            unpacked_keys = unpacked(keys)
            yield what, chat, first, unpacked_keys[0]
            length = self._kept.execute(
                "SELECT length(keys) / 8 FROM given WHERE what = ? AND first = ?", (what, first)
            ).fetchone()[0]
            yield what, chat, first + length - 1, unpacked_keys[-1]
