"""Makes Datasette's own search box understand people: `escape_fts` in its own way.

Datasette calls ``escape_fts(:search)`` around whatever is typed. Registered last, this one folds the
question as the index was folded, so that any script, a stray quote or an operator finds what it can.
"""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

from datasette import hookimpl

sys.path.append(str(Path(__file__).parent))

from memories_lib.shared import folding
from memories_lib.shared.fts_query import fts_query


@hookimpl(trylast=True)
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Replace Datasette's `escape_fts`; offer `fold`, the way the index writes words."""
    conn.create_function("escape_fts", 1, lambda question: fts_query(question or "") or '""', deterministic=True)
    conn.create_function("fold", 1, lambda text: folding.fold(text or ""), deterministic=True)
