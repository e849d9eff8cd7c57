"""The commands that look: is the archive whole, what is in it, where were these words; and the one for passwords."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import click

from ingest.archive.check import check as check_archive
from ingest.archive.curation import be_in_step
from ingest.archive.database import connect, database_errors
from ingest.cli.base import Failed, days_options, db_option, main, progress_bar, told
from ingest.importing.report import counted
from ingest.ops.passwords import SHORTEST, hash_password
from memories_lib.queries import spelling
from memories_lib.queries.search import find as find_messages
from memories_lib.queries.search_filter import SearchFilter
from memories_lib.queries.talk_filter import CHAT_NAMED, PERSON_NAMED
from memories_lib.shared.contract import KINDS
from memories_lib.shared.fts_query import fts_query
from memories_lib.shared.layout import ArchiveFiles

_MIB = 1 << 20


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
        files = ArchiveFiles.of(db)
        with progress_bar("checking", quiet=False) as progress:
            wrong = list(check_archive(connection, files.media, files.edits, progress))
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
                    (SELECT count(*) FROM visible_exchanges WHERE chat_id = chats.id) AS exchanges,
                    (SELECT count(*) FROM visible_exchanges WHERE chat_id = chats.id AND is_memory) AS memories
                FROM chats ORDER BY message_count DESC
                """
            )
        ]
    if as_json:
        click.echo(json.dumps(chats, ensure_ascii=False, indent=2))
        return
    for chat in chats:
        if not chat["message_count"]:
            click.echo(f"{chat['name']} ({chat['kind']}): all of it is hidden")
            continue
        click.echo(
            f"{chat['name']} ({chat['kind']}): {counted(chat['message_count'], 'message')} by "
            f"{counted(chat['people'], 'person', 'people')}, "
            f"{chat['first_at'][:10]} to {chat['last_at'][:10]}; {counted(chat['exchanges'], 'exchange')}, "
            f"{chat['memories']:,} of them memories"
        )


@main.command()
@click.argument("words", nargs=-1, required=True)
@db_option
@click.option("--limit", default=20, show_default=True, help="How many of the newest to show.")
@click.option("--chat", default="", help="Only in this chat, by name or number.")
@click.option("--person", default="", help="Only by this person, by name or number.")
@days_options("Only messages")
@click.option("--kind", type=click.Choice(KINDS), help="Only this kind of message.")
@told
def search(
    words: tuple[str, ...], db: Path, limit: int, chat: str, person: str, since: str, until: str, kind: str | None
) -> None:
    """Find messages, the newest first. Words must all occur; "a phrase", word*, -without, a OR b.

    \b
    Example:
      memories search birthday cake
      memories search cake --person Emma --since 2024-01-01
    """
    asked = SearchFilter(chat=chat, person=person, since=since, until=until, kind=kind or "")
    query = fts_query(" ".join(words))
    be_in_step(db)
    with database_errors(db), closing(connect(db, must_exist=True, read_only=True)) as connection:
        for name, among, condition in ((chat, "chats", CHAT_NAMED), (person, "people", PERSON_NAMED)):
            given = {"chat": name, "person": name}
            if name and not connection.execute(f"SELECT 1 FROM {among} WHERE {condition}", given).fetchone():
                raise Failed(f"there is nobody and nothing called '{name}' among the {among} of {db}")
        ids, total = find_messages(connection.execute, query or '""', asked, most=limit)
        near = None if ids else spelling.nearest(connection.execute, " ".join(words))
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
        click.echo(f"nothing found{f'; others wrote: {near}' if near else ''}", err=True)
    elif total > len(rows):
        click.echo(f"{len(rows):,} of {total:,}; the others with --limit {total}", err=True)
