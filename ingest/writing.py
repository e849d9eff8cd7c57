"""What was read of one export, written into the archive: recognised, merged, told, counted. One transaction."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ingest.account import counted
from ingest.again import GUESSED, fill_missing, order_named
from ingest.carried import Carried
from ingest.chats import SAID, Match, find_swapped, make_chat, recognise
from ingest.curating import decided, forgotten, put_edits_on, take_edits_off
from ingest.errors import NotAnExport
from ingest.evidence import Evidence
from ingest.exports import Export
from ingest.finish import analyze, choose_memories, count_all, count_kinds, tell_periods
from ingest.keys import chat_key
from ingest.loader import Loader
from ingest.merge import Change, Merge
from ingest.model import Account, Options, Progress, Row
from ingest.numbers import Numbers
from ingest.overview import Overview
from ingest.owner import say_owner, tell_owner
from ingest.people import Roll, guess_owner, is_contact, name_key
from ingest.reading import Earlier, Read
from ingest.record import add_source, write_down
from ingest.removal import has_messages, sweep
from ingest.replacing import Replacement
from ingest.retell import retell
from ingest.rewriting import tell_loose
from ingest.same_people import same_people
from ingest.search_index import MessageIndex
from ingest.spool import Spool
from ingest.store import make_indexes, transaction, tuned_for_loading
from ingest.summaries.applying import apply_kept, apply_kept_periods, apply_looks
from ingest.summaries.offline import Teller, Vocabulary
from ingest.swapping import OtherOrder, guessed_sources, other_order, swap_dates
from ingest.tallies import Tallies
from ingest.teller import Scribe, sample_words
from ingest.telling import Brief, start_telling
from ingest.zones import aligned, find_shifts, in_zone, is_in_place, moved, moved_probes, zone_named

_ENOUGH_MESSAGES = 5_000


class _DryRun(Exception):
    """Leaves the transaction without writing."""


@dataclass(slots=True)
class _Target:
    """The chat that an export goes into. `pause`: seconds after which its talks are over."""

    chat: int
    name: str
    kind: str
    is_new: bool
    pause: int
    match: Match | None


@dataclass(slots=True)
class _Writing:
    """What the ways of writing have in common. `shifts`: seconds by which the export's clock differs."""

    target: _Target
    overview: Overview
    ids: _Ids
    shifts: list[int]
    loader: Loader
    carried: Carried
    index: MessageIndex


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
        account: Account,
        sha256: str,
        folder: Path | None,
        spool: Spool,
        progress: Progress | None,
    ) -> None:
        self._has_words = False
        self._forgotten, self._decided = forgotten(database), decided(database)
        self._left_out: list[str] = []
        self._timezone: str | None = None
        self._zones: tuple[ZoneInfo, ZoneInfo] | None = None  # the phone's, and the archive's
        self._chats_now: dict[str, int] = {}
        self._spool = spool
        self._connection = connection
        self._database = database
        self._export = export
        self._options = options
        self._account = account
        self._sha256 = sha256
        self._folder = folder
        self._progress = progress
        self._numbers: Numbers | None = None
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
        self._chats_now = _names_now(connection, "chats")
        people_now = _names_now(connection, "people")
        take_edits_off(connection, self._database)
        self._numbers = numbers = Numbers(connection, self._database)
        roll = Roll(connection, numbers.named)
        roll.are_also(people_now)
        self._bring_home(overview, read)
        target, replacement = self._find_target(read, roll, index)
        chat, earlier = target.chat, read.earlier
        account.chat, account.chat_kind = target.name, target.kind
        number = min(read.again.sources) if read.again else None
        source = add_source(connection, self._export, self._sha256, self._now, self._timezone, number)
        carried = Carried(connection, self._export, self._folder)
        numbers.enter(chat)
        loader = Loader(connection, chat, source, index, carried, numbers, replacement.had if replacement else None)
        shifts = [] if target.is_new else self._find_shifts(chat, overview, earlier)
        if not target.is_new:
            self._name_the_same(chat, overview, roll)
        self._leave_out_forgotten(overview)
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
        choose_memories(connection)
        # What was taken out may have been of any time.
        since, until = ("0", "~") if replacement else (overview.first_at[:10], overview.last_at[:10])
        tell_periods(connection, chat, since, until)
        if not target.is_new:
            self._say_why_joined(target)
        analyze(connection)
        self._set_owner(roll, overview, read.evidence, target.name)
        index.wait()
        account.told_again = apply_kept(connection, self._database)
        apply_looks(connection, self._database)
        account.edits_lost = put_edits_on(connection, self._database)
        apply_kept_periods(connection, self._database)

    def _find_target(self, read: Read, roll: Roll, index: MessageIndex) -> tuple[_Target, Replacement | None]:
        """The chat that the export goes into; where it was read before, what that gave is out of the way."""
        connection, overview = self._connection, read.overview
        again = read.again
        replacement = Replacement(connection, again) if again else None
        if replacement and again and not again.is_moved:
            self._name_the_same(again.chat, overview, roll)  # while there is something to know them by
            target = self._known_target(again.chat, overview)
            self._make_room(replacement, target.chat, index)
            target.is_new = not has_messages(connection, target.chat)
            if target.is_new:
                target.pause = overview.gaps.pause()
            return target, replacement
        if replacement and again:
            self._make_room(replacement, again.chat, index)
        if read.earlier:
            return self._known_target(read.earlier.chat, overview), replacement
        return self._recognised(read, roll, index), replacement

    def _recognised(self, read: Read, roll: Roll, index: MessageIndex) -> _Target:
        """The chat of an export that does not go on from another: as it was decided, else by what speaks for it."""
        connection, overview = self._connection, read.overview
        assert self._numbers is not None
        parted = self._decided.parted.get(self._sha256) if self._options.chat is None else None
        said = parted[0] if parted else self._options.chat
        apart = {name for name, _ in self._decided.parted.values()}
        self._compare_orders(read, index)
        match = recognise(connection, self._export.name, overview, roll, said, self._chats_now, apart)
        former = [parted[1]] if parted else []
        if match.id is None and not parted:
            key = chat_key(match.name, match.kind)
            to = self._decided.chat_of(key)
            if to:
                former.append(key)
                row = connection.execute("SELECT id, name, kind FROM chats WHERE key = ?", (to[0],)).fetchone()
                match = Match(row[0], row[1], row[2], SAID) if row else Match(None, to[1], match.kind)
        if match.id is None:
            self._refuse_forgotten(match)
            chat = make_chat(connection, match, self._numbers.named)
            target = _Target(chat, self._told_name(match, chat), match.kind, True, overview.gaps.pause(), match)
        else:
            target = self._known_target(match.id, overview)
            target.name, target.kind, target.match = self._told_name(match, match.id), match.kind, match
        connection.executemany(
            "INSERT OR IGNORE INTO former_chats (key, chat_id) VALUES (?, ?)", [(key, target.chat) for key in former]
        )
        return target

    def _compare_orders(self, read: Read, index: MessageIndex) -> None:
        """Where the archive has the same words on days the other way round, whoever guessed is put right."""
        connection, findings = self._connection, read.findings
        guesses = connection.execute("SELECT 1 FROM sources WHERE date_order LIKE ?", (f"%{GUESSED}",)).fetchone()
        if self._options.date_order is not None or not (findings.is_guess or guesses):
            return
        chat = find_swapped(connection, read.overview.probes)
        if chat is None:
            return
        guessed = guessed_sources(connection, chat)
        order = order_named(findings.date_order)
        if findings.is_guess and order:
            raise OtherOrder(other_order(order))
        if guessed:
            assert self._numbers is not None
            count = swap_dates(connection, chat, guessed, self._numbers, index, self._now)
            tell_periods(connection, chat, "0", "~")
            self._account.notes.append(
                f"days and months of {counted(count, 'message')} read earlier were guessed the wrong way round; this "
                "export proves it, and they are put right"
            )

    def _refuse_forgotten(self, match: Match) -> None:
        since = self._forgotten.chats.get(chat_key(match.name, match.kind))
        if since is not None:
            raise NotAnExport(
                f"{self._export.filename}: the chat '{match.name}' was forgotten on {since[:10]} and is left out; to "
                f"read it again: memories forget chat '{match.name}' --undo"
            )

    def _known_target(self, chat: int, overview: Overview) -> _Target:
        name, kind = self._connection.execute("SELECT name, kind FROM chats WHERE id = ?", (chat,)).fetchone()
        return _Target(chat, name, kind, False, self._pause_of(chat, overview), None)

    def _make_room(self, replacement: Replacement, chat: int, index: MessageIndex) -> None:
        """Take out what was read before, and tell what is left around it."""
        replacement.make_room()
        assert self._numbers is not None
        tell_loose(self._connection, chat, self._numbers, index, self._now)

    def _scribe(self, chat: int, vocabulary: Vocabulary, overview: Overview, tallies: Tallies) -> Scribe:
        return Scribe(chat, Teller(vocabulary, _Names(self._connection), overview.tokens), tallies, self._now)

    def _write_in_order(self, writing: _Writing) -> None:
        """A new chat whose times run forward: told by a process beside as it goes in."""
        connection, overview, target = self._connection, writing.overview, writing.target
        names = {person: _name_of(connection, person) for person in writing.ids.values() if person is not None}
        vocabulary = overview.vocabulary
        brief = Brief(target.chat, names, vocabulary.talks, dict(vocabulary.seen), self._now)
        telling = start_telling(brief, overview.messages, overview.tokens)
        tallies = Tallies()
        try:
            writing.loader.load_new_chat(self._written(overview.messages), writing.ids, target.pause, telling)
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
        for batch in self._written(writing.overview.messages):
            for row in batch:
                loader.add(row, ids[row[4]])
        loader.flush()
        make_indexes_after(writing.index, self._connection)
        self._retell(writing, writing.overview.vocabulary, [])

    def _merge(self, writing: _Writing, source: int, earlier: Earlier | None) -> None:
        """Into a chat that the archive has."""
        connection, chat, account = self._connection, writing.target.chat, self._account
        overview, loader, carried = writing.overview, writing.loader, writing.carried
        vocabulary = self._words_of(chat, overview)
        first_at, last_at = connection.execute(
            "SELECT coalesce(first_at, '~'), coalesce(last_at, '') FROM chats WHERE id = ?", (chat,)
        ).fetchone()
        # What goes on from an export that is known begins where that one began.
        common = first_at if earlier else max(first_at, overview.first_at), min(last_at, overview.last_at)
        read_before = earlier.all_ids if earlier else ()
        loader.runs.add_runs_of(read_before)
        merge = Merge(connection, chat, source, writing.ids, loader, carried, read_before, common)
        batches = self._written(overview.messages)
        merge.run(aligned(connection, chat, batches, writing.shifts) if writing.shifts else batches)
        writing.index.wait()
        changes = merge.changes
        for change in changes:
            loader.kinds[change.old.kind] -= 1
            loader.kinds[change.kind] += 1
        connection.executemany(
            "INSERT INTO revisions (message_id, text, kind, source_id) VALUES (?, ?, ?, ?)", merge.revisions
        )
        account.updated = len(changes) + merge.filled
        if earlier and carried.has_files():
            account.updated += fill_missing(connection, chat, carried)[0]
        self._retell(writing, vocabulary, changes)

    def _retell(self, writing: _Writing, vocabulary: Vocabulary, changes: list[Change]) -> None:
        assert self._numbers is not None
        chat, tallies = writing.target.chat, Tallies()
        scribe = self._scribe(chat, vocabulary, writing.overview, tallies)
        self._account.exchanges = retell(
            self._connection, chat, changes, writing.target.pause, scribe, tallies, writing.index, self._numbers
        )
        tallies.flush(self._connection, chat)

    def _say_why_joined(self, target: _Target) -> None:
        account, match = self._account, target.match
        known = account.messages - account.new
        words = f"{known:,} of its {account.messages:,} messages are known"
        account.joined = (f"{SAID}; " if match and match.why == SAID else "") + (
            words if known or match is None else match.why or words
        )

    def _leave_out_forgotten(self, overview: Overview) -> None:
        """What people wrote who were forgotten is not written again, nor are notices that name them."""
        self._left_out = [name for name in overview.senders if self._forgotten.is_person(name)]
        if not self._left_out:
            return
        for name in self._left_out:
            count = overview.senders.pop(name)
            overview.messages -= count
            self._account.notes.append(
                f"somebody who was forgotten wrote {counted(count, 'message')} of it, left out; to read them again: "
                "memories forget person NAME --undo"
            )
        if not overview.senders:
            raise NotAnExport(f"{self._export.filename}: all of it is by people who were forgotten; nothing was read")
        overview.in_order = False  # its first and last message may be gone

    def _bring_home(self, overview: Overview, read: Read) -> None:
        """Where the user says in which zone the phone was: its times become those of the zone said first."""
        name = self._options.timezone or (read.earlier.timezone if read.earlier else None)
        self._timezone = name
        if name is None:
            return
        zone = zone_named(name)
        replaced = read.again.sources if read.again else ()
        row = self._connection.execute(
            f"""
            SELECT timezone FROM sources
            WHERE timezone IS NOT NULL AND id NOT IN ({", ".join("?" * len(replaced))}) ORDER BY id LIMIT 1
            """,
            replaced,
        ).fetchone()
        if row is None or row[0] == name:
            return
        overview.in_order = False  # an hour that comes twice there comes once here
        self._zones = zone, zone_named(row[0])
        self._account.notes.append(f"its times are told as the clock in {row[0]} showed them")
        overview.probes = [replace(probe, minute=in_zone(probe.minute, *self._zones)) for probe in overview.probes]
        overview.short_probes = {
            sender: [replace(probe, minute=in_zone(probe.minute, *self._zones)) for probe in probes]
            for sender, probes in overview.short_probes.items()
        }
        overview.first_at = in_zone(overview.first_at, *self._zones)
        overview.last_at = in_zone(overview.last_at, *self._zones)

    def _rows(self) -> Iterator[list[Row]]:
        for rows in self._rows_of_all():
            if self._zones:
                yield [(*row[:3], in_zone(row[3], *self._zones), *row[4:]) for row in rows]
            else:
                yield rows

    def _rows_of_all(self) -> Iterator[list[Row]]:
        """All but what people wrote who were forgotten."""
        if not self._left_out:
            yield from self._spool.batches()
            return
        named = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in self._left_out))
        for rows in self._spool.batches():
            kept = [
                row for row in rows if row[4] not in self._left_out and (row[4] is not None or not named.search(row[6]))
            ]
            if kept:
                yield kept

    def _written(self, total: int) -> Iterator[list[Row]]:
        """What was read, with progress: the second half of the work."""
        done = 0
        for rows in self._rows():
            yield rows
            done += len(rows)
            if self._progress:
                self._progress(total + done, 2 * total)

    def _told_name(self, match: Match, chat: int) -> str:
        """The chat's name as it is now, with a note where the export renames it or where it is in doubt."""
        if match.doubt:
            self._account.notes.append(
                f"kept apart from the chat '{match.doubt}', which it might be: too little of it agrees; "
                f"if they are one, say --chat '{match.doubt}'"
            )
        if (
            match.rename
            and not self._connection.execute(
                "SELECT 1 FROM chats WHERE name = ? COLLATE NOCASE AND id <> ?", (match.rename, chat)
            ).fetchone()
        ):
            self._connection.execute("UPDATE chats SET name = ? WHERE id = ?", (match.rename, chat))
            self._account.notes.append(f"the chat '{match.name}' is called '{match.rename}' now")
            return match.rename
        return match.name

    def _pause_of(self, chat: int, overview: Overview) -> int:
        row = self._connection.execute(
            "SELECT pause_s FROM chat_sources WHERE chat_id = ? ORDER BY source_id LIMIT 1", (chat,)
        ).fetchone()
        return int(row[0]) if row else overview.gaps.pause()

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

    def _name_the_same(self, chat: int, overview: Overview, roll: Roll) -> None:
        """Senders whom this export calls otherwise than the archive does."""
        connection = self._connection
        last_at = connection.execute("SELECT last_at FROM chats WHERE id = ?", (chat,)).fetchone()[0] or ""
        found = same_people(connection, chat, overview, roll)
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
        if self._has_words:
            return overview.vocabulary
        self._has_words = True
        if overview.messages >= _ENOUGH_MESSAGES:
            return overview.vocabulary
        sample_words(self._connection, chat, overview.vocabulary, overview.tokens)
        return overview.vocabulary

    def _set_owner(self, roll: Roll, overview: Overview, evidence: Evidence, chat_name: str) -> None:
        connection = self._connection
        members = {person for name in overview.senders if (person := roll.find(name)) is not None}
        if self._options.me is not None:
            say_owner(connection, roll.find(self._options.me), self._options.me, members)
        elif not connection.execute("SELECT 1 FROM people WHERE is_owner").fetchone():
            guess = guess_owner(chat_name, list(overview.senders), dict(evidence.owners))
            if guess is not None:
                connection.execute("UPDATE people SET is_owner = 1 WHERE id = ?", (roll.find(guess),))
        tell_owner(connection, self._account, members)


def make_indexes_after(index: MessageIndex, connection: sqlite3.Connection) -> None:
    """Make the indexes once the search index is done with the connection."""
    index.wait()
    make_indexes(connection)
