"""How often a talk that is worth keeping scores above one that is not, by language and against simple rules."""

from __future__ import annotations

import json
import random
import re
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bench.labels import Labelled, pairs_right, read_labels
from ingest.summaries.meaning import encoder as encoders
from ingest.summaries.meaning.rescore import with_meaning
from ingest.summaries.offline.lexicon import Tokens, raw_tokens
from ingest.summaries.offline.summarizer import Summarizer
from ingest.summaries.offline.vocabulary import Vocabulary
from memories_lib.shared.folding import EMOJI

#: One figure a talk: the higher, the more it is worth keeping.
Scores = list[float]


def scores(labels: list[Labelled]) -> tuple[Scores, list[str]]:
    """(scores, titles) of the built-in teller, each language as one chat."""
    found: dict[int, tuple[float, str]] = {}
    tokens = Tokens()
    for language in {one.language for one in labels}:
        chosen = [(n, one) for n, one in enumerate(labels) if one.language == language]
        people = {name: n for n, name in enumerate(sorted({line.name for _, one in chosen for line in one.lines}), 1)}
        vocabulary = Vocabulary()
        for _, one in chosen:
            vocabulary.add("\n".join(one.texts), tokens)
        teller = Summarizer(vocabulary, {n: name for name, n in people.items()}, tokens)
        for n, one in chosen:
            told = teller.tell(one.said(people))
            found[n] = told.score, told.title
    return [found[n][0] for n in range(len(labels))], [found[n][1] for n in range(len(labels))]


def rules(labels: list[Labelled]) -> dict[str, Scores]:
    """Each of `labels` by what others would go by."""
    words = [raw_tokens("\n".join(one.texts)) for one in labels]
    seen = Counter(word for talk in words for word in set(talk))
    dice = random.Random(1)
    by: dict[str, Callable[[int], float]] = {
        "emoji": lambda n: len(EMOJI.findall("".join(labels[n].texts))),
        "longest": lambda n: sum(map(len, labels[n].texts)),
        "rare words": lambda n: sum(1 / seen[word] for word in words[n]) / (len(words[n]) or 1),
        "chance": lambda _: dice.random(),
    }
    return {name: [rule(n) for n in range(len(labels))] for name, rule in by.items()}


def table() -> list[tuple[str, dict[str, tuple[float, int]]]]:
    """(ordering, pairs right by language) on the talks that no training saw."""
    labels = read_labels()
    mine, _ = scores(labels)
    orderings = {"memories": mine}
    encoder = encoders.find_encoder()
    if encoder is not None:
        orderings["memories, with understanding"] = with_meaning(mine, [one.texts for one in labels], encoder)
    orderings.update(rules(labels))
    kept = [n for n, one in enumerate(labels) if one.is_new_scene]
    return [
        (name, pairs_right((labels[n].language, labels[n].grade, values[n]) for n in kept))
        for name, values in orderings.items()
    ]


def elsewhere(path: Path) -> tuple[float, int] | None:
    """Pairs right in archives that lie outside the repository; None where there are none.

    `path`: JSON lines of ``{"archive": PATH, "exchange": ID, "grade": 0 to 2}``. Pairs within one archive that differ
    by 2; grades by several readers are their mean.
    """
    if not path.exists():
        return None
    graded = []
    for line in path.read_text("utf-8").splitlines():
        told = json.loads(line)
        with closing(sqlite3.connect(told["archive"])) as archive:
            row = archive.execute("SELECT score FROM exchanges WHERE id = ?", (told["exchange"],)).fetchone()
        if row:
            graded.append((told["archive"], told["grade"], row[0]))
    right, pairs = 0.0, 0
    for archive, grade, score in graded:
        for other, lower, below in graded:
            if archive == other and grade - lower >= 2:
                right += (score > below) + 0.5 * (score == below)
                pairs += 1
    return right, pairs


def shown(text: str) -> str:
    """A title on one line of a table."""
    return re.sub(r"\s+", " ", text)
