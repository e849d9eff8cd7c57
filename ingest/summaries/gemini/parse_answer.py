"""A model's answer, held against what was asked: numbers that do not exist are dropped, texts are texts."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ingest.summaries.gemini.answer import Summary
from ingest.summaries.gemini.transcript import Talk, one_line
from memories_lib.shared.contract import MOODS

_MOST_TITLE, _MOST_SUMMARY, _MOST_TOPIC = 90, 420, 40
_FENCE = re.compile(r"\A\s*```(?:json)?\s*|\s*```\s*\Z")


@dataclass(slots=True)
class ParsedAnswer:
    """What could be used of an answer: by place in the request, and what was dropped."""

    summaries: dict[int, Summary] = field(default_factory=dict)
    dropped_numbers: int = 0
    dropped_talks: int = 0


def schema() -> type[Any]:
    """The pydantic model that the service is asked to answer in."""
    from pydantic import BaseModel

    class TalkAnswer(BaseModel):
        talk: int
        title: str
        summary: str
        topics: list[str]
        mood: str
        memorable: int
        heart: list[int]

    class Answer(BaseModel):
        talks: list[TalkAnswer]

    # The names are looked up when the model is built, from here.
    Answer.model_rebuild(_types_namespace={"TalkAnswer": TalkAnswer})
    return Answer


def read_answer(text: str, talks: Sequence[Talk], model: type[Any]) -> ParsedAnswer:
    """Validate an answer. Raises `ValueError` when it does not parse; talks that make no sense are left out."""
    try:
        given = model.model_validate(json.loads(_FENCE.sub("", text)))
    except (ValueError, RecursionError):
        raise ValueError("the answer is not in the form that was asked for") from None
    read = ParsedAnswer()
    times = Counter(answer.talk for answer in given.talks)
    for answer in given.talks:
        if not 1 <= answer.talk <= len(talks) or times[answer.talk] > 1:
            read.dropped_talks += 1
            continue
        talk = talks[answer.talk - 1]
        title, summary = _text(answer.title, _MOST_TITLE), _text(answer.summary, _MOST_SUMMARY)
        if not title or not summary:
            read.dropped_talks += 1
            continue
        known = {line.number for line in talk.lines}
        heart = tuple(dict.fromkeys(n for n in answer.heart if n in known))
        read.dropped_numbers += len(answer.heart) - sum(1 for n in answer.heart if n in known)
        topics = tuple(dict.fromkeys(filter(None, (_text(topic, _MOST_TOPIC) for topic in answer.topics))))
        mood = answer.mood.strip().lower()
        read.summaries[answer.talk - 1] = Summary(
            title, summary, topics[:5], mood if mood in MOODS else "calm",
            round(min(100, max(0, answer.memorable)) / 100, 4), heart[:6],
        )  # fmt: skip
    return read


def _text(text: str, most: int) -> str:
    found = " ".join(one_line(text).split())
    return found if len(found) <= most else found[: most - 1].rstrip() + "…"
