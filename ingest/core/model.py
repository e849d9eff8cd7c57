"""The plain shapes that travel between the rooms of `ingest`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from memories_lib.shared import contract

Kind = Literal[
    "text", "image", "video", "audio", "sticker", "gif", "document", "location",
    "contact", "poll", "call", "deleted", "view_once", "file", "system",
]  # fmt: skip
#: What a date of three numbers says first, second and third; ``ymd`` with a year of two digits.
Order = Literal["dmy", "mdy", "ymd"]

#: Kinds that stand for an attachment, whether its file is there or not.
MEDIA_KINDS: frozenset[str] = contract.MEDIA_KINDS

#: Called with (work done so far, work in all), in units that may change on the way.
Progress = Callable[[int, int], None]

#: One parsed message on the hot path; `Message` names the same fields in the same order.
Row = tuple[int, int, int, str, str | None, str, str, bool, str | None]


class Message(NamedTuple):
    """One message as it stands in an export.

    `start` and `body` are offsets in characters of the decoded text: the header is
    ``text[start:body]``, and the message ends where the next one starts. `line` counts from 1.
    `sent_at` is local wall-clock time, ``2025-01-15T20:15:23``. `sender` is None on system lines.
    `text` is what the person wrote (the caption, for media); `attachment` is the file's name.
    """

    start: int
    body: int
    line: int
    sent_at: str
    sender: str | None
    kind: str
    text: str
    is_edited: bool
    attachment: str | None


class Unsure(NamedTuple):
    """A line the parser was unsure of. `line` counts from 1."""

    line: int
    text: str
    reason: str


#: How a date looks, whatever its numbers: what stands between them, whether the year has four digits.
Look = tuple[str, bool]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of an export written in one layout, from `line` on.

    `orders`: dates in it that look otherwise than most, and are in another order.
    """

    line: int
    closer: str
    order: Order = "dmy"
    orders: tuple[tuple[Look, Order], ...] = ()

    def order_of(self, look: Look) -> Order:
        """The order of dates that look so."""
        return next((order for other, order in self.orders if other == look), self.order)

    def with_order(self, look: Look, order: Order) -> Segment:
        """The same with another order of dates that look so."""
        return replace(self, orders=(*((other, its) for other, its in self.orders if other != look), (look, order)))


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known of an export before it is read.

    `chat`: its name; `order`: of day and month, as the user said; `hint`: as it probably is; `year_if_missing`: of
    dates without a year; `roster`: names of people; `stand_ins`: words that stand for files in its language.
    """

    chat: str | None = None
    order: Order | None = None
    hint: Order | None = None
    year_if_missing: int = 2020
    roster: frozenset[str] = frozenset()
    stand_ins: frozenset[str] = frozenset()


NOTHING_KNOWN = Hints()


@dataclass(frozen=True, slots=True)
class Findings:
    """What is known about an export before (and after) it is read in full."""

    segments: tuple[Segment, ...]
    roster: frozenset[str] = frozenset()
    longer: frozenset[str] = frozenset()  # senders that hold ": "
    notices: frozenset[str] = frozenset()  # prefixes that look like senders and are not
    chat_names: frozenset[str] = frozenset()  # senders that are the chat itself: iPhones put its name before notices
    not_headers: frozenset[int] = frozenset()  # lines that look like headers and are not
    halves: tuple[tuple[str, str], ...] = ()  # words beside clocks that are not known here -> AM, PM
    odd_layouts: frozenset[str] = frozenset()  # of lines that were pasted from elsewhere: no headers of this file
    stand_ins: frozenset[str] = frozenset()  # sentences (plain) not known here, in the place of files
    edited_marks: frozenset[str] = frozenset()  # sentences (plain) not known here, in < > behind edited texts
    has_marks: bool = False  # of an iPhone: marks stand before notices, and were not taken off by a mail program
    marks_say_nothing: bool = False  # a mark stands before every line, not before those alone that carry a file
    date_order: str = "day/month"  # for people
    proof: str = ""  # for people: "proved by 27/3 in line 12"
    is_guess: bool = False
    layouts: dict[str, int] = field(default_factory=dict)  # shape -> headers, for --explain


@dataclass(frozen=True, slots=True)
class Options:
    """What the user decided. `chat` names the chat, `me` the owner, `timezone` where the exporting phone was.

    `are_many`: it was said of several exports, and `me` need not have written in each of them. `was_order`: how days
    were read when edits were made of it.
    """

    chat: str | None = None
    me: str | None = None
    date_order: Order | None = None
    timezone: str | None = None
    dry_run: bool = False
    are_many: bool = False
    was_order: Order | None = None


@dataclass(slots=True)
class ImportReport:
    """What became of one export. Times are local ISO 8601; `seconds` is how long it took."""

    filename: str
    chat: str = ""
    chat_kind: str = ""
    joined: str = ""  # why this export was taken for a chat that the archive has
    sha256: str = ""  # of the export's text
    was_chat: int | None = None  # key of the chat that went into another one with it
    was_order: Order | None = None  # how its days were read before they were corrected
    lacks_owner: bool = False  # nobody is called as the user said that the owner is
    format: str = ""
    date_order: str = ""
    proof: str = ""
    is_guess: bool = False
    lines: int = 0
    messages: int = 0
    people: int = 0
    first_at: str = ""
    last_at: str = ""
    new: int = 0
    updated: int = 0
    exchanges: int = 0
    media_found: int = 0
    media_missing: int = 0
    warnings: int = 0
    seconds: float = 0.0
    owner: str | None = None
    owner_writes: bool = False  # in this export
    is_known: bool = False  # this very export was ingested before
    read_again: str = ""  # why an export that was ingested before was read anew
    gone: int = 0  # messages that an earlier reading made of it, and this one does not
    notes: list[str] = field(default_factory=list)
    layouts: dict[str, int] = field(default_factory=dict)
    unsure: list[Unsure] = field(default_factory=list)
    missing_files: list[str] = field(default_factory=list)
    also_known_as: dict[str, str] = field(default_factory=dict)  # name in the export -> name in the archive
    renamed: dict[str, str] = field(default_factory=dict)  # name in the archive before -> name in the export, of now
    told_again: int = 0  # talks that are told by answers of a model that were paid for before
    edits_lost: int = 0  # people's edits whose subject is not in the archive
    error: str | None = None
