"""Backups, each opened again; a file made small again. See `shared/backup_bundle.py`, and `restoring.py`."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.archive.database import connect, database_errors, writer_lock
from ingest.core.errors import MemoriesError, NoRoom
from ingest.core.tempdirs import scratch
from memories_lib.shared import backup_bundle, contract, edit_log, layout, private_files
from memories_lib.shared import versions as _versions
from memories_lib.shared.layout import ArchiveFiles


class NotABackup(MemoriesError):
    """The file is no backup, or one that cannot be restored."""


@dataclass(slots=True)
class BackedUp:
    """A backup that was opened again and found whole. `left_out` are media files that are not in it."""

    path: Path
    bytes: int
    messages: int
    edits: int
    left_out: int
    dropped: list[Path]


def backup(
    database: Path, folder: Path, *, keep: int = 7, media: bool = False, recipients: tuple[str, ...] = ()
) -> BackedUp:
    """Write a backup into `folder`, open it again, and let all but the newest `keep` go. Raises `MemoriesError`."""
    connect(database, must_exist=True).close()

    def take(target: Path) -> None:
        try:
            backup_bundle.make(database, target, media=media)
        except backup_bundle.Unfit as error:
            raise NotABackup(str(error)) from None

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
            target = backup_bundle.free_name(folder)
            if encrypt:
                sealed = half / "backup.zip.age"
                encrypt(plain, sealed)
                plain, target = sealed, target.with_name(target.name + ".age")
            plain.chmod(0o600)
            plain.replace(target)
    except OSError as error:
        raise NoRoom(f"{folder}: the backup could not be written ({error.strerror}); there is no new one") from error
    if database is not None:
        backup_bundle.note_made(database, manifest)
    dropped = backup_bundle.listed(folder)[keep:]
    for path in dropped:
        path.unlink(missing_ok=True)
    here = sum(1 for p in ArchiveFiles.of(database).media.rglob("*") if p.is_file()) if database else 0
    left_out = max(0, here - len(manifest["media"]))
    return BackedUp(target, target.stat().st_size, messages, edits, left_out, dropped)


def _open(path: Path, into: Path) -> backup_bundle.Manifest:
    try:
        return backup_bundle.open_again(path, into)
    except backup_bundle.Unfit as error:
        raise NotABackup(f"{path.name}: {error}; it counts as failed") from None


def _counts(folder: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(folder / layout.ARCHIVE)) as connection:
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


def opened_backup(path: Path, identity: Path | None, folder: Path) -> tuple[Path, backup_bundle.Manifest]:
    """(the plain file, its manifest) of a backup whose databases are unpacked in `folder`."""
    if not path.is_file():
        raise NotABackup(f"{path}: there is no such file")
    plain = _decrypted(path, identity, folder)
    return plain, _open(plain, folder)


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
