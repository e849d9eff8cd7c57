"""What a talk is called: a sentence that tells the news of it, else what was sent.

People laugh and shout *after* the news: a sentence that others answered at once with laughter, hearts or short cries
counts more than theirs, and so does the first of some length after a silence. Questions, requests for a link, lists,
numbers and pasted text make no title where there is another sentence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple

from ingest.core.languages import languages, plain
from ingest.summaries import Said, SaidRow
from ingest.summaries.offline import habits
from ingest.summaries.offline.feelings import SPACELESS, feelings
from ingest.summaries.offline.word_worth import spreads
from memories_lib.shared.contract import MEDIA_KINDS
from memories_lib.shared.derived_words import QUESTION_MARKS, TITLE, shorten
from memories_lib.shared.media_words import media_title

#: A sentence of fewer characters is cut to only where nothing longer is to be had.
_FEWEST = 25
#: Messages of fewer letters are no title; of longer ones, no more than so many count for more.
_FEWEST_LETTERS, _LONG = 4, 220
#: Arrows, and after them all that is drawn: hearts, faces.
_FIRST_DRAWN = 0x2190
#: Of a talk, so many of its longest messages, and of those that caused most, may be its title; of a dull talk so many.
_MOST_LONGEST, _MOST_LOUDEST, _OF_DULL = 4, 2, 3
_NONE = (0,)
#: What a spread of words' worth adds to a sentence's value, as a part of it; at most so many spreads.
_FOR_WORTH, _MOST_WORTH = 0.35, 1.5
_MOST_FOR_WORTH = 1 + _FOR_WORTH * _MOST_WORTH
#: Of what was written beside a photo, so much is told (characters).
_CAPTION = 40
#: So many messages after one are looked at for what it caused.
_ANSWERS = 5
#: Longer messages, or those of more lines, were pasted or prepared.
PASTED, PASTED_LINES = 500, 6
#: Of so many words is a cry ("no way!!", "😂😂").
_CRY, _LONGEST_CRY = 3, 30
#: A sentence that a chat says so often is nobody's news.
_COMMON = 3

_DIGITS = re.compile(r"\d+")
URL = re.compile(r"https?://\S+")
_SENTENCE_END = re.compile(r"(?<=[.!?。！？؟…])\s+|(?<=[。！？])|\n+")
_END = re.compile(r"[.!?。！？؟…\n]")
_CLAUSE_END = re.compile(r"[,;:،、，]\s|\s[-–—(|•]\s?")
_LIST = re.compile(r"[-–•*▪✅☑✔<]|\(?\d{1,2}[.)]\s|\*[^*]{1,80}\*\s*$")
_NUMBERS = re.compile(r"\d{5,}|\d[\d .:/-]{8,}\d")
_OPENED, _CLOSED = re.compile(r"[*_~`>]{1,3}(?=\S)"), re.compile(r"(?<=\S)[*_~`]{1,3}")
_SIGNS = frozenset("*_~`>")
_CLOSING = {"„": "“”", "“": "”", "«": "»", "»": "«", '"': '"', "‘": "’", "‚": "‘’", "「": "」", "(": ")"}


class _Candidate(NamedTuple):
    """A sentence that may be the title, before its form and its words' worth are looked at."""

    value: float
    message: Said
    text: str
    tokens: list[str]


class Sentence(NamedTuple):
    """One sentence of a message, with how well it would do for a title."""

    value: float
    message: Said
    text: str


