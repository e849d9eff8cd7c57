"""Whether two wordings are one message, as two phones write it: names in mentions, votes and words of polls differ."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from ingest.core.model import MEDIA_KINDS, Message
from memories_lib.shared.polls import words_and_votes

#: ``@⁨Omar Neighbour⁩``: phones put a mention's name between isolates; older ones write the number.
_MENTION = re.compile(r"@(?:\u2068[^\u2069\n]{0,80}\u2069|\+?\d[\d\u00a0 ]{5,18}\d|\S+)")
_ADDRESS = re.compile(r"https?://\S+")
_NOT_WORDS = re.compile(r"[\W_]+")
#: The beginning of a line such as ``[13.02.24, 20:15:01] Anna: ``.
_HALF_A_HEADER = re.compile(r"[\u200e\u200f]?\[?\d[^\n]{0,60}|[\u200e\u200f]?\[?")
_LABEL = re.compile(r"\A[\s\u200e\u200f]*[^\W\d_]+[\s\u00a0\u202f]?[:：][\s\u00a0\u202f]?")


class Old(NamedTuple):
    """A message of the archive."""

    id: int
    sender: int | None
    sent_at: str
    kind: str
    text: str
    is_edited: int
    exchange: int


@dataclass(frozen=True, slots=True)
class Change:
    """What a later export says of a message that the archive has."""

    old: Old
    kind: str
    text: str
    is_edited: bool


def is_waiting(kind: str, text: str) -> bool:
    """Whether a phone had only the place of a message, which another export may have."""
    return kind == "view_once" and not text


def is_version(old: Old, new: Message) -> bool:
    """Whether `new` may be another wording of `old`, given that person and minute agree."""
    kind, text, is_edited = new.kind, new.text, new.is_edited
    if old.sender is None:
        return old.kind == kind
    if kind == "deleted" or old.kind == "deleted":
        return True
    if is_waiting(old.kind, old.text) or is_waiting(kind, text):
        return True
    if kind != old.kind and not (kind in MEDIA_KINDS and old.kind in MEDIA_KINDS):
        return False
    if is_edited or old.is_edited:
        return True
    return is_same_wording(kind, old.text, text)


def is_same_wording(kind: str, one: str, other: str) -> bool:
    """Whether two texts of one kind, by one person in one minute, are the same message."""
    if kind == "poll":
        return _poll(one) == _poll(other)
    if kind == "location" and (link := _ADDRESS.search(one)) and (there := _ADDRESS.search(other)):
        return link[0] == there[0]  # what stands before it is the phone's own word for a place
    if _words(one) == _words(other):
        return True
    if "@" not in one or "@" not in other:
        return False
    # A name without isolates ends nobody knows where: what stands between mentions must be there, in order.
    return _fits(one, other) or _fits(other, one)


def is_beginning(cut: str, whole: str) -> bool:
    """Whether `cut` is what is left of `whole` where a text ends within it, or within the line after it."""
    cut = cut.removesuffix("\ufffd")  # a letter that was cut itself
    return whole.startswith(cut) or (
        cut.startswith(f"{whole}\n") and _HALF_A_HEADER.fullmatch(cut, len(whole) + 1) is not None
    )


def more_votes(poll: str, other: str) -> bool:
    """Whether a poll's text holds more votes than another text of it."""
    return _votes(poll) > _votes(other)


def _words(text: str) -> str:
    return _NOT_WORDS.sub("", _MENTION.sub("", text)).casefold()


def _fits(pattern: str, text: str) -> bool:
    """Whether `text` is `pattern` with other names in the place of its mentions."""
    pieces = [_NOT_WORDS.sub("", piece).casefold() for piece in _MENTION.split(pattern)]
    if not any(pieces):
        return False
    rest = _NOT_WORDS.sub("", text).casefold()
    if not rest.startswith(pieces[0]) or not rest.endswith(pieces[-1]):
        return False
    at = 0
    for piece in pieces:
        found = rest.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return len(rest) - sum(map(len, pieces)) <= 80 * (len(pieces) - 1)


def _poll(text: str) -> list[str]:
    """Question and options, without the words of the phone's language and the votes."""
    lines = [line for line in text.split("\n")[1:] if line.strip()]
    return [
        _NOT_WORDS.sub("", _LABEL.sub("", words_and_votes(line)[0], 1) if n else line) for n, line in enumerate(lines)
    ]


def _votes(poll: str) -> int:
    return sum(words_and_votes(line)[1] for line in poll.split("\n"))
