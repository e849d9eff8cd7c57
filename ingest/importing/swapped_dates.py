"""Days and months that an earlier reading guessed the wrong way round, put right by what a later export holds."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from itertools import pairwise

from ingest.archive.derived import count_all
from ingest.archive.fts import MessageIndex
from ingest.archive.ids import IdRegistry
from ingest.core.keys import Keys
from ingest.core.model import ImportReport, Order
from ingest.importing.chat_evidence import PROOF, candidates
from ingest.importing.kept_order import GUESS_MARK, GUESSES, ORDER_NAMES, order_named
from ingest.importing.removal import gather_leaving, take_out_of_talks
from ingest.importing.rewriting import tell_loose
from ingest.importing.sampling import Probe
from memories_lib.shared.counters import Counters


class OtherOrder(Exception):
    """What was read is to be read again in this order of day and month: what the archive has proves it."""

    def __init__(self, order: Order) -> None:
        super().__init__(order)
        self.order = order


def find_swapped(connection: sqlite3.Connection, probes: list[Probe]) -> int | None:
    """The chat that holds an export's words on days that have day and month changed round; None when there is none."""
    plain = {chat.id: chat for chat in candidates(connection, probes)}
    turned = [swapped for probe in probes if (swapped := _swapped(probe))]
    found = [
        chat
        for chat in candidates(connection, turned)
        if chat.has_words(len(turned)) and chat.hits >= PROOF and chat.hits > 2 * plain[chat.id].hits
    ]
    return max(found, key=lambda chat: chat.hits).id if found else None


def _swapped(probe: Probe) -> Probe | None:
    minute = swap_day(probe.minute)
    return replace(probe, minute=minute) if minute != probe.minute else None


def swap_day(at: str) -> str:
    """A time with day and month changed round (``2021-05-03T…`` for ``2021-03-05T…``); as it is where it cannot be."""
    return f"{at[:5]}{at[8:10]}-{at[5:7]}{at[10:]}" if at[8:10] <= "12" else at


def guessed_sources(connection: sqlite3.Connection, chat: int, layout: str | None = None) -> list[int]:
    """The exports of a chat (of one layout) of which nobody knows for sure which number is the day."""
    return [
        source
        for (source,) in connection.execute(
            """
            SELECT sources.id FROM sources JOIN chat_sources ON source_id = sources.id
            WHERE chat_id = ?1 AND date_order LIKE ?2 AND (?3 IS NULL OR format = ?3)
            """,
            (chat, GUESSES, layout),
        )
    ]


def order_of_source(connection: sqlite3.Connection, source: int) -> Order | None:
    """How days and months of an export were read."""
    (name,) = connection.execute("SELECT date_order FROM sources WHERE id = ?", (source,)).fetchone()
    return order_named(name)


def runs_forward_swapped(connection: sqlite3.Connection, source: int) -> bool:
    """Whether the days of an export run on as well as now, or better, with day and month changed round."""
    days = [
        at[:10]
        for (at,) in connection.execute(
            "SELECT sent_at FROM messages WHERE source_id = ? AND line IS NOT NULL ORDER BY line", (source,)
        )
    ]
    swapped = [swap_day(day) for day in days]
    now, then = (sum(day < before for before, day in pairwise(order)) for order in (days, swapped))
    return bool(then <= now)


def end_guesses(connection: sqlite3.Connection, report: ImportReport, source: int) -> None:
    """An export that has messages in common with one whose order is proved is no guess any more, whichever came first.

    Read the other way round they would be on other days, and not in common.
    """
    related = connection.execute(
        """
        SELECT DISTINCT sources.id, date_order LIKE ? FROM source_messages AS here
        JOIN source_messages AS there ON there.first_id <= here.last_id AND there.last_id >= here.first_id
        JOIN sources ON sources.id = there.source_id
        WHERE here.source_id = ?
        """,
        (GUESSES, source),
    ).fetchall()
    is_guess = dict(related)
    if all(is_guess.values()) or not any(is_guess.values()):
        return
    if is_guess.get(source):
        report.is_guess, report.proof = False, "as in this chat's other exports"
    connection.executemany(
        "UPDATE sources SET date_order = replace(date_order, ?, '') WHERE id = ?",
        [(GUESS_MARK, number) for number, guess in related if guess],
    )


def other_order(order: Order) -> Order:
    """The other one."""
    return "mdy" if order == "dmy" else "dmy"


def note_former_days(connection: sqlite3.Connection, chat: int) -> None:
    """Let edits find the messages of a chat that were made while days and months were read the other way round."""
    rows = connection.execute(
        """
        SELECT id, sent_at, kind, text FROM messages WHERE chat_id = ? AND substr(sent_at, 9, 2) <= '12'
        ORDER BY sent_at, id
        """,
        (chat,),
    )
    turned = sorted((swap_day(at), number, kind, text) for number, at, kind, text in rows)
    keys = Keys()
    connection.executemany(
        "INSERT OR IGNORE INTO former_keys (key, message_id) VALUES (?, ?)",
        [(keys.key(at, kind, text), number) for at, number, kind, text in turned],
    )


def swap_dates(
    connection: sqlite3.Connection, chat: int, sources: list[int], registry: IdRegistry, index: MessageIndex, now: str
) -> int:
    """Change day and month round in all that these exports of a chat hold; returns how many messages that were.

    A guess means that no day is over 12, so that each date has its counterpart. Ids stay, and edits find them.
    """
    everything = [
        source for (source,) in connection.execute("SELECT source_id FROM chat_sources WHERE chat_id = ?", (chat,))
    ]
    count = gather_leaving(connection, sources, everything)
    tallies: dict[int, Counters] = {}
    take_out_of_talks(connection, tallies)
    for one, counts in tallies.items():
        counts.flush(connection, one)
    rows = connection.execute("SELECT id, key, sent_at, kind, text FROM leaving").fetchall()
    turned = sorted((swap_day(at), number, key, kind, text) for number, key, at, kind, text in rows)
    keys = Keys()
    for at, number, former, kind, text in turned:
        key = keys.key(at, kind, text)
        connection.execute("UPDATE messages SET sent_at = ?, key = ? WHERE id = ?", (at, key, number))
        connection.execute("INSERT OR IGNORE INTO former_keys (key, message_id) VALUES (?, ?)", (former, number))
        registry.rekey(number, former, key)
    for source in sources:
        (name,) = connection.execute("SELECT date_order FROM sources WHERE id = ?", (source,)).fetchone()
        order = order_named(name)
        if order:
            names = {order: name for name, order in ORDER_NAMES.items()}
            connection.execute("UPDATE sources SET date_order = ? WHERE id = ?", (names[other_order(order)], source))
    count_all(connection, chat)
    tell_loose(connection, chat, registry, index, now)
    return count
