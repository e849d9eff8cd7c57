"""Reading an export to its end: how it is written, what it holds, and whether it goes on from one the archive has."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from ingest.core.errors import NotAnExport
from ingest.core.model import Findings, Hints, Options, Order, Progress, Row
from ingest.core.names import name_key
from ingest.exports.date_order import AS_BEFORE
from ingest.exports.detect import Survey
from ingest.exports.headers import find_head
from ingest.exports.observations import Evidence
from ingest.exports.source import Export
from ingest.importing.kept_order import GUESSES, is_guess, order_named
from ingest.importing.known_exports import READER, Again
from ingest.importing.parallel import SecondHalf, find_middle, stand_by
from ingest.importing.sampling import Overview
from ingest.importing.spool import Spool


@dataclass(frozen=True, slots=True)
class Earlier:
    """A source that this export begins with, byte for byte. `all_ids`: it, and the shorter ones that it begins with."""

    id: int
    bytes: int
    lines: int
    messages: int
    chat: int
    order: Order | None
    all_ids: tuple[int, ...] = ()
    is_guess: bool = False  # its order of day and month
    shift: int = 0  # seconds by which its times were moved
    timezone: str | None = None


class _Prefix(NamedTuple):
    """A source that may be the beginning of this export, as the archive has it; `shift_s` is in seconds."""

    source: int
    bytes: int
    lines: int
    messages: int
    chat: int
    date_order: str
    reader: int
    shift_s: int
    timezone: str | None


@dataclass(frozen=True, slots=True)
class Read:
    """What reading an export gave; its messages are in the spool.

    `earlier`: the export that it goes on from. `again`: what of the archive it comes in the place of. `name`: what the
    chat is called, by the file or by its first line; None where neither says it.
    """

    overview: Overview
    findings: Findings
    evidence: Evidence
    earlier: Earlier | None
    again: Again | None = None
    name: str | None = None


#: What an iPhone calls the text of any chat, also of one in which nobody has said anything yet.
_PHONES_OWN = ("_chat.txt", ".zip")


class Reading:
    """Reads one export into a spool."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        export: Export,
        options: Options,
        prefixes: Mapping[int, str],
        spool: Spool,
        progress: Progress | None,
        again: Again | None = None,
    ) -> None:
        """`prefixes`: lengths in bytes at which earlier exports ended -> the sha256 of so much of this one.

        `again`: this very text is known, and is to be read anew.
        """
        self._again = again
        self._connection = connection
        self._export = export
        self._options = options
        self._prefixes = prefixes
        self._spool = spool
        self._progress = progress
        self._read = 0
        self._earlier: Earlier | None = None
        self._waiting: SecondHalf | None = None  # started, and not needed yet
        self._second: SecondHalf | None = None

    def run(self) -> Read:
        """Read to the end. Raises `NotAnExport` when there is no message."""
        overview, survey = self._survey()
        if not overview.messages or survey.findings is None:
            raise NotAnExport(f"{self._export.filename}: no message found")
        if not overview.senders and self._export.name is None and not self._export.filename.endswith(_PHONES_OWN):
            raise NotAnExport(
                f"{self._export.filename}: lines with times, and nobody who writes them; if it is a chat all the same, "
                f"call it _chat.txt"
            )
        name = self._export.name or _name_within(survey.evidence, overview)
        return Read(overview, survey.findings, survey.evidence, self._earlier, self._again, name)

    def _survey(self) -> tuple[Overview, Survey]:
        earlier = self._longest_prefix()
        if earlier:
            try:
                overview, survey = self._survey_from(earlier)
            except NotAnExport:
                pass
            else:
                if not self._proves_otherwise(earlier, survey):
                    self._earlier = earlier
                    return overview, survey
                why = "its end proves that day and month were guessed the wrong way round"
                self._again = Again(earlier.all_ids, earlier.chat, why)
            self._read = 0
        survey = Survey(
            self._chunks,
            Hints(self._export.name, self._options.date_order, self._order_of_chat(), self._year()),
            beside=self._begin_second,
        )
        try:
            overview = self._read_all(survey)
        except NotAnExport as error:
            raise NotAnExport(f"{self._export.filename}: {error}{_first_lines(self._export)}") from None
        return overview, survey

    def _proves_otherwise(self, earlier: Earlier, survey: Survey) -> bool:
        """Whether what comes after an export proves the other order of day and month than it was read in."""
        findings = survey.findings
        order = order_named(findings.date_order) if findings else None
        return (
            findings is not None
            and not findings.is_guess
            and None not in (order, earlier.order)
            and (order != earlier.order)
        )

    def _survey_from(self, earlier: Earlier) -> tuple[Overview, Survey]:
        """Only what comes after an export that the archive has."""
        first = next(self._export.chunks(earlier.bytes), "")
        if not find_head(first.partition("\n")[0]):
            raise NotAnExport("goes on in the middle of a message")
        roster = frozenset(
            name
            for (name,) in self._connection.execute(
                "SELECT DISTINCT name FROM people JOIN person_months ON person_id = id WHERE chat_id = ?",
                (earlier.chat,),
            )
        )
        # What stands for a file in a language that is not known here, the first lines have taught before.
        known = Survey(self._export.chunks, Hints(self._export.name, hint=earlier.order)).start()
        survey = Survey(
            self._chunks,
            Hints(self._export.name, self._options.date_order, earlier.order, self._year(), roster, known.stand_ins),
            first_line=earlier.lines + 1,
            skip=earlier.bytes,
        )
        overview = self._read_all(survey)
        if earlier.is_guess and survey.findings and survey.findings.proof == AS_BEFORE:
            survey.findings = replace(survey.findings, is_guess=True, proof="")
        return overview, survey

    def _read_all(self, survey: Survey) -> Overview:
        """Read to the end, keeping what was read."""
        overview = Overview()

        def visit(rows: list[Row]) -> None:
            overview.visit(rows)
            self._spool.add(rows)

        def restart() -> None:
            overview.restart()
            self._spool.restart()

        restart()
        try:
            if survey.may_be_parted:
                self._waiting = stand_by(self._export, self._spool)
            survey.run(visit, restart)
        finally:
            if self._waiting:
                self._waiting.close()
        if self._second:
            overview.go_on(self._second.overview)
        overview.finish()
        return overview

    def _begin_second(self, findings: Findings) -> SecondHalf | None:
        """The second half of a long text, read by a process beside this one, where that can be had."""
        self._second = None
        second, self._waiting = self._waiting or stand_by(self._export, self._spool), None
        middle = find_middle(self._export, findings) if second else None
        if second and middle is not None:
            try:
                self._second = second.begin(findings, self._export.name, self._year(), middle)
            except OSError:
                self._spool.more()  # it is gone: slower in this one, and as good
        if second and not self._second:
            second.close()
        return self._second

    def _longest_prefix(self) -> Earlier | None:
        """The export that this one goes on from; None where all of it is to be read."""
        again = self._again
        if (again and again.is_moved) or not self._export.may_be_parted:
            return None
        found: list[_Prefix] = []
        for length in sorted(self._prefixes, reverse=True):
            rows = self._connection.execute(
                """
                SELECT sources.id, bytes, lines, messages_found, chat_id, date_order, reader, shift_s, timezone
                FROM sources JOIN chat_sources ON source_id = sources.id JOIN chats ON chats.id = chat_id
                WHERE bytes = ? AND sha256 = ? AND (? IS NULL OR chats.name = ? COLLATE NOCASE)
                """,
                (length, self._prefixes[length], self._options.chat, self._options.chat),
            )
            found += map(_Prefix._make, rows)
        chat = again.chat if again else found[0].chat if found else 0
        found = [prefix for prefix in found if prefix.chat == chat]
        # What was read otherwise than it would be now is read anew with the rest.
        outdated = [one.source for one in found if one.reader < READER or self._is_otherwise(one.date_order)]
        if again:
            self._again = replace(again, sources=tuple(dict.fromkeys((*again.sources, *outdated))))
            return None
        if outdated:
            why = "an earlier version read the beginning of it before"
            is_otherwise = self._is_otherwise(found[0].date_order)
            self._again = Again(tuple(outdated), chat, why, reader=None if is_otherwise else READER)
            return None
        if not found:
            return None
        longest, ids = found[0], tuple(prefix.source for prefix in found)
        return Earlier(
            longest.source, longest.bytes, longest.lines, longest.messages, chat, order_named(longest.date_order), ids,
            is_guess(longest.date_order), longest.shift_s, longest.timezone,
        )  # fmt: skip

    def _is_otherwise(self, date_order: str) -> bool:
        """Whether a source was read in another order of day and month than the user says now."""
        order = order_named(date_order)
        return None not in (order, self._options.date_order) and order != self._options.date_order

    def _order_of_chat(self) -> Order | None:
        """The order of day and month in an earlier export of a chat with this name, if it was no guess."""
        row = self._connection.execute(
            """
            SELECT date_order FROM sources JOIN chat_sources ON source_id = sources.id
            JOIN chats ON chats.id = chat_id WHERE chats.name = ? AND date_order NOT LIKE ?
            ORDER BY sources.id DESC LIMIT 1
            """,
            (self._options.chat or self._export.name, GUESSES),
        ).fetchone()
        return order_named(row[0]) if row else None

    def _year(self) -> int:
        return (self._export.written or datetime.now()).year

    def _chunks(self, skip: int = 0, until: int | None = None) -> Iterator[str]:
        """The export's text, with progress: the first half of the work, however often it is read."""
        total = max(1, self._export.text_bytes)
        at_once = 1 if until is None else 2
        for chunk in self._export.chunks(skip, until):
            yield chunk
            self._read = min(total, self._read + len(chunk) * at_once)
            if self._progress:
                self._progress(self._read, 2 * total)


def _name_within(evidence: Evidence, overview: Overview) -> str | None:
    """The chat's name by its first line: iPhones put the group's there, or the contact's, who writes as well."""
    opened_by, people = evidence.opened_by, overview.people()
    is_contact = name_key(opened_by) in people
    return opened_by if opened_by and (len(people) <= 2 if is_contact else True) else None


def _first_lines(export: Export) -> str:
    """The first lines of a text in which no message was found, for its owner to look at."""
    lines = next(export.chunks(), "")[:2000].split("\n")[:3]
    shown = "".join(f"\n  {number}: {line[:100]}" for number, line in enumerate(lines, 1) if line.strip())
    return f". It starts with:{shown}" if shown else ""
