"""Which talks and messages of an archive an edit speaks of. Pure.

Edits name them by content keys and times, which outlive a rebuilt archive, a chat by another name, chats that were
joined or parted since.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from memories_lib.shared.edit_details import is_whole
from memories_lib.shared.edit_event import Event
from memories_lib.shared.sql import has_table

#: Messages this far apart (days) may be of one talk.
_SAME_TALK_DAYS = 0.125
#: Exchanges that a time falls into. Those with hidden messages are shorter than they were: see `tell_again`.
_AROUND = """
SELECT id FROM exchanges WHERE chat_id = :chat AND started_at <= :at AND ended_at >= :at
UNION
SELECT coalesce(exchange_id, before.id)
FROM exchanges_before AS before LEFT JOIN merged_exchanges ON merged_exchanges.id = before.id
WHERE chat_id = :chat AND started_at <= :at AND ended_at >= :at
"""
#: Chats that hold a message of a key in a minute, and how long it is.
_ANYWHERE = """
SELECT chat_id, length(text) FROM messages
WHERE sent_at BETWEEN :from AND :to AND key = :key AND exchange_id IS NOT NULL
"""
_TELLING, _SURE = 12, 2


class Subjects:
    """What the edits of an archive are about."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.run = connection.execute
        #: key of a chat that is not here, or not whole -> chats in which messages are that edits of it speak of.
        self._elsewhere: dict[int, list[int]] = {}

    def chat(self, event: Event) -> int | None:
        """The chat that an event is about; for one that was joined to another, that one."""
        return next(iter(self.chats(event)), None)

    def chats(self, event: Event) -> list[int]:
        """The chats in which the subject of an event may be: its own, and where some of its messages went."""
        key = event.detail.get("chat")
        found = [chat for (chat,) in self.run("SELECT id FROM chats WHERE key = ?", (key,))]
        if has_table(self.run, "former_chats"):
            rows = self.run("SELECT chat_id FROM former_chats WHERE key = ? ORDER BY chat_id", (key,))
            found += [row[0] for row in rows if row[0] not in found]
        return found

    def look_elsewhere(self, events: Iterable[Event]) -> None:
        """Find out in which chats the messages are that are not in the chat which edits name: an export by another
        name makes a chat of another key, and so do chats that were joined when an edit was made.

        A message of some length has no double in the same minute; short ones are believed when there are several.
        """
        found: dict[int, dict[int, dict[tuple[int, str], int]]] = {}
        joined_or_parted: set[int] = set()
        if has_table(self.run, "former_chats"):
            joined_or_parted = {key for (key,) in self.run("SELECT key FROM former_chats")}
        for event in events:
            chat = event.detail.get("chat")
            if not isinstance(chat, int) or not is_whole(event):
                continue
            for key, at in _named_in(event):
                # A chat that was joined or parted may have left a copy where its key does not lead.
                if self.message(event, key, at) is None or chat in joined_or_parted:
                    where = {"key": key, "from": at[:16], "to": f"{at[:16]}:~"}
                    for number, length in self.run(_ANYWHERE, where).fetchall():
                        votes = found.setdefault(chat, {}).setdefault(number, {})
                        votes[key, at] = _SURE if length >= _TELLING else 1
        self._elsewhere = {
            chat: [number for number, votes in chats.items() if sum(votes.values()) >= _SURE]
            for chat, chats in found.items()
        }

    def _where(self, event: Event) -> list[int]:
        """The chats in which to look for messages: those of the event; where there is none, those found elsewhere.

        What is to be hidden is looked for in all of them.
        """
        found = self.chats(event)
        if found and event.action not in ("hide", "restore"):
            return found
        return found + [chat for chat in self._elsewhere.get(event.detail.get("chat", 0), ()) if chat not in found]

    def exchange(self, event: Event, key: int | None = None, at: str | None = None) -> int | None:
        """The exchange that starts with a message, or that holds it now."""
        key = event.subject_key if key is None else key
        for chat in self._where(event):
            row = self.run("SELECT id FROM exchanges WHERE key = ? AND chat_id = ? ORDER BY id", (key, chat)).fetchone()
            if row:
                return int(row[0])
        message = self.message(event, key, at or event.detail.get("at", ""))
        if not message:
            return None
        found: int | None = self.run("SELECT exchange_id FROM messages WHERE id = ?", (message,)).fetchone()[0]
        return found

    def exchanges(self, event: Event, key: int, at: str) -> set[int]:
        """The same in each chat that has the message: two exports that were parted both do."""
        copies = self.messages(event, key, at)
        rows = [self.run("SELECT exchange_id FROM messages WHERE id = ?", (copy,)).fetchone() for copy in copies]
        first = self.exchange(event, key, at)
        return {row[0] for row in rows if row[0] is not None} | ({first} if first is not None else set())

    def message(self, event: Event, key: int, at: str) -> int | None:
        """The message with a key, sent at a time."""
        return next(iter(self.messages(event, key, at)), None)

    def messages(self, event: Event, key: int, at: str) -> list[int]:
        """It and its copies in other chats, one of each."""
        found = []
        for chat in self._where(event):
            row = self.run(
                """
                SELECT id FROM messages WHERE +chat_id = ? AND sent_at BETWEEN ? AND ? AND key = ?
                    AND exchange_id IS NOT NULL
                """,
                (chat, at[:16], at[:16] + ":~", key),
            ).fetchone()
            if row is None and has_table(self.run, "former_keys"):
                row = self.run(
                    """
                    SELECT messages.id FROM former_keys JOIN messages ON messages.id = message_id
                    WHERE former_keys.key = ? AND chat_id = ?
                    """,
                    (key, chat),
                ).fetchone()
            if row:
                found.append(int(row[0]))
        return found

    def exchanges_about(self, event: Event) -> set[int]:
        """The exchanges in which one may be that is not found by its messages: those of its time.

        So it is when an archive is made anew from exports that begin later, or hold other wordings. What was hidden
        had better take some more with it than be seen; comes the message itself, the edit is about that alone.
        """
        at = event.detail["at"]
        found: set[int] = set()
        for chat in self._where(event):
            around = self.run(_AROUND, {"chat": chat, "at": at}).fetchall()
            after = self.run(
                """
                SELECT id FROM exchanges WHERE chat_id = :chat AND started_at > :at
                    AND julianday(started_at) - julianday(:at) < :most ORDER BY started_at LIMIT 1
                """,
                {"chat": chat, "at": at, "most": _SAME_TALK_DAYS},
            ).fetchall()
            found.update(row[0] for row in (around or after))
        return found

    def messages_at(self, event: Event) -> list[int]:
        """The messages of the very time of one that is not found; see `exchanges_about`."""
        at = event.detail.get("at", "")
        return [
            row[0]
            for chat in self._where(event)
            for row in self.run(
                "SELECT id FROM messages WHERE sent_at = ? AND chat_id = ? AND exchange_id IS NOT NULL", (at, chat)
            )
        ]

    def shows(self, event: Event) -> bool:
        """Whether the message that an event names, a talk's first one, is in the archive and may be seen."""
        visible = "SELECT 1 FROM visible_messages WHERE id = ?"
        found = self.messages(event, event.subject_key, event.detail.get("at", ""))
        return any(self.run(visible, (one,)).fetchone() for one in found)


def _named_in(event: Event) -> Iterator[tuple[int, str]]:
    """(key, time) of the messages that an event names."""
    if event.subject_kind in ("exchange", "message"):
        yield event.subject_key, event.detail.get("at", "")
    for name in ("parts", "messages", "exchanges"):
        yield from ((one["key"], one["at"]) for one in event.detail.get(name, ()))
