"""Letting Gemini read: which talks, at what price, asked, kept and shown. Callable from Python; prints nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from ingest.archive.curation import put_edits_on, take_edits_off
from ingest.archive.database import transaction
from ingest.core.errors import MemoriesError
from ingest.summaries.gemini import aio, pricing
from ingest.summaries.gemini.answer import Manner
from ingest.summaries.gemini.apply import apply, apply_kept, apply_kept_periods
from ingest.summaries.gemini.cache import AnswerCache
from ingest.summaries.gemini.client import NoGemini, Service, host
from ingest.summaries.gemini.periods import Level, make_room, periods
from ingest.summaries.gemini.plan import Estimate, Outcome, Plan, estimate, sort_out
from ingest.summaries.gemini.pricing import NoPrice, Price
from ingest.summaries.gemini.prompt import PERIOD_VERSION, VERSION
from ingest.summaries.gemini.redact import Redactor
from ingest.summaries.gemini.scheduler import Run, Spending
from ingest.summaries.gemini.taste import learned, read_taste
from ingest.summaries.gemini.transcript import Talk, choose, talks
from memories_lib.shared.layout import ArchiveFiles

#: Of each chat the best talks by the offline score are sent, up to this part of its messages, and at least so many
#: talks; the others are appointments, errands, "ok".
WORTH = 0.4
FEWEST = 40


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user wants told, and how. Dates are ISO; `budget` is in USD."""

    chat: str | None = None
    since: str = ""
    until: str = ""
    everything: bool = False
    model: str = field(default_factory=pricing.default_model)
    language: str | None = None
    taste: Path | None = None
    learn: bool = False
    budget: float | None = None
    rpm: float | None = None
    price_in: float | None = None
    price_out: float | None = None
    redact: bool = False
    retry: bool = False
    batch: bool = False


@dataclass(slots=True)
class Prepared:
    """What would be asked. `dull` were left out for their score; `refused` were not answered before."""

    talks: list[Talk]
    known: int
    dull: int
    refused: list[tuple[Talk, str]]
    plan: Plan
    estimate: Estimate
    host: str
    cuts: dict[str, float]

    def by_chat(self) -> dict[str, tuple[int, int]]:
        """chat -> (talks, messages) that would be sent."""
        found: dict[str, tuple[int, int]] = {}
        for talk in self.talks:
            count, messages = found.get(talk.chat, (0, 0))
            found[talk.chat] = (count + 1, messages + len(talk.lines))
        return found


def prepare(connection: sqlite3.Connection, database: Path, cache: AnswerCache, wanted: Wanted) -> Prepared:
    """Choose the talks and reckon what they cost; nothing is sent. Raises `MemoriesError` when that makes no sense."""
    plan = _plan(connection, database, cache, wanted, "summaries", VERSION)
    without_chats = cache.excluded_in(connection, "chat")
    cuts = _cuts(connection, cache)
    rows = [
        row
        for row in choose(connection, chat=wanted.chat, since=wanted.since, until=wanted.until)
        if row.chat not in without_chats
    ]
    # One that Gemini has told is asked about again when the question is another one, whatever its score is now.
    worth = [row for row in rows if wanted.everything or row.is_told or row.score >= cuts[row.chat]]
    ask, known, refused = sort_out(
        talks(connection, worth, cache.excluded_in(connection, "person")), cache, plan.manner
    )
    if wanted.retry:
        ask, refused = ask + [talk for talk, _ in refused], []
    # The best first: a budget that ends early has bought most.
    ask.sort(key=lambda talk: (-talk.score, talk.exchange))
    return Prepared(ask, known, len(rows) - len(worth), refused, plan, estimate(ask, plan, cache), host(), cuts)


def _plan(
    connection: sqlite3.Connection, database: Path, cache: AnswerCache, wanted: Wanted, purpose: str, version: str
) -> Plan:
    price = price_for(wanted)
    known_chats = {name for (name,) in connection.execute("SELECT name FROM chats")}
    if wanted.chat is not None and wanted.chat not in known_chats:
        names = ", ".join(sorted(known_chats))
        raise MemoriesError(f"there is no chat '{wanted.chat}'; there are {names or 'none yet'}")
    taste, redactor = read_taste(wanted.taste, database), redactor_for(connection, wanted)
    if wanted.learn:
        # Examples are words of chats like all others: only of those that go to this host anyhow, and without names
        # where names are taken out.
        chats = {chat for chat in known_chats if wanted.chat == chat or cache.has_consent(chat, host())}
        without = cache.excluded_in(connection, "person")
        taste = learned(
            connection,
            taste,
            chats - cache.excluded_in(connection, "chat"),
            without,
            redactor.clean if redactor else None,
        )
    manner = Manner(wanted.model, version, taste.digest(), wanted.language or "", wanted.redact)
    return Plan(
        manner, taste, wanted.language, price, wanted.budget, wanted.rpm, redactor,
        pricing.batch_factor() if wanted.batch else 1.0, purpose,
    )  # fmt: skip


