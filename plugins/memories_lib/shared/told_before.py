"""Periods that a model told before something of their time was hidden here, whenever the edit was made. Pure.

The time of an edit says when somebody hid a talk. An older edit that comes from another machine, and one that shows a
talk and is undone, hide it later than that: what was told in between may speak of it, so its time is taken away, and
it is silent until it is told again.
"""

from __future__ import annotations

import sqlite3

from memories_lib.shared import visible


def is_noted(archive: sqlite3.Connection) -> bool:
    """Whether it is noted on this connection which exchanges are hidden."""
    found = archive.execute("SELECT 1 FROM temp.sqlite_master WHERE name = 'hidden_until_now'").fetchone()
    return found is not None


def note_what_is_hidden(archive: sqlite3.Connection) -> None:
    """Keep which exchanges are hidden until edits are shown again on this connection."""
    archive.execute("CREATE TEMP TABLE IF NOT EXISTS hidden_until_now (exchange_id INTEGER PRIMARY KEY)")
    archive.execute("DELETE FROM temp.hidden_until_now")
    archive.execute(f"INSERT INTO temp.hidden_until_now {visible.HIDDEN_EXCHANGES}")


def silence(archive: sqlite3.Connection) -> None:
    """Take the time off the periods of exchanges that are hidden and were not when that was noted."""
    archive.execute(
        f"""
        WITH new AS MATERIALIZED (
            {visible.HIDDEN_EXCHANGES} AND exchange_id NOT IN (SELECT exchange_id FROM temp.hidden_until_now)
        ), spans AS MATERIALIZED (
            SELECT chat_id, started_at, ended_at FROM exchanges WHERE id IN (SELECT exchange_id FROM new)
            UNION
            SELECT before.chat_id, before.started_at, before.ended_at
            FROM new CROSS JOIN messages ON messages.exchange_id = new.exchange_id
            CROSS JOIN messages_before ON messages_before.message_id = messages.id
            CROSS JOIN exchanges_before AS before ON before.id = messages_before.exchange_id
        )
        UPDATE periods SET told_at = ''
        WHERE told_at IS NOT NULL AND EXISTS (
            SELECT 1 FROM spans WHERE spans.chat_id = periods.chat_id AND (
                period = 'all' OR (
                    substr(started_at, 1, length(period)) <= period AND substr(ended_at, 1, length(period)) >= period
                )
            )
        )
        """
    )
