"""What people's edits come to on an archive. Pure; loaded by both sides.

The events of `edit_log.py` are played onto `exchange_marks`, `hidden_messages`, `merged_exchanges` and the rows of the
archive itself; what an edit changes in a row is kept in the tables named ``..._before``, so that `revert` gives back
exactly what ingest wrote. An event whose subject is gone is counted, never dropped.
"""

from __future__ import annotations

import json
from contextlib import contextmanager

from . import derived, names, recount
from .edit_details import is_whole
from .names import RETITLED, has_table, person_key

#: Exchanges that an edit made are numbered like their event, far above those of any ingest.
FIRST_EVENT = 1 << 50
#: (sender, text) of the messages of an exchange, with those that were parted from it.
_OF_EXCHANGE = """
SELECT people.name, messages.text FROM messages LEFT JOIN people ON people.id = sender_id
WHERE (exchange_id = :id OR messages.id IN (SELECT message_id FROM messages_before WHERE exchange_id = :id)) AND {seen}
ORDER BY sent_at, messages.id
"""
_SEEN = """
messages.id NOT IN (SELECT message_id FROM hidden_messages)
AND (exchange_id = :id OR exchange_id NOT IN (SELECT exchange_id FROM exchange_marks WHERE is_hidden))
"""


def can_be_curated(archive) -> bool:
    """Whether the archive has the tables for it."""
    return has_table(archive.execute, "exchanges_before")


def state(archive) -> str:
    """The digest of the log that the archive shows; "" when it shows no edits."""
    row = archive.execute("SELECT digest FROM curation_state").fetchone()
    return row[0] if row else ""


def set_state(archive, digest: str) -> None:
    """Note which log the archive shows."""
    archive.execute("DELETE FROM curation_state")
    if digest:
        archive.execute("INSERT INTO curation_state (digest) VALUES (?)", (digest,))


def replay(archive, events, digest: str, fold) -> list:
    """Make the archive show these (effective) events; returns those whose subject is not in it.

    `fold` is how the search index writes words. The caller has a transaction open.
    """
    revert(archive, fold)
    db = _Archive(archive, fold)
    db.is_counting = False  # once, at the end, instead of with each event
    lost = [event for event in events if not _apply(db, event)]
    if recount.is_kept(db.run):
        recount.take_out(archive)
    set_state(archive, digest)
    return lost


def apply(archive, event, fold) -> bool:
    """Do what one event says; False when its subject is not in this archive, or when it says nothing whole."""
    return _apply(_Archive(archive, fold), event)


def _apply(db, event) -> bool:
    if event.action not in _APPLY or not is_whole(event):
        return False
    return _APPLY[event.action](db, event)


def revert(archive, fold) -> None:
    """Give back what ingest wrote, as if nobody had edited anything."""
    db = _Archive(archive, fold)
    if recount.is_kept(db.run):
        recount.put_back(archive)
    changed = [row[0] for row in archive.execute("SELECT id FROM exchanges_before")]
    made = [row[0] for row in archive.execute("SELECT id FROM exchanges WHERE id >= ?", (FIRST_EVENT,))]
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
    names.revert(db)
    for table in ("exchanges_before", "messages_before"):
        archive.execute(f"DELETE FROM {table}")
    archive.execute("DELETE FROM curation_state")
    if recount.is_kept(db.run):
        recount.measure_chats(archive)


