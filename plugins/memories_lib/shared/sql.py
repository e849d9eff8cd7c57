"""How SQL is run and text folded, as types: what is handed from function to function. Pure."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

#: `connection.execute`, whoever holds the connection.
Run = Callable[..., sqlite3.Cursor]
#: How the search index writes words.
Fold = Callable[[str], str]
