"""What the archive keeps of an ingest itself: its source, its warnings, and the account for the user."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

from ingest.core.model import Findings, ImportReport, Unsure
from ingest.exports.source import Export
from ingest.importing import kept_order
from ingest.importing.import_in_progress import Import
from ingest.importing.known_exports import READER

_MOST_WARNINGS = 10_000
#: Of a layout: its numbers, of which a day, a month by name and a time to the minute are three; no d of a word is one.
_DATE_NUMBERS = re.compile(r"(?<![a-zA-ZÀ-ɏ])d+(?![a-zA-ZÀ-ɏ])")
_FEWEST_NUMBERS, _FOUR_DIGITS = 4, re.compile("dddd")


def add_source(
    connection: sqlite3.Connection,
    export: Export,
    sha256: str,
    now: str,
    timezone: str | None = None,
    number: int | None = None,
) -> int:
    """A row of `sources` for an export that is being read; returns its id.

    `number`: the id of a source in whose place it comes.
    """
    row = connection.execute(
        """
        INSERT INTO sources (id, filename, sha256, bytes, format, date_order, ingested_at, lines, messages_found,
            messages_new, reader, timezone)
        VALUES (?, ?, ?, ?, '', '', ?, 0, 0, 0, ?, ?) RETURNING id
        """,
        (number, export.filename, sha256, export.text_bytes, now, READER, timezone),
    ).fetchone()
    return int(row[0])


def write_down(imp: Import) -> None:
    """Fill in the report and the rows of the source."""
    connection, report, chat, source, attachments = imp.connection, imp.report, imp.chat, imp.source, imp.attachments
    overview, evidence = imp.overview, imp.read.evidence
    findings, earlier = imp.read.findings, imp.read.earlier
    report.format = format_name(findings)
    report.date_order, report.proof, report.is_guess = findings.date_order, findings.proof, findings.is_guess
    report.notes += [
        f"“{sentence}” is taken for a file that was left out (words that this version does not know)"
        for sentence in sorted(findings.stand_ins)
    ]
    report.notes += _doubtful_dates(findings, overview.last_at, imp.now)
    report.lines = evidence.lines
    report.messages = overview.messages + (earlier.messages if earlier else 0)
    report.people = len(overview.senders)
    report.first_at, report.last_at = overview.first_at, overview.last_at
    if earlier:
        # Only the end was read: who wrote, and since when, the archive knows.
        report.people, report.first_at = connection.execute(
            """
            SELECT (SELECT count(DISTINCT person_id) FROM person_months WHERE chat_id = chats.id), first_at
            FROM chats WHERE id = ?
            """,
            (chat,),
        ).fetchone()
    report.new = imp.loader.new
    report.media_found, report.media_missing = attachments.found, attachments.missing
    report.missing_files = attachments.missing_files
    report.layouts = findings.layouts
    report.unsure = evidence.unsure + [Unsure(line or 0, file, reason) for line, file, reason in attachments.warnings]
    report.warnings = evidence.unsure_count + len(attachments.warnings)
    warnings: list[tuple[int, int | None, str, str]] = [(source, w.line, w.text, w.reason) for w in evidence.unsure]
    warnings += [(source, line, file, reason) for line, file, reason in attachments.warnings[:_MOST_WARNINGS]]
    connection.executemany("INSERT INTO source_warnings (source_id, line, text, reason) VALUES (?, ?, ?, ?)", warnings)
    connection.execute(
        """
        UPDATE sources SET format = ?, date_order = ?, lines = ?, messages_found = ?, messages_new = ?,
            warnings = ? WHERE id = ?
        """,
        (
            report.format, _with_sure(report), report.lines, report.messages, report.new, report.warnings,
            source,
        ),
    )  # fmt: skip
    connection.execute(
        "INSERT INTO chat_sources (source_id, chat_id, pause_s) VALUES (?, ?, ?)", (source, chat, imp.target.pause)
    )


def _doubtful_dates(findings: Findings, last_at: str, now: str) -> Iterator[str]:
    """Sentences about times that may be others: without a year, in years to come, beside words that were learned."""
    if findings.halves:
        said = " and ".join(f"'{word}' as {meaning}" for word, meaning in findings.halves)
        yield f"words beside its clocks are not known here; {said}, by the order of its messages"
    layouts = findings.layouts
    shape = max(layouts, key=lambda s: layouts[s], default="")
    if shape and len(_DATE_NUMBERS.findall(shape)) < _FEWEST_NUMBERS and not _FOUR_DIGITS.search(shape):
        yield f"its dates have no year; they are taken to be of {last_at[:4]} and before"
    elif last_at[:10] > f"{int(now[:4]) + 1}{now[4:10]}":
        yield f"its last messages are dated {last_at[:10]}, which is still to come; was the phone's clock right?"


def _with_sure(report: ImportReport) -> str:
    return kept_order.kept(report.date_order, is_guess=report.is_guess)


def format_name(findings: Findings) -> str:
    """``iPhone [d/d/dddd, d:dd:dd]``: the phone and the layout that most headers have."""
    shape = max(findings.layouts, key=lambda s: findings.layouts[s], default="")
    phone = "iPhone" if findings.segments and findings.segments[0].closer == "] " else "Android"
    more = f" and {len(findings.segments) - 1} more" if len(findings.segments) > 1 else ""
    return f"{phone} {shape.strip(' -')}{more}"
