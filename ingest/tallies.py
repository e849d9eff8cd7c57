"""Counting what the pages ask for: by person and month, by emoji, by day. Additive, so that a talk that
changes is taken out as it was and put back as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import groupby

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


#: By person and month, by person, year and emoji, by day.
Counts = tuple[dict[tuple[int, str], list[int]], dict[tuple[int, str, str], int], dict[str, list[int]]]


def _day(m: Said) -> str:
    return m[2][:10]


class Tallies:
    """Counts of one chat, to be added to the archive's with `flush`."""

    def __init__(self) -> None:
        self._months: dict[tuple[int, str], list[int]] = {}
        self._emoji: dict[tuple[int, str, str], int] = {}
        self._days: dict[str, list[int]] = {}

    def add(self, talk: Sequence[Said], sign: int = 1) -> None:
        """Count a talk (`sign` 1) or take it out again (-1)."""
        last: int | None = None
        last_at = ""
        days = {m[2][:10] for m in talk}
        for part in [talk] if len(days) == 1 else [list(part) for _, part in groupby(talk, key=_day)]:
            last, last_at = self._add_part(part, sign, last, last_at)

    def _add_part(self, part: Sequence[Said], sign: int, last: int | None, last_at: str) -> tuple[int | None, str]:
        """Count what a talk said on one day; `last` spoke before, at `last_at`."""
        day = part[0][2][:10]
        days = self._days.get(day) or self._days.setdefault(day, [0, 0])
        days[0] += sign * len(part)
        month, year = day[:7], day[:4]
        months, emoji, find_emoji = self._months, self._emoji, EMOJI.findall
        has_night = min([m[2] for m in part])[11:13] < "05"
        mine: dict[int, list[int]] = {}
        for _, sender, at, kind, text in part:
            if kind != "text" and kind in MEDIA_KINDS:
                days[1] += sign
            if sender is None:
                continue
            counts = mine.get(sender)
            if counts is None:
                counts = mine[sender] = months.get((sender, month)) or months.setdefault(
                    (sender, month), [0] * len(COLUMNS)
                )
            counts[0] += sign
            if text:
                # Most texts have one space between words; counting those is quicker than splitting.
                plain = "  " not in text and "\n" not in text
                counts[1] += sign * (text.count(" ") + 1 if plain else len(text.split()))
                counts[2] += sign * len(text)
                if not text.isascii():
                    for found in find_emoji(text):
                        used = (sender, year, found.replace("\ufe0f", ""))
                        emoji[used] = emoji.get(used, 0) + sign
                if "http" in text:
                    counts[_LINKS] += sign
            if kind != "text":
                column = _COLUMN_OF.get(kind)
                if column:
                    counts[column] += sign
            if has_night and at[11:13] < "05":
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
        return last, last_at

    def counts(self) -> Counts:
        """What was counted so far."""
        return self._months, self._emoji, self._days

    def take(self, counts: Counts) -> None:
        """Go on from what another counted."""
        self._months, self._emoji, self._days = counts

    def flush(self, connection: sqlite3.Connection, chat: int) -> None:
        """Add the counts to those that the archive has of `chat`."""
        names = ", ".join(COLUMNS)
        connection.executemany(
            f"""
            INSERT INTO person_months (chat_id, person_id, month, {names})
            VALUES ({", ".join("?" * (3 + len(COLUMNS)))})
            ON CONFLICT DO UPDATE SET {", ".join(f"{c} = {c} + excluded.{c}" for c in COLUMNS)}
            """,
            [(chat, person, month, *counts) for (person, month), counts in self._months.items() if any(counts)],
        )
        connection.executemany(
            """
            INSERT INTO person_emoji (chat_id, person_id, year, emoji, uses) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET uses = uses + excluded.uses
            """,
            [(chat, person, year, sign, uses) for (person, year, sign), uses in self._emoji.items() if uses],
        )
        connection.executemany(
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
            connection.execute(statement, (chat,))
        self._months, self._emoji, self._days = {}, {}, {}
