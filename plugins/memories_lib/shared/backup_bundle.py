"""A backup as one file: a zip with a manifest, the edits first of all, then the archive. Pure; both sides load it.

Everything in it is a copy that SQLite made (never of a file that may be changing), each with its sha256. A backup
counts when it was opened again and found whole.
"""

from __future__ import annotations

import errno
import json
import re
import shutil
import sqlite3
import tempfile
import time
import zipfile
from contextlib import closing
from pathlib import Path
from typing import TypedDict, TypeGuard

from memories_lib.shared import archive_validation, curation, edit_log, private_files, versions
from memories_lib.shared.layout import ARCHIVE, EDITS, SUMMARIES, ArchiveFiles

FORMAT = 1
#: Errors that say nothing against a backup.
_OF_THE_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ENOENT)
#: In this order: what cannot be made again comes first.
DATABASES = (EDITS, SUMMARIES, ARCHIVE)
#: Bytes of the list of what is in a backup: 200 for each file.
_MOST_MANIFEST = 64 << 20
_NAME = re.compile(r"memories-\d{8}T\d{6}Z(-\d+)?\.zip(\.age)?\Z")
_MEDIA = re.compile(r"[0-9a-f]{2}/[0-9a-f]{64}[a-z0-9.]*\Z")


class BackupFile(TypedDict):
    """A database of a backup: its size, and its digest as 64 hexadecimal letters."""

    bytes: int
    sha256: str


class Manifest(TypedDict):
    """What a backup says of itself, as ``manifest.json``: `made_at` in UTC, `media` as names below its root."""

    format: int
    made_at: str
    files: dict[str, BackupFile]
    media: list[str]


class Unfit(Exception):
    """A backup that cannot be restored. The message is a sentence."""


def free_name(folder: Path) -> Path:
    """A name by the time, in UTC, that is not taken."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    path, n = folder / f"memories-{stamp}.zip", 1
    while path.exists() or path.with_name(path.name + ".age").exists():
        n += 1
        path = folder / f"memories-{stamp}-{n}.zip"
    return path


def listed(folder: Path) -> list[Path]:
    """The backups in a folder, the newest first."""
    found = [path for path in folder.glob("memories-*.zip*") if _NAME.match(path.name)]
    return sorted(found, key=lambda path: (path.name.partition(".")[0], path.name), reverse=True)


def make(database: Path, target: Path, *, media: bool = False) -> Manifest:
    """Write a backup of the archive at `database` and what belongs to it; returns its manifest.

    Others may read and edit meanwhile. Raises `OSError`, `sqlite3.Error`, or `Unfit` where the edits are not there;
    then there is no `target`.
    """
    database = database.resolve()
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    manifest: Manifest = {
        "format": FORMAT,
        "made_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "files": {},
        "media": [],
    }
    try:
        with (
            tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as scratch,
            zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as bundle,
        ):
            for name in DATABASES:
                path = database if name == ARCHIVE else database.with_name(name)
                if not path.exists():
                    continue
                copied = Path(scratch) / name
                with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=30)) as source:
                    versions.copy(source, copied)
                manifest["files"][name] = {
                    "bytes": copied.stat().st_size,
                    "sha256": archive_validation.sha256_of(copied),
                }
                if name == ARCHIVE and EDITS not in manifest["files"] and _shows_edits(copied):
                    raise Unfit(f"{EDITS} is not beside the archive, which shows edits: a backup without it lost them")
                bundle.write(copied, name)
                copied.unlink()
            for path in _media_of(database) if media else ():
                name = path.relative_to(database.parent).as_posix()
                manifest["media"].append(name)
                bundle.write(path, name, zipfile.ZIP_STORED)
            bundle.writestr("manifest.json", json.dumps(manifest, indent=1))
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return manifest


def _shows_edits(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as archive:
        return curation.can_be_curated(archive) and bool(curation.state(archive))


def _media_of(database: Path) -> list[Path]:
    folder = ArchiveFiles(database).media
    return sorted(p for p in folder.rglob("*") if p.is_file() and _MEDIA.match(p.relative_to(folder).as_posix()))


def open_again(path: Path, into: Path) -> Manifest:
    """Unpack a backup's databases into `into` and look at each; returns the manifest. Raises `Unfit`."""
    try:
        with zipfile.ZipFile(path) as bundle:
            if bundle.getinfo("manifest.json").file_size > _MOST_MANIFEST:
                raise Unfit("this is no backup, or one that is damaged")
            manifest = json.loads(bundle.read("manifest.json"))
            if not _is_manifest(manifest):
                raise Unfit("this is no backup, or one that is damaged")
            if manifest["format"] != FORMAT:
                raise Unfit("this backup was made by a newer version; upgrade, then restore it")
            names = set(bundle.namelist())
            wanted = [*manifest["files"], *manifest["media"]]
            if any(name not in names for name in wanted) or ARCHIVE not in manifest["files"]:
                raise Unfit("this backup is not whole: a file that it names is not in it")
            for name, about in manifest["files"].items():
                if name not in DATABASES:
                    continue
                with bundle.open(name) as source, (into / name).open("wb") as out:
                    shutil.copyfileobj(source, out, 1 << 20)
                if archive_validation.sha256_of(into / name) != about["sha256"]:
                    raise Unfit(f"this backup is damaged: {name} is not what was put into it")
                _look_at(into / name)
            for name in manifest["media"]:
                if not _MEDIA.match(name.removeprefix("media/")) or not name.startswith("media/"):
                    raise Unfit("this backup holds a file with a name that no backup has")
                with bundle.open(name) as source:
                    while source.read(1 << 20):  # zipfile compares the checksum at the end
                        pass
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, KeyError, ValueError, NotImplementedError) as error:
        raise Unfit("this is no backup, or one that is damaged") from error
    except (OSError, RuntimeError) as error:
        if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
            raise
        raise Unfit("this is no backup, or one that is damaged") from error
    except Exception as error:
        if type(error).__module__ == "zlib":
            raise Unfit("this is no backup, or one that is damaged") from error
        raise
    return manifest


