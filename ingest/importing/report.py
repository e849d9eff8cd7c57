"""The account of an ingest, in sentences for people and as plain data for programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from ingest.core.model import ImportReport

_MOST_SHOWN = 20


def lines_of(report: ImportReport, *, explain: bool = False) -> Iterable[str]:
    """What to tell of one source, a line at a time."""
    if report.error:
        yield f"✗ {report.filename}"
        yield f"  {report.error}"
        return
    yield f"✓ {report.filename} → {report.chat} ({report.chat_kind})"
    if report.is_known:
        yield f"  the same as before, nothing new{_filled(report)} · {report.seconds:.2f} s"
        if report.owner:
            yield f"  you       {report.owner}"
        for note in report.notes:
            yield f"  note      {note}"
        if explain:
            yield from _explained(report)
        return
    yield f"  read as   {report.format} · {order_sentence(report)}"
    if report.joined:
        yield f"  joined    to what the archive has of this chat: {report.joined}"
    people = "1 person" if report.people == 1 else f"{report.people:,} people"
    yield (
        f"  messages  {report.messages:,} in {counted(report.lines, 'line')}, by {people}, "
        f"{report.first_at[:10]} to {report.last_at[:10]}"
    )
    if report.read_again:
        yield f"  again     read anew: {report.read_again}"
    changed = f", {report.updated:,} brought up to date" if report.updated else ""
    changed += f", {report.gone:,} no longer there" if report.gone else ""
    yield f"  new       {report.new:,}{changed}, in {counted(report.exchanges, 'exchange')}"
    if report.owner and report.owner_writes:
        yield f"  you       {report.owner}; if that is somebody else: --me NAME"
    if report.media_found or report.media_missing:
        yield f"  files     {report.media_found:,} found, {report.media_missing:,} missing"
    for name, known in report.also_known_as.items():
        yield f"  people    {name} is {known} here"
    for before, name in report.renamed.items():
        yield f"  people    {before} is called {name} now"
    for note in report.notes:
        yield f"  note      {note}"
    if report.told_again:
        yield f"  gemini    {report.told_again:,} talks told by answers that were paid for before"
    if report.edits_lost:
        yield f"  edits     {report.edits_lost:,} wait for what they are about, which is not here yet"
    if report.warnings:
        hint = "" if explain else f"; --explain shows {'it' if report.warnings == 1 else 'them'}"
        has_files = any(not unsure.line for unsure in report.unsure)
        what = ("line or file", "lines or files") if has_files else ("line", "lines")
        yield f"  unsure    {counted(report.warnings, *what)}{hint}"
    if report.is_guess:
        yield "  please    look whether days and months are right; if not: --date-order dmy or mdy"
    yield f"  time      {report.seconds:.2f} s"
    if explain:
        yield from _explained(report)


def counted(number: int, one: str, several: str = "") -> str:
    """`1 edit`, `2 edits`; `2 people` with a plural of its own."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def order_sentence(report: ImportReport) -> str:
    """``day/month, proved by 27/3 in line 12`` or ``guessed: say --date-order``."""
    if report.is_guess:
        return f"{report.date_order}, guessed: say --date-order"
    return f"{report.date_order}, {report.proof}" if report.proof else report.date_order


def _filled(report: ImportReport) -> str:
    return f"; {counted(report.media_found, 'missing file')} filled in" if report.media_found else ""


def _explained(report: ImportReport) -> Iterable[str]:
    if report.layouts:
        yield "  layouts met (and on how many days):"
        for shape, times in sorted(report.layouts.items(), key=lambda item: -item[1]):
            yield f"    {times:6,}  {shape}"
    for unsure in report.unsure[:_MOST_SHOWN]:
        where = f"line {unsure.line}: " if unsure.line else ""
        yield f"  {where}{unsure.reason}: {unsure.text[:80]}"
    if len(report.unsure) > _MOST_SHOWN:
        yield f"  … and {len(report.unsure) - _MOST_SHOWN:,} more, in the table source_warnings"
    for name in report.missing_files[:_MOST_SHOWN]:
        yield f"  not in the export: {name}"
    if len(report.missing_files) > _MOST_SHOWN:
        yield f"  … and {report.media_missing - _MOST_SHOWN:,} more files, in the table media"


def as_data(report: ImportReport) -> dict[str, object]:
    """The account as a program reads it (``--json``)."""
    data = asdict(report)
    data["unsure"] = [{"line": u.line, "text": u.text, "reason": u.reason} for u in report.unsure]
    data["seconds"] = round(report.seconds, 3)
    return data
