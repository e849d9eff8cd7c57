"""What a run of characters between two spaces says, worked out once for each that a chat uses.

People repeat themselves: nearly every token of a talk was met before, so that judging a talk costs
one look-up for each distinct token in it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ingest.summaries.offline.feelings import EMOJI_CLASS, SPACELESS, WORD, feelings
from ingest.summaries.offline.word_worth import worth_of
from memories_lib.shared.folding import EMOJI

_TIME = re.compile(r"\b\d{1,2}(?:[:.]\d{2}|\s?(?:uhr|pm|am|h)\b)|\b\d{4,}\b")
_LONG_DRAWN = re.compile(r"([^\W\d_])\1{3,}|!{2,}")
_MOST_KNOWN = 60_000


_AROUND = '!?,"()…“”„«»'


def cleaned(text: str) -> str:
    """`text` in lower case, with blanks for what stands around words but not in times or addresses."""
    text = text.lower()
    for sign in _AROUND:
        if sign in text:
            text = text.replace(sign, " ")
    if "." in text:
        text = text.replace("...", " ").replace(". ", " ").replace(".\n", "\n")
    return text


def raw_tokens(text: str) -> list[str]:
    """`text` in lower case, parted at spaces and at what stands around words but not in times or addresses."""
    return cleaned(text).split()


class Token(NamedTuple):
    """One token. `word` is its longest word in lower case, "" for none.

    `says` are (warm, joy, sad, angry, plan, laugh, time or drawn; how often); `languages` those in which it is common;
    `worth` what the word is worth in any chat (`word_worth`).
    """

    word: str
    says: tuple[tuple[str, int], ...]
    languages: tuple[str, ...]
    worth: float


_ADDRESS = Token("", (), (), 0.0)


class Tokens(dict[str, Token]):
    """raw token (lower case) -> what it says. Forgets everything when it grows too large."""

    def __missing__(self, raw: str) -> Token:
        if raw.startswith(("http://", "https://")):
            return _ADDRESS  # hardly one comes twice
        if len(self) > _MOST_KNOWN:
            self.clear()
        token = self[raw] = _look_at(raw)
        return token


def _look_at(raw: str) -> Token:
    feel = feelings()
    word = raw if raw.isalpha() else max(WORD.findall(raw), key=len, default="")
    says: dict[str, int] = {}
    name = feel.words.get(word)
    if name:
        says[name] = 1
    elif word and feel.laugh.fullmatch(word):
        says["laugh"] = 1
    if not raw.isascii():
        for sign in EMOJI.findall(raw):
            name = EMOJI_CLASS.get(sign[0])
            if name:
                says[name] = says.get(name, 0) + 1
        if SPACELESS.search(raw):
            laughs = len(feel.laugh.findall(raw))
            if laughs:
                says["laugh"] = says.get("laugh", 0) + laughs
            for name, pieces in feel.pieces.items():
                hits = sum(raw.count(piece) for piece in pieces)
                if hits:
                    says[name] = says.get(name, 0) + hits
    if not raw.isalpha():
        if _TIME.search(raw) and raw.strip("5"):  # "555" laughs in Thai
            says["time"] = 1
    elif _LONG_DRAWN.search(raw) and "laugh" not in says:
        says["drawn"] = 1
    codes = feel.stop.get(word, ())
    return Token(word, tuple(says.items()), codes, worth_of(raw))
