"""Words made from messages (a title, quotes, topics), when some of those messages are hidden. Pure; both sides load it.

A piece stays while a message that may be seen holds it. What a model told in its own words is withheld as a whole:
nobody can say which message a sentence of it came from. Comes a message back, the words that were there come back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from memories_lib.shared.media_words import media_title, named_otherwise
from memories_lib.shared.sql import Fold

#: Characters of a title, a quote.
TITLE, QUOTE = 62, 110
#: What a question ends with.
QUESTION_MARKS = ("?", "？", "؟", ";")
_ENOUGH = 12
#: ``Anna: “we saw the sea”``, a line of a summary.
_LINE = re.compile(r".*?“(?P<quote>.*)”\Z", re.DOTALL)
#: ``📷 × 3 🎤 × 1``, the title that earlier versions gave a talk without words.
_SIGNS_ALONE = re.compile(r"\S+ × \d+(?: \S+ × \d+)*")


@dataclass(frozen=True)
class ExchangeWords:
    """What is told of an exchange. `topics` is a JSON array, as in the table."""

    title: str
    summary: str
    topics: str


def without_hidden(
    told: ExchangeWords,
    seen: list[tuple[str, str]],
    kinds: Mapping[str, int],
    fold: Fold,
    *,
    by_model: bool,
    language: str | None = None,
) -> ExchangeWords:
    """`told`, without what only hidden messages hold.

    `seen` are (sender, text) of the messages that may be seen, in order; `kinds` how many there are of each kind;
    `language` is the chat's, for a talk in which nobody wrote.
    """
    texts = [" ".join(text.split()) for _, text in seen if text]
    lines = [] if by_model else [line for line in told.summary.split("\n") if line and _is_quoted(line, texts)]
    if not lines and texts:
        sender, text = max(seen, key=lambda one: min(len(one[1]), 2 * QUOTE))
        lines = [f"{sender}: “{shorten(text, QUOTE)}”" if sender else shorten(text, QUOTE)]
    title = told.title
    if _SIGNS_ALONE.fullmatch(title):
        title = _sent(kinds, seen, language)
    elif by_model or (title and not _is_from(title, texts)):
        words_of = next((text for text in texts if len(text) >= _ENOUGH), max(texts, key=len, default=""))
        title = shorten(words_of, TITLE) or _sent(kinds, seen, language)
    words = set(fold(" ".join(texts)).split())
    topics = [topic for topic in json.loads(told.topics or "[]") if set(fold(topic).split()) <= words]
    return ExchangeWords(title, "\n".join(lines), json.dumps(topics, ensure_ascii=False))


def _sent(kinds: Mapping[str, int], seen: list[tuple[str, str]], language: str | None) -> str:
    """What a talk without words is called."""
    found = {kind: times for kind, times in kinds.items() if kind != "system"}
    senders = list(dict.fromkeys(sender for sender, _ in seen if sender))
    return shorten(media_title(found, "", senders, language), TITLE) if found else ""


def renamed(told: ExchangeWords, old: str, new: str, *, by_model: bool) -> ExchangeWords:
    """`told`, with another name for somebody: where it stands before a quote; in a model's words, everywhere."""
    lines = [new + line[len(old) :] if line.startswith(f"{old}: “") else line for line in told.summary.split("\n")]
    if not by_model:
        # "3 photos · Anna": nobody wrote a word in it.
        return ExchangeWords(named_otherwise(told.title, old, new), "\n".join(lines), told.topics)
    pattern = re.compile(rf"(?<!\w){re.escape(old)}(?!\w)")
    outside = re.compile(r"“[^“”]*”|[^“]+|“")

    def name(text: str) -> str:
        return outside.sub(
            lambda part: part[0] if len(part[0]) > 1 and part[0][0] == "“" else pattern.sub(lambda _: new, part[0]),
            text,
        )

    topics = [name(topic) for topic in json.loads(told.topics or "[]")]
    return ExchangeWords(name(told.title), name(told.summary), json.dumps(topics, ensure_ascii=False))


def _is_quoted(line: str, texts: list[str]) -> bool:
    found = _LINE.match(line)
    return _is_from(found["quote"] if found else line, texts)


def _is_from(piece: str, texts: list[str]) -> bool:
    """Whether one of the texts holds a piece, which may be shortened."""
    core = " ".join(piece.split()).rstrip("…").rstrip()
    return any(core in text for text in texts)


def shorten(text: str, most: int) -> str:
    """`text` in at most so many characters, cut between words where there are any."""
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > most // 2 else cut).rstrip(" ,;:-–(") + "…"
