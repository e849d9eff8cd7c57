"""How much a talk is worth keeping, and its mood, by what is counted in it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ingest.summaries.offline.word_worth import spreads


@dataclass(slots=True)
class Marks:
    """What was counted in a talk. `says` counts warm, joy, sad, angry, plan, laugh, time and drawn."""

    spoken: int = 0
    turns: int = 0
    voices: int = 0
    photos: int = 0
    characters: int = 0
    longest: int = 0
    questions: int = 0
    rare: float = 0.0
    variety: float = 0.0
    #: What the best lines' words are worth (`word_worth`), None without words.
    worth: float | None = None
    #: Messages that the chat says again and again, with an address, or pasted: long, in many lines.
    common: int = 0
    links: int = 0
    pasted: int = 0
    says: dict[str, int] = field(default_factory=dict)

    def count(self, name: str) -> int:
        """How often the talk says `name`."""
        return self.says.get(name, 0)


def mood_of(marks: Marks) -> str:
    """One word for a talk's mood."""
    n = marks.spoken + 3
    strength = {
        "loving": marks.count("warm") / n,
        "joyful": 1.2 * marks.count("joy") / n,
        "funny": 0.9 * marks.count("laugh") / n,
        "sad": 1.3 * marks.count("sad") / n,
        "angry": 1.5 * marks.count("angry") / n,
    }
    best = max(strength, key=lambda name: strength[name])
    if strength[best] >= 0.08:
        return best
    return "practical" if (marks.count("plan") + marks.count("time")) / n > 0.5 else "calm"


#: What a step of one spread of words' worth adds to a score before the curve.
_WORTH_WEIGHT = 0.7
_STEEP = 1.3


def score(marks: Marks) -> float:
    """How worth keeping a talk is, 0 to 1: what it does and what its words are worth, through a logistic curve.

    The weights of what it does were set by hand, and low for what is loud: emoji and laughter say more of how people
    write than of what happened. Those of words are learned. Both are held to `bench/labels`.
    """
    if not marks.spoken:
        return 0.0
    n = marks.spoken
    count = marks.count
    mean = marks.characters / n
    soft = n + 4
    interplay = min(1.0, marks.turns / 6) * (1.0 if marks.voices > 1 else 0.0)
    feeling = count("warm") + count("joy") + count("sad") + 0.5 * count("angry")
    value = (
        -2.8
        + 1.0 * interplay
        + 1.3 * min(1.0, mean / 80)
        + 0.7 * min(1.0, marks.longest / 240)
        + 1.0 * min(1.0, 1.6 * feeling / soft)
        + 0.5 * min(1.0, 1.8 * count("laugh") / soft)
        + 0.4 * min(1.0, 2.5 * marks.photos / soft)
        + 0.2 * min(1.0, count("drawn") / 3)
        + 0.9 * min(1.0, 3 * marks.rare)
        + 0.8 * marks.variety
        - 2.0 * min(1.0, (count("plan") + 1.2 * count("time")) / soft)
        - 0.4 * min(1.0, marks.questions / soft)
        - _chaff(marks)
    )
    return _curved(value + _WORTH_WEIGHT * spreads(marks.worth))


def _chaff(marks: Marks) -> float:
    """What is taken off for greetings, results of games, chain letters, advertisements, and talking to oneself."""
    n = marks.spoken
    alone = 0.8 if marks.voices == 1 and n > 1 else 0.0
    return 1.5 * marks.common / n + 1.2 * min(1.0, 2 * marks.links / n) + 1.5 * min(1.0, 2 * marks.pasted / n) + alone


def moved(value: float, by: float) -> float:
    """A score with so much added before the curve."""
    inner = min(max(value, 0.0005), 0.9995)
    return _curved(math.log(inner / (1 - inner)) / _STEEP + by)


def _curved(value: float) -> float:
    return round(1 / (1 + math.exp(-_STEEP * value)), 4)
