"""Stable content keys: the same message has the same key in every export of its chat.

A key holds the minute and the words, not the sender's name (address books change), not the seconds
(Android has none), not the app's language. It fits in 53 bits, so that JavaScript holds it exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b

from ingest.core.model import MEDIA_KINDS

#: Keys are whole numbers that JavaScript holds.
MASK = (1 << 53) - 1


def token(kind: str, text: str) -> str:
    """What of a message is the same in every export: media lose their text, notices their language."""
    if kind == "text":
        if text.isascii() and text[:1] != " " and text[-1:] != " ":
            return text
        return text.replace("\u202f", " ").replace("\u00a0", " ").strip("\u200e\u200f\u202a\u202c\ufeff ")
    if kind in MEDIA_KINDS:
        return "\x00media"
    if kind in ("system", "deleted", "call"):
        return "\x00" + kind
    return text


def message_key(minute: str, tokened: str, nth: int) -> int:
    """The key of the `nth` message (from 0) with this token in this minute of its chat."""
    digest = blake2b(f"{minute}\x1f{tokened}\x1f{nth}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") & MASK


def chat_key(name: str, kind: str) -> int:
    """The key a chat gets when it is first met."""
    return message_key(kind, name.casefold(), 0)


class Keys:
    """Content keys for messages as they come, minute by minute."""

    def __init__(self) -> None:
        self.minute = ""
        self._counts: dict[str, int] = {}

    def enter(self, minute: str, there: Mapping[str, int]) -> None:
        """Start a minute in which the chat already has messages with these tokens."""
        self.minute = minute
        self._counts = dict(there)

    def key(self, sent_at: str, kind: str, text: str) -> int:
        """The key of the next message."""
        return self.keys([(0, None, sent_at, kind, text)])[0]

    def keys(self, said: Iterable[tuple[int, int | None, str, str, str]]) -> list[int]:
        """The keys of the next messages, each (id, sender, time, kind, text). Flat: it runs for every message."""
        minute, counts = self.minute, self._counts
        found: list[int] = []
        for _, _, at, kind, text in said:
            if at[:16] != minute:
                minute, counts = at[:16], {}
            tokened = text if kind == "text" and text.isascii() and text == text.strip(" ") else token(kind, text)
            nth = counts.get(tokened, 0)
            counts[tokened] = nth + 1
            digest = blake2b(f"{minute}\x1f{tokened}\x1f{nth}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
            found.append(int.from_bytes(digest, "big") & MASK)
        self.minute, self._counts = minute, counts
        return found
