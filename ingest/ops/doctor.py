"""What ails an archive or its server, and what to do about it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ingest.archive.check import check
from ingest.archive.database import connect
from ingest.core.errors import MemoriesError
from ingest.core.file_locks import read_note, try_lock
from ingest.core.model import Progress
from ingest.ops.remote import Remote
from memories_lib.shared import backup_bundle, curation, edit_log, settings, versions
from memories_lib.shared.contract import FULL
from memories_lib.shared.folding import fold
from memories_lib.shared.layout import ArchiveFiles

#: A backup older than this is worth a word.
OLD_DAYS = 8
_CGROUP = Path("/sys/fs/cgroup")
_PROC = Path("/proc")
_SMALL_MIB = 200

Level = Literal["well", "note", "ill"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `ill` wants doing something about, `note` wants knowing."""

    level: Level
    about: str
    sentence: str


def examine(database: Path, progress: Progress | None = None) -> Iterator[Finding]:
    """Everything about an archive on this machine; `progress` is told of what takes longest."""
    yield from _archive(database, progress)
    yield from _edits(database)
    yield from _writer(database)
    yield from _kept(database)
    yield from _disk(shutil.disk_usage(database.resolve().parent if database.resolve().parent.is_dir() else Path()))
    yield from _memory(_CGROUP)
    yield from _named(settings.named(), map(settings.told, settings.wrong()))


def _archive(database: Path, progress: Progress | None) -> Iterator[Finding]:
    if not database.exists():
        yield Finding("ill", "archive", f"there is none at {database}; ingest an export, restore a backup, or pull one")
        return
    try:
        with closing(connect(database, must_exist=True, read_only=True)) as connection:
            wrong = list(check(connection, ArchiveFiles.of(database).media, progress=progress))
            messages = connection.execute("SELECT count(*) FROM messages").fetchone()[0]
    except (MemoriesError, sqlite3.DatabaseError, UnicodeDecodeError) as error:
        whole = [path.stem for path in versions.listed(versions.folder_of(database)) if versions.looks_whole(path)]
        then = f"memories rollback goes back to {whole[0]}" if whole else "memories restore BACKUP, or ingest again"
        yield Finding("ill", "archive", f"cannot be read ({error}); {then}")
        return
    for sentence in wrong:
        yield Finding("ill", "archive", sentence)
    if not wrong:
        yield Finding("well", "archive", f"{messages:,} message{'' if messages == 1 else 's'}, whole")
    for path in sorted(database.parent.glob(f"{database.name}.damaged*")):
        if not path.name.endswith(("-wal", "-shm", "-journal")):
            yield Finding(
                "note", "archive", f"{path.name} was set aside; delete it when you no longer want to look at it"
            )


def _edits(database: Path) -> Iterator[Finding]:
    path = ArchiveFiles.of(database).edits
    if not path.exists():
        yield Finding("well", "edits", "none yet")
        return
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=30)) as log:
            whole = log.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok"
            events = edit_log.events(log)
    except (sqlite3.DatabaseError, ValueError):  # what is damaged need not even be text
        whole, events = False, []
    if not whole:
        yield Finding("ill", "edits", f"{path.name} is damaged; memories restore BACKUP brings its edits back")
        return
    shown, waiting = None, 0
    try:
        with closing(connect(database, must_exist=True, read_only=True)) as connection:
            shown = curation.state(connection)
            waiting = len(curation.waiting(connection, edit_log.effective(events), fold))
    except (MemoriesError, sqlite3.DatabaseError, UnicodeDecodeError):
        pass  # what is wrong with the archive has been said
    if shown is not None and shown != edit_log.digest(events):
        yield Finding("note", "edits", f"{len(events):,}, not all shown yet; starting the server shows them")
    elif waiting:
        yield Finding(
            "note", "edits",
            f"{len(events):,}, of which {waiting:,} wait for what they are about, which is not in the archive",
        )  # fmt: skip
    else:
        yield Finding("well", "edits", f"{len(events):,}, all shown")


def _writer(database: Path) -> Iterator[Finding]:
    lock = ArchiveFiles(database).lock
    if not lock.exists():
        return
    with lock.open("rb") as handle:
        if not try_lock(handle.fileno(), shared=True):
            holder = read_note(handle.fileno()) or "unknown"
            yield Finding(
                "note", "writer", f"process {holder} is writing to the archive; what waits for it goes on after"
            )