def price_for(wanted: Wanted) -> Price | None:
    """The model's price. Raises `MemoriesError` for a model that is gone, or a budget that cannot be kept."""
    ends = pricing.ending(wanted.model)
    if ends is not None and date.today() >= ends:
        raise MemoriesError(f"{wanted.model} was shut down on {ends}; leave --model out, or name another one")
    price = pricing.price_of(wanted.model, wanted.price_in, wanted.price_out)
    if price is None and wanted.budget is not None:
        raise NoPrice(
            f"what {wanted.model} costs is not known, so no budget can be kept; give --price-in and --price-out, USD "
            "for a million tokens"
        )
    return price


def redactor_for(connection: sqlite3.Connection, wanted: Wanted) -> Redactor | None:
    """What takes the names of this archive out, where that is wanted."""
    if not wanted.redact:
        return None
    return Redactor(tuple(name for (name,) in connection.execute("SELECT name FROM people ORDER BY id")))


def prepare_periods(
    connection: sqlite3.Connection, database: Path, cache: AnswerCache, wanted: Wanted, level: Level
) -> Prepared:
    """The same for months, years or whole chats: told from what their talks were told as."""
    plan = _plan(connection, database, cache, wanted, "periods", PERIOD_VERSION)
    with transaction(connection):
        make_room(connection)
    found = periods(
        connection,
        level,
        chat=wanted.chat,
        without=cache.excluded_in(connection, "chat"),
        people=cache.excluded_in(connection, "person"),
    )
    ask, known, refused = sort_out(found, cache, plan.manner)
    if wanted.retry:
        ask, refused = ask + [talk for talk, _ in refused], []
    return Prepared(ask, known, 0, refused, plan, estimate(ask, plan, cache), host(), {})


def _cuts(connection: sqlite3.Connection, cache: AnswerCache) -> dict[str, float]:
    """chat -> the offline score below which its talks are dull: settled once, so that no later run asks for others."""
    cuts = cache.cuts()
    by_chat: dict[str, list[tuple[float, int]]] = {}
    for row in choose(connection):
        if row.chat not in cuts:
            by_chat.setdefault(row.chat, []).append((row.score, row.messages))
    for chat, rows in by_chat.items():
        rows.sort(reverse=True)
        room, cut = WORTH * sum(messages for _, messages in rows), 0.0
        for n, (score, messages) in enumerate(rows):
            if room <= 0 and n >= FEWEST:
                break
            cut, room = score, room - messages
        cuts[chat] = cut
    return cuts


def ask(prepared: Prepared, cache: AnswerCache, key: str, progress: Spending | None = None) -> Outcome:
    """Ask, and keep each answer. Ctrl-C comes through as `KeyboardInterrupt`; what was answered is kept."""
    manner, plan = prepared.plan.manner, prepared.plan
    cache.put_cuts(prepared.cuts)

    async def run() -> Outcome:
        service = Service(key, manner.model)
        number = cache.begin(manner.model, prepared.host, plan.budget)
        work = Run(service, cache, plan, number, progress)
        outcome = "interrupted"
        try:
            await check_model(service, manner.model)
            done = await work.ask(prepared.talks)
            outcome = done.stopped or "done"
            return done
        finally:
            cache.end(number, outcome)
            await service.close()

    found = aio.run(run)
    found.known = prepared.known
    return found


def show(connection: sqlite3.Connection, database: Path, asked: list[Talk] | None = None) -> int:
    """Show what was answered in the archive, people's edits on top; returns on how many exchanges.

    `asked` are the talks to look at, all that there is an answer for without it. The caller holds the writer's lock.
    """
    path = ArchiveFiles.of(database).summaries
    if not path.exists():
        return 0
    with transaction(connection):
        take_edits_off(connection, database)
        if asked is None:
            count = apply_kept(connection, database)
        else:
            with closing(AnswerCache(path)) as cache:
                count = apply(connection, asked, cache)
        put_edits_on(connection, database)
        apply_kept_periods(connection, database)
    return count


async def check_model(service: Service, model: str) -> None:
    """Raises `NoGemini` for a model that this key cannot use; says nothing where the service does not tell."""
    try:
        known = await service.models()
    except NoGemini:
        return  # what is wrong with the key or the line is said by the first request
    if known and model not in known:
        near = get_close_matches(model, known, 3, 0.3) or known[:3]
        raise NoGemini(f"there is no model {model} for this key; it can use {', '.join(near)}: see --models")


def usable_models(key: str) -> list[str]:
    """The models that a key can use. Raises `NoGemini`."""

    async def look() -> list[str]:
        service = Service(key, pricing.default_model())
        try:
            return await service.models()
        finally:
            await service.close()

    return aio.run(look)
