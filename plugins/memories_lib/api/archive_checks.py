"""What an archive that is to come must not do without being asked: each check raises 409, with a way out."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from memories_lib.server.http import ApiError
from memories_lib.shared import comparison, edit_log


async def keep_links_true(part: Path, path: Path) -> None:
    """409 when addresses of talks, which people and programs have kept, would lead elsewhere."""
    try:
        others, both = await asyncio.to_thread(comparison.renumbered, part, path)
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return  # what is served is damaged: the sooner another one is in its place, the better
    if others:
        raise ApiError(
            409,
            f"{others} of the {both} talks that are served would have other numbers, and links to them would lead "
            "elsewhere: this archive was made without the served one and without its memories.db.ids. To keep the "
            "numbers, memories pull --archive, add the exports to that, and push it; to send it as it is, "
            "memories push --renumber",
        )


async def keep_what_is_only_here(part: Path, path: Path, log: sqlite3.Connection) -> None:
    """409 when messages are served that the archive to come does not hold: they were ingested here, or elsewhere."""
    forgotten = edit_log.forgotten(edit_log.events(log))
    try:
        found = await asyncio.to_thread(comparison.only_there, part, path, forgotten)
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return  # what is served is damaged, or of an earlier version
    if found:
        count = sum(found.values())
        raise ApiError(
            409,
            f"{count} {'message is' if count == 1 else 'messages are'} only here, from {', '.join(sorted(found)[:5])}"
            f"{' and others' if len(found) > 5 else ''}: bring them home first, by ingesting the same exports or with "
            "memories pull --archive; or drop them with memories push --replace",
        )


async def keep_what_is_hidden(part: Path, path: Path) -> None:
    """409 when the archive to come, with all edits on it, shows what is hidden in the served one."""
    try:
        count = await asyncio.to_thread(comparison.shown_again, part, path)
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return  # what is served is damaged, or of an earlier version
    if count:
        raise ApiError(
            409,
            f"{count} hidden {'message' if count == 1 else 'messages'} would be seen again: the edits do not find them "
            "in this archive, for its chats go by other keys. Make it from the served one (memories pull --archive); "
            "or show them, with memories push --unhide",
        )


async def keep_away_what_was_forgotten(part: Path, log: sqlite3.Connection) -> None:
    """409 when the archive to come holds what was forgotten for good, here or where the edits came from."""
    found = await asyncio.to_thread(comparison.still_holds, part, edit_log.forgotten(edit_log.events(log)))
    if found:
        named = ", ".join(found[:5]) + (" and others" if len(found) > 5 else "")
        raise ApiError(
            409,
            f"what was forgotten for good would be back: {named}. Forget it in this archive too (memories forget "
            f"{found[0]}); or bring it back, with memories push --unhide",
        )
