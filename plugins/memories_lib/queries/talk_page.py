"""One talk as a page shows it: its messages, or a part of them, and what is before and after it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Sequence
from typing import NamedTuple, TypedDict

from memories_lib.queries import selects
from memories_lib.shared import visible
from memories_lib.shared.sql import Row, Run

#: Messages of a talk on a page. Talks that are longer were put together by somebody.
PART = 1_000


class TalkPage(TypedDict):
    """An exchange as it is shown. `head`: its row with `chat`, `chat_kind`, `is_starred`, `is_hidden`, `note`,
    `before_id`, `after_id`; `messages`: rows of `_TALK`; `links`: message -> rows of its links; `voices`: who speaks;
    `colours`: person -> one of eight, no two alike among the first eight of a chat; `said_on`: see `_said_on`. `count`:
    of all its messages; `earlier` and `later`: the first messages of the parts before and after this one.
    """

    head: Row
    topics: list[str]
    messages: list[Row]
    links: dict[int, list[Row]]
    voices: list[str]
    owner: str
    colours: dict[int, int]
    next_memory: Row | None
    said_on: set[int]
    count: int
    earlier: int | None
    later: int | None


#: Of a message, so many letters are on a page; fewer where a talk has more than so many in all, and never fewer than
#: the last. The rest is a click away (`text_of`).
_LETTERS, _LETTERS_OF_TALK, _FEWEST_LETTERS = 8_000, 400_000, 400
_TALK = f"""
SELECT messages.id, messages.sent_at, messages.kind, substr(messages.text, 1, :letters) AS text,
    length(messages.text) > :letters AS is_cut, messages.is_edited, messages.is_highlight,
    messages.sender_id, people.name AS sender, people.is_owner,
    media.filename, media.mimetype, media.sha256, media.thumbnail, media.duration_s, media.width, media.height,
    media.bytes, media.is_missing, media.caption, media.transcript, media.description, media.told_by,
    places.name AS place, places.latitude, places.longitude, places.url AS place_url
