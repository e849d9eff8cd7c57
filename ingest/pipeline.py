"""One export into the archive, from the first byte to the account. Nothing here prints.

A source is one transaction: interrupted or failed, the archive is as it was before.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ingest.carried import Carried
from ingest.chats import make_chat, recognise, same_people
from ingest.errors import NotAnExport
from ingest.exports import Export
from ingest.finish import analyze, choose_memories, count_all, media_folder, tell_periods
from ingest.formats import find_head
from ingest.loader import Loader
from ingest.merge import Merge
from ingest.model import Account, Findings, Order, Row
from ingest.overview import Overview
from ingest.parser import Evidence
from ingest.people import Roll, guess_owner, is_contact
from ingest.retell import retell
from ingest.search_index import MessageIndex
from ingest.spool import Spool
from ingest.store import make_indexes, transaction, tune_for_loading
from ingest.summaries.offline import Teller, Vocabulary
from ingest.survey import Survey
from ingest.tallies import Tallies
from ingest.teller import Scribe
from ingest.telling import Brief, start_telling

_MOST_WARNINGS = 10_000
#: A merge into a chat learns which words are rare there from so many of its talks.
_TALKS_FOR_WORDS = 400
_ENOUGH_MESSAGES = 5_000

#: Called with (work done so far, work in all), in units that may change on the way.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What the user decided. `chat` names the chat, `me` the owner."""

    chat: str | None = None
    me: str | None = None
    date_order: Order | None = None
    dry_run: bool = False


class _DryRun(Exception):
    """Leaves the transaction without writing."""


@dataclass(frozen=True, slots=True)
class _Earlier:
    """A source that this export begins with, byte for byte."""

    id: int
    bytes: int
    lines: int
    messages: int
    chat: int
    order: Order | None


def ingest(
    connection: sqlite3.Connection,
    database: Path,
    export: Export,
    options: Options | None = None,
    progress: Progress | None = None,
) -> Account:
    """Read `export` into the archive. Raises `MemoriesError` and leaves the archive alone when it cannot."""
    options = options or Options()
    started = time.perf_counter()
    account = Account(export.filename, notes=list(dict.fromkeys(export.notes)))
    sha256, prefixes = export.digest(_lengths(connection))
    folder = None if options.dry_run else media_folder(database)
    known = _known(connection, sha256)
    if known is not None:
        _again(connection, known, export, folder, account)
    else:
        with Spool(Path(tempfile.gettempdir()) if options.dry_run else database.resolve().parent) as spool:
            _Ingest(connection, export, options, account, sha256, prefixes, folder, spool, progress).run()
    account.seconds = time.perf_counter() - started
    return account


