"""Writing new messages: numbered, keyed, with what they carry, a batch at a time."""

from __future__ import annotations

import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from ingest.archive.fts import MessageIndex
from ingest.archive.ids import IdRegistry
from ingest.archive.source_messages import Runs
from ingest.core.keys import Keys
from ingest.core.model import Row
from ingest.core.segmentation import talks
from ingest.importing.attachments import Attachments
from ingest.importing.exchange_rows import ExchangeRow, insert_exchanges
from ingest.importing.parallel_summaries import Summarizing, Talk, Written

_BATCH = 16_000
#: So many messages travel together to whoever tells, and so many such batches are on their way at a time.
_TELL_AT_ONCE = 3_000
_MOST_WAITING = 5
_IS_HIGHLIGHT = 9  # of a row of `messages`
_SENT_AT = 3  # of a Row
_kind: Callable[[tuple[Any, ...]], str] = itemgetter(6)  # of a row of `messages`
INSERT_MESSAGE = """
INSERT INTO messages (id, key, chat_id, exchange_id, sender_id, sent_at, kind, text, is_edited, is_highlight,
    source_id, line)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


#: The ids of a talk's messages, the talk, and the keys of its messages.
_Counted = tuple[Sequence[int], list[Row], list[int]]


class Loader:
    """Adds messages of one source to one chat."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        chat: int,
        source: int,
        index: MessageIndex,
        attachments: Attachments,
        registry: IdRegistry,
        had: Mapping[int, tuple[int, int]] | None = None,
    ) -> None:
        """`had`: a line of the export -> (id, key) of the message that an earlier reading made of it."""
        self._had = dict(had or {})
        self._connection = connection
        self._chat = chat
        self._source = source
        self._index = index
        self._attachments = attachments
        self.keys = Keys()
        self._registry = registry
        self.runs = Runs(connection, source)
        #: No message that the archive had before has this id or a larger one.
        self.above = registry.next_message
        self._rows: list[tuple[Any, ...]] = []
        self._texts: list[tuple[int, str]] = []
        self._carrying: list[tuple[int, str, str, str | None, int]] = []
        self._exchanges: list[ExchangeRow] = []
        self.kinds: Counter[str] = Counter()
        self.new = 0
        self.exchanges = 0

    def load_new_chat(
        self, batches: Iterable[list[Row]], ids: Mapping[str | None, int | None], pause: int, telling: Summarizing
    ) -> None:
        """All messages of a chat that the archive has not met, whose times are in order: told as they go in."""
        keys_of = self.keys.keys
        waiting: deque[list[_Counted]] = deque()
        counted: list[_Counted] = []
        told: list[Talk] = []
        waiting_messages = 0
        for talk in talks(batches, pause, _SENT_AT):
            # Whoever tells speaks of messages by their place in the talk.
            said = [
                (place, ids[sender], sent_at, kind, text)
                for place, (_, _, _, sent_at, sender, kind, text, _, _) in enumerate(talk)
            ]
            keys = keys_of(said)
            counted.append((self._numbers_of(talk, keys), talk, keys))
            told.append((self._registry.exchange(keys[0]), keys[0], said))
            waiting_messages += len(talk)
            if waiting_messages >= _TELL_AT_ONCE:
                telling.send(told)
                waiting.append(counted)
                told, counted, waiting_messages = [], [], 0
                if len(waiting) > _MOST_WAITING:
                    self._write_told(waiting.popleft(), telling.receive(), ids)
        if told:
            telling.send(told)
            waiting.append(counted)
        while waiting:
            self._write_told(waiting.popleft(), telling.receive(), ids)
        self.flush()

    def _write_told(self, talks: list[_Counted], written: list[Written], ids: Mapping[str | None, int | None]) -> None:
        """Make rows of talks and what was told of them."""
        chat, source = self._chat, self._source
        rows, texts, carrying = self._rows, self._texts, self._carrying
        for (numbers, talk, keys), (exchange, highlights) in zip(talks, written, strict=True):
            here = len(rows)
            exchange_id = exchange[0]
            for number, (_, _, line, at, sender, kind, text, is_edited, attachment), key in zip(
                numbers, talk, keys, strict=True
            ):
                rows.append(
                    (number, key, chat, exchange_id, ids[sender], at, kind, text, is_edited, 0, source, line)
                )  # fmt: skip
                if not text.isascii():
                    texts.append((number, text))
                if kind != "text" or "http" in text:
                    carrying.append((number, kind, text, attachment, line))
            for highlight in highlights:
                row = rows[here + highlight]
                rows[here + highlight] = (*row[:_IS_HIGHLIGHT], 1, *row[_IS_HIGHLIGHT + 1 :])
            self._exchanges.append(ExchangeRow._make(exchange))
        if len(rows) >= _BATCH:
            self.flush()

    def add(self, row: Row, sender: int | None) -> int:
        """One message that belongs to no exchange yet; returns its id."""
        _, _, line, at, _, kind, text, is_edited, attachment = row
        key = self.keys.key(at, kind, text)
        (number,) = self._numbers_of((row,), (key,))
        self._rows.append(
            (
                number,
                key,
                self._chat,
                None,
                sender,
                at,
                kind,
                text,
                is_edited,
                0,
                self._source,
                line,
            )
        )
        if not text.isascii():
            self._texts.append((number, text))
        if kind != "text" or "http" in text:
            self._carrying.append((number, kind, text, attachment, line))
        if len(self._rows) >= _BATCH:
            self.flush()
        return number

    def _numbers_of(self, rows: Sequence[Row], keys: Sequence[int]) -> Sequence[int]:
        """The ids of messages with these keys; who was there before, by line, keeps what it had."""
        if not self._had:
            return self._registry.messages(keys)
        found: list[int] = []
        for row, key in zip(rows, keys, strict=True):
            before = self._had.pop(row[2], None)
            found += [self._registry.message_again(key, *before)] if before else self._registry.messages((key,))
        return found

    def flush(self) -> None:
        """Write what waits, and let the search index follow."""
        self._index.wait()
        if self._exchanges:
            insert_exchanges(self._connection, self._exchanges)
            self.exchanges += len(self._exchanges)
            self._exchanges = []
        if not self._rows:
            return
        self._connection.executemany(INSERT_MESSAGE, self._rows)
        self.kinds.update(map(_kind, self._rows))
        for number, kind, text, attachment, line in self._carrying:
            self._attachments.add(number, kind, text, attachment, line)
        self._attachments.flush()
        self.new += len(self._rows)
        ids = [row[0] for row in self._rows]
        self.runs.add_all(ids)
        self._index.add(ids, self._texts)
        self._rows, self._texts, self._carrying = [], [], []
