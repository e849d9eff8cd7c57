"""Counting what the pages ask for: the same file that the server counts by, see `plugins/lib/tallies.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.folding import load_shared

if TYPE_CHECKING:
    from plugins.lib.tallies import COLUMNS, Counts, Tallies
else:
    _tallies = load_shared("tallies")
    COLUMNS, Counts, Tallies = _tallies.COLUMNS, _tallies.Counts, _tallies.Tallies

__all__ = ["COLUMNS", "Counts", "Tallies"]
