"""The piece of a text in which the words are that somebody asked for. Pure."""

from __future__ import annotations

from memories_lib.shared.folding import plain, with_origin
from memories_lib.shared.fts_query import PHRASE, QUOTES

_MOST_WORDS = 30
#: Letters that are looked through at a time.
_LOOKED_AT = 1_000


def snippet(text: str, question: str, around: int = 60) -> list[tuple[str, bool]]:
    """Pieces of `text` near what was asked for, as (piece, is it a hit)."""
    words = [phrase or word.strip("*") for phrase, word in PHRASE.findall(question.translate(QUOTES))]
    # Each once, and no more than anybody types: what is asked must not cost more than what is answered.
    once = list(dict.fromkeys(words))
    bare = [w for w in once if w and w not in ("OR", "AND", "NOT") and not w.startswith("-")][:_MOST_WORDS]
    wanted = [bare_word for word in bare if (bare_word := plain(word))]
    longest = 4 * max(map(len, wanted), default=0)  # a letter may have several marks
    first = _first_hit(text, wanted, longest)
    start = max(0, first - around)
    end = min(len(text), start + 4 * around)
    folded, origin = with_origin(text[start : end + longest])
    hits: list[tuple[int, int]] = []
    for word in wanted:
        at = folded.find(word)
        while at >= 0:
            hits.append((start + origin[at], start + origin[at + len(word) - 1] + 1))
            at = folded.find(word, at + len(word))
    hits.sort()
    pieces: list[tuple[str, bool]] = [("…", False)] if start else []
    at = start
    for low, high in hits:
        if low < at or low >= end:
            continue
        pieces += [(text[at:low], False), (text[low:high], True)]
        at = high
    pieces.append((text[at : max(at, end)], False))
    if end < len(text):
        pieces.append(("…", False))
    return [piece for piece in pieces if piece[0]]


def _first_hit(text: str, wanted: list[str], longest: int) -> int:
    """Where the first of the folded words begins in `text`; 0 where none does."""
    for at in range(0, len(text), _LOOKED_AT) if wanted else ():
        piece = text[at : at + _LOOKED_AT + longest]
        folded = plain(piece)
        if any(word in folded for word in wanted):
            folded, origin = with_origin(piece)
            return at + origin[min(found for word in wanted if (found := folded.find(word)) >= 0)]
    return 0
