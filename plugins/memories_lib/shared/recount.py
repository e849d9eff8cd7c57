"""Counts without what is hidden: by day, by person and month, by emoji, by kind, of people and of chats. Pure.

Ingest counts everything. What is hidden of an exchange is taken out of the counts, and noted in `uncounted`; before
anything else happens to the exchange, it is put back. Exchanges are here those that
ingest made, whatever edits merged or split since: as they were counted, so they are taken out.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from memories_lib.shared import visible
from memories_lib.shared.counters import Counters, Said
from memories_lib.shared.sql import Run, has_table

_MEMBERS = """
SELECT id, sender_id, sent_at, kind, text, {is_out} AS is_out
FROM messages
WHERE (exchange_id = :exchange AND id NOT IN (SELECT message_id FROM messages_before))
    OR id IN (SELECT message_id FROM messages_before WHERE exchange_id = :exchange)
ORDER BY sent_at, id
"""
_IS_HIDDEN = visible.message_hidden("id", "exchange_id")
_IS_OUT = "id IN (SELECT message_id FROM uncounted)"
_MADE_OF = """
SELECT DISTINCT coalesce(messages_before.exchange_id, messages.exchange_id)
FROM messages LEFT JOIN messages_before ON message_id = id WHERE messages.exchange_id = ?
"""
_WITH_HIDDEN = f"""
SELECT DISTINCT coalesce(messages_before.exchange_id, messages.exchange_id)
FROM (
    SELECT message_id AS hidden FROM ({visible.HIDDEN_MESSAGES})
) JOIN messages ON messages.id = hidden LEFT JOIN messages_before ON messages_before.message_id = hidden
"""


def is_kept(run: Run) -> bool:
    """Whether the archive keeps its counts without what is hidden: those of earlier versions do not."""
    return has_table(run, "uncounted")


def originals(run: Run, exchanges: Iterable[int]) -> set[int]:
    """The exchanges that ingest made of the messages of these."""
    return {made for exchange in exchanges for (made,) in run(_MADE_OF, (exchange,)).fetchall() if made is not None}


def put_back(connection: sqlite3.Connection, exchanges: Iterable[int] | None = None) -> None:
    """Count everything again of these exchanges that ingest made; of all, when none are named."""
    noted = {exchange for (exchange,) in connection.execute("SELECT DISTINCT exchange_id FROM uncounted")}
    _count(connection, noted if exchanges is None else noted & set(exchanges), 1)


def take_out(connection: sqlite3.Connection, exchanges: Iterable[int] | None = None) -> None:
    """Count what may be seen alone; the counterpart of `put_back`, which comes first."""
    if exchanges is None:
        exchanges = {exchange for (exchange,) in connection.execute(_WITH_HIDDEN)}
    _count(connection, exchanges, -1)
    measure_chats(connection)


#: The tables of counts, which all follow from the messages.
TABLES = ("days", "person_months", "person_emoji", "chat_kinds", "uncounted")


def count_everything(connection: sqlite3.Connection) -> None:
    """Make all counts again of the messages, without what is hidden."""
    for table in TABLES:
        connection.execute(f"DELETE FROM {table}")
    for (chat,) in connection.execute("SELECT id FROM chats").fetchall():
        tallies = Counters()
        rows = connection.execute(
            """
            SELECT m.id, sender_id, sent_at, kind, text, coalesce(b.exchange_id, m.exchange_id) AS made
            FROM messages AS m LEFT JOIN messages_before AS b ON b.message_id = m.id
            WHERE chat_id = ? AND m.exchange_id IS NOT NULL ORDER BY made, sent_at, m.id
            """,
            (chat,),
        )
        for _, talk in groupby(rows, key=_exchange_of):
            tallies.add([Said(*said) for *said, _ in talk])
        tallies.flush(connection, chat)
        kinds = "SELECT kind, count(*) FROM messages WHERE chat_id = ? GROUP BY kind"
        _count_kinds(connection, dict(tuple(row) for row in connection.execute(kinds, (chat,))), chat)
        _sum_up(connection, chat, [person for (person,) in connection.execute("SELECT id FROM people")])
    take_out(connection)


def _exchange_of(row: Sequence[Any]) -> int:
    *_, made = row
    return int(made)


def _count(connection: sqlite3.Connection, exchanges: Iterable[int], sign: int) -> None:
    chats: dict[int, Counters] = {}
    kinds: dict[tuple[int, str], int] = {}
    for exchange in sorted(exchanges):
        is_out = _IS_HIDDEN if sign < 0 else _IS_OUT
        members = connection.execute(_MEMBERS.format(is_out=is_out), {"exchange": exchange}).fetchall()
        everything = [(Said(*said), bool(is_hidden)) for *said, is_hidden in members]
        hidden = [message for message, is_hidden in everything if is_hidden]
        if not hidden:
            continue
        (chat,) = connection.execute("SELECT chat_id FROM messages WHERE id = ?", (hidden[0].id,)).fetchone()
        tallies = chats.setdefault(chat, Counters())
        tallies.add([message for message, _ in everything], sign)
        if len(hidden) < len(members):
            tallies.add([message for message, is_hidden in everything if not is_hidden], -sign)
        for message in hidden:
            kinds[(chat, message.kind)] = kinds.get((chat, message.kind), 0) + sign
        if sign < 0:
            connection.executemany("INSERT INTO uncounted VALUES (?, ?)", [(one.id, exchange) for one in hidden])
    if sign > 0:
        connection.executemany("DELETE FROM uncounted WHERE exchange_id = ?", [(one,) for one in exchanges])
    for chat, tallies in chats.items():
        people = {person for person, _ in tallies.counts()[0]}
        tallies.flush(connection, chat)
        _count_kinds(connection, {kind: count for (of, kind), count in kinds.items() if of == chat}, chat)
        _sum_up(connection, chat, people)


def _count_kinds(connection: sqlite3.Connection, kinds: Mapping[str, int], chat: int) -> None:
    connection.executemany(
        """
        INSERT INTO chat_kinds (chat_id, kind, message_count) VALUES (?, ?, ?)
        ON CONFLICT DO UPDATE SET message_count = message_count + excluded.message_count
        """,
        [(chat, kind, count) for kind, count in kinds.items()],
    )
    connection.execute("DELETE FROM chat_kinds WHERE chat_id = ? AND message_count <= 0", (chat,))


def _sum_up(connection: sqlite3.Connection, chat: int, people: Iterable[int]) -> None:
    """What is added up of the counts."""
    connection.executemany(
        """
        UPDATE people SET message_count = coalesce(
            (SELECT sum(messages) FROM person_months WHERE person_id = people.id), 0) WHERE id = ?
        """,
        [(person,) for person in sorted(people)],
    )
    connection.execute(
        """
        UPDATE chats SET message_count = (SELECT coalesce(sum(message_count), 0) FROM days WHERE chat_id = :chat)
        WHERE id = :chat
        """,
        {"chat": chat},
    )


def measure_chats(connection: sqlite3.Connection, of_exchanges: Iterable[int] | None = None) -> None:
    """When each chat begins and ends, by what of it may be seen; those of these exchanges alone, where named."""
    connection.execute(
        """
        UPDATE chats SET (first_at, last_at) = (
            SELECT min(started_at), max(ended_at) FROM visible_exchanges WHERE chat_id = chats.id
        )
        WHERE :all OR id IN (SELECT chat_id FROM exchanges WHERE id IN (SELECT value FROM json_each(:exchanges)))
        """,
        {"all": of_exchanges is None, "exchanges": json.dumps(list(of_exchanges or ()))},
    )
