"""Talks in full, a stretch at a time: what files and long answers are made of, however long a talk and its messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from memories_lib.queries import selects
from memories_lib.queries.talks import memories
from memories_lib.shared import visible
from memories_lib.shared.sql import Row, Run

#: A stretch ends after so many bytes of text, or so many messages, whichever comes first.
_BYTES, _MESSAGES = 1 << 19, 500


class Position(NamedTuple):
    """A message that a stretch ended with: its time and id."""

    at: str = ""
    message: int = 0


class Stretch(NamedTuple):
    """Messages of a talk, in order, and where the next ones begin; None after the last."""

    messages: list[Row]
    bytes: int
    more: Position | None


def stretch(run: Run, exchange: int, after: Position) -> Stretch:
    """The messages of a talk that may be seen and come after a place, as many as fit."""
    sizes = run(
        f"""
        SELECT messages.id, messages.sent_at, length(CAST(messages.text AS BLOB)) AS bytes FROM messages
        WHERE messages.exchange_id = ? AND (messages.sent_at, messages.id) > (?, ?) AND {visible.MESSAGE_ITSELF}
        {selects.IN_ORDER} LIMIT ?
        """,
        (exchange, after.at, after.message, _MESSAGES + 1),
    )
    ids: list[int] = []
    total, place = 0, after
    for message, at, size in sizes:
        if ids and (total + size > _BYTES or len(ids) == _MESSAGES):
            return Stretch(_whole(run, ids), total, place)
        ids.append(message)
        total, place = total + size, Position(at, message)
    return Stretch(_whole(run, ids), total, None)


def _whole(run: Run, ids: list[int]) -> list[Row]:
    marks = ", ".join(map(str, ids))
    return run(f"{selects.MESSAGES} WHERE messages.id IN ({marks}) {selects.IN_ORDER}").fetchall()


class BookTalk(NamedTuple):
    """Some of a talk: `is_rest`, where its beginning was in the part before; `is_open`, where it goes on in the next.

    `head` is a row of `selects.EXCHANGE`, `messages` are rows of `selects.MESSAGES`.
    """

    head: Row
    messages: list[Row]
    is_rest: bool
    is_open: bool


class BookPlace(NamedTuple):
    """Where a book goes on: in the list of its talks, and within the talk that was begun, if any was."""

    before: str
    talk: int | None = None
    after: Position = Position()


def book_part(run: Run, asked: Mapping[str, str], place: BookPlace) -> tuple[list[BookTalk], BookPlace | None]:
    """(some of a book's talks with all that they say, the oldest first; where the next part begins, or None)"""
    found: list[BookTalk] = []
    size = 0
    if place.talk is not None:
        told, size, after = _told(run, place.talk, place.after)
        found += told
        if after is not None:
            return found, place._replace(after=after)
    rows, more = memories(run, {**asked, "before": place.before, "order": "oldest"})
    for row in rows:
        here = f"{row['started_at']}/{row['id']}"
        if size >= _BYTES:
            return found, place._replace(talk=None)
        told, bytes_of_talk, after = _told(run, row["id"], Position())
        found += told
        size += bytes_of_talk
        place = BookPlace(here)
        if after is not None:
            return found, BookPlace(here, row["id"], after)
    return found, BookPlace(more) if more is not None else None


def _told(run: Run, exchange: int, after: Position) -> tuple[list[BookTalk], int, Position | None]:
    head = run(f"{selects.EXCHANGE} WHERE exchanges.id = ? AND {visible.MARKED_SEEN}", (exchange,)).fetchone()
    if head is None:
        return [], 0, None  # it was hidden meanwhile
    here = stretch(run, exchange, after)
    return [BookTalk(head, here.messages, after != Position(), here.more is not None)], here.bytes, here.more