class _Archive:
    """What the actions have in common."""

    def __init__(self, connection, fold):
        self.run = connection.execute
        self.many = connection.executemany
        self.is_counting = recount.is_kept(self.run)
        self._connection = connection
        self._fold = fold

    @contextmanager
    def counted(self, exchanges=None):
        """While these exchanges change, or all of them: counts are without what is hidden before and after."""
        if not self.is_counting:
            yield
            return
        before = None if exchanges is None else recount.originals(self.run, exchanges)
        recount.put_back(self._connection, before)
        yield
        recount.take_out(self._connection, before)

    def chat(self, event):
        """The chat that an event is about; for one that was joined to another, that one."""
        return next(iter(self.chats(event)), None)

    def chats(self, event):
        """The chats in which the subject of an event may be: its own, and where some of its messages went."""
        key = event.detail.get("chat")
        found = [row[0] for row in self.run("SELECT id FROM chats WHERE key = ?", (key,))]
        if has_table(self.run, "former_chats"):
            rows = self.run("SELECT chat_id FROM former_chats WHERE key = ? ORDER BY chat_id", (key,))
            found += [row[0] for row in rows if row[0] not in found]
        return found

    def exchange(self, event, key=None, at=None):
        """The exchange that starts with a message, or that holds it now."""
        key = event.subject_key if key is None else key
        for chat in self.chats(event):
            row = self.run("SELECT id FROM exchanges WHERE key = ? AND chat_id = ? ORDER BY id", (key, chat)).fetchone()
            if row:
                return row[0]
        message = self.message(event, key, at or event.detail.get("at", ""))
        return self.run("SELECT exchange_id FROM messages WHERE id = ?", (message,)).fetchone()[0] if message else None

    def message(self, event, key, at):
        """The message with a key, sent at a time."""
        for chat in self.chats(event):
            row = self.run(
                """
                SELECT messages.id FROM exchanges CROSS JOIN messages ON messages.exchange_id = exchanges.id
                WHERE exchanges.chat_id = ? AND started_at <= ? AND ended_at >= ? AND messages.key = ?
                """,
                (chat, at[:16] + ":~", at[:16], key),
            ).fetchone()
            if row is None and has_table(self.run, "former_keys"):
                row = self.run(
                    """
                    SELECT messages.id FROM former_keys JOIN messages ON messages.id = message_id
                    WHERE former_keys.key = ? AND chat_id = ?
                    """,
                    (key, chat),
                ).fetchone()
            if row:
                return row[0]
        return None

    def keep(self, exchange):
        # What an edit made was not there before.
        self.run(
            "INSERT OR IGNORE INTO exchanges_before SELECT * FROM exchanges WHERE id = ? AND id < ?",
            (exchange, FIRST_EVENT),
        )

    def keep_messages(self, exchange):
        self.run(
            """
            INSERT OR IGNORE INTO messages_before SELECT id, exchange_id, is_highlight
            FROM messages WHERE exchange_id = ?
            """,
            (exchange,),
        )

    def mark(self, exchange, column, value):
        self.run("INSERT OR IGNORE INTO exchange_marks (exchange_id) VALUES (?)", (exchange,))
        self.run(f"UPDATE exchange_marks SET {column} = ? WHERE exchange_id = ?", (value, exchange))

    def unindex(self, exchanges):
        self._write_index("('delete', ", "exchanges_fts, ", exchanges)

    def index(self, exchanges):
        self._write_index("(", "", exchanges)

    def _write_index(self, start, column, exchanges):
        for exchange in exchanges:
            row = self.run("SELECT title, summary, topics FROM exchanges WHERE id = ?", (exchange,)).fetchone()
            if row:
                self.run(
                    f"INSERT INTO exchanges_fts ({column}rowid, title, summary, topics) VALUES {start}?, ?, ?, ?)",
                    (exchange, *(self._fold(text or "") for text in row)),
                )

    def measure(self, exchange):
        """Bring times, counts and key of an exchange in step with its messages."""
        self.run(
            """
            UPDATE exchanges SET (key, started_at, ended_at, message_count, participant_count) = (
                SELECT (SELECT key FROM messages WHERE exchange_id = :id ORDER BY sent_at, id LIMIT 1),
                    min(sent_at), max(sent_at), count(*) FILTER (WHERE message_id IS NULL),
                    count(DISTINCT sender_id) FILTER (WHERE message_id IS NULL)
                FROM messages LEFT JOIN hidden_messages ON message_id = id WHERE exchange_id = :id
            ) WHERE id = :id
            """,
            {"id": exchange},
        )

    def tell_again(self, exchanges):
        """Bring the words of exchanges, and how many messages they count, in step with what of them may be seen."""
        for exchange in exchanges:
            row = self.run(
                "SELECT title, summary, topics, summarised_by, prompt_version FROM exchanges WHERE id = ?", (exchange,)
            ).fetchone()
            if row is None:
                continue
            self.keep(exchange)
            title, summary, topics, told_by, version = self._told_before(exchange) or tuple(row)
            words = derived.Words(title or "", summary or "", topics or "[]")
            seen = self.run(_OF_EXCHANGE.format(seen=_SEEN), {"id": exchange}).fetchall()
            everything = self.run(_OF_EXCHANGE.format(seen="1"), {"id": exchange}).fetchall()
            if len(seen) < len(everything):
                said = [(one[0] or "", one[1]) for one in seen]
                words = derived.without_hidden(words, said, self._fold, by_model=told_by not in (None, "offline"))
            words = names.told_now(self, words, by_model=told_by not in (None, "offline"))
            if row[4] == RETITLED:
                words = derived.Words(row[0], words.summary, words.topics)
                version = RETITLED
            self.unindex([exchange])
            self.run(
                """
                UPDATE exchanges SET title = :title, summary = :summary, topics = :topics, prompt_version = :version,
                    (message_count, participant_count) = (
                        SELECT count(*), count(DISTINCT sender_id) FROM messages
                        WHERE exchange_id = :id AND id NOT IN (SELECT message_id FROM hidden_messages)
                    ) WHERE id = :id
                """,
                {
                    "id": exchange, "title": words.title, "summary": words.summary, "topics": words.topics,
                    "version": version,
                },
            )  # fmt: skip
            self.index([exchange])

    def _told_before(self, exchange):
        """What was told before anything was hidden: merged ones put together as `_merge` does."""
        rows = self.run(
            """
            SELECT id, title, summary, topics, summarised_by, prompt_version FROM exchanges_before
            WHERE id = :id OR id IN (SELECT id FROM merged_exchanges WHERE exchange_id = :id)
            ORDER BY started_at
            """,
            {"id": exchange},
        ).fetchall()
        if exchange >= FIRST_EVENT:
            return self.first_line(exchange), "", "[]", "offline", None
        if not rows:
            return None
        own = next((row for row in rows if row[0] == exchange), rows[0])
        summary = "\n".join(row[2] for row in rows if row[2])
        topics = list(dict.fromkeys(topic for row in rows for topic in json.loads(row[3] or "[]")))[:5]
        return own[1], summary, json.dumps(topics, ensure_ascii=False), own[4], own[5]

    def first_line(self, exchange):
        """The title of an exchange that was parted from another."""
        row = self.run(
            "SELECT text FROM messages WHERE exchange_id = ? AND kind = 'text' ORDER BY sent_at, id LIMIT 1",
            (exchange,),
        ).fetchone()
        return derived.shorten(row[0] if row else "", derived.TITLE)

    def tell_again_if_hidden(self, exchange):
        """The same for an exchange that an edit made, where any of its messages is hidden."""
        hidden = "SELECT 1 FROM messages JOIN hidden_messages ON message_id = id WHERE exchange_id = ?"
        if self.run(hidden, (exchange,)).fetchone():
            self.tell_again([exchange])

    def relatives(self, exchange):
        """The exchange, and those whose words may quote its messages: it was parted from them, or they from it."""
        rows = self.run(
            """
            SELECT DISTINCT b.exchange_id FROM messages JOIN messages_before AS b ON b.message_id = messages.id
            WHERE messages.exchange_id = :id
            UNION
            SELECT DISTINCT messages.exchange_id FROM messages_before AS b JOIN messages ON messages.id = b.message_id
            WHERE b.exchange_id = :id
            """,
            {"id": exchange},
        ).fetchall()
        return {exchange, *(row[0] for row in rows if row[0] is not None)}

    def place_places(self, exchanges):
        self.many(
            """
            UPDATE places SET exchange_id = (SELECT exchange_id FROM messages WHERE id = message_id)
            WHERE message_id IN (SELECT id FROM messages WHERE exchange_id = ?) OR exchange_id = ?
            """,
            [(exchange, exchange) for exchange in exchanges],
        )


