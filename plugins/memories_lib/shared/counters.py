"""Counting what the pages ask for: by person and month, by emoji, by day. Additive, so that a talk that
changes is taken out as it was and put back as it is. Pure; both sides load it.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from memories_lib.shared.clock import seconds
from memories_lib.shared.contract import MEDIA_KINDS
from memories_lib.shared.folding import EMOJI

#: One message of a talk as it travels and is counted; `Said` names the same fields.
SaidRow = tuple[int, "int | None", str, str, str]


class Said(NamedTuple):
    """One message of a talk. `sender` is a person's id, None on notices; `sent_at` is ISO local time."""

    id: int
    sender: int | None
    sent_at: str
    kind: str
    text: str


#: The messages of an exchange as `SaidRow`, in order.
SAID = "SELECT id, sender_id, sent_at, kind, text FROM messages WHERE exchange_id = ? ORDER BY sent_at, id"

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
_MESSAGES, _WORDS, _CHARACTERS = (COLUMNS.index(c) for c in ("messages", "words", "characters"))
#: What is counted of a day: its messages, and those that carry something.
_ALL, _PHOTOS = 0, 1


_KEYCAP = "\u20e3"
#: Below this are the letters of alphabets, and no emoji but keycaps, which begin with a digit.
_FAR = re.compile("[\u2000-\U0010ffff]+")


def _emoji(text: str) -> list[str]:
    """The emoji in `text`. Leaving plain letters out first is three times as quick."""
    found: list[str] = EMOJI.findall(text if _KEYCAP in text else " ".join(_FAR.findall(text)))
    return found


#: By person and month, by person, year and emoji, by day.
Counts = tuple[dict[tuple[int, str], list[int]], dict[tuple[int, str, str], int], dict[str, list[int]]]


def _time(message: SaidRow) -> str:
    _, _, sent_at, _, _ = message
    return sent_at


def _day(message: SaidRow) -> str:
    return _time(message)[:10]


class Counters:
    """Counts of one chat, to be added to the archive's with `flush`."""

    def __init__(self) -> None:
        self._months: dict[tuple[int, str], list[int]] = {}
        self._emoji: dict[tuple[int, str, str], int] = {}
        self._days: dict[str, list[int]] = {}

    def add(self, talk: Sequence[SaidRow], sign: int = 1) -> None:
        """Count a talk (`sign` 1) or take it out again (-1)."""
        last: int | None = None
        last_at = ""
        days = {sent_at[:10] for _, _, sent_at, _, _ in talk}
        for part in [talk] if len(days) == 1 else [list(part) for _, part in groupby(talk, key=_day)]:
            last, last_at = self._add_part(part, sign, last, last_at)

    def _add_part(self, part: Sequence[SaidRow], sign: int, last: int | None, last_at: str) -> tuple[int | None, str]:
        """Count what a talk said on one day; `last` spoke before, at `last_at`."""
        day = _day(part[0])
        days = self._days.get(day) or self._days.setdefault(day, [0, 0])
        days[_ALL] += sign * len(part)
        month = day[:7]
        has_night = min(map(_time, part))[11:13] < "05"
        said: dict[int, list[str]] = {}
        counts: list[int] = []
        texts: list[str] = []
        speaker: int | None = None
        for _, sender, at, kind, text in part:
            if kind != "text" and kind in MEDIA_KINDS:
                days[_PHOTOS] += sign
            if sender is None:
                continue
            if sender != speaker:
                speaker = sender
                counts = self._counts_of(sender, month)
                texts = said.get(sender) or said.setdefault(sender, [])
            if sender != last:
                if last is None:
                    counts[_STARTED] += sign
                else:
                    counts[_REPLIES] += sign
                    if at != last_at:
                        counts[_REPLY_SECONDS] += sign * max(0, seconds(at) - seconds(last_at))
                last = sender
            last_at = at
            texts.append(text)
            if kind != "text":
                column = _COLUMN_OF.get(kind)
                if column:
                    counts[column] += sign
            if has_night and at[11:13] < "05":
                counts[_NIGHT] += sign
        for sender, texts in said.items():
            self._add_texts(sender, month, texts, sign)
        return last, last_at

    def _counts_of(self, sender: int, month: str) -> list[int]:
        found = self._months.get((sender, month))
        if found is None:
            found = self._months[(sender, month)] = [0] * len(COLUMNS)
        return found

    def _add_texts(self, sender: int, month: str, texts: list[str], sign: int) -> None:
        """Count what one person wrote, all at once: that is several times quicker than text by text."""
        counts, emoji = self._counts_of(sender, month), self._emoji
        whole = "\n".join(texts)
        counts[_MESSAGES] += sign * len(texts)
        counts[_WORDS] += sign * len(whole.split())
        counts[_CHARACTERS] += sign * (len(whole) - len(texts) + 1)
        if not whole.isascii():
            year = month[:4]
            for found in _emoji("\n".join([text for text in texts if not text.isascii()])):
                used = (sender, year, found.replace("\ufe0f", ""))
                emoji[used] = emoji.get(used, 0) + sign
        if "http" in whole:
            counts[_LINKS] += sign * sum("http" in text for text in texts)

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
