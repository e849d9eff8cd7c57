"""A word that nobody wrote, as somebody wrote it: one letter more, less, another, or two that changed places. Pure."""

from __future__ import annotations

import json
import unicodedata

from memories_lib.shared import folding, visible
from memories_lib.shared.sql import Run

#: Shorter words are too near to others, and longer ones are addresses and the like.
_SHORTEST, _LONGEST, _MOST_WORDS = 4, 24, 8
#: (first, last letter) of the alphabets that a wrong letter may come from: the one that a word's letters are of.
_ALPHABETS = (("a", "z"), ("а", "я"), ("α", "ω"), ("א", "ת"), ("ء", "ي"), ("ऄ", "ॣ"), ("அ", "ௌ"), ("ա", "ֆ"), ("ა", "ჰ"))


def nearest(run: Run, question: str) -> str | None:
    """`question` with each word that no message has as the commonest one that differs in a letter; None for none.

    None, too, where a word has nothing near it, or is no plain word.
    """
    words = question.split()
    if not words or len(words) > _MOST_WORDS or not all(map(_is_plain, words)):
        return None
    instead = [word if _written(run, [_folded(word)]) else _near(run, _folded(word)) for word in words]
    known = [word for word in instead if word]
    return " ".join(known) if len(known) == len(words) and known != words else None


def _is_plain(word: str) -> bool:
    return all(unicodedata.category(letter)[0] in "LM" for letter in word)


def _folded(word: str) -> str:
    """A word as the index has it: without case and accents."""
    letters = unicodedata.normalize("NFD", folding.fold(word).casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter) or not letter.isascii())


def _near(run: Run, word: str) -> str | None:
    if not _SHORTEST <= len(word) <= _LONGEST:
        return None
    found = _written(run, variants(word))
    return max(found, key=lambda near: (found[near], near)) if found else None


def variants(word: str) -> list[str]:
    """All that is one slip of the finger away from a word, in lower case."""
    alphabet = next(
        (
            [chr(n) for n in range(ord(a), ord(z) + 1)]
            for a, z in _ALPHABETS
            if any(a <= letter <= z for letter in word)
        ),
        [],
    )
    parted = [(word[:n], word[n:]) for n in range(len(word) + 1)]
    found = [a + b[1:] for a, b in parted if b]
    found += [a + b[1] + b[0] + b[2:] for a, b in parted if len(b) > 1]
    found += [a + letter + b[1:] for a, b in parted if b for letter in alphabet]
    found += [a + letter + b for a, b in parted for letter in alphabet]
    return [near for near in dict.fromkeys(found) if near != word]


def _written(run: Run, words: list[str]) -> dict[str, int]:
    """Those of `words` that messages have which may be seen, with how many (up to a hundred)."""
    rows = run(
        f"""
        SELECT value AS word, (
            SELECT count(*) FROM (
                SELECT 1 FROM messages_fts WHERE messages_fts MATCH '"' || value || '"'
                    AND messages_fts.rowid NOT IN ({visible.HIDDEN_MESSAGES}) LIMIT 100
            )
        ) AS hits FROM json_each(?) WHERE hits > 0
        """,
        (json.dumps(words),),
    )
    return dict(map(tuple, rows))
