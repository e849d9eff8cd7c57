"""Where an archive speaks of what a question asks: stretches of talk in which its rare words come together. Pure.

Words are weighed by how few messages have them (as in tf-idf), so that no list of common words is needed, in any
language. A word counts in full where it is written so, and less where another form of it is.
"""

from __future__ import annotations

import math
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from memories_lib.shared import visible
from memories_lib.shared.derived_words import QUESTION_MARKS
from memories_lib.shared.folding import fold
from memories_lib.shared.fts_query import fts_phrase
from memories_lib.shared.sql import Run

#: Of a word, so many of the newest messages are looked at.
_MOST_HITS = 4_000
#: Words that say less than this part of what the rarest one says are left out.
_SAYS = 0.45
#: Where the words that there are say less than this part of what all words of the question say, nothing is answered:
#: the archive does not know what is asked about.
_KNOWN = 0.5
#: What another form of a word counts, and how many letters its beginning has at least.
_OTHER_FORM, _STEM = 0.6, 4
#: So many talks are read, and of each the lines that far around the best one are shown.
_READ, _AROUND = 40, 3
#: What it adds, as parts of the rarest word: who is named speaks, the title has a word; a question answers none.
_NAMED, _TITLED, _ASKS = 0.35, 0.25, 0.3
_MOST_WORDS = 16
_LONGEST_LINE = 600
_WORD = re.compile(r"[^\W_]+")
#: Without spaces it is not known where a word ends: what is written in kanji, katakana, hangul or Thai says most.
_RUN = re.compile(r"[\u4e00-\u9fff]+|[\u30a1-\u30fa\u30fc]{2,}|[\uac00-\ud7a3]{2,}|[\u0e00-\u0e7f]+")
_SPACELESS = re.compile(r"[\u3041-\u30ff\u4e00-\u9fff\uac00-\ud7a3\u0e00-\u0e7f]")


@dataclass(frozen=True, slots=True)
class Passage:
    """A message and its place. `number` counts from 1 over all that were found; `answers`: it has the words."""

    number: int
    message: int
    exchange: int
    chat: str
    at: str
    person: str
    text: str
    answers: bool = False


@dataclass(slots=True)
class _Term:
    """A word of the question: what it says, and the messages that have it, each with what it counts there."""

    weight: float
    query: str
    hits: dict[int, float] = field(default_factory=dict)
    talks: dict[int, float] = field(default_factory=dict)


def words_of(question: str) -> list[str]:
    """The words of a question as the index folds them, each once."""
    words: list[str] = []
    for raw in _WORD.findall(question):
        if _SPACELESS.search(raw):
            words += [fold(run) for run in _RUN.findall(raw)] or [fold(raw)]
        elif len(raw) > 1:
            words.append(fold(raw).casefold())
    return list(dict.fromkeys(words))[:_MOST_WORDS]


def is_question(text: str) -> bool:
    """Whether it is asked for an answer rather than looked for words."""
    return text.rstrip().endswith(QUESTION_MARKS) and len(words_of(text)) > 1


def find(run: Run, question: str, *, talks: int = 8, without: frozenset[str] = frozenset()) -> list[Passage]:
    """Up to `talks` stretches of talk, the best first, each in order; nothing that is hidden. Empty when none fits.

    `without` names chats and people of whom nothing is wanted.
    """
    terms = _terms(run, words_of(question))
    if not terms:
        return []
    most = max(term.weight for term in terms)
    by_talk: defaultdict[int, float] = defaultdict(float)
    for term in terms:
        for exchange, counts in term.talks.items():
            by_talk[exchange] += term.weight * counts
    titled: defaultdict[int, float] = defaultdict(float)
    for term in terms:
        for (exchange,) in run(
            f"SELECT rowid FROM exchanges_fts WHERE exchanges_fts MATCH ? LIMIT {_MOST_HITS}", (term.query,)
        ):
            titled[exchange] += _TITLED * term.weight
    for exchange, value in titled.items():
        by_talk[exchange] += value
    named = _named(run, question)
    stretches: list[tuple[float, int, list[Passage]]] = []
    for exchange in sorted(by_talk, key=lambda one: (-by_talk[one], -one))[:_READ]:
        lines = [line for line in _lines(run, exchange) if not without.intersection((line["chat"], line["person"]))]
        if lines:
            value, at = _best_line(lines, terms, most, named)
            stretches.append((value + titled[exchange], exchange, _around(lines, at, terms)))
    stretches.sort(key=lambda one: (-one[0], -one[1]))
    found = [passage for stretch in _different(stretches)[:talks] for passage in stretch]
    return [
        Passage(n, p.message, p.exchange, p.chat, p.at, p.person, p.text, p.answers) for n, p in enumerate(found, 1)
    ]


