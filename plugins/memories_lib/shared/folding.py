"""How text is written for the full-text index, and read without case and accents. Pure; loaded by both sides.

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


#: Characters of which it is kept what they are without case and accents.
_MOST_KNOWN = 5_000


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


def with_origin(text: str) -> tuple[str, list[int]]:
    """`text` without case and accents, and where in `text` each of its characters comes from."""
    folded: list[str] = []
    origin: list[int] = []
    for at, character in enumerate(text):
        plain = _plain_of[ord(character)]
        folded.append(plain)
        origin += [at] * len(plain)
    return "".join(folded), origin
