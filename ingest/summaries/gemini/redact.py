"""Names and numbers taken out of what is sent, and put back into what is answered."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ingest.summaries.gemini.answer import Summary
from ingest.summaries.gemini.transcript import Talk
from ingest.summaries.offline.feelings import SPACELESS

_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_URL = re.compile(r"https?://\S+|www\.\S+")
_CARD = re.compile(r"(?<![\w+])(?:\d[ -]?){13,19}(?!\w)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")
_PHONE = re.compile(r"(?<!\w)\+?\(?\d[\d ()/.\-\u2011]{6,18}\d(?!\w)")
_STREET = (
    r"street|st\.|road|rd\.?|avenue|ave\.?|lane|drive|square|court|stra(?:ß|ss)e|str\.|weg|gasse|platz|allee|ufer|laan|straat|"
    r"vej|gata|gatan|katu|ulica|ul\."
)
_ADDRESS = re.compile(
    rf"\b\d{{1,4}}[a-z]?,? (?:[\w'’-]{{1,40}} ){{0,3}}(?:{_STREET})(?!\w)|"
    rf"\b[\w'’-]{{0,24}}(?:{_STREET}) ?\d{{1,4}} ?[a-z]?(?!\w)|"
    r"\b(?:rue|avenue|boulevard|calle|via|viale|piazza|rua|avenida|plaza|ул\.?|улица) "
    r"(?:[\w'’-]{1,40} ?){1,4},? ?\d{1,4}\b|"
    r"\b\d{1,4},? (?:bis |ter )?(?:rue|avenue|boulevard) (?:[\w'’-]{1,40} ?){1,4}",
    re.IGNORECASE,
)
_LONE = re.compile(r"\[?\b(MAIL|LINK|CARD|PHONE|ADDRESS|NAME)(\d+)\b\]?")
#: In this order: a street is looked for before there are stand-ins that could look like one.
_KINDS = (("LINK", _URL), ("MAIL", _MAIL), ("ADDRESS", _ADDRESS), ("CARD", _IBAN), ("CARD", _CARD), ("PHONE", _PHONE))


@dataclass(slots=True)
class Redactor:
    """Knows the people of an archive, and gives the same stand-in to the same thing within a talk."""

    names: tuple[str, ...]
    _pattern: re.Pattern[str] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        parts = {part for name in self.names for part in _parts(name)}
        if parts:
            # Longer ones first; scripts that write no spaces have no end of a word to look for.
            ordered = sorted(parts, key=len, reverse=True)
            listed = "|".join(
                re.escape(part) if SPACELESS.search(part) else rf"(?<![^\W_]){re.escape(part)}(?![^\W_])"
                for part in ordered
            )
            self._pattern = re.compile(listed, re.IGNORECASE)

    def clean(self, text: str) -> str:
        """A text without names and numbers, which need not come back."""
        for kind, pattern in _KINDS:
            text = pattern.sub(f"[{kind}]", text)
        return self._pattern.sub("[NAME]", text) if self._pattern else text

    def redact(self, talk: Talk) -> tuple[Talk, dict[str, str]]:
        """(the talk without them, stand-in -> what it stands for)."""
        back: dict[str, str] = {}
        known: dict[tuple[str, str], str] = {}
        speakers = {part.casefold(): who for who, name in talk.people.items() for part in _parts(name)}

        def stand_in(kind: str, found: str) -> str:
            name = known.get((kind, found))
            if name is None:
                number = sum(1 for k, _ in known if k == kind) + 1
                name = known[kind, found] = f"[{kind}{number}]"
                back[f"{kind}{number}"] = found
            return name

        def person(match: re.Match[str]) -> str:
            who = speakers.get(match[0].casefold())
            return f"[{who}]" if who else stand_in("NAME", match[0])

        def clean(text: str) -> str:
            for kind, pattern in _KINDS:
                text = pattern.sub(lambda m, kind=kind: stand_in(kind, m[0]), text)  # type: ignore[misc]
            return self._pattern.sub(person, text) if self._pattern else text

        lines = tuple(replace(line, text=clean(line.text)) for line in talk.lines)
        for who, name in talk.people.items():
            back[who] = name
        people = {who: f"[{who}]" for who in talk.people}
        return replace(talk, people=people, lines=lines), back


def _parts(name: str) -> Iterable[str]:
    found = re.findall(r"[^\W\d_]{2,}(?:['’-][^\W\d_]+)*", name)
    yield from found
    if len(found) > 1:
        yield name


def restore(summary: Summary, back: dict[str, str]) -> Summary:
    """The answer with everything put back."""

    def put_back(text: str) -> str:
        text = _LONE.sub(lambda m: back.get(m[1] + m[2], m[0]), text)
        return re.sub(r"\[([A-Z]{1,2})\]", lambda m: back.get(m[1], m[0]), text)

    return replace(
        summary, title=put_back(summary.title), summary=put_back(summary.summary),
        topics=tuple(put_back(topic) for topic in summary.topics),
    )  # fmt: skip
