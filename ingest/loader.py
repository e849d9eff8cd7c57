"""Writing new messages: numbered, keyed, carried things and all, a batch at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from ingest.carried import Carried
from ingest.exchanges import talks
from ingest.keys import message_key, token
from ingest.model import Row
from ingest.search_index import MessageIndex
from ingest.summaries import Said
from ingest.teller import ExchangeRow, Scribe, insert_exchanges

_BATCH = 20_000
_SENT_AT = 3  # of a Row
INSERT_MESSAGE = """
INSERT INTO messages (id, key, chat_id, exchange_id, sender_id, sent_at, kind, text, is_edited, is_highlight,
    source_id, line)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


class Keys:
    """Content keys for messages as they come, minute by minute."""

    def __init__(self) -> None:
        self.minute = ""
        self._counts: dict[str, int] = {}

    def enter(self, minute: str, there: Mapping[str, int]) -> None:
        """Start a minute in which the chat already has messages with these tokens."""
        self.minute = minute
        self._counts = dict(there)

    def key(self, sent_at: str, kind: str, text: str) -> int:
        """The key of the next message."""
        minute = sent_at[:16]
        if minute != self.minute:
            self.minute = minute
            self._counts = {}
        tokened = token(kind, text)
        nth = self._counts.get(tokened, 0)
        self._counts[tokened] = nth + 1
        return message_key(minute, tokened, nth)


class Loader:
    """Adds messages of one source to one chat."""

    def __init__(
        self, connection: sqlite3.Connection, chat: int, source: int, index: MessageIndex, carried: Carried
    ) -> None:
        self._connection = connection
        self._chat = chat
        self._source = source
        self._index = index
        self._carried = carried
        self.keys = Keys()
        self._next_message = _next_id(connection, "messages")
        self._next_exchange = _next_id(connection, "exchanges")
        self.first_new = self._next_message
        self._rows: list[tuple[object, ...]] = []
        self._texts: list[tuple[int, str]] = []
        self._carrying: list[tuple[int, str, str, str | None, int]] = []
        self._exchanges: list[ExchangeRow] = []
        self.new = 0
        self.exchanges = 0

    def load_new_chat(
        self, batches: Iterable[list[Row]], ids: Mapping[str | None, int | None], pause: int, scribe: Scribe
    ) -> None:
        """All messages of a chat that the archive has not met, whose times are in order: told as they go in."""
        chat, source, key = self._chat, self._source, self.keys.key
        for talk in talks(batches, pause, _SENT_AT):
            exchange = self._next_exchange
            self._next_exchange += 1
            first = number = self._next_message
            said: list[Said] = []
            for row in talk:
                said.append((number, ids[row[4]], row[3], row[5], row[6]))
                number += 1
            self._next_message = number
            keys = [key(row[3], row[5], row[6]) for row in talk]
            told, highlights = scribe.write(exchange, keys[0], said)
            self._exchanges.append(told)
            number = first
            for row, message_id, m in zip(talk, keys, said, strict=True):
                _, _, line, at, _, kind, text, is_edited, attachment = row
                self._rows.append(
                    (
                        number,
                        message_id,
                        chat,
                        exchange,
                        m[1],
                        at,
                        kind,
                        text,
                        is_edited,
                        number in highlights,
                        source,
                        line,
                    )
                )
                if text:
                    self._texts.append((number, text))
                if kind != "text" or "http" in text:
                    self._carrying.append((number, kind, text, attachment, line))
                number += 1
            if len(self._rows) >= _BATCH:
                self.flush()
        self.flush()

    def add(self, row: Row, sender: int | None) -> int:
        """One message that belongs to no exchange yet; returns its id."""
        _, _, line, at, _, kind, text, is_edited, attachment = row
        number = self._next_message
        self._next_message += 1
        self._rows.append(
            (
                number,
                self.keys.key(at, kind, text),
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
        if text:
            self._texts.append((number, text))
        if kind != "text" or "http" in text:
            self._carrying.append((number, kind, text, attachment, line))
        if len(self._rows) >= _BATCH:
            self.flush()
        return number

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
        for number, kind, text, attachment, line in self._carrying:
            self._carried.add(number, kind, text, attachment, line)
        self._carried.flush()
        first, last = self._next_message - len(self._rows), self._next_message - 1
        self.new += len(self._rows)
        self._index.add(first, last, self._texts)
        self._rows, self._texts, self._carrying = [], [], []


def _next_id(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}").fetchone()[0])