def _marking(column, value):
    def act(db, event):
        if event.subject_kind == "message":
            return _hide_message(db, event, value)
        exchange = db.exchange(event)
        if exchange is None:
            return False
        if column == "is_hidden":
            with db.counted([exchange]):
                db.mark(exchange, column, value)
            db.mark(exchange, "hidden_at", event.at if value else None)
            db.tell_again(db.relatives(exchange) - {exchange})
        else:
            db.mark(exchange, column, value)
        if column == "is_starred" and value:
            # What somebody starred is a memory, whatever its score.
            db.keep(exchange)
            db.run("UPDATE exchanges SET is_memory = 1 WHERE id = ?", (exchange,))
        return True

    return act


def _hide_message(db, event, value):
    message = db.message(event, event.subject_key, event.detail.get("at", ""))
    if message is None:
        return False
    exchange = db.run("SELECT exchange_id FROM messages WHERE id = ?", (message,)).fetchone()[0]
    with db.counted([exchange]):
        if value:
            db.run("INSERT OR IGNORE INTO hidden_messages (message_id) VALUES (?)", (message,))
        else:
            db.run("DELETE FROM hidden_messages WHERE message_id = ?", (message,))
    db.tell_again(db.relatives(exchange))
    return True


def _merge(db, event):
    found = [db.exchange(event, e["key"], e["at"]) for e in event.detail["exchanges"]]
    ids = sorted({exchange for exchange in found if exchange is not None})
    if len(ids) < 2:
        return False
    with db.counted(ids):
        _put_together(db, ids)
    return True