def _lengths(connection: sqlite3.Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT DISTINCT bytes FROM sources ORDER BY bytes")]


def _known(connection: sqlite3.Connection, sha256: str) -> tuple[int, int] | None:
    row = connection.execute(
        "SELECT source_id, chat_id FROM sources JOIN chat_sources ON source_id = sources.id WHERE sha256 = ?", (sha256,)
    ).fetchone()
    return (row[0], row[1]) if row else None


def _again(
    connection: sqlite3.Connection, known: tuple[int, int], export: Export, folder: Path | None, account: Account
) -> None:
    """The very same text once more: only files that were missing can be new."""
    source, chat = known
    account.is_known = True
    account.format, account.date_order, account.lines, account.messages = connection.execute(
        "SELECT format, date_order, lines, messages_found FROM sources WHERE id = ?", (source,)
    ).fetchone()
    account.chat, account.chat_kind, account.first_at, account.last_at = connection.execute(
        "SELECT name, kind, first_at, last_at FROM chats WHERE id = ?", (chat,)
    ).fetchone()
    if not export.has_files() or folder is None:
        return
    carried = Carried(connection, export, folder)
    with transaction(connection):
        missing = connection.execute(
            """
            SELECT message_id, filename FROM media JOIN messages ON messages.id = message_id
            WHERE chat_id = ? AND is_missing AND filename IS NOT NULL
            """,
            (chat,),
        ).fetchall()
        for message, filename in missing:
            carried.fill(message, filename, None)
    account.media_found, account.updated = carried.found, carried.found
    account.media_missing = len(missing) - carried.found


class _Ids(dict[str | None, int | None]):
    """A sender's name in an export -> the person's id."""

    def __init__(self, roll: Roll) -> None:
        super().__init__({None: None})
        self._roll = roll

    def __missing__(self, name: str | None) -> int | None:
        assert name is not None
        person = self[name] = self._roll.id_of(name)
        return person


class _Names(dict[int, str]):
    """A person's id -> the name to show."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection

    def __missing__(self, person: int) -> str:
        name = self[person] = _name_of(self._connection, person)
        return name


def _name_of(connection: sqlite3.Connection, person: int) -> str:
    return str(connection.execute("SELECT name FROM people WHERE id = ?", (person,)).fetchone()[0])


class _Ingest:
    """The steps for a text that the archive has not seen."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        export: Export,
        options: Options,
        account: Account,
        sha256: str,
        prefixes: Mapping[int, str],
        folder: Path | None,
        spool: Spool,
        progress: Progress | None,
    ) -> None:
        self._spool = spool
        self._connection = connection
        self._export = export
        self._options = options
        self._account = account
        self._sha256 = sha256
        self._prefixes = prefixes
        self._folder = folder
        self._progress = progress
        self._read = 0
        self._earlier: _Earlier | None = None
        self._now = datetime.now().isoformat(timespec="seconds")

    # -- reading --------------------------------------------------------------------------------

    def run(self) -> None:
        """Survey, then write."""
        overview, survey = self._survey()
        findings = survey.findings
        assert findings is not None
        if not overview.messages:
            raise NotAnExport(f"{self._export.filename}: no message found")
        tune_for_loading(self._connection)
        index: MessageIndex | None = None
        try:
            with transaction(self._connection):
                index = MessageIndex(self._connection)
                self._write(overview, survey, findings, index)
                index.wait()
                if self._options.dry_run:
                    raise _DryRun
        except _DryRun:
            pass
        finally:
            if index:
                index.close()
            self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _survey(self) -> tuple[Overview, Survey]:
        earlier = self._longest_prefix()
        if earlier:
            try:
                found = self._survey_from(earlier)
            except NotAnExport:
                pass
            else:
                self._earlier = earlier
                return found
            self._read = 0
        survey = Survey(
            self._chunks,
            chat=self._export.name,
            order=self._options.date_order,
            hint=self._order_of_chat(),
            year_if_missing=self._year(),
        )
        try:
            overview = self._run(survey)
        except NotAnExport as error:
            raise NotAnExport(f"{self._export.filename}: {error}{_first_lines(self._export)}") from None
        return overview, survey

    def _survey_from(self, earlier: _Earlier) -> tuple[Overview, Survey]:
        """Only what comes after an export that the archive has."""
        first = next(self._export.chunks(earlier.bytes), "")
        if not find_head(first.partition("\n")[0]):
            raise NotAnExport("goes on in the middle of a message")
        roster = frozenset(
            row[0]
            for row in self._connection.execute(
                "SELECT DISTINCT name FROM people JOIN person_months ON person_id = id WHERE chat_id = ?",
                (earlier.chat,),
            )
        )
        survey = Survey(
            self._chunks,
            chat=self._export.name,
            order=self._options.date_order,
            hint=earlier.order,
            year_if_missing=self._year(),
            roster=roster,
            first_line=earlier.lines + 1,
            skip=earlier.bytes,
        )
        return self._run(survey), survey

    def _run(self, survey: Survey) -> Overview:
        """Read to the end, keeping what was read."""
        overview = Overview()

        def visit(rows: list[Row]) -> None:
            overview.visit(rows)
            self._spool.add(rows)

        def restart() -> None:
            overview.restart()
            self._spool.restart()

        restart()
        survey.run(visit, restart)
        return overview

    def _longest_prefix(self) -> _Earlier | None:
        for length in sorted(self._prefixes, reverse=True):
            row = self._connection.execute(
                """
                SELECT sources.id, bytes, lines, messages_found, chat_id, date_order
                FROM sources JOIN chat_sources ON source_id = sources.id
                WHERE bytes = ? AND sha256 = ?
                """,
                (length, self._prefixes[length]),
            ).fetchone()
            if row and self._options.chat is None and self._export.encoding == "utf-8":
                return _Earlier(row[0], row[1], row[2], row[3], row[4], _order_named(row[5]))
        return None

    def _order_of_chat(self) -> Order | None:
        """The order of day and month in an earlier export of a chat with this name."""
        row = self._connection.execute(
            """
            SELECT date_order FROM sources JOIN chat_sources ON source_id = sources.id
            JOIN chats ON chats.id = chat_id WHERE chats.name = ? ORDER BY sources.id DESC LIMIT 1
            """,
            (self._options.chat or self._export.name,),
        ).fetchone()
        return _order_named(row[0]) if row else None

    def _year(self) -> int:
        return (self._export.written or datetime.now()).year

    def _chunks(self, skip: int = 0) -> Iterator[str]:
        """The export's text, with progress: the first half of the work, however often it is read."""
        total = max(1, self._export.text_bytes)
        for chunk in self._export.chunks(skip):
            yield chunk
            self._read = min(total, self._read + len(chunk))
            if self._progress:
                self._progress(self._read, 2 * total)

    # -- writing --------------------------------------------------------------------------------

    def _write(self, overview: Overview, survey: Survey, findings: Findings, index: MessageIndex) -> None:
        connection, account = self._connection, self._account
        roll = Roll(connection)
        earlier = self._earlier
        if earlier:
            name, kind = connection.execute("SELECT name, kind FROM chats WHERE id = ?", (earlier.chat,)).fetchone()
            chat, is_new = earlier.chat, False
        else:
            match = recognise(connection, self._export.name, overview, roll, self._options.chat)
            is_new = match.id is None
            chat = make_chat(connection, match) if match.id is None else match.id
            name, kind = match.name, match.kind
        account.chat, account.chat_kind = name, kind
        source = self._add_source()
        carried = Carried(connection, self._export, self._folder)
        loader = Loader(connection, chat, source, index, carried)
        tallies = Tallies()
        pause = overview.gaps.pause() if is_new else self._pause_of(chat, overview)
        if not is_new:
            self._name_the_same(chat, overview, roll)
        ids = _Ids(roll)
        for sender in overview.senders:
            ids[sender]
        vocabulary = overview.vocabulary if is_new else self._words_of(chat, overview)
        batches = self._written(overview.messages)
        if is_new and overview.in_order:
            names = {person: _name_of(connection, person) for person in ids.values() if person is not None}
            brief = Brief(chat, names, vocabulary.talks, dict(vocabulary.seen), self._now)
            telling = start_telling(brief, overview.messages, overview.tokens)
            try:
                loader.load_new_chat(batches, ids, pause, telling)
                for counts in telling.finish():
                    tallies.take(counts)
                    tallies.flush(connection, chat)
            finally:
                telling.close()
            account.exchanges = loader.exchanges
            make_indexes_after(index, connection)
        else:
            scribe = Scribe(chat, Teller(vocabulary, _Names(connection), overview.tokens), tallies, self._now)
            changes = []
            if is_new:
                for batch in batches:
                    for row in batch:
                        loader.add(row, ids[row[4]])
                loader.flush()
                make_indexes_after(index, connection)
            else:
                merge = Merge(connection, chat, source, ids, loader, carried)
                merge.run(batches)
                index.wait()
                changes = merge.changes
                connection.executemany(
                    "INSERT INTO revisions (message_id, text, kind, source_id) VALUES (?, ?, ?, ?)", merge.revisions
                )
                account.updated = len(changes) + merge.filled
            account.exchanges = retell(connection, chat, loader.first_new, changes, pause, scribe, tallies, index)
        tallies.flush(connection, chat)
        self._finish(chat, source, overview, survey.evidence, findings, loader, carried, pause)
        self._set_owner(roll, overview, survey.evidence, name)

    def _written(self, total: int) -> Iterator[list[Row]]:
        """What was read, with progress: the second half of the work."""
        done = 0
        for rows in self._spool.batches():
            yield rows
            done += len(rows)
            if self._progress:
                self._progress(total + done, 2 * total)

    def _add_source(self) -> int:
        row = self._connection.execute(
            """
            INSERT INTO sources (filename, sha256, bytes, format, date_order, ingested_at, lines, messages_found,
                messages_new)
            VALUES (?, ?, ?, '', '', ?, 0, 0, 0) RETURNING id
            """,
            (self._export.filename, self._sha256, self._export.text_bytes, self._now),
        ).fetchone()
        return int(row[0])

    def _pause_of(self, chat: int, overview: Overview) -> int:
        row = self._connection.execute(
            "SELECT pause_s FROM chat_sources WHERE chat_id = ? ORDER BY source_id LIMIT 1", (chat,)
        ).fetchone()
        return int(row[0]) if row else overview.gaps.pause()

    def _name_the_same(self, chat: int, overview: Overview, roll: Roll) -> None:
        """Senders whom this export calls otherwise than the archive does."""
        connection = self._connection
        last_at = connection.execute("SELECT last_at FROM chats WHERE id = ?", (chat,)).fetchone()[0] or ""
        found = same_people(connection, chat, overview.probes, roll)
        for name, person in found.items():
            before = connection.execute("SELECT name FROM people WHERE id = ?", (person,)).fetchone()[0]
            roll.is_also(name, person)
            self._account.also_known_as[name] = before
            better = is_contact(name) and not is_contact(before)
            newer = overview.last_at >= last_at and is_contact(name) and len(found) == 1
            if better or newer:
                roll.rename(person, name)

    def _words_of(self, chat: int, overview: Overview) -> Vocabulary:
        """Which words are rare in a chat that the archive has: from a sample of its talks."""
        if overview.messages >= _ENOUGH_MESSAGES:
            return overview.vocabulary
        ids = [
            row[0]
            for row in self._connection.execute("SELECT id FROM exchanges WHERE chat_id = ? ORDER BY id", (chat,))
        ]
        for exchange in ids[:: max(1, len(ids) // _TALKS_FOR_WORDS)]:
            texts = self._connection.execute(
                "SELECT text FROM messages WHERE exchange_id = ? AND kind = 'text'", (exchange,)
            )
            overview.vocabulary.add("\n".join([text for (text,) in texts]), overview.tokens)
        return overview.vocabulary

    # -- the end --------------------------------------------------------------------------------

    def _finish(
        self,
        chat: int,
        source: int,
        overview: Overview,
        evidence: Evidence,
        findings: Findings,
        loader: Loader,
        carried: Carried,
        pause: int,
    ) -> None:
        connection, account, earlier = self._connection, self._account, self._earlier
        count_all(connection, chat)
        choose_memories(connection)
        tell_periods(connection, chat, overview.first_at[:10], overview.last_at[:10])
        account.format = _format_name(findings)
        account.date_order, account.proof, account.is_guess = findings.date_order, findings.proof, findings.is_guess
        account.lines = evidence.lines
        account.messages = overview.messages + (earlier.messages if earlier else 0)
        account.people = len(overview.senders)
        account.first_at, account.last_at = overview.first_at, overview.last_at
        account.new = loader.new
        account.media_found, account.media_missing = carried.found, carried.missing
        account.missing_files = carried.missing_files
        account.layouts, account.unsure = findings.layouts, evidence.unsure
        account.warnings = evidence.unsure_count + len(carried.warnings)
        warnings: list[tuple[int, int | None, str, str]] = [(source, w.line, w.text, w.reason) for w in evidence.unsure]
        warnings += [(source, line, file, reason) for line, file, reason in carried.warnings[:_MOST_WARNINGS]]
        connection.executemany(
            "INSERT INTO source_warnings (source_id, line, text, reason) VALUES (?, ?, ?, ?)", warnings
        )
        connection.execute(
            """
            UPDATE sources SET format = ?, date_order = ?, lines = ?, messages_found = ?, messages_new = ?,
                warnings = ? WHERE id = ?
            """,
            (
                account.format, _with_sure(account), account.lines, account.messages, account.new, account.warnings,
                source,
            ),
        )  # fmt: skip
        connection.execute(
            "INSERT INTO chat_sources (source_id, chat_id, pause_s) VALUES (?, ?, ?)", (source, chat, pause)
        )
        analyze(connection)

    def _set_owner(self, roll: Roll, overview: Overview, evidence: Evidence, chat_name: str) -> None:
        connection = self._connection
        if self._options.me is not None:
            person = roll.find(self._options.me)
            if person is None:
                names = ", ".join(f"'{n}'" for n, _ in overview.senders.most_common(8))
                raise NotAnExport(f"--me '{self._options.me}': nobody is called that; this export has {names}")
            connection.execute("UPDATE people SET is_owner = (id = ?)", (person,))
        elif not connection.execute("SELECT 1 FROM people WHERE is_owner").fetchone():
            guess = guess_owner(chat_name, list(overview.senders), dict(evidence.owners))
            if guess is not None:
                connection.execute("UPDATE people SET is_owner = 1 WHERE id = ?", (roll.find(guess),))
        row = connection.execute("SELECT name FROM people WHERE is_owner").fetchone()
        self._account.owner = row[0] if row else None


def make_indexes_after(index: MessageIndex, connection: sqlite3.Connection) -> None:
    """Make the indexes once the search index is done with the connection."""
    index.wait()
    make_indexes(connection)


_ORDER_NAMES: dict[str, Order] = {"day/month": "dmy", "month/day": "mdy"}


def _order_named(name: str) -> Order | None:
    return _ORDER_NAMES.get(name.removesuffix(" (guessed)"))


def _with_sure(account: Account) -> str:
    return account.date_order + " (guessed)" * account.is_guess


def _format_name(findings: Findings) -> str:
    """``iPhone [d/d/dddd, d:dd:dd]``: the phone and the layout that most headers have."""
    shape = max(findings.layouts, key=lambda s: findings.layouts[s], default="")
    phone = "iPhone" if findings.segments and findings.segments[0].closer == "] " else "Android"
    more = f" and {len(findings.segments) - 1} more" if len(findings.segments) > 1 else ""
    return f"{phone} {shape.strip(' -')}{more}"


def _first_lines(export: Export) -> str:
    """The first lines of a text in which no message was found, for its owner to look at."""
    lines = next(export.chunks(), "")[:2000].split("\n")[:3]
    shown = "".join(f"\n  {number}: {line[:100]}" for number, line in enumerate(lines, 1) if line.strip())
    return f". It starts with:{shown}" if shown else ""
