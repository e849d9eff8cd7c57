"""The built-in teller: no key, no network, any language.

An exchange is judged as a whole: do people answer one another, is there warmth or laughter, is there
something that is rare in this chat; or is it "7pm?", "ok", "on my way"? Its title and summary are
people's own words, picked by how much they say (weights of words as in tf-idf, against this chat).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from ingest.summaries import OfflineSummary, Said
from ingest.summaries.offline import titles
from ingest.summaries.offline.feelings import SPACELESS, feelings, language_of
from ingest.summaries.offline.lexicon import Tokens, cleaned, raw_tokens
from ingest.summaries.offline.scoring import Marks, mood_of, score
from ingest.summaries.offline.titles import URL
from ingest.summaries.offline.word_worth import line_worths, mean_of_best
from memories_lib.shared.derived_words import QUOTE, shorten

VERSION = "offline-2"
_RUN = re.compile(r"[\u4e00-\u9fff]{2,4}|[\u30a1-\u30fa\u30fc]{3,12}|[\uac00-\ud7a3]{2,6}")
_GLUE = re.compile("[的了是我你他她们这那就也都和吗吧啊呢很要去到说会好在有不]")
_PHOTO = frozenset({"image", "video", "gif"})
_MOST_KNOWN = 60_000
_MOST_LINES = 40_000
#: A line that a chat says so often is a habit.
_OFTEN = 5
#: Talks that score less are titled by their longest messages.
_DULL = 0.4
#: The language of a chat is that of its first so many talks.
_TALKS_FOR_LANGUAGE, _FEWEST_WORDS = 300, 8
#: So many of its first words settle what language a talk is in.
_HEARD = 60
#: Talks that score less are told by one quote, and shorter ones (messages) by two.
_WORTH_QUOTING = 0.4
_WORTH_THREE = 10


@dataclass(slots=True)
class Vocabulary:
    """In how many talks of a chat each word occurs: what is rare here says more."""

    talks: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    #: Messages as `titles.line_key` writes them -> how often they were said.
    lines: Counter[str] = field(default_factory=Counter)
    #: Language -> how many of its commonest words were said.
    languages: Counter[str] = field(default_factory=Counter)
    _limit: int = 120_000

    def add(self, text: str, tokens: Tokens) -> None:
        """Count the distinct words and the lines of one talk."""
        self.talks += 1
        distinct = set(raw_tokens(text))
        self.seen.update({tokens[raw].word for raw in distinct})
        self.lines.update(map(titles.line_key, text.split("\n")))
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


class _Words:
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


class Summarizer:
    """Tells the talks of one chat, given its vocabulary and the names of its people."""

    def __init__(self, vocabulary: Vocabulary, names: Mapping[int, str], tokens: Tokens | None = None) -> None:
        self._words = _Words(vocabulary, tokens if tokens is not None else Tokens())
        self._vocabulary = vocabulary
        self._names = names

    def tell(self, talk: Sequence[Said]) -> OfflineSummary:
        """Title, summary, topics, mood and score of one talk, whose messages are in order."""
        marks, texts = _counted(talk)
        self._count_chaff(marks, texts)
        text = "\n".join(texts)
        is_spaceless = not text.isascii() and SPACELESS.search(text) is not None
        plain = cleaned(text)
        counts = Counter(plain.split())
        topics, language = self._listen(text, counts, marks, is_spaceless)
        marks.worth = mean_of_best(line_worths(map(str.split, plain.split("\n")), self._words.worth))
        value = score(marks)
        common = self._vocabulary.lines
        best = titles.choose(talk, self._weigh, self._worth, common, is_spaceless=is_spaceless, is_dull=value < _DULL)
        title = titles.name(best, talk, self._names, self._vocabulary.language())
        quotes = self._quotes(talk, is_spaceless, _most_quotes(value, marks.spoken), best.message if best else None)
        # A card shows both: what the title says in full is not said twice.
        shown = [m for m in quotes if " ".join(m[4].split()) != title]
        return OfflineSummary(
            title=title,
            summary="\n".join([f"{self._names[m[1]]}: “{shorten(m[4], QUOTE)}”" for m in shown if m[1]]),
            language=language,
            mood=mood_of(marks),
            score=value,
            topics=topics,
            highlights=[m[0] for m in quotes],
        )

    def _listen(
        self, text: str, counts: Counter[str], marks: Marks, is_spaceless: bool
    ) -> tuple[list[str], str | None]:
        """Count into `marks` what the words say; return (topics, language)."""
        words = self._words
        distinct = set(counts)
        words.learn(distinct)
        said = marks.says
        for raw in distinct & words.saying:
            times = counts[raw]
            for name, hits in words.says[raw]:
                said[name] = said.get(name, 0) + hits * times
        marks.rare = len(distinct & words.rare) / (len(counts) + 5)
        naming = distinct & words.naming
        naming.update([raw for raw, times in counts.items() if times > 1])
        topics = [(-words.topics[raw][0] * counts[raw], words.topics[raw][1]) for raw in naming if raw in words.topics]
        tally: dict[str, int] = {}
        codes_of = feelings().stop
        for raw in islice(counts, _HEARD):
            for code in codes_of.get(raw, ()):
                tally[code] = tally.get(code, 0) + counts[raw]
        if is_spaceless:
            if "555" in text:
                said["laugh"] = said.get("laugh", 0) + len(re.findall(r"5{3,}", text))
            runs = Counter(_RUN.findall(_GLUE.sub(" ", text)))
            topics = [t for t in topics if not SPACELESS.match(t[1])]
            topics += [(-times * 6.0 * (1 + len(run) / 20), run) for run, times in runs.items()]
            marks.variety = min(1.0, len(text) / 240)
        else:
            marks.variety = min(1.0, len(counts) / 60)
        if "!!" in text:
            said["drawn"] = said.get("drawn", 0) + text.count("!!")
        marks.questions = text.count("?") + text.count("？") + text.count("؟")
        topics.sort()
        return list(dict.fromkeys(word for _, word in topics[:8]))[:5], language_of(text, tally)

    def _count_chaff(self, marks: Marks, texts: Sequence[str]) -> None:
        """Count into `marks` what nobody wrote for this talk alone."""
        lines = self._vocabulary.lines
        for text in texts:
            if "http" in text:
                marks.links += 1
            if len(text) > titles.PASTED and text.count("\n") >= titles.PASTED_LINES:
                marks.pasted += 1
            elif len(text) <= titles.LONGEST_HABIT and lines.get(titles.line_key(text.split("\n", 1)[0]), 0) >= _OFTEN:
                marks.common += 1

    def _weigh(self, distinct: set[str]) -> float:
        """What distinct tokens say in all."""
        try:
            return sum(map(self._words.weights.__getitem__, distinct))
        except KeyError:  # what a talk's text as a whole did not part
            self._words.learn(distinct)
            return sum(map(self._words.weights.__getitem__, distinct))

    def _worth(self, tokens: Sequence[str]) -> float | None:
        """What the words of a line are worth, after `_weigh`; None without words."""
        worth = self._words.worth
        return sum([worth.get(raw, 0.0) for raw in tokens]) / len(tokens) if tokens else None

    def _quotes(self, talk: Sequence[Said], is_spaceless: bool, most: int, best: Said | None) -> list[Said]:
        """`best`, from which the title is, and up to `most` in all that say the most by different words; in order."""
        candidates = [m for m in talk if m[3] == "text" and m[1] is not None and len(m[4]) >= 4 and m is not best]
        if len(candidates) > most + 2:
            candidates.sort(key=_length, reverse=True)
            del candidates[most + 2 :]
        scored: list[tuple[float, int, Said, set[str]]] = []
        for m in candidates:
            distinct, value = self._said_in(m[4], is_spaceless)
            if distinct:
                scored.append((-value, m[0], m, distinct))
        scored.sort(key=_by_value)
        chosen: list[tuple[Said, set[str]]] = []
        if best is not None:
            chosen.append((best, self._said_in(best[4], is_spaceless)[0]))
        for value, _, m, distinct in scored:
            if len(chosen) >= most or (len(chosen) > 1 and value > 0.45 * scored[0][0]):
                break
            if all(len(distinct & other) <= 0.6 * min(len(distinct), len(other)) for _, other in chosen):
                chosen.append((m, distinct))
        if len(chosen) > 1:
            order = {m[0]: n for n, m in enumerate(talk)}
            chosen.sort(key=lambda c: order[c[0][0]])
        return [m for m, _ in chosen]

    def _said_in(self, text: str, is_spaceless: bool) -> tuple[set[str], float]:
        """(a message's distinct tokens, how much they say)."""
        if len(text) > 600:
            text = text[:600]
        if "http" in text:
            text = URL.sub("", text)
        distinct = set(raw_tokens(text))
        total = self._weigh(distinct)
        size = len(text) // 3 if is_spaceless else len(distinct)
        value = total / math.sqrt(len(distinct) + 3) * min(1.0, size / 6)
        if is_spaceless and distinct:
            distinct |= {text[n : n + 2] for n in range(len(text) - 1)}
        return distinct, value


def _most_quotes(value: float, spoken: int) -> int:
    if value < _WORTH_QUOTING:
        return 1
    return 3 if spoken >= _WORTH_THREE else 2


def _length(m: Said) -> int:
    return min(len(m[4]), 220)


def _by_value(scored: tuple[float, int, Said, set[str]]) -> tuple[float, int]:
    return scored[0], scored[1]


def _counted(talk: Sequence[Said]) -> tuple[Marks, list[str]]:
    """What can be counted without looking at words, and the texts to look at."""
    marks = Marks()
    texts: list[str] = []
    last: int | None = None
    voices = set()
    spoken = turns = photos = characters = longest = 0
    for _, sender, _, kind, text in talk:
        if sender is None:
            continue
        spoken += 1
        if sender != last:
            turns += last is not None
            last = sender
            voices.add(sender)
        if kind == "text":
            size = len(text)
            characters += size if size < 600 else 600
            if size > longest:
                longest = size
            texts.append(text)
        elif kind in _PHOTO:
            photos += 1
    marks.spoken, marks.turns, marks.voices, marks.photos = spoken, turns, len(voices), photos
    marks.characters, marks.longest = characters, longest
    return marks, texts