def _different(stretches: Iterable[tuple[float, int, list[Passage]]]) -> list[list[Passage]]:
    """Those whose lines that answer were not shown yet: people send the same again, and to several chats."""
    shown: set[str] = set()
    found = []
    for _, _, stretch in stretches:
        said = {passage.text for passage in stretch if passage.answers}
        if not said or not said <= shown:
            found.append(stretch)
            shown |= said
    return found


def _terms(run: Run, words: Sequence[str]) -> list[_Term]:
    """The words that say something, with where they are."""
    total = run("SELECT coalesce(sum(message_count), 0) FROM chats").fetchone()[0]
    found: list[_Term] = []
    for word in words:
        exact = fts_phrase(word)
        stem = "" if _SPACELESS.search(word) else word[: max(_STEM, len(word) - (1 if len(word) < 7 else 2))]
        term = _Term(0.0, exact)
        for row in _hits(run, exact):
            _note(term, row, 1.0)
        written = len(term.hits)
        if len(stem) >= _STEM and (len(word) > _STEM or not written):
            for row in _hits(run, f"{fts_phrase(stem)}*"):
                _note(term, row, _OTHER_FORM)
        if term.hits:
            term.weight = math.log((1 + total) / (written or len(term.hits))) * (1.0 if written else _OTHER_FORM)
            found.append(term)
    most = max((term.weight for term in found), default=0.0)
    missing = (len(words) - len(found)) * math.log(1 + total)
    known = sum(term.weight for term in found)
    if known < _KNOWN * (known + missing):
        return []
    return [term for term in found if term.weight >= _SAYS * most]


def _note(term: _Term, row: sqlite3.Row, counts: float) -> None:
    message, exchange = row
    term.hits.setdefault(message, counts)
    term.talks[exchange] = max(counts, term.talks.get(exchange, 0.0))


def _hits(run: Run, query: str) -> list[sqlite3.Row]:
    return run(
        f"""
        SELECT messages.id, messages.exchange_id FROM messages_fts JOIN messages ON messages.id = messages_fts.rowid
        WHERE messages_fts MATCH ? AND messages_fts.rowid NOT IN ({visible.HIDDEN_MESSAGES})
        ORDER BY messages_fts.rowid DESC LIMIT {_MOST_HITS}
        """,
        (query,),
    ).fetchall()


def _named(run: Run, question: str) -> set[str]:
    """The people whom a question names, by any of their names."""
    words = set(words_of(question))
    # "Lakshmis", "Benin" name them as well.
    names = {name for (name,) in run("SELECT name FROM people WHERE message_count > 0")}
    return {name for name in names if any(_names(word, part) for part in words_of(name) for word in words)}


def _names(word: str, part: str) -> bool:
    return word == part or (len(part) > 2 and word.startswith(part) and len(word) - len(part) <= 2)


def _lines(run: Run, exchange: int) -> list[sqlite3.Row]:
    return run(
        f"""
        SELECT messages.id, messages.exchange_id, chats.name AS chat, sent_at, people.name AS person,
            substr(text, 1, 2000) AS text
        FROM messages JOIN chats ON chats.id = messages.chat_id JOIN people ON people.id = messages.sender_id
        WHERE messages.exchange_id = ? AND text <> '' AND {visible.MESSAGE_SEEN} ORDER BY sent_at, messages.id
        """,
        (exchange,),
    ).fetchall()


def _best_line(lines: Sequence[sqlite3.Row], terms: Sequence[_Term], most: float, named: set[str]) -> tuple[float, int]:
    """(how well the lines around the best one answer, its place)."""
    best, place = -1.0, 0
    for at, line in enumerate(lines):
        own = sum(term.weight * term.hits.get(line["id"], 0.0) for term in terms)
        if not own and at:
            continue
        near = lines[max(0, at - _AROUND) : at + _AROUND + 1]
        value = sum(term.weight * max(term.hits.get(other["id"], 0.0) for other in near) for term in terms) + own / 4
        value += _NAMED * most * any(other["person"] in named for other in near)
        value -= _ASKS * most * line["text"].rstrip().endswith(QUESTION_MARKS)
        if value > best:
            best, place = value, at
    return best, place


def _around(lines: Sequence[sqlite3.Row], at: int, terms: Sequence[_Term]) -> list[Passage]:
    near = range(max(0, at - _AROUND), min(len(lines), at + _AROUND + 1))
    return [
        Passage(
            0, line["id"], line["exchange_id"], line["chat"], line["sent_at"], line["person"],
            " ".join(line["text"].split())[:_LONGEST_LINE], any(line["id"] in term.hits for term in terms),
        )
        for line in (lines[n] for n in near)
    ]  # fmt: skip
