"""Lets an archive have any file name: what `metadata.yml` says of ``memories`` holds for each archive."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette

sys.path.append(str(Path(__file__).parent))

from memories_lib.server import internals
from memories_lib.shared.contract import APPLICATION_ID


@lru_cache(maxsize=64)
def _is_archive(path: str | Path) -> bool:
    try:
        # By SQLite and not by its bytes: this process has it open, and would lose its locks on it.
        with closing(sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    except (OSError, sqlite3.DatabaseError):
        return False


@hookimpl
def get_metadata(datasette: Datasette) -> dict[str, Any]:
    """The descriptions, facets and queries of ``memories``, under each archive's own name."""
    told = (internals.metadata_as_given(datasette).get("databases") or {}).get("memories")
    if not told:
        return {}
    names = [
        name
        for name, database in datasette.databases.items()
        if name != "memories" and database.path and _is_archive(str(database.path))
    ]
    return {"databases": dict.fromkeys(names, told)} if names else {}
