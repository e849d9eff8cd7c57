"""Photos described and voice notes written down, as a part of summarize."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingest.archive.database import writer_lock
from ingest.cli.base import Failed, say_aside
from ingest.cli.consent import Bar, gemini_key, say_outcome
from memories_lib.shared.layout import ArchiveFiles

if TYPE_CHECKING:
    from ingest.summaries.gemini.cache import AnswerCache
    from ingest.summaries.gemini.workflow import Wanted


def look_at(
    connection: Any, db: Path, cache: AnswerCache, wanted: Wanted, task: Any, *, yes: bool, only_estimate: bool
) -> None:
    """Photos or voice notes, each file once."""

    from ingest.archive.database import transaction
    from ingest.summaries.gemini.captions import Look, LookPlan, files, show_looks, tokens_for
    from ingest.summaries.gemini.client import host
    from ingest.summaries.gemini.workflow import price_for

    price, seen = price_for(wanted), cache.looked_at(task)
    without = cache.excluded_in(connection, "chat") | cache.excluded_in(connection, "person")
    found = files(connection, ArchiveFiles.of(db).media, task, chat=wanted.chat, without=without)
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
        new = {chat: n for chat, n in by_chat.items() if not cache.has_consent(f"{chat} ({what})", host())}
        _agree_to_files(cache, new, what, yes=yes)
        number = cache.begin(wanted.model, host(), wanted.budget)
        with Bar(len(some), what) as progress:
            plan = LookPlan(task, wanted.model, number, price, wanted.budget, wanted.language)
            outcome = Look(cache, gemini_key(), plan, progress).run(some)
        cache.end(number, outcome.stopped or "done")
        say_outcome(outcome, what)
    with writer_lock(db, on_wait=say_aside), transaction(connection):
        click.echo(f"shown     {show_looks(connection, cache):,} {what} with a model's words")
    if some and outcome.stopped:
        say_aside(f"{outcome.stopped}; {outcome.not_asked:,} {what} were not asked about: run it again to go on")
        if not outcome.is_out_of_budget:
            sys.exit(1)


def _agree_to_files(cache: AnswerCache, new: dict[str, int], what: str, *, yes: bool) -> None:
    from ingest.summaries.gemini.client import host

    if not new:
        return
    say_aside(f"this goes to {host()}: the {what} themselves")
    for chat, count in new.items():
        say_aside(f"  {chat}: {count:,}")
    if not yes and (not sys.stdin.isatty() or not click.confirm("Send them?", err=True)):
        raise Failed("nothing was sent" + ("" if sys.stdin.isatty() else ": say --yes to agree"))
    for chat in new:
        cache.consent(f"{chat} ({what})", host())
