"""Cutting and telling anew what a merge touched, and nothing else.

Messages that are new belong to no exchange yet. The talks around them are cut again; those that come
out as they were are left alone, the others are taken out of all counts and indexes and put back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from ingest.archive.by_time import as_json, exchanges_between
from ingest.archive.fts import MessageIndex, unindex_exchanges
from ingest.archive.ids import IdRegistry
from ingest.core.segmentation import APART, seconds, talks
from ingest.importing.attachments import carry_again
from ingest.importing.exchange_rows import ExchangeBuilder, insert_exchanges
from ingest.importing.wordings import Change
from ingest.summaries import SaidRow
from memories_lib.shared.counters import SAID, Counters

_BATCH = 2_000
#: A message as it is cut: (id, key, exchange or None, sent_at).
_Piece = tuple[int, int, int | None, str]


def retell(
    connection: sqlite3.Connection,
    builder: ExchangeBuilder,
    changes: Sequence[Change],
    pause: int,
    index: MessageIndex,
    registry: IdRegistry,
) -> int:
    """Bring the exchanges of the builder's chat in step with its messages, and count; returns how many were told.

    `pause`: seconds after which a talk is over.
    """
    chat, tallies = builder.chat, builder.tallies
    index.wait()
    connection.execute("CREATE TEMP TABLE assigned (message INTEGER PRIMARY KEY, exchange INTEGER)")
    _note_arrived(connection, chat)
    changed = {change.old.id for change in changes}
    dirty: set[int] = set()
    tell: dict[int, int] = {}  # exchange -> its key
    for window in _windows(connection, chat, changes):
        exchanges = sorted(window.exchanges)
        known = dict(_keys_of(connection, exchanges))
        counts = dict(_counts_of(connection, exchanges))
        for talk in talks(_pieces(connection, window.start, window.end, exchanges), pause, 3):
            olds = {exchange for _, _, exchange, _ in talk}
            _, key, only, _ = talk[0]
            if len(olds) == 1 and only is not None and counts[only] == len(talk):
                if any(message in changed for message, _, _, _ in talk):
                    dirty.add(only)
                    tell[only] = key
                continue
            dirty |= {old for old in olds if old is not None}
            is_same = only is not None and known.get(only) == key and only not in tell
            number = only if is_same and only is not None else registry.exchange(key)
            tell[number] = key
            connection.executemany(
                "INSERT INTO assigned VALUES (?, ?)",
                [(message, number) for message, _, was, _ in talk if was != number],
            )
    take_out_exchanges(connection, dirty, tallies)
    _apply(connection, changes, index)
    connection.execute(
        """
        UPDATE messages SET exchange_id = assigned.exchange, is_highlight = 0
        FROM assigned WHERE messages.id = assigned.message
        """
    )
    connection.execute("DROP TABLE assigned")
    connection.execute("DROP TABLE arrived")
    _tell(connection, tell, builder)
    tallies.flush(connection, chat)
    return len(tell)


class _Window(NamedTuple):
    """A stretch of time whose talks may be cut differently now, and those that are in it."""

    start: str
    end: str
    exchanges: set[int]


def _windows(connection: sqlite3.Connection, chat: int, changes: Sequence[Change]) -> list[_Window]:
    """What is to be cut again, in order; windows do not meet."""
    spans = list(_new_spans(connection))
    for exchange in {change.old.exchange for change in changes}:
        row = connection.execute("SELECT started_at, ended_at FROM exchanges WHERE id = ?", (exchange,)).fetchone()
        if row:
            spans.append(row)
    spans.sort()
    # The talks of a span end to end; spans that share a talk are one.
    windows: list[_Window] = []
    for start, end in spans:
        near = _near(connection, chat, start, end)
        start = min([start, *(started_at for _, started_at, _ in near)])
        end = max([end, *(ended_at for _, _, ended_at in near)])
        exchanges = {exchange for exchange, _, _ in near}
        if windows and start <= windows[-1].end:
            last = windows[-1]
            windows[-1] = _Window(last.start, max(last.end, end), last.exchanges | exchanges)
        else:
            windows.append(_Window(start, end, exchanges))
    return windows


def _note_arrived(connection: sqlite3.Connection, chat: int) -> None:
    """The new messages by time, which have no exchange to be found by yet."""
    connection.execute(
        """
        CREATE TEMP TABLE arrived (
            sent_at TEXT, id INTEGER, key INTEGER, PRIMARY KEY (sent_at, id)
        ) WITHOUT ROWID
        """
    )
    connection.execute(
        """
        INSERT INTO arrived SELECT sent_at, id, key FROM messages
        WHERE exchange_id IS NULL AND +chat_id = ? ORDER BY sent_at, id
        """,
        (chat,),
    )


def _new_spans(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Stretches of new messages, those nearer than `APART` together."""
    start = end = ""
    for (at,) in connection.execute("SELECT sent_at FROM arrived ORDER BY sent_at"):
        if start and seconds(at) - seconds(end) < APART:
            end = at
            continue
        if start:
            yield start, end
        start = end = at
    if start:
        yield start, end


