"""The chats of an archive, and how much of an export each of them holds: the words of a sample in the same minutes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.archive.by_time import next_minute
from ingest.core.keys import token
from ingest.importing.sampling import Probe

#: So many of an export's probes, found in the same minute of a chat, speak for this one.
PROOF = 3
_PROBES = 200
#: Of the probes that fall on days of the chat, this part must be there; below the lower one they speak against it.
LARGE, SMALL = 0.5, 0.2
ENOUGH_AGAINST = 5
#: So much agrees that neither another name nor another beginning says anything.
_PROOF_BEYOND, _SHARE_BEYOND = 10, 0.8


@dataclass(slots=True)
class Candidate:
    """A chat of the archive, and what speaks for and against it."""

    id: int
    name: str
    kind: str
    first_at: str
    last_at: str
    hits: int = 0
    asked: int = 0  # probes on days of the chat
    hit_senders: set[str] = field(default_factory=set)
    asked_senders: set[str] = field(default_factory=set)
    members: set[int] = field(default_factory=set)
    is_elsewhere: bool = False  # the words agree, but clocks differ
    is_renamed: bool = False

    @property
    def share(self) -> float:
        return self.hits / self.asked if self.asked else 0.0

    def has_words(self, probes: int) -> bool:
        """Whether a large part of the words is there, and not of one of several people alone."""
        enough = self.hits >= min(PROOF, probes) and self.hits > 0 and self.share >= LARGE
        return enough and (len(self.hit_senders) > 1 or len(self.asked_senders) < 2)

    @property
    def is_beyond_doubt(self) -> bool:
        is_all = self.hits == self.asked >= ENOUGH_AGAINST and len(self.hit_senders) > 1
        return is_all or (self.hits >= _PROOF_BEYOND and self.share >= _SHARE_BEYOND)

    @property
    def is_contradicted(self) -> bool:
        """Whether both tell of the same days, and nothing agrees."""
        return self.asked >= ENOUGH_AGAINST and self.share < SMALL and not self.is_elsewhere


def candidates(connection: sqlite3.Connection, probes: list[Probe]) -> list[Candidate]:
    """All chats, with how many of the probes that fall on their days they hold."""
    found = [
        Candidate(*row)
        for row in connection.execute(
            "SELECT id, name, kind, coalesce(first_at, '~'), coalesce(last_at, '') FROM chats ORDER BY id"
        )
    ]
    few = _spread(probes, _PROBES)
    of_day: dict[str, list[Candidate]] = {}
    by_id = {chat.id: chat for chat in found}
    days = json.dumps(sorted({probe.minute[:10] for probe in few}))
    for chat_id, day in connection.execute(
        "SELECT chat_id, day FROM days WHERE day IN (SELECT value FROM json_each(?)) ORDER BY chat_id", (days,)
    ):
        of_day.setdefault(day, []).append(by_id[chat_id])
    for probe in few:
        asked = [
            chat
            for chat in of_day.get(probe.minute[:10], ())
            # Of another time the chat knows nothing.
            if chat.first_at[:16] <= probe.minute <= chat.last_at[:16]
        ]
        if not asked:
            continue
        there = {chat for chat, kind, text in _said_near(connection, probe) if token(kind, text) == probe.token}
        for chat in asked:
            chat.asked += 1
            chat.asked_senders.add(probe.sender)
            if chat.id in there:
                chat.hits += 1
                chat.hit_senders.add(probe.sender)
    return found


def _said_near(connection: sqlite3.Connection, probe: Probe) -> Iterable[tuple[int, str, str]]:
    """(chat, kind, text) of what all chats have with a word of the probe in its minute and those next to it."""
    word = "" if probe.token[:1] == "\0" else next(iter(probe.token.split()), "")
    return connection.execute(
        """
        SELECT chat_id, kind, text FROM messages
        WHERE sent_at BETWEEN ? AND ? AND exchange_id IS NOT NULL AND (? = '' OR instr(text, ?))
        """,
        (next_minute(probe.minute, -1), next_minute(probe.minute) + ":~", word, word),
    )


def _spread(probes: list[Probe], most: int) -> list[Probe]:
    if len(probes) <= most:
        return probes
    step = len(probes) / most
    return [probes[int(n * step)] for n in range(most)]
