"""The served archive: which database it is, how it is read, and how an edit is written down and shown."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from datasette.app import Datasette
from datasette.database import Database

from memories_lib.server import internals
from memories_lib.server.http import ApiError
from memories_lib.shared import curation, damage, edit_log, folding, layout, sqlite_errors
from memories_lib.shared.edit_event import Event
from memories_lib.shared.layout import ArchiveFiles
from memories_lib.shared.sql import Run

T = TypeVar("T")
#: What names the subject of an edit: (kind, key, detail), given how to ask the archive.
Subject = Callable[[Run], tuple[str, int, dict[str, Any]]]

#: One read ends after so long (seconds), a search earlier: what it costs is for whoever asks to say. SQLite is asked
#: every so many of its steps.
_MOST_S, SEARCH_S, _STEPS = 20.0, 4.0, 10_000
#: path of a log -> (the log, open; which file it was when it was opened)
_logs: dict[str, tuple[sqlite3.Connection, tuple[int, int] | None]] = {}
#: path of an archive -> which file it was at the first request
_served: dict[str, tuple[int, int]] = {}
#: Serve an archive without the edits that it shows, whose log is gone: on purpose, and for good.
WITHOUT_EDITS = "MEMORIES_WITHOUT_EDITS"


def database_of(datasette: Datasette) -> Database:
    """The archive among Datasette's databases; one served with ``-i`` where there is no other, to be read only.

    Raises `ApiError` 503 when none is served.
    """
    for database in sorted(datasette.databases.values(), key=lambda database: not database.is_mutable):
        if not database.path or Path(database.path).name in layout.BESIDE:
            continue
        here = which_file(database.path)
        if here is None:
            continue
        if here != _served.setdefault(database.path, here):
            raise ApiError(503, f"{Path(database.path).name} was replaced while it was served: start the server anew")
        return database
    raise ApiError(503, "no archive is served here")


def which_file(path: str | Path) -> tuple[int, int] | None:
    """Which file is at a path, whatever it is called; None for none."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


async def read(datasette: Datasette, function: Callable[[Run], T], seconds: float = _MOST_S) -> T:
    """`function(run)`, in a thread with a connection of the archive; rows answer to names.

    All of it sees one state of the archive, even when another one is put in its place meanwhile. Raises `ApiError` 400
    for what takes more than so many seconds: the few threads there are belong to everybody.
    """

    return await database_of(datasette).execute_fn(lambda connection: _in_time(connection, function, seconds))


async def glance(datasette: Datasette, function: Callable[[Run], T], is_little: Callable[[Run], bool]) -> T:
    """The same for what takes a fraction of a millisecond, without the way to a thread and back, which takes longer.

    `is_little(run)` says whether it does; what is more, or locked, is read in a thread: nobody else's answer waits.
    """
    connection = internals.connection_to_answer_with(datasette, database_of(datasette))
    try:
        found = _in_one_state(connection, lambda run: [function(run)] if is_little(run) else [])
    except sqlite3.OperationalError as error:
        if not sqlite_errors.is_locked(error):
            raise
        found = []
    return found[0] if found else await read(datasette, function)


def _in_time(connection: sqlite3.Connection, function: Callable[[Run], T], seconds: float) -> T:
    end = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        return _in_one_state(connection, function)
    except sqlite3.OperationalError as error:
        if sqlite_errors.is_interrupted(error):
            raise ApiError(400, "this asks for too much at once: take fewer words, or a narrower choice") from error
        raise
    finally:
        connection.set_progress_handler(None, _STEPS)


def _in_one_state(connection: sqlite3.Connection, function: Callable[[Run], T]) -> T:
    connection.execute("BEGIN")
    try:
        return function(connection.execute)
    finally:
        connection.execute("COMMIT")


def log_of(database: Database) -> sqlite3.Connection:
    """The log of edits beside an archive, open for this process. Raises `ApiError` 503 when it was taken away."""
    path = str(ArchiveFiles.of(database.path).edits)
    if path not in _logs:
        log = edit_log.open_log(path)
        _logs[path] = log, which_file(path)
    log, which = _logs[path]
    if which_file(path) != which:
        raise ApiError(
            503, "curation.db was taken away or replaced while it was served: put it back and start the server anew"
        )
    return log


async def trouble_with_edits(datasette: Datasette) -> str | None:
    """What keeps edits from being made, as a sentence; None where nothing does, or nobody may make any."""
    database = database_of(datasette)
    path = ArchiveFiles.of(database.path).edits
    if not database.is_mutable or not (path.exists() or str(path) in _logs):
        return None

    def look(_connection: object) -> str | None:
        try:
            log_of(database).execute("SELECT id FROM edits ORDER BY id DESC LIMIT 1").fetchone()
        except ApiError as error:
            return str(error.detail)
        except (sqlite3.DatabaseError, ValueError, OSError):
            return f"{path.name} cannot be read; memories doctor says what to do"
        return None

    return await database.execute_write_fn(look)


async def all_edits(datasette: Datasette) -> list[Event]:
    """What the log beside the archive says, undone edits as well, in order."""
    database = database_of(datasette)
    if database.is_mutable:
        return await database.execute_write_fn(lambda _: edit_log.events(log_of(database)))
    return await asyncio.to_thread(_edits_beside, ArchiveFiles.of(database.path).edits)


