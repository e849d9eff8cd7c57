"""Words for before and after noon that no table here holds, learned from the file: ``1:02 BN``, ``6:03 PN``.

A phone that writes such a word writes one of two in every header, and no hour over twelve; on one day, those before
noon come first. What was learned stands in `Findings.halves` and is read as AM and PM.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from ingest.core.languages import languages, meridiem_key
from ingest.exports.headers import LONGEST_HEAD, canonical, read_head

#: (a word as it stands beside clocks, AM or PM).
Halves = tuple[tuple[str, str], ...]

_WORD = r"[^\W\d_](?:[^\d:\[\]\-,]{0,18}[^\s\d:\[\]\-,])?"
_HEADER = re.compile(
    rf"(?P<head>\[?(?P<day>\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{1,4}}),? (?:(?P<before>{_WORD}) ?)?"
    rf"(?P<hour>\d{{1,2}})[:.]\d\d(?:[:.]\d\d)?(?: ?(?P<after>{_WORD}))?)(?:\] | - )(?P<sender>[^:]{{1,60}}: )?"
)
#: This part of the headers must have one of the two words.
_NEARLY_ALL = 0.95
_AFTERNOON = frozenset({12, 1, 2, 3, 4, 5, 6})


class _Head(NamedTuple):
    day: str
    hour: int
    word: str
    sender: str


def learn_halves(lines: Iterable[str]) -> Halves:
    """The two words of these lines, of which at least one is not known; () where there is nothing to be learned."""
    heads = [head for line in lines if (head := _head(line)) is not None]
    words = Counter(head.word for head in heads if head.word)
    known = {word: languages().meridiem.get(meridiem_key(word)) for word in words}
    pair = [word for word, _ in words.most_common(2)]
    if all(known[word] for word in pair) or sum(words[word] for word in pair) < _NEARLY_ALL * len(heads):
        return ()
    if any(head.hour > 12 for head in heads if head.word in pair):
        return ()
    if len(pair) == 1:
        # One word alone might be part of a name: it stands before several.
        if len({head.sender for head in heads} - {""}) < 2:
            return ()
        return ((pair[0], "PM" if _share_of_afternoon(heads, pair[0]) > 0 else "AM"),)
    first, second = sorted(pair, key=lambda word: known[word] or "")
    if known[second] in ("am", "pm"):
        other = "PM" if known[second] == "am" else "AM"
        return ((first, other),)
    return ((first, "AM"), (second, "PM")) if _comes_first(heads, first, second) else ((second, "AM"), (first, "PM"))


def _head(line: str) -> _Head | None:
    found = _HEADER.match(canonical(line[: 2 * LONGEST_HEAD]).lstrip())
    if not found:
        return None
    word = found["before"] or found["after"] or ""
    if read_head(found["head"]) and meridiem_key(word) not in languages().meridiem:
        word = ""  # it says no more than "at"
    return _Head(found["day"], int(found["hour"]), word, found["sender"] or "")


def _comes_first(heads: Sequence[_Head], first: str, second: str) -> bool:
    """Whether `first` is before noon: on one day it comes first; else the other has the afternoon's hours."""
    turns = Counter((a.word, b.word) for a, b in pairwise(heads) if a.day == b.day)
    there, back = turns[(first, second)], turns[(second, first)]
    if there != back:
        return there > back
    return _share_of_afternoon(heads, first) < _share_of_afternoon(heads, second)


def _share_of_afternoon(heads: Sequence[_Head], word: str) -> float:
    hours = [head.hour for head in heads if head.word == word]
    return sum(hour in _AFTERNOON for hour in hours) / len(hours)


def in_known_words(text: str, halves: Halves) -> str:
    """A header, a clock, or a line that begins with one, with AM and PM for what was learned."""
    for said in (text, canonical(text)):
        for word, meaning in halves:
            at = said.find(word, 0, 2 * LONGEST_HEAD)
            if at >= 0:
                return f"{said[:at]}{meaning}{said[at + len(word) :]}"
    return text
