"""Talks that an earlier version told are told again, and scored by meaning where the extra `understanding` is there.

What Gemini told stays. The encoder needs minutes where all else needs seconds: its scores are kept as they come, so
that an end in between costs nothing but the batch at hand.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from ingest.archive.database import transaction
from ingest.archive.derived import tell_periods
from ingest.archive.fts import index_exchanges, unindex_exchanges
from ingest.core.model import Progress
from ingest.importing.exchange_rows import sample_words
from ingest.importing.rewriting import rewritten
from ingest.summaries import Said
from ingest.summaries.meaning.encoder import Encoder
from ingest.summaries.meaning.rescore import with_meaning
from ingest.summaries.offline.lexicon import Tokens
from ingest.summaries.offline.summarizer import VERSION, Summarizer
from ingest.summaries.offline.vocabulary import Vocabulary

_BATCH = 100
_OUTDATED = f"summarised_by = 'offline' AND prompt_version NOT LIKE '{VERSION}%'"
_MEMBERS = "SELECT id, sender_id, sent_at, kind, text FROM messages WHERE exchange_id = ? ORDER BY sent_at, id"
_TEXTS = "SELECT text FROM messages WHERE exchange_id = ? AND kind = 'text' AND sender_id IS NOT NULL"


def count_outdated(connection: sqlite3.Connection) -> int:
    """How many talks an earlier version told."""
    (count,) = connection.execute(f"SELECT count(*) FROM exchanges WHERE {_OUTDATED}").fetchone()
    return int(count)


def tell_outdated(connection: sqlite3.Connection, database: Path, progress: Progress | None = None) -> int:
    """Tell again what an earlier version told; returns how many talks. Edits stay as they are."""
    total, done = count_outdated(connection), 0
    if not total:
        return 0
    with rewritten(connection, database):
        names: dict[int, str] = dict(connection.execute("SELECT id, name FROM people"))
        now = connection.execute("SELECT strftime('%Y-%m-%dT%H:%M:%S', 'now', 'localtime')").fetchone()[0]
        chats = connection.execute(f"SELECT DISTINCT chat_id FROM exchanges WHERE {_OUTDATED}").fetchall()
        for (chat,) in chats:
            tokens, vocabulary = Tokens(), Vocabulary()
            sample_words(connection, chat, vocabulary, tokens)
            teller = Summarizer(vocabulary, names, tokens)
            rows = connection.execute(f"SELECT id FROM exchanges WHERE chat_id = ? AND {_OUTDATED}", (chat,)).fetchall()
            for (exchange,) in rows:
                _tell(connection, exchange, teller, now)
                done += 1
                if progress and not done % _BATCH:
                    progress(done, total)
            tell_periods(connection, chat, "0", "~")
    return total


def _tell(connection: sqlite3.Connection, exchange: int, teller: Summarizer, now: str) -> None:
    talk: list[Said] = connection.execute(_MEMBERS, (exchange,)).fetchall()
    told = teller.tell(talk)
    topics = json.dumps(told.topics, ensure_ascii=False)
    unindex_exchanges(connection, [exchange])
    connection.execute(
        """
        UPDATE exchanges SET title = ?, summary = ?, language = ?, mood = ?, topics = ?, score = ?, summarised_at = ?,
            prompt_version = ? WHERE id = ?
        """,
        (told.title, told.summary, told.language, told.mood, topics, told.score, now, VERSION, exchange),
    )
    index_exchanges(connection, [(exchange, told.title, told.summary, topics)])
    connection.execute("UPDATE messages SET is_highlight = 0 WHERE exchange_id = ? AND is_highlight", (exchange,))
    connection.executemany("UPDATE messages SET is_highlight = 1 WHERE id = ?", [(one,) for one in told.highlights])


def count_not_understood(connection: sqlite3.Connection) -> int:
    """How many talks are scored by their words alone."""
    (count,) = connection.execute(
        "SELECT count(*) FROM exchanges WHERE summarised_by = 'offline' AND prompt_version = ?", (VERSION,)
    ).fetchone()
    return int(count)


def understand(
    connection: sqlite3.Connection, database: Path, encoder: Encoder, progress: Progress | None = None
) -> int:
    """Score by meaning the talks that are scored by their words alone, and choose memories anew; returns how many."""
    total = count_not_understood(connection)
    if not total:
        return 0
    waiting = connection.execute(
        "SELECT id, score FROM exchanges WHERE summarised_by = 'offline' AND prompt_version = ? ORDER BY id", (VERSION,)
    ).fetchall()
    understood, done = f"{VERSION} {encoder.name}", 0
    for batch in _in_batches(waiting):
        talks = [[text for (text,) in connection.execute(_TEXTS, (exchange,))] for exchange, _ in batch]
        scores = with_meaning([score for _, score in batch], talks, encoder)
        with transaction(connection):
            connection.executemany(
                "UPDATE exchanges SET score = ?, prompt_version = ? WHERE id = ?",
                [(score, understood, exchange) for score, (exchange, _) in zip(scores, batch, strict=True)],
            )
        done += len(batch)
        if progress:
            progress(done, total)
    with rewritten(connection, database):
        for (chat,) in connection.execute("SELECT id FROM chats").fetchall():
            tell_periods(connection, chat, "0", "~")
    return total


def _in_batches(rows: Iterable[tuple[int, float]]) -> Iterator[Sequence[tuple[int, float]]]:
    waiting = iter(rows)
    while batch := list(islice(waiting, _BATCH)):
        yield batch
