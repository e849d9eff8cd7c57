"""Which chats are in an archive, put right: names, two that are one, one that is two."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ingest.cli.base import Failed, counted, say_aside, told
from ingest.cli.correcting import ask, group_that_lists, name_given, opened_for_writing, say_undo

if TYPE_CHECKING:
    from ingest.correcting.subjects import Chat


def _all(connection: sqlite3.Connection) -> list[Chat]:
    from ingest.correcting.subjects import all_chats

    return all_chats(connection)


def _line(chat: Chat) -> str:
    was = f" · {chat.was} in the exports" if chat.was != chat.name else ""
    return (
        f"{chat.id:>4}  {chat.name} ({chat.kind}): {counted(chat.messages, 'message')}, {chat.first_at[:10]} to "
        f"{chat.last_at[:10]} · {counted(chat.sources, 'export')}{was}"
    )


chats = group_that_lists(
    "chats",
    """Which chats are in the archive; rename them, join two that are one, part what is not.

\b
Example:
  memories chats
  memories chats rename "Family 2" "Family"
""",
    _all,
    _line,
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
    from ingest.correcting.corrections import rename_chat
    from ingest.correcting.subjects import find_chat

    name = name_given(name)
    with opened_for_writing(db) as connection:
        found = find_chat(connection, chat)
        rename_chat(connection, db, found, name)
    click.echo(f"{found.name} is called {name} now")
    say_undo()


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
    from ingest.correcting.joining import join_chats
    from ingest.correcting.subjects import find_chat

    with opened_for_writing(db) as connection:
        first, second = find_chat(connection, chat), find_chat(connection, other)
        if first.id == second.id:
            raise Failed(f"'{chat}' and '{other}' are one chat already")
        ask(f"{second.name}: {counted(second.messages, 'message')} go to '{first.name}'", yes)
        both = join_chats(connection, db, first, second)
    were = "was" if both == 1 else "were"
    click.echo(f"{second.name} is {first.name} now; {counted(both, 'message')} {were} in both")
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
    from ingest.correcting.parting import part_sources
    from ingest.correcting.sources import find_source

    name = name_given(name)
    with opened_for_writing(db) as connection:
        found = [find_source(connection, export) for export in exports]
        count = part_sources(connection, db, found, name)
    click.echo(f"{name}: {counted(count, 'message')} of {counted(len(found), 'export')}")
    say_aside("put together again with: memories chats join")