def _is_manifest(found: object) -> TypeGuard[Manifest]:
    """Whether it says of files and media what `write` says."""
    if not isinstance(found, dict):
        return False
    files, media = found.get("files"), found.get("media")
    if not isinstance(files, dict) or not all(isinstance(about, dict) for about in files.values()):
        return False
    return isinstance(media, list) and all(isinstance(name, str) for name in media)


def _look_at(path: Path) -> None:
    try:
        if path.name == ARCHIVE:
            archive_validation.verify(path, older=True)
            return
        with closing(sqlite3.connect(path)) as connection:
            programs = connection.execute("SELECT 1 FROM sqlite_master WHERE type IN ('trigger', 'view')").fetchone()
            if programs:
                raise Unfit(f"this backup cannot be restored: {path.name} holds programs, which none of ours does")
            if connection.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
                raise Unfit(f"this backup is damaged: {path.name} does not fit together")
        if path.name == EDITS:
            edit_log.events_from_elsewhere(path)
    except archive_validation.Refused as error:
        raise Unfit(f"this backup cannot be restored: {error}") from None
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        raise Unfit(f"this backup is damaged: {path.name} cannot be read") from None
    except ValueError as error:
        raise Unfit(f"this backup cannot be restored: {path.name}: {error}") from None


def put_media_back(path: Path, folder: Path) -> int:
    """Write the files of a backup that are not in the media folder; returns how many."""
    count = 0
    with zipfile.ZipFile(path) as bundle:
        for name in json.loads(bundle.read("manifest.json"))["media"]:
            target = folder / name.removeprefix("media/")
            if target.exists():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(target.name + ".part")
            with bundle.open(name) as source, part.open("wb") as out:
                shutil.copyfileobj(source, out, 1 << 20)
            part.replace(target)
            count += 1
    return count


def note_made(database: Path, manifest: Manifest) -> None:
    """Write down beside the archive that there is a backup, for `/health` and `memories doctor`."""
    path = ArchiveFiles.of(database).last_backup
    part = path.with_name(path.name + ".part")
    private_files.make_file(part)
    part.write_text(json.dumps({"made_at": manifest["made_at"]}), "utf-8")
    part.replace(path)


def last_made_at(database: Path) -> str | None:
    """When the last backup was made, in UTC; None when none is known."""
    try:
        return str(json.loads(ArchiveFiles.of(database).last_backup.read_text("utf-8"))["made_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
