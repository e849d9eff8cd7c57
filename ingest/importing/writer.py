"""What was read of one export, written into the archive: recognised, merged, told, counted. One transaction."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ingest.archive.curation import forgotten, put_edits_on, take_edits_off
from ingest.archive.database import make_indexes, transaction, tuned_for_loading
from ingest.archive.derived import analyze, count_all, count_kinds, tell_periods
from ingest.archive.fts import MessageIndex
from ingest.archive.ids import IdRegistry
from ingest.archive.memory_choice import choose_memories
from ingest.archive.owner import members_of, say_owner, tell_owner
from ingest.archive.people import PersonRegistry
from ingest.core.model import ImportReport, Options, Progress
from ingest.core.names import guess_owner, name_key
from ingest.exports.observations import Evidence
from ingest.exports.source import Export
from ingest.importing.attachments import Attachments
from ingest.importing.clock_shift import aligned, find_shifts, is_in_place, moved, moved_probes
from ingest.importing.exchange_rows import ExchangeBuilder, sample_words
from ingest.importing.incoming import Incoming
from ingest.importing.known_exports import fill_missing
from ingest.importing.loader import Loader
from ingest.importing.merge import Change, Merge
from ingest.importing.parallel_summaries import SummarizerInput, start_telling
from ingest.importing.provenance import add_source, write_down
from ingest.importing.read import Earlier, Read
from ingest.importing.recognise import SAID
from ingest.importing.removal import sweep
from ingest.importing.resegment import retell
from ingest.importing.same_people import name_the_same
from ingest.importing.sampling import Overview
from ingest.importing.spool import Spool
from ingest.importing.swapped_dates import end_guesses, note_former_days
from ingest.importing.target import Target, TargetFinder
from ingest.importing.wording_chains import INSERT_REVISION, says_the_same
from ingest.summaries.gemini.apply import apply_kept, apply_kept_periods, apply_looks
from ingest.summaries.offline.summarizer import Summarizer
from memories_lib.shared.counters import Counters

#: An export of so many messages tells by itself which words are rare.
_ENOUGH_MESSAGES = 5_000


class _DryRun(Exception):
    """Leaves the transaction without writing."""


@dataclass(slots=True)
class _Writing:
    """What the ways of writing have in common. `shifts`: seconds by which the export's clock differs."""

    target: Target
    overview: Overview
    ids: _Ids
    shifts: list[int]
    loader: Loader
    carried: Attachments
    index: MessageIndex


class _Ids(dict[str | None, int | None]):
    """A sender's name in an export -> the person's id."""

    def __init__(self, roll: PersonRegistry) -> None:
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


def _names_now(connection: sqlite3.Connection, table: str) -> dict[str, int]:
    """What chats or people are called as long as the archive shows edits -> their ids."""
    return {name_key(name): number for number, name in connection.execute(f"SELECT id, name FROM {table}")}


def _name_of(connection: sqlite3.Connection, person: int) -> str:
    return str(connection.execute("SELECT name FROM people WHERE id = ?", (person,)).fetchone()[0])


