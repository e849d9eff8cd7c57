"""Where an archive speaks of something: the talks whose words answer best to a question's, with what is said around."""

from __future__ import annotations

import math
import re
import sqlite3
from dataclasses import dataclass

from ingest.summaries.gemini.transcript import one_line
from ingest.summaries.offline.feelings import SPACELESS, feelings
from memories_lib.shared.folding import fold

_MOST_HITS = 4_000
_AROUND = 3
_WORD = re.compile(r"[^\W_]+")
_RUN = re.compile(r"[\u4e00-\u9fff]+|[\u30a1-\u30fa\u30fc]{2,}|[\uac00-\ud7a3]{2,}|[\u0e00-\u0e7f]+")
#: How much it says that somebody who is named in the question speaks there.
_NAMED = 3.0


@dataclass(frozen=True, slots=True)
class Passage:
    """A message and its place. `number` counts from 1 over all that were found."""

    number: int
    message: int
    exchange: int
    chat: str
    at: str
    person: str
    text: str


def words_of(question: str) -> list[str]:
    """The words of a question that say something: as the index folds them, without those that every sentence has."""
    stops = feelings().stop
    words: list[str] = []
    for raw in _WORD.findall(question):
        if SPACELESS.search(raw):
            # No spaces tell where a word is: what is written in kanji, katakana or hangul says most.
            words += [fold(run) for run in _RUN.findall(raw)] or [fold(raw)]
        elif len(raw) > 1 and fold(raw) not in stops:
            words.append(fold(raw))
    return list(dict.fromkeys(words))[:12]


def find(
    connection: sqlite3.Connection, question: str, *, talks: int = 8, without: frozenset[str] = frozenset()
) -> list[Passage]:
    """Up to `talks` stretches of talk, the best first, each in order; nothing that is hidden. Empty when none fits."""
    words = words_of(question)
    total = connection.execute("SELECT coalesce(sum(message_count), 0) FROM chats").fetchone()[0]
    named = {
        number
        for number, name in connection.execute("SELECT id, name FROM people")
        if set(words) & set(_WORD.findall(fold(name)))
    }
    scores: dict[int, float] = {}
    hits: dict[int, set[int]] = {}
    for word in words:
        for query in (f'"{word}"', f'"{word}"*'):
            rows = connection.execute(
                f"""
                SELECT messages.id, exchange_id, sender_id
                FROM messages_fts JOIN messages ON messages.id = messages_fts.rowid
                WHERE messages_fts MATCH ? AND messages.id NOT IN (SELECT message_id FROM hidden_messages)
                ORDER BY messages_fts.rowid DESC LIMIT {_MOST_HITS}
                """,
                (query,),
            ).fetchall()
            told = connection.execute(
                f"SELECT rowid FROM exchanges_fts WHERE exchanges_fts MATCH ? LIMIT {_MOST_HITS}", (query,)
            ).fetchall()
            if rows or told:
                break  # beginnings of words only where the word itself is nowhere
        weight = math.log((1 + total) / (1 + len(rows)))
        for exchange in {row[1] for row in rows}:
            scores[exchange] = scores.get(exchange, 0.0) + weight
        for (exchange,) in told:
            scores[exchange] = scores.get(exchange, 0.0) + 1.5 * weight
        for exchange in {row[1] for row in rows if row[2] in named}:
            scores[exchange] += _NAMED
        for message, exchange, _ in rows:
            hits.setdefault(exchange, set()).add(message)
    found: list[Passage] = []
    chosen = sorted(scores, key=lambda exchange: (-scores[exchange], exchange))
    taken = 0
    for exchange in chosen:
        stretch = _stretch(connection, exchange, hits.get(exchange, set()), without)
        for row in stretch:
            found.append(Passage(len(found) + 1, *row))
        taken += bool(stretch)
        if taken == talks:
            break
    return found


def _stretch(
    connection: sqlite3.Connection, exchange: int, hits: set[int], without: frozenset[str]
) -> list[tuple[int, int, str, str, str, str]]:
    rows = connection.execute(
        """
        SELECT messages.id, messages.exchange_id, chats.name, sent_at, people.name, text
        FROM messages JOIN chats ON chats.id = chat_id JOIN people ON people.id = sender_id
        WHERE exchange_id = ? AND text <> '' AND messages.id NOT IN (SELECT message_id FROM hidden_messages)
            AND exchange_id NOT IN (SELECT exchange_id FROM exchange_marks WHERE is_hidden)
        ORDER BY sent_at, messages.id
        """,
        (exchange,),
    ).fetchall()
    rows = [row for row in rows if row[2] not in without and row[4] not in without]
    places = [n for n, row in enumerate(rows) if row[0] in hits] or list(range(min(2, len(rows))))
    near = sorted(
        {n for place in places[:4] for n in range(place - _AROUND, place + _AROUND + 1) if 0 <= n < len(rows)}
    )
    return [(*rows[n][:5], one_line(rows[n][5])[:600]) for n in near]
