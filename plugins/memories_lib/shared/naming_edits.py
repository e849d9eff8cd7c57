"""Edits of what people and chats are called, of who is one person, and of who is "me". Pure; both sides load it.

A name is changed wherever it was told: in titles, summaries and periods, and in the search. What people wrote stays.
Rows as they were are kept in the tables named ``..._before``; `revert` gives them back.
"""

from __future__ import annotations

from memories_lib.shared import derived_words
from memories_lib.shared.counters import COLUMNS
from memories_lib.shared.edit_event import Event
from memories_lib.shared.edited_archive import EditedArchive
from memories_lib.shared.names_now import RETITLED
from memories_lib.shared.sql import has_table


def rename_person(db: EditedArchive, event: Event) -> bool:
    """``{"was": the name that ingest gave, "name": …}``"""
    person, name = _person(db, event.detail["was"]), event.detail["name"]
    if person is None or db.run("SELECT 1 FROM people WHERE name = ? AND id <> ?", (name, person)).fetchone():
        return False
    _keep_person(db, person)
    (now,) = db.run("SELECT name FROM people WHERE id = ?", (person,)).fetchone()
    db.run("UPDATE people SET name = ? WHERE id = ?", (name, person))
    _tell(db, now, name)
    if has_table(db.run, "chats_before"):
        for (chat,) in db.run("SELECT id FROM chats WHERE kind = 'direct' AND name = ?", (now,)).fetchall():
            _name_chat(db, chat, name)
    return True


def join_people(db: EditedArchive, event: Event) -> bool:
    """``{"was": who stays, "also": [who is the same person]}``, by the names that ingest gave."""
    if not has_table(db.run, "senders_before"):
        return False
    person = _person(db, event.detail["was"])
    others = [_person(db, name) for name in event.detail["also"]]
    found = [other for other in dict.fromkeys(others) if other not in (None, person)]
    if person is None or not found:
        return False
    _keep_counts(db, person)
    (name,) = db.run("SELECT name FROM people WHERE id = ?", (person,)).fetchone()
    for other in found:
        _join(db, person, other, name)
    return True


def me(db: EditedArchive, event: Event) -> bool:
    """``{"was": the name that ingest gave, "on": whether it is the owner}``"""
    person = _person(db, event.detail["was"])
    if person is None or not has_table(db.run, "senders_before"):
        return False
    _keep_person(db, person)
    db.run("UPDATE people SET is_owner = ? WHERE id = ?", (1 if event.detail.get("on", True) else 0, person))
    return True


def rename_chat(db: EditedArchive, event: Event) -> bool:
    """``{"chat": its key, "name": …}``"""
    # The chat itself: what it was joined to keeps its own name.
    row = db.run("SELECT id FROM chats WHERE key = ?", (event.detail["chat"],)).fetchone()
    chat = row[0] if row else None
    if chat is None or not has_table(db.run, "chats_before"):
        return False
    return _name_chat(db, chat, event.detail["name"])


def revert(db: EditedArchive) -> None:
    """Give back names, people and periods as ingest wrote them."""
    is_whole = has_table(db.run, "senders_before")
    # Two steps: two people may have changed names with each other.
    db.run("UPDATE people SET name = char(1) || id WHERE id IN (SELECT person_id FROM people_before)")
    if is_whole:
        db.run(
            """
            INSERT OR IGNORE INTO people (id, name) SELECT person_id, char(1) || person_id FROM people_before
            WHERE joined_to <> person_id
            """
        )
        db.run(
            """
            UPDATE people SET phone = kept.phone, is_owner = kept.is_owner, message_count = kept.message_count
            FROM people_before AS kept WHERE people.id = person_id
            """
        )
    db.run("UPDATE people SET name = people_before.name FROM people_before WHERE people.id = person_id")
    if is_whole:
        _revert_counts(db)
    db.run("DELETE FROM people_before")


def _revert_counts(db: EditedArchive) -> None:
    """Give back who wrote what, and what chats and periods were called."""
    db.run(
        """
        UPDATE messages SET sender_id = senders_before.sender_id FROM senders_before
        WHERE messages.id = senders_before.message_id
        """
    )
    counted = "SELECT person_id FROM people_before WHERE joined_to IS NOT NULL"
    for table in ("person_months", "person_emoji"):
        db.run(f"DELETE FROM {table} WHERE person_id IN ({counted})")
        db.run(f"INSERT INTO {table} SELECT * FROM {table}_before")
        db.run(f"DELETE FROM {table}_before")
    db.run("UPDATE chats SET name = chats_before.name FROM chats_before WHERE chats.id = chat_id")
    db.run(
        """
        UPDATE periods SET title = periods_before.title, summary = periods_before.summary FROM periods_before
        WHERE periods.id = period_id
        """
    )
    for table in ("senders_before", "chats_before", "periods_before"):
        db.run(f"DELETE FROM {table}")


def _person(db: EditedArchive, was: str) -> int | None:
    """Who is called so by ingest; for somebody who was joined, with whom. None when there is nobody."""
    if has_table(db.run, "senders_before"):
        row = db.run("SELECT person_id, joined_to FROM people_before WHERE name = ?", (was,)).fetchone()
        for _ in range(1000):
            if row is None:
                break
            person, joined_to = row
            if joined_to in (None, person):
                return int(person)
            row = db.run("SELECT person_id, joined_to FROM people_before WHERE person_id = ?", (joined_to,)).fetchone()
    row = db.run(
        """
        SELECT people.id FROM people LEFT JOIN people_before ON person_id = people.id
        WHERE coalesce(people_before.name, people.name) = ?
        """,
        (was,),
    ).fetchone()
    return row[0] if row else None


