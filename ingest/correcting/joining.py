"""Two chats that are one, put together; see `parting` for the way back.

Nothing is read anew: messages move with their ids, and those that both chats have become one. What was decided is
kept in the log, so that an archive that is made anew, and later exports, come out the same.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ingest.archive.derived import count_kinds
from ingest.archive.owner import members_of
from ingest.archive.source_messages import Runs, runs_of
from ingest.core.keys import Keys
from ingest.core.model import Message, Row
from ingest.correcting.corrections import edit
from ingest.correcting.subjects import Chat
from ingest.importing.merge import Merge
from ingest.importing.removal import drop_messages, gather_leaving
from ingest.importing.rewriting import Rewriting, rewritten
from ingest.importing.wording_chains import INSERT_REVISION
from ingest.importing.wordings import Old

_BATCH = 5_000
_SHARE = 0.6
#: So many messages of a chat, the newest of the time that both tell of, are compared for who wrote them.
_MOST_COMPARED = 20_000
_SAME_WORDS = """
WITH there AS MATERIALIZED (
    SELECT sender_id, substr(sent_at, 1, 16) AS minute, text, count(*) AS times FROM (
        SELECT sender_id, sent_at, text FROM messages
        WHERE chat_id = :other AND sender_id IS NOT NULL AND kind = 'text' AND sent_at BETWEEN :start AND :end
        ORDER BY sent_at DESC LIMIT :most
    ) GROUP BY 1, 2, 3
), here AS MATERIALIZED (
    SELECT sender_id, substr(sent_at, 1, 16) AS minute, text, count(*) AS times FROM messages
    WHERE chat_id = :chat AND sender_id IS NOT NULL AND kind = 'text'
        AND sent_at BETWEEN (SELECT min(minute) FROM there) AND :end GROUP BY 1, 2, 3
)
SELECT there.sender_id, here.sender_id, sum(min(there.times, here.times))
FROM there JOIN here USING (minute, text) GROUP BY 1, 2
"""


class _NotNoted:
    """Which export has what is known already."""

    def add(self, _number: int) -> None:
        """Nothing is noted."""


class _Moving:
    """Stands in the place of a loader: messages that find no pair are not written, they move."""

    def __init__(self, above: int) -> None:
        self.keys = Keys()
        self.above = above
        self.moved: list[tuple[int, int]] = []  # (key, id)
        self.runs = _NotNoted()

    def add(self, row: Row, _sender: int | None) -> None:
        """A message that the chat has now."""
        message = Message._make(row)
        self.moved.append((self.keys.key(message.sent_at, message.kind, message.text), message.start))

    def flush(self) -> None:
        """Nothing waits."""


class _Pairing(Merge):
    """Pairs a chat's messages with another's. Rows hold the id of a message as `start`."""

    pairs: dict[int, int]

    def _same(self, old: Old, message: Message) -> None:
        self._taken[old.id] = 1
        self.pairs[message.start] = old.id

    def _version(self, old: Old, message: Message) -> None:
        super()._version(old, message)
        self.pairs[message.start] = old.id


class _NoFiles:
    """What messages carry is with them already."""

    def has_files(self) -> bool:
        """None of them is looked for."""
        return False

    def fill(self, _message: int, _attachment: str, _line: int | None) -> bool:
        """There is nothing to give."""
        return False

    def note_named(self, _message: int, _has_file: bool) -> None:
        """Its file is named already."""


def join_chats(connection: sqlite3.Connection, database: Path, chat: Chat, other: Chat) -> int:
    """`other` is the same chat as `chat`: its messages go there; returns how many both had. Kept in the log."""
    detail = {
        "chat": chat.key, "name": chat.was, "key": other.key, "other": other.was,
        "sources": _digests(connection, other.id),
    }  # fmt: skip
    edit(connection, database, "join_chats", "chat", other.key, detail)
    # Whom an edit made one is one here too, although the archive shows no edits while it is rewritten.
    joined = dict(connection.execute("SELECT person_id, joined_to FROM people_before WHERE joined_to IS NOT NULL"))
    with rewritten(connection, database) as rewriting:
        return put_together(rewriting, chat.id, other.id, joined)


def _digests(connection: sqlite3.Connection, chat: int) -> list[str]:
    return [
        sha256
        for (sha256,) in connection.execute(
            "SELECT sha256 FROM sources JOIN chat_sources ON source_id = id WHERE chat_id = ? ORDER BY id", (chat,)
        )
    ]


def put_together(rewriting: Rewriting, chat: int, other: int, joined: Mapping[int, int] | None = None) -> int:
    """Move the messages of `other` into `chat`; returns how many both had. The archive shows no edits.

    `joined`: person -> who that is as well. Others that two address books call differently are found by their words.
    """
    connection = rewriting.connection
    first_at, last_at = connection.execute("SELECT first_at, last_at FROM chats WHERE id = ?", (chat,)).fetchone()
    start, end = connection.execute("SELECT first_at, last_at FROM chats WHERE id = ?", (other,)).fetchone()
    moving = _Moving(connection.execute("SELECT max(id) + 1 FROM messages").fetchone()[0])
    people: dict[str | None, int | None] = {None: None}
    people.update(connection.execute("SELECT name, id FROM people"))
    common = (max(first_at, start), min(last_at, end))
    same = _same_people(connection, chat, other, joined or {}, common)
    for name, person in list(people.items()):
        if person in same:
            people[name] = same[person]
    source = connection.execute("SELECT max(source_id) FROM chat_sources WHERE chat_id = ?", (other,)).fetchone()[0]
    pairing = _Pairing(connection, chat, source, people, moving, _NoFiles(), (), common)
    pairing.pairs = {}
    pairing.run(_rows_of(connection, other))
    _double(connection, pairing.pairs)
    gather_leaving(connection, where="chat_id = ?", given=(other,))
    rewriting.take_out_of_talks()
    counts = connection.execute("SELECT kind, message_count FROM chat_kinds WHERE chat_id = ?", (other,)).fetchall()
    count_kinds(connection, other, {kind: -count for kind, count in counts})
    _drop_doubles(connection)
    connection.executemany(
        "UPDATE messages SET sender_id = ? WHERE chat_id = ? AND sender_id = ?",
        [(person, other, former) for former, person in same.items()],
    )
    connection.executemany(
        "UPDATE messages SET chat_id = ?, key = ? WHERE id = ?", [(chat, key, number) for key, number in moving.moved]
    )
    count_kinds_of(connection, chat, [number for _, number in moving.moved])
    for change in pairing.changes:
        count_kinds(connection, chat, {change.old.kind: -1})
        count_kinds(connection, chat, {change.kind: 1})
    _move_sources(connection, chat, other, pairing.pairs)
    connection.executemany(INSERT_REVISION, pairing.revisions)
    (key,) = connection.execute("SELECT key FROM chats WHERE id = ?", (other,)).fetchone()
    (to,) = connection.execute("SELECT key FROM chats WHERE id = ?", (chat,)).fetchone()
    connection.execute("UPDATE OR REPLACE former_chats SET chat_id = ? WHERE chat_id = ?", (chat, other))
    connection.execute("INSERT OR REPLACE INTO former_chats (key, chat_id) VALUES (?, ?)", (key, chat))
    rewriting.registry.move(key, to, {number: new for new, number in moving.moved})
    rewriting.settle(other)
    rewriting.settle(chat, pairing.changes)
    return len(pairing.pairs)


def _same_people(
    connection: sqlite3.Connection, chat: int, other: int, joined: Mapping[int, int], common: tuple[str, str]
) -> dict[int, int]:
    """person of `other` -> person of `chat`, where the two call somebody differently.

    Who wrote the same words in the same minute is the same person. Nobody is two people of the other chat.
    `common`: from when to when both tell.
    """
    votes: dict[int, Counter[int]] = {}
    rows = connection.execute(
        _SAME_WORDS,
        {
            "chat": chat,
            "other": other,
            "most": _MOST_COMPARED,
            "start": common[0][:16],
            "end": f"{common[1][:16]}~",
        },
    )
    for former, person, times in rows:
        votes.setdefault(former, Counter())[person] += times
    found: dict[int, int] = {}
    taken = {person for person, counts in votes.items() if counts[person]}
    for former, counts in sorted(votes.items(), key=lambda item: -max(item[1].values())):
        person, times = counts.most_common(1)[0]
        if former not in taken and person not in taken and times >= _SHARE * sum(counts.values()):
            found[former] = person
            taken.add(person)
    members = members_of(connection, chat)
    for former, person in joined.items():
        if person in members and former not in members:
            found[former] = person
        elif former in members and person not in members:
            found[person] = former
    return found


def count_kinds_of(connection: sqlite3.Connection, chat: int, messages: Iterable[int]) -> None:
    """Count messages that a chat got, by kind."""
    kinds: Counter[str] = Counter()
    for number in messages:
        kinds[connection.execute("SELECT kind FROM messages WHERE id = ?", (number,)).fetchone()[0]] += 1
    count_kinds(connection, chat, kinds)


def _rows_of(connection: sqlite3.Connection, chat: int) -> Iterator[list[Row]]:
    """A chat's messages as if they had been read; `start` is the id."""
    reader = connection.execute(
        """
        SELECT messages.id, 0, coalesce(line, 0), sent_at, people.name, kind, text, is_edited, (
            SELECT filename FROM media WHERE message_id = messages.id LIMIT 1
        )
        FROM messages LEFT JOIN people ON people.id = sender_id WHERE chat_id = ? ORDER BY sent_at, messages.id
        """,
        (chat,),
    )
    while rows := reader.fetchmany(_BATCH):
        yield rows


