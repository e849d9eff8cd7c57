"""How much a talk is worth keeping by what its messages mean: a logistic regression on the encoder's vectors.

Its numbers are in `data/meaning.json`; `bench/train_worth.py` makes them from the talks of `bench/labels`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from ingest.summaries.meaning.encoder import Encoder
from ingest.summaries.offline.word_worth import BEST_PART, FEWEST_LINES, mean_of_best

__all__ = ["BEST_PART", "FEWEST_LETTERS", "FEWEST_LINES", "meaning_of"]

#: Shorter messages say too little for themselves.
FEWEST_LETTERS = 8
#: Of longer ones the beginning is read, and of longer talks so many of their messages, evenly.
_MOST_LETTERS, _MOST_MESSAGES = 400, 200


class _Head(NamedTuple):
    encoder: str
    bias: float
    weights: tuple[float, ...]


@cache
def _head() -> _Head:
    told = json.loads(files("ingest").joinpath("data/meaning.json").read_text("utf-8"))
    return _Head(told["encoder"], told["bias"], tuple(told["weights"]))


def meaning_of(talks: Sequence[Sequence[str]], encoder: Encoder) -> list[float | None]:
    """Of each talk's texts, what the head makes of the best of them: below 0 for errands, above for what is kept.

    None for a talk without a message of some length.
    """
    import numpy as np

    chosen = [_sample([text[:_MOST_LETTERS] for text in talk if len(text) >= FEWEST_LETTERS]) for talk in talks]
    flat = list(dict.fromkeys(text for talk in chosen for text in talk))
    if not flat:
        return [None] * len(talks)
    weights = np.array(_head().weights, dtype=np.float32)
    values: Any = encoder.encode(flat) @ weights
    worth = dict(zip(flat, values.tolist(), strict=True))
    means = [mean_of_best([worth[text] for text in talk]) for talk in chosen]
    return [mean + _head().bias if mean is not None else None for mean in means]


def _sample(texts: list[str]) -> list[str]:
    step = len(texts) / _MOST_MESSAGES
    return texts if step <= 1 else [texts[int(n * step)] for n in range(_MOST_MESSAGES)]
