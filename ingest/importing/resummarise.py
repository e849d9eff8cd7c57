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
from ingest.summaries import SaidRow
from ingest.summaries.meaning.encoder import Encoder
from ingest.summaries.meaning.rescore import with_meaning
from ingest.summaries.offline.lexicon import Tokens
from ingest.summaries.offline.summarizer import VERSION, Summarizer
from ingest.summaries.offline.vocabulary import Vocabulary
from memories_lib.shared.contract import FIRST_EVENT
from memories_lib.shared.counters import SAID

_BATCH = 100
_OUTDATED = f"summarised_by = 'offline' AND prompt_version NOT LIKE '{VERSION}%'"
#: What the built-in teller told, before any edit: (id, score, prompt_version, is it kept beside an edited one).
_TOLD = f"""
SELECT id, score, prompt_version, 0 AS was FROM exchanges
WHERE summarised_by = 'offline' AND id < {FIRST_EVENT} AND id NOT IN (SELECT id FROM exchanges_before)
UNION ALL SELECT id, score, prompt_version, 1 FROM exchanges_before WHERE summarised_by = 'offline'
"""
#: Talks that have their score by meaning, while memories are not chosen by it yet.
_TO_CHOOSE = "to choose"
_BY_WORDS = f"prompt_version = '{VERSION}'"
_UNCHOSEN = f"prompt_version = '{VERSION} {_TO_CHOOSE}'"
#: The texts of a talk as it was before any edit.
_TEXTS = """
SELECT text FROM messages LEFT JOIN messages_before ON message_id = messages.id
WHERE messages.exchange_id = :exchange AND coalesce(messages_before.exchange_id, :exchange) = :exchange
    AND kind = 'text' AND sender_id IS NOT NULL
UNION ALL SELECT text FROM messages_before JOIN messages ON messages.id = message_id
WHERE messages_before.exchange_id = :exchange AND messages.exchange_id IS NOT :exchange
    AND kind = 'text' AND sender_id IS NOT NULL
"""


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
    talk: list[SaidRow] = connection.execute(SAID, (exchange,)).fetchall()
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
    """How many talks are scored by their words alone; and those of which memories are still to be chosen."""
    (count,) = connection.execute(f"SELECT count(*) FROM ({_TOLD}) WHERE {_BY_WORDS} OR {_UNCHOSEN}").fetchone()
    return int(count)


def understand(
    connection: sqlite3.Connection, database: Path, encoder: Encoder, progress: Progress | None = None
) -> int:
    """Score by meaning the talks that are scored by their words alone, and choose memories anew; returns how many.

    A talk that an edit changed is scored as it was told before the edit, which then is made on it anew.
    """
    waiting = connection.execute(f"SELECT id, score, was FROM ({_TOLD}) WHERE {_BY_WORDS} ORDER BY id").fetchall()
    total, done = len(waiting), 0
    if not total and not count_not_understood(connection):
        return 0
    for batch in _in_batches(waiting):
        talks = [[text for (text,) in connection.execute(_TEXTS, {"exchange": exchange})] for exchange, _, _ in batch]
        scores = with_meaning([score for _, score, _ in batch], talks, encoder)
        with transaction(connection):
            for score, (exchange, _, was) in zip(scores, batch, strict=True):
                table = "exchanges_before" if was else "exchanges"
                connection.execute(
                    f"UPDATE {table} SET score = ?, prompt_version = ? WHERE id = ?",
                    (score, f"{VERSION} {_TO_CHOOSE}", exchange),
                )
        done += len(batch)
        if progress:
            progress(done, total)
    with rewritten(connection, database):
        understood = f"{VERSION} {encoder.name}"
        connection.execute(f"UPDATE exchanges SET prompt_version = ? WHERE {_UNCHOSEN}", (understood,))
        for (chat,) in connection.execute("SELECT id FROM chats").fetchall():
            tell_periods(connection, chat, "0", "~")
    return total


def _in_batches(rows: Iterable[tuple[int, float, int]]) -> Iterator[Sequence[tuple[int, float, int]]]:
    waiting = iter(rows)
    while batch := list(islice(waiting, _BATCH)):
        yield batch
