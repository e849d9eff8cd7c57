"""Who is in an archive, put right: names, who is one person, who is you."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ingest.cli.base import Failed, counted, told
from ingest.cli.correcting import group_that_lists, name_given, opened_for_writing, say_undo

if TYPE_CHECKING:
    from ingest.correcting.subjects import Person


def _all(connection: sqlite3.Connection) -> list[Person]:
    from ingest.correcting.subjects import all_people

    return all_people(connection)


def _line(person: Person) -> str:
    details = [counted(person.messages, "message"), f"in {counted(person.chats, 'chat')}"]
    details += ["you"] if person.is_owner else []
    details += [f"{person.was} in the exports"] if person.was != person.name else []
    details += [f"joined with {', '.join(person.joined)}"] if person.joined else []
    is_shown = person.phone is None or person.phone.replace(" ", "") in person.name.replace(" ", "")
    details += [] if is_shown else [str(person.phone)]
    return f"{person.name}: {' · '.join(details)}"


people = group_that_lists(
    "people",
    """Who is in the archive; rename them, join two who are one, say who is you.

\b
Example:
  memories people
  memories people rename "+44 20 7946 0999" "Aunt Vera"
""",
    _all,
    _line,
)


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
    from ingest.correcting.corrections import rename_person
    from ingest.correcting.subjects import find_person

    name = name_given(name)
    with opened_for_writing(db) as connection:
        found = find_person(connection, person)
        rename_person(connection, db, found, name)
    click.echo(f"{found.name} is called {name} now")
    say_undo()


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
    from ingest.correcting.corrections import join_people
    from ingest.correcting.subjects import find_person

    with opened_for_writing(db) as connection:
        first = find_person(connection, person)
        rest = [one for name in others if (one := find_person(connection, name)).id != first.id]
        if not rest:
            raise Failed(f"'{person}' is one person already")
        join_people(connection, db, first, rest)
        now = find_person(connection, first.name)
    click.echo(f"{first.name} is {', '.join(one.name for one in rest)} too: {counted(now.messages, 'message')}")
    say_undo()


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
    from ingest.correcting.corrections import part_person
    from ingest.correcting.subjects import find_person

    with opened_for_writing(db) as connection:
        found = find_person(connection, person)
        part_person(connection, db, found)
    click.echo(f"{found.name} and {', '.join(found.joined) or 'the others'} are different people again")


@people.command("me")
@click.argument("persons", metavar="PERSON...", nargs=-1, required=True)
@click.option("--not", "is_not", is_flag=True, help="PERSON is not you.")
@click.pass_obj
@told
def say_me(db: Path, persons: tuple[str, ...], is_not: bool) -> None:
    """Say who is you, under one name or several.

    \b
    Example:
      memories people me "Anna" "Анна"
    """
    from ingest.correcting.corrections import say_me as say
    from ingest.correcting.subjects import find_person, owners_beside

    with opened_for_writing(db) as connection:
        found = [find_person(connection, name) for name in persons]
        others = [] if is_not else owners_beside(connection, found)
        for person in found:
            say(connection, db, person, is_me=not is_not)
        for person in others:
            say(connection, db, person, is_me=False)
    for person in found:
        click.echo(f"{person.name} is {'not ' if is_not else ''}you")
    for person in others:
        click.echo(f"{person.name}, who writes in the same chat, is not you any more; to be both, name both")


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
    from ingest.correcting.address_book import read_contacts
    from ingest.correcting.corrections import name_them, named_by

    book = read_contacts(file, country.upper() if country else None)
    contacts = book.contacts
    with opened_for_writing(db) as connection:
        found = named_by(connection, contacts)
        for named in found:
            click.echo(f"{', '.join(one.name for one in named.people if one.name != named.name)} → {named.name}")
            if not dry_run:
                name_them(connection, db, named)
    click.echo(f"{counted(len(contacts), 'contact')} with a number; people of this archive among them: {len(found):,}")
    if book.without_country:
        click.echo(
            f"{counted(book.without_country, 'contact')} left out, whose numbers have no country code: "
            + (
                "say with --country where they are, as in DE or US"
                if country is None
                else "they are none of that country"
            )
        )
    if dry_run:
        click.echo("dry run: nothing was changed")
    elif found:
        say_undo()
