"""Putting an export in the place of what an earlier reading made of it: what it gave goes, and comes back read anew.

Ids come back with the keys (see `archive/ids.py`), files with their names, edits with the log.
"""

from __future__ import annotations

import sqlite3

from ingest.archive.derived import count_all
from ingest.archive.ids import IdRegistry
from ingest.core.model import ImportReport
from ingest.importing.known_exports import Again
from ingest.importing.removal import forget_source, gather_leaving, take_out
from memories_lib.shared.counters import Counters

_FILE = "mimetype, bytes, sha256, width, height, duration_s, thumbnail"


class Replacement:
    """The place that is made for an export, and what was there."""

    def __init__(self, connection: sqlite3.Connection, again: Again) -> None:
        self._connection = connection
        self._again = again
        self.chat = again.chat
        #: Lines of the export -> (id, key) of what was made of them.
        self.had: dict[int, tuple[int, int]] = {}

    def make_room(self) -> None:
        """Take out what the earlier reading gave. What else the chat has is not told yet: see `tell_loose`."""
        connection, again = self._connection, self._again
        gather_leaving(connection, again.sources, self._shared_with())
        connection.execute("DROP TABLE IF EXISTS temp.kept_files")
        connection.execute(
            f"""
            CREATE TEMP TABLE kept_files AS SELECT filename, {_FILE} FROM media
            WHERE message_id IN (SELECT id FROM leaving) AND NOT is_missing AND filename IS NOT NULL
            """
        )
        connection.execute("CREATE INDEX temp.kept_by_name ON kept_files (filename)")
        connection.execute("DROP TABLE IF EXISTS temp.kept_named")
        connection.execute(
            f"""
            CREATE TEMP TABLE kept_named AS SELECT DISTINCT filename, source_id, has_file
            FROM media_sources JOIN media USING (message_id)
            WHERE message_id IN (SELECT id FROM leaving) AND filename IS NOT NULL
                AND source_id NOT IN ({", ".join("?" * len(again.sources))})
            """,
            again.sources,
        )
        if not again.is_moved:
            connection.execute("DROP TABLE IF EXISTS temp.kept_keys")
            connection.execute(
                """
                CREATE TEMP TABLE kept_keys AS SELECT key, message_id FROM former_keys
                WHERE message_id IN (SELECT id FROM leaving)
                """
            )
            marks = ", ".join("?" * len(again.sources))
            self.had = {
                line: (number, key)
                for line, number, key in connection.execute(
                    f"SELECT line, id, key FROM leaving WHERE line IS NOT NULL AND source_id IN ({marks})",
                    again.sources,
                )
            }
        tallies: dict[int, Counters] = {}
        take_out(connection, tallies)
        for chat, counts in tallies.items():
            counts.flush(connection, chat)
            count_all(connection, chat)
        forget_source(connection, again.sources, min(again.sources))

    def _shared_with(self) -> list[int]:
        """Other sources of the chat that made the same mistakes: what they hold too goes, and comes back."""
        again = self._again
        if again.is_moved or again.is_of_clock:
            return []
        return [
            source
            for (source,) in self._connection.execute(
                """
                SELECT id FROM sources JOIN chat_sources ON source_id = id
                WHERE chat_id = ? AND (? IS NULL OR reader < ?)
                """,
                (again.chat, again.reader, again.reader),
            )
        ]

    def fill(self, report: ImportReport, chat: int, registry: IdRegistry) -> None:
        """Give back the files that are not in this export, and say in the account what is otherwise now."""
        connection = self._connection
        if not self._again.is_moved:
            connection.execute(
                "INSERT OR IGNORE INTO former_keys SELECT key, message_id FROM kept_keys "
                "WHERE message_id IN (SELECT id FROM messages)"
            )
        connection.executemany(
            "INSERT OR IGNORE INTO former_keys (key, message_id) VALUES (?, ?)", registry.former.values()
        )
        filled = connection.execute(
            f"""
            UPDATE media SET is_missing = 0, ({_FILE}) = (
                SELECT {_FILE} FROM kept_files WHERE kept_files.filename = media.filename LIMIT 1
            )
            WHERE is_missing AND filename IN (SELECT filename FROM kept_files)
                AND message_id IN (SELECT id FROM messages WHERE chat_id = ?)
            """,
            (chat,),
        ).rowcount
        connection.execute(
            """
            INSERT OR IGNORE INTO media_sources
            SELECT message_id, kept_named.source_id, kept_named.has_file
            FROM kept_named JOIN media USING (filename) JOIN messages ON messages.id = message_id WHERE chat_id = ?
            """,
            (chat,),
        )
        report.media_found += filled
        report.media_missing -= filled
        otherwise, gone = connection.execute(
            """
            SELECT
                count(*) FILTER (
                    WHERE messages.id IS NOT NULL AND (messages.sender_id IS NOT leaving.sender_id
                        OR messages.sent_at <> leaving.sent_at OR messages.kind <> leaving.kind
                        OR messages.text <> leaving.text)
                ),
                count(*) FILTER (WHERE messages.id IS NULL)
            FROM leaving LEFT JOIN messages ON messages.id = leaving.id
            """
        ).fetchone()
        before = connection.execute("SELECT count(*) FROM leaving").fetchone()[0]
        new = report.new - (before - gone)
        report.updated = otherwise + min(new, gone)
        report.new = max(0, new - gone)
        report.gone = max(0, gone - new)
        report.read_again = self._again.why
