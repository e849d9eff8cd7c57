"""The command that reads exports: `memories ingest`, and what others of the commands do with it."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import click

from ingest.archive.curation import note_said
from ingest.archive.database import connect, database_errors, writer_lock
from ingest.cli.base import db_option, main, progress_bar, say_aside, told
from ingest.cli.understanding import by_meaning, say_extra
from ingest.core.errors import MemoriesError
from ingest.core.model import ImportReport, Options, Order
from ingest.exports.discover import open_exports
from ingest.exports.source import Export, Limits
from ingest.importing.clock_shift import zone_named
from ingest.importing.pipeline import ingest as ingest_export
from ingest.importing.report import as_data, lines_of
from ingest.importing.resummarise import tell_outdated
from ingest.importing.worker import collect_rarely
from memories_lib.shared.layout import ArchiveFiles

_MIB = 1 << 20


@main.command()
@click.argument("exports", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@db_option
@click.option("--chat", metavar="NAME", help="The chat this belongs to, where the export does not say.")
@click.option("--me", metavar="NAME", help="Which of the senders is you.")
@click.option(
    "--date-order",
    type=click.Choice(["dmy", "mdy", "ymd"]),
    help="Day, month or year (of two digits) first, where nothing proves it.",
)
@click.option("--timezone", metavar="ZONE", help="Where the phone was, as in Europe/Berlin, if not where others were.")
@click.option(
    "--media", metavar="FOLDER", type=click.Path(path_type=Path), help="Where photos and other files lie, if elsewhere."
)
@click.option("--explain", is_flag=True, help="Tell more: layouts, lines it was unsure of, files not there.")
@click.option("--dry-run", is_flag=True, help="Read and tell, change nothing.")
@click.option("--json", "as_json", is_flag=True, help="The account as JSON, for programs.")
@click.option(
    "--summaries", type=click.Choice(["offline", "gemini"]), default="offline", show_default=True,
    help="Who tells the talks; see memories summarize.",
)  # fmt: skip
@click.option("--budget", type=click.FloatRange(min=0, min_open=True), metavar="USD", help="For --summaries gemini.")
@click.option("--yes", "-y", is_flag=True, help="Agree to what --summaries gemini sends, without being asked.")
@click.option("--max-text", type=click.IntRange(1), default=4096, show_default=True, help="Largest text, in MiB.")
@click.option("--max-file", type=click.IntRange(1), default=2048, show_default=True, help="Largest media file, in MiB.")
@click.option("--max-files", type=click.IntRange(1), default=500_000, show_default=True, help="Most files in a zip.")
@told
def ingest(
    exports: tuple[Path, ...],
    db: Path,
    chat: str | None,
    me: str | None,
    date_order: Order | None,
    timezone: str | None,
    media: Path | None,
    explain: bool,
    dry_run: bool,
    as_json: bool,
    summaries: str,
    budget: float | None,
    yes: bool,
    max_text: int,
    max_file: int,
    max_files: int,
) -> None:
    """Read exports (.txt, .zip, a folder, - for standard input) into the archive.

    \b
    Example:
      memories ingest "WhatsApp Chat with Emma.zip" --me "Anna"
    """
    collect_rarely()
    if chat is not None and not chat.strip():
        raise click.BadParameter("a chat has a name", param_hint="--chat")
    if timezone is not None:
        zone_named(timezone)
    options = Options(chat, me, date_order, timezone, dry_run)
    limits = Limits(max_text * _MIB, max_file * _MIB, max_files)
    is_new = not db.exists()

    def tell(report: ImportReport) -> None:
        for line in lines_of(report, explain=explain):
            click.echo(line, err=bool(report.error))
        sys.stdout.flush()

    reports = ingest_all(exports, db, options, limits, media, quiet=as_json, came=None if as_json else tell)
    if as_json:
        click.echo(json.dumps([as_data(report) for report in reports], ensure_ascii=False, indent=2))
    else:
        _say_owner(reports)
        if dry_run:
            click.echo("dry run: nothing was changed")
        elif is_new and db.exists():
            say_extra()
    sys.stdout.flush()
    tell_again(reports, db, options, quiet=as_json)
    if _is_nobody(reports):
        raise MemoriesError(f"--me '{me}': nobody is called that in any of these exports; say it as they do")
    if any(report.error for report in reports):
        sys.exit(1)
    if summaries == "gemini" and not dry_run:
        _summarize(db, budget, yes)


def _summarize(db: Path, budget: float | None, yes: bool) -> None:
    from ingest.cli.gemini import let_gemini_tell
    from ingest.summaries.gemini.cache import AnswerCache
    from ingest.summaries.gemini.workflow import Wanted

    with (
        database_errors(db),
        closing(connect(db)) as connection,
        closing(AnswerCache(ArchiveFiles.of(db).summaries)) as cache,
    ):
        let_gemini_tell(connection, db, cache, Wanted(budget=budget), yes=yes)


def _is_nobody(reports: list[ImportReport]) -> bool:
    """Whether ``--me`` named somebody whom none of the exports knows."""
    whole = [report for report in reports if not report.error]
    return bool(whole) and all(report.lacks_owner for report in whole)


def _say_owner(reports: list[ImportReport]) -> None:
    read = [report for report in reports if not report.error and not report.is_known]
    if read and not any(report.owner for report in read):
        click.echo("which of them is you? say it once with --me NAME")


def ingest_all(
    paths: tuple[Path, ...],
    db: Path,
    options: Options,
    limits: Limits,
    media: Path | None = None,
    *,
    quiet: bool,
    came: Callable[[ImportReport], None] | None = None,
) -> list[ImportReport]:
    """Every export by itself: one that fails is named, the others are kept. `came` hears of each when it is done."""
    reports: list[ImportReport] = []

    def add(report: ImportReport) -> None:
        reports.append(report)
        if came:
            came(report)

    with writer_lock(db, on_wait=say_aside), database_errors(db), closing(_connect_for(db, options)) as connection:
        for path in paths:
            try:
                opened = open_exports(path, limits, media)
            except MemoriesError as error:
                add(ImportReport(str(path), error=str(error)))
                continue
            options = replace(options, are_many=len(paths) + len(opened) > 2)
            for export in opened:
                report = _ingest_one(connection, db, export, options, quiet=quiet)
                _note_said(connection, db, report, options)
                add(report)
    return reports


def tell_again(reports: list[ImportReport], db: Path, options: Options, *, quiet: bool) -> None:
    """After the accounts: what an earlier version told is told again, and scored by meaning where that is installed.

    All that was read is kept whatever comes of this; `memories understand` goes on with it.
    """
    if options.dry_run or all(report.error for report in reports):
        return
    try:
        with writer_lock(db, on_wait=say_aside), database_errors(db), closing(connect(db)) as connection:
            tell_outdated(connection, db)
            by_meaning(connection, db, quiet=quiet)
    except MemoriesError as error:
        say_aside(f"everything was read; but choosing by meaning did not work: {error}")


def _note_said(connection: sqlite3.Connection, db: Path, report: ImportReport, options: Options) -> None:
    """What was said of an export is kept with the edits: an archive that is made anew is told it again."""
    if report.error or options.dry_run or not report.sha256:
        return
    said = {"chat": options.chat, "date_order": options.date_order, "timezone": options.timezone}
    said["me"] = None if report.lacks_owner else options.me
    given = {option: value for option, value in said.items() if value}
    note_said(connection, db, report, given)


def _connect_for(db: Path, options: Options) -> sqlite3.Connection:
    """The archive; for a dry run that has none yet, one in memory."""
    return connect(None if options.dry_run and not db.exists() else db)


def _ingest_one(
    connection: sqlite3.Connection, db: Path, export: Export, options: Options, *, quiet: bool
) -> ImportReport:
    try:
        with progress_bar(export.filename, quiet=quiet) as progress, database_errors(db):
            return ingest_export(connection, db, export, options, progress)
    except MemoriesError as error:
        return ImportReport(export.filename, error=str(error))
    finally:
        export.close()
