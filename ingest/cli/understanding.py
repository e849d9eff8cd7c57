"""The command `memories understand`, and what `memories ingest` does of it by itself."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import click

from ingest.archive.database import connect, database_errors, writer_lock
from ingest.cli.base import db_option, main, progress_bar, say_aside, told
from ingest.core.errors import MemoriesError
from ingest.importing.report import counted
from ingest.importing.resummarise import count_not_understood, tell_outdated, understand
from ingest.summaries.meaning.encoder import SWITCH, find_encoder, is_installed

EXTRA = 'pip install "whatsapp-memories[understanding]"'


@main.command("understand")
@db_option
@told
def understand_command(db: Path) -> None:
    """Tell talks again that an earlier version told, and choose memories by what talks mean, not by words alone.

    Nothing leaves this machine. Choosing by meaning needs the extra "understanding", and some minutes for each
    100,000 messages; memories ingest does it by itself where the extra is installed. Ended midway, it goes on there.

    \b
    Example:
      memories understand
    """
    if not db.exists():
        raise MemoriesError(f"there is no archive at {db}")
    with writer_lock(db, on_wait=say_aside), database_errors(db), closing(connect(db)) as connection:
        again = tell_outdated(connection, db)
        if again:
            click.echo(f"{counted(again, 'talk')} told again")
        count = by_meaning(connection, db, quiet=False)
        if count is None and is_installed():
            raise MemoriesError(f"{SWITCH}=0 says that talks are not to be understood; unset it, and ask again")
        if count is None:
            raise MemoriesError(f"the extra that understands talks is not installed: {EXTRA}")
        click.echo(f"{counted(count, 'talk')} understood" if count else "all talks are understood")


def by_meaning(connection: sqlite3.Connection, db: Path, *, quiet: bool) -> int | None:
    """Score by meaning what is not yet, with a bar; returns how many talks, None without the extra."""
    encoder = find_encoder()
    if encoder is None:
        return None
    if not count_not_understood(connection):
        return 0
    with progress_bar("understanding the talks", quiet=quiet) as progress:
        return understand(connection, db, encoder, progress)


def say_extra() -> None:
    """What choosing by meaning would take, where it is not installed."""
    if not is_installed():
        click.echo(
            "memories were chosen by their words; by what they mean, in any language and still on this machine: "
            f"{EXTRA}, then memories understand"
        )
