"""What each action of an edit does to an archive. Pure; `ACTIONS` names them, `curation.py` plays them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import NamedTuple

from memories_lib.shared import naming_edits, visible
from memories_lib.shared.contract import FIRST_EVENT
from memories_lib.shared.edit_event import Event
from memories_lib.shared.edited_archive import EditedArchive
from memories_lib.shared.names_now import RETITLED

#: Whether a talk is a memory without its star: as it was told, as one of those it was put together from was, as that
#: was which it was parted from.
_AS_BEFORE_THE_STAR = f"""
UPDATE exchanges SET is_memory = coalesce((
    SELECT max(is_memory) FROM exchanges_before WHERE id = :id
        OR id IN (SELECT id FROM merged_exchanges WHERE exchange_id = :id)
        OR (:id >= {FIRST_EVENT} AND id IN (
            SELECT before.exchange_id FROM messages JOIN messages_before AS before ON before.message_id = messages.id
            WHERE messages.exchange_id = :id
        ))
), is_memory) WHERE id = :id
"""


def _marking(column: str, value: int) -> Callable[[EditedArchive, Event], bool]:
    def act(db: EditedArchive, event: Event) -> bool:
        if event.subject_kind == "message":
            return _hide_message(db, event, value)
        if column == "is_hidden":
            return _hide(db, event, value)
        exchange = db.exchange(event)
        if exchange is None:
            return False
        db.mark(exchange, column, value)
        if column == "is_starred" and value:
            # What somebody starred is a memory, whatever its score.
            db.keep(exchange)
            db.run("UPDATE exchanges SET is_memory = 1 WHERE id = ?", (exchange,))
        elif column == "is_starred":
            db.run(_AS_BEFORE_THE_STAR, {"id": exchange})
        return True

    return act


def _hide(db: EditedArchive, event: Event, value: int) -> bool:
    """A talk, and whatever it was put together from: what was hidden as one stays so when it is parted again."""
    named = [(event.subject_key, event.detail["at"])]
    named += [(part["key"], part["at"]) for part in event.detail.get("parts", ())]
    found = {one for key, at in named for one in db.exchanges(event, key, at)} or db.exchanges_about(event)
    for exchange in sorted(found):
        with db.counted([exchange]):
            db.mark(exchange, "is_hidden", value)
            db.hide_if_empty(exchange)
        db.mark(exchange, "hidden_at", event.at if value else None)
        # Alone it is told as before; what was parted from it may be hidden still.
        if (relatives := db.relatives(exchange)) != {exchange}:
            db.tell_again(relatives)
    # A talk comes back with its messages where it was they that were hidden, each for itself.
    for one in event.detail.get("messages", ()):
        hide_messages(db, db.messages(event, one["key"], one["at"]), value)
    return bool(found)


def _hide_message(db: EditedArchive, event: Event, value: int) -> bool:
    messages = db.messages(event, event.subject_key, event.detail.get("at", "")) or db.messages_at(event)
    hide_messages(db, messages, value)
    return bool(messages)


def hide_messages(db: EditedArchive, messages: Iterable[int], value: int) -> None:
    """Hide messages, or with 0 show them again, and tell their talks without them."""
    for message in messages:
        exchange = db.run("SELECT exchange_id FROM messages WHERE id = ?", (message,)).fetchone()[0]
        with db.counted([exchange]):
            if value:
                db.run("INSERT OR IGNORE INTO hidden_messages (message_id) VALUES (?)", (message,))
            else:
                db.run("DELETE FROM hidden_messages WHERE message_id = ?", (message,))
            db.hide_if_empty(exchange)
        db.tell_again(db.relatives(exchange))


class _Part(NamedTuple):
    """An exchange that others are merged with; `topics` is a list as JSON."""

    started_at: str
    title: str
    summary: str
    topics: str
    score: float
    is_memory: int
    version: str | None


def _merge(db: EditedArchive, event: Event) -> bool:
    found = [db.exchange(event, e["key"], e["at"]) for e in event.detail["exchanges"]]
    ids = sorted({exchange for exchange in found if exchange is not None})
    if len(ids) < 2:
        return False
    with db.counted(ids):
        _put_together(db, ids)
    return True


def _put_together(db: EditedArchive, ids: list[int]) -> None:
    """Several exchanges, in the order of their ids, become the first of them."""
    target, others = ids[0], ids[1:]
    for exchange in ids:
        db.keep(exchange)
    db.unindex(ids)
    told = "SELECT started_at, title, summary, topics, score, is_memory, prompt_version FROM exchanges WHERE id = ?"
    hidden = _keep_hidden(db, ids)
    # What is hidden gives the rest neither words nor a star, nor a note.
    parts = [_Part(*db.run(told, (exchange,)).fetchone()) for exchange in ids if exchange not in hidden]
    if target in hidden:
        db.mark(target, "is_starred", 0)
        db.mark(target, "note", None)
        first = min(parts)
        db.run("UPDATE exchanges SET title = ?, prompt_version = ? WHERE id = ?", (first.title, first.version, target))
    for exchange in others:
        db.keep_messages(exchange)
        db.run("UPDATE messages SET exchange_id = ? WHERE exchange_id = ?", (target, exchange))
        db.run("UPDATE merged_exchanges SET exchange_id = ? WHERE exchange_id = ?", (target, exchange))
        db.run("INSERT OR REPLACE INTO merged_exchanges (id, exchange_id) VALUES (?, ?)", (exchange, target))
        mark = db.run("SELECT is_starred, note FROM exchange_marks WHERE exchange_id = ?", (exchange,)).fetchone()
        if mark and exchange not in hidden:
            mine = db.run("SELECT is_starred, note FROM exchange_marks WHERE exchange_id = ?", (target,)).fetchone()
            (is_starred, note), (was_starred, noted) = mark, mine or (0, None)
            db.mark(target, "is_starred", max(is_starred, was_starred))
            db.mark(target, "note", "\n".join(filter(None, (noted, note))))
        db.run("DELETE FROM exchange_marks WHERE exchange_id = ?", (exchange,))
        db.place_places([exchange])
        db.run("DELETE FROM exchanges WHERE id = ?", (exchange,))
    parts.sort()
    topics = dict.fromkeys(topic for part in parts for topic in json.loads(part.topics or "[]"))
    db.run(
        "UPDATE exchanges SET summary = ?, topics = ?, score = ?, is_memory = ? WHERE id = ?",
        (
            "\n".join(part.summary for part in parts if part.summary),
            json.dumps(list(topics)[:5], ensure_ascii=False),
            max(part.score for part in parts), max(part.is_memory for part in parts), target,
        ),
    )  # fmt: skip
    db.measure(target)
    db.index([target])
    db.hide_if_empty(target)
    db.tell_again_if_hidden(target)


def _keep_hidden(db: EditedArchive, exchanges: list[int]) -> set[int]:
    """What was hidden stays so when it is put together with what was not: message by message.

    Returns those that were hidden, unless all were.
    """
    marks = ", ".join("?" * len(exchanges))
    hidden = db.run(f"{visible.HIDDEN_EXCHANGES} AND exchange_id IN ({marks})", exchanges).fetchall()
    if len(hidden) == len(exchanges):
        return set()
    for (exchange,) in hidden:
        db.run("INSERT OR IGNORE INTO hidden_messages SELECT id FROM messages WHERE exchange_id = ?", (exchange,))
        db.mark(exchange, "is_hidden", 0)
    return {exchange for (exchange,) in hidden}


def _split(db: EditedArchive, event: Event) -> bool:
    message = db.message(event, event.detail["message"], event.detail["at_message"])
    if message is None:
        return False
    exchange, at = db.run("SELECT exchange_id, sent_at FROM messages WHERE id = ?", (message,)).fetchone()
    later = "exchange_id = :exchange AND (sent_at, id) >= (:at, :message)"
    given = {"exchange": exchange, "at": at, "message": message, "new": event.id, "retitled": RETITLED}
    staying = db.run(f"SELECT count(*) FROM messages WHERE exchange_id = :exchange AND NOT ({later})", given).fetchone()
    if not staying[0]:
        return True  # it is parted there already
    db.keep(exchange)
    db.keep_messages(exchange)
    db.unindex([exchange])
    db.run(
        """
        INSERT INTO exchanges (id, key, chat_id, started_at, ended_at, title, summary, language, mood, topics, score,
            is_memory, summarised_by, summarised_at, prompt_version)
        -- The part's title is what was said first in it, also where a person gave the whole another one.
        SELECT :new, key, chat_id, started_at, ended_at, '', '', language, mood, '[]', score, is_memory,
            summarised_by, summarised_at, nullif(prompt_version, :retitled)
        FROM exchanges WHERE id = :exchange
        """,
        given,
    )
    db.run(f"UPDATE messages SET exchange_id = :new WHERE {later}", given)
    db.run(
        """
        INSERT INTO exchange_marks (exchange_id, is_hidden, hidden_at)
        SELECT :new, is_hidden, hidden_at FROM exchange_marks WHERE exchange_id = :exchange AND is_hidden
        """,
        given,
    )
    db.run("UPDATE exchanges SET title = ? WHERE id = ?", (db.first_line(event.id), event.id))
    for part in (exchange, event.id):
        db.measure(part)
        db.hide_if_empty(part)
    db.index([exchange, event.id])
    db.place_places([exchange, event.id])
    db.tell_again_if_hidden(exchange)
    db.tell_again_if_hidden(event.id)
    return True


def _retitle(db: EditedArchive, event: Event) -> bool:
    exchange = db.exchange(event)
    if exchange is None:
        return False
    db.keep(exchange)
    db.unindex([exchange])
    db.run(
        "UPDATE exchanges SET title = ?, prompt_version = ? WHERE id = ?", (event.detail["title"], RETITLED, exchange)
    )
    db.index([exchange])
    return True


def _note(db: EditedArchive, event: Event) -> bool:
    exchange = db.exchange(event)
    if exchange is None:
        return False
    db.mark(exchange, "note", event.detail["note"])
    return True


def _highlight(db: EditedArchive, event: Event) -> bool:
    message = db.message(event, event.subject_key, event.detail.get("at", ""))
    if message is None:
        return False
    db.run(
        "INSERT OR IGNORE INTO messages_before SELECT id, exchange_id, is_highlight FROM messages WHERE id = ?",
        (message,),
    )
    db.run("UPDATE messages SET is_highlight = ? WHERE id = ?", (1 if event.detail.get("on", True) else 0, message))
    return True


def _naming(function: Callable[[EditedArchive, Event], bool]) -> Callable[[EditedArchive, Event], bool]:
    """People and chats are named and joined while everything is counted: what they had is kept as ingest counted it."""

    def act(db: EditedArchive, event: Event) -> bool:
        with db.counted():
            return function(db, event)

    return act


def _by_the_command(_db: EditedArchive, _event: Event) -> bool:
    """Done by the command itself, on the messages; ingest looks at the event when it reads."""
    return True


ACTIONS: dict[str, Callable[[EditedArchive, Event], bool]] = {
    "hide": _marking("is_hidden", 1),
    "restore": _marking("is_hidden", 0),
    "star": _marking("is_starred", 1),
    "unstar": _marking("is_starred", 0),
    "merge": _merge,
    "split": _split,
    "retitle": _retitle,
    "note": _note,
    "highlight": _highlight,
    "rename_person": _naming(naming_edits.rename_person),
    "join_people": _naming(naming_edits.join_people),
    "rename_chat": _naming(naming_edits.rename_chat),
    "me": _naming(naming_edits.me),
    "forget": _by_the_command,
    "join_chats": _by_the_command,
    "part_source": _by_the_command,
    "read_as": _by_the_command,
}
