"""Whether a sentence is one of WhatsApp's own about the chat ("Ana added Ben"), by pieces in `data/notices.json`.

For each language that file has `notice`, pieces long enough to be believed wherever they stand, and `weak`, short
ones that people write as well. It is JSON, since there are thousands and each process reads them.
"""

from __future__ import annotations

import json
import unicodedata
from functools import cache
from importlib.resources import files

from ingest.core.languages import MARKS, languages, plain, without_marks

#: Pieces are found by so many of their first characters.
_START = 3
#: Blanks and apostrophes that phones write in one way or another.
_ALIKE = str.maketrans({"\u00a0": " ", "\u202f": " ", "’": "'"})
#: Letters up to here are of scripts whose words stand alone.
_LAST_SPACED = "\u058f"
#: A longer text is somebody's own, whatever pieces it holds.
_LONGEST = 600

#: The first characters of a piece -> all pieces that start so.
_Pieces = dict[str, tuple[str, ...]]


def is_notice(text: str) -> bool:
    """Whether `text` holds words that WhatsApp writes, and people hardly ever do."""
    return len(text) < _LONGEST and not may_be_of_people(text) and _holds(_folded(text), _pieces()[0])


def may_be_notice(text: str) -> bool:
    """Whether `text`, for which no sender is given, reads like a notice. People write such words as well: "I left"."""
    if len(text) >= _LONGEST:
        return False
    folded = _folded(text)
    strong, weak = _pieces()
    return folded.startswith(_you()) or _holds(folded, strong) or _holds(folded, weak, is_word=True)


def may_begin_notice(prefix: str) -> bool:
    """Whether what stands before a colon reads like the start of a notice: ``Anna created the group “Trip``.

    For a name, less is enough to be none: ``U Kyaw Zin Htet`` begins like "you" in some language, and a ``Book Club
    Admin`` is one. There must be a verb, or more.
    """
    folded = _folded(prefix)
    strong, weak = _pieces()
    return _holds(folded, strong) or _holds(folded, weak, is_word=True, is_verb=True)


def is_notice_about(text: str, *names: str | None) -> bool:
    """Whether `text` reads like a notice and names somebody, or the owner: ``Tim is a contact``."""
    if not may_be_notice(text) or may_be_of_people(text):
        return False
    folded = _folded(text)
    if folded.startswith(_you()):
        return True
    known = (_folded(name).removeprefix("~").strip() for name in names if name is not None)
    return any(name and name in folded for name in known)


def may_be_of_people(text: str) -> bool:
    """Whether WhatsApp puts this into somebody's mouth: a link to a group, what an old phone could not show."""
    return plain(text[:200]).startswith(languages().of_people)


def _holds(folded: str, pieces: _Pieces, *, is_word: bool = False, is_verb: bool = False) -> bool:
    """Whether one of the pieces is in a text; as a word and not in the middle of one ("admin" in "badminton").

    `is_verb`: not if it is one word alone that no blank belongs to, and not where a word goes on behind it.
    """
    return any(
        folded.startswith(found, at)
        and not (is_word and _begins_within_word(folded, at))
        and not (is_verb and (" " not in found.rstrip() or _goes_on(folded, at + len(found))))
        for at in range(len(folded) - _START + 1)
        for found in pieces.get(folded[at : at + _START], ())
    )


def _begins_within_word(text: str, at: int) -> bool:
    return at > 0 and text[at] <= _LAST_SPACED and text[at].isalnum() and text[at - 1].isalnum()


def _goes_on(text: str, at: int) -> bool:
    return at < len(text) and text[at] <= _LAST_SPACED and text[at].isalnum() and text[at - 1].isalnum()


def _folded(text: str) -> str:
    text = without_marks(text)
    return (text if text.isascii() else unicodedata.normalize("NFC", text).translate(_ALIKE)).casefold()


@cache
def _you() -> tuple[str, ...]:
    return tuple(_folded(word) for word in languages().you)


@cache
def _pieces() -> tuple[_Pieces, _Pieces]:
    """(the pieces to be believed anywhere, those to be believed where no sender is given)."""
    tables = json.loads(files("ingest").joinpath("data/notices.json").read_text("utf-8"))
    found: list[_Pieces] = []
    for key in ("notice", "weak"):
        pieces: dict[str, set[str]] = {}
        for table in tables.values():
            for piece in map(_folded, table.get(key, ())):
                if len(piece) >= _START:
                    pieces.setdefault(piece[:_START], set()).add(piece)
        found.append({start: tuple(sorted(ones)) for start, ones in pieces.items()})
    return found[0], found[1]


def has_mark(text: str) -> bool:
    """Whether `text` begins with a direction mark, perhaps after a blank: WhatsApp wrote what follows."""
    return text.lstrip(" ")[:1] in MARKS if text else False
