"""What an edit was about, as it is called now, for those who may take it back. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from memories_lib.shared.edit_event import Event
from memories_lib.shared.sql import Run

_TALK = """
SELECT exchanges.title AS words, started_at AS at, chats.name AS who, exchanges.id FROM exchanges
JOIN chats ON chats.id = chat_id WHERE exchanges.key = :key ORDER BY started_at = :at DESC LIMIT 1
"""
_MESSAGE = """
SELECT messages.text AS words, sent_at AS at, people.name AS who, exchange_id AS id FROM messages
LEFT JOIN people ON people.id = sender_id WHERE sent_at = :at AND messages.key = :key LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """`words`: a title, or what a message says; `who`: its chat, or who wrote it; `talk`: where it is."""

    words: str
    at: str
    who: str
    talk: int


def subjects(run: Run, events: Iterable[Event]) -> dict[int, Subject]:
    """The number of each edit of a talk or a message -> what it was about; those that are nowhere are left out."""
    found = {}
    for event in events:
        sql = {"exchange": _TALK, "message": _MESSAGE}.get(event.subject_kind)
        row = run(sql, {"key": event.subject_key, "at": event.detail.get("at", "")}).fetchone() if sql else None
        if row:
            found[event.id] = Subject(" ".join((row["words"] or "").split()), row["at"], row["who"] or "", row["id"])
    return found
