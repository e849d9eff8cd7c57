"""The account of an ingest, in sentences for people and as plain data for programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from ingest.core.model import ImportReport

_MOST_SHOWN = 20


def lines_of(account: ImportReport, *, explain: bool = False) -> Iterable[str]:
    """What to tell of one source, a line at a time."""
    if account.error:
        yield f"✗ {account.filename}"
        yield f"  {account.error}"
        return
    yield f"✓ {account.filename} → {account.chat} ({account.chat_kind})"
    if account.is_known:
        yield f"  the same as before, nothing new{_filled(account)} · {account.seconds:.2f} s"
        if account.owner:
            yield f"  you       {account.owner}"
        for note in account.notes:
            yield f"  note      {note}"
        if explain:
            yield from _explained(account)
        return
    yield f"  read as   {account.format} · {order_sentence(account)}"
    if account.joined:
        yield f"  joined    to what the archive has of this chat: {account.joined}"
    people = "1 person" if account.people == 1 else f"{account.people:,} people"
    yield (
        f"  messages  {account.messages:,} in {counted(account.lines, 'line')}, by {people}, "
        f"{account.first_at[:10]} to {account.last_at[:10]}"
    )
    if account.read_again:
        yield f"  again     read anew: {account.read_again}"
    changed = f", {account.updated:,} brought up to date" if account.updated else ""
    changed += f", {account.gone:,} no longer there" if account.gone else ""
    yield f"  new       {account.new:,}{changed}, in {counted(account.exchanges, 'exchange')}"
    if account.owner and account.owner_writes:
        yield f"  you       {account.owner}; if that is somebody else: --me NAME"
    if account.media_found or account.media_missing:
        yield f"  files     {account.media_found:,} found, {account.media_missing:,} missing"
    for name, known in account.also_known_as.items():
        yield f"  people    {name} is {known} here"
    for before, name in account.renamed.items():
        yield f"  people    {before} is called {name} now"
    for note in account.notes:
        yield f"  note      {note}"
    if account.told_again:
        yield f"  gemini    {account.told_again:,} talks told by answers that were paid for before"
    if account.edits_lost:
        yield f"  edits     {account.edits_lost:,} wait for what they are about, which is not here yet"
    if account.warnings:
        hint = "" if explain else f"; --explain shows {'it' if account.warnings == 1 else 'them'}"
        has_files = any(not unsure.line for unsure in account.unsure)
        what = ("line or file", "lines or files") if has_files else ("line", "lines")
        yield f"  unsure    {counted(account.warnings, *what)}{hint}"
    if account.is_guess:
        yield "  please    look whether days and months are right; if not: --date-order dmy or mdy"
    yield f"  time      {account.seconds:.2f} s"
    if explain:
        yield from _explained(account)


def counted(number: int, one: str, several: str = "") -> str:
    """`1 edit`, `2 edits`; `2 people` with a plural of its own."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def order_sentence(account: ImportReport) -> str:
    """``day/month, proved by 27/3 in line 12`` or ``guessed: say --date-order``."""
    if account.is_guess:
        return f"{account.date_order}, guessed: say --date-order"
    return f"{account.date_order}, {account.proof}" if account.proof else account.date_order


def _filled(account: ImportReport) -> str:
    return f"; {counted(account.media_found, 'missing file')} filled in" if account.media_found else ""


def _explained(account: ImportReport) -> Iterable[str]:
    if account.layouts:
        yield "  layouts met (and on how many days):"
        for shape, times in sorted(account.layouts.items(), key=lambda item: -item[1]):
            yield f"    {times:6,}  {shape}"
    for unsure in account.unsure[:_MOST_SHOWN]:
        where = f"line {unsure.line}: " if unsure.line else ""
        yield f"  {where}{unsure.reason}: {unsure.text[:80]}"
    if len(account.unsure) > _MOST_SHOWN:
        yield f"  … and {len(account.unsure) - _MOST_SHOWN:,} more, in the table source_warnings"
    for name in account.missing_files[:_MOST_SHOWN]:
        yield f"  not in the export: {name}"
    if len(account.missing_files) > _MOST_SHOWN:
        yield f"  … and {account.media_missing - _MOST_SHOWN:,} more files, in the table media"


def as_data(account: ImportReport) -> dict[str, object]:
    """The account as a program reads it (``--json``)."""
    data = asdict(account)
    data["unsure"] = [{"line": u.line, "text": u.text, "reason": u.reason} for u in account.unsure]
    data["seconds"] = round(account.seconds, 3)
    return data