class Writer:
    """The steps for a text that the archive has not seen."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        database: Path,
        export: Export,
        options: Options,
        account: ImportReport,
        sha256: str,
        folder: Path | None,
        spool: Spool,
        progress: Progress | None,
    ) -> None:
        self._incoming = Incoming(connection, spool, account, progress)
        self._connection = connection
        self._database = database
        self._export = export
        self._options = options
        self._account = account
        self._sha256 = sha256
        self._folder = folder
        self._numbers: IdRegistry | None = None
        self._now = datetime.now().isoformat(timespec="seconds")

    def run(self, read: Read) -> None:
        """Write what was read, in one transaction."""
        with tuned_for_loading(self._connection):
            try:
                with transaction(self._connection):
                    index = MessageIndex(self._connection)
                    try:
                        self._write(read, index)
                        index.wait()
                    finally:
                        index.close()  # nothing can be rolled back while its thread is at work
                    if self._options.dry_run:
                        raise _DryRun
                if self._numbers is not None:
                    self._numbers.keep()
            except _DryRun:
                pass
            finally:
                if self._numbers is not None:
                    self._numbers.close()

    def _write(self, read: Read, index: MessageIndex) -> None:
        connection, account, overview = self._connection, self._account, read.overview
        chats_now, people_now = _names_now(connection, "chats"), _names_now(connection, "people")
        take_edits_off(connection, self._database)
        self._numbers = numbers = IdRegistry(connection, self._database)
        roll = PersonRegistry(connection, numbers.named)
        roll.are_also(people_now)
        roll.keep_apart(overview.senders)
        self._incoming.bring_home(read, self._options.timezone)
        target, replacement = TargetFinder(
            connection, self._database, self._export, self._options, account, self._sha256, chats_now, numbers, index,
            self._now,
        ).find(read, roll)  # fmt: skip
        chat, earlier = target.chat, read.earlier
        account.chat, account.chat_kind = target.name, target.kind
        number = min(read.again.sources) if read.again else None
        source = add_source(connection, self._export, self._sha256, self._now, self._incoming.timezone, number)
        carried = Attachments(connection, self._export, self._folder, source)
        numbers.enter(chat)
        loader = Loader(connection, chat, source, index, carried, numbers, replacement.had if replacement else None)
        shifts = [] if target.is_new else self._find_shifts(chat, overview, earlier)
        if not target.is_new:
            name_the_same(connection, account, chat, overview, roll)
        self._incoming.leave_out(overview, forgotten(self._database))
        ids = _Ids(roll)
        for sender in overview.senders:
            ids[sender]
        writing = _Writing(target, overview, ids, shifts, loader, carried, index)
        if target.is_new and overview.in_order:
            self._write_in_order(writing)
        elif target.is_new:
            self._write_out_of_order(writing)
        else:
            self._merge(writing, source, earlier)
        loader.runs.write()
        if shifts:
            connection.execute("UPDATE sources SET shift_s = ? WHERE id = ?", (shifts[0], source))
        count_all(connection, chat)
        count_kinds(connection, chat, loader.kinds)
        write_down(connection, account, chat, source, read, loader, carried, target.pause)
        if replacement:
            replacement.fill(account, chat, numbers)
            if replacement.chat != chat:
                count_all(connection, replacement.chat)
                tell_periods(connection, replacement.chat, "0", "~")
        sweep(connection)
        # What was taken out may have been of any time.
        since, until = ("", "~") if replacement else (overview.first_at[:10], overview.last_at[:10])
        choose_memories(connection, since, until, chat=None if replacement else chat)
        tell_periods(connection, chat, since, until)
        if not target.is_new:
            self._say_why_joined(target)
            end_guesses(connection, account, source)
        analyze(connection, account.new)
        self._set_owner(roll, overview, read.evidence, target.name)
        index.wait()
        account.told_again = apply_kept(connection, self._database)
        apply_looks(connection, self._database)
        if self._options.was_order not in (None, self._options.date_order):
            note_former_days(connection, chat)
        account.edits_lost = put_edits_on(connection, self._database)
        # Names as people gave them, now that they are shown again.
        (account.chat,) = connection.execute("SELECT name FROM chats WHERE id = ?", (chat,)).fetchone()
        tell_owner(connection, account, members_of(connection, chat))
        apply_kept_periods(connection, self._database)

    def _write_in_order(self, writing: _Writing) -> None:
        """A new chat whose times run forward: told by a process beside as it goes in."""
        connection, overview, target = self._connection, writing.overview, writing.target
        names = {person: _name_of(connection, person) for person in writing.ids.values() if person is not None}
        vocabulary = overview.vocabulary
        brief = SummarizerInput(
            target.chat, names, vocabulary.talks, dict(vocabulary.seen), dict(vocabulary.lines),
            dict(vocabulary.languages), self._now,
        )  # fmt: skip
        telling = start_telling(brief, overview.messages, overview.tokens)
        tallies = Counters()
        try:
            writing.loader.load_new_chat(self._incoming.batches(overview.messages), writing.ids, target.pause, telling)
            for counts in telling.finish():
                tallies.take(counts)
                tallies.flush(connection, target.chat)
        finally:
            telling.close()
        self._account.exchanges = writing.loader.exchanges
        make_indexes_after(writing.index, connection)

    def _write_out_of_order(self, writing: _Writing) -> None:
        """A new chat whose times step back: written as it comes, cut by time afterwards."""
        loader, ids = writing.loader, writing.ids
        for batch in self._incoming.batches(writing.overview.messages):
            for row in batch:
                loader.add(row, ids[row[4]])
        loader.flush()
        make_indexes_after(writing.index, self._connection)
        self._retell(writing, [])

    def _merge(self, writing: _Writing, source: int, earlier: Earlier | None) -> None:
        """Into a chat that the archive has."""
        connection, chat, account = self._connection, writing.target.chat, self._account
        overview, loader, carried = writing.overview, writing.loader, writing.carried
        if overview.messages < _ENOUGH_MESSAGES:
            sample_words(connection, chat, overview.vocabulary, overview.tokens)
        first_at, last_at = connection.execute(
            "SELECT coalesce(first_at, '~'), coalesce(last_at, '') FROM chats WHERE id = ?", (chat,)
        ).fetchone()
        # What goes on from an export that is known begins where that one began.
        common = first_at if earlier else max(first_at, overview.first_at), min(last_at, overview.last_at)
        read_before = earlier.all_ids if earlier else ()
        loader.runs.add_runs_of(read_before)
        merge = Merge(connection, chat, source, writing.ids, loader, carried, read_before, common)
        batches = self._incoming.batches(overview.messages)
        merge.run(aligned(connection, chat, batches, writing.shifts) if writing.shifts else batches)
        writing.index.wait()
        changes = merge.changes
        for change in changes:
            loader.kinds[change.old.kind] -= 1
            loader.kinds[change.kind] += 1
        connection.executemany(INSERT_REVISION, merge.revisions)
        account.updated = len(changes) + merge.filled
        if earlier:
            says_the_same(connection, source, earlier.all_ids)
            if carried.has_files():
                account.updated += fill_missing(connection, chat, carried)[0]
        self._retell(writing, changes)

    def _retell(self, writing: _Writing, changes: list[Change]) -> None:
        assert self._numbers is not None
        chat, tallies = writing.target.chat, Counters()
        teller = Summarizer(writing.overview.vocabulary, _Names(self._connection), writing.overview.tokens)
        scribe = ExchangeBuilder(chat, teller, tallies, self._now)
        self._account.exchanges = retell(
            self._connection, chat, changes, writing.target.pause, scribe, tallies, writing.index, self._numbers
        )
        tallies.flush(self._connection, chat)

    def _say_why_joined(self, target: Target) -> None:
        account, match = self._account, target.match
        known = account.messages - account.new
        words = f"{known:,} of its {account.messages:,} messages are known"
        is_said = match is not None and match.why == SAID
        why = words if known or is_said or match is None else match.why or words
        account.joined = f"{SAID}; {why}" if is_said else why

    def _find_shifts(self, chat: int, overview: Overview, earlier: Earlier | None) -> list[int]:
        """By how much this export's clock differs from the chat's; what was gathered of it is brought to the chat's."""
        shifts = find_shifts(self._connection, chat, overview.probes)
        if earlier and earlier.shift and not shifts and not is_in_place(self._connection, chat, overview.probes):
            # Its end is of a time that nothing else tells of: the phone is where it was, give or take an hour.
            shifts = [earlier.shift, earlier.shift + 3600, earlier.shift - 3600]
        if shifts:
            overview.probes = moved_probes(overview.probes, shifts[0])
            overview.short_probes = {
                sender: moved_probes(probes, shifts[0]) for sender, probes in overview.short_probes.items()
            }
            overview.first_at = moved(overview.first_at, min(shifts))
            overview.last_at = moved(overview.last_at, max(shifts))
            hours = f"{shifts[0] / 3600:+g}" if earlier else " or ".join(f"{shift / 3600:+g}" for shift in shifts)
            self._account.notes.append(f"exported where clocks differ: its times are moved by {hours} h to this chat's")
        return shifts

    def _set_owner(self, roll: PersonRegistry, overview: Overview, evidence: Evidence, chat_name: str) -> None:
        connection = self._connection
        members = {person for name in overview.senders if (person := roll.find(name)) is not None}
        if self._options.me is not None:
            say_owner(connection, roll.find(self._options.me), self._options, members, self._account)
        elif not connection.execute("SELECT 1 FROM people WHERE is_owner").fetchone():
            guess = guess_owner(chat_name, list(overview.senders), dict(evidence.owners))
            if guess is not None:
                connection.execute("UPDATE people SET is_owner = 1 WHERE id = ?", (roll.find(guess),))
        tell_owner(connection, self._account, members)


def make_indexes_after(index: MessageIndex, connection: sqlite3.Connection) -> None:
    """Make the indexes once the search index is done with the connection."""
    index.wait()
    make_indexes(connection)
