"""How the server is: sizes, disk, memory, backups, settings by name. For the owner, at `/-/status` and to programs."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

from datasette.app import Datasette

from memories_lib.access import roles
from memories_lib.server import served_archive
from memories_lib.shared import backup_bundle, contract, edit_log, maintenance_note, settings, versions
from memories_lib.shared.layout import ACCESS, EDITS
from memories_lib.shared.sql import Run

_STARTED = time.time()
_counted = {"requests": 0, "errors": 0, "slow": 0}
_SLOW_S = 1.0


def count(status: int, seconds: float) -> None:
    """One request was answered."""
    _counted["requests"] += 1
    _counted["errors"] += status >= 500
    _counted["slow"] += seconds > _SLOW_S


def memory_bytes() -> int | None:
    """What this process holds in memory; None where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def disk(path: Path) -> dict[str, Any]:
    """`{"free_bytes", "total_bytes", "used_part"}` of the disk that a path is on."""
    found = shutil.disk_usage(path)
    return {
        "free_bytes": found.free,
        "total_bytes": found.total,
        "used_part": round(1 - found.free / found.total, 3) if found.total else 1.0,
    }


async def of(datasette: Datasette) -> dict[str, Any]:
    """All of it."""
    database = served_archive.database_of(datasette)
    path = Path(database.path).resolve()

    def counted(run: Run) -> dict[str, Any]:
        one = [run(f"SELECT coalesce(sum({what}), 0) FROM {table}").fetchone()[0] for what, table in _COUNTS]
        return {**dict(zip(("messages", "chats", "exchanges"), one, strict=True)), "shown": _shown(run)}

    try:
        holds = await served_archive.read(datasette, counted)
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        holds = None
    everything = await served_archive.all_edits(datasette)
    shown = holds.pop("shown") if holds else None
    return {
        "status": "healthy" if holds else "unhealthy",
        "archive": holds,
        "schema": contract.SCHEMA,
        "bytes": {
            name: size(path.with_name(name) if name != "archive" else path) for name in ("archive", EDITS, ACCESS)
        },
        "edits": {"count": len(everything), "in_step": shown == edit_log.digest(everything)},
        "versions": [p.stem for p in versions.listed(versions.folder_of(path))],
        "disk": disk(path.parent),
        "memory_bytes": memory_bytes(),
        "last_backup_at": backup_bundle.last_made_at(path),
        "maintenance": maintenance_note.note_of(path),
        "uptime_s": round(time.time() - _STARTED),
        **_counted,
        "python": ".".join(map(str, sys.version_info[:3])),
        "sqlite": sqlite3.sqlite_version,
        "settings": settings.named(),
        "advice": list(map(settings.told, settings.wrong())),
        "roles_with_password": sorted(roles.hashes()),
    }


_COUNTS = (("message_count", "chats"), ("1", "chats"), ("1", "exchanges"))


def _shown(run: Run) -> str:
    row = run("SELECT digest FROM curation_state").fetchone()
    return row[0] if row else ""


def size(path: Path) -> int:
    """Bytes of a database with its log; 0 when it is not there."""
    found = [Path(f"{path}{end}") for end in ("", "-wal")]
    return sum(p.stat().st_size for p in found if p.exists())
