"""The built-in teller: no key, no network, any language.

An exchange is judged as a whole: do people answer one another, is there warmth or laughter, is there
something that is rare in this chat; or is it "7pm?", "ok", "on my way"? Its title and summary are
people's own words, picked by how much they say (weights of words as in tf-idf, against this chat).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ingest.folding import EMOJI
from ingest.summaries import Said, Told
from ingest.summaries.feelings import CLASSES, EMOJI_CLASS, SPACELESS, WORD, feelings, language_of

VERSION = "offline-1"
_TITLE = 62
_QUOTE = 160
_MOST_CANDIDATES = 10
_URL = re.compile(r"https?://\S+")
_TIME = re.compile(r"\b\d{1,2}(?:[:.]\d{2}|\s?(?:uhr|pm|am|h)\b)|\b\d{4,}\b")
_LONG_DRAWN = re.compile(r"([^\W\d_])\1{3,}|!{2,}")
_HAN_PIECE = re.compile(r"[\u4e00-\u9fff]{2,4}|[\u30a1-\u30fa\u30fc]{3,12}|[\uac00-\ud7a3]{2,6}")
_GLUE = re.compile("[的了是我你他她们这那就也都和吗吧啊呢很要去到说会好在有不]")
_PHOTO = frozenset({"image", "video", "gif"})


@dataclass(slots=True)
class Vocabulary:
    """In how many talks of a chat each word occurs: what is rare here says more."""

    talks: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    _limit: int = 200_000

    def add(self, words: Iterable[str]) -> None:
        """Count the distinct words of one talk."""
        self.talks += 1
        self.seen.update(words)
        if len(self.seen) > self._limit:
            # Words seen once so far weigh as if never seen: forgetting them costs little.
            self.seen = Counter({w: n for w, n in self.seen.items() if n > 1})
            self._limit = max(self._limit, 2 * len(self.seen))

    def weight(self, word: str) -> float:
        """The inverse talk frequency of `word`."""
        return math.log((1 + self.talks) / (1 + self.seen[word])) + 1


def words_of(text: str) -> list[str]:
    """The words of `text` in lower case; scripts without spaces give runs."""
    return WORD.findall(text.casefold())


def joined(talk: Sequence[Said]) -> str:
    """The words people wrote in a talk, a line a message."""
    text = "\n".join([m.text for m in talk if m.kind == "text"])
    return _URL.sub("", text) if "http" in text else text


@dataclass(slots=True)
class Marks:
    """What was counted in a talk."""

    spoken: int = 0
    turns: int = 0
    voices: int = 0
    photos: int = 0
    laughs: int = 0
    by_class: dict[str, float] = field(default_factory=dict)
    characters: int = 0
    longest: int = 0
    questions: int = 0
    drawn: int = 0
    times: int = 0
    rare: float = 0.0
    variety: float = 0.0


class Teller:
    """Tells the talks of one chat, given its vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._weights: dict[str, float] = {}
        self._feel = feelings()
        self._class: dict[str, str] = {}
        self._common = max(3, vocabulary.talks // 5)

    def tell(self, talk: Sequence[Said]) -> Told:
        """Title, summary, topics, mood and score of one talk, whose messages are in order."""
        text = joined(talk)
        counts = Counter(words_of(text))
        marks = self._marks(talk, text, counts)
        quotes = self._quotes(talk)
        topics = self._topics(text, counts)
        mood = _mood(marks)
        return Told(
            title=self._title(talk, quotes, topics),
            summary="\n".join(f"{m.sender}: “{shorten(m.text, _QUOTE)}”" for m in quotes),
            language=language_of(text[:3000], counts),
            mood=mood,
            score=score(marks),
            topics=topics,
            highlights=[m.id for m in quotes],
        )

    # -- what was said --------------------------------------------------------------------------

    def _marks(self, talk: Sequence[Said], text: str, counts: Counter[str]) -> Marks:
        marks = Marks(by_class=dict.fromkeys(CLASSES, 0.0))
        last: str | None = None
        voices = set()
        for m in talk:
            if m.sender is None:
                continue
            marks.spoken += 1
            voices.add(m.sender)
            if m.sender != last:
                marks.turns += last is not None
                last = m.sender
            if m.kind == "text":
                size = len(m.text)
                marks.characters += min(size, 600)
                marks.longest = max(marks.longest, size)
            elif m.kind in _PHOTO:
                marks.photos += 1
        marks.voices = len(voices)
        classes = marks.by_class
        for word, times in counts.items():
            name = self._class_of(word)
            if name == "laugh":
                marks.laughs += times
            elif name:
                classes[name] += times
        if not text.isascii():
            for sign in EMOJI.findall(text):
                name = EMOJI_CLASS.get(sign[0], "")
                if name == "laugh":
                    marks.laughs += 1
                elif name:
                    classes[name] += 1
            if SPACELESS.search(text):
                marks.laughs += len(self._feel.laugh.findall(text))
                for name, pieces in self._feel.pieces.items():
                    classes[name] += sum(text.count(piece) for piece in pieces)
        elif "555" in text:
            marks.laughs += len(re.findall(r"5{3,}\+?(?!\d)", text)) if SPACELESS.search(text) else 0
        marks.questions = text.count("?") + text.count("？") + text.count("؟")
        marks.drawn = min(len(_LONG_DRAWN.findall(text)), 5)
        marks.times = len(_TIME.findall(text)) if len(text) < 20_000 else 0
        known = self._vocabulary.seen
        ceiling = max(2, self._vocabulary.talks // 50)
        rare = [w for w in counts if len(w) > 3 and known[w] <= ceiling]
        marks.rare = len(rare) / (len(counts) + 5)
        marks.variety = min(1.0, len(counts) / 60) if not SPACELESS.search(text) else min(1.0, len(text) / 240)
        return marks

    def _class_of(self, word: str) -> str:
        known = self._class.get(word)
        if known is None:
            known = self._feel.words.get(word, "")
            if not known and self._feel.laugh.fullmatch(word):
                known = "laugh"
            if len(self._class) < 100_000:
                self._class[word] = known
        return known

    def _weight(self, word: str) -> float:
        known = self._weights.get(word)
        if known is None:
            known = self._vocabulary.weight(word)
            if word in self._feel.stop:
                known *= 0.25
            elif self._class_of(word) == "plan":
                known *= 0.5
            elif self._class_of(word) in ("warm", "joy", "sad"):
                known *= 1.6
            if len(self._weights) < 100_000:
                self._weights[word] = known
        return known

    def _quotes(self, talk: Sequence[Said]) -> list[Said]:
        """One to three messages that say the most, in order, by different words."""
        candidates = [m for m in talk if m.kind == "text" and m.sender is not None and len(m.text) >= 4]
        if len(candidates) > _MOST_CANDIDATES:
            candidates = sorted(candidates, key=lambda m: -min(len(m.text), 220))[:_MOST_CANDIDATES]
        scored: list[tuple[float, Said, set[str]]] = []
        for m in candidates:
            text = _URL.sub("", m.text[:800]) if "http" in m.text else m.text[:800]
            words = set(words_of(text))
            size = len(words)
            if SPACELESS.search(text):
                pieces = {text[n : n + 2] for n in range(len(text) - 1)}
                words |= pieces
                size = max(size, len(text) // 3)
            if not words:
                continue
            value = sum(self._weight(w) for w in words) / math.sqrt(len(words) + 3) * min(1.0, size / 6)
            scored.append((value * (1.1 if m is talk[0] else 1.0), m, words))
        scored.sort(key=lambda s: (-s[0], s[1].id))
        chosen: list[tuple[float, Said, set[str]]] = []
        for value, m, words in scored:
            if len(chosen) == 3 or (chosen and value < 0.45 * chosen[0][0]):
                break
            if all(len(words & other) <= 0.6 * min(len(words), len(other)) for _, _, other in chosen):
                chosen.append((value, m, words))
        order = {m.id: n for n, m in enumerate(talk)}
        return [m for _, m, _ in sorted(chosen, key=lambda c: order[c[1].id])]

    def _topics(self, text: str, counts: Counter[str]) -> list[str]:
        if not text.isascii() and SPACELESS.search(text):
            pieces = Counter(p for run in _HAN_PIECE.findall(_GLUE.sub(" ", text)) for p in [run])
            counts = pieces + Counter({w: n for w, n in counts.items() if not SPACELESS.match(w)})
        stop = self._feel.stop
        found = []
        for word, times in counts.items():
            if word in stop or len(word) < (2 if SPACELESS.match(word) else 4) or len(word) > 30:
                continue
            if self._vocabulary.seen[word] > self._common or self._class_of(word) in ("plan", "laugh"):
                continue
            found.append((times * self._weight(word) * (1 + min(len(word), 10) / 20), word))
        found.sort(key=lambda f: (-f[0], f[1]))
        return [word for _, word in found[:5]]

    def _title(self, talk: Sequence[Said], quotes: list[Said], topics: list[str]) -> str:
        if quotes:
            best = max(
                quotes,
                key=lambda m: sum(self._weight(w) for w in set(words_of(m.text[:400]))) / (len(m.text) + 40),
            )
            line = " ".join(best.text.split())
            if len(line) <= 90 or not topics:
                return shorten(line, _TITLE)
            first = re.split(r"(?<=[.!?。！？])\s*", line, maxsplit=1)[0]
            return shorten(first if len(first) >= 12 else line, _TITLE)
        said = next((m for m in talk if m.text and m.kind in ("text", "location", "poll")), None)
        if said:
            return shorten(" ".join(said.text.split()), _TITLE)
        kinds = Counter(m.kind for m in talk if m.kind != "system")
        if kinds:
            kind, times = kinds.most_common(1)[0]
            return {"image": "📷", "video": "🎬", "audio": "🎤", "sticker": "💟", "call": "📞"}.get(
                kind, "📎"
            ) + f" × {times}"
        return shorten(" ".join(talk[0].text.split()), _TITLE) if talk else ""


def shorten(text: str, most: int) -> str:
    """`text` in at most `most` characters, cut between words where there are any."""
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > most // 2 else cut).rstrip(" ,;:-–(") + "…"


def _mood(marks: Marks) -> str:
    """One word for a talk's mood."""
    n = marks.spoken + 3
    strength = {
        "loving": marks.by_class["warm"] / n,
        "joyful": 1.2 * marks.by_class["joy"] / n,
        "funny": 0.9 * marks.laughs / n,
        "sad": 1.3 * marks.by_class["sad"] / n,
        "angry": 1.5 * marks.by_class["angry"] / n,
    }
    best = max(strength, key=lambda name: strength[name])
    if strength[best] >= 0.08:
        return best
    return "practical" if (marks.by_class["plan"] + marks.times) / n > 0.5 else "calm"


def score(marks: Marks) -> float:
    """How worth keeping a talk is, 0 to 1: a weighted sum through a logistic curve.

    The weights were set by hand and are held to the labelled pairs of `bench/labelled.toml`.
    """
    if not marks.spoken:
        return 0.0
    n = marks.spoken
    mean = marks.characters / n
    soft = n + 4
    interplay = min(1.0, marks.turns / 6) * (1.0 if marks.voices > 1 else 0.0)
    feeling = marks.by_class["warm"] + marks.by_class["joy"] + marks.by_class["sad"] + 0.5 * marks.by_class["angry"]
    value = (
        -2.6
        + 1.0 * interplay
        + 1.3 * min(1.0, mean / 80)
        + 0.7 * min(1.0, marks.longest / 240)
        + 3.2 * min(1.0, 1.6 * feeling / soft)
        + 1.5 * min(1.0, 1.8 * marks.laughs / soft)
        + 0.8 * min(1.0, 2.5 * marks.photos / soft)
        + 0.5 * min(1.0, marks.drawn / 3)
        + 0.9 * min(1.0, 3 * marks.rare)
        + 0.8 * marks.variety
        - 2.0 * min(1.0, (marks.by_class["plan"] + 1.2 * marks.times) / soft)
        - 0.4 * min(1.0, marks.questions / soft)
    )
    return round(1 / (1 + math.exp(-1.3 * value)), 4)
