"""Asking the archive, and what was ever sent: ask, sent."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path

import click

from ingest.archive.curation import be_in_step
from ingest.archive.database import connect, database_errors
from ingest.cli.base import db_option, main, told
from ingest.cli.consent import agree_to, gemini_key
from memories_lib.shared.layout import ArchiveFiles


@main.command()
@db_option
@told
def sent(db: Path) -> None:
    """Everything that was ever sent to a model: when, where, which chat, how much. No words.

    \b
    Example:
      memories sent
    """
    from ingest.summaries.gemini.cache import AnswerCache

    path = ArchiveFiles.of(db).summaries
    if not path.exists():
        click.echo("nothing was ever sent")
        return
    with closing(AnswerCache(path)) as cache:
        rows = list(cache.all_sent())
        requests, inward, outward, usd = cache.spent()
    for day, host, chat, talks, messages, redacted in rows:
        how = ", redacted" if redacted == talks else ", partly redacted" if redacted else ""
        click.echo(f"{day}  {host}  {chat}: {talks:,} talks, {messages:,} messages{how}")
    if rows:
        click.echo(f"in all {requests:,} requests, {inward:,} tokens in, {outward:,} out, {usd:.4f} USD")
    else:
        click.echo("nothing was ever sent")


@main.command()
@click.argument("question", nargs=-1, required=True)
@db_option
@click.option("--model", metavar="NAME", help="Which model; see memories summarize --models.")
@click.option("--redact", is_flag=True, help="Send names as letters, and numbers and addresses as placeholders.")
@click.option("--passages", is_flag=True, help="Only show where the archive speaks of it; ask nobody.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--yes", "-y", is_flag=True, help="Agree to what is sent without being asked.")
@told
def ask(
    question: tuple[str, ...], db: Path, model: str | None, redact: bool, passages: bool, as_json: bool, yes: bool
) -> None:
    """Ask the archive: an answer with the messages that say so. Without GEMINI_API_KEY, the best passages.

    \b
    Example:
      memories ask "when did we first talk about moving?"
    """
    from ingest.summaries.gemini import pricing
    from ingest.summaries.gemini.ask import ask as answer
    from ingest.summaries.gemini.cache import AnswerCache
    from ingest.summaries.gemini.client import host
    from ingest.summaries.gemini.workflow import Wanted

    key = None if passages or not os.environ.get("GEMINI_API_KEY", "").strip() else gemini_key()
    wanted = Wanted(model=model or pricing.default_model(), redact=redact)
    be_in_step(db)
    with database_errors(db), closing(connect(db, must_exist=True)) as connection, ExitStack() as stack:
        cache = stack.enter_context(closing(AnswerCache(ArchiveFiles.of(db).summaries))) if key else None

        def agree(chats: dict[str, tuple[int, int]]) -> None:
            assert cache is not None
            agree_to(cache, chats, host(), is_redacted=redact, yes=yes)

        found = answer(connection, cache, " ".join(question), wanted, key, agree)
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False, indent=2))
        return
    if found.text:
        click.echo(found.text)
        click.echo()
    elif not found.cited:
        click.echo("the archive does not speak of it", err=True)
        return
    for passage in found.cited:
        at = passage.at[:16].replace("T", " ")
        click.echo(f"[{passage.number}] {at}  {passage.chat}  {passage.person}: {passage.text}")
        click.echo(f"    /talk/{passage.exchange}#m{passage.message}")
    if found.text and not found.known:
        click.echo("the archive does not say", err=True)
