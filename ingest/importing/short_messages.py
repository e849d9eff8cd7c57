"""Chats in which hardly anybody writes a sentence: "ok", "yes", 👍. No one of them is hard to mistake; their order is.

Where nearly all of an export's first messages are in a chat, each in its minute, or all of them the same hours beside
it, the two are one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from ingest.archive.by_time import messages_between
from ingest.core.keys import token
from ingest.importing.chat_evidence import Candidate
from ingest.importing.clock_shift import moved
from ingest.importing.sampling import Probe

#: So many must be there, of so many different ones, by two people or all that there are.
_FEWEST, _FEWEST_DIFFERENT = 12, 3
#: This part of them, and no more than that part of it under any other shift.
_SHARE, _SHARE_OTHERWISE = 0.8, 0.6
#: Zones differ by quarters of an hour, and by no more than so much (seconds).
_STEP, _MOST = 900, 14 * 3600
#: So many chats are compared.
_MOST_COMPARED = 40


def find_rhythm(connection: sqlite3.Connection, chat: int, probes: Sequence[Probe]) -> int | None:
    """By how many seconds an export's times must be moved to be the chat's; None where it is not this chat."""
    if len(probes) < _FEWEST:
        return None
    first, last = min(probe.minute for probe in probes), max(probe.minute for probe in probes)
    there = {
        (_number(at), token(kind, text))
        for _, _, at, kind, text, _, _ in messages_between(
            connection, chat, moved(f"{first}:00", -_MOST), moved(f"{last}:00", _MOST)
        )
    }
    if len(there) < _FEWEST:
        return None
    found = {shift: _agreeing(probes, there, shift // 60) for shift in range(-_MOST, _MOST + 1, _STEP)}
    best = max(found, key=lambda shift: (len(found[shift]), -abs(shift)))
    hits = found[best]
    others = max(len(some) for shift, some in found.items() if shift != best)
    senders, all_senders = {probe.sender for probe in hits}, {probe.sender for probe in probes}
    is_enough = (
        len(hits) >= max(_FEWEST, _SHARE * len(probes))
        and len({probe.token for probe in hits}) >= _FEWEST_DIFFERENT
        and (len(senders) > 1 or len(all_senders) < 2)
    )
    return best if is_enough and others <= _SHARE_OTHERWISE * len(hits) else None


def find_by_rhythm(connection: sqlite3.Connection, chats: Sequence[Candidate], probes: Sequence[Probe]) -> int | None:
    """The one chat of those of the same days that an export is of; None for none, or several."""
    if len(probes) < _FEWEST:
        return None
    first = moved(f"{min(probe.minute for probe in probes)}:00", -_MOST)
    last = moved(f"{max(probe.minute for probe in probes)}:00", _MOST)
    near = [chat.id for chat in chats if chat.first_at <= last and first <= chat.last_at]
    found = [chat for chat in near[:_MOST_COMPARED] if find_rhythm(connection, chat, probes) is not None]
    return found[0] if len(found) == 1 else None


def _agreeing(probes: Sequence[Probe], there: set[tuple[int, str]], minutes: int) -> list[Probe]:
    found = []
    for probe in probes:
        at = _number(probe.minute) + minutes
        if any((beside, probe.token) in there for beside in (at, at - 1, at + 1)):
            found.append(probe)
    return found


def _number(at: str) -> int:
    """A minute as a number."""
    day = datetime.fromisoformat(at[:10]).toordinal()
    return (day * 24 + int(at[11:13])) * 60 + int(at[14:16])
