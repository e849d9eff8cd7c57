"""Joining an export to what the archive already has of its chat, minute by minute.

No key is looked up: within one minute of one chat the messages of both sides are paired, first those
that are equal, then those of one person that were edited, deleted or came without their file. What
finds no pair is new. Two equal messages in one minute are two messages, on either side.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Protocol

from ingest.archive.by_time import messages_between, next_minute
from ingest.archive.source_messages import is_in, runs_of
from ingest.core.keys import Keys, token
from ingest.core.model import MEDIA_KINDS, Message, Row
from ingest.core.segmentation import seconds
from ingest.importing.batches import whole_minutes, with_last
from ingest.importing.wording_chains import chained
from ingest.importing.wordings import Change, Old, is_beginning, is_version, is_waiting, more_votes

#: Minutes of the export that are nearer than this (seconds) are looked up in one query.
_RUN = 2 * 3600
#: Equal messages in so many minutes in a row are looked through where two clocks differ.
_MOST_IN_A_ROW = 5
#: What each phone says in its own language.
_TOLD_BY_THE_PHONE = frozenset({"system", "deleted", "call"})


class Met(Protocol):
    """Where the messages are noted that an export has, too."""

    def add(self, number: int, /) -> object:
        """The message with this id."""


class MessageSink(Protocol):
    """Where messages go that found no pair: a `Loader`, which writes them. `above`: the ids from there on are free."""

    keys: Keys
    above: int

    @property
    def runs(self) -> Met:
        """What the export has, too."""

    def add(self, message: Row, sender: int | None, /) -> object:
        """One message."""

    def flush(self) -> None:
        """Write what waits."""


class Files(Protocol):
    """What messages carry: `Attachments`, which has the methods in full."""

    def has_files(self) -> bool:
        """Whether there are any at all."""

    def fill(self, message: int, attachment: str, line: int | None, /) -> bool:
        """Give a message its file; whether it got it."""

    def note_named(self, message: int, has_file: bool, /) -> None:
        """Remember a message whose file has a name now."""


class Merge:
    """Pairs the batches of one export with the chat's messages; new ones go to `loader`."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        chat: int,
        source: int,
        ids: Mapping[str | None, int | None],
        loader: MessageSink,
        files: Files,
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
        self._files = files
        self._taken = bytearray(loader.above)
        self.changes: list[Change] = []
        #: Rows for `INSERT_REVISION`.
        self.revisions: list[tuple[int, str, str, int, str, int]] = []
        self._chained = chained(connection)
        self.filled = 0
        self._can_fill = bool(files.has_files())
        self._read_before = runs_of(connection, read_before)
        last = connection.execute("SELECT last_at FROM chats WHERE id = ?", (chat,)).fetchone()
        self._last_minute = ((last and last[0]) or "")[:16]
        self._last_message: Message | None = None

    def run(self, batches: Iterable[list[Row]]) -> None:
        """Merge everything."""
        for rows, is_last in with_last(whole_minutes(batches)):
            old = self._old_in(rows)
            left: list[Message] = []
            for minute, group in groupby(rows, key=_minute_of):
                left += self._pair(old.get(minute, ()), list(group))
            self._last_message = left[-1] if is_last and left and left[-1] == rows[-1] else None
            # What is equal comes first, also a minute beside: another wording is anybody's who wrote in this minute.
            for message in self._pair_versions(old, self._pair_with_neighbours(old, left)):
                self._add(old, message)
        self._loader.flush()

    def _old_in(self, rows: list[Row]) -> dict[str, list[Old]]:
        """The archive's messages in the minutes of `rows` and next to them, those not yet paired, by minute."""
        minutes = sorted({_minute_of(row) for row in rows})
        found: dict[str, list[Old]] = {}
        start = end = minutes[0]
        for minute in [*minutes[1:], ""]:
            if minute and seconds(minute + ":00") - seconds(end + ":00") < _RUN:
                end = minute
                continue
            there = messages_between(
                self._connection,
                self._chat,
                next_minute(start, -_MOST_IN_A_ROW),
                next_minute(end, _MOST_IN_A_ROW) + ":~",
            )
            for old in map(Old._make, there):
                found.setdefault(old.sent_at[:16], []).append(old)
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

    def _add(self, old: Mapping[str, list[Old]], new: Message) -> None:
        """A message that the archive does not have."""
        minute = _minute_of(new)
        there = old.get(minute)
        if there and self._loader.keys.minute != minute:
            self._loader.keys.enter(minute, Counter(token(one.kind, one.text) for one in there))
        self._loader.add(new, self._ids[new.sender])

    def _pair(self, there: Sequence[Old], rows: list[Row]) -> list[Message]:
        """Pair the messages of one minute that are equal; returns those that are left."""
        if not there:
            return list(map(Message._make, rows))
        ids = self._ids
        free: dict[tuple[int | None, str], deque[Old]] = {}
        for old in there:
            if not self._taken[old.id]:
                free.setdefault((old.sender, token(old.kind, old.text)), deque()).append(old)
        left: list[Message] = []
        for message in map(Message._make, rows):
            same = free.get((ids[message.sender], token(message.kind, message.text)))
            if same:
                self._same(same.popleft(), message)
            else:
                left.append(message)
        return left

    def _pair_versions(self, old: Mapping[str, list[Old]], left: list[Message]) -> list[Message]:
        """Pair messages with another wording of theirs in the same minute; returns those that are new."""
        new: list[Message] = []
        # Those of a minute that have no pair, in order; what is paired meanwhile is passed over.
        waiting: dict[str, list[Old]] = {}
        for message in left:
            minute = _minute_of(message)
            if minute not in waiting:
                there = sorted(old.get(minute, ()), key=lambda one: one.id)
                waiting[minute] = [one for one in there if not self._taken[one.id]]
            rest = (one for one in waiting[minute] if not self._taken[one.id])
            sender = self._ids[message.sender]
            other = next((one for one in rest if one.sender == sender and is_version(one, message)), None)
            if other is not None:
                self._version(other, message)
            elif not self._pair_cut(old, message):
                new.append(message)
        return new

    def _pair_cut(self, old: Mapping[str, list[Old]], message: Message) -> bool:
        """Pair a message with its own beginning, where a text was cut off: its last message, on either side."""
        minute = _minute_of(message)
        is_last = message is self._last_message
        if not (message.text and (is_last or minute == self._last_minute)):
            return False
        whose = self._ids[message.sender], message.kind
        for one in old.get(minute, ()):
            if self._taken[one.id] or (one.sender, one.kind) != whose or not one.text:
                continue
            if minute == self._last_minute and is_beginning(one.text, message.text):
                self._change(one, message.kind, message.text, message.is_edited)
            elif not (is_last and is_beginning(message.text, one.text)):
                continue
            self._taken[one.id] = 1
            self._loader.runs.add(one.id)
            return True
        return False

    def _pair_with_neighbours(self, old: Mapping[str, list[Old]], left: list[Message]) -> list[Message]:
        """Pair what is left with equal messages a minute earlier or later, which nothing else was paired with.

        Two phones' clocks are seconds apart, so that some messages fall into two minutes.
        """
        unpaired: list[Message] = []
        for message in left:
            same = self._neighbour(old, message, -1) or self._neighbour(old, message, 1)
            if same is None:
                unpaired.append(message)
            else:
                self._same(same, message)
        return unpaired

    def _neighbour(self, old: Mapping[str, list[Old]], message: Message, step: int) -> Old | None:
        """An equal message in the next minute; where one of several in a row is paired already, in the one after."""
        wanted = (self._ids[message.sender], token(message.kind, message.text))
        at = _minute_of(message)
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

    def _same(self, old: Old, message: Message) -> None:
        self._taken[old.id] = 1
        self._loader.runs.add(old.id)
        if old.kind in MEDIA_KINDS and message.attachment:
            self._fill(old, message)
        elif old.kind in MEDIA_KINDS and message.text and not old.text:
            self._change(old, old.kind, message.text, message.is_edited)
        else:
            self._agree(old, message)

    def _fill(self, old: Old, message: Message) -> None:
        """The same photo or file, this time with its name, and perhaps itself."""
        assert message.attachment is not None
        if self._can_fill and self._files.fill(old.id, message.attachment, message.line):
            self.filled += 1
        else:
            self._files.note_named(old.id, False)
            self._connection.execute(
                "UPDATE media SET filename = ? WHERE message_id = ? AND filename IS NULL", (message.attachment, old.id)
            )
        if message.kind != old.kind or (message.text and not old.text):
            self._change(old, message.kind, message.text or old.text, old.is_edited)
        else:
            self._agree(old, message)

    def _version(self, old: Old, message: Message) -> None:
        """One message in two wordings: the later one counts, the other is kept as a revision."""
        self._taken[old.id] = 1
        self._loader.runs.add(old.id)
        kind, text, is_edited, attachment = message.kind, message.text, message.is_edited, message.attachment
        if is_waiting(old.kind, old.text) and kind != "deleted":
            # "Waiting for this message": it came.
            if attachment:
                self._fill(old, message)
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
            self._agree(old, message)

    def _change(self, old: Old, kind: str, text: str, is_edited: int) -> None:
        """The message says something else from now on; what it said is kept."""
        self.revisions.append((old.id, old.text, old.kind, self._source, "replaced", old.is_edited))
        self.changes.append(Change(old, kind, text, bool(is_edited)))

    def _agree(self, old: Old, message: Message) -> None:
        """The export says what the message says: where another one made it so, it is more than that one's word."""
        is_less = old.kind in MEDIA_KINDS and (message.kind != old.kind or (old.text and not message.text))
        if is_less or (old.kind in _TOLD_BY_THE_PHONE and message.text != old.text):
            self.revisions.append((old.id, message.text, message.kind, self._source, "other", message.is_edited))
            return
        said_by = self._chained.get(old.id)
        if said_by is not None and self._source not in said_by:
            self.revisions.append((old.id, old.text, old.kind, self._source, "same", old.is_edited))


def _minute_of(row: Row) -> str:
    _, _, _, sent_at, _, _, _, _, _ = row
    return sent_at[:16]
