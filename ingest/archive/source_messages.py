"""Which messages a source holds, as runs of ids in `source_messages`."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Sequence

#: (first, last) of ids that follow each other, both included.
Run = tuple[int, int]


class Runs:
    """Collects the ids that one export holds: those it brought, and those that were there before."""

    def __init__(self, connection: sqlite3.Connection, source: int) -> None:
        self._connection = connection
        self._source = source
        self._runs: list[Run] = []
        self._first = self._last = -1

    def add(self, message: int) -> None:
        """The export holds this message."""
        if message == self._last + 1 and self._first >= 0:
            self._last = message
            return
        if self._first >= 0:
            self._runs.append((self._first, self._last))
        self._first = self._last = message

    def add_all(self, messages: Iterable[int]) -> None:
        """The export holds these messages."""
        for message in messages:
            self.add(message)

    def add_runs_of(self, sources: Iterable[int]) -> None:
        """The export holds what these sources hold: it begins with them."""
        self._runs += runs_of(self._connection, sources)

    def write(self) -> None:
        """Write them down, as few and long as they can be."""
        if self._first >= 0:
            self._runs.append((self._first, self._last))
            self._first = self._last = -1
        self._connection.executemany(
            "INSERT INTO source_messages (source_id, first_id, last_id) VALUES (?, ?, ?)",
            [(self._source, first, last) for first, last in joined(self._runs)],
        )


def joined(runs: Iterable[Run]) -> list[Run]:
    """The same numbers in runs that neither touch nor overlap, in order."""
    found: list[Run] = []
    for first, last in sorted(runs):
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((first, last))
    return found


def runs_of(connection: sqlite3.Connection, sources: Iterable[int]) -> list[Run]:
    """What these sources hold together, in order."""
    found: list[Run] = []
    for source in sources:
        found += connection.execute(
            "SELECT first_id, last_id FROM source_messages WHERE source_id = ?", (source,)
        ).fetchall()
    return joined(found)


def is_in(runs: Sequence[Run], message: int) -> bool:
    """Whether one of the runs, which are in order, has a message."""
    at = bisect_right(runs, message, key=lambda run: run[0]) - 1
    return at >= 0 and message <= runs[at][1]