def choose(
    talk: Sequence[SaidRow],
    spoken: Sequence[tuple[int, Said]],
    tokens_of: Callable[[str], list[str]],
    weigh: Callable[[set[str]], float],
    worth: Callable[[Sequence[str]], float | None],
    common: Mapping[str, int],
    *,
    is_spaceless: bool,
    is_dull: bool,
) -> Sentence | None:
    """The best sentence of a talk, None where nobody wrote a word. `weigh` gives what distinct tokens say in all.

    `spoken`: what of it may be told (`written`); `tokens_of` parts a text (`lexicon.raw_tokens`).
    `worth` gives what a line's words are worth (`word_worth`); `common` tells how often a chat says the same line. Of a
    dull talk, at which hardly anybody will look, only the longest messages are looked at.
    """
    answers = _NONE if is_dull else _answers(talk)
    found: list[_Candidate] = []
    is_first = True
    for n, message in _longest(spoken) if is_dull else _candidates(spoken, answers):
        caused = (1.0 + 0.3 * answers[n]) * _whole(message.text, common)
        for place, text in enumerate(_sentences(message.text)):
            tokens = tokens_of(text)
            distinct = set(tokens)
            if not distinct:
                continue
            size = len(text) / 3 if is_spaceless and SPACELESS.search(text) else float(len(tokens))
            value = weigh(distinct) / (len(distinct) + 3) ** 0.5 * min(1.0, size / 6) * caused
            if is_first and size >= 4:
                value *= 1.25
                is_first = False
            # Of a message, the first sentence is what it is about.
            found.append(_Candidate(value if place == 0 else 0.85 * value, message, text, tokens))
    found.sort(key=attrgetter("value"), reverse=True)
    best: Sentence | None = None
    for value, message, text, tokens in found:
        if best is not None and value * _MOST_FOR_WORTH <= best.value:
            break  # none of the rest can be better
        value *= 1.0 + _FOR_WORTH * max(-1.0, min(_MOST_WORTH, spreads(worth(tokens))))
        value *= _form(text, tokens)
        if not _says_something(text):
            continue
        if best is None or value > best.value:
            best = Sentence(value, message, text)
    return best


def _longest(spoken: Sequence[tuple[int, Said]]) -> list[tuple[int, Said]]:
    messages = [message for _, message in spoken]
    if len(messages) > _OF_DULL:
        messages.sort(key=length, reverse=True)
        del messages[_OF_DULL:]
    return [(0, message) for message in messages]


def written(talk: Sequence[SaidRow]) -> list[tuple[int, Said]]:
    """What somebody wrote, but for the shortest, each with its place in the talk."""
    return [
        (place, Said(number, sender, sent_at, kind, text))
        for place, (number, sender, sent_at, kind, text) in enumerate(talk)
        if kind == "text" and sender is not None and len(text) >= _FEWEST_LETTERS
    ]


def length(message: Said) -> int:
    """How long a message is (characters), as far as that counts."""
    return min(len(message.text), _LONG)


def _candidates(spoken: Sequence[tuple[int, Said]], answers: Sequence[int]) -> Sequence[tuple[int, Said]]:
    """The longest messages, those that caused most, and the first of some length; in the order of the talk."""
    if len(spoken) > _MOST_LONGEST + _MOST_LOUDEST:
        lengths = {place: length(message) for place, message in spoken}
        chosen = set(sorted(lengths, key=lengths.__getitem__, reverse=True)[:_MOST_LONGEST])
        loud = [n for n in lengths if answers[n]]
        if loud:
            chosen.update(sorted(loud, key=answers.__getitem__, reverse=True)[:_MOST_LOUDEST])
        chosen.add(next((n for n, length in lengths.items() if length >= 20), -1))
        spoken = [(place, message) for place, message in spoken if place in chosen]
    return spoken


def _answers(talk: Sequence[SaidRow]) -> list[int]:
    """Of each message, how many short cries of others came right after it, before anybody wrote at length."""
    found = [0] * len(talk)
    has_laughter = feelings().has_laughter
    is_cry = [
        len(text) <= _LONGEST_CRY and sender is not None and kind in ("text", "sticker") and _is_cry(text, has_laughter)
        for _, sender, _, kind, text in talk
    ]
    if True not in is_cry:
        return found
    senders = [sender for _, sender, _, _, _ in talk]
    for n, sender in enumerate(senders):
        if sender is None or is_cry[n]:
            continue
        for later in range(n + 1, min(n + 1 + _ANSWERS, len(talk))):
            if senders[later] == sender:
                if not is_cry[later]:
                    break
            elif is_cry[later]:
                found[n] += 1
            else:
                break
    return found


def _is_cry(text: str, has_laughter: Callable[[str], bool]) -> bool:
    if len(text) > _LONGEST_CRY or text.count(" ") >= _CRY or text.endswith(QUESTION_MARKS):
        return False
    if not text.isascii() and not any(letter.isalpha() for letter in text):
        return True
    return text.endswith("!") or text.isupper() or has_laughter(text) or not text


