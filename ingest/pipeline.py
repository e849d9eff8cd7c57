"""One export into the archive, from the first byte to the account. Nothing here prints.

A source is one transaction: interrupted or failed, the archive is as it was before.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
import traceback
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from ingest.account import counted
from ingest.carried import Carried
from ingest.chats import SAID, Match, make_chat, recognise
from ingest.curating import put_edits_on, take_edits_off
from ingest.errors import MemoriesError, Unforeseen
from ingest.evidence import Evidence
from ingest.exports import Export
from ingest.finish import analyze, choose_memories, count_all, count_kinds, media_folder, tell_periods
from ingest.loader import Loader
from ingest.merge import Merge
from ingest.model import Account, Options, Progress, Row
from ingest.numbers import Numbers
from ingest.overview import Overview
from ingest.owner import members_of, say_owner, tell_owner
from ingest.people import Roll, guess_owner, is_contact
from ingest.reading import Read, Reading
from ingest.record import add_source, write_down
from ingest.retell import retell
from ingest.same_people import same_people
from ingest.search_index import MessageIndex
from ingest.spool import Spool
from ingest.store import make_indexes, transaction, tuned_for_loading
from ingest.summaries.applying import apply_kept, apply_kept_periods, apply_looks
from ingest.summaries.offline import Teller, Vocabulary
from ingest.tallies import Tallies
from ingest.teller import Scribe
from ingest.telling import Brief, start_telling
from ingest.zones import aligned, find_shifts, moved, moved_probes

#: A merge into a chat learns which words are rare there from so many of its talks.
_TALKS_FOR_WORDS = 400
_ENOUGH_MESSAGES = 5_000


class _DryRun(Exception):
    """Leaves the transaction without writing."""


def ingest(
    connection: sqlite3.Connection,
    database: Path,
    export: Export,
    options: Options | None = None,
    progress: Progress | None = None,
) -> Account:
    """Read `export` into the archive. Raises `MemoriesError` and leaves the archive alone when it cannot.

    Of SQLite's errors it makes nothing (see `store.database_errors`).
    """
    if export.problem is not None:
        raise export.problem
    try:
        return _ingest(connection, database, export, options or Options(), progress)
    except (MemoriesError, sqlite3.Error, OSError):
        raise
    except Exception as error:
        raise Unforeseen(
            f"{export.filename}: {_where(error)}; nothing of it was taken. Please report this line"
        ) from error


def _where(error: Exception) -> str:
    """What happened and where in the program, without a word of the text that was read."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{type(error).__name__} in {Path(frame.filename).name}:{frame.lineno}"
    return f"cannot be read, by a fault of this program ({where})"


def _ingest(
    connection: sqlite3.Connection, database: Path, export: Export, options: Options, progress: Progress | None
) -> Account:
    started = time.perf_counter()
    account = Account(export.filename, notes=list(dict.fromkeys(export.notes)))
    sha256, prefixes = export.digest(_lengths(connection))
    if export.undecodable:
        letters = counted(export.undecodable, "letter")
        account.notes.append(f"the file is damaged: {letters} could not be read (shown as �)")
    elif not export.encoding.startswith("utf"):
        account.notes.append(f"the text is no UTF-8; read as {export.encoding}")
    folder = None if options.dry_run else media_folder(database)
    known = _known(connection, sha256)
    if known is not None:
        _again(connection, known, export, folder, account, options)
    else:
        with Spool(Path(tempfile.gettempdir()) if options.dry_run else database.resolve().parent) as spool:
            read = Reading(connection, export, options, prefixes, spool, progress).run()
            _Ingest(connection, database, export, options, account, sha256, folder, spool, progress).run(read)
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
    connection: sqlite3.Connection,
    known: tuple[int, int],
    export: Export,
    folder: Path | None,
    account: Account,
    options: Options,
) -> None:
    """The very same text once more: only files that were missing can be new, and who of its people is the owner."""
    source, chat = known
    account.is_known = True
    account.format, account.date_order, account.lines, account.messages = connection.execute(
        "SELECT format, date_order, lines, messages_found FROM sources WHERE id = ?", (source,)
    ).fetchone()
    account.chat, account.chat_kind, account.first_at, account.last_at = connection.execute(
        "SELECT name, kind, first_at, last_at FROM chats WHERE id = ?", (chat,)
    ).fetchone()
    account.notes += _not_honoured(account, options)
    if options.me is not None:
        _correct_owner(connection, chat, account, options)
    if not export.has_files() or folder is None:
        return
    carried = Carried(connection, export, folder)
    with transaction(connection):
        account.updated, missing = _fill_missing(connection, chat, carried)
    account.media_found, account.media_missing = account.updated, missing - account.updated


def _correct_owner(connection: sqlite3.Connection, chat: int, account: Account, options: Options) -> None:
    """``--me`` for a text that was read before."""
    assert options.me is not None
    try:
        with transaction(connection):
            person = Roll(connection, _no_number).find(options.me)
            say_owner(connection, person, options.me, members_of(connection, chat))
            tell_owner(connection, account, members_of(connection, chat))
            if options.dry_run:
                raise _DryRun
    except _DryRun:
        pass


def _no_number(what: str, _key: str) -> int:
    raise AssertionError(f"no {what} is made of a text that is known")


