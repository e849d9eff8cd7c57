"""From exports to a served archive: ingest, serve, demo, start, password, check, stats, search."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import click

from ingest.archive.check import check as check_archive
from ingest.archive.curation import be_in_step, note_said
from ingest.archive.database import connect, database_errors, writer_lock
from ingest.cli.base import Failed, db_option, main, progress_bar, say_aside, told
from ingest.core.errors import MemoriesError
from ingest.core.model import Account, Options, Order
from ingest.exports.discover import open_exports
from ingest.exports.source import Export, Limits
from ingest.importing.clock_shift import zone_named
from ingest.importing.pipeline import ingest as ingest_export
from ingest.importing.report import as_data, lines_of
from ingest.importing.worker import collect_rarely
from ingest.ops.passwords import SHORTEST, hash_password
from ingest.ops.serving import datasette_arguments, has_browser, site
from memories_lib.queries.search import find as find_messages
from memories_lib.shared.folding import fts_query
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
    accounts = _ingest_all(exports, db, options, limits, media, quiet=as_json)
    if as_json:
        click.echo(json.dumps([as_data(account) for account in accounts], ensure_ascii=False, indent=2))
    else:
        for account in accounts:
            for line in lines_of(account, explain=explain):
                click.echo(line, err=bool(account.error))
        _say_owner(accounts)
        if dry_run:
            click.echo("dry run: nothing was changed")
    if _is_nobody(accounts):
        raise MemoriesError(f"--me '{me}': nobody is called that in any of these exports; say it as they do")
    if any(account.error for account in accounts):
        sys.exit(1)
    if summaries == "gemini" and not dry_run:
        _summarize(db, budget, yes)


def _summarize(db: Path, budget: float | None, yes: bool) -> None:
    from ingest.cli.gemini import let_gemini_tell
    from ingest.summaries.gemini.cache import Kept
    from ingest.summaries.gemini.workflow import Wanted

    with database_errors(db), closing(connect(db)) as connection, closing(Kept(ArchiveFiles.of(db).summaries)) as kept:
        let_gemini_tell(connection, db, kept, Wanted(budget=budget), yes=yes)


def _is_nobody(accounts: list[Account]) -> bool:
    """Whether ``--me`` named somebody whom none of the exports knows."""
    whole = [account for account in accounts if not account.error]
    return bool(whole) and all(account.lacks_owner for account in whole)


def _say_owner(accounts: list[Account]) -> None:
    read = [account for account in accounts if not account.error and not account.is_known]
    if read and not any(account.owner for account in read):
        click.echo("which of them is you? say it once with --me NAME")


def _ingest_all(
    paths: tuple[Path, ...], db: Path, options: Options, limits: Limits, media: Path | None = None, *, quiet: bool
) -> list[Account]:
    """Every export by itself: one that fails is named, the others are kept."""
    accounts: list[Account] = []
    with writer_lock(db, on_wait=say_aside), database_errors(db), closing(_connect_for(db, options)) as connection:
        for path in paths:
            try:
                opened = open_exports(path, limits, media)
            except MemoriesError as error:
                accounts.append(Account(str(path), error=str(error)))
                continue
            options = replace(options, are_many=len(paths) + len(opened) > 2)
            for export in opened:
                accounts.append(_ingest_one(connection, db, export, options, quiet=quiet))
                _note_said(connection, db, accounts[-1], options)
    return accounts


def _note_said(connection: sqlite3.Connection, db: Path, account: Account, options: Options) -> None:
    """What was said of an export is kept with the edits: an archive that is made anew is told it again."""
    if account.error or options.dry_run or not account.sha256:
        return
    said = {"chat": options.chat, "date_order": options.date_order, "timezone": options.timezone}
    said["me"] = None if account.lacks_owner else options.me
    given = {option: value for option, value in said.items() if value}
    note_said(connection, db, account, given)


def _connect_for(db: Path, options: Options) -> sqlite3.Connection:
    """The archive; for a dry run that has none yet, one in memory."""
    return connect(None if options.dry_run and not db.exists() else db)


def _ingest_one(connection: sqlite3.Connection, db: Path, export: Export, options: Options, *, quiet: bool) -> Account:
    try:
        with progress_bar(export.filename, quiet=quiet) as progress, database_errors(db):
            return ingest_export(connection, db, export, options, progress)
    except MemoriesError as error:
        return Account(export.filename, error=str(error))
    finally:
        export.close()


@main.command()
@db_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8001, show_default=True, help="Port to listen on.")
@click.option("--new", is_flag=True, help="Where there is no archive yet, begin with an empty one.")
@click.option(
    "--log-level", type=click.Choice(["info", "warning", "error"]), envvar="MEMORIES_LOG_LEVEL",
    help="One JSON line a request on standard error: each, those that failed or were slow, failures.",
)  # fmt: skip
@told
def serve(db: Path, host: str, port: int, new: bool, log_level: str | None) -> None:
    """Show the archive on this machine, in the browser.

    \b
    Example:
      memories serve --port 8010
    """
    if db.exists():
        _heal(db)
    connect(db, must_exist=not new).close()
    if host not in ("127.0.0.1", "localhost", "::1") and not any(
        os.environ.get(f"MEMORIES_{role}_PASSWORD") for role in ("OWNER", "CURATOR", "VIEWER")
    ):
        say_aside(
            f"{host} can be reached from outside and no password is set, so nobody will see anything; "
            "make one with: memories password"
        )
    if log_level:
        os.environ["MEMORIES_LOG_LEVEL"] = log_level
    _serve(db, host, port)


def _heal(db: Path) -> None:
    """What is damaged is made again, or the last good version is served; and it is said."""
    from ingest.ops.healing import heal

    healed = heal(db)
    if healed.made_again:
        say_aside(f"{db} was damaged: {', '.join(healed.made_again)}; made again, nothing is lost")
    if healed.version is not None:
        say_aside(f"{db} is damaged and was set aside; the version of {healed.version.stem} is served instead")
    if healed.left:
        say_aside(
            f"{db} is damaged: {', '.join(healed.left)}; what can be read is served. "
            "Bring a backup back with memories restore, or ingest the exports again"
        )


def _serve(db: Path, host: str, port: int) -> None:
    click.echo(f"Your memories are at http://{host}:{port}/ (stop with Ctrl-C)")
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *datasette_arguments(db, host, port, open_browser=has_browser())])


@main.command()
@click.option("--dir", "folder", type=click.Path(path_type=Path), default="demo", show_default=True, help="Where to.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8001, show_default=True, help="Port to listen on.")
@click.option("--no-serve", is_flag=True, help="Only make the archive.")
@told
def demo(folder: Path, host: str, port: int, no_serve: bool) -> None:
    """Make an archive of the invented exports in examples/ and show it.

    \b
    Example:
      memories demo
    """
    folder.mkdir(parents=True, exist_ok=True)
    db = folder / "memories.db"
    accounts = _ingest_all((site() / "examples",), db, Options(me="Nora"), Limits(), quiet=False)
    for account in accounts:
        for line in lines_of(account):
            click.echo(line)
    if any(account.error for account in accounts):
        sys.exit(1)
    if not no_serve:
        _serve(db, host, port)


@main.command()
@click.option("--file_in", "--file-in", type=click.Path(path_type=Path), required=True, help="The export.")
@click.option("--log_level", "--log-level", default="INFO", show_default=True, help="As in the earlier version.")
@db_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8001, show_default=True, help="Port to listen on.")
@told
def start(file_in: Path, log_level: str, db: Path, host: str, port: int) -> None:
    """Ingest one export and show it: the earlier version's way.

    \b
    Example:
      memories start --file_in=chat.txt --log_level=INFO
    """
    level = log_level.upper()
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
        raise click.BadParameter("is one of DEBUG, INFO, WARNING, ERROR, CRITICAL", param_hint="--log_level")
    accounts = _ingest_all((file_in,), db, Options(), Limits(), quiet=level not in ("DEBUG", "INFO"))
    for account in accounts:
        if account.error or level in ("DEBUG", "INFO"):
            for line in lines_of(account, explain=level == "DEBUG"):
                click.echo(line, err=bool(account.error))
    if any(account.error for account in accounts):
        sys.exit(1)
    _serve(db, host, port)


@main.command()
@click.option(
    "--for",
    "role",
    type=click.Choice(["owner", "curator", "viewer"]),
    default="owner",
    show_default=True,
    help="Who is to have it: the owner may everything, a curator edits, a viewer reads.",
)
@told
def password(role: str) -> None:
    """Make the hash of a password, to give to a server that others can reach.

    \b
    Example:
      memories password --for viewer
    """
    given = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    if len(given) < SHORTEST:
        raise Failed(f"a password of fewer than {SHORTEST} characters is guessed too easily; choose a longer one")
    name = f"MEMORIES_{role.upper()}_PASSWORD"
    click.echo(f"Set this where the archive is served, for example: fly secrets set {name}='…'", err=True)
    click.echo(hash_password(given))


@main.command()
@db_option
@told
def check(db: Path) -> None:
    """Verify an archive: the file, its links, search, counts and media.

    \b
    Example:
      memories check --db memories.db
    """
    with database_errors(db), closing(connect(db, must_exist=True, read_only=True)) as connection:
        wrong = list(check_archive(connection, ArchiveFiles.of(db).media, ArchiveFiles.of(db).edits))
    for sentence in wrong:
        click.echo(sentence, err=True)
    if wrong:
        sys.exit(1)
    click.echo(f"{db}: all is well")


@main.command()
@db_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@told
def stats(db: Path, as_json: bool) -> None:
    """What the archive holds, chat by chat.

    \b
    Example:
      memories stats
    """
    with database_errors(db), closing(connect(db, must_exist=True, read_only=True)) as connection:
        connection.row_factory = sqlite3.Row
        chats = [
            dict(row)
            for row in connection.execute(
                """
                SELECT name, kind, message_count, first_at, last_at,
                    (SELECT count(DISTINCT person_id) FROM person_months WHERE chat_id = chats.id) AS people,
                    (SELECT count(*) FROM exchanges WHERE chat_id = chats.id) AS exchanges,
                    (SELECT count(*) FROM exchanges WHERE chat_id = chats.id AND is_memory) AS memories
                FROM chats ORDER BY message_count DESC
                """
            )
        ]
    if as_json:
        click.echo(json.dumps(chats, ensure_ascii=False, indent=2))
        return
    for chat in chats:
        click.echo(
            f"{chat['name']} ({chat['kind']}): {chat['message_count']:,} messages by {chat['people']} people, "
            f"{chat['first_at'][:10]} to {chat['last_at'][:10]}; {chat['exchanges']:,} exchanges, "
            f"{chat['memories']:,} of them memories"
        )


@main.command()
@click.argument("words", nargs=-1, required=True)
@db_option
@click.option("--limit", default=20, show_default=True, help="How many of the newest to show.")
@told
def search(words: tuple[str, ...], db: Path, limit: int) -> None:
    """Find messages, the newest first. Words must all occur; "a phrase", word*, -without, a OR b.

    \b
    Example:
      memories search birthday cake
    """
    query = fts_query(" ".join(words))
    be_in_step(db)
    with database_errors(db), closing(connect(db, must_exist=True, read_only=True)) as connection:
        ids, total = find_messages(connection.execute, query or '""', most=limit)
        rows = connection.execute(
            """
            SELECT messages.id, sent_at, coalesce(people.name, ''), chats.name, text || coalesce((
                SELECT ' ✨ ' || coalesce(transcript, description) FROM media WHERE message_id = messages.id), '')
            FROM messages JOIN chats ON chats.id = chat_id LEFT JOIN people ON people.id = sender_id
            WHERE messages.id IN (SELECT value FROM json_each(?))
            """,
            (json.dumps(ids),),
        ).fetchall()
    rows.sort(key=lambda row: ids.index(row[0]))
    for _, at, person, chat, text in rows:
        click.echo(f"{at[:16].replace('T', ' ')}  {chat}  {person}: {' '.join(text.split())}")
    if not rows:
        click.echo("nothing found", err=True)
    elif total > len(rows):
        click.echo(f"{len(rows):,} of {total:,}; the others with --limit {total}", err=True)
