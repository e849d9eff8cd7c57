"""What is to be asked of Gemini, what that would cost, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.summaries.gemini.answer import Manner, Usage
from ingest.summaries.gemini.cache import AnswerCache
from ingest.summaries.gemini.pricing import Price
from ingest.summaries.gemini.prompt import ANSWER_TOKENS, instructions, packs, period_instructions, tokens_in
from ingest.summaries.gemini.redact import Redactor
from ingest.summaries.gemini.taste import Taste
from ingest.summaries.gemini.transcript import Talk


@dataclass(frozen=True, slots=True)
class Plan:
    """How to ask. `budget` in USD; `rpm` requests a minute at most; `factor` is what part of the price is paid."""

    manner: Manner
    taste: Taste
    language: str | None
    price: Price | None
    budget: float | None = None
    rpm: float | None = None
    redactor: Redactor | None = None
    factor: float = 1.0
    purpose: str = "summaries"

    def instruction(self) -> str:
        """What stands in front of every request."""
        make = period_instructions if self.purpose == "periods" else instructions
        return make(self.taste, self.language)


@dataclass(slots=True)
class Outcome:
    """What became of a run. `left` are talks that stay with their offline summary, each with the reason."""

    answered: int = 0
    known: int = 0
    left: list[tuple[Talk, str]] = field(default_factory=list)
    not_asked: int = 0
    dropped_numbers: int = 0
    dropped_talks: int = 0
    requests: int = 0
    usage: Usage = field(default_factory=Usage)
    usd: float = 0.0
    stopped: str = ""  # why it ended before everything was asked
    is_out_of_budget: bool = False  # that was why: as it was wanted


def sort_out(
    talks: Iterable[Talk], cache: AnswerCache, manner: Manner
) -> tuple[list[Talk], int, list[tuple[Talk, str]]]:
    """(talks to ask about, how many answers there are already, those that were refused before and why)."""
    ask: list[Talk] = []
    known = 0
    refused: list[tuple[Talk, str]] = []
    for talk in talks:
        if cache.find(talk, manner) is not None:
            known += 1
        elif (reason := cache.failure(talk, manner)) is not None:
            refused.append((talk, reason))
        elif talk.lines:
            ask.append(talk)
    return ask, known, refused


@dataclass(frozen=True, slots=True)
class Estimate:
    """What asking would take."""

    talks: int
    messages: int
    requests: int
    input_tokens: int
    output_tokens: int
    usd: float | None


def estimate(talks: list[Talk], plan: Plan, cache: AnswerCache) -> Estimate:
    """Requests, tokens and money, before a cent is spent. Calibrated by what was measured in earlier runs."""
    factor, per_talk = cache.calibration()
    fixed = tokens_in(plan.instruction())
    listed = list(packs(talks))
    inward = int(factor * sum(pack.tokens + fixed for pack in listed))
    outward = int((per_talk or ANSWER_TOKENS) * len(talks))
    usd = plan.price.of(inward, outward, factor=plan.factor) if plan.price else None
    return Estimate(len(talks), sum(len(talk.lines) for talk in talks), len(listed), inward, outward, usd)
