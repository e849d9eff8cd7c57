"""A backup or an earlier version put in the place of the archive, under whoever reads; edits made since are kept."""

from __future__ import annotations

import errno
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.archive.curation import put_edits_on
from ingest.archive.database import connect, database_errors, transaction, writer_lock
from ingest.core.errors import MemoriesError, NoRoom
from ingest.core.tempdirs import scratch
from ingest.ops.backups import NotABackup, opened_backup
from memories_lib.shared import archive_validation, backup_bundle, curation, edit_log, layout, sqlite_errors
from memories_lib.shared import comparison as _comparison
from memories_lib.shared import versions as _versions
from memories_lib.shared.edit_event import Event
from memories_lib.shared.folding import fold
from memories_lib.shared.layout import ArchiveFiles


class WouldShow(MemoriesError):
    """In the archive to come `count` messages may be seen that are hidden in the one that is there."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"{count:,} hidden {'message' if count == 1 else 'messages'} would be seen again: the edits do not find "
            "them in it, for its chats are others. Nothing was changed; --unhide does it all the same"
        )
        self.count = count


class WouldBringBack(MemoriesError):
    """The archive to come holds what was forgotten for good: `what`, as the command names it."""

    def __init__(self, what: list[str]) -> None:
        super().__init__(
            f"what was forgotten for good would be back: {', '.join(what[:5])}{' and others' if len(what) > 5 else ''}"
            f". Nothing was changed; --unhide does it all the same, and memories forget {what[0]} forgets it again"
        )
        self.what = what


@dataclass(slots=True)
class Restored:
    """What is served now. `kept` is the version that holds what was there before. `refused`: what the backup's log
    holds besides edits."""

    messages: int
    edits: int
    lost: int
    files: int
    kept: Path | None
    refused: int = 0


@contextmanager
def room_for_it(database: Path) -> Iterator[None]:
    """A full disk is a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise NoRoom(f"{database}: the disk is full; nothing was changed. Free some space and try again") from error
    except sqlite3.OperationalError as error:
        if not sqlite_errors.is_full(error):
            raise
        raise NoRoom(f"{database}: the disk is full; nothing was changed. Free some space and try again") from error


def restore(path: Path, database: Path, identity: Path | None = None, *, unhide: bool = False) -> Restored:
    """Put a backup in the place of the archive, under whoever reads it; edits made since are kept.

    What was there becomes the newest of the earlier versions. With `unhide`, also where hidden messages would be seen
    again. Raises `MemoriesError`; then nothing was changed.
    """
    parent = database.resolve().parent
    parent.mkdir(parents=True, exist_ok=True)
    with room_for_it(database), writer_lock(database), scratch(parent, "restore") as folder:
        plain, _manifest = opened_backup(path, identity, folder)
        if not unhide:
            _keep_hidden(folder / layout.ARCHIVE, folder / layout.EDITS, database)
        edits, refused = _join_logs(folder / layout.EDITS, database)
        files = backup_bundle.put_media_back(plain, ArchiveFiles.of(database).media)
        _put_summaries_back(folder / layout.SUMMARIES, ArchiveFiles(database).summaries)
        return replace(put_in_place(folder / layout.ARCHIVE, database, edits, files), refused=refused)


def _keep_hidden(new: Path, restored_log: Path, database: Path) -> None:
    """Raises `WouldShow` where the file at `new`, under the edits of both logs, shows what is hidden in the archive.

    `WouldBringBack` where it holds what was forgotten.
    """
    if not database.exists() or not _versions.looks_whole(database):
        return
    here = ArchiveFiles.of(database).edits
    events = {event.id: event for event in _salvaged(here)[0]} if here.exists() else {}
    if restored_log.exists():
        events.update((event.id, event) for event in edit_log.events_from_elsewhere(restored_log)[0])
    everything = [events[number] for number in sorted(events)]
    if found := _comparison.still_holds(new, edit_log.forgotten(everything)):
        raise WouldBringBack(found)
    effective = edit_log.effective(everything)
    with closing(connect(new)) as connection, transaction(connection):
        curation.replay(connection, effective, "", fold)
    try:
        count = _comparison.shown_again(new, database)
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return  # the archive is damaged: this is why it is restored
    if count:
        raise WouldShow(count)