def _put_together(db, ids):
    """Several exchanges, in the order of their ids, become the first of them."""
    target, others = ids[0], ids[1:]
    for exchange in ids:
        db.keep(exchange)
    db.unindex(ids)
    told = "SELECT started_at, title, summary, topics, score, is_memory FROM exchanges WHERE id = ?"
    rows = [tuple(db.run(told, (exchange,)).fetchone()) for exchange in ids]
    _keep_hidden(db, ids)
    for exchange in others:
        db.keep_messages(exchange)
        db.run("UPDATE messages SET exchange_id = ? WHERE exchange_id = ?", (target, exchange))
        db.run("UPDATE merged_exchanges SET exchange_id = ? WHERE exchange_id = ?", (target, exchange))
        db.run("INSERT OR REPLACE INTO merged_exchanges (id, exchange_id) VALUES (?, ?)", (exchange, target))
        mark = db.run("SELECT is_starred, note FROM exchange_marks WHERE exchange_id = ?", (exchange,)).fetchone()
        if mark:
            mine = db.run("SELECT is_starred, note FROM exchange_marks WHERE exchange_id = ?", (target,)).fetchone()
            db.mark(target, "is_starred", max(mark[0], mine[0] if mine else 0))
            db.mark(target, "note", "\n".join(filter(None, ((mine[1] if mine else ""), mark[1]))))
            db.run("DELETE FROM exchange_marks WHERE exchange_id = ?", (exchange,))
        db.place_places([exchange])
        db.run("DELETE FROM exchanges WHERE id = ?", (exchange,))
    rows.sort()
    topics = dict.fromkeys(topic for row in rows for topic in json.loads(row[3] or "[]"))
    db.run(
        "UPDATE exchanges SET summary = ?, topics = ?, score = ?, is_memory = ? WHERE id = ?",
        (
            "\n".join(filter(None, (row[2] for row in rows))), json.dumps(list(topics)[:5], ensure_ascii=False),
            max(row[4] for row in rows), max(row[5] for row in rows), target,
        ),
    )  # fmt: skip
    db.measure(target)
    db.index([target])
    db.tell_again_if_hidden(target)


def _keep_hidden(db, exchanges):
    """What was hidden stays so when it is put together with what was not: message by message."""
    marks = ", ".join("?" * len(exchanges))
    hidden = db.run(
        f"SELECT exchange_id FROM exchange_marks WHERE is_hidden AND exchange_id IN ({marks})", exchanges
    ).fetchall()
    if len(hidden) == len(exchanges):
        return
    for (exchange,) in hidden:
        db.run("INSERT OR IGNORE INTO hidden_messages SELECT id FROM messages WHERE exchange_id = ?", (exchange,))
        db.mark(exchange, "is_hidden", 0)


def _split(db, event):
    message = db.message(event, event.detail["message"], event.detail["at_message"])
    if message is None:
        return False
    exchange, at = db.run("SELECT exchange_id, sent_at FROM messages WHERE id = ?", (message,)).fetchone()
    later = "exchange_id = :exchange AND (sent_at, id) >= (:at, :message)"
    given = {"exchange": exchange, "at": at, "message": message, "new": event.id}
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
        SELECT :new, key, chat_id, started_at, ended_at, '', '', language, mood, topics, score, is_memory,
            summarised_by, summarised_at, prompt_version
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
    db.index([exchange, event.id])
    db.place_places([exchange, event.id])
    db.tell_again_if_hidden(exchange)
    db.tell_again_if_hidden(event.id)
    return True


def _retitle(db, event):
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


def _note(db, event):
    exchange = db.exchange(event)
    if exchange is None:
        return False
    db.mark(exchange, "note", event.detail["note"])
    return True


def _highlight(db, event):
    message = db.message(event, event.subject_key, event.detail.get("at", ""))
    if message is None:
        return False
    db.run(
        "INSERT OR IGNORE INTO messages_before SELECT id, exchange_id, is_highlight FROM messages WHERE id = ?",
        (message,),
    )
    db.run("UPDATE messages SET is_highlight = ? WHERE id = ?", (1 if event.detail.get("on", True) else 0, message))
    return True


def _naming(function):
    """People and chats are named and joined while everything is counted: what they had is kept as ingest counted it."""

    def act(db, event):
        with db.counted():
            return function(db, event)

    return act


_APPLY = {
    "hide": _marking("is_hidden", 1),
    "restore": _marking("is_hidden", 0),
    "star": _marking("is_starred", 1),
    "unstar": _marking("is_starred", 0),
    "merge": _merge,
    "split": _split,
    "retitle": _retitle,
    "note": _note,
    "highlight": _highlight,
    "rename_person": _naming(names.rename_person),
    "join_people": _naming(names.join_people),
    "rename_chat": _naming(names.rename_chat),
    "me": _naming(names.me),
    # Done by the command itself, on the messages; ingest looks at them when it reads.
    "forget": lambda _db, _event: True,
    "join_chats": lambda _db, _event: True,
    "part_source": lambda _db, _event: True,
}
ACTIONS = frozenset(_APPLY)

__all__ = [
    "ACTIONS", "apply", "can_be_curated", "is_whole", "person_key", "replay", "revert", "set_state", "state",
]  # fmt: skip
