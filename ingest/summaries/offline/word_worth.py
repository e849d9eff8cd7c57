"""How much words say that somebody would keep, in any language and without a model.

`data/word_worth.bin` holds a number for each of 131,072 buckets, into which a word's runs of letters fall by their
CRC-32; a word's worth is their mean. The numbers were fitted to what a multilingual sentence encoder, with a head that
was trained on the talks of `bench/labels`, makes of single sentences of Tatoeba's in 110 languages (CC BY 2.0 FR; see
`bench/train_worth.py`). They know what an
event, a feeling or an errand is often written with, not what a sentence means: that takes the extra `understanding`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from zlib import crc32

from ingest.summaries.offline.feelings import SPACELESS

BUCKETS = 1 << 17
#: One step of a stored number.
STEP = 1 / 64
#: Of a talk, this part of its lines, the best ones, speaks for it.
BEST_PART, FEWEST_LINES = 0.25, 2
#: Of what words are worth, so much is usual, and so far do talks lie apart: measured over real and invented talks.
_USUAL, _SPREAD, _MOST_SPREADS = 0.03, 0.12, 3.0
_LONGEST_WORD = 30
#: A line of one word says something from so many letters on, as in scripts without spaces.
_LETTERS_OF_LINE = 8
_LENGTHS = (3, 4, 5)
_LENGTHS_SPACELESS = (1, 2, 3)


def buckets_of(word: str) -> list[int]:
    """The buckets of a word in lower case: the whole, and its runs of 3 to 5 letters; 1 to 3 without spaces."""
    if SPACELESS.search(word):
        word = word[: 2 * _LONGEST_WORD]
        runs = [word[n : n + size] for size in _LENGTHS_SPACELESS for n in range(len(word) - size + 1)]
    else:
        word = f"<{word[:_LONGEST_WORD]}>"
        runs = [word[n : n + size] for size in _LENGTHS for n in range(len(word) - size + 1) if size < len(word)]
        runs.append(word)
    return [crc32(run.encode()) % BUCKETS for run in runs]


@cache
def _table() -> memoryview:
    return memoryview(files("ingest").joinpath("data/word_worth.bin").read_bytes()).cast("b")


def worth_of(word: str) -> float:
    """The worth of a word in lower case: about -1 (errands) to 1 (events, feelings)."""
    table = _table()
    found = buckets_of(word)
    return STEP * sum([table[bucket] for bucket in found]) / len(found)


def mean_of_best(values: Iterable[float]) -> float | None:
    """The mean of a talk's best lines; None where it has none."""
    found = sorted(values, reverse=True)
    count = max(FEWEST_LINES, math.ceil(BEST_PART * len(found)))
    return sum(found[:count]) / len(found[:count]) if found else None


def line_worths(lines: Iterable[list[str]], worth: Mapping[str, float]) -> list[float]:
    """Of each line of tokens, all of which have a worth, the mean; lines of a short word or none are left out."""
    get = worth.__getitem__
    return [
        sum(map(get, tokens)) / len(tokens)
        for tokens in lines
        if len(tokens) > 1 or (tokens and len(tokens[0]) >= _LETTERS_OF_LINE)
    ]


def spreads(worth: float | None) -> float:
    """By how many spreads words are worth more than is usual, -3 to 3; -1 where there are none."""
    return -1.0 if worth is None else within(worth, _USUAL, _SPREAD)


def within(value: float, usual: float, spread: float) -> float:
    """By how many spreads a value is higher than is usual, -3 to 3."""
    return max(-_MOST_SPREADS, min(_MOST_SPREADS, (value - usual) / spread))
