"""What was forgotten for good and is in an archive all the same is hidden in it, whole. Pure.

The command `memories forget` takes rows out of an archive, and the edits that speak of them out of its
log. A log that comes to another archive (``pull``, the first step of ``push``) brings the word and not the deed: what
those edits hid would be seen there until the archive follows.
"""

from __future__ import annotations

from collections.abc import Iterable

from memories_lib.shared.edit_actions import hide_messages
from memories_lib.shared.edit_event import Event
from memories_lib.shared.edited_archive import EditedArchive
from memories_lib.shared.names_now import person_key

#: Digits of an export's digest that are its key (`source_key` of ingest).
_DIGITS = 13
_PEOPLE = """
SELECT people.id, coalesce(people_before.name, people.name) FROM people
LEFT JOIN people_before ON people_before.person_id = people.id
"""


def hide_what_is_left(db: EditedArchive, events: Iterable[Event]) -> None:
    """Hide what the (effective) events say was forgotten; nothing where it is gone, as it is where it was forgotten."""
    keys: dict[str, set[int]] = {"chat": set(), "person": set(), "source": set()}
    for event in events:
        if event.action == "forget" and event.subject_kind in keys:
            keys[event.subject_kind].add(event.subject_key)
    if keys["chat"]:
        _hide_chats(db, keys["chat"])
    messages = _of_people(db, keys["person"]) if keys["person"] else []
    messages += _of_sources(db, keys["source"]) if keys["source"] else []
    if messages:
        db.wait()
        hide_messages(db, messages, 1)
        db.tell_waiting()


def _hide_chats(db: EditedArchive, keys: set[int]) -> None:
    for chat, key in db.run("SELECT id, key FROM chats").fetchall():
        if key in keys:
            for (exchange,) in db.run("SELECT id FROM exchanges WHERE chat_id = ?", (chat,)).fetchall():
                # Without a time: no period that was told, whenever it was, may speak of it.
                db.mark(exchange, "is_hidden", 1)
                db.mark(exchange, "hidden_at", None)


def _of_people(db: EditedArchive, keys: set[int]) -> list[int]:
    """What people wrote, who are known by the names that ingest gave them, and the notices that name them."""
    found: list[int] = []
    for person, name in db.run(_PEOPLE).fetchall():
        if person_key(name) in keys:
            theirs = "SELECT id FROM messages WHERE sender_id = ? OR (sender_id IS NULL AND instr(text, ?))"
            found += [message for (message,) in db.run(theirs, (person, name)).fetchall()]
    return found


def _of_sources(db: EditedArchive, keys: set[int]) -> list[int]:
    """What came first with an export, also where another one has it: what stays is for who forgot it to say."""
    found: list[int] = []
    for source, sha256 in db.run("SELECT id, sha256 FROM sources").fetchall():
        if int(sha256[:_DIGITS], 16) in keys:
            theirs = db.run("SELECT id FROM messages WHERE source_id = ?", (source,)).fetchall()
            found += [message for (message,) in theirs]
    return found
