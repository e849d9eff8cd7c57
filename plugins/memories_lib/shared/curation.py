"""What people's edits come to on an archive. Pure; loaded by both sides.

The events of `edit_log.py` are played onto `exchange_marks`, `hidden_messages`, `merged_exchanges` and the rows of the
archive itself; what an edit changes in a row is kept in the tables named ``..._before``, so that `revert` gives back
exactly what ingest wrote. An event whose subject is gone is counted, never dropped.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from memories_lib.shared import edit_actions, forgotten, memories_left, naming_edits, recount, told_before
from memories_lib.shared.contract import FIRST_EVENT
from memories_lib.shared.edit_details import is_whole
from memories_lib.shared.edit_event import Event
from memories_lib.shared.edited_archive import EditedArchive
from memories_lib.shared.names_now import person_key
from memories_lib.shared.sql import Fold, has_table


def can_be_curated(archive: sqlite3.Connection) -> bool:
    """Whether the archive has the tables for it."""
    return has_table(archive.execute, "exchanges_before")


def state(archive: sqlite3.Connection) -> str:
    """The digest of the log that the archive shows; "" when it shows no edits."""
    row = archive.execute("SELECT digest FROM curation_state").fetchone()
    return row[0] if row else ""


def set_state(archive: sqlite3.Connection, digest: str) -> None:
    """Note which log the archive shows."""
    archive.execute("DELETE FROM curation_state")
    if digest:
        archive.execute("INSERT INTO curation_state (digest) VALUES (?)", (digest,))


def replay(archive: sqlite3.Connection, events: Iterable[Event], digest: str, fold: Fold) -> list[Event]:
    """Make the archive show these (effective) events; returns those whose subject is not in it.

    `fold` is how the search index writes words. The caller has a transaction open.
    """
    revert(archive, fold)
    db = EditedArchive(archive, fold)
    events = list(events)
    db.look_elsewhere(events)
    db.is_counting = False  # once, at the end, instead of with each event
    lost = []
    for event in events:
        # Of many messages of one talk, the talk is told again once.
        if _is_of_a_message(event):
            db.wait()
        else:
            db.tell_waiting()
        if not _apply(db, event):
            lost.append(event)
    db.tell_waiting()
    forgotten.hide_what_is_left(db, events)
    told_before.silence(archive)
    memories_left.put_in_place(db)
    if recount.is_kept(db.run):
        recount.take_out(archive)
    set_state(archive, digest)
    return lost


def apply(archive: sqlite3.Connection, event: Event, fold: Fold) -> bool:
    """Do what one event says; False when its subject is not in this archive, or when it says nothing whole."""
    db = EditedArchive(archive, fold)
    db.look_elsewhere([event])
    memories_left.take_back(db)
    is_done = _apply(db, event)
    memories_left.put_in_place(db)
    return is_done


def apply_together(archive: sqlite3.Connection, events: Sequence[Event], fold: Fold) -> list[bool]:
    """The same for many events that hide messages, or bring them back: each talk is told again once."""
    db = EditedArchive(archive, fold)
    db.look_elsewhere(events)
    exchanges = {number for event in events if (number := db.exchange(event)) is not None}
    memories_left.take_back(db)
    with db.at_once(exchanges):
        done = [_is_of_a_message(event) and _apply(db, event) for event in events]
    memories_left.put_in_place(db)
    return done


def _is_of_a_message(event: Event) -> bool:
    return event.subject_kind == "message" and event.action in ("hide", "restore")


def _apply(db: EditedArchive, event: Event) -> bool:
    if event.action not in edit_actions.ACTIONS or not is_whole(event):
        return False
    return edit_actions.ACTIONS[event.action](db, event)


def revert(archive: sqlite3.Connection, fold: Fold) -> None:
    """Give back what ingest wrote, as if nobody had edited anything."""
    if state(archive) or not told_before.is_noted(archive):
        told_before.note_what_is_hidden(archive)
    db = EditedArchive(archive, fold)
    if recount.is_kept(db.run):
        recount.put_back(archive)
    changed = [exchange for (exchange,) in archive.execute("SELECT id FROM exchanges_before")]
    made = [exchange for (exchange,) in archive.execute("SELECT id FROM exchanges WHERE id >= ?", (FIRST_EVENT,))]
    db.unindex(changed + made)
    for table in ("exchange_marks", "hidden_messages", "merged_exchanges"):
        archive.execute(f"DELETE FROM {table}")
    archive.execute("INSERT OR REPLACE INTO exchanges SELECT * FROM exchanges_before")
    archive.execute(
        """
        UPDATE messages SET exchange_id = messages_before.exchange_id, is_highlight = messages_before.is_highlight
        FROM messages_before WHERE messages.id = messages_before.message_id
        """
    )
    db.place_places(changed + made)
    archive.executemany("DELETE FROM exchanges WHERE id = ?", [(exchange,) for exchange in made])
    db.index(changed)
    naming_edits.revert(db)
    for table in ("exchanges_before", "messages_before"):
        archive.execute(f"DELETE FROM {table}")
    archive.execute("DELETE FROM curation_state")
    if recount.is_kept(db.run):
        recount.measure_chats(archive)


def not_shown(archive: sqlite3.Connection, events: Iterable[Event], fold: Fold) -> list[Event]:
    """The (effective) events that hide something that is in the archive, and may be seen all the same."""
    last = {}
    for event in events:
        if event.action in ("hide", "restore"):
            last[event.subject_kind, event.subject_key] = event
    db = EditedArchive(archive, fold)
    db.look_elsewhere(last.values())
    return [event for event in last.values() if event.action == "hide" and is_whole(event) and db.shows(event)]


def waiting(archive: sqlite3.Connection, events: Iterable[Event], fold: Fold) -> list[Event]:
    """The (effective) events that are about a talk or a message which is not in the archive."""
    db = EditedArchive(archive, fold)
    about = [e for e in events if e.subject_kind in ("exchange", "message") and is_whole(e)]
    db.look_elsewhere(about)
    return [e for e in about if db.message(e, e.subject_key, e.detail.get("at", "")) is None and db.exchange(e) is None]


ACTIONS = frozenset(edit_actions.ACTIONS)

__all__ = [
    "ACTIONS", "apply", "apply_together", "can_be_curated", "is_whole", "not_shown", "person_key", "replay", "revert",
    "set_state", "state", "waiting",
]  # fmt: skip
