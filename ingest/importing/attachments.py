"""What messages carry: links, places, and files that lie beside the text."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from ingest.archive.media import Stored, mimetype_of, store_file
from ingest.core.model import MEDIA_KINDS
from ingest.exports.links import find_links
from ingest.exports.places import find_place
from ingest.exports.source import Export

_MOST_NAMED = 1_000
_INSERT_LINK = "INSERT INTO links (message_id, url, domain) VALUES (?, ?, ?)"
_INSERT_PLACE = "INSERT INTO places (message_id, name, latitude, longitude, url) VALUES (?, ?, ?, ?, ?)"


def carry_again(connection: sqlite3.Connection, message: int, text: str) -> None:
    """Links, places and caption of a message whose words are others now."""
    connection.execute("DELETE FROM links WHERE message_id = ?", (message,))
    connection.execute("DELETE FROM places WHERE message_id = ?", (message,))
    connection.executemany(_INSERT_LINK, [(message, *found) for found in find_links(text)])
    if place := find_place(text):
        connection.execute(_INSERT_PLACE, (message, *place))
    connection.execute("UPDATE media SET caption = ? WHERE message_id = ?", (text or None, message))


class Attachments:
    """Collects links, places and media of new messages, and writes them with `flush`.

    `folder` is where files are kept; None leaves them where they are (a dry run).
    """

    def __init__(self, connection: sqlite3.Connection, export: Export, folder: Path | None, source: int) -> None:
        """`source`: the export's row in `sources`."""
        self._connection = connection
        self._source = source
        self._export = export
        self._folder = folder
        self._links: list[tuple[int, str, str]] = []
        self._places: list[tuple[int, str | None, float | None, float | None, str]] = []
        self._media: list[tuple[object, ...]] = []
        self._named: list[tuple[int, int, bool]] = []  # message, source, whether the file is there
        self.found = 0
        self.missing = 0
        self.missing_files: list[str] = []
        self.warnings: list[tuple[int | None, str, str]] = []  # line, file, reason

    def has_files(self) -> bool:
        """Whether the export brings files at all."""
        return self._export.has_files()

    def add(self, message: int, kind: str, text: str, attachment: str | None, line: int) -> None:
        """Take what one new message carries."""
        if "http" in text:
            self._links += [(message, url, domain) for url, domain in find_links(text)]
            place = find_place(text)
            if place:
                self._places.append((message, *place))
        if attachment is not None or kind in MEDIA_KINDS:
            caption = text or None
            stored = self.store(attachment, line) if attachment else None
            if attachment is not None:
                self._named.append((message, self._source, stored is not None))
            if stored:
                self._media.append((message, attachment, *_columns(stored), caption, 0))
            else:
                mimetype = mimetype_of(attachment) if attachment else None
                self._media.append((message, attachment, mimetype, *[None] * 6, caption, 1))

    def store(self, attachment: str, line: int | None) -> Stored | None:
        """Bring the file into the archive; None when it is missing or cannot be kept."""
        if not self._export.has_file(attachment):
            self.missing += 1
            if len(self.missing_files) < _MOST_NAMED:
                self.missing_files.append(attachment)
            return None
        if self._folder is None:
            self.found += 1
            return None
        stored = store_file(self._export, attachment, self._folder)
        if stored and stored.warning:
            self.warnings.append((line, attachment, stored.warning))
        if stored is None or not stored.sha256:
            self.missing += 1
            return None
        self.found += 1
        return stored

    def fill(self, message: int, attachment: str, line: int | None) -> bool:
        """Give a message whose file was missing the one this export has."""
        if not self._export.has_file(attachment):
            return False
        self.note_named(message, True)
        is_missing: int | None
        (is_missing,) = self._connection.execute(
            "SELECT min(is_missing) FROM media WHERE message_id = ?", (message,)
        ).fetchone()
        if is_missing == 0:
            return False  # it has its file: another export numbers it otherwise
        stored = self.store(attachment, line)
        if stored is None:
            return False
        self.flush()
        if is_missing is None:
            self._connection.execute(_INSERT_MEDIA, (message, attachment, *_columns(stored), None, 0))
            return True
        self._connection.execute(
            """
            UPDATE media SET filename = ?, mimetype = ?, bytes = ?, sha256 = ?, width = ?, height = ?,
                duration_s = ?, thumbnail = ?, is_missing = 0
            WHERE message_id = ? AND is_missing
            """,
            (attachment, *_columns(stored), message),
        )
        return True

    def note_named(self, message: int, has_file: bool) -> None:
        """The export names the file of a message that is there, and perhaps brings it."""
        self._connection.execute(_INSERT_NAMED, (message, self._source, has_file))

    def note_files(self, messages: Iterable[tuple[int, str]]) -> None:
        """The same for (message, file name) of messages that the export holds: those whose file it has."""
        self._connection.executemany(
            _INSERT_NAMED,
            [(number, self._source, True) for number, filename in messages if self._export.has_file(filename)],
        )

    def flush(self) -> None:
        """Write what was collected."""
        connection = self._connection
        if self._links:
            connection.executemany(_INSERT_LINK, self._links)
        if self._places:
            connection.executemany(_INSERT_PLACE, self._places)
        if self._media:
            connection.executemany(_INSERT_MEDIA, self._media)
        if self._named:
            connection.executemany(_INSERT_NAMED, self._named)
        self._links, self._places, self._media, self._named = [], [], [], []


_INSERT_NAMED = """
INSERT INTO media_sources (message_id, source_id, has_file) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET has_file = max(has_file, excluded.has_file)
"""
_INSERT_MEDIA = """
INSERT INTO media (message_id, filename, mimetype, bytes, sha256, width, height, duration_s, thumbnail, caption,
    is_missing)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def _columns(stored: Stored) -> tuple[object, ...]:
    return (
        stored.mimetype, stored.bytes, stored.sha256, stored.width, stored.height, stored.duration_s, stored.thumbnail,
    )  # fmt: skip
