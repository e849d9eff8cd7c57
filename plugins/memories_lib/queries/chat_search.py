"""Words inside one chat: the message that is looked at, its place among all that have them, the ones beside it."""

from __future__ import annotations

from dataclasses import dataclass

from memories_lib.queries import search
from memories_lib.queries.search_filter import SearchFilter
from memories_lib.shared.fts_query import fts_query
from memories_lib.shared.sql import Run

#: So many hits are fetched with their neighbours at once; others are found one by one.
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Hit:
    """A message with the words, and its talk."""

    message: int
    exchange: int


@dataclass(frozen=True, slots=True)
class FoundInChat:
    """`place` counts from 1 at the newest, None where it is not known; `older` and `newer` are None at the ends."""

    words: str
    total: int = 0
    place: int | None = None
    hit: Hit | None = None
    older: Hit | None = None
    newer: Hit | None = None


def find_in_chat(run: Run, chat: int, words: str, at: int | None = None) -> FoundInChat:
    """What of a chat has the words, looked at from message `at`; from the newest that has them without one."""
    query = fts_query(words)
    if not query:
        return FoundInChat(words)

    def find(order: str, before: int | None, most: int) -> tuple[list[int], int]:
        return search.find(run, query, SearchFilter(chat_id=chat), order=order, most=most, before=before)

    ids, total = find("newest", None, _AT_ONCE)
    if not ids:
        return FoundInChat(words)
    if at is None or at in ids:
        place = ids.index(at) if at is not None else 0
        older, newer = ids[place + 1 : place + 2], ids[place - 1 : place] if place else []
        if not older and total > len(ids):
            older, _ = find("newest", ids[place], 1)
        shown: int | None = place + 1
    else:
        # It is further back, or does not have the words: what is nearest on both sides.
        (older, _), (newer, _), shown = find("newest", at, 1), find("first", at, 1), None
    hits = _hits(run, [ids[shown - 1]] if shown else [at] if at else [], older, newer)
    return FoundInChat(words, total, shown, *hits)


def _hits(run: Run, *found: list[int]) -> list[Hit | None]:
    """The first of each list, None for an empty one or what is gone."""
    firsts = [next(iter(one), None) for one in found]
    ids = [message for message in firsts if message is not None]
    rows = run(f"SELECT id, exchange_id FROM messages WHERE id IN ({', '.join('?' * len(ids))})", ids).fetchall()
    talks = {row["id"]: row["exchange_id"] for row in rows}
    return [Hit(message, talks[message]) if message is not None and message in talks else None for message in firsts]
