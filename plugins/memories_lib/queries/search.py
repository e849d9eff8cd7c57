"""Messages that hold words, newest first by time: one search for the page, the API and the command. Pure.

Found is what was written, and what a model saw in a photo or heard in a voice note; nothing that is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from memories_lib.queries.search_filter import EVERYTHING, SearchFilter
from memories_lib.queries.talk_filter import TalkFilter
from memories_lib.shared import folding, visible
from memories_lib.shared.sql import Run

#: order -> (SQL order, which side of a message comes after it)
_ORDERS = {
    "newest": ("messages.sent_at DESC, messages.id DESC", "<"),
    "first": ("messages.sent_at, messages.id", ">"),
    "best": ("messages.sent_at DESC, messages.id DESC", None),
}
ORDERS = tuple(_ORDERS)
#: More hits than that are not put in order of time; the newest messages are looked through instead (milliseconds
#: are about equal there).
_MANY = 20_000
_FIRST_LOOK, _MOST_LOOKED_THROUGH = 500, 60_000
#: So many of the newest with the words are put in order of how well they have them.
_MOST_RANKED = 2_000
_QUOTED = re.compile(r'"([^"]+)"')
#: Ids that are not further apart are asked for at once.
_APART = 64
_NAMED = "JOIN chats ON chats.id = messages.chat_id LEFT JOIN people ON people.id = messages.sender_id"
#: A hidden message is nowhere: nobody learns from a page of hits when it was.
_AT = f"SELECT sent_at, id FROM messages WHERE id = :before AND {visible.MESSAGE_SEEN}"


def find(
    run: Run,
    query: str,
    asked: SearchFilter = EVERYTHING,
    *,
    order: str = "newest",
    most: int = 40,
    before: int | None = None,
) -> tuple[list[int], int]:
    """([ids of messages, in order], how many there are in all) for an FTS5 query.

    `before` is the last message of the page before.
    """
    narrower, given = asked.where()
    among = asked.among(run)
    given = {**given, "query": query, "before": before, "most": most}
    named = _NAMED if narrower else ""
    counted = f"JOIN messages ON messages.id = messages_fts.rowid {named}" if narrower else ""
    # The plus: each that is found is looked for among the few, and not the word among each of them.
    written = "messages_fts MATCH :query" + (f" AND +messages_fts.rowid IN ({among})" if among else "")
    count = f"SELECT count(*) FROM messages_fts {counted} WHERE {written}{narrower}"
    everything = run(count, given).fetchone()[0]
    hidden = _hidden_among(run, written, counted, narrower, given, everything)
    # The words are looked up once for all that was seen, not once for each.
    seen = run(
        f"""
        SELECT DISTINCT messages.id FROM media_fts JOIN media ON media.id = media_fts.rowid
        JOIN messages ON messages.id = media.message_id {named}
        WHERE media_fts MATCH :query AND {visible.MESSAGE_SEEN}{narrower}
            AND +messages.id NOT IN (SELECT f.rowid FROM messages_fts AS f WHERE f.messages_fts MATCH :query)
        """,
        given,
    ).fetchall()
    total = everything - hidden + len(seen)
    if not total:
        return [], 0
    ids = None
    if order in ("newest", "best") and not narrower and everything > _MANY:
        ids = _look_through_the_newest(run, {**given, "most": _MOST_RANKED if order == "best" else most})
        if ids and order == "best":
            ids = _ranked(run, ids, query)[:most]
    if ids is None:
        ids = _in_order(run, written, f"{visible.MESSAGE_SEEN}{narrower}", named, given, order)
    if seen:
        ids = _put_in_order(run, [*ids, *(message for (message,) in seen)], given, order)[:most]
    return ids, total


#: Where so many talks have the words, the best talks are asked whether they have them, one after the other.
_MANY_TALKS = 1_000


def talks_with(run: Run, query: str, asked: SearchFilter = EVERYTHING, *, most: int) -> list[int]:
    """The numbers of talks whose title, summary or topics match, the best first; of those, what `asked` leaves.

    Not by SQLite's `rank`: it counts all that is in the index, and would tell what is in talks that are hidden.
    """
    if asked.kind:
        return []
    count = "SELECT count(*) FROM (SELECT 1 FROM exchanges_fts WHERE exchanges_fts MATCH ? LIMIT ?)"
    is_common = run(count, (query, _MANY_TALKS + 1)).fetchone()[0] > _MANY_TALKS
    narrowed = TalkFilter("all", chat=asked.chat, person=asked.person, since=asked.since, until=asked.until)
    where, given = replace(narrowed.tuned(run), is_walked=is_common).where()
    rows = run(
        f"""
        SELECT exchanges.id FROM exchanges
        WHERE {"+" if is_common else ""}exchanges.id IN (
                SELECT rowid FROM exchanges_fts WHERE exchanges_fts MATCH :query
            ) AND {where}
        ORDER BY exchanges.score DESC, exchanges.id DESC LIMIT :most
        """,
        {**given, "query": query, "most": most},
    )
    return [number for (number,) in rows]


def _hidden_among(
    run: Run, written: str, counted: str, narrower: str, given: Mapping[str, Any], everything: int
) -> int:
    """How many of the messages found are hidden.

    All hidden ones are fetched, found or not: how long a search takes tells nobody whether a word is
    in what is hidden.
    """
    hidden = {message for (message,) in run(visible.HIDDEN_MESSAGES)}
    if everything > _MANY:
        count = f"SELECT count(*) FROM messages_fts {counted} WHERE {written}{narrower}"
        return int(run(f"{count} AND +messages_fts.rowid IN ({visible.HIDDEN_MESSAGES})", given).fetchone()[0])
    found = run(f"SELECT messages_fts.rowid FROM messages_fts {counted} WHERE {written}{narrower}", given)
    return sum(message in hidden for (message,) in found)


def _after(order: str) -> str:
    side = _ORDERS[order][1]
    return f" AND (messages.sent_at, messages.id) {side} ({_AT})" if side else ""


def _in_order(run: Run, written: str, visible: str, named: str, given: Mapping[str, Any], order: str) -> list[int]:
    """All that was written with the words, put in order."""
    most = _MOST_RANKED if order == "best" else given["most"]
    after = _after(order) if given["before"] is not None else ""
    found = [
        message
        for (message,) in run(
            f"""
            SELECT messages.id FROM messages_fts CROSS JOIN messages ON messages.id = messages_fts.rowid {named}
            WHERE {written} AND {visible}{after} ORDER BY {_ORDERS[order][0]} LIMIT :most
            """,
            {**given, "most": most},
        )
    ]
    return _ranked(run, found, given["query"])[: given["most"]] if order == "best" else found


def _ranked(run: Run, ids: list[int], query: str) -> list[int]:
    """Messages by how many of a question's words they have, how often, and how much of them that is; else as they are.

    Not by SQLite's `rank`: it counts all that is in the index, and would tell what is in messages that are hidden.
    """
    words = [folding.plain(" ".join(word.split())) for word in _QUOTED.findall(query)]
    rows = run(f"SELECT id, substr(text, 1, 2000) FROM messages WHERE id IN ({', '.join(map(str, ids))})")
    texts: dict[int, str] = dict(map(tuple, rows))

    def value(number: int) -> float:
        text = folding.plain(" ".join(folding.fold(texts[number]).split()))
        counts = [text.count(word) for word in words]
        return sum(map(bool, counts)) + sum(min(n, 3) for n in counts) / (3 + len(text) / 40)

    return sorted(ids, key=value, reverse=True)


def _look_through_the_newest(run: Run, given: Mapping[str, Any]) -> list[int] | None:
    """The newest with the words, from the newest messages back; None when there are too few among those."""
    found: list[int] = []
    # Where one goes on: at a message that may be seen, or further on at any, by what it is and not by its number.
    place = ("~", 0) if given["before"] is None else run(_AT, given).fetchone()
    looked, size = 0, _FIRST_LOOK
    while place and len(found) < given["most"] and looked < _MOST_LOOKED_THROUGH:
        at, number = place
        newest = run(
            """
            SELECT messages.id, messages.sent_at FROM messages INDEXED BY messages_by_sent_at
            WHERE (messages.sent_at, messages.id) < (:at, :number)
            ORDER BY messages.sent_at DESC, messages.id DESC LIMIT :size
            """,
            {"at": at, "number": number, "size": size},
        ).fetchall()
        if not newest:
            return found
        held = _held_by(run, given["query"], [message for message, _ in newest])
        found += [message for message, _ in newest if message in held]
        *_, (number, at) = newest
        place, looked, size = (at, number), looked + len(newest), 2 * size
    return found[: given["most"]] if len(found) >= given["most"] else None


def _held_by(run: Run, query: str, ids: Iterable[int]) -> set[int]:
    """Which of these messages hold the words, and may be seen."""
    wanted = sorted(ids)
    starts = [wanted[0], *(b for a, b in pairwise(wanted) if b - a > _APART)]
    ends = [*(a for a, b in pairwise(wanted) if b - a > _APART), wanted[-1]]
    held: set[int] = set()
    for low, high in zip(starts, ends, strict=True):
        held.update(
            message
            for (message,) in run(
                f"""
                SELECT rowid FROM messages_fts WHERE messages_fts MATCH :query AND rowid BETWEEN :low AND :high
                    AND rowid NOT IN ({visible.HIDDEN_MESSAGES})
                """,
                {"query": query, "low": low, "high": high},
            )
        )
    return held


def _put_in_order(run: Run, ids: list[int], given: Mapping[str, Any], order: str) -> list[int]:
    """What was written and what was seen, together; among the best, what was written comes first."""
    if order == "best":
        return ids
    after = _after(order) if given["before"] is not None else ""
    marks = ", ".join(map(str, ids))
    rows = run(
        f"SELECT messages.id FROM messages WHERE messages.id IN ({marks}){after} ORDER BY {_ORDERS[order][0]}",
        {"before": given["before"]},
    )
    return [message for (message,) in rows]