def _keep_person(db: EditedArchive, person: int) -> None:
    columns = "name, phone, is_owner, message_count" if has_table(db.run, "senders_before") else "name"
    db.run(
        f"INSERT OR IGNORE INTO people_before (person_id, {columns}) SELECT id, {columns} FROM people WHERE id = ?",
        (person,),
    )


def _keep_counts(db: EditedArchive, person: int) -> None:
    """Keep what was counted of somebody, once: later it holds what others brought."""
    _keep_person(db, person)
    if db.run("SELECT joined_to FROM people_before WHERE person_id = ?", (person,)).fetchone()[0] is None:
        for table in ("person_months", "person_emoji"):
            db.run(f"INSERT INTO {table}_before SELECT * FROM {table} WHERE person_id = ?", (person,))
        db.run("UPDATE people_before SET joined_to = person_id WHERE person_id = ?", (person,))


def _join(db: EditedArchive, person: int, other: int, name: str) -> None:
    """All that `other` wrote is from now on `person`'s."""
    _keep_counts(db, other)
    (was,) = db.run("SELECT name FROM people WHERE id = ?", (other,)).fetchone()
    of_other = """
    FROM messages WHERE chat_id IN (SELECT DISTINCT chat_id FROM person_months WHERE person_id = ?) AND sender_id = ?
    """
    both = db.run(
        f"SELECT exchange_id {of_other} INTERSECT SELECT exchange_id {of_other}", (other, other, person, person)
    ).fetchall()
    db.run(f"INSERT OR IGNORE INTO senders_before SELECT id, sender_id {of_other}", (other, other))
    db.run(f"UPDATE messages SET sender_id = ? WHERE id IN (SELECT id {of_other})", (person, other, other))
    for (exchange,) in both:
        db.keep(exchange)
        db.measure(exchange)
    counts = ", ".join(COLUMNS)
    db.run(
        f"""
        INSERT INTO person_months (chat_id, person_id, month, {counts})
        SELECT chat_id, ?, month, {counts} FROM person_months WHERE person_id = ?
        ON CONFLICT DO UPDATE SET {", ".join(f"{one} = {one} + excluded.{one}" for one in COLUMNS)}
        """,
        (person, other),
    )
    db.run(
        """
        INSERT INTO person_emoji (chat_id, person_id, year, emoji, uses)
        SELECT chat_id, ?, year, emoji, uses FROM person_emoji WHERE person_id = ?
        ON CONFLICT DO UPDATE SET uses = uses + excluded.uses
        """,
        (person, other),
    )
    for table in ("person_months", "person_emoji"):
        db.run(f"DELETE FROM {table} WHERE person_id = ?", (other,))
    db.run(
        """
        UPDATE people SET message_count = people.message_count + more.message_count,
            is_owner = max(people.is_owner, more.is_owner), phone = coalesce(people.phone, more.phone)
        FROM (SELECT message_count, is_owner, phone FROM people WHERE id = ?) AS more WHERE people.id = ?
        """,
        (other, person),
    )
    db.run("DELETE FROM people WHERE id = ?", (other,))
    db.run(
        "UPDATE people_before SET joined_to = :to WHERE person_id = :gone OR joined_to = :gone",
        {"to": person, "gone": other},
    )
    _tell(db, was, name)


def _name_chat(db: EditedArchive, chat: int, name: str) -> bool:
    if db.run("SELECT 1 FROM chats WHERE name = ? COLLATE NOCASE AND id <> ?", (name, chat)).fetchone():
        return False
    db.run("INSERT OR IGNORE INTO chats_before SELECT id, name FROM chats WHERE id = ?", (chat,))
    db.run("UPDATE chats SET name = ? WHERE id = ?", (name, chat))
    return True


def _tell(db: EditedArchive, old: str, new: str) -> None:
    """Change a name in all that was told."""
    rows = db.run(
        """
        SELECT id, title, summary, topics, summarised_by, prompt_version FROM exchanges
        WHERE instr(summary, :name) OR instr(title, :name) OR instr(topics, :name)
        """,
        {"name": old},
    ).fetchall()
    for exchange, title, summary, topics, told_by, version in rows:
        words = derived_words.ExchangeWords(title or "", summary or "", topics or "[]")
        told = derived_words.renamed(words, old, new, by_model=told_by not in (None, "offline"))
        if version == RETITLED:
            told = derived_words.ExchangeWords(words.title, told.summary, told.topics)
        if told == words:
            continue
        db.keep(exchange)
        db.unindex([exchange])
        db.run(
            "UPDATE exchanges SET title = ?, summary = ?, topics = ? WHERE id = ?",
            (told.title, told.summary, told.topics, exchange),
        )
        db.index([exchange])
    if not has_table(db.run, "periods_before"):
        return
    rows = db.run(
        """
        SELECT id, title, summary FROM periods
        WHERE told_by IS NOT NULL AND (instr(summary, :name) OR instr(title, :name))
        """,
        {"name": old},
    ).fetchall()
    for period, title, summary in rows:
        told = derived_words.renamed(
            derived_words.ExchangeWords(title or "", summary or "", "[]"), old, new, by_model=True
        )
        db.run("INSERT OR IGNORE INTO periods_before SELECT id, title, summary FROM periods WHERE id = ?", (period,))
        db.run("UPDATE periods SET title = ?, summary = ? WHERE id = ?", (told.title, told.summary, period))
