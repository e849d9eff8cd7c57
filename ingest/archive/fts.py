"""Keeping `messages_fts` and `exchanges_fts` in step with the tables, in bulk and one by one.

Both are contentless: the index holds folded words, the tables hold the text. So whoever changes a row
must hand the index its old words first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from memories_lib.shared.folding import fold

_HASH_BYTES = 32 << 20


class MessageIndex:
    """Feeds `messages_fts` from `messages`, a batch at a time, in a thread beside the caller's.

    While a batch is being indexed the connection belongs to that thread: call `wait` before using it.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._thread = ThreadPoolExecutor(1, "search-index")
        self._pending: Future[None] | None = None
        connection.execute("CREATE TEMP TABLE IF NOT EXISTS fold_queue (id INTEGER PRIMARY KEY, text TEXT)")
        connection.execute("INSERT INTO messages_fts (messages_fts, rank) VALUES ('hashsize', ?)", (_HASH_BYTES,))

    def add(self, ids: Sequence[int], texts: Iterable[tuple[int, str]]) -> None:
        """Index the messages with these ids, all in the table by now; `texts` are those that may have to be folded."""
        self.wait()
        first, last = ids[0], ids[-1]
        if ids != list(range(first, last + 1)):
            self._add_scattered(ids, texts)
            return
        self._connection.execute("DELETE FROM fold_queue")
        self._connection.executemany(
            "INSERT INTO fold_queue VALUES (?, ?)",
            [(number, folded) for number, text in texts if (folded := fold(text)) is not text],
        )
        self._pending = self._thread.submit(self._index, first, last)

    def _add_scattered(self, ids: Sequence[int], texts: Iterable[tuple[int, str]]) -> None:
        folded = dict(texts)
        self._connection.execute("DELETE FROM fold_queue")
        self._connection.executemany(
            "INSERT INTO fold_queue VALUES (?, ?)",
            ((number, fold(folded[number]) if number in folded else None) for number in ids),
        )
        # In the order of ids: the index writes a part of its own each time that they run backwards.
        self._connection.execute(
            """
            INSERT INTO messages_fts (rowid, text)
            SELECT messages.id, coalesce(fold_queue.text, messages.text)
            FROM fold_queue CROSS JOIN messages ON messages.id = fold_queue.id ORDER BY fold_queue.id
            """
        )

    def _index(self, first: int, last: int) -> None:
        self._connection.execute(
            """
            INSERT INTO messages_fts (rowid, text)
            SELECT messages.id, coalesce(fold_queue.text, messages.text)
            FROM messages LEFT JOIN fold_queue ON fold_queue.id = messages.id
            WHERE messages.id BETWEEN ? AND ?
            """,
            (first, last),
        )

    def replace(self, message: int, old: str, new: str) -> None:
        """Put `new` in the place of `old` for one message."""
        self.wait()
        self._connection.execute(
            "INSERT INTO messages_fts (messages_fts, rowid, text) VALUES ('delete', ?, ?)", (message, fold(old))
        )
        self._connection.execute("INSERT INTO messages_fts (rowid, text) VALUES (?, ?)", (message, fold(new)))

    def wait(self) -> None:
        """Until the last batch is in. Raises what went wrong there."""
        pending, self._pending = self._pending, None
        if pending:
            pending.result()

    def close(self) -> None:
        """Stop the thread, whatever it was doing."""
        self._thread.shutdown(wait=True)


def index_exchanges(connection: sqlite3.Connection, rows: Iterable[tuple[int, str, str, str]]) -> None:
    """Index new exchanges: (id, title, summary, topics)."""
    connection.executemany(
        "INSERT INTO exchanges_fts (rowid, title, summary, topics) VALUES (?, ?, ?, ?)",
        [(number, fold(title), fold(summary), fold(topics)) for number, title, summary, topics in rows],
    )


def unindex_exchanges(connection: sqlite3.Connection, ids: Sequence[int]) -> None:
    """Take exchanges out of the index; they must still be in the table as they were indexed."""
    for number in ids:
        row = connection.execute("SELECT title, summary, topics FROM exchanges WHERE id = ?", (number,)).fetchone()
        connection.execute(
            """
            INSERT INTO exchanges_fts (exchanges_fts, rowid, title, summary, topics)
            VALUES ('delete', ?, ?, ?, ?)
            """,
            (number, *(fold(value or "") for value in row)),
        )
