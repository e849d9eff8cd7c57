"""Backups and restoring them; earlier versions; a file made small again. See `memories_lib/shared/bundle.py`."""

from __future__ import annotations

import errno
import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ingest.archive.curation import put_edits_on
from ingest.archive.database import connect, database_errors, transaction, writer_lock
from ingest.core.errors import MemoriesError, NoRoom
from ingest.core.tempdirs import scratch
from memories_lib.shared import bundle, contract, curation, damage, edit_log, layout, private_files, sqlite_errors
from memories_lib.shared import verification as _verification
from memories_lib.shared import versions as _versions
from memories_lib.shared.folding import fold
from memories_lib.shared.layout import ArchiveFiles

_BEFORE_ANOTHER_LOOK_S = 0.5


class NotABackup(MemoriesError):
    """The file is no backup, or one that cannot be restored."""


class WouldShow(MemoriesError):
    """In the archive to come `count` messages may be seen that are hidden in the one that is there."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"{count:,} hidden {'message' if count == 1 else 'messages'} would be seen again: the edits do not find "
            "them in it, for its chats are others. Nothing was changed; --unhide does it all the same"
        )
        self.count = count


@dataclass(slots=True)
class BackedUp:
    """A backup that was opened again and found whole. `left_out` are media files that are not in it."""

    path: Path
    bytes: int
    messages: int
    edits: int
    left_out: int
    dropped: list[Path]


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


def backup(
    database: Path, folder: Path, *, keep: int = 7, media: bool = False, recipients: tuple[str, ...] = ()
) -> BackedUp:
    """Write a backup into `folder`, open it again, and let all but the newest `keep` go. Raises `MemoriesError`."""
    connect(database, must_exist=True).close()
    take = lambda target: bundle.make(database, target, media=media)  # noqa: E731
    return keep_backup(take, database, folder, keep=keep, recipients=recipients)


def keep_backup(
    take: Callable[[Path], Any], database: Path | None, folder: Path, *, keep: int, recipients: tuple[str, ...]
) -> BackedUp:
    """`take(target)` writes a backup; what becomes of it is the same wherever it came from."""
    encrypt = _encryption(recipients)
    try:
        private_files.make_folder(folder)
        with database_errors(database or folder), scratch(folder, "backup") as half:
            plain = half / "backup.zip"
            take(plain)
            opened = half / "opened"
            opened.mkdir()
            manifest = _open(plain, opened)
            messages, edits = _counts(opened)
            target = bundle.free_name(folder)
            if encrypt:
                sealed = half / "backup.zip.age"
                encrypt(plain, sealed)
                plain, target = sealed, target.with_name(target.name + ".age")
            plain.chmod(0o600)
            plain.replace(target)
    except OSError as error:
        raise NoRoom(f"{folder}: the backup could not be written ({error.strerror}); there is no new one") from error
    if database is not None:
        bundle.note_made(database, manifest)
    dropped = bundle.listed(folder)[keep:]
    for path in dropped:
        path.unlink(missing_ok=True)
    here = sum(1 for p in ArchiveFiles.of(database).media.rglob("*") if p.is_file()) if database else 0
    left_out = max(0, here - len(manifest["media"]))
    return BackedUp(target, target.stat().st_size, messages, edits, left_out, dropped)


def _open(path: Path, into: Path) -> Any:
    try:
        return bundle.open_again(path, into)
    except bundle.Unfit as error:
        raise NotABackup(f"{path.name}: {error}; it counts as failed") from None


def _counts(folder: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(folder / "memories.db")) as connection:
        messages = int(connection.execute("SELECT count(*) FROM messages").fetchone()[0])
    if not (folder / layout.EDITS).exists():
        return messages, 0
    with closing(edit_log.open_log(str(folder / layout.EDITS))) as log:  # one from a disk that was full may be empty
        return messages, int(log.execute("SELECT count(*) FROM edits").fetchone()[0])


def _encryption(recipients: tuple[str, ...]) -> Callable[[Path, Path], None] | None:
    if not recipients:
        return None
    pyrage = _pyrage()
    known = []
    for given in recipients:
        try:
            known.append(pyrage.x25519.Recipient.from_str(given))
        except pyrage.RecipientError:
            raise NotABackup(f"'{given[:12]}…' is no age recipient; age-keygen tells it, age1…") from None

    def encrypt(plain: Path, sealed: Path) -> None:
        with plain.open("rb") as reader, sealed.open("wb") as writer:
            pyrage.encrypt_io(reader, writer, known)

    return encrypt


def _pyrage() -> Any:
    try:
        import pyrage
    except ImportError:
        raise NotABackup("encrypting needs one package more: pip install 'whatsapp-memories[age]'") from None
    return pyrage


def _decrypted(path: Path, identity: Path | None, folder: Path) -> Path:
    """The plain file of a backup."""
    if path.suffix != ".age":
        return path
    if identity is None:
        raise NotABackup(f"{path.name}: is encrypted; say where your key is: --identity key.txt")
    pyrage = _pyrage()
    keys = []
    try:
        for line in identity.read_text("utf-8").splitlines():
            if line.strip() and not line.startswith("#"):
                keys.append(pyrage.x25519.Identity.from_str(line.strip()))
    except (OSError, UnicodeDecodeError, pyrage.IdentityError):
        raise NotABackup(f"{identity}: holds no age key; it is the file that age-keygen wrote") from None
    plain = folder / "backup.zip"
    try:
        with path.open("rb") as reader, plain.open("wb") as writer:
            pyrage.decrypt_io(reader, writer, keys)
    except pyrage.DecryptError:
        raise NotABackup(f"{path.name}: this key does not open it, or it is damaged") from None
    return plain


def opened_backup(path: Path, identity: Path | None, folder: Path) -> tuple[Path, Any]:
    """(the plain file, its manifest) of a backup whose databases are unpacked in `folder`."""
    if not path.is_file():
        raise NotABackup(f"{path}: there is no such file")
    plain = _decrypted(path, identity, folder)
    return plain, _open(plain, folder)


@contextmanager
def _room(database: Path) -> Iterator[None]:
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
    with _room(database), writer_lock(database), scratch(parent, "restore") as folder:
        plain, _manifest = opened_backup(path, identity, folder)
        if not unhide:
            _keep_hidden(folder / "memories.db", folder / layout.EDITS, database)
        edits, refused = _join_logs(folder / layout.EDITS, database)
        files = bundle.put_media_back(plain, ArchiveFiles.of(database).media)
        _put_summaries_back(folder / layout.SUMMARIES, ArchiveFiles(database).summaries)
        return replace(_put(folder / "memories.db", database, edits, files), refused=refused)


def _keep_hidden(new: Path, restored_log: Path, database: Path) -> None:
    """Raises `WouldShow` where the file at `new`, under the edits of both logs, shows what is hidden in the archive."""
    if not database.exists() or not _versions.looks_whole(database):
        return
    here = ArchiveFiles.of(database).edits
    events = {event.id: event for event in _salvaged(here)[0]} if here.exists() else {}
    if restored_log.exists():
        events.update((event.id, event) for event in edit_log.events_from_elsewhere(restored_log)[0])
    effective = edit_log.effective([events[number] for number in sorted(events)])
    with closing(connect(new)) as connection, transaction(connection):
        curation.replay(connection, effective, "", fold)
    try:
        count = _versions.shown_again(new, database)
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


def _salvaged(path: Path) -> tuple[list[Any], bool]:
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


def _put(new: Path, database: Path, edits: int, files: int) -> Restored:
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


def versions(database: Path) -> list[Path]:
    """Earlier versions of an archive, the newest first."""
    found: list[Path] = _versions.listed(_versions.folder_of(database))
    return found


def rollback(database: Path, name: str | None = None, *, unhide: bool = False) -> tuple[Path, Restored]:
    """Put an earlier version (the newest, or the one called `name`) in place; what was there is kept as a version.

    With `unhide`, also where hidden messages would be seen again.
    """
    known = {path.stem: path for path in versions(database)}
    if not known:
        raise NotABackup(f"{database}: there is no earlier version; a restore or a push keeps one")
    if name is not None and name not in known:
        raise NotABackup(f"there is no version {name}; see memories versions")
    chosen = known[name] if name else next(iter(known.values()))
    parent = database.resolve().parent
    with _room(database), writer_lock(database), scratch(parent, "restore") as folder:
        copied = folder / "memories.db"
        shutil.copyfile(chosen, copied)
        try:
            _verification.verify(copied, older=True)
        except _verification.Refused as error:
            raise NotABackup(f"version {chosen.stem} cannot be used: {error}") from None
        if not unhide:
            _keep_hidden(copied, folder / layout.EDITS, database)
        return chosen, _put(copied, database, 0, 0)


@dataclass(frozen=True, slots=True)
class Healed:
    """What was damaged and what was done: parts made again, the earlier version put in place, parts left damaged."""

    made_again: tuple[str, ...] = ()
    version: Path | None = None
    left: tuple[str, ...] = ()


def heal(database: Path) -> Healed:
    """Look at an archive before it is served. What is damaged is made again; or the last good version is put there."""
    if not database.exists():
        return Healed()
    parts = _damaged_parts(database)
    if not parts:
        return Healed()
    if all(part.can_be_made_again for part in parts):
        try:
            with writer_lock(database):
                damage.mend(database, parts)
            return Healed(tuple(map(str, parts)))
        except sqlite3.DatabaseError as error:
            if not damage.is_damage(error):
                raise
    for path in versions(database):
        if not _damaged_parts(path):
            rollback(database, path.stem)
            return Healed(version=path)
    return Healed(left=tuple(map(str, parts)))


def _damaged_parts(database: Path) -> list[Any]:
    """What is damaged in a file. A disk that fails once may not fail twice: it is asked again."""
    for is_last in (False, True):
        found: list[Any] = [damage.Part("table", "sqlite_master")]
        try:
            with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
                if connection.execute("PRAGMA application_id").fetchone()[0] == contract.APPLICATION_ID:
                    found = damage.look(connection)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if not damage.is_damage(error):
                raise
        if not found or is_last:
            return found
        time.sleep(_BEFORE_ANOTHER_LOOK_S)
    raise AssertionError


def compact(database: Path) -> tuple[int, int]:
    """(bytes before, bytes after) of the file without the room that nothing uses. Others may read meanwhile."""
    with writer_lock(database), database_errors(database), closing(connect(database, must_exist=True)) as connection:
        before = database.stat().st_size
        free = shutil.disk_usage(database.resolve().parent).free
        if free < 2 * before + (8 << 20):
            raise NoRoom(f"{database}: compacting needs {2 * before >> 20} MiB free, and there are {free >> 20}")
        for index in ("messages_fts", "exchanges_fts", "media_fts"):
            connection.execute(f"INSERT INTO {index} ({index}) VALUES ('optimize')")
        if connection.execute("PRAGMA page_size").fetchone()[0] != contract.PAGE_SIZE:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute(f"PRAGMA page_size = {contract.PAGE_SIZE}")
        connection.execute("VACUUM")
        connection.execute("PRAGMA journal_mode = WAL")
        _versions.settle(connection)
        return before, database.stat().st_size
