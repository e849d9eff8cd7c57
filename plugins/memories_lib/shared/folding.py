"""How text is written for the full-text index, and how a question to it is. Pure; loaded by both sides.

SQLite's own ``unicode61`` tokenizer does case and accents. What it cannot do is done here, the same way
at indexing and at asking: letters of scripts without spaces stand alone (so that any part of a run is
found as a phrase), an emoji becomes a word of its own, ß is ss, vowel marks of Arabic and Hebrew go.
"""

from __future__ import annotations

import re
import unicodedata

#: How the index is made, so that combining signs of Indic scripts stay in their words.
TOKENIZE = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"

_SPACELESS = (
    "\u0e01-\u0e5b\u0e81-\u0edf\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3"  # Hangul
    "\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"  # Han
)
_EMOJI = (
    "\U0001f000-\U0001f3fa\U0001f400-\U0001faff\u2600-\u27bf\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55"
    "\u231a\u231b\u2328\u23cf\u23e9-\u23fa\u25b6\u25c0\u25fb-\u25fe\u2934\u2935\u203c\u2049\u3030\u303d"
)
#: One emoji as people see it: a flag, or a sign with its skin, its variation and what is joined to it.
EMOJI = re.compile(
    f"(?:[\U0001f1e6-\U0001f1ff]{{2}}|[{_EMOJI}][\ufe0f\U0001f3fb-\U0001f3ff]*"
    f"(?:\u200d[{_EMOJI}\u2640\u2642][\ufe0f\U0001f3fb-\U0001f3ff]*)*|[0-9#*]\ufe0f?\u20e3)"
)
_DROP = (
    "\ufe0e\ufe0f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad\U0001f3fb-\U0001f3ff"  # joiners, skins
    "\u0640\u064b-\u065f\u0670\u0591-\u05c7"  # vowel signs of Arabic and Hebrew
)
_SPECIAL = re.compile(
    f"[{_SPACELESS}{_EMOJI}{_DROP}\u00df\u1e9e\u00e6\u0153\u00c6\u0152\u20e3\uff01-\uff60\ufb00-\ufb06\u0149]"
)
_PIECE = re.compile(f"[{_SPACELESS}{_EMOJI}{_DROP}\u20e3]")
_LETTER = re.compile(f"[{_SPACELESS}]")
_SIGN = re.compile(f"[{_EMOJI}]")
_HAS_LIGATURE = re.compile("[ßẞæÆœŒ]")
_LIGATURES = str.maketrans({"ß": "ss", "ẞ": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe"})


class _Pieces(dict[str, str]):
    """A character -> how it is written in the index."""

    def __missing__(self, character: str) -> str:
        if _LETTER.match(character):
            written = f" {character} "
        elif _SIGN.match(character):
            written = f" emo{ord(character):x} "
        else:
            written = ""
        self[character] = written
        return written


_written = _Pieces()


def _piece(found: re.Match[str]) -> str:
    return _written[found[0]]


def fold(text: str) -> str:
    """`text` as it is indexed. Returns the very same object when there is nothing to do."""
    if text.isascii() or not _SPECIAL.search(text):
        return text
    if _HAS_LIGATURE.search(text) or not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text).translate(_LIGATURES)
    return _PIECE.sub(_piece, text)


_QUOTES = str.maketrans(dict.fromkeys("“”„«»″＂", '"'))
_PHRASE = re.compile(r'"([^"]*)"|(\S+)')


#: SQLite takes no question that is nested deeper, and nobody types one.
_MOST_TERMS = 250
#: Each beginning of a word stands for thousands of words.
_MOST_BEGINNINGS = 8


def fts_query(question: str) -> str:
    """What a person typed, as an FTS5 query that never fails.

    Words must all occur; ``"a phrase"`` stays together; ``word*`` finds beginnings, ``-word`` leaves out,
    ``OR`` between words means either, ``NOT`` is ``-``. Anything else counts as a space. "" when nothing is
    left to look for.
    """
    wanted: list[list[str]] = []
    unwanted: list[str] = []
    either = negative = False
    beginnings = 0
    for phrase, word in _PHRASE.findall(question.replace("\0", " ").translate(_QUOTES))[:_MOST_TERMS]:
        raw = phrase or word
        if word == "OR":
            either = bool(wanted)
            continue
        if word in ("AND", "NOT"):
            negative = word == "NOT"
            continue
        negative = negative or (word.startswith("-") and len(word) > 1)
        prefix = bool(word) and word.endswith("*") and beginnings < _MOST_BEGINNINGS
        beginnings += prefix
        # Letters, numbers and the marks on them; which of the others part words, SQLite's tokenizer knows best: its
        # tables are of another version of Unicode than Python's.
        if not any(unicodedata.category(c)[0] in "LNM" for c in fold(raw)):
            negative = False
            continue
        term = fts_phrase(raw.rstrip("*")) + "*" if prefix else fts_phrase(raw)
        if negative:
            unwanted.append(term)
        elif either:
            wanted[-1].append(term)
        else:
            wanted.append([term])
        either = negative = False
    if not wanted:
        return ""
    query = " AND ".join(f"({' OR '.join(terms)})" if len(terms) > 1 else terms[0] for terms in wanted)
    return f"({query}) NOT ({' OR '.join(unwanted)})" if unwanted else query


def fts_phrase(text: str) -> str:
    """`text` as one FTS5 phrase that never fails; one of no words finds nothing."""
    folded = fold(text)
    kept = "".join(" " if c == '"' or unicodedata.category(c) in ("Cs", "Cc") else c for c in folded)
    return '"' + " ".join(kept.split()) + '"'


_MOST_WORDS = 30
#: Letters that are looked through at a time, and characters of which it is kept what they are without case and accents.
_LOOKED_AT, _MOST_KNOWN = 1_000, 5_000


def snippet(text: str, question: str, around: int = 60) -> list[tuple[str, bool]]:
    """Pieces of `text` near what was asked for, as (piece, is it a hit)."""
    words = [phrase or word.strip("*") for phrase, word in _PHRASE.findall(question.translate(_QUOTES))]
    # Each once, and no more than anybody types: what is asked must not cost more than what is answered.
    once = list(dict.fromkeys(words))
    bare = [w for w in once if w and w not in ("OR", "AND", "NOT") and not w.startswith("-")][:_MOST_WORDS]
    wanted = [bare_word for word in bare if (bare_word := plain(word))]
    longest = 4 * max(map(len, wanted), default=0)  # a letter may have several marks
    first = _first_hit(text, wanted, longest)
    start = max(0, first - around)
    end = min(len(text), start + 4 * around)
    folded, origin = _with_origin(text[start : end + longest])
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
            folded, origin = _with_origin(piece)
            return at + origin[min(found for word in wanted if (found := folded.find(word)) >= 0)]
    return 0


class _Plain(dict[int, str]):
    """A character's number -> the character without case and accents."""

    def __missing__(self, code: int) -> str:
        if len(self) > _MOST_KNOWN:
            self.clear()
        folded = unicodedata.normalize("NFKD", chr(code).translate(_LIGATURES)).casefold()
        self[code] = "".join(c for c in folded if not unicodedata.combining(c) and c not in "\ufe0e\ufe0f\u200d")
        return self[code]


_plain_of = _Plain()


def plain(text: str) -> str:
    """`text` without case and accents."""
    return text.lower() if text.isascii() else text.translate(_plain_of)


def _with_origin(text: str) -> tuple[str, list[int]]:
    """`text` without case and accents, and where in `text` each of its characters comes from."""
    folded: list[str] = []
    origin: list[int] = []
    for at, character in enumerate(text):
        plain = _plain_of[ord(character)]
        folded.append(plain)
        origin += [at] * len(plain)
    return "".join(folded), origin