def _near(connection: sqlite3.Connection, chat: int, start: str, end: str) -> list[tuple[int, str, str]]:
    """The exchanges (id, from, to) that are nearer than `APART` to a span."""
    apart = timedelta(seconds=APART)
    low = (datetime.fromisoformat(start) - apart).isoformat()
    high = (datetime.fromisoformat(end) + apart).isoformat()
    return exchanges_between(connection, chat, low, high)


def _keys_of(connection: sqlite3.Connection, exchanges: Iterable[int]) -> Iterator[tuple[int, int]]:
    for exchange in exchanges:
        yield from connection.execute("SELECT id, key FROM exchanges WHERE id = ?", (exchange,))


def _counts_of(connection: sqlite3.Connection, exchanges: Iterable[int]) -> Iterator[tuple[int, int]]:
    for exchange in exchanges:
        yield from connection.execute("SELECT id, message_count FROM exchanges WHERE id = ?", (exchange,))


def _pieces(connection: sqlite3.Connection, start: str, end: str, exchanges: Sequence[int]) -> Iterator[list[_Piece]]:
    """The messages of a window in order of time: those of its exchanges, and those that arrived."""
    reader = connection.cursor()
    reader.execute(
        """
        SELECT id, key, exchange_id, sent_at FROM messages
        WHERE exchange_id IN (SELECT value FROM json_each(?))
        UNION ALL
        SELECT id, key, NULL, sent_at FROM arrived WHERE sent_at BETWEEN ? AND ?
        ORDER BY sent_at, id
        """,
        (as_json(exchanges), start, end),
    )
    while rows := reader.fetchmany(_BATCH):
        yield rows


def take_out_exchanges(connection: sqlite3.Connection, exchanges: Iterable[int], tallies: Counters) -> None:
    """Take exchanges out of the counts, the search and the table. Their messages stay as they are."""
    ids = sorted(exchanges)
    for exchange in ids:
        tallies.add(connection.execute(SAID, (exchange,)).fetchall(), -1)
    unindex_exchanges(connection, ids)
    connection.executemany("DELETE FROM exchanges WHERE id = ?", [(exchange,) for exchange in ids])


def _apply(connection: sqlite3.Connection, changes: Sequence[Change], index: MessageIndex) -> None:
    for change in changes:
        if change.text != change.old.text:
            index.replace(change.old.id, change.old.text, change.text)
            carry_again(connection, change.old.id, change.text)
        connection.execute(
            "UPDATE messages SET kind = ?, text = ?, is_edited = ? WHERE id = ?",
            (change.kind, change.text, change.is_edited, change.old.id),
        )


def _tell(connection: sqlite3.Connection, exchanges: dict[int, int], builder: ExchangeBuilder) -> None:
    rows = []
    for exchange, key in exchanges.items():
        talk: list[SaidRow] = connection.execute(SAID, (exchange,)).fetchall()
        row, highlights = builder.write(exchange, key, talk)
        rows.append(row)
        connection.execute("UPDATE messages SET is_highlight = 0 WHERE exchange_id = ? AND is_highlight", (exchange,))
        connection.executemany("UPDATE messages SET is_highlight = 1 WHERE id = ?", [(m,) for m in highlights])
        if len(rows) >= _BATCH:
            insert_exchanges(connection, rows)
            rows = []
    insert_exchanges(connection, rows)