def _sentences(text: str) -> list[str]:
    """At most eight sentences, without addresses, marks of bold and empty ones."""
    if len(text) > 1500:
        text = text[:1500]
    if "http" in text:
        text = URL.sub("", text)
    found = []
    parts = _SENTENCE_END.split(text, maxsplit=8)[:8] if _END.search(text, 0, len(text) - 1) else [text]
    for part in parts:
        if not _SIGNS.isdisjoint(part):
            part = _CLOSED.sub("", _OPENED.sub("", part))
        part = " ".join(part.split())
        if part:
            found.append(part)
    return found


def _whole(text: str, common: Mapping[str, int]) -> float:
    """How well a message does for a title, whatever its sentences are, 1 at best."""
    value = 0.5 if len(text) > PASTED or text.count("\n") >= PASTED_LINES else 1.0
    return value * (
        0.2 if len(text) <= habits.LONGEST_HABIT and common.get(habits.line_key(text), 0) >= _COMMON else 1.0
    )


def _form(text: str, tokens: Sequence[str]) -> float:
    """How well the form of a sentence does for a title, 1 at best."""
    value = 1.0
    if text.endswith(QUESTION_MARKS):
        value *= 0.4
    elif text.endswith((":", ",", "،", "…", "...")):
        value *= 0.6
    if _LIST.match(text):
        value *= 0.4
    if "#" in text or (_DIGITS.search(text) and _NUMBERS.search(text)):
        value *= 0.5
    if "@" in text:
        value *= 0.5
    if len(text) > TITLE:
        value *= 0.7 if _clause(text) else 0.55
    if tokens[0] in feelings().connectors:
        value *= 0.75
    return value


def name(sentence: Sentence | None, talk: Sequence[SaidRow], names: Mapping[int, str], language: str | None) -> str:
    """The title. `names` are of people; `language` is the chat's, for words that nobody wrote."""
    if sentence is not None:
        return fit(sentence.text)
    messages = list(map(Said._make, talk))
    by_people = [m for m in messages if m.sender is not None]
    written = [m for m in by_people if m.text and m.kind in ("text", "location", "poll")]
    said = next((m for m in written if _says_something(m.text)), written[0] if written else None)
    told = " ".join(URL.sub("", said.text).split()) if said else ""
    if said and said.kind == "poll":
        told = _question(said.text)
    if said and said.kind == "location" and plain(told.rstrip(" :,")) in languages().labels:
        told = ""  # "Location" says no more than that it is one
    if said and said.kind != "location":
        return shorten(told or said.text, TITLE)
    kinds = Counter(m.kind for m in messages if m.kind != "system")
    if kinds:
        who = list(dict.fromkeys(names[m.sender] for m in by_people if m.sender is not None))
        caption = next((" ".join(m.text.split()) for m in by_people if m.kind in MEDIA_KINDS and m.text), "")
        return shorten(media_title(kinds, told.rstrip(" :,") or shorten(caption, _CAPTION), who, language), TITLE)
    return shorten(messages[0].text, TITLE) if messages else ""


def _question(poll: str) -> str:
    """What a poll asks: its second line, below the word for it."""
    lines = [line.strip() for line in poll.split("\n") if line.strip()]
    return lines[1] if len(lines) > 1 else poll


def _says_something(text: str) -> bool:
    """Whether there is more in it than dashes, dots and marks of direction: a letter, a number, a drawn sign."""
    return any(sign.isalnum() or ord(sign) >= _FIRST_DRAWN for sign in text)


def fit(text: str) -> str:
    """A sentence as a title: whole where it fits, else up to the end of a clause, else between words with "…"."""
    # Of a line that is nothing but dashes, the dashes stay.
    text = (text.rstrip(" ,;:–-") or text) if not text.startswith("http") else text
    title = text if len(text) <= TITLE else _clause(text) or shorten(text, TITLE)
    # Of words that were quoted, the sentence may have lost the end of the quote.
    closing = _CLOSING.get(title[:1])
    return title[1:].lstrip() if closing and len(title) > 1 and not any(c in title[1:] for c in closing) else title


def _clause(text: str) -> str:
    """The longest beginning of a sentence that ends with a clause and fits; "" for none."""
    ends = [found.start() for found in _CLAUSE_END.finditer(text[: TITLE + 2]) if _FEWEST <= found.start() <= TITLE]
    return text[: ends[-1]].rstrip() if ends else ""
