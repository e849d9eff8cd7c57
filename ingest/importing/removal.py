"""Taking messages out of the archive again, so that nothing is left of them: rows, search, counts, talks.

What is left around them is told anew by `retell`, as after a merge. The caller has a transaction open, the archive
shows no edits, and nothing waits in the search index.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence

from ingest.archive.derived import count_kinds
from ingest.importing.resegment import take_out_exchanges
from memories_lib.shared.counters import Counters
from memories_lib.shared.folding import fold

#: What hangs on a message, and goes with it.
_BY_MESSAGE = ("links", "places", "revisions", "media_sources", "media", "former_keys")
_BATCH = 5_000


_LEAVING = """
id, key, chat_id, exchange_id, sender_id, sent_at, kind, text, source_id, line
"""


def gather_leaving(
    connection: sqlite3.Connection,
    sources: Sequence[int] = (),
    shared_with: Sequence[int] = (),
    *,
    where: str = "",
    given: Sequence[object] = (),
) -> int:
    """Fill the temporary table `leaving` with the messages that these sources hold; returns how many.

    Those that another source holds too stay, unless it is one of `shared_with`. `where` chooses messages otherwise.
    """
    connection.execute("DROP TABLE IF EXISTS temp.leaving")
    connection.execute(
        """
        CREATE TEMP TABLE leaving (
            id INTEGER PRIMARY KEY, key INTEGER, chat_id INTEGER, exchange_id INTEGER, sender_id INTEGER, sent_at TEXT,
            kind TEXT, text TEXT, source_id INTEGER, line INTEGER
        )
        """
    )
    if where:
        connection.execute(f"INSERT INTO leaving SELECT {_LEAVING} FROM messages WHERE {where}", given)
    else:
        _gather_held(connection, sources, [*sources, *shared_with])
    return int(connection.execute("SELECT count(*) FROM leaving").fetchone()[0])


def _gather_held(connection: sqlite3.Connection, sources: Sequence[int], free: Sequence[int]) -> None:
    """What `sources` hold, without what others than `free` hold."""
    columns = _LEAVING.replace("source_id", "messages.source_id")
    connection.execute(
        f"""
        INSERT OR IGNORE INTO leaving
        SELECT {columns}
        FROM source_messages AS held CROSS JOIN messages ON messages.id BETWEEN held.first_id AND held.last_id
        WHERE held.source_id IN ({", ".join("?" * len(sources))})
        """,
        sources,
    )
    connection.execute(
        f"""
        DELETE FROM leaving WHERE id IN (
            SELECT leaving.id FROM source_messages AS held
            CROSS JOIN leaving ON leaving.id BETWEEN held.first_id AND held.last_id
            WHERE held.source_id NOT IN ({", ".join("?" * len(free))})
        )
        """,
        free,
    )


def take_out(connection: sqlite3.Connection, tallies: dict[int, Counters]) -> set[int]:
    """Take the messages in `leaving` out; returns the chats that lost some.

    `tallies`: a chat -> what its counts change by, for the caller to go on with and to flush. What stays of the talks
    belongs to no exchange: it waits for `retell`.
    """
    chats = take_out_of_talks(connection, tallies)
    for chat in chats:
        kinds = connection.execute("SELECT kind, count(*) FROM leaving WHERE chat_id = ? GROUP BY kind", (chat,))
        count_kinds(connection, chat, Counter({kind: -count for kind, count in kinds}))
    drop_messages(connection)
    return chats


def take_out_of_talks(connection: sqlite3.Connection, tallies: dict[int, Counters]) -> set[int]:
    """Take the exchanges apart that hold messages in `leaving`; returns the chats. See `take_out` for `tallies`."""
    chats = [chat for (chat,) in connection.execute("SELECT DISTINCT chat_id FROM leaving")]
    for chat in chats:
        exchanges = [
            exchange
            for (exchange,) in connection.execute(
                "SELECT DISTINCT exchange_id FROM leaving WHERE chat_id = ? AND exchange_id IS NOT NULL", (chat,)
            )
        ]
        take_out_exchanges(connection, exchanges, tallies.setdefault(chat, Counters()))
        connection.executemany(
            "UPDATE messages SET exchange_id = NULL, is_highlight = 0 WHERE exchange_id = ?",
            [(exchange,) for exchange in exchanges],
        )
    return set(chats)


def drop_messages(connection: sqlite3.Connection) -> None:
    """Delete the messages in `leaving`, which belong to no exchange, with all that hangs on them."""
    _unindex(connection)
    for table in _BY_MESSAGE:
        connection.execute(f"DELETE FROM {table} WHERE message_id IN (SELECT id FROM leaving)")
    connection.execute("DELETE FROM messages WHERE id IN (SELECT id FROM leaving)")


def _unindex(connection: sqlite3.Connection) -> None:
    """Out of the search: the index holds no text, so it is told what it had of each."""
    reader = connection.execute("SELECT id, text FROM leaving ORDER BY id")
    while rows := reader.fetchmany(_BATCH):
        connection.executemany(
            "INSERT INTO messages_fts (messages_fts, rowid, text) VALUES ('delete', ?, ?)",
            [(number, fold(text)) for number, text in rows],
        )
    connection.execute(
        """
        INSERT INTO media_fts (media_fts, rowid, description, transcript)
        SELECT 'delete', id, fold(coalesce(description, '')), fold(coalesce(transcript, '')) FROM media
        WHERE message_id IN (SELECT id FROM leaving) AND (description IS NOT NULL OR transcript IS NOT NULL)
        """
    )


def forget_source(connection: sqlite3.Connection, sources: Iterable[int], instead: int | None = None) -> None:
    """Take the rows of these sources out. Messages that others hold too are theirs from now on.

    `instead`: the source that comes in their place, and says what they said of those.
    """
    for source in sources:
        connection.execute("DELETE FROM source_messages WHERE source_id = ?", (source,))
        connection.execute("DROP TABLE IF EXISTS temp.heirs")
        connection.execute("CREATE TEMP TABLE heirs (message_id INTEGER PRIMARY KEY, source_id INTEGER)")
        connection.execute(
            """
            INSERT OR IGNORE INTO heirs
            SELECT messages.id, held.source_id FROM source_messages AS held
            JOIN chat_sources ON chat_sources.source_id = held.source_id
            CROSS JOIN messages ON messages.id BETWEEN held.first_id AND held.last_id
            WHERE messages.source_id = :source
                AND chat_sources.chat_id = (SELECT chat_id FROM chat_sources WHERE source_id = :source)
            """,
            {"source": source},
        )
        connection.execute(
            "UPDATE messages SET source_id = heirs.source_id, line = NULL FROM heirs WHERE messages.id = message_id"
        )
        connection.execute(
            """
            UPDATE revisions SET source_id = coalesce(?, (SELECT source_id FROM messages WHERE id = message_id))
            WHERE source_id = ?
            """,
            (instead, source),
        )
        if instead is not None:
            connection.execute(
                "UPDATE OR REPLACE media_sources SET source_id = ? WHERE source_id = ?", (instead, source)
            )
        else:
            connection.execute("DELETE FROM media_sources WHERE source_id = ?", (source,))
        for table, column in (("source_warnings", "source_id"), ("chat_sources", "source_id"), ("sources", "id")):
            connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (source,))


def sweep(connection: sqlite3.Connection) -> None:
    """Take out chats and people of whom nothing is left."""
    empty = "SELECT id FROM chats WHERE NOT EXISTS (SELECT 1 FROM days WHERE chat_id = chats.id)"
    connection.execute(
        f"DELETE FROM period_exchanges WHERE period_id IN (SELECT id FROM periods WHERE chat_id IN ({empty}))"
    )
    for table in ("periods", "person_months", "person_emoji", "chat_kinds"):
        connection.execute(f"DELETE FROM {table} WHERE chat_id IN ({empty})")
    connection.execute(f"DELETE FROM former_chats WHERE chat_id IN ({empty})")
    connection.execute(f"DELETE FROM chats WHERE id IN ({empty}) AND id NOT IN (SELECT chat_id FROM chat_sources)")
    gone = "SELECT id FROM people WHERE id NOT IN (SELECT person_id FROM person_months)"
    connection.execute(f"DELETE FROM person_names WHERE person_id IN ({gone})")
    connection.execute(f"DELETE FROM people WHERE id IN ({gone})")


def has_loose(connection: sqlite3.Connection, chat: int) -> bool:
    """Whether messages of a chat belong to no exchange."""
    return bool(
        connection.execute(
            "SELECT 1 FROM messages WHERE exchange_id IS NULL AND +chat_id = ? LIMIT 1", (chat,)
        ).fetchone()
    )


def has_messages(connection: sqlite3.Connection, chat: int) -> bool:
    """Whether a chat has any message."""
    return bool(connection.execute("SELECT 1 FROM messages WHERE chat_id = ? LIMIT 1", (chat,)).fetchone())
