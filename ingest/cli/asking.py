"""Asking the archive, looking at its photos, and what was ever sent: ask, sent, and a part of summarize."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingest.cli.base import Failed, db_option, main, say_aside, told
from ingest.cli.gemini import Bar, agree_to, gemini_key, say_outcome
from ingest.curating import be_in_step
from ingest.store import connect, database_errors, writer_lock

if TYPE_CHECKING:
    from ingest.summaries.kept import Kept
    from ingest.summarize import Wanted


def look_at(
    connection: Any, db: Path, kept: Kept, wanted: Wanted, task: Any, *, yes: bool, only_estimate: bool
) -> None:
    """Photos or voice notes, each file once."""
    from ingest.finish import media_folder
    from ingest.store import transaction
    from ingest.summaries.looking import Look, files, show_looks, tokens_for
    from ingest.summaries.service import host
    from ingest.summarize import price_for

    price, seen = price_for(wanted), kept.looked_at(task)
    without = kept.excluded_in(connection, "chat") | kept.excluded_in(connection, "person")
    found = files(connection, media_folder(db), task, chat=wanted.chat, without=without)
    some = [file for file in found if file.sha256 not in seen]
    what = "photos" if task == "captions" else "voice notes"
    inward, outward = tokens_for(some, task)
    click.echo(f"{what:<9} {len(some):,} to ask about, {len(found) - len(some):,} are answered already")
    if some and price:
        click.echo(f"estimate  {inward:,} tokens in, {outward:,} out: about {price.of(inward, outward):.4f} USD")
    if only_estimate:
        return
    if some:
        by_chat: dict[str, int] = {}
        for file in some:
            by_chat[file.chat] = by_chat.get(file.chat, 0) + 1
        new = {chat: n for chat, n in by_chat.items() if not kept.has_consent(f"{chat} ({what})", host())}
        _agree_to_files(kept, new, what, yes=yes)
        number = kept.begin(wanted.model, host(), wanted.budget)
        with Bar(len(some), what) as progress:
            look = Look(
                kept, gemini_key(), wanted.model, task, price=price, budget=wanted.budget, language=wanted.language,
                number=number, progress=progress,
            )  # fmt: skip
            outcome = look.run(some)
        kept.end(number, outcome.stopped or "done")
        say_outcome(outcome, what)
    with writer_lock(db, on_wait=say_aside), transaction(connection):
        click.echo(f"shown     {show_looks(connection, kept):,} {what} with a model's words")
    if some and outcome.stopped:
        say_aside(f"{outcome.stopped}; {outcome.not_asked:,} {what} were not asked about: run it again to go on")
        if "budget" not in outcome.stopped:
            sys.exit(1)


def _agree_to_files(kept: Kept, new: dict[str, int], what: str, *, yes: bool) -> None:
    from ingest.summaries.service import host

    if not new:
        return
    say_aside(f"this goes to {host()}: the {what} themselves")
    for chat, count in new.items():
        say_aside(f"  {chat}: {count:,}")
    if not yes and (not sys.stdin.isatty() or not click.confirm("Send them?", err=True)):
        raise Failed("nothing was sent" + ("" if sys.stdin.isatty() else ": say --yes to agree"))
    for chat in new:
        kept.consent(f"{chat} ({what})", host())


@main.command()
@db_option
@told
def sent(db: Path) -> None:
    """Everything that was ever sent to a model: when, where, which chat, how much. No words.

    \b
    Example:
      memories sent
    """
    from ingest.summaries.kept import Kept, path_beside

    path = path_beside(db)
    if not path.exists():
        click.echo("nothing was ever sent")
        return
    with closing(Kept(path)) as kept:
        rows = list(kept.all_sent())
        requests, inward, outward, usd = kept.spent()
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
    from ingest.ask import ask as answer
    from ingest.summaries import prices
    from ingest.summaries.kept import Kept, path_beside
    from ingest.summaries.service import host
    from ingest.summarize import Wanted

    key = None if passages or not os.environ.get("GEMINI_API_KEY", "").strip() else gemini_key()
    wanted = Wanted(model=model or prices.default_model(), redact=redact)
    be_in_step(db)
    with database_errors(db), closing(connect(db, must_exist=True)) as connection, ExitStack() as stack:
        kept = stack.enter_context(closing(Kept(path_beside(db)))) if key else None

        def agree(chats: dict[str, tuple[int, int]]) -> None:
            assert kept is not None
            agree_to(kept, chats, host(), is_redacted=redact, yes=yes)

        found = answer(connection, kept, " ".join(question), wanted, key, agree)
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
