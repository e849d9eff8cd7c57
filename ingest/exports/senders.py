"""Who sent a message: what stands between a header and the first colon, and whether it is anybody's name.

`SenderReader` writes down what it learns (new names, notices, doubts) in the evidence; `detect.py` judges that.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from ingest.core.languages import MARKS, without_marks
from ingest.core.model import Findings
from ingest.exports.headers import shape_of
from ingest.exports.notices import has_mark, is_notice, may_be_notice
from ingest.exports.observations import Doubt, Evidence
from ingest.exports.sender_names import NAMELESS, could_be_name

_MOST = 50_000
_MOST_OPEN_DOUBTS, _MOST_DOUBTS = 1_000, 20_000
#: Looks like nothing, and counts as a letter.
_INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")


class HeaderPlace(NamedTuple):
    """A header: its line, time and text, what closes it, and the line and time of the header before (0 and "")."""

    line: int
    sent_at: str
    head: str
    closer: str
    line_before: int
    sent_before: str


class SenderReader:
    """Reads senders under given `Findings`.

    `names`: a name as it stands -> the sender, for those who need no other look. `holding`: the start of a name that
    holds a colon -> (``"start: more: "``, the name), the longest first. `open_doubts` wait for the next header.
    """

    def __init__(self, findings: Findings, evidence: Evidence) -> None:
        self.names: dict[str, str] = {}
        self.open_doubts: list[Doubt] = []
        self._findings = findings
        self._evidence = evidence
        self._named: dict[str, str] = {}
        self._doubtful_line = -1  # the last one
        self._longer_by_start: dict[str, list[str]] = {}
        for name in findings.longer:
            self._longer_by_start.setdefault(name.split(": ", 1)[0], []).append(name)
        for names in self._longer_by_start.values():
            names.sort(key=len, reverse=True)
        self.holding: dict[str, list[tuple[str, str]]] = {
            start: [(f"{name}: ", name) for name in names] for start, names in self._longer_by_start.items()
        }

    def read(self, rest: str, place: HeaderPlace) -> tuple[str | None, str]:
        """(sender, body) of `rest`, which follows the header at `place`; the sender is None on a notice."""
        findings = self._findings
        name, found, body = rest.partition(": ")
        clean = self._clean(name)
        if not place.line_before and place.closer == "] " and found and is_notice(body):
            self._evidence.opened_by = clean
        for longer in self._longer_by_start.get(clean, ()):
            shown = rest if rest.isascii() else without_marks(rest).replace("\u00a0", " ").replace("\u202f", " ")
            tail = shown[len(longer) :]
            if shown.startswith(longer) and (tail.startswith(": ") or tail == ":"):
                at = _after(rest, longer) + len(":" if tail == ":" else ": ")
                return longer, rest[at:]
            if shown.startswith(longer) and clean not in findings.roster:
                return None, rest  # a notice about somebody whose name holds a colon
            if shown.startswith(longer) and may_be_notice(tail):
                return None, rest
        if not found and (known := self._without_blank(rest)) is not None:
            return known
        if not found:
            trimmed = rest.rstrip(MARKS + " ")
            if trimmed.endswith(":"):
                clean = self._clean(trimmed[:-1])
                if clean in findings.roster or clean in self._evidence.new_names or could_be_name(clean):
                    self._evidence.new_names[clean] += clean not in findings.roster
                    return clean, ""
            self._doubt(place, None, rest)
            return None, rest
        if clean in findings.chat_names:
            if has_mark(body) or (is_notice(body) if findings.has_marks else may_be_notice(body)):
                return None, body
            self._evidence.said_by_chat[clean] += 1
            return clean, body
        if clean in findings.roster:
            if clean not in self._longer_by_start:
                self.names[name] = clean
            return clean, body
        if (known := self._without_blank(rest)) is not None:
            return known
        if clean in findings.notices or not could_be_name(clean, is_ios=place.closer == "] "):
            self._evidence.note_notice_start(clean, body)
            self._doubt(place, None, rest)
            return None, rest
        self._evidence.new_names[clean] += 1
        self._doubt(place, clean, rest)
        return clean, body

    def _without_blank(self, rest: str) -> tuple[str, str] | None:
        """(sender, body) where somebody who is known is named, and no blank stands behind the colon."""
        name, found, body = rest.partition(":")
        clean = self._clean(name) if found and body and body[0] != " " else ""
        return (clean, body) if clean in self._findings.roster else None

    def settle(self, after: str) -> None:
        """Give the open doubts the time of the header after them, and keep those worth judging."""
        for doubt in self.open_doubts:
            doubt.after = after
            worth = doubt.prefix is not None or not doubt.is_near or self._evidence.layouts[doubt.shape] <= 1
            if worth and len(self._evidence.doubts) < _MOST_DOUBTS:
                self._evidence.doubts.append(doubt)
        self.open_doubts.clear()

    def _clean(self, name: str) -> str:
        known = self._named.get(name)
        if known is None:
            known = without_marks(name).replace("\u00a0", " ").replace("\u202f", " ").strip()
            if name and not any(map(_is_visible, known)):
                known = NAMELESS
            if len(self._named) < _MOST:
                self._named[name] = known
        return known

    def _doubt(self, place: HeaderPlace, prefix: str | None, text: str) -> None:
        follows = place.line_before == self._doubtful_line
        self._doubtful_line = place.line
        if len(self.open_doubts) < _MOST_OPEN_DOUBTS:
            shape = shape_of(place.head, place.closer)
            self.open_doubts.append(
                Doubt(place.line, prefix, text[:200], place.sent_at, place.sent_before, follows, shape)
            )


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in _INVISIBLE and character not in _BLANK_LETTERS


def _after(rest: str, name: str) -> int:
    """Where in `rest` (with marks) the characters of `name` (without) end."""
    at = 0
    for character in name:
        while rest[at] != character and rest[at] in MARKS:
            at += 1
        at += 1
    while at < len(rest) and rest[at] in MARKS:
        at += 1
    return at
