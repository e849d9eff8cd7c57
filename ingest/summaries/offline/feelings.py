"""What words and signs say of a talk, from `data/feelings.toml` and the laughter in `languages.json`."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from ingest.core.languages import languages

CLASSES = ("warm", "joy", "sad", "angry", "plan")
#: Signs that say what words say, in any language.
_EMOJI = {
    "warm": "❤♥💕💖💗💘💝💞💓💙💚💛🧡💜🤍🖤🤎😘😍🥰😚😙😗🤗💋💌🫶🙏👶🤰👰💍💏💑👪🌹💐🥹☺",
    "joy": "🎉🎊🥳🎂🎁🍾🥂🏆🥇🤩🙌👏💃🕺🎓🎆🎇✨🌈🎈🤞💪",
    "laugh": "😂🤣😆😹😅😄😁💀",
    "sad": "😢😔😞😿💔🥺😥😓☹🙁😪🕊🖤⚰",
    "angry": "😡🤬😠👿💢😤",
    "drawn": "😭",  # tears of any kind: strong, but not by itself sad
}
EMOJI_CLASS = {sign: name for name, signs in _EMOJI.items() for sign in signs}
#: Letters with the marks that belong to them: \w alone drops the vowel signs of Indic scripts.
WORD = re.compile(r"[^\W\d_](?:[\w'’]*[^\W_])?(?:[\u0900-\u0dff\u0300-\u036f\u064b-\u065f]+[^\W\d_]*)*")
#: Runs of scripts without spaces are looked through for known pieces instead.
SPACELESS = re.compile(r"[\u0e00-\u0e7f\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]")


@dataclass(slots=True)
class Feelings:
    """Look-ups made once from the data files."""

    words: dict[str, str] = field(default_factory=dict)  # word -> class
    stop: dict[str, tuple[str, ...]] = field(default_factory=dict)  # word -> languages it is common in
    pieces: dict[str, list[str]] = field(default_factory=dict)  # class -> pieces of spaceless scripts
    connectors: frozenset[str] = frozenset()
    laugh: re.Pattern[str] = field(default_factory=lambda: re.compile(r"(?!)"))
    _in_lower: re.Pattern[str] = field(default_factory=lambda: re.compile(r"(?!)"))
    _in_ascii: re.Pattern[str] = field(default_factory=lambda: re.compile(r"(?!)"))

    def has_laughter(self, text: str) -> bool:
        """Whether somebody laughs in it, in any language. It runs for every short message: letters are looked for in
        lower case, and those of ASCII alone where there are no others, which takes a fifth of the time.
        """
        return (self._in_ascii if text.isascii() else self._in_lower).search(text.lower()) is not None


@cache
def feelings() -> Feelings:
    """Read the data once."""
    found = Feelings()
    stop: dict[str, list[str]] = {}
    connectors: set[str] = set()
    for code, table in tomllib.loads(files("ingest").joinpath("data/feelings.toml").read_text("utf-8")).items():
        for word in table.get("stop", "").split():
            stop.setdefault(word, []).append(code)
        connectors.update(table.get("connect", "").split())
        for name in CLASSES:
            for word in table.get(name, "").casefold().split():
                if SPACELESS.match(word):
                    found.pieces.setdefault(name, []).append(word)
                else:
                    # A word that is warm in one language and an errand in another is warm.
                    found.words.setdefault(word, name)
    found.connectors = frozenset(connectors)
    found.stop = {word: tuple(codes) for word, codes in stop.items()}
    laughs = list(dict.fromkeys(languages().laughs.values()))
    found.laugh = re.compile("|".join(laughs), re.IGNORECASE)
    found._in_lower = re.compile("|".join(laughs))
    found._in_ascii = re.compile("|".join(laugh for laugh in laughs if laugh.isascii()))
    return found


_SCRIPTS = (
    ("ja", re.compile(r"[\u3041-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7a3\u3131-\u318e]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("bn", re.compile(r"[\u0980-\u09ff]")),
    ("ta", re.compile(r"[\u0b80-\u0bff]")),
    ("te", re.compile(r"[\u0c00-\u0c7f]")),
    ("he", re.compile(r"[\u05d0-\u05ea]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("hy", re.compile(r"[\u0530-\u058f]")),
    ("ka", re.compile(r"[\u10a0-\u10ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
)


_FOREIGN = re.compile(r"[\u0370-\u1fff\u3040-\u9fff\uac00-\ud7a3]")
_PERSIAN = re.compile("[پچژگ]")
_UKRAINIAN = re.compile("[іїєґ]", re.IGNORECASE)


def language_of(text: str, tally: dict[str, int]) -> str | None:
    """The BCP-47 code of what `text` is mostly written in; `tally` counts its common words by language."""
    if not text.isascii() and _FOREIGN.search(text):
        text = text[:1500]
        for code, script in _SCRIPTS:
            hits = len(script.findall(text))
            if hits * (8 if code in ("ja", "zh", "ko", "th") else 2.5) > len(text) > 0:
                if code == "ar":
                    return _best(tally, ("ar", "fa"), "fa" if _PERSIAN.search(text) else "ar")
                if code == "ru":
                    return _best(tally, ("ru", "uk"), "uk" if _UKRAINIAN.search(text) else "ru")
                return code
    if not tally:
        return None
    best = max(tally, key=lambda code: tally[code])
    return best if tally[best] >= 2 else None


def _best(tally: dict[str, int], codes: tuple[str, ...], default: str) -> str:
    high = max(tally.get(code, 0) for code in codes)
    best = [code for code in codes if tally.get(code, 0) == high]
    return best[0] if len(best) == 1 else default
