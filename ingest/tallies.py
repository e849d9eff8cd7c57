"""Counting what the pages ask for: by person and month, by emoji, by day. Additive, so that a talk that
changes is taken out as it was and put back as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ingest.exchanges import seconds
from ingest.folding import EMOJI
from ingest.model import MEDIA_KINDS
from ingest.summaries import Said

#: The columns of `person_months` after its key, in order.
COLUMNS = (
    "messages", "words", "characters", "photos", "videos", "stickers", "voice_notes", "links", "deleted",
    "night_messages", "talks_started", "replies", "reply_seconds",
)  # fmt: skip
_COLUMN_OF = {
    "image": COLUMNS.index("photos"),
    "video": COLUMNS.index("videos"),
    "sticker": COLUMNS.index("stickers"),
    "audio": COLUMNS.index("voice_notes"),
    "deleted": COLUMNS.index("deleted"),
}
_LINKS, _NIGHT = COLUMNS.index("links"), COLUMNS.index("night_messages")
_STARTED, _REPLIES, _REPLY_SECONDS = (COLUMNS.index(c) for c in ("talks_started", "replies", "reply_seconds"))


class Tallies:
    """Counts of one chat, to be added to the archive's with `flush`."""

    def __init__(self, connection: sqlite3.Connection, chat: int) -> None:
        self._connection = connection
        self._chat = chat
        self._months: dict[tuple[int, str], list[int]] = {}
        self._emoji: dict[tuple[int, str, str], int] = {}
        self._days: dict[str, list[int]] = {}

    def add(self, talk: Sequence[Said], sign: int = 1) -> None:
        """Count a talk (`sign` 1) or take it out again (-1)."""
        months, emoji = self._months, self._emoji
        find_emoji = EMOJI.findall
        day, days = "", [0, 0]
        last: int | None = None
        last_at = ""
        for _, sender, at, kind, text in talk:
            if at[:10] != day:
                day = at[:10]
                days = self._days.get(day) or self._days.setdefault(day, [0, 0])
            days[0] += sign
            if kind in MEDIA_KINDS:
                days[1] += sign
            if sender is None:
                continue
            key = (sender, day[:7])
            counts = months.get(key)
            if counts is None:
                counts = months[key] = [0] * len(COLUMNS)
            counts[0] += sign
            if text:
                counts[1] += sign * len(text.split())
                counts[2] += sign * len(text)
                if not text.isascii():
                    for sign_of in find_emoji(text):
                        used = (sender, day[:4], sign_of.replace("\ufe0f", ""))
                        emoji[used] = emoji.get(used, 0) + sign
                if "http" in text:
                    counts[_LINKS] += sign
            if kind != "text":
                column = _COLUMN_OF.get(kind)
                if column:
                    counts[column] += sign
            if at[11:13] < "05":
                counts[_NIGHT] += sign
            if sender != last:
                if last is None:
                    counts[_STARTED] += sign
                else:
                    counts[_REPLIES] += sign
                    if at != last_at:
                        counts[_REPLY_SECONDS] += sign * max(0, seconds(at) - seconds(last_at))
                last = sender
            last_at = at

    def flush(self) -> None:
        """Add the counts to the archive's."""
        chat = self._chat
        names = ", ".join(COLUMNS)
        self._connection.executemany(
            f"""
            INSERT INTO person_months (chat_id, person_id, month, {names})
            VALUES ({", ".join("?" * (3 + len(COLUMNS)))})
            ON CONFLICT DO UPDATE SET {", ".join(f"{c} = {c} + excluded.{c}" for c in COLUMNS)}
            """,
            [(chat, person, month, *counts) for (person, month), counts in self._months.items() if any(counts)],
        )
        self._connection.executemany(
            """
            INSERT INTO person_emoji (chat_id, person_id, year, emoji, uses) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET uses = uses + excluded.uses
            """,
            [(chat, person, year, sign, uses) for (person, year, sign), uses in self._emoji.items() if uses],
        )
        self._connection.executemany(
            """
            INSERT INTO days (chat_id, day, message_count, media_count) VALUES (?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET message_count = message_count + excluded.message_count,
                media_count = media_count + excluded.media_count
            """,
            [(chat, day, *counts) for day, counts in sorted(self._days.items()) if any(counts)],
        )
        for statement in (
            "DELETE FROM person_months WHERE chat_id = ? AND messages <= 0",
            "DELETE FROM person_emoji WHERE chat_id = ? AND uses <= 0",
            "DELETE FROM days WHERE chat_id = ? AND message_count <= 0",
        ):
            self._connection.execute(statement, (chat,))
        self._months, self._emoji, self._days = {}, {}, {}