def _join_logs(restored: Path, database: Path) -> tuple[int, int]:
    """Both logs' edits, in the one beside the archive: (how many, how many of the backup's are no edits).

    A damaged log is set aside; what can be read of it is kept.
    """
    target = ArchiveFiles.of(database).edits
    if not restored.exists():
        return 0, 0
    events, refused = edit_log.events_from_elsewhere(restored)
    if target.exists():
        salvaged, is_whole = _salvaged(target)
        saved = {event.id: replace(event, undone_by=None) for event in events}
        # An edit never changes: where the two differ, it is the one here that is damaged.
        same = all(saved.get(e.id, replace(e, undone_by=None)) == replace(e, undone_by=None) for e in salvaged)
        if not is_whole or not same:
            set_aside(target)
            events += [event for event in salvaged if event.id not in saved]
    with closing(edit_log.open_log(str(target))) as log:
        edit_log.merge(log, events)
        return len(edit_log.events(log)), refused


def _salvaged(path: Path) -> tuple[list[Event], bool]:
    """(the edits that can be read, whether that is all of them)."""
    found = []
    try:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            is_whole = connection.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok"
            connection.text_factory = bytes
            for row in connection.execute("SELECT * FROM edits ORDER BY id"):
                try:
                    texts = [value.decode() if isinstance(value, bytes) else value for value in row]
                    names = ("id", "at", "actor", "action", "subject_kind", "subject_key")
                    found.append(
                        edit_log.from_data({**dict(zip(names, texts, strict=False)), "detail": json.loads(texts[6])})
                    )
                except (ValueError, TypeError):
                    is_whole = False
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return found, False
    return found, is_whole


def _put_summaries_back(restored: Path, target: Path) -> None:
    """What money bought is only added, where there is none: the one here may hold more."""
    if restored.exists() and not target.exists():
        shutil.copyfile(restored, target)


def put_in_place(new: Path, database: Path, edits: int, files: int) -> Restored:
    """Show the edits on the file at `new`, then put it in place."""
    with closing(connect(new)) as connection, transaction(connection):
        # The log belongs beside the archive, not beside this file.
        lost = put_edits_on(connection, database)
    with closing(connect(new)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        messages = int(connection.execute("SELECT count(*) FROM messages").fetchone()[0])
    kept = _keep(database)
    if database.exists() and not _versions.looks_whole(database):
        set_aside(database)
    with database_errors(database), closing(connect(database)) as served:
        _versions.put(new, served)
        served.execute("PRAGMA journal_mode = WAL")
    return Restored(messages, edits, lost, files, kept)


def _keep(database: Path) -> Path | None:
    if not database.exists() or not _versions.looks_whole(database):
        return None
    with closing(connect(database, read_only=True)) as source:
        if not source.execute("SELECT 1 FROM sources LIMIT 1").fetchone():
            return None
        kept: Path = _versions.keep(source, _versions.folder_of(database))
        return kept


def set_aside(database: Path) -> Path:
    """Move a damaged archive out of the way, where it can still be looked at; returns where."""
    aside, n = database.with_name(database.name + ".damaged"), 1
    while aside.exists():
        n += 1
        aside = database.with_name(f"{database.name}.damaged-{n}")
    database.replace(aside)
    for ending in ("-wal", "-shm", "-journal"):
        log = Path(f"{database}{ending}")
        if log.exists():
            log.replace(Path(f"{aside}{ending}"))
    return aside


def earlier_versions(database: Path) -> list[Path]:
    """Earlier versions of an archive, the newest first."""
    found: list[Path] = _versions.listed(_versions.folder_of(database))
    return found


def rollback(database: Path, name: str | None = None, *, unhide: bool = False) -> tuple[Path, Restored]:
    """Put an earlier version (the newest, or the one called `name`) in place; what was there is kept as a version.

    With `unhide`, also where hidden messages would be seen again.
    """
    known = {path.stem: path for path in earlier_versions(database)}
    if not known:
        raise NotABackup(f"{database}: there is no earlier version; a restore or a push keeps one")
    if name is not None and name not in known:
        raise NotABackup(f"there is no version {name}; see memories versions")
    chosen = known[name] if name else next(iter(known.values()))
    parent = database.resolve().parent
    with room_for_it(database), writer_lock(database), scratch(parent, "restore") as folder:
        copied = folder / layout.ARCHIVE
        shutil.copyfile(chosen, copied)
        try:
            archive_validation.verify(copied, older=True)
        except archive_validation.Refused as error:
            raise NotABackup(f"version {chosen.stem} cannot be used: {error}") from None
        if not unhide:
            _keep_hidden(copied, folder / layout.EDITS, database)
        return chosen, put_in_place(copied, database, 0, 0)
