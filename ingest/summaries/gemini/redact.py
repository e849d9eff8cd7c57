"""Names and numbers taken out of what is sent, and put back into what is answered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

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
_LETTER = re.compile(r"\[([A-Z]{1,2})\]")
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

    def stand_ins(self, people: Mapping[str, str]) -> StandIns:
        """For one talk, whose `people` are letter -> name."""
        return StandIns(people, self._pattern)

    def redact(self, talk: Talk) -> tuple[Talk, StandIns]:
        """(the talk without them, what stands for what)"""
        stand_ins = self.stand_ins(talk.people)
        lines = tuple(replace(line, text=stand_ins.clean(line.text)) for line in talk.lines)
        return replace(talk, people=stand_ins.people, lines=lines), stand_ins


class StandIns:
    """What stands for names and numbers in one talk: the same for the same, so that it can be put back.

    `people`: letter -> what is sent in the place of its name.
    """

    def __init__(self, people: Mapping[str, str], names: re.Pattern[str] | None) -> None:
        self.people = {who: f"[{who}]" for who in people}
        self._names = names
        self._speakers = {part.casefold(): who for who, name in people.items() for part in _parts(name)}
        #: Stand-in without its brackets -> what it stands for.
        self._back: dict[str, str] = dict(people)
        self._known: dict[tuple[str, str], str] = {}

    def clean(self, text: str) -> str:
        """A text with stand-ins."""
        for kind, pattern in _KINDS:
            text = pattern.sub(partial(self._of_kind, kind), text)
        return self._names.sub(self._of_name, text) if self._names else text

    def restore(self, text: str) -> str:
        """A text with everything put back."""
        text = _LONE.sub(lambda match: self._back.get(match[1] + match[2], match[0]), text)
        return _LETTER.sub(lambda match: self._back.get(match[1], match[0]), text)

    def restore_summary(self, summary: Summary) -> Summary:
        """An answer with everything put back."""
        return replace(
            summary,
            title=self.restore(summary.title),
            summary=self.restore(summary.summary),
            topics=tuple(map(self.restore, summary.topics)),
        )

    def _of_kind(self, kind: str, match: re.Match[str]) -> str:
        return self._stand_in(kind, match[0])

    def _of_name(self, match: re.Match[str]) -> str:
        who = self._speakers.get(match[0].casefold())
        return f"[{who}]" if who else self._stand_in("NAME", match[0])

    def _stand_in(self, kind: str, found: str) -> str:
        name = self._known.get((kind, found))
        if name is None:
            number = sum(1 for known, _ in self._known if known == kind) + 1
            name = self._known[kind, found] = f"[{kind}{number}]"
            self._back[f"{kind}{number}"] = found
        return name


def _parts(name: str) -> Iterable[str]:
    found = re.findall(r"[^\W\d_]{2,}(?:['’-][^\W\d_]+)*", name)
    yield from found
    if len(found) > 1:
        yield name
