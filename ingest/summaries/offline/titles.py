"""What a talk is called: a sentence that tells the news of it, else what was sent.

People laugh and shout *after* the news: a sentence that others answered at once with laughter, hearts or short cries
counts more than theirs, and so does the first of some length after a silence. Questions, requests for a link, lists,
numbers and pasted text make no title where there is another sentence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from ingest.summaries import Said
from ingest.summaries.offline.feelings import SPACELESS, feelings
from ingest.summaries.offline.lexicon import raw_tokens
from ingest.summaries.offline.word_worth import spreads
from memories_lib.shared.media_words import media_title

#: Characters of a title, a quote.
TITLE = 62
QUOTE = 110
#: A sentence of fewer characters is cut to only where nothing longer is to be had.
_FEWEST = 25
#: So many messages after one are looked at for what it caused.
_ANSWERS = 5
#: Longer messages, or those of more lines, were pasted or prepared.
PASTED, PASTED_LINES = 500, 6
#: Of so many words is a cry ("no way!!", "😂😂").
_CRY = 3
#: A sentence that a chat says so often is nobody's news.
_COMMON = 3

URL = re.compile(r"https?://\S+")
_SENTENCE_END = re.compile(r"(?<=[.!?。！？؟…])\s+|(?<=[。！？])|\n+")
_CLAUSE_END = re.compile(r"[,;:،、，]\s|\s[-–—(|•]\s?")
_LIST = re.compile(r"[-–•*▪✅☑✔<]|\(?\d{1,2}[.)]\s|\*[^*]{1,80}\*\s*$")
_NUMBERS = re.compile(r"\d{5,}|\d[\d .:/-]{8,}\d|[\w.]+@[\w.]+|#\w")
_OPENED, _CLOSED = re.compile(r"[*_~`>]{1,3}(?=\S)"), re.compile(r"(?<=\S)[*_~`]{1,3}")
_QUESTION = ("?", "？", "؟", ";")


class Sentence(NamedTuple):
    """One sentence of a message, with how well it would do for a title."""

    value: float
    message: Said
    text: str


def choose(
    talk: Sequence[Said],
    weigh: Callable[[set[str]], float],
    worth: Callable[[Sequence[str]], float | None],
    common: Mapping[str, int],
    *,
    is_spaceless: bool,
) -> Sentence | None:
    """The best sentence of a talk, None where nobody wrote a word. `weigh` gives what distinct tokens say in all.

    `worth` gives what a line's words are worth (`word_worth`); `common` tells how often a chat says the same line.
    """
    answers = _answers(talk)
    best: Sentence | None = None
    is_first = True
    for n, message in _candidates(talk, answers):
        caused = 1.0 + 0.3 * answers[n]
        for place, text in enumerate(_sentences(message[4])):
            tokens = raw_tokens(text)
            distinct = set(tokens)
            if not distinct:
                continue
            size = len(text) / 3 if is_spaceless and SPACELESS.search(text) else float(len(tokens))
            value = weigh(distinct) / (len(distinct) + 3) ** 0.5 * min(1.0, size / 6) * caused
            value *= 1.0 + 0.35 * max(-1.0, min(1.5, spreads(worth(tokens))))
            value *= _form(text, tokens, message[4], common)
            if is_first and size >= 4:
                value *= 1.25
                is_first = False
            # Of a message, the first sentence is what it is about.
            value *= 1.0 if place == 0 else 0.85
            if best is None or value > best.value:
                best = Sentence(value, message, text)
    return best


def _candidates(talk: Sequence[Said], answers: Sequence[int]) -> list[tuple[int, Said]]:
    """The longest messages, those that caused most, and the first of some length; in the order of the talk."""
    spoken = [(n, m) for n, m in enumerate(talk) if m[1] is not None and m[3] == "text" and len(m[4]) >= 4]
    if len(spoken) > 12:
        first = next((n for n, m in spoken if len(m[4]) >= 20), -1)
        longest = sorted(spoken, key=lambda one: -min(len(one[1][4]), 220))[:6]
        loudest = sorted(spoken, key=lambda one: (-answers[one[0]], -min(len(one[1][4]), 80)))[:4]
        chosen = {n for n, _ in (*longest, *loudest)} | {first}
        spoken = [one for one in spoken if one[0] in chosen]
    return spoken


def _answers(talk: Sequence[Said]) -> list[int]:
    """Of each message, how many short cries of others came right after it, before anybody wrote at length."""
    found = [0] * len(talk)
    laugh = feelings().laugh
    is_cry = [m[1] is not None and m[3] in ("text", "sticker") and _is_cry(m[4], laugh) for m in talk]
    for n, message in enumerate(talk):
        if message[1] is None or is_cry[n]:
            continue
        for later in range(n + 1, min(n + 1 + _ANSWERS, len(talk))):
            if talk[later][1] == message[1]:
                if not is_cry[later]:
                    break
            elif is_cry[later]:
                found[n] += 1
            else:
                break
    return found


def _is_cry(text: str, laugh: re.Pattern[str]) -> bool:
    if len(text) > 40 or text.endswith(_QUESTION):
        return False
    words = text.split()
    if len(words) > _CRY:
        return False
    if not text.isascii() and not any(letter.isalpha() for letter in text):
        return True
    return text.endswith("!") or text.isupper() or laugh.search(text) is not None or not text


def _sentences(text: str) -> list[str]:
    """At most eight sentences, without addresses, marks of bold and empty ones."""
    if len(text) > 1500:
        text = text[:1500]
    if "http" in text:
        text = URL.sub("", text)
    found = []
    for part in _SENTENCE_END.split(text, maxsplit=8)[:8]:
        part = " ".join(_CLOSED.sub("", _OPENED.sub("", part)).split())
        if part:
            found.append(part)
    return found


def _form(text: str, tokens: Sequence[str], whole: str, common: Mapping[str, int]) -> float:
    """How well the form of a sentence does for a title, 1 at best."""
    value = 1.0
    if text.endswith(_QUESTION):
        value *= 0.4
    elif text.endswith((":", ",", "،", "…", "...")):
        value *= 0.6
    if _LIST.match(text):
        value *= 0.4
    if _NUMBERS.search(text):
        value *= 0.5
    if "@" in text:
        value *= 0.5
    if len(whole) > PASTED or whole.count("\n") >= PASTED_LINES:
        value *= 0.5
    if len(text) > TITLE:
        value *= 0.7 if _clause(text) else 0.55
    if tokens[0] in feelings().connectors:
        value *= 0.75
    if common.get(line_key(whole), 0) >= _COMMON:
        value *= 0.2
    return value


def line_key(text: str) -> str:
    """A message as it is counted among those that come again: its letters and signs, digits as one."""
    return re.sub(r"\d+", "0", text[:160].casefold().strip())


def name(sentence: Sentence | None, talk: Sequence[Said], names: Mapping[int, str], language: str | None) -> str:
    """The title. `names` are of people; `language` is the chat's, for words that nobody wrote."""
    if sentence is not None:
        return fit(sentence.text)
    said = next((m for m in talk if m[4] and m[1] is not None and m[3] in ("text", "location", "poll")), None)
    told = " ".join(URL.sub("", said[4]).split()) if said else ""
    if said and said[3] != "location" and (told or said[4]):
        return shorten(told or said[4], TITLE)
    kinds = Counter(m[3] for m in talk if m[3] != "system")
    if kinds:
        who = list(dict.fromkeys(names[m[1]] for m in talk if m[1] is not None))
        return shorten(media_title(kinds, told, who, language), TITLE)
    return shorten(talk[0][4], TITLE) if talk else ""


def fit(text: str) -> str:
    """A sentence as a title: whole where it fits, else up to the end of a clause, else between words with "…"."""
    text = text.rstrip(" ,;:–-") if not text.startswith("http") else text
    if len(text) <= TITLE:
        return text
    return _clause(text) or shorten(text, TITLE)


def _clause(text: str) -> str:
    """The longest beginning of a sentence that ends with a clause and fits; "" for none."""
    ends = [found.start() for found in _CLAUSE_END.finditer(text[: TITLE + 2]) if _FEWEST <= found.start() <= TITLE]
    return text[: ends[-1]].rstrip() if ends else ""


def shorten(text: str, most: int) -> str:
    """`text` in at most `most` characters, cut between words where there are any."""
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > most // 2 else cut).rstrip(" ,;:-–(") + "…"
