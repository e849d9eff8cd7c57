"""What a talk is called in which nobody wrote a word: ``12 photos · Ferrow Lake · Ben``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

#: What no word is kept for is called by another one.
_CALLED = {
    "gif": "video", "view_once": "image", "document": "file", "contact": "file", "poll": "file", "text": "file",
}  # fmt: skip
_ELSE = "en"
_MOST_KINDS, _MOST_NAMES = 2, 2


@cache
def _words() -> dict[str, dict[str, tuple[str, str]]]:
    """Language -> kind -> (one, several with {n})."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    found = {}
    for code, kinds in table.items():
        parted = {kind: words.split(" | ") for kind, words in kinds.items()}
        found[code] = {kind: (one, several) for kind, (one, several) in parted.items()}
    return found


@cache
def _made() -> re.Pattern[str]:
    """What the first part of a made title can be."""
    phrases = {phrase for kinds in _words().values() for pair in kinds.values() for phrase in pair}
    one = "|".join(re.escape(phrase).replace(r"\{n\}", r"\d+") for phrase in sorted(phrases, key=len, reverse=True))
    return re.compile(rf"(?:{one})(?:, (?:{one}))?(?= · |\Z)")


def named_otherwise(title: str, old: str, new: str) -> str:
    """A made title with another name for somebody; any other title as it is: what people wrote stays."""
    found = _made().match(title)
    if not found:
        return title
    head, rest = title[: found.end()], title[found.end() :]
    if rest.endswith((f" · {old}", f", {old}")):
        rest = rest[: -len(old)] + new
    elif f" · {old}, " in rest:
        before, _, after = rest.rpartition(f" · {old}, ")
        rest = f"{before} · {new}, {after}"
    # Whoever became one with somebody is named once.
    return head + (rest[: -len(new) - 2] if rest.endswith(f" · {new}, {new}") else rest)


def in_language(title: str, language: str) -> str:
    """A made title in another language: ``3 photos · Ben`` as ``3 Fotos · Ben``; any other title as it is."""
    found = _made().match(title)
    words = _words().get(language)
    if not found or not words:
        return title
    return ", ".join(_phrase(part, words) for part in found[0].split(", ")) + title[found.end() :]


def _phrase(part: str, words: Mapping[str, tuple[str, str]]) -> str:
    number = re.search(r"\d+", part)
    pattern = part.replace(number[0], "{n}") if number else part
    kind = _kinds_by_phrase().get(pattern)
    if kind is None:
        return part
    one, several = words.get(kind, words["file"])
    return several.format(n=number[0]) if number else one


@cache
def _kinds_by_phrase() -> dict[str, str]:
    """``{n} photos`` -> image, in all languages."""
    return {phrase: kind for kinds in _words().values() for kind, pair in kinds.items() for phrase in pair}


def media_title(kinds: Mapping[str, int], place: str, people: Sequence[str], language: str | None) -> str:
    """Of a talk's messages by kind: how many of the two commonest kinds, where, and by whom where they are few."""
    words = _words().get(language or _ELSE, _words()[_ELSE])
    counts: dict[str, int] = {}
    for kind, times in kinds.items():
        called = _CALLED.get(kind, kind)
        counts[called] = counts.get(called, 0) + times
    told = []
    for kind, times in sorted(counts.items(), key=lambda item: -item[1])[:_MOST_KINDS]:
        one, several = words.get(kind, words["file"])
        told.append(one if times == 1 else several.format(n=times))
    parts = [", ".join(told), place]
    if len(people) <= _MOST_NAMES:
        parts.append(", ".join(people))
    return " · ".join(filter(None, parts))
