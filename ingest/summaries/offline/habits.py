"""Lines that a chat says again and again ("good night", "Game 4: 12 points"), counted whatever their numbers are."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: Lines that are longer are no habit (characters).
LONGEST_HABIT = 120

_DIGITS = re.compile(r"\d+")


def line_key(text: str) -> str:
    """A message as it is counted among those that come again: its letters and signs, digits as one."""
    key = text[:160].casefold().strip()
    return _DIGITS.sub("0", key) if _DIGITS.search(key) else key


def line_keys(lines: Sequence[str]) -> list[str]:
    """The same of many short lines at once."""
    keys = "\n".join(lines).casefold()
    keys = _DIGITS.sub("0", keys) if _DIGITS.search(keys) else keys
    return [key.strip() for key in keys.split("\n")] if lines else []
