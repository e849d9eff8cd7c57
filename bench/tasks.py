"""One measured thing each, run in a process of its own: ``python -m bench.tasks NAME ARGS``. Prints one line of JSON.

Times are taken inside, after imports, so that a peer's start-up is not held against it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path


def parse(file: str) -> dict[str, object]:
    """An export to typed messages in this process: format found, kinds, senders, ISO times, offsets."""
    from ingest.core.model import Findings, Hints, Row
    from ingest.exports.detect import Survey
    from ingest.exports.discover import open_exports
    from ingest.importing.parallel import SecondHalf, find_middle, stand_by
    from ingest.importing.spool import Spool
    from ingest.importing.worker import collect_rarely

    collect_rarely()
    found = 0

    def visit(rows: list[Row]) -> None:
        nonlocal found
        found += len(rows)

    def restart() -> None:
        nonlocal found
        found = 0

    with Spool(Path(file).parent) as spool:

        def begin(findings: Findings) -> SecondHalf | None:
            middle = find_middle(export, findings, 0.61)
            if second is None or middle is None:
                return None
            return second.begin(findings, export.name, 2024, middle, has_overview=False)

        started = time.perf_counter()
        export = open_exports(Path(file))[0]
        second = stand_by(export, spool)
        Survey(export.chunks, Hints(export.name), beside=begin).run(visit, restart)
        for rows in spool.batches():
            visit(rows)
        return {"seconds": time.perf_counter() - started, "messages": found}


def chatpack(file: str) -> dict[str, object]:
    """The Rust parser, through its Python module."""
    import chatpack as peer

    started = time.perf_counter()
    found = len(peer.parse_whatsapp(file))
    return {"seconds": time.perf_counter() - started, "messages": found}


def whatstk(file: str) -> dict[str, object]:
    """whatstk into its data frame, without its limit on size."""
    from whatstk import WhatsAppChat

    started = time.perf_counter()
    found = len(WhatsAppChat.from_source(filepath=file, max_size=None).df)
    return {"seconds": time.perf_counter() - started, "messages": found}


def ingest(database: str, file: str) -> dict[str, object]:
    """An export to the finished archive, or into the one that is there."""
    from ingest.archive.database import connect
    from ingest.exports.discover import open_exports
    from ingest.importing.pipeline import ingest as ingest_export
    from ingest.importing.worker import collect_rarely

    collect_rarely()
    path = Path(database)
    started = time.perf_counter()
    with closing(connect(path)) as connection:
        account = ingest_export(connection, path, open_exports(Path(file))[0])
    return {"seconds": time.perf_counter() - started, "messages": account.messages, "new": account.new}


TASKS: dict[str, Callable[..., dict[str, object]]] = {
    "parse": parse, "chatpack": chatpack, "whatstk": whatstk, "ingest": ingest,
}  # fmt: skip

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](*sys.argv[2:])))
