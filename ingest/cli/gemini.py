"""Letting Gemini read: summarize, and what its kin share."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ingest.archive.curation import be_in_step
from ingest.archive.database import connect, database_errors, writer_lock
from ingest.cli.base import Failed, counted, days_options, db_option, main, say_aside, told
from ingest.cli.consent import Bar, agree_to, gemini_key, say_outcome
from memories_lib.shared.layout import ArchiveFiles

if TYPE_CHECKING:
    from ingest.summaries.gemini.cache import AnswerCache
    from ingest.summaries.gemini.workflow import Prepared, Wanted


@main.command()
@db_option
@click.option("--chat", metavar="NAME", help="Only this chat.")
@days_options("Only talks")
@click.option("--all", "everything", is_flag=True, help="Dull talks as well, which the built-in summariser tells well.")
@click.option("--model", metavar="NAME", help="Which model; --models lists those that your key can use.")
@click.option("--models", "list_models", is_flag=True, help="List the models that your key can use, and end.")
@click.option("--language", metavar="NAME", help="Write in this language; else in each talk's own.")
@click.option("--taste", type=click.Path(path_type=Path), help="What is memorable to you; else taste.toml beside --db.")
@click.option("--learn", is_flag=True, help="Send what you starred and hid as examples.")
@click.option("--estimate", "only_estimate", is_flag=True, help="Say what it would take and cost; send nothing.")
@click.option("--budget", type=click.FloatRange(min=0, min_open=True), metavar="USD", help="Stop before it costs more.")
@click.option("--rpm", type=click.FloatRange(min=0.1), help="Requests a minute at most, for keys without billing.")
@click.option("--price-in", type=click.FloatRange(min=0), metavar="USD", help="For a million tokens of input.")
@click.option("--price-out", type=click.FloatRange(min=0), metavar="USD", help="For a million tokens of output.")
@click.option("--redact", is_flag=True, help="Send names as letters, and numbers and addresses as placeholders.")
@click.option("--retry", is_flag=True, help="Ask again about those that were refused before.")
@click.option("--periods", is_flag=True, help="Tell months, years and whole chats, from what their talks are told as.")
@click.option("--captions", is_flag=True, help="Describe photos, so that words find them.")
@click.option("--transcripts", is_flag=True, help="Write voice notes down, so that words find them.")
@click.option("--batch", is_flag=True, help="Half the price, within a day: hand in, and run it again to collect.")
@click.option("--exclude-chat", multiple=True, metavar="NAME", help="Never send this chat, from now on.")
@click.option("--exclude-person", multiple=True, metavar="NAME", help="Never send what this person said.")
@click.option("--include-chat", multiple=True, metavar="NAME", help="Take an exclusion back.")
@click.option("--include-person", multiple=True, metavar="NAME", help="Take an exclusion back.")
@click.option("--yes", "-y", is_flag=True, help="Agree to what is sent without being asked.")
@told
def summarize(db: Path, **given: Any) -> None:
    """Let Gemini tell the talks: title, summary, topics, mood, how memorable, and which messages are their heart.

    Needs GEMINI_API_KEY, or asks for the key. Says what is sent to whom, and what it costs, before anything is sent.

    \b
    Example:
      memories summarize --estimate
      memories summarize --budget 0.50
    """
    from ingest.summaries.gemini import pricing
    from ingest.summaries.gemini.cache import AnswerCache
    from ingest.summaries.gemini.workflow import Wanted, usable_models

    if given["list_models"]:
        for name in usable_models(gemini_key()):
            click.echo(name)
        return
    be_in_step(db)
    with (
        database_errors(db),
        closing(connect(db, must_exist=True)) as connection,
        closing(AnswerCache(ArchiveFiles.of(db).summaries)) as cache,
    ):
        _note_exclusions(connection, cache, given)
        names = {field.name for field in fields(Wanted)}
        chosen = {name: value for name, value in given.items() if name in names}
        wanted = Wanted(**{**chosen, "model": given["model"] or pricing.default_model()})
        for task in ("captions", "transcripts"):
            if given[task]:
                from ingest.cli.captions import look_at

                look_at(connection, db, cache, wanted, task, yes=given["yes"], only_estimate=given["only_estimate"])
        if given["captions"] or given["transcripts"]:
            return
        if given["periods"]:
            _tell_periods(connection, db, cache, wanted, yes=given["yes"], only_estimate=given["only_estimate"])
        else:
            let_gemini_tell(connection, db, cache, wanted, yes=given["yes"], only_estimate=given["only_estimate"])


def _note_exclusions(connection: sqlite3.Connection, cache: AnswerCache, given: dict[str, Any]) -> None:
    from ingest.summaries.gemini.cache import other_names

    for kind, table in (("chat", "chats"), ("person", "people")):
        known = {name for (name,) in connection.execute(f"SELECT name FROM {table}")}
        for name in given[f"exclude_{kind}"]:
            if name not in known:
                raise Failed(f"there is no {kind} '{name}' in this archive; memories stats names the chats")
            for one in {name, *other_names(connection, kind, [name])}:
                cache.exclude(kind, one)
            click.echo(f"{name} is never sent from now on")
        for name in given[f"include_{kind}"]:
            for one in {name, *other_names(connection, kind, [name])}:
                cache.include(kind, one)
            click.echo(f"{name} may be sent again")


def let_gemini_tell(
    connection: sqlite3.Connection,
    db: Path,
    cache: AnswerCache,
    wanted: Wanted,
    *,
    yes: bool,
    only_estimate: bool = False,
) -> None:
    """Reckon, ask for consent, ask Gemini, show. What was answered is shown even when it ends early."""
    from ingest.summaries.gemini.workflow import ask, prepare, show

    prepared = prepare(connection, db, cache, wanted)
    _say_estimate(prepared)
    if only_estimate:
        return
    if wanted.batch:
        _batch(connection, db, cache, prepared, yes=yes)
        return
    if prepared.talks:
        _agree(cache, prepared, yes=yes)
        key = gemini_key()
        try:
            with Bar(len(prepared.talks), "talks") as progress:
                outcome = ask(prepared, cache, key, progress)
        except KeyboardInterrupt:
            with writer_lock(db, on_wait=say_aside):
                count = show(connection, db)
            say_aside(f"stopped; {count:,} talks that were answered are kept and shown, the next run goes on")
            sys.exit(130)
        say_outcome(outcome)
    with writer_lock(db, on_wait=say_aside):
        count = show(connection, db)
    click.echo(f"shown     {count:,} talks as Gemini tells them")
    if prepared.talks and outcome.stopped:
        say_aside(f"{outcome.stopped}; {outcome.not_asked:,} talks were not asked about. What was answered is kept: "
                  "run it again to go on")  # fmt: skip
        if not outcome.is_out_of_budget:
            sys.exit(1)


_NAMES = {"month": "months", "year": "years", "all": "chats"}


def _tell_periods(
    connection: sqlite3.Connection, db: Path, cache: AnswerCache, wanted: Wanted, *, yes: bool, only_estimate: bool
) -> None:
    """The shorter ones first: the longer are told from them."""
    from ingest.summaries.gemini.periods import LEVELS
    from ingest.summaries.gemini.workflow import ask, prepare_periods, show

    left = wanted.budget
    for level in LEVELS:
        prepared = prepare_periods(connection, db, cache, replace(wanted, budget=left), level)
        _say_estimate(prepared, _NAMES[level])
        if only_estimate or not prepared.talks:
            continue
        _agree(cache, prepared, yes=yes)
        with Bar(len(prepared.talks), "talks") as progress:
            outcome = ask(prepared, cache, gemini_key(), progress)
        say_outcome(outcome, _NAMES[level])
        with writer_lock(db, on_wait=say_aside):
            show(connection, db, [])
        if outcome.stopped:
            raise Failed(f"{outcome.stopped}; what was answered is kept: run it again to go on")
        left = None if left is None else max(0.0, left - outcome.usd)


def _say_estimate(prepared: Prepared, what: str = "talks") -> None:
    from ingest.summaries.gemini.pricing import ending, provenance

    ends = ending(prepared.plan.manner.model)
    if ends is not None:
        say_aside(f"{prepared.plan.manner.model} is shut down on {ends}; leave --model out for its successor")

    known = f", {prepared.known:,} are answered already" if prepared.known else ""
    dull = (
        f", {prepared.dull:,} dull ones are left to the built-in summariser (--all sends them)" if prepared.dull else ""
    )
    click.echo(f"{what:<9} {len(prepared.talks):,} to ask about{known}{dull}")
    if prepared.refused:
        click.echo(f"refused   {len(prepared.refused):,} before; --retry asks again")
    if not prepared.talks:
        return
    found = prepared.estimate
    money = "its price is not known; see --price-in" if found.usd is None else f"about {found.usd:.4f} USD"
    click.echo(
        f"estimate  {counted(found.requests, 'request')} to {prepared.plan.manner.model}, "
        f"{found.input_tokens:,} tokens in, {found.output_tokens:,} out: {money}"
    )
    click.echo(f"prices    of {provenance()}")


def _agree(cache: AnswerCache, prepared: Prepared, *, yes: bool) -> None:
    agree_to(cache, prepared.by_chat(), prepared.host, is_redacted=prepared.plan.redactor is not None, yes=yes)


def _batch(connection: sqlite3.Connection, db: Path, cache: AnswerCache, prepared: Prepared, *, yes: bool) -> None:
    from ingest.summaries.gemini.batch import collect, hand_in
    from ingest.summaries.gemini.workflow import show

    collected = collect(prepared, cache, gemini_key()) if cache.batches() else None
    if collected is not None:
        for name, state, answered in collected:
            click.echo(f"batch     {name}: {state}" + (f", {answered:,} talks answered" if answered else ""))
        with writer_lock(db, on_wait=say_aside):
            click.echo(f"shown     {show(connection, db):,} talks as Gemini tells them")
        return
    if prepared.talks:
        _agree(cache, prepared, yes=yes)
        for name, count in hand_in(prepared, cache, gemini_key()):
            click.echo(f"batch     {name}: {count:,} talks handed in; within a day, run this again to collect")
