"""Sending an archive to where it is served: edits both ways, then files, then what changed of the archive."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.archive.curation import show_edits
from ingest.archive.database import connect, database_errors
from ingest.archive.migrations import make_indexes
from ingest.core.errors import MemoriesError
from ingest.core.model import Progress
from ingest.core.tempdirs import scratch
from ingest.ops.remote import Remote
from ingest.ops.restoring import restore
from memories_lib.shared import archive_validation, contract, edit_log, uploads, versions
from memories_lib.shared.edit_event import Event
from memories_lib.shared.layout import ARCHIVE, ArchiveFiles

_AT_ONCE = 8
_NAMES = 2_000
_EDITS = 5_000


@dataclass(slots=True)
class Pushed:
    """What was sent. `lost` are edits whose subject is not in the archive any more."""

    edits_here: int = 0
    edits_there: int = 0
    files: int = 0
    file_bytes: int = 0
    blocks: int = 0
    blocks_sent: int = 0
    bytes: int = 0
    messages: int = 0
    lost: int = 0
    is_same: bool = False


def sync_edits(remote: Remote, database: Path, *, dry_run: bool = False) -> tuple[int, int]:
    """(edits new here, edits new there): both logs hold all of them when this returns."""
    theirs = [edit_log.from_data(event) for event in remote.ask("GET", "/api/edits/log")["events"]]
    path = ArchiveFiles.of(database).edits
    if not path.exists() and not theirs:
        return 0, 0
    mine: list[Any] = []
    if path.exists():
        with closing(edit_log.open_log(str(path))) as log:
            mine = edit_log.events(log)
    known_there, known_here = {event.id for event in theirs}, {event.id for event in mine}
    new_there = [event for event in mine if event.id not in known_there]
    new_here = [event for event in theirs if event.id not in known_here]
    if not dry_run:
        if new_here:
            with closing(edit_log.open_log(str(path))) as log:
                edit_log.merge(log, new_here)
        for events in _batches(new_there):
            remote.ask("POST", "/api/edits/log", json={"events": events})
    return len(new_here), len(new_there)


def _batches(events: list[Event]) -> Iterator[list[dict[str, Any]]]:
    """Edits as they travel, in order, no more of them at once than a server takes."""
    batch: list[dict[str, Any]] = []
    size = 0
    for event in events:
        data = edit_log.as_data(event)
        bytes_of_event = len(json.dumps(data)) + 2
        if batch and (size + bytes_of_event > contract.MOST_EDITS // 2 or len(batch) == _EDITS):
            yield batch
            batch, size = [], 0
        batch.append(data)
        size += bytes_of_event
    if batch:
        yield batch


def push(
    remote: Remote,
    database: Path,
    *,
    dry_run: bool = False,
    renumber: bool = False,
    replace: bool = False,
    unhide: bool = False,
    progress: Progress | None = None,
) -> Pushed:
    """Send what the server does not have. Stopped midway, the next try goes on where this one was.

    With `renumber`, also an archive in which talks have other numbers than there: links to them would lead elsewhere.
    With `replace`, also where messages are served that it does not hold: they are dropped.
    With `unhide`, also where hidden messages would be seen in it: edits do not find them.
    Raises `MemoriesError`; then what is served there is what was served before.
    """
    found = Pushed()
    with database_errors(database), closing(connect(database, must_exist=True)) as connection:
        found.messages = connection.execute("SELECT count(*) FROM messages").fetchone()[0]
        if connection.execute("PRAGMA page_size").fetchone()[0] != contract.PAGE_SIZE:
            raise MemoriesError(f"{database}: was made by another program's VACUUM; run memories compact first")
        found.edits_here, found.edits_there = sync_edits(remote, database, dry_run=dry_run)
        with scratch(database.resolve().parent, "push") as folder:
            copied = folder / ARCHIVE
            versions.copy(connection, copied)
            _complete(copied)
            _push_media(remote, ArchiveFiles.of(database).media, found, dry_run=dry_run)
            how = f"renumber={int(renumber)}&replace={int(replace)}&unhide={int(unhide)}"
            _push_archive(remote, copied, found, dry_run=dry_run, how=how, progress=progress)
    return found


def _complete(copied: Path) -> None:
    """An archive that was never filled has no indexes yet."""
    with closing(connect(copied)) as connection:
        make_indexes(connection)
        connection.execute("PRAGMA journal_mode = DELETE")


def _push_media(remote: Remote, folder: Path, found: Pushed, *, dry_run: bool) -> None:
    for names in _chunks(sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())):
        for name in remote.ask("POST", "/api/media/missing", json={"names": names})["missing"]:
            found.files += 1
            found.file_bytes += (folder / name).stat().st_size
            if not dry_run:
                remote.put_file(f"/api/media/{name}", folder / name)


def _chunks(names: list[str]) -> Iterator[list[str]]:
    for at in range(0, len(names), _NAMES):
        yield names[at : at + _NAMES]


def _push_archive(
    remote: Remote,
    copied: Path,
    found: Pushed,
    *,
    dry_run: bool,
    how: str,
    progress: Progress | None,
) -> None:
    sha256, size = archive_validation.sha256_of(copied), copied.stat().st_size
    digests = uploads.digests_of(copied)
    plan = {"sha256": sha256, "bytes": size, "blocks": digests, "dry_run": dry_run}
    asked = remote.ask("POST", "/api/archive/uploads", json=plan)
    missing: list[int] = asked["missing"]
    found.blocks, found.bytes = len(digests), size
    found.is_same = bool(asked["is_served"])
    found.blocks_sent = 0 if found.is_same else len(missing)
    if dry_run or found.is_same:
        return
    done = 0

    def send(n: int) -> None:
        nonlocal done
        with copied.open("rb") as stream:
            stream.seek(n * uploads.BLOCK)
            block = stream.read(uploads.BLOCK)
        remote.ask(
            "PUT", f"/api/archive/uploads/{sha256}/{n}", content=gzip.compress(block, 3),
            headers={"content-encoding": "gzip"},
        )  # fmt: skip
        done += 1
        if progress:
            progress(done, len(missing))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        waiting = [pool.submit(send, n) for n in missing]
        try:
            for future in waiting:
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    ended = remote.ask("POST", f"/api/archive/uploads/{sha256}?{how}")
    found.lost = int(ended["edits_lost"])


def pull(remote: Remote, database: Path, *, whole: bool, progress: Progress | None = None) -> tuple[int, int, bool]:
    """(edits new here, edits new there, was there an archive to show them on). With `whole`, the archive as well."""
    if whole:
        _fetch_archive(remote, database, progress)
    here, there = sync_edits(remote, database)
    if not database.exists():
        return here, there, False
    show_edits(database)
    return here, there, True


def _fetch_archive(remote: Remote, database: Path, progress: Progress | None) -> None:
    with scratch(database.resolve().parent, "pull") as folder:
        bundle = folder / "backup.zip"
        remote.fetch("/api/backup?media=1", bundle, progress)
        restore(bundle, database)
