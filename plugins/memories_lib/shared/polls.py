"""A line of a poll as exports write it: ``OPTION: The lake (2 votes)``. Pure.

Of a line's end alone is asked for votes, so that a line of any length takes no time.
"""

from __future__ import annotations

import re

_AROUND = " \t\r\u00a0\u202f\u200e\u200f"
_VOTES = re.compile(r"\([\u200e\u200f]?(?P<votes>\d{1,9})[\s\u00a0\u202f]?[^()\d]{0,60}\)\Z")
_LONGEST_VOTES = 80


def words_and_votes(line: str) -> tuple[str, int]:
    """(the line without votes, marks and blanks around it; the votes, 0 where it tells none)."""
    line = line.strip(_AROUND)
    found = _VOTES.search(line, max(0, len(line) - _LONGEST_VOTES))
    return (line[: found.start()].rstrip(_AROUND), int(found["votes"])) if found else (line, 0)