FROM messages
LEFT JOIN people ON people.id = messages.sender_id
LEFT JOIN media ON media.message_id = messages.id
LEFT JOIN places ON places.message_id = messages.id
WHERE messages.id IN ({{ids}}) AND {visible.MESSAGE_ITSELF} {selects.IN_ORDER}
"""


def text_of(run: Run, message: int) -> str | None:
    """All that a message says; None where there is none, or it is hidden."""
    row = run(f"SELECT text FROM messages WHERE id = ? AND {visible.MESSAGE_SEEN}", (message,)).fetchone()
    return row["text"] if row else None


class _Part(NamedTuple):
    """What of a talk is on a page: the ids of its messages, how many letters of each, and what is beside it."""

    ids: list[int]
    letters: int
    messages: int
    earlier: int | None
    later: int | None


def _part(run: Run, exchange: int, around: int | None, only: Collection[int] | None, *, is_last: bool) -> _Part:
    """The part that holds the message `around`; without one the first, or the last. `only`: of these messages alone."""
    sizes = run(
        f"""
        SELECT id, length(text) AS letters FROM messages
        WHERE exchange_id = ? AND {visible.MESSAGE_ITSELF} {selects.IN_ORDER}
        """,
        (exchange,),
    ).fetchall()
    sizes = [row for row in sizes if only is None or row["id"] in only]
    ids = [row["id"] for row in sizes]
    at = ids.index(around) if around in ids else len(ids) - 1 if is_last else 0
    start = max(0, at) // PART * PART
    shown = sizes[start : start + PART]
    letters = sum(row["letters"] or 0 for row in shown)
    each = _LETTERS
    if letters > _LETTERS_OF_TALK:
        each = max(_FEWEST_LETTERS, min(_LETTERS, _LETTERS_OF_TALK // len(shown)))
    earlier = ids[start - PART] if start else None
    later = ids[start + PART] if start + PART < len(ids) else None
    return _Part([row["id"] for row in shown], each, len(ids), earlier, later)


def talk(
    run: Run,
    exchange: int,
    *,
    hidden: bool = False,
    around: int | None = None,
    is_last: bool = False,
    only: Collection[int] | None = None,
) -> TalkPage | None:
    """An exchange, its messages and its neighbours; None when there is none, or it is hidden and not asked for.

    Of one that is very long, the part that holds the message `around`; without one the first, or the last. `only` are
    the numbers of messages that the talk consists of for whoever asks; its head is that of the whole.

    Messages that are too long for a page are cut and say so (`is_cut`).
    """
    head = run(
        f"""
        SELECT exchanges.*, chats.name AS chat, chats.kind AS chat_kind, coalesce(is_starred, 0) AS is_starred,
            coalesce(is_hidden, 0) > 0 AS is_hidden, note,
            (
                SELECT other.id FROM exchanges AS other LEFT JOIN exchange_marks AS mark ON mark.exchange_id = other.id
                WHERE other.chat_id = exchanges.chat_id AND other.started_at <= exchanges.started_at
                    AND (other.started_at, other.id) < (exchanges.started_at, exchanges.id)
                    AND {visible.exchange_marked_seen("mark")} ORDER BY other.started_at DESC, other.id DESC LIMIT 1
            ) AS before_id,
            (
                SELECT other.id FROM exchanges AS other LEFT JOIN exchange_marks AS mark ON mark.exchange_id = other.id
                WHERE other.chat_id = exchanges.chat_id AND other.started_at >= exchanges.started_at
                    AND (other.started_at, other.id) > (exchanges.started_at, exchanges.id)
                    AND {visible.exchange_marked_seen("mark")} ORDER BY other.started_at, other.id LIMIT 1
            ) AS after_id
        FROM exchanges JOIN chats ON chats.id = exchanges.chat_id
        LEFT JOIN exchange_marks ON exchange_marks.exchange_id = exchanges.id
        WHERE exchanges.id = :exchange AND ({visible.MARKED_SEEN} OR :hidden)
        """,
        {"exchange": exchange, "hidden": hidden},
    ).fetchone()
    if head is None:
        return None
    part = _part(run, exchange, around, only, is_last=is_last)
    ids = ", ".join(map(str, part.ids))
    messages = run(_TALK.format(ids=ids), {"letters": part.letters}).fetchall()
    links: dict[int, list[Row]] = {}
    for row in run(
        f"SELECT message_id, url, domain FROM links WHERE message_id IN ({ids}) ORDER BY id",
    ):
        links.setdefault(row["message_id"], []).append(row)
    voices = dict.fromkeys(m["sender"] for m in messages if m["sender"])
    owner = next((m["sender"] for m in messages if m["is_owner"]), "")
    return {
        "head": head, "topics": json.loads(head["topics"] or "[]"), "messages": messages, "links": links,
        "voices": list(voices), "owner": owner, "colours": _colours(run, head["chat_id"]),
        "next_memory": _next_memory(run, head), "said_on": _said_on(messages),
        "count": part.messages, "earlier": part.earlier, "later": part.later,
    }  # fmt: skip


def _said_on(messages: Sequence[Row]) -> set[int]:
    """Those after which the same person goes on in the same minute: their time is told once, with the last one."""
    return {
        m["id"]
        for m, after in itertools.pairwise(messages)
        if m["sender_id"] == after["sender_id"] and m["sent_at"][:16] == after["sent_at"][:16] and not m["is_edited"]
    }


def _colours(run: Run, chat: int) -> dict[int, int]:
    rows = run("SELECT DISTINCT person_id FROM person_months WHERE chat_id = ? ORDER BY person_id", (chat,))
    return {row["person_id"]: place % 8 for place, row in enumerate(rows)}


def _next_memory(run: Run, head: Row) -> Row | None:
    return run(
        f"""
        SELECT exchanges.id, title, started_at FROM exchanges
        LEFT JOIN exchange_marks ON exchange_marks.exchange_id = exchanges.id
        WHERE chat_id = ? AND started_at > ? AND is_memory AND {visible.MARKED_SEEN} ORDER BY started_at LIMIT 1
        """,
        (head["chat_id"], head["started_at"]),
    ).fetchone()
