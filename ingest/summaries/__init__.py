"""Telling an exchange: one small interface, several tellers behind it."""

from __future__ import annotations

from dataclasses import dataclass, field

from memories_lib.shared.counters import Said, SaidRow

__all__ = ["OfflineSummary", "Said", "SaidRow"]


@dataclass(slots=True)
class OfflineSummary:
    """What a teller says of a talk. `highlights` are ids of its messages; `score` is 0 to 1."""

    title: str
    summary: str
    language: str | None
    mood: str
    score: float
    topics: list[str] = field(default_factory=list)
    highlights: list[int] = field(default_factory=list)
