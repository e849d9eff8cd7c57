"""Talks as they are asked about: numbered lines, people by letters, a digest of all that is said."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from memories_lib.queries.talk_filter import TalkFilter
from memories_lib.shared import visible
from memories_lib.shared.contract import FIRST_EVENT

#: A talk that would be longer (in characters) is thinned out.
MOST_CHARACTERS = 20_000
_MOST_LINE = 700
_SIGNS = {
    "image": "[photo]", "video": "[video]", "audio": "[voice note]", "sticker": "[sticker]", "gif": "[gif]",
    "document": "[file]", "location": "[place]", "contact": "[contact]", "poll": "[poll]", "call": "[call]",
    "view_once": "[photo]", "file": "[file]",
}  # fmt: skip
_BREAKS = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class Line:
    """One message. `number` counts from 1 within its talk; `who` is a letter."""

    message: int
    number: int
    who: str
    at: str
    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Talk:
    """One exchange as a model gets it. `digest` changes with any of its words; `people` are letters and names."""

    exchange: int
    key: int
    chat: str
    is_group: bool
    started_at: str
    score: float
    digest: str
    people: dict[str, str]
    lines: tuple[Line, ...]

    def sent(self) -> Sent:
        """What is noted when it is sent."""
        return Sent(self.chat, self.key, self.started_at, len(self.lines))


class Sent(NamedTuple):
    """What is noted of a talk of which something is sent: how many `lines`. `key` is 0 where it is not one talk."""

    chat: str
    key: int
    started_at: str
    lines: int


def letter(n: int) -> str:
    """A, B, … Z, AA, AB …"""
    found = ""
    n += 1
    while n:
        n, rest = divmod(n - 1, 26)
        found = chr(65 + rest) + found
    return found


def one_line(text: str) -> str:
    """A message as one line that nothing in it can break out of."""
    return _CONTROLS.sub("", _BREAKS.sub(" / ", text)).strip()


#: What somebody hid is not asked about; nor what somebody joined or parted, which no ingest would find again.
_CHOSEN = """
SELECT exchanges.id, exchanges.key, chats.name, chats.kind = 'group', exchanges.started_at, exchanges.score,
    exchanges.message_count, exchanges.summarised_by <> 'offline'
FROM exchanges
JOIN chats ON chats.id = exchanges.chat_id
LEFT JOIN exchanges_before ON exchanges_before.id = exchanges.id
WHERE {where} AND exchanges.id < {first_event}
    AND coalesce(exchanges_before.message_count, exchanges.message_count) = exchanges.message_count
ORDER BY exchanges.id
"""


class Chosen(NamedTuple):
    """An exchange without its words. `score` is the offline one unless `is_told` by a model."""

    exchange: int
    key: int
    chat: str
    is_group: bool
    started_at: str
    score: float
    messages: int
    is_told: bool


def choose(
    connection: sqlite3.Connection, *, chat: str | None = None, since: str = "", until: str = ""
) -> list[Chosen]:
    """The exchanges that may be asked about, oldest first: of a chat, from a day to a day, both included."""
    where, given = TalkFilter("all", chat=chat or "", since=since, until=until).where()
    rows = connection.execute(_CHOSEN.format(where=where, first_event=FIRST_EVENT), given)
    return [Chosen(*row) for row in rows]


def talks(
    connection: sqlite3.Connection,
    chosen: Iterable[Chosen],
    without: frozenset[str] = frozenset(),
) -> Iterator[Talk]:
    """The talks of the exchanges in `chosen`; what people in `without` (names) said is left out."""
    names: dict[int, str] = dict(connection.execute("SELECT id, name FROM people"))
    hidden = {message for (message,) in connection.execute(visible.HIDDEN_ALONE)}
    for one in chosen:
        rows = connection.execute(
            """
            SELECT id, sender_id, sent_at, kind, text, is_highlight FROM messages
            WHERE exchange_id = ? AND kind NOT IN ('system', 'deleted') AND sender_id IS NOT NULL
            ORDER BY sent_at, id
            """,
            (one.exchange,),
        ).fetchall()
        yield _talk(one, rows, names, hidden, without)


def _talk(
    one: Chosen, rows: list[tuple[int, int, str, str, str, int]], names: dict[int, str], hidden: set[int],
    without: frozenset[str],
) -> Talk:  # fmt: skip
    letters: dict[int, str] = {}
    digest = blake2b(digest_size=16)
    lines: list[Line] = []
    # Numbers and digest are those of all messages, so that what is hidden later changes neither.
    for number, (message, sender, at, kind, text, is_highlight) in enumerate(rows, 1):
        who = letters.setdefault(sender, letter(len(letters)))
        # Letters, not names: a contact that gets another name is no other talk.
        digest.update(f"{who}\x1f{at[:16]}\x1f{kind}\x1f{text}\x1e".encode("utf-8", "surrogatepass"))
        if message in hidden or names[sender] in without:
            continue
        said = one_line(text)
        shown = " ".join(filter(None, (_SIGNS.get(kind, ""), said)))
        if not shown:
            continue
        if len(shown) > _MOST_LINE:
            shown = shown[:_MOST_LINE] + " …"
        weight = len(shown) + (1000 if is_highlight else 0)
        lines.append(Line(message, number, who, at[11:16], shown, weight))
    people = {who: names[sender] for sender, who in letters.items()}
    thinned = tuple(_thin(lines))
    return Talk(
        one.exchange, one.key, one.chat, bool(one.is_group), one.started_at, one.score, digest.hexdigest(), people,
        thinned,
    )  # fmt: skip


def _thin(lines: list[Line]) -> list[Line]:
    """The lines that say most, in order, where there are too many; their numbers stay."""
    if sum(len(line.text) + 12 for line in lines) <= MOST_CHARACTERS:
        return lines
    kept: list[Line] = []
    room = MOST_CHARACTERS
    for line in sorted(lines, key=lambda line: -line.weight):
        room -= len(line.text) + 12
        if room < 0:
            break
        kept.append(line)
    return sorted(kept, key=lambda line: line.number)
