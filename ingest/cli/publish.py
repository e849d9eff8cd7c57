"""Publishing a copy of an archive, read-only: to Fly.io, or as plain files."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import closing
from pathlib import Path

import click

from ingest.archive.database import connect
from ingest.cli.base import F, Failed, counted, db_option, main, say_aside, told
from memories_lib.shared.layout import ARCHIVE, ArchiveFiles


@main.group()
def publish() -> None:
    """Publish a copy, read-only, without what is hidden and what stays at home.

    \b
    Example:
      memories publish fly --app our-memories-2024
      memories publish static our-memories
    """


def _leave_options(function: F) -> F:
    for option in (
        click.option("--without-chat", multiple=True, metavar="NAME", help="Leave this chat out."),
        click.option("--without-person", multiple=True, metavar="NAME", help="Leave out what this person said."),
        click.option("--redact-names", is_flag=True, help="People become letters, wherever they are named."),
        click.option("--yes", "-y", is_flag=True, help="Agree to what will be readable without being asked."),
    ):
        function = option(function)
    return function


def _reduced(db: Path, target: Path, chats: tuple[str, ...], people: tuple[str, ...], names: bool, yes: bool) -> None:
    """Write the copy, show what will be readable, and ask."""
    from ingest.ops.redacted_copy import Redactions, reduce
    from ingest.summaries.gemini.cache import AnswerCache

    if ArchiveFiles.of(db).summaries.exists():
        # What is never sent to a model is not published either, whatever it is called now.
        with (
            closing(AnswerCache(ArchiveFiles.of(db).summaries)) as kept,
            closing(connect(db, must_exist=True)) as connection,
        ):
            known = {
                table: {name for (name,) in connection.execute(f"SELECT name FROM {table}")}
                for table in ("chats", "people")
            }
            chats = (*chats, *(kept.excluded_in(connection, "chat") & known["chats"]))
            people = (*people, *(kept.excluded_in(connection, "person") & known["people"]))
    target.parent.mkdir(parents=True, exist_ok=True)
    found = reduce(db, target, Redactions(frozenset(chats), frozenset(people), names))
    say_aside(f"this will be readable: {counted(found.messages, 'message')} by "
              f"{found.people:,} people, {counted(found.files, 'file')}")  # fmt: skip
    for name, count in found.chats:
        say_aside(f"  {name}: {counted(count, 'message')}")
    say_aside(
        f"  {counted(found.left_out, 'message')} left out, all notes, earlier wordings and numbers of people as well"
    )
    if yes:
        return
    if not sys.stdin.isatty() or not click.confirm("Publish it?", err=True):
        shutil.rmtree(target.parent)
        raise Failed("nothing was published" + ("" if sys.stdin.isatty() else ": say --yes to agree"))


@publish.command()
@db_option
@click.option("--app", required=True, help="The app's name at Fly.io.")
@click.option("--region", default="fra", show_default=True, help="Where it runs.")
@click.option("--generate-dir", "folder", type=click.Path(path_type=Path), help="Only write the folder, here.")
@_leave_options
@told
def fly(
    db: Path, app: str, region: str, folder: Path | None, without_chat: tuple[str, ...],
    without_person: tuple[str, ...], redact_names: bool, yes: bool,
) -> None:  # fmt: skip
    """Bake the archive into an image and deploy it at Fly.io: closed, read-only, asleep when nobody looks.

    Takes the passwords' hashes from MEMORIES_OWNER_PASSWORD, MEMORIES_VIEWER_PASSWORD … and refuses to go without.

    \b
    Example:
      memories publish fly --app our-memories-2024 --without-chat Work
    """
    from ingest.core.tempdirs import scratch
    from ingest.ops.publish_fly import deploy, hashes, write_folder

    connect(db, must_exist=True).close()
    found = hashes(dict(os.environ))
    if folder is not None:
        if folder.exists() and any(folder.iterdir()):
            raise Failed(f"{folder}: is not empty; name a new folder")
        write_folder(folder, app, region)
        _reduced(db, folder / "data" / ARCHIVE, without_chat, without_person, redact_names, yes)
        click.echo(f"{folder} is ready: look at it, then run fly launch and fly deploy in it")
        return
    with scratch(db.resolve().parent, "publish") as half:
        write_folder(half, app, region)
        _reduced(db, half / "data" / ARCHIVE, without_chat, without_person, redact_names, yes)
        deploy(half, app, region, found)
    click.echo(f"https://{app}.fly.dev/ shows it to who has a password")


@publish.command()
@click.argument("folder", type=click.Path(path_type=Path))
@db_option
@_leave_options
@told
def static(
    folder: Path,
    db: Path,
    without_chat: tuple[str, ...],
    without_person: tuple[str, ...],
    redact_names: bool,
    yes: bool,
) -> None:
    """Write the memories as plain files, to browse and search without a server: for a USB stick, or any web host.

    \b
    Example:
      memories publish static our-memories
    """
    from ingest.core.tempdirs import scratch
    from ingest.ops.static_site import write_site

    connect(db, must_exist=True).close()
    if folder.exists() and any(folder.iterdir()):
        raise Failed(f"{folder}: is not empty; name a new folder")
    with scratch(db.resolve().parent, "publish") as half:
        copy = half / "data" / ARCHIVE
        _reduced(db, copy, without_chat, without_person, redact_names, yes)
        pages = write_site(copy, half / "site")
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(half / "site", folder, dirs_exist_ok=True)
    click.echo(
        f"{counted(pages, 'page')} in {folder}; open {folder / 'index.html'} (whoever has the files can read them)"
    )
