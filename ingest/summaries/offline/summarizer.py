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
from itertools import islice
from typing import NamedTuple

from ingest.summaries import OfflineSummary, Said, SaidRow
from ingest.summaries.offline import habits, titles
from ingest.summaries.offline.feelings import SPACELESS, feelings, language_of
from ingest.summaries.offline.lexicon import Tokens, cleaned, raw_tokens
from ingest.summaries.offline.scoring import Marks, mood_of, score
from ingest.summaries.offline.titles import URL
from ingest.summaries.offline.vocabulary import ChatWords, Vocabulary
from ingest.summaries.offline.word_worth import line_worths, mean_of_best
from memories_lib.shared.derived_words import QUOTE, shorten

VERSION = "offline-2"
_RUN = re.compile(r"[\u4e00-\u9fff]{2,4}|[\u30a1-\u30fa\u30fc]{3,12}|[\uac00-\ud7a3]{2,6}")
_GLUE = re.compile("[的了是我你他她们这那就也都和吗吧啊呢很要去到说会好在有不]")
_PHOTO = frozenset({"image", "video", "gif"})
#: A line that a chat says so often is a habit.
_OFTEN = 5
#: Talks that score less are titled by their longest messages.
_DULL = 0.4
#: So many of its first words settle what language a talk is in.
_HEARD = 60
#: Talks that score less are told by one quote, and shorter ones (messages) by two.
_WORTH_QUOTING = 0.4
_WORTH_THREE = 10


class _Quote(NamedTuple):
    """A message that may be quoted: how much it says, and its distinct tokens."""

    value: float
    message: Said
    tokens: set[str]

    def is_other_than(self, other: _Quote) -> bool:
        """Whether it says something else."""
        return len(self.tokens & other.tokens) <= 0.6 * min(len(self.tokens), len(other.tokens))


class Summarizer:
    """Tells the talks of one chat, given its vocabulary and the names of its people."""

    def __init__(self, vocabulary: Vocabulary, names: Mapping[int, str], tokens: Tokens | None = None) -> None:
        self._words = ChatWords(vocabulary, tokens if tokens is not None else Tokens())
        self._vocabulary = vocabulary
        self._names = names
        self._parted: dict[str, list[str]] = {}  # texts of one talk

    def tell(self, talk: Sequence[SaidRow]) -> OfflineSummary:
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
        spoken = titles.written(talk)
        self._parted.clear()
        best = titles.choose(
            talk, spoken, self._tokens_of, self._weigh, self._worth, common,
            is_spaceless=is_spaceless, is_dull=value < _DULL,
        )  # fmt: skip
        title = titles.name(best, talk, self._names, self._vocabulary.language())
        quotes = self._quotes(spoken, is_spaceless, _most_quotes(value, marks.spoken), best.message if best else None)
        # A card shows both: what the title says in full is not said twice.
        shown = [m for m in quotes if " ".join(m.text.split()) != title]
        return OfflineSummary(
            title=title,
            summary="\n".join([f"{self._names[m.sender]}: “{shorten(m.text, QUOTE)}”" for m in shown if m.sender]),
            language=language,
            mood=mood_of(marks),
            score=value,
            topics=topics,
            highlights=[m.id for m in quotes],
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
        topics = [
            (-weight * counts[raw], word)
            for raw, (weight, word) in [(raw, words.topics[raw]) for raw in naming if raw in words.topics]
        ]
        tally: dict[str, int] = {}
        codes_of = feelings().stop
        for raw in islice(counts, _HEARD):
            for code in codes_of.get(raw, ()):
                tally[code] = tally.get(code, 0) + counts[raw]
        if is_spaceless:
            if "555" in text:
                said["laugh"] = said.get("laugh", 0) + len(re.findall(r"5{3,}", text))
            runs = Counter(_RUN.findall(_GLUE.sub(" ", text)))
            topics = [(weight, word) for weight, word in topics if not SPACELESS.match(word)]
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
        short: list[str] = []
        for text in texts:
            if "http" in text:
                marks.links += 1
            if len(text) <= habits.LONGEST_HABIT:
                short.append(text.partition("\n")[0] if "\n" in text else text)
            elif len(text) > titles.PASTED and text.count("\n") >= titles.PASTED_LINES:
                marks.pasted += 1
        often = self._vocabulary.lines.get
        marks.common += sum(often(key, 0) >= _OFTEN for key in habits.line_keys(short))

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

    def _quotes(
        self, spoken: Sequence[tuple[int, Said]], is_spaceless: bool, most: int, best: Said | None
    ) -> list[Said]:
        """`best`, from which the title is, and up to `most` in all that say the most by different words; in order."""
        candidates = [message for _, message in spoken if message is not best]
        if len(candidates) > most + 2:
            candidates.sort(key=titles.length, reverse=True)
            del candidates[most + 2 :]
        scored: list[_Quote] = []
        for message in candidates:
            distinct, value = self._said_in(message.text, is_spaceless)
            if distinct:
                scored.append(_Quote(value, message, distinct))
        scored.sort(key=lambda quote: (-quote.value, quote.message.id))
        chosen: list[_Quote] = []
        if best is not None:
            chosen.append(_Quote(0.0, best, self._said_in(best.text, is_spaceless)[0]))
        for quote in scored:
            if len(chosen) >= most or (len(chosen) > 1 and quote.value < 0.45 * scored[0].value):
                break
            if all(quote.is_other_than(other) for other in chosen):
                chosen.append(quote)
        if len(chosen) > 1:
            order = {message.id: place for place, message in spoken}
            chosen.sort(key=lambda quote: order[quote.message.id])
        return [quote.message for quote in chosen]

    def _tokens_of(self, text: str) -> list[str]:
        """A text of the talk in tokens: what may be its title may be quoted as well."""
        found = self._parted.get(text)
        if found is None:
            found = self._parted[text] = raw_tokens(text)
        return found

    def _said_in(self, text: str, is_spaceless: bool) -> tuple[set[str], float]:
        """(a message's distinct tokens, how much they say)."""
        if len(text) > 600:
            text = text[:600]
        if "http" in text:
            text = URL.sub("", text)
        distinct = set(self._tokens_of(text))
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


def _counted(talk: Sequence[SaidRow]) -> tuple[Marks, list[str]]:
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
