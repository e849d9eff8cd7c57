"""Counting what the pages ask for: the same file that the server counts by, see `plugins/lib/tallies.py`."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ingest.folding import load_shared
from ingest.summaries import Said

#: By person and month, by person, year and emoji, by day.
Counts = tuple[dict[tuple[int, str], list[int]], dict[tuple[int, str, str], int], dict[str, list[int]]]

if TYPE_CHECKING:

    class Tallies:
        """Counts of one chat, to be added to the archive's with `flush`."""

        def add(self, talk: Sequence[Said], sign: int = 1) -> None:
            """Count a talk (`sign` 1) or take it out again (-1)."""

        def counts(self) -> Counts:
            """What was counted so far."""

        def take(self, counts: Counts) -> None:
            """Go on from what another counted."""

        def flush(self, connection: sqlite3.Connection, chat: int) -> None:
            """Add the counts to those that the archive has of `chat`."""
else:
    Tallies = load_shared("tallies").Tallies

__all__ = ["Counts", "Tallies"]
