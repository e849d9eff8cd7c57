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
#: A longer text is somebody's own, whatever pieces it holds.
_LONGEST = 600

#: The first characters of a piece -> all pieces that start so.
_Pieces = dict[str, tuple[str, ...]]


def is_notice(text: str) -> bool:
    """Whether `text` holds words that WhatsApp writes, and people hardly ever do."""
    return len(text) < _LONGEST and not _is_of_people(text) and _holds(_folded(text), _pieces()[0])


def may_be_notice(text: str) -> bool:
    """Whether `text`, for which no sender is given, reads like a notice. People write such words as well: "I left"."""
    if len(text) >= _LONGEST:
        return False
    folded = _folded(text)
    return folded.startswith(_you()) or any(_holds(folded, pieces) for pieces in _pieces())


def is_notice_about(text: str, *names: str | None) -> bool:
    """Whether `text` reads like a notice and names somebody, or the owner: ``Tim is a contact``."""
    if not may_be_notice(text) or _is_of_people(text):
        return False
    folded = _folded(text)
    return folded.startswith(_you()) or any(name is not None and _folded(name) in folded for name in names)


def _is_of_people(text: str) -> bool:
    """Whether WhatsApp puts this into somebody's mouth: a link to a group, what an old phone could not show."""
    return plain(text[:200]).startswith(languages().of_people)


def _holds(folded: str, pieces: _Pieces) -> bool:
    return any(
        folded.startswith(found, at)
        for at in range(len(folded) - _START + 1)
        for found in pieces.get(folded[at : at + _START], ())
    )


def _folded(text: str) -> str:
    text = without_marks(text)
    return (text if text.isascii() else unicodedata.normalize("NFC", text)).casefold()


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
