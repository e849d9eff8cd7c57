"""The words of one chat: how often each is said, and what they say there."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from ingest.summaries.offline import habits
from ingest.summaries.offline.lexicon import Tokens, raw_tokens

_MOST_KNOWN = 60_000
_MOST_LINES = 40_000
#: The language of a chat is that of its first so many talks.
_TALKS_FOR_LANGUAGE, _FEWEST_WORDS = 300, 8


@dataclass(slots=True)
class Vocabulary:
    """In how many talks of a chat each word occurs: what is rare here says more."""

    talks: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    #: Messages as `habits.line_key` writes them -> how often they were said.
    lines: Counter[str] = field(default_factory=Counter)
    #: Language -> how many of its commonest words were said.
    languages: Counter[str] = field(default_factory=Counter)
    _limit: int = 120_000

    def add(self, text: str, tokens: Tokens) -> None:
        """Count the distinct words and the lines of one talk."""
        self.talks += 1
        distinct = set(raw_tokens(text))
        self.seen.update({tokens[raw].word for raw in distinct})
        self.lines.update(map(habits.line_key, text.split("\n")))
        if self.talks <= _TALKS_FOR_LANGUAGE:
            self.languages.update([code for raw in distinct for code in tokens[raw].languages])
        self._forget()

    def language(self) -> str | None:
        """The language of most of its words; None where hardly any is known."""
        code, hits = max(self.languages.items(), key=lambda item: item[1], default=("", 0))
        return code if hits > _FEWEST_WORDS else None

    def go_on(self, later: Vocabulary) -> None:
        """Add what was counted elsewhere."""
        self.talks += later.talks
        self.seen.update(later.seen)
        self.lines.update(later.lines)
        self.languages.update(later.languages)
        self._forget()

    def _forget(self) -> None:
        if len(self.seen) > self._limit:
            # Words seen once so far weigh as if never seen: forgetting them costs little.
            self.seen = Counter({w: n for w, n in self.seen.items() if n > 1})
            self._limit = max(self._limit, 2 * len(self.seen))
        if len(self.lines) > _MOST_LINES:
            self.lines = Counter({line: n for line, n in self.lines.items() if n > 1})
            if len(self.lines) > _MOST_LINES // 2:
                self.lines = Counter(dict(self.lines.most_common(_MOST_LINES // 2)))

    def weight(self, word: str) -> float:
        """The inverse talk frequency of `word`."""
        return math.log((1 + self.talks) / (1 + self.seen.get(word, 0))) + 1


class ChatWords:
    """What raw tokens mean in one chat, each worked out against its vocabulary when first met.

    Sets, so that a talk's tokens are sorted out by intersection, in C.
    """

    def __init__(self, vocabulary: Vocabulary, tokens: Tokens) -> None:
        self._vocabulary = vocabulary
        self._tokens = tokens
        self._common = max(3, vocabulary.talks // 5)
        self._rare = max(2, vocabulary.talks // 50)
        self._naming = max(2, vocabulary.talks // 150)
        self.weights: dict[str, float] = {}
        #: Tokens that express something -> what, and how often.
        self.says: dict[str, tuple[tuple[str, int], ...]] = {}
        self.saying: set[str] = set()
        #: Tokens that may be a topic -> (weight, word); those in `naming` even when said once.
        self.topics: dict[str, tuple[float, str]] = {}
        self.naming: set[str] = set()
        self.rare: set[str] = set()
        #: What words are worth in any chat (`word_worth`).
        self.worth: dict[str, float] = {}

    def learn(self, met: set[str]) -> None:
        """Work out those not met before."""
        if len(self.weights) > _MOST_KNOWN:
            for known in (self.weights, self.says, self.saying, self.topics, self.naming, self.rare, self.worth):
                known.clear()
        for raw in met.difference(self.weights):
            self._learn(raw)

    def _learn(self, raw: str) -> None:
        token = self._tokens[raw]
        word = token.word
        self.worth[raw] = token.worth
        if token.says:
            self.says[raw] = token.says
            self.saying.add(raw)
        if not word:
            self.weights[raw] = 0.0
            return
        says = {name for name, _ in token.says}
        seen = self._vocabulary.seen.get(word, 0)
        weight = self._vocabulary.weight(word)
        if token.languages:
            weight *= 0.25
        elif "plan" in says:
            weight *= 0.5
        elif says & {"warm", "joy", "sad"}:
            weight *= 1.6
        self.weights[raw] = weight
        if token.languages:
            return
        if len(word) > 3 and seen <= self._rare:
            self.rare.add(raw)
        if 4 <= len(word) <= 30 and seen <= self._common and not says & {"plan", "laugh", "time"}:
            self.topics[raw] = (weight * (1 + min(len(word), 10) / 20), word)
            if seen <= self._naming or says:
                self.naming.add(raw)
