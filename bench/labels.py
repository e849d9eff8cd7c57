"""Invented talks with grades, by several hands: `bench/labels/LANGUAGE.toml`.

Grade 2: somebody would want to find it again in ten years; 1: maybe; 0: nobody would miss it. Two fifths of the scenes
are kept for testing in every language, and some languages altogether: what is trained never saw either.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from ingest.summaries import Said

FOLDER = Path(__file__).with_name("labels")
#: Languages of which no talk is trained on.
NEW_LANGUAGES = frozenset({"he", "nl", "sw", "ta-Latn", "ur"})
_TEST_PART, _TEST_SHARE = 5, 2
_LINE = re.compile(r"(?P<time>\d\d:\d\d) (?P<name>[^:]{1,30}): (?P<said>.+)")
_KINDS = {
    "photo": "image", "video": "video", "voice": "audio", "sticker": "sticker", "place": "location",
    "file": "document", "call": "call", "gif": "gif",
}  # fmt: skip
_SENT = re.compile(rf"\((?P<kind>{'|'.join(_KINDS)})\) ?(?P<caption>.*)")


class Line(NamedTuple):
    """A message: when, by whom, of what kind, words or caption."""

    time: str
    name: str
    kind: str
    text: str


class Labelled(NamedTuple):
    """A talk. `style`: "loud" (emoji, capitals, laughter) or "quiet"."""

    language: str
    scene: str
    grade: int
    style: str
    lines: tuple[Line, ...]

    @property
    def texts(self) -> list[str]:
        """What was written in it."""
        return [line.text for line in self.lines if line.text]

    @property
    def is_test(self) -> bool:
        """Whether no training may see it."""
        return self.language in NEW_LANGUAGES or self.is_new_scene

    @property
    def is_new_scene(self) -> bool:
        """Whether no training sees a talk of its scene, in any language."""
        return crc32(self.scene.encode()) % _TEST_PART < _TEST_SHARE

    def said(self, people: Mapping[str, int]) -> list[Said]:
        """Its messages, as a teller takes them. `people` gives ids; hours after midnight are of the next day."""
        found: list[Said] = []
        day, before = 1, ""
        for n, line in enumerate(self.lines):
            day += line.time < before
            before = line.time
            found.append((n, people[line.name], f"2024-05-{day:02}T{line.time}:00", line.kind, line.text))
        return found


def read_labels(folder: Path = FOLDER) -> list[Labelled]:
    """All talks. Raises ValueError for a line that is none."""
    found = []
    for path in sorted(folder.glob("*.toml")):
        for talk in tomllib.loads(path.read_text("utf-8"))["talk"]:
            lines = tuple(_line(line, path.name) for line in talk["lines"].strip().splitlines())
            found.append(Labelled(path.stem, talk["scene"], talk["grade"], talk["style"], lines))
    return found


def _line(text: str, where: str) -> Line:
    found = _LINE.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{where}: not a line of a talk: {text!r}")
    sent = _SENT.fullmatch(found["said"])
    kind, words = (_KINDS[sent["kind"]], sent["caption"]) if sent else ("text", found["said"])
    return Line(found["time"], found["name"], kind, words)


def pairs_right(graded: Iterable[tuple[str, int, float]]) -> dict[str, tuple[float, int]]:
    """By language and, under "", in all: (pairs in which grade 2 scores above grade 0, all such pairs).

    `graded` are (language, grade, score); equal scores count as half.
    """
    by_language: dict[str, tuple[list[float], list[float]]] = {}
    for language, grade, score in graded:
        if grade != 1:
            by_language.setdefault(language, ([], []))[grade == 2].append(score)
    found = {}
    for language, (dull, good) in by_language.items():
        right = sum((a > b) + 0.5 * (a == b) for a in good for b in dull)
        found[language] = (right, len(good) * len(dull))
    found[""] = (sum(right for right, _ in found.values()), sum(pairs for _, pairs in found.values()))
    return found
