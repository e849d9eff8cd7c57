"""What may be a sender's name, judged by its form alone; what a file says about it is judged in `detect_rules.py`."""

from __future__ import annotations

import re

from ingest.core.languages import MARKS, languages, plain, without_marks
from ingest.exports.notices import is_notice, may_begin_notice

#: Of a contact none of whose characters can be seen.
NAMELESS = "(no name)"
_LONGEST_NAME = 120
_LONGEST_HALF = 40
#: What opens a quote -> what closes it. One sign does both in some languages.
_QUOTES = {"“": "”", "„": "“”", "«": "»", "»": "«", "‹": "›", "「": "」", "『": "』", "‘": "’", "”": "”"}
#: A straight quote that opens and does not close: not an inch (``Tom 42"``), nor a sign within a word (``ד"ר``).
_STRAIGHT_QUOTE = re.compile(r'(?:\A|[\s(])"(?=\S)[^"]*\Z')
#: A notice has a verb and more; a contact may well be called "Admin" or "Anna left".
_FEWEST_WORDS_OF_NOTICE = 3


def could_be_name(prefix: str, *, is_ios: bool = False) -> bool:
    """Whether what stands before a colon may be somebody's name.

    A quote that opens and does not close is the subject of a notice; so is a whole sentence. An iPhone names somebody
    in each line (`is_ios`): only what nobody is called is none.
    """
    if not prefix or len(prefix) > _LONGEST_NAME or prefix != prefix.strip():
        return False
    if is_ios:
        return not (len(prefix.split()) >= _FEWEST_WORDS_OF_NOTICE and is_notice(prefix))
    if not _is_closed(prefix) or _STRAIGHT_QUOTE.search(prefix):
        return False
    return not (len(prefix.split()) > _FEWEST_WORDS_OF_NOTICE and may_begin_notice(prefix))


def _is_closed(text: str) -> bool:
    """Whether each quote that opens is closed: ``Tom “Tommy” Lee``, ``Uli „Ulf“ X``."""
    opened = ""
    for sign in text:
        if opened:
            opened = "" if sign in _QUOTES[opened] else opened
        elif sign in _QUOTES:
            opened = sign
    return not opened


def could_start_notice(prefix: str) -> bool:
    """Whether what stands before a colon reads like the start of a notice: ``Anna created the group Trip``."""
    return len(prefix.split()) >= _FEWEST_WORDS_OF_NOTICE and may_begin_notice(prefix)


def second_half(body: str) -> str | None:
    """``Work`` of ``Work: on my way``, if a sender's name may go on with it; None where it cannot.

    What WhatsApp itself writes (a mark, ``<attached: …>``, ``Location: …``, ``POLL:``) is never part of a name.
    """
    half, found, _ = body.partition(": ")
    if not found or not half or len(half) > _LONGEST_HALF or half[0] in MARKS or without_marks(half) != half:
        return None
    if half != half.strip() or "<" in half or ">" in half or half.startswith("http") or "\n" in half:
        return None
    return None if plain(half) in languages().labels else half