def _double(connection: sqlite3.Connection, pairs: Mapping[int, int]) -> None:
    connection.execute("DROP TABLE IF EXISTS temp.doubles")
    connection.execute("CREATE TEMP TABLE doubles (id INTEGER PRIMARY KEY, stays INTEGER NOT NULL)")
    connection.executemany("INSERT INTO doubles VALUES (?, ?)", pairs.items())


def _drop_doubles(connection: sqlite3.Connection) -> None:
    """Of a message that both chats have one stays: with the file, if either has it."""
    columns = "filename, mimetype, bytes, sha256, width, height, duration_s, thumbnail, is_missing"
    connection.execute(
        f"""
        UPDATE media SET ({columns}) = (
            SELECT {columns} FROM media AS other JOIN doubles ON doubles.id = other.message_id
            WHERE doubles.stays = media.message_id AND NOT other.is_missing LIMIT 1
        )
        WHERE is_missing AND message_id IN (
            SELECT stays FROM doubles JOIN media AS other ON other.message_id = doubles.id WHERE NOT other.is_missing
        )
        """
    )
    connection.execute(
        """
        UPDATE revisions SET message_id = (SELECT stays FROM doubles WHERE doubles.id = message_id)
        WHERE message_id IN (SELECT id FROM doubles)
        """
    )
    connection.execute(
        """
        UPDATE OR IGNORE media_sources SET message_id = (SELECT stays FROM doubles WHERE doubles.id = message_id)
        WHERE message_id IN (SELECT id FROM doubles)
        """
    )
    gather_leaving(connection, where="id IN (SELECT id FROM doubles)")
    drop_messages(connection)


def _move_sources(connection: sqlite3.Connection, chat: int, other: int, pairs: Mapping[int, int]) -> None:
    """The exports of `other` are `chat`'s now, and hold what took the place of theirs."""
    for (source,) in connection.execute("SELECT source_id FROM chat_sources WHERE chat_id = ?", (other,)).fetchall():
        say_held(connection, source, pairs)
        connection.execute("UPDATE chat_sources SET chat_id = ? WHERE source_id = ?", (chat, source))


def say_held(connection: sqlite3.Connection, source: int, instead: Mapping[int, int]) -> None:
    """Let an export hold other messages in the place of some: old id -> new id."""
    runs = Runs(connection, source)
    for first, last in runs_of(connection, [source]):
        runs.add_all(instead.get(number, number) for number in range(first, last + 1))
    connection.execute("DELETE FROM source_messages WHERE source_id = ?", (source,))
    runs.write()
