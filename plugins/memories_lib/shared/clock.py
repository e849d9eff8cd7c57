"""Local wall-clock times as numbers. Pure; both sides load it."""

from __future__ import annotations

from datetime import date


class _Days(dict[str, int]):
    """``2025-01-15`` -> seconds to its start."""

    def __missing__(self, day: str) -> int:
        if len(self) > 40_000:
            self.clear()
        start = self[day] = date.fromisoformat(day).toordinal() * 86400
        return start


#: Day, ``T20:15``, ``:23`` -> seconds; for loops in which a call would cost too much.
DAYS = _Days()
CLOCKS = {f"T{hour:02}:{minute:02}": hour * 3600 + minute * 60 for hour in range(24) for minute in range(60)}
RESTS = {f":{second:02}": second for second in range(60)}


def seconds(sent_at: str) -> int:
    """`sent_at` as seconds on a scale of its own (local time has no other)."""
    return DAYS[sent_at[:10]] + CLOCKS[sent_at[10:16]] + RESTS[sent_at[16:]]