def _edits_beside(path: Path) -> list[Event]:
    """The events of a log that nobody may write to; none where there is no log."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as log:
        return edit_log.events(log)


async def edit(datasette: Datasette, actor: str, action: str, find_subject: Subject) -> Event:
    """Write one edit down and show it. `find_subject(run)` gives (kind, key, detail) or raises `ApiError`.

    The event is durable before this returns. All edits pass through the archive's one writer, one after the other.
    """
    database = database_of(datasette)

    def write(connection: sqlite3.Connection) -> Event:
        log = log_of(database)

        def act() -> Event:
            kind, key, detail = find_subject(connection.execute)
            event = edit_log.draft(log, actor, action, kind, key, detail)
            everything = edit_log.events(log)
            if action == "undo":
                everything.append(event)
                curation.replay(connection, edit_log.effective(everything), edit_log.digest(everything), folding.fold)
            else:
                if not curation.apply(connection, event, folding.fold):
                    raise ApiError(409, "this was changed by somebody else meanwhile; look again")
                curation.set_state(connection, edit_log.digest([*everything, event]))
            edit_log.write(log, event)
            return event

        return _in_transaction(connection, act)

    return await database.execute_write_fn(write)


async def edit_messages(
    datasette: Datasette,
    actor: str,
    action: str,
    numbers: Iterable[int],
    find_subject: Callable[[Run, int], tuple[int, dict[str, Any]] | None],
) -> list[Event]:
    """The same for many messages: the events of those for which `find_subject(run, number)` gives something."""
    database = database_of(datasette)

    def write(connection: sqlite3.Connection) -> list[Event]:
        log = log_of(database)

        def act() -> list[Event]:
            drafts: list[Event] = []
            for number in numbers:
                if found := find_subject(connection.execute, number):
                    key, detail = found
                    last = drafts[-1].id if drafts else 0
                    drafts.append(edit_log.draft(log, actor, action, "message", key, detail, after=last))
            if not drafts:
                return []
            done = curation.apply_together(connection, drafts, folding.fold)
            events = [event for event, is_done in zip(drafts, done, strict=True) if is_done]
            curation.set_state(connection, edit_log.digest([*edit_log.events(log), *events]))
            edit_log.write(log, *events)
            return events

        return _in_transaction(connection, act)

    return await database.execute_write_fn(write)


def _in_transaction(connection: sqlite3.Connection, act: Callable[[], T]) -> T:
    connection.isolation_level = None
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = act()
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return found


def tidy(datasette: Datasette) -> None:
    """Take away what an earlier server was about to receive or to send when it was ended."""
    for database in datasette.databases.values():
        if not database.path or Path(database.path).name in layout.BESIDE:
            continue
        files = ArchiveFiles.of(database.path)
        for folder in files.database.parent.glob(".backup-*"):
            shutil.rmtree(folder, ignore_errors=True)
        for half in files.incoming.glob("*-*.part*"):  # uploads by blocks go on, and have no hyphen
            half.unlink(missing_ok=True)


def _missing(path: Path) -> str:
    what = "holds no edit" if path.exists() else "is missing"
    return (
        f"{path} {what}, and the archive shows edits that people made: what they hid would be seen again. "
        f"Put it back, from a backup or from where the archive came from; or go on without them, for good, "
        f"with {WITHOUT_EDITS}=1"
    )


def _cannot_show_edits(path: Path) -> str:
    return (
        f"{path} is damaged, so that edits cannot be shown on it: what people hid would be seen again. "
        "memories serve makes it again, or goes back to the last good version"
    )


def _is_behind(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether an archive that cannot be written to shows other edits than the log beside it."""
    if not path.exists() or not curation.can_be_curated(connection):
        return False
    return curation.state(connection) != edit_log.digest(_edits_beside(path))


async def catch_up(datasette: Datasette) -> None:
    """Show what the log says on each archive that shows something else: it was rebuilt, or stopped between the two."""
    for database in list(datasette.databases.values()):
        if not database.path or Path(database.path).name in layout.BESIDE:
            continue
        if not database.is_mutable:
            beside = ArchiveFiles.of(database.path).edits
            if await database.execute_fn(lambda connection, beside=beside: _is_behind(connection, beside)):
                internals.refuse_to_start(
                    f"{database.path} does not show all edits of {beside}, and cannot be changed: what people hid "
                    "would be seen. Serve it once without -i, which shows them on it"
                )
            continue
        path = ArchiveFiles.of(database.path).edits

        def write(connection: sqlite3.Connection, database: Database = database, path: Path = path) -> str | None:
            try:
                if not curation.can_be_curated(connection):
                    return None
                everything = edit_log.events(log_of(database)) if path.exists() else []
                if not everything and curation.state(connection) and not os.environ.get(WITHOUT_EDITS):
                    return _missing(path)
            except (sqlite3.DatabaseError, ValueError):
                # What can be read is served all the same; /health and memories doctor name what cannot.
                print(f"{path.parent}: a file is damaged, see memories doctor", file=sys.stderr)
                return None
            digest = edit_log.digest(everything)
            if curation.state(connection) != digest:
                try:
                    _in_transaction(
                        connection,
                        lambda: curation.replay(connection, edit_log.effective(everything), digest, folding.fold),
                    )
                except sqlite3.DatabaseError as error:
                    if not damage.is_damage(error):
                        raise
                    return _cannot_show_edits(database.path)
            return None

        problem = await database.execute_write_fn(write)
        if problem:
            internals.refuse_to_start(problem)
