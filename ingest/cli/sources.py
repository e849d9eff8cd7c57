"""Exports, chats and people taken out of an archive: to come back, or for good."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingest.cli.base import counted, db_option, main, told
from ingest.cli.correcting import ask, group_that_lists, opened_for_writing

if TYPE_CHECKING:
    from ingest.correcting.sources import Gone, Source


def _all(connection: sqlite3.Connection) -> list[Source]:
    from ingest.correcting.sources import all_sources

    return all_sources(connection)


def _line(source: Source) -> str:
    return (
        f"{source.id:>4}  {source.filename} → {source.chat} · read {source.ingested_at[:10]} as {source.format}, "
        f"{source.date_order} · {counted(source.messages, 'message')}, {source.alone:,} of them in no other export"
    )


sources = group_that_lists(
    "sources",
    """Which exports the archive was made of, and what each gave; take one out again.

\b
Example:
  memories sources
  memories sources remove 3
""",
    _all,
    _line,
)


@sources.command("remove")
@click.argument("source")
@click.option("--yes", "-y", is_flag=True, help="Do it without being asked.")
@click.pass_obj
@told
def remove_one(db: Path, source: str, yes: bool) -> None:
    """Take an export out again, by its number or file name. What other exports hold too stays.

    \b
    Example:
      memories sources remove 3
    """
    from ingest.correcting.sources import find_source, remove_source

    with opened_for_writing(db) as connection:
        found = find_source(connection, source)
        ask(
            f"{found.filename}: {counted(found.alone, 'message')} will be taken out of '{found.chat}', and the files "
            "and words that only it has of the others",
            yes,
        )
        gone = remove_source(connection, db, found)
    click.echo(
        f"taken out: {counted(gone.messages, 'message')}, {counted(gone.files, 'file')}{_other_words(gone)}; "
        "ingest the export again to have it back"
    )


@main.command()
@db_option
@click.argument("kind", type=click.Choice(["chat", "person", "source"]))
@click.argument("name")
@click.option("--yes", "-y", is_flag=True, help="Do it without being asked.")
@click.option("--undo", "is_undone", is_flag=True, help="Let it be read again. What is gone is gone.")
@told
def forget(db: Path, kind: str, name: str, yes: bool, is_undone: bool) -> None:
    """Take a chat, a person or an export out for good: messages, search, files, summaries, edits that speak of it.

    Ingesting its exports again does not bring it back, unless you say --undo (for an export: with its path). Backups
    are left alone, and named.

    \b
    Example:
      memories forget chat "Old flat"
      memories forget person "Ben"
    """
    from ingest.correcting import forgetting

    with opened_for_writing(db) as connection:
        if is_undone:
            forgetting.remember(connection, db, kind, _digest_of(name) if kind == "source" else name)
            click.echo(f"{name} is read again when you ingest its exports")
            return
        gone = _forget(connection, db, kind, name, yes)
    from ingest.ops.backups import compact

    compact(db)
    click.echo(
        f"forgotten: {counted(gone.messages, 'message')}, {counted(gone.files, 'file')}{_other_words(gone)}, "
        f"{counted(gone.answers, 'answer')} of a model, {counted(gone.edits, 'edit')}"
    )
    for path in gone.still_held:
        click.echo(f"still holds it, delete it yourself: {path}")
    click.echo(
        "where it was published, the server holds it until the next memories push, and its backups and its log of "
        "changes as long as you keep them"
    )


def _other_words(gone: Gone) -> str:
    return f", other words of {counted(gone.wordings, 'message')}" if gone.wordings else ""


def _digest_of(name: str) -> str:
    """The digest by which a forgotten export is known: itself, or that of the export at a path."""
    from ingest.exports.discover import open_exports

    if not Path(name).exists():
        return name
    export = open_exports(Path(name))[0]
    try:
        return export.digest([])[0]
    finally:
        export.close()


def _forget(connection: sqlite3.Connection, db: Path, kind: str, name: str, yes: bool) -> Any:
    from ingest.correcting import forgetting
    from ingest.correcting.sources import find_source
    from ingest.correcting.subjects import find_chat, find_person

    for_good = "will be taken out for good"
    if kind == "chat":
        chat = find_chat(connection, name)
        ask(f"{chat.name}: {counted(chat.messages, 'message')} of {counted(chat.sources, 'export')} {for_good}", yes)
        return forgetting.forget_chat(connection, db, chat)
    if kind == "person":
        person = find_person(connection, name)
        ask(
            f"{' and '.join([person.name, *person.joined])}: {counted(person.messages, 'message')} in "
            f"{counted(person.chats, 'chat')} {for_good}; what others say about them stays, and so do names of chats",
            yes,
        )
        return forgetting.forget_person(connection, db, person)
    source = find_source(connection, name)
    ask(
        f"{source.filename}: {counted(source.alone, 'message')} in no other export, and the files and words that only "
        f"it has of the others, {for_good}",
        yes,
    )
    return forgetting.forget_source(connection, db, source)
