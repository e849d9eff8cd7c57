"""Maintenance: a note beside the archive, shown as a banner or in the place of every page. Pure; both sides load it"""

from __future__ import annotations

import json
from pathlib import Path

from memories_lib.shared.layout import ArchiveFiles

MOST = 300


def note_of(database: str | Path) -> dict[str, str | bool] | None:
    """`{"text", "closed"}`, or None."""
    try:
        found = json.loads(_path(database).read_text("utf-8"))
        text = str(found["text"])[:MOST].encode("utf-8", "replace").decode()
        return {"text": text, "closed": bool(found.get("closed"))}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def put_note(database: str | Path, text: str, closed: bool) -> None:
    """Show `text`; with `closed`, instead of the pages."""
    path = _path(database)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps({"text": text[:MOST], "closed": closed}), "utf-8")
    part.replace(path)


def take_note_off(database: str | Path) -> bool:
    """Whether there was one."""
    path = _path(database)
    was = path.exists()
    path.unlink(missing_ok=True)
    return was


def _path(database: str | Path) -> Path:
    return ArchiveFiles.of(database).maintenance
