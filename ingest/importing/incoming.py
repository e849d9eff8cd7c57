"""The messages of an export on their way into the archive: by its clock, and without whom the user forgot."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

from ingest.archive.curation import Forgotten
from ingest.core.errors import NotAnExport
from ingest.core.model import ImportReport, Message, Progress, Row
from ingest.importing.clock_shift import in_zone, zone_named
from ingest.importing.read import Read
from ingest.importing.report import counted
from ingest.importing.sampling import Overview
from ingest.importing.spool import Spool


class Incoming:
    """What was read of one export. `timezone`: where the phone was, if that is known."""

    def __init__(
        self, connection: sqlite3.Connection, spool: Spool, report: ImportReport, progress: Progress | None
    ) -> None:
        self._connection = connection
        self._spool = spool
        self._report = report
        self._progress = progress
        self._left_out: list[str] = []
        self._zones: tuple[ZoneInfo, ZoneInfo] | None = None  # the phone's, and the archive's
        self.timezone: str | None = None

    def bring_home(self, read: Read, said: str | None) -> None:
        """Where it is said in which zone the phone was: its times become those of the zone said first."""
        overview = read.overview
        name = self.timezone = said or (read.earlier.timezone if read.earlier else None)
        if name is None:
            return
        zone = zone_named(name)
        replaced = read.again.sources if read.again else ()
        first = self._connection.execute(
            f"""
            SELECT timezone FROM sources
            WHERE timezone IS NOT NULL AND id NOT IN ({", ".join("?" * len(replaced))}) ORDER BY id LIMIT 1
            """,
            replaced,
        ).fetchone()
        (name_before,) = first or (name,)
        if name_before == name:
            return
        overview.in_order = False  # an hour that comes twice there comes once here
        self._zones = zone, zone_named(name_before)
        self._report.notes.append(f"its times are told as the clock in {name_before} showed them")
        overview.probes = [replace(probe, minute=in_zone(probe.minute, *self._zones)) for probe in overview.probes]
        overview.short_probes = {
            sender: [replace(probe, minute=in_zone(probe.minute, *self._zones)) for probe in probes]
            for sender, probes in overview.short_probes.items()
        }
        overview.first_at = in_zone(overview.first_at, *self._zones)
        overview.last_at = in_zone(overview.last_at, *self._zones)

    def leave_out(self, overview: Overview, forgotten: Forgotten) -> None:
        """What people wrote who were forgotten is not written again, nor are notices that name them."""
        self._left_out = [name for name in overview.senders if forgotten.is_person(name)]
        if not self._left_out:
            return
        for name in self._left_out:
            count = overview.senders.pop(name)
            overview.messages -= count
            self._report.notes.append(
                f"somebody who was forgotten wrote {counted(count, 'message')} of it, left out; to read them again: "
                "memories forget person NAME --undo"
            )
        if not overview.senders:
            raise NotAnExport(f"{self._report.filename}: all of it is by people who were forgotten; nothing was read")
        overview.in_order = False  # its first and last message may be gone

    def batches(self, total: int) -> Iterator[list[Row]]:
        """What is to be written, with progress: the second half of the work of `total` messages."""
        done = 0
        for rows in self._rows():
            yield rows
            done += len(rows)
            if self._progress:
                self._progress(total + done, 2 * total)

    def _rows(self) -> Iterator[list[Row]]:
        for rows in self._rows_of_all():
            if self._zones:
                messages = map(Message._make, rows)
                yield [message._replace(sent_at=in_zone(message.sent_at, *self._zones)) for message in messages]
            else:
                yield rows

    def _rows_of_all(self) -> Iterator[list[Row]]:
        """All but what people wrote who were forgotten."""
        if not self._left_out:
            yield from self._spool.batches()
            return
        named = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in self._left_out))
        for rows in self._spool.batches():
            kept: list[Row] = [
                message
                for message in map(Message._make, rows)
                if message.sender not in self._left_out
                and (message.sender is not None or not named.search(message.text))
            ]
            if kept:
                yield kept
