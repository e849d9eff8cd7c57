"""The store of tokens, sessions and links beside the archive, open for this process: `access.db`."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from datasette.app import Datasette

from memories_lib.server import served_archive
from memories_lib.shared import access_tokens
from memories_lib.shared.layout import ArchiveFiles

#: path -> (the open store, which file that is)
_stores: dict[str, tuple[sqlite3.Connection, tuple[int, int] | None]] = {}
#: Whatever is written into the store, is written by this thread: to wait for the disk is not for who answers others.
_writer = ThreadPoolExecutor(1, "access.db")


def store_of(datasette: Datasette) -> sqlite3.Connection:
    """The store of tokens beside the archive, open for this process."""
    path = str(ArchiveFiles.of(served_archive.database_of(datasette).path).access)
    store, which = _stores.get(path, (None, None))
    # Another file in its place is the one that counts: what is revoked in a file that is gone comes back with the next.
    if store is None or served_archive.which_file(path) != which:
        store = access_tokens.open_store(path)
        _stores[path] = store, served_archive.which_file(path)
    return store


async def written(function: Callable[..., Any], *given: Any) -> Any:
    """What `function(*given)` gives, which writes into the store, one after the other."""
    return await asyncio.get_running_loop().run_in_executor(_writer, function, *given)
