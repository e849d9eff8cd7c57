"""How SQL is run and text folded, as types: what is handed from function to function. Pure."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any, Protocol

#: `connection.execute`, whoever holds the connection.
Run = Callable[..., sqlite3.Cursor]
#: How the search index writes words.
Fold = Callable[[str], str]


class Row(Protocol):
    """A row whose columns have names: of SQLite, or made of one as a dict. What a column holds, its query says."""

    def __getitem__(self, name: str, /) -> Any: ...

    def keys(self) -> Iterable[str]: ...


def has_table(run: Run, name: str) -> bool:
    """Whether the archive has a table: those of earlier versions have fewer."""
    return run("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)).fetchone() is not None
