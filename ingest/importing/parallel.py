"""A long text is read by two processes at once: the first half here, the second in one beside.

The process beside gets a job on its standard input, writes the messages into a file that it was handed,
and answers with what it learned. It reads as this one does, with the same code; only the line where the
text is parted must be one that any reader would take for the start of a message.
"""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path
from typing import IO, NamedTuple

from ingest.core.errors import MemoriesError, UnsafeExport
from ingest.core.languages import without_marks
from ingest.core.model import Findings, Row
from ingest.exports.headers import DateParts, find_head
from ingest.exports.observations import Contradiction, Evidence
from ingest.exports.parser import Reader, read_all
from ingest.exports.source import Export, Limits
from ingest.importing.sampling import Overview
from ingest.importing.spool import Spool, write_batch
from ingest.importing.worker import (
    collect_rarely,
    end_helper,
    helper_ended,
    may_have_helper,
    read_blob,
    start_helper,
    write_blob,
)

#: A shorter text (bytes) is read before a second process has started.
WORTH_A_PROCESS = 6 << 20
_LOOKED_THROUGH = 1 << 17


class Job(NamedTuple):
    """What the process beside must know. `start` is the byte at which its part begins."""

    path: Path
    member: str | None
    limits: Limits
    findings: Findings
    chat: str | None
    year: int
    start: int
    has_overview: bool


class Learned(NamedTuple):
    """Its answer. `stopped` says which line and date contradicted the order of day and month assumed."""

    evidence: Evidence
    overview: Overview
    first_at: str = ""
    stopped: tuple[int, DateParts] | None = None
    error: str = ""


class SecondHalf:
    """The second half of a text, on its way. `until` is the byte at which the first half ends.

    It starts while this process still looks at the first lines, and waits for `begin`.
    """

    def __init__(self, export: Export, out: IO[bytes]):
        """`out` takes the messages. Raises OSError when there can be no second process."""
        self.until = 0
        self.overview = Overview(is_later=True)
        self.first_at = ""
        self._export = export
        self._process = start_helper("ingest.importing.parallel", str(out.fileno()), pass_fds=[out.fileno()])

    def begin(
        self, findings: Findings, chat: str | None, year: int, until: int, *, has_overview: bool = True
    ) -> SecondHalf:
        """Read from byte `until` on. Raises OSError when the process is gone."""
        assert self._process.stdin
        self.until = until
        export = self._export
        job = Job(export.path.resolve(), export.member, export.limits, findings, chat, year, until, has_overview)
        write_blob(self._process.stdin, pickle.dumps(job))
        return self

    def receive(self) -> Evidence:
        """What it taught. Raises `Contradiction`, `UnsafeExport` for a damaged file, or `HelperEnded`."""
        assert self._process.stdout
        blob = read_blob(self._process.stdout)
        if not blob:
            raise helper_ended()
        learned: Learned = pickle.loads(blob)
        if learned.error:
            raise UnsafeExport(learned.error)
        if learned.stopped:
            raise Contradiction(*learned.stopped)
        self.overview, self.first_at = learned.overview, learned.first_at
        return learned.evidence

    def close(self) -> None:
        """Stop, finished or not."""
        end_helper(self._process)


def stand_by(export: Export, spool: Spool) -> SecondHalf | None:
    """A process that can read the second half of a text; None where it does not pay, or cannot be had."""
    if export.text_bytes < WORTH_A_PROCESS or not export.may_be_parted or not may_have_helper():
        return None
    try:
        return SecondHalf(export, spool.more())
    except OSError:
        spool.more()
        return None  # it is slower in this one, and as good


def find_middle(export: Export, findings: Findings, share: float = 0.51) -> int | None:
    """The byte at which a message of somebody known starts, midway in a long text; None where there is none.

    `share` is this process's part.
    """
    if len(findings.segments) > 1:
        return None
    closer = findings.segments[0].closer
    at = int(export.text_bytes * share)
    block = export.bytes_at(at, _LOOKED_THROUGH)
    lines = block.split(b"\n")
    at += len(lines[0]) + 1
    for raw in lines[1:-1]:
        line = raw.decode("utf-8", "replace")
        found = find_head(line)
        if found and found[1] == closer:
            name, colon, _ = line[len(found[0]) + len(closer) :].partition(": ")
            if colon and without_marks(name).strip() in findings.roster:
                return at
        at += len(raw) + 1
    return None


def _read(job: Job, out: IO[bytes]) -> Learned:
    export = Export(job.path, None, job.member, limits=job.limits)
    evidence, overview = Evidence(), Overview(is_later=True)
    first_at = ""
    try:
        characters, ends = export.measure(job.start)
        reader = Reader(
            job.findings, chat=job.chat, year_if_missing=job.year, first_line=ends + 1, first_offset=characters
        )
        evidence = reader.evidence

        def visit(rows: list[Row]) -> None:
            nonlocal first_at
            first_at = first_at or rows[0][3]
            if job.has_overview:
                overview.visit(rows)
            write_batch(out, rows)

        read_all(reader, export.chunks(job.start), visit)
    except Contradiction as stop:
        return Learned(evidence, overview, stopped=(stop.line, stop.parts))
    except MemoriesError as error:
        return Learned(evidence, overview, error=str(error))
    finally:
        export.close()
    overview.tokens.clear()
    return Learned(evidence, overview, first_at)


def main() -> None:
    """Do one job. Ctrl-C is for the process that asks."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    collect_rarely()
    blob = read_blob(sys.stdin.buffer)
    if blob:
        with os.fdopen(int(sys.argv[1]), "wb") as out:
            learned = _read(pickle.loads(blob), out)
        try:
            write_blob(sys.stdout.buffer, pickle.dumps(learned))
        except BrokenPipeError:
            os._exit(1)  # nobody is there to read


if __name__ == "__main__":
    # What is pickled is named after the module it comes from, and that is not `__main__`.
    from ingest.importing.parallel import main as begin

    begin()
