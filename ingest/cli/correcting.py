"""Putting right what an archive says: people, chats, exports."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ingest.cli.base import Failed, counted, db_option, main, say_aside, told
from ingest.store import connect, database_errors, writer_lock

_json = click.option("--json", "as_json", is_flag=True, help="For programs.")


@contextmanager
def _written(db: Path) -> Iterator[sqlite3.Connection]:
    """The archive, for one writer."""
    connect(db, must_exist=True).close()
    with writer_lock(db, on_wait=say_aside), database_errors(db), closing(connect(db, must_exist=True)) as connection:
        yield connection


@contextmanager
def _read(db: Path) -> Iterator[sqlite3.Connection]:
    with database_errors(db), closing(connect(db, must_exist=True)) as connection:
        yield connection


def _as_json(rows: list[Any]) -> None:
    click.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=2))


def _undo_hint() -> None:
    say_aside("taken back with: memories undo")


@main.group(invoke_without_command=True)
@db_option
@_json
@click.pass_context
@told
def people(context: click.Context, db: Path, as_json: bool) -> None:
    """Who is in the archive; rename them, join two who are one, say who is you.

    \b
    Example:
      memories people
      memories people rename "+44 20 7946 0999" "Aunt Vera"
    """
    from ingest.corrections import all_people

    context.obj = db
    if context.invoked_subcommand:
        return
    with _read(db) as connection:
        found = all_people(connection)
    if as_json:
        _as_json(found)
        return
    for person in found:
        details = [counted(person.messages, "message"), f"in {counted(person.chats, 'chat')}"]
        details += ["you"] if person.is_owner else []
        details += [f"{person.was} in the exports"] if person.was != person.name else []
        details += [f"joined with {', '.join(person.joined)}"] if person.joined else []
        details += (
            [person.phone] if person.phone and person.phone.replace(" ", "") not in person.name.replace(" ", "") else []
        )
        click.echo(f"{person.name}: {' · '.join(details)}")


@people.command("rename")
@click.argument("person")
@click.argument("name")
@click.pass_obj
@told
def rename_one(db: Path, person: str, name: str) -> None:
    """Call somebody otherwise: in summaries, in the search, in books, everywhere.

    \b
    Example:
      memories people rename "+44 20 7946 0999" "Aunt Vera"
    """
    from ingest.corrections import find_person, rename_person

    name = _name(name)
    with _written(db) as connection:
        found = find_person(connection, person)
        rename_person(connection, db, found, name)
    click.echo(f"{found.name} is called {name} now")
    _undo_hint()


#: What turns the direction of all that comes after it round.
_BIDI = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))


def _name(given: str) -> str:
    name = " ".join(given.translate(_BIDI).split())
    if not name or len(name) > 120:
        raise click.BadParameter("a name has 1 to 120 letters", param_hint="NAME")
    return name


@people.command("join")
@click.argument("person")
@click.argument("others", nargs=-1, required=True)
@click.pass_obj
@told
def join_some(db: Path, person: str, others: tuple[str, ...]) -> None:
    """Two (or more) who are one: what OTHERS wrote is PERSON's.

    \b
    Example:
      memories people join "Anna" "Аня" "+44 20 7946 0999"
    """
    from ingest.corrections import find_person, join_people

    with _written(db) as connection:
        first = find_person(connection, person)
        rest = [one for name in others if (one := find_person(connection, name)).id != first.id]
        if not rest:
            raise Failed(f"'{person}' is one person already")
        join_people(connection, db, first, rest)
        now = find_person(connection, first.name)
    click.echo(f"{first.name} is {', '.join(one.name for one in rest)} too: {counted(now.messages, 'message')}")
    _undo_hint()


@people.command("part")
@click.argument("person")
@click.pass_obj
@told
def part_one(db: Path, person: str) -> None:
    """Take back all that joined somebody with PERSON.

    \b
    Example:
      memories people part "Anna"
    """
    from ingest.corrections import find_person, part_person

    with _written(db) as connection:
        found = find_person(connection, person)
        part_person(connection, db, found)
    click.echo(f"{found.name} and {', '.join(found.joined) or 'the others'} are different people again")


@people.command("me")
@click.argument("person")
@click.option("--not", "is_not", is_flag=True, help="PERSON is not you.")
@click.pass_obj
@told
def say_me(db: Path, person: str, is_not: bool) -> None:
    """Say who is you; under several names, say it of each.

    \b
    Example:
      memories people me "Anna"
      memories people me "Анна"
    """
    from ingest.corrections import find_person
    from ingest.corrections import say_me as say

    with _written(db) as connection:
        found = find_person(connection, person)
        say(connection, db, found, is_me=not is_not)
    click.echo(f"{found.name} is {'not ' if is_not else ''}you")


@people.command("vcf")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--country", metavar="XX", help="Where numbers without a country code are, as in DE or US.")
@click.option("--dry-run", is_flag=True, help="Say who would be named; change nothing.")
@click.pass_obj
@told
def from_vcf(db: Path, file: Path, country: str | None, dry_run: bool) -> None:
    """Names from an address book, for people whom the exports show by number.

    \b
    Example:
      memories people vcf contacts.vcf --country DE
    """
    from ingest.address_book import read_contacts
    from ingest.corrections import name_them, named_by

    contacts = read_contacts(file, country.upper() if country else None)
    with _written(db) as connection:
        found = named_by(connection, contacts)
        for named in found:
            click.echo(f"{', '.join(one.name for one in named.people if one.name != named.name)} → {named.name}")
            if not dry_run:
                name_them(connection, db, named)
    click.echo(f"{counted(len(contacts), 'contact')} with a number; {len(found):,} of them are people of this archive")
    if dry_run:
        click.echo("dry run: nothing was changed")
    elif found:
        _undo_hint()


@main.group(invoke_without_command=True)
@db_option
@_json
@click.pass_context
@told
def chats(context: click.Context, db: Path, as_json: bool) -> None:
    """Which chats are in the archive; rename them, join two that are one, part what is not.

    \b
    Example:
      memories chats
      memories chats rename "Family 2" "Family"
    """
    from ingest.corrections import all_chats

    context.obj = db
    if context.invoked_subcommand:
        return
    with _read(db) as connection:
        found = all_chats(connection)
    if as_json:
        _as_json(found)
        return
    for chat in found:
        was = f" · {chat.was} in the exports" if chat.was != chat.name else ""
        click.echo(
            f"{chat.name} ({chat.kind}): {counted(chat.messages, 'message')}, {chat.first_at[:10]} to "
            f"{chat.last_at[:10]} · {counted(chat.sources, 'export')}{was}"
        )


@chats.command("rename")
@click.argument("chat")
@click.argument("name")
@click.pass_obj
@told
def rename_it(db: Path, chat: str, name: str) -> None:
    """Call a chat otherwise.

    \b
    Example:
      memories chats rename "Family 2" "Family"
    """
    from ingest.corrections import find_chat, rename_chat

    name = _name(name)
    with _written(db) as connection:
        found = find_chat(connection, chat)
        rename_chat(connection, db, found, name)
    click.echo(f"{found.name} is called {name} now")
    _undo_hint()


@chats.command("join")
@click.argument("chat")
@click.argument("other")
@click.option("--yes", "-y", is_flag=True, help="Do it without being asked.")
@click.pass_obj
@told
def join_two(db: Path, chat: str, other: str, yes: bool) -> None:
    """Two chats that are one: what OTHER holds goes to CHAT; what both hold is there once.

    \b
    Example:
      memories chats join "Family" "Family (2)"
    """
    from ingest.corrections import find_chat
    from ingest.joining import join_chats

    with _written(db) as connection:
        first, second = find_chat(connection, chat), find_chat(connection, other)
        if first.id == second.id:
            raise Failed(f"'{chat}' and '{other}' are one chat already")
        _ask(f"{second.name}: {counted(second.messages, 'message')} go to '{first.name}'", yes)
        both = join_chats(connection, db, first, second)
    click.echo(f"{second.name} is {first.name} now; {counted(both, 'message')} were in both")
    say_aside("parted again with: memories chats part")


@chats.command("part")
@click.argument("exports", nargs=-1, required=True)
@click.option("--as", "name", required=True, metavar="NAME", help="What the other chat is called.")
@click.pass_obj
@told
def part_some(db: Path, exports: tuple[str, ...], name: str) -> None:
    """Exports (by number or file name, see memories sources) that are another chat than the rest.

    What other exports of the chat hold as well is in both chats then.

    \b
    Example:
      memories chats part 3 4 --as "Family in Lyon"
    """
    from ingest.forgetting import find_source
    from ingest.joining import part_sources

    name = _name(name)
    with _written(db) as connection:
        found = [find_source(connection, export) for export in exports]
        count = part_sources(connection, db, found, name)
    click.echo(f"{name}: {counted(count, 'message')} of {counted(len(found), 'export')}")
    say_aside("put together again with: memories chats join")


@main.command()
@db_option
@click.option("--list", "is_list", is_flag=True, help="List the edits, the newest first; take none back.")
@click.argument("edit", type=int, required=False)
@told
def undo(db: Path, is_list: bool, edit: int | None) -> None:
    """Take the newest edit back, or the one with a number: here or on the pages, each can be.

    \b
    Example:
      memories undo --list
      memories undo
    """
    from ingest.corrections import last_edits, take_back

    with _written(db) as connection:
        if is_list:
            for number, at, told_as, is_undone in last_edits(db):
                click.echo(f"{number}  {at[:16].replace('T', ' ')}  {told_as}{'  (undone)' if is_undone else ''}")
            return
        click.echo(f"taken back: {take_back(connection, db, edit)}")


@main.group(invoke_without_command=True)
@db_option
@_json
@click.pass_context
@told
def sources(context: click.Context, db: Path, as_json: bool) -> None:
    """Which exports the archive was made of, and what each gave; take one out again.

    \b
    Example:
      memories sources
      memories sources remove 3
    """
    from ingest.forgetting import all_sources

    context.obj = db
    if context.invoked_subcommand:
        return
    with _read(db) as connection:
        found = all_sources(connection)
    if as_json:
        _as_json(found)
        return
    for source in found:
        click.echo(
            f"{source.id:>4}  {source.filename} → {source.chat} · read {source.ingested_at[:10]} as {source.format}, "
            f"{source.date_order} · {counted(source.messages, 'message')}, {source.alone:,} of them in no other export"
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
    from ingest.forgetting import find_source, remove_source

    with _written(db) as connection:
        found = find_source(connection, source)
        _ask(f"{found.filename}: {counted(found.alone, 'message')} will be taken out of '{found.chat}'", yes)
        gone = remove_source(connection, db, found)
    click.echo(
        f"taken out: {counted(gone.messages, 'message')}, {counted(gone.files, 'file')}; "
        "ingest the export again to have it back"
    )


def _ask(what: str, yes: bool) -> None:
    say_aside(what)
    if not yes and not click.confirm("Go on?", err=True):
        raise Failed("nothing was changed")


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
    from ingest import forgetting

    with _written(db) as connection:
        if is_undone:
            forgetting.remember(connection, db, kind, _digest_of(name) if kind == "source" else name)
            click.echo(f"{name} is read again when you ingest its exports")
            return
        gone = _forget(connection, db, kind, name, yes)
    from ingest.backups import compact

    compact(db)
    click.echo(
        f"forgotten: {counted(gone.messages, 'message')}, {counted(gone.files, 'file')}, "
        f"{counted(gone.answers, 'answer')} of a model, {counted(gone.edits, 'edit')}"
    )
    for path in gone.still_held:
        click.echo(f"still holds it, delete it yourself: {path}")
    click.echo(
        "a server holds it until the next memories push; its backups and its log of changes as long as you keep them"
    )


def _digest_of(name: str) -> str:
    """The digest by which a forgotten export is known: itself, or that of the export at a path."""
    from ingest.opening import open_exports

    if not Path(name).exists():
        return name
    export = open_exports(Path(name))[0]
    try:
        return export.digest([])[0]
    finally:
        export.close()


def _forget(connection: sqlite3.Connection, db: Path, kind: str, name: str, yes: bool) -> Any:
    from ingest import forgetting
    from ingest.corrections import find_chat, find_person

    for_good = "will be taken out for good"
    if kind == "chat":
        chat = find_chat(connection, name)
        _ask(f"{chat.name}: {counted(chat.messages, 'message')} of {counted(chat.sources, 'export')} {for_good}", yes)
        return forgetting.forget_chat(connection, db, chat)
    if kind == "person":
        person = find_person(connection, name)
        _ask(
            f"{' and '.join([person.name, *person.joined])}: {counted(person.messages, 'message')} in "
            f"{counted(person.chats, 'chat')} {for_good}; what others say about them stays, and so do names of chats",
            yes,
        )
        return forgetting.forget_person(connection, db, person)
    source = forgetting.find_source(connection, name)
    _ask(f"{source.filename}: {counted(source.alone, 'message')} in no other export {for_good}", yes)
    return forgetting.forget_source(connection, db, source)
