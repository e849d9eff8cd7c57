"""Scores by meaning: what the encoder says of a talk is put on what the built-in teller made of it."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.summaries.meaning.encoder import Encoder
from ingest.summaries.meaning.head import meaning_of
from ingest.summaries.offline.scoring import moved
from ingest.summaries.offline.word_worth import within

#: Of what the head says, so much is usual, and so far do talks lie apart: measured over real and invented talks.
USUAL_MEANING, MEANING_SPREAD = -0.03, 0.35
#: What a step of one spread adds to a score before the curve.
_WEIGHT = 2.5


def with_meaning(scores: Sequence[float], talks: Sequence[Sequence[str]], encoder: Encoder) -> list[float]:
    """The built-in teller's scores, moved by what `talks` (the texts of each) mean. What scores 0 stays there."""
    return [
        moved(score, _WEIGHT * within(meaning, USUAL_MEANING, MEANING_SPREAD))
        if score and meaning is not None
        else score
        for score, meaning in zip(scores, meaning_of(talks, encoder), strict=True)
    ]
