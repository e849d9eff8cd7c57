"""What several pages show and what takes a while to find: found once, and kept until the archive changes."""

from __future__ import annotations

from datetime import date
from typing import Any

from datasette.app import Datasette

from memories_lib.queries import chat_list, home, talks
from memories_lib.server import response_cache, served_archive


async def of_today(datasette: Datasette) -> tuple[home.Home, talks.ArchiveSummary]:
    """(what the first page shows today, how many messages there are and from when to when)"""

    async def make() -> tuple[home.Home, talks.ArchiveSummary]:
        return await served_archive.read(datasette, lambda run: (home.home(run, date.today()), talks.summary(run)))

    return await response_cache.value(datasette, "home", make)


async def chats(datasette: Datasette, skip: int = 0) -> list[dict[str, Any]]:
    """A page of the list of chats, and one more where there are more."""

    async def make() -> list[dict[str, Any]]:
        return await served_archive.read(datasette, lambda run: chat_list.chats(run, skip))

    return await response_cache.value(datasette, f"chats {skip}", make)


async def track(datasette: Datasette, chat: int) -> chat_list.Track:
    """The years and memories of a chat along its time."""

    async def make() -> chat_list.Track:
        return await served_archive.read(datasette, lambda run: chat_list.track(run, chat))

    return await response_cache.value(datasette, f"track {chat}", make)
