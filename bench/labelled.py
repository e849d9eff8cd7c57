"""How often a memorable talk scores above a mundane one of the same language, on invented talks judged by hand."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NamedTuple

from ingest.summaries import Said
from ingest.summaries.offline.lexicon import Tokens
from ingest.summaries.offline.summarizer import Summarizer, Vocabulary


class Judged(NamedTuple):
    """A talk with its score and what a person thinks of it."""

    language: str
    is_memorable: bool
    score: float
    title: str


def judged() -> list[Judged]:
    """Every labelled talk, scored as if all of them were one chat."""
    table = tomllib.loads(Path(__file__).with_name("labelled.toml").read_text("utf-8"))["talk"]
    talks = [[line.split(": ", 1) for line in talk["lines"].strip().split("\n")] for talk in table]
    tokens, vocabulary = Tokens(), Vocabulary()
    for talk in talks:
        vocabulary.add("\n".join(text for _, text in talk), tokens)
    names: dict[str, int] = {}
    said: list[list[Said]] = [
        [
            (n, names.setdefault(name, len(names)), f"2024-05-01T20:{n:02}:00", *_kind_and_text(text))
            for n, (name, text) in enumerate(talk)
        ]
        for talk in talks
    ]
    teller = Summarizer(vocabulary, {number: name for name, number in names.items()}, tokens)
    told = [teller.tell(talk) for talk in said]
    return [Judged(t["language"], t["memorable"], w.score, w.title) for t, w in zip(table, told, strict=True)]


def _kind_and_text(written: str) -> tuple[str, str]:
    return ("image", "") if written == "(photo)" else ("text", written)


def pairs_right(talks: list[Judged]) -> tuple[int, int]:
    """(pairs in which the memorable talk of a language scores above the mundane one, all pairs)."""
    pairs = [
        (good.score, dull.score)
        for good in talks
        for dull in talks
        if good.is_memorable and not dull.is_memorable and good.language == dull.language
    ]
    return sum(good > dull for good, dull in pairs), len(pairs)
