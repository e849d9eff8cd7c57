"""Joining an export to what the archive already has of its chat, minute by minute.

No key is looked up: within one minute of one chat the messages of both sides are paired, first those
that are equal, then those of one person that were edited, deleted or came without their file. What
finds no pair is new. Two equal messages in one minute are two messages, on either side.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from ingest.archive.by_time import messages_between, next_minute
from ingest.archive.source_messages import is_in, runs_of
from ingest.core.keys import token
from ingest.core.model import MEDIA_KINDS, Row
from ingest.core.segmentation import seconds
from ingest.importing.attachments import Attachments
from ingest.importing.batches import whole_minutes, with_last
from ingest.importing.loader import Loader
from ingest.importing.wording_chains import chained
from ingest.importing.wordings import is_beginning, is_same_wording, more_votes

#: Minutes of the export that are nearer than this (seconds) are looked up in one query.
_RUN = 2 * 3600
#: Equal messages in so many minutes in a row are looked through where two clocks differ.
_MOST_IN_A_ROW = 5
#: What each phone says in its own language.
_TOLD_BY_THE_PHONE = frozenset({"system", "deleted", "call"})


class Old(NamedTuple):
    """A message of the archive."""

    id: int
    sender: int | None
    sent_at: str
    kind: str
    text: str
    is_edited: int
    exchange: int


@dataclass(frozen=True, slots=True)
class Change:
    """What a later export says of a message that the archive has."""

    old: Old
    kind: str
    text: str
    is_edited: bool


class Merge:
    """Pairs the batches of one export with the chat's messages; new ones go to `loader`."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        chat: int,
        source: int,
        ids: Mapping[str | None, int | None],
        loader: Loader,
        carried: Attachments,
        read_before: Iterable[int] = (),
        common: tuple[str, str] = ("~", ""),
    ) -> None:
        """`common`: from when to when both the chat and the export reach.

        `read_before`: sources that the export begins with, and goes on from: nothing of them is met again.
        """
        self._common = common[0][:16], common[1][:16]
        self._connection = connection
        self._chat = chat
        self._source = source
        self._ids = ids
        self._loader = loader
        self._carried = carried
        self._taken = bytearray(loader.above)
        self.changes: list[Change] = []
        #: Rows for `INSERT_REVISION`.
        self.revisions: list[tuple[int, str, str, int, str, int]] = []
        self._chained = chained(connection)
        self.filled = 0
        self._can_fill = bool(carried.has_files())
        self._read_before = runs_of(connection, read_before)
        last = connection.execute("SELECT last_at FROM chats WHERE id = ?", (chat,)).fetchone()
        self._last_minute = ((last and last[0]) or "")[:16]
        self._last_row: Row | None = None

    def run(self, batches: Iterable[list[Row]]) -> None:
        """Merge everything."""
        for rows, is_last in with_last(whole_minutes(batches)):
            old = self._old_in(rows)
            self._last_row = rows[-1] if is_last else None
            left: list[Row] = []
            for minute, group in groupby(rows, key=_minute):
                left += self._pair(old.get(minute, ()), list(group))
            # What is equal comes first, also a minute beside: another wording is anybody's who wrote in this minute.
            for row in self._pair_versions(old, self._pair_with_neighbours(old, left)):
                self._add(old, row)
        self._loader.flush()

    def _old_in(self, rows: list[Row]) -> dict[str, list[Old]]:
        """The archive's messages in the minutes of `rows` and next to them, those not yet paired, by minute."""
        minutes = sorted({row[3][:16] for row in rows})
        found: dict[str, list[Old]] = {}
        start = end = minutes[0]
        for minute in [*minutes[1:], ""]:
            if minute and seconds(minute + ":00") - seconds(end + ":00") < _RUN:
                end = minute
                continue
            for message in messages_between(
                self._connection,
                self._chat,
                next_minute(start, -_MOST_IN_A_ROW),
                next_minute(end, _MOST_IN_A_ROW) + ":~",
            ):
                found.setdefault(message[2][:16], []).append(Old(*message))
            start = end = minute
        if self._read_before:
            self._pass_over(found)
        return found

    def _pass_over(self, found: Mapping[str, list[Old]]) -> None:
        """What an export gave that this one goes on from is not met again, however much it looks alike."""
        for there in found.values():
            for old in there:
                if is_in(self._read_before, old.id):
                    self._taken[old.id] = 1

    def _add(self, old: Mapping[str, list[Old]], row: Row) -> None:
        """A message that the archive does not have."""
        minute = _minute(row)
        there = old.get(minute)
        if there and self._loader.keys.minute != minute:
            self._loader.keys.enter(minute, Counter(token(one.kind, one.text) for one in there))
        self._loader.add(row, self._ids[row[4]])

    def _pair(self, there: Sequence[Old], rows: list[Row]) -> list[Row]:
        """Pair the messages of one minute that are equal; returns those that are left."""
        if not there:
            return rows
        ids = self._ids
        free: dict[tuple[int | None, str], deque[Old]] = {}
        for old in there:
            if not self._taken[old.id]:
                free.setdefault((old.sender, token(old.kind, old.text)), deque()).append(old)
        left: list[Row] = []
        for row in rows:
            same = free.get((ids[row[4]], token(row[5], row[6])))
            if same:
                self._same(same.popleft(), row)
            else:
                left.append(row)
        return left

    def _pair_versions(self, old: Mapping[str, list[Old]], rows: list[Row]) -> list[Row]:
        """Pair messages with another wording of theirs in the same minute; returns those that are left."""
        new: list[Row] = []
        # Those of a minute that have no pair, in order; what is paired meanwhile is passed over.
        waiting: dict[str, list[Old]] = {}
        for row in rows:
            minute = _minute(row)
            if minute not in waiting:
                there = sorted(old.get(minute, ()), key=lambda one: one.id)
                waiting[minute] = [one for one in there if not self._taken[one.id]]
            rest = (one for one in waiting[minute] if not self._taken[one.id])
            other = next((one for one in rest if one.sender == self._ids[row[4]] and _is_version(one, row)), None)
            if other is not None:
                self._version(other, row)
            elif not self._pair_cut(old, row):
                new.append(row)
        return new

    def _pair_cut(self, old: Mapping[str, list[Old]], row: Row) -> bool:
        """Pair a message with its own beginning, where a text was cut off: its last message, on either side."""
        minute = _minute(row)
        if not (row[6] and (row is self._last_row or minute == self._last_minute)):
            return False
        for one in old.get(minute, ()):
            if self._taken[one.id] or one.sender != self._ids[row[4]] or one.kind != row[5] or not one.text:
                continue
            if minute == self._last_minute and is_beginning(one.text, row[6]):
                self._change(one, row[5], row[6], row[7])
            elif not (row is self._last_row and is_beginning(row[6], one.text)):
                continue
            self._taken[one.id] = 1
            self._loader.runs.add(one.id)
            return True
        return False

    def _pair_with_neighbours(self, old: Mapping[str, list[Old]], left: list[Row]) -> list[Row]:
        """Pair what is left with equal messages a minute earlier or later, which nothing else was paired with.

        Two phones' clocks are seconds apart, so that some messages fall into two minutes.
        """
        if not left:
            return left
        new: list[Row] = []
        for row in left:
            same = self._neighbour(old, row, -1) or self._neighbour(old, row, 1)
            if same is None:
                new.append(row)
            else:
                self._same(same, row)
        return new

    def _neighbour(self, old: Mapping[str, list[Old]], row: Row, step: int) -> Old | None:
        """An equal message in the next minute; where one of several in a row is paired already, in the one after."""
        wanted = (self._ids[row[4]], token(row[5], row[6]))
        at = _minute(row)
        is_common = self._common[0] <= at <= self._common[1]
        for _ in range(_MOST_IN_A_ROW):
            at = next_minute(at, step)
            # Outside of the time that both tell of, what is not on the other side need not be there.
            if not is_common and not self._common[0] <= at <= self._common[1]:
                return None
            equal = [one for one in old.get(at, ()) if (one.sender, token(one.kind, one.text)) == wanted]
            free = next((one for one in equal if not self._taken[one.id]), None)
            if free or not equal:
                return free
        return None

    def _same(self, old: Old, row: Row) -> None:
        self._taken[old.id] = 1
        self._loader.runs.add(old.id)
        if old.kind in MEDIA_KINDS and row[8]:
            self._fill(old, row)
        elif old.kind in MEDIA_KINDS and row[6] and not old.text:
            self._change(old, old.kind, row[6], row[7])
        else:
            self._agree(old, row)

    def _fill(self, old: Old, row: Row) -> None:
        """The same photo or file, this time with its name, and perhaps itself."""
        assert row[8] is not None
        if self._can_fill and self._carried.fill(old.id, row[8], row[2]):
            self.filled += 1
        else:
            self._carried.note_named(old.id, False)
            self._connection.execute(
                "UPDATE media SET filename = ? WHERE message_id = ? AND filename IS NULL", (row[8], old.id)
            )
        if row[5] != old.kind or (row[6] and not old.text):
            self._change(old, row[5], row[6] or old.text, old.is_edited)
        else:
            self._agree(old, row)

    def _version(self, old: Old, row: Row) -> None:
        """One message in two wordings: the later one counts, the other is kept as a revision."""
        self._taken[old.id] = 1
        self._loader.runs.add(old.id)
        _, _, _, _, _, kind, text, is_edited, attachment = row
        if _is_waiting(old.kind, old.text) and kind != "deleted":
            # "Waiting for this message": it came.
            if attachment:
                self._fill(old, row)
            else:
                self._change(old, kind, text, is_edited)
        elif kind == "poll" and old.kind == "poll":
            if more_votes(text, old.text):
                self._change(old, kind, text, is_edited)
        elif kind == "deleted" or (is_edited and old.kind != "deleted"):
            self._change(old, kind, text, is_edited)
        elif (old.kind == "deleted" or old.is_edited) and (text or attachment):
            self.revisions.append((old.id, text or attachment or "", kind, self._source, "older", is_edited))
        elif (kind, text) != (old.kind, old.text):
            # Two phones wrote the same message differently: what is there stays.
            self.revisions.append((old.id, text, kind, self._source, "other", is_edited))
        else:
            self._agree(old, row)

    def _change(self, old: Old, kind: str, text: str, is_edited: int) -> None:
        """The message says something else from now on; what it said is kept."""
        self.revisions.append((old.id, old.text, old.kind, self._source, "replaced", old.is_edited))
        self.changes.append(Change(old, kind, text, bool(is_edited)))

    def _agree(self, old: Old, row: Row) -> None:
        """The export says what the message says: where another one made it so, it is more than that one's word."""
        is_less = old.kind in MEDIA_KINDS and (row[5] != old.kind or (old.text and not row[6]))
        if is_less or (old.kind in _TOLD_BY_THE_PHONE and row[6] != old.text):
            self.revisions.append((old.id, row[6], row[5], self._source, "other", row[7]))
            return
        said_by = self._chained.get(old.id)
        if said_by is not None and self._source not in said_by:
            self.revisions.append((old.id, old.text, old.kind, self._source, "same", old.is_edited))


def _minute(row: Row) -> str:
    return row[3][:16]


def _is_waiting(kind: str, text: str) -> bool:
    """Whether a phone had only the place of a message, which another export may have."""
    return kind == "view_once" and not text


def _is_version(old: Old, row: Row) -> bool:
    """Whether `row` may be another wording of `old`, given that person and minute agree."""
    kind, text, is_edited = row[5], row[6], row[7]
    if old.sender is None:
        return old.kind == kind
    if kind == "deleted" or old.kind == "deleted":
        return True
    if _is_waiting(old.kind, old.text) or _is_waiting(kind, text):
        return True
    if kind != old.kind and not (kind in MEDIA_KINDS and old.kind in MEDIA_KINDS):
        return False
    if is_edited or old.is_edited:
        return True
    return is_same_wording(kind, old.text, text)