def _kept(database: Path) -> Iterator[Finding]:
    names = [path.stem for path in versions.listed(versions.folder_of(database))]
    yield Finding("well", "versions", ", ".join(names) or "no earlier ones yet")
    yield _backup(backup_bundle.last_made_at(database))


def _backup(made_at: str | None) -> Finding:
    if made_at is None:
        return Finding("note", "backup", "none is known; make one with: memories backup")
    try:
        made = datetime.fromisoformat(made_at)
    except ValueError:
        return Finding("note", "backup", "the note of the last one cannot be read; make one with: memories backup")
    days = (datetime.now(UTC) - made).total_seconds() / 86400
    if days < -1:
        return Finding("note", "backup", f"{made_at}, which is in the future: is this machine's clock right?")
    if days > OLD_DAYS:
        return Finding("ill", "backup", f"{made_at}, {days:.0f} days ago; make one with: memories backup")
    return Finding("well", "backup", made_at)


def _disk(found: Any) -> Iterator[Finding]:
    used = 1 - found.free / found.total if found.total else 1.0
    said = f"{found.free / 2**30:.1f} GiB free of {found.total / 2**30:.1f}"
    if used > FULL:
        yield Finding("ill", "disk", f"{said}: more than {FULL:.0%} in use; make it larger, or memories compact")
    else:
        yield Finding("well", "disk", said)


def _memory(cgroup: Path) -> Iterator[Finding]:
    """Whether the machine is too small, and whether somebody was ended for it."""
    total = _number(_PROC / "meminfo", "MemTotal:", 1024)
    limits = [n for n in (total, _number(cgroup / "memory.max", "")) if n]
    if limits and min(limits) < _SMALL_MIB << 20:
        yield Finding(
            "ill",
            "memory",
            f"{min(limits) >> 20} MiB are too few; at Fly: memory = '256mb' in fly.toml, then fly deploy",
        )
    # A virtual machine counts them itself; a container's group does.
    ended = max(_number(_PROC / "vmstat", "oom_kill") or 0, _number(cgroup / "memory.events", "oom_kill") or 0)
    if ended:
        yield Finding(
            "note",
            "memory",
            f"{ended} ended for want of memory since the machine started; "
            "at Fly: memory = '512mb' in fly.toml, then fly deploy",
        )


def _number(path: Path, name: str, factor: int = 1) -> int | None:
    """The number after `name` in one of the kernel's files, or the only one in it."""
    try:
        lines = [line.split() for line in path.read_text("ascii").splitlines()]
    except (OSError, ValueError):
        return None
    for words in lines:
        if name and words[:1] == [name] and len(words) > 1 and words[1].isdigit():
            return int(words[1]) * factor
        if not name and words and words[0].isdigit():
            return int(words[0])
    return None


def _named(names: list[str], wrong: Any) -> Iterator[Finding]:
    yield Finding("well", "settings", ", ".join(names) or "none set")
    for sentence in wrong:
        yield Finding("ill", "settings", sentence)


def examine_remote(remote: Remote) -> Iterator[Finding]:
    """What a server says of itself."""
    said = remote.ask("GET", "/-/status.json", headers={"accept": "application/json"})
    held = said["archive"]
    if held is None:
        yield Finding("ill", "archive", "cannot be read; go back with: memories rollback --remote URL")
    else:
        yield Finding("well", "archive", f"{held['messages']:,} messages, served by {remote.url}")
    edits = said["edits"]
    yield Finding(
        "well" if edits["in_step"] else "ill", "edits",
        f"{edits['count']:,}, all shown" if edits["in_step"] else f"{edits['count']:,}, not all shown; restart it",
    )  # fmt: skip
    yield Finding("well", "versions", ", ".join(said["versions"]) or "no earlier ones yet")
    yield _backup(said["last_backup_at"])
    yield from _disk(_Disk(said["disk"]["free_bytes"], said["disk"]["total_bytes"]))
    if said["memory_bytes"]:
        yield Finding("well", "memory", f"{said['memory_bytes'] >> 20} MiB in use")
    if said["errors"]:
        yield Finding(
            "note", "requests", f"{said['errors']:,} of {said['requests']:,} failed since the start; see the logs"
        )
    if said["maintenance"]:
        yield Finding("note", "maintenance", "is on; end it with: memories maintenance off --remote URL")
    yield from _named(said["settings"], said["advice"])


@dataclass(frozen=True, slots=True)
class _Disk:
    free: int
    total: int