def _not_honoured(account: Account, options: Options) -> list[str]:
    """What was said of a text that was read before, and cannot be done to it by reading it again."""
    found = []
    order = options.date_order and {"dmy": "day/month", "mdy": "month/day"}[options.date_order]
    if order and order != account.date_order.removesuffix(" (guessed)"):
        found.append(f"--date-order: this text was read before as {account.date_order}, and is left so")
    if options.chat is not None and options.chat.casefold() != account.chat.casefold():
        found.append(f"--chat: this text was read before into '{account.chat}', and is left there")
    if found:
        found.append(
            "to read it as you say now: move memories.db away, leave memories.db.ids and curation.db where they are, "
            "and ingest all exports again; links and edits stay"
        )
    return found


def _fill_missing(connection: sqlite3.Connection, chat: int, carried: Carried) -> tuple[int, int]:
    """Give the chat's messages the files that were missing: (how many were found, how many were missing)."""
    missing = connection.execute(
        """
        SELECT message_id, filename FROM media JOIN messages ON messages.id = message_id
        WHERE chat_id = ? AND is_missing AND filename IS NOT NULL
        """,
        (chat,),
    ).fetchall()
    return sum(carried.fill(message, filename, None) for message, filename in missing), len(missing)


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
        database: Path,
        export: Export,
        options: Options,
        account: Account,
        sha256: str,
        folder: Path | None,
        spool: Spool,
        progress: Progress | None,
    ) -> None:
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
        connection, account, overview, earlier = self._connection, self._account, read.overview, read.earlier
        take_edits_off(connection, self._database)
        self._numbers = numbers = Numbers(connection, self._database)
        roll = Roll(connection, numbers.named)
        match: Match | None = None
        if earlier:
            name, kind = connection.execute("SELECT name, kind FROM chats WHERE id = ?", (earlier.chat,)).fetchone()
            chat, is_new = earlier.chat, False
        else:
            match = recognise(connection, self._export.name, overview, roll, self._options.chat)
            is_new = match.id is None
            chat = make_chat(connection, match, numbers.named) if match.id is None else match.id
            name, kind = self._told_name(match, chat), match.kind
        account.chat, account.chat_kind = name, kind
        source = add_source(connection, self._export, self._sha256, self._now)
        carried = Carried(connection, self._export, self._folder)
        numbers.enter(chat)
        loader = Loader(connection, chat, source, index, carried, numbers)
        tallies = Tallies()
        pause = overview.gaps.pause() if is_new else self._pause_of(chat, overview)
        shifts: list[int] = []
        if not is_new:
            shifts = [] if earlier else self._find_shifts(chat, overview)
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
                first_at, last_at = connection.execute(
                    "SELECT coalesce(first_at, '~'), coalesce(last_at, '') FROM chats WHERE id = ?", (chat,)
                ).fetchone()
                common = max(first_at, overview.first_at), min(last_at, overview.last_at)
                read_before = earlier.all_ids if earlier else ()
                merge = Merge(connection, chat, source, ids, loader, carried, read_before, common)
                merge.run(aligned(connection, chat, batches, shifts) if shifts else batches)
                index.wait()
                changes = merge.changes
                for change in changes:
                    loader.kinds[change.old.kind] -= 1
                    loader.kinds[change.kind] += 1
                connection.executemany(
                    "INSERT INTO revisions (message_id, text, kind, source_id) VALUES (?, ?, ?, ?)", merge.revisions
                )
                account.updated = len(changes) + merge.filled
                if earlier and carried.has_files():
                    account.updated += _fill_missing(connection, chat, carried)[0]
            account.exchanges = retell(connection, chat, changes, pause, scribe, tallies, index, numbers)
        tallies.flush(connection, chat)
        count_all(connection, chat)
        count_kinds(connection, chat, loader.kinds)
        choose_memories(connection)
        tell_periods(connection, chat, overview.first_at[:10], overview.last_at[:10])
        write_down(connection, account, chat, source, read, loader, carried, pause)
        if not is_new:
            known = account.messages - account.new
            words = f"{known:,} of its {account.messages:,} messages are known"
            account.joined = (f"{SAID}; " if match and match.why == SAID else "") + (
                words if known or match is None else match.why or words
            )
        analyze(connection)
        self._set_owner(roll, overview, read.evidence, name)
        index.wait()
        account.told_again = apply_kept(connection, self._database)
        apply_looks(connection, self._database)
        account.edits_lost = put_edits_on(connection, self._database)
        apply_kept_periods(connection, self._database)

    def _written(self, total: int) -> Iterator[list[Row]]:
        """What was read, with progress: the second half of the work."""
        done = 0
        for rows in self._spool.batches():
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

    def _find_shifts(self, chat: int, overview: Overview) -> list[int]:
        """By how much this export's clock differs from the chat's; what was gathered of it is brought to the chat's."""
        shifts = find_shifts(self._connection, chat, overview.probes)
        if shifts:
            overview.probes = moved_probes(overview.probes, shifts[0])
            overview.short_probes = {
                sender: moved_probes(probes, shifts[0]) for sender, probes in overview.short_probes.items()
            }
            overview.first_at = moved(overview.first_at, min(shifts))
            overview.last_at = moved(overview.last_at, max(shifts))
            hours = " or ".join(f"{shift / 3600:+g}" for shift in shifts)
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
