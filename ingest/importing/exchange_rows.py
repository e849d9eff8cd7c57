"""From talks to rows of `exchanges`: told, counted, and put into the search index."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from ingest.archive.fts import index_exchanges
from ingest.summaries import SaidRow
from ingest.summaries.offline.lexicon import Tokens
from ingest.summaries.offline.summarizer import VERSION, Summarizer
from ingest.summaries.offline.vocabulary import Vocabulary
from memories_lib.shared.counters import Counters

#: A merge into a chat learns which words are rare there from so many of its talks.
_TALKS_FOR_WORDS = 400
INSERT_EXCHANGE = """
INSERT INTO exchanges (id, key, chat_id, started_at, ended_at, message_count, participant_count, title, summary,
    language, mood, topics, score, summarised_by, summarised_at, prompt_version)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'offline', ?, ?)
"""


class ExchangeRow(NamedTuple):
    """A row of `exchanges`, in the order of `INSERT_EXCHANGE`."""

    id: int
    key: int
    chat_id: int
    started_at: str
    ended_at: str
    message_count: int
    participant_count: int
    title: str
    summary: str
    language: str | None
    mood: str
    topics: str
    score: float
    summarised_at: str
    prompt_version: str


class ExchangeBuilder:
    """Writes down what talks of one chat are about."""

    def __init__(self, chat: int, teller: Summarizer, tallies: Counters, now: str) -> None:
        self.chat = chat
        self._teller = teller
        self.tallies = tallies
        self._now = now

    def write(self, exchange: int, key: int, talk: Sequence[SaidRow]) -> tuple[ExchangeRow, list[int]]:
        """(its row, the ids of the messages that tell it best). Counts the talk as well."""
        self.tallies.add(talk)
        told = self._teller.tell(talk)
        times = [sent_at for _, _, sent_at, _, _ in talk]
        voices = {sender for _, sender, _, _, _ in talk if sender is not None}
        row = ExchangeRow(
            exchange, key, self.chat, min(times), max(times), len(talk), len(voices),
            told.title, told.summary, told.language, told.mood,
            json.dumps(told.topics, ensure_ascii=False), told.score, self._now, VERSION,
        )  # fmt: skip
        return row, told.highlights


def insert_exchanges(connection: sqlite3.Connection, rows: Sequence[ExchangeRow]) -> None:
    """Add exchanges and index them for search."""
    connection.executemany(INSERT_EXCHANGE, rows)
    index_exchanges(connection, [(row.id, row.title, row.summary, row.topics) for row in rows])


def sample_words(connection: sqlite3.Connection, chat: int, vocabulary: Vocabulary, tokens: Tokens) -> None:
    """Learn which words are rare in a chat that the archive has, from a sample of its talks."""
    ids = [
        exchange
        for (exchange,) in connection.execute("SELECT id FROM exchanges WHERE chat_id = ? ORDER BY id", (chat,))
    ]
    for exchange in ids[:: max(1, len(ids) // _TALKS_FOR_WORDS)]:
        texts = connection.execute("SELECT text FROM messages WHERE exchange_id = ? AND kind = 'text'", (exchange,))
        vocabulary.add("\n".join([text for (text,) in texts]), tokens)
