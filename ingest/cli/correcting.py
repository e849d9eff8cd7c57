"""What the commands that put an archive right have in common: opening it, lists, names, questions; and `undo`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from ingest.archive.database import connect, database_errors, writer_lock
from ingest.cli.base import Failed, db_option, main, say_aside, told

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

#: A dataclass.
Row = TypeVar("Row", bound="DataclassInstance")
#: What turns the direction of all that comes after it round.
_BIDI = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
_LONGEST_NAME = 120


@contextmanager
def opened_for_writing(db: Path) -> Iterator[sqlite3.Connection]:
    """The archive, for one writer."""
    connect(db, must_exist=True).close()
    with writer_lock(db, on_wait=say_aside), database_errors(db), closing(connect(db, must_exist=True)) as connection:
        yield connection


def group_that_lists(
    name: str, about: str, all_of: Callable[[sqlite3.Connection], list[Row]], line_of: Callable[[Row], str]
) -> click.Group:
    """A group of commands that lists when it is asked for nothing else: `memories people`.

    `all_of` finds the rows, dataclasses, and `line_of` tells one of them to people. `context.obj` is the archive.
    """

    @click.pass_context
    @told
    def listing(context: click.Context, db: Path, as_json: bool) -> None:
        context.obj = db
        if context.invoked_subcommand:
            return
        with database_errors(db), closing(connect(db, must_exist=True)) as connection:
            found = all_of(connection)
        if as_json:
            click.echo(json.dumps([asdict(row) for row in found], ensure_ascii=False, indent=2))
        for row in () if as_json else found:
            click.echo(line_of(row))

    listing.__doc__ = about
    for_programs = click.option("--json", "as_json", is_flag=True, help="For programs.")
    group: click.Group = main.group(name, cls=_Group, invoke_without_command=True)(db_option(for_programs(listing)))
    return group


class _Group(click.Group):
    """Its commands know where the archive is, whether that is said before or after their names."""

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command, with `--db` among its options."""

        def keep(context: click.Context, _parameter: click.Parameter, given: Path | None) -> None:
            if given is not None:
                context.obj = given

        cmd.params.append(
            click.Option(
                ["--db"], type=click.Path(path_type=Path), expose_value=False, is_eager=True, callback=keep,
                help="The archive, where it is not said before.",
            )
        )  # fmt: skip
        super().add_command(cmd, name)


def name_given(given: str) -> str:
    """A name as it is kept. Raises `click.BadParameter` for one that is none."""
    name = " ".join(given.translate(_BIDI).split())
    if not name or len(name) > _LONGEST_NAME:
        raise click.BadParameter(f"a name has 1 to {_LONGEST_NAME} letters", param_hint="NAME")
    return name


def ask(what: str, yes: bool) -> None:
    """Say what will be done; unless `yes`, ask first. Raises `Failed` for no."""
    say_aside(what)
    if not yes and not click.confirm("Go on?", err=True):
        raise Failed("nothing was changed")


def say_undo() -> None:
    """After an edit: how it is taken back."""
    say_aside("taken back with: memories undo")


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
    from ingest.correcting.corrections import last_edits, take_back

    with opened_for_writing(db) as connection:
        if is_list:
            for number, at, told_as, is_undone in last_edits(db):
                click.echo(f"{number}  {at[:16].replace('T', ' ')}  {told_as}{'  (undone)' if is_undone else ''}")
            return
        click.echo(f"taken back: {take_back(connection, db, edit)}")
