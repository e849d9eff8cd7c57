"""Keeps what the survey parsed for the writing that follows, so that no text is parsed twice.

A file without a name in the archive's own folder: nobody else sees it, and it is gone with the process.
Reading a batch back costs a fifth of parsing it.
"""

from __future__ import annotations

import marshal
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

from ingest.core.errors import NoRoom
from ingest.core.model import Row

#: With references between objects: names and kinds are written once a batch. A third faster both ways than without.
_FORMAT = 4
_LENGTH = 8


class Spool:
    """Batches of messages, written once and read as often as needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._more: IO[bytes] | None = None
        self._file = tempfile.TemporaryFile(dir=folder, prefix=".reading-")  # noqa: SIM115 - closed by `close`

    def add(self, rows: list[Row]) -> None:
        """Keep a batch. Raises `NoRoom` on a full disk."""
        try:
            write_batch(self._file, rows)
        except OSError as error:
            raise NoRoom(
                f"{self._folder}: the disk is full; nothing was changed. Free some space and try again"
            ) from error

    def more(self) -> IO[bytes]:
        """A file for somebody else's batches, which follow this one's."""
        self._drop_more()
        self._more = tempfile.TemporaryFile(dir=self._folder, prefix=".reading-")  # noqa: SIM115 - closed by `close`
        return self._more

    def restart(self) -> None:
        """Forget all batches."""
        self._file.seek(0)
        self._file.truncate()
        self._drop_more()

    def batches(self) -> Iterator[list[Row]]:
        """All batches, in the order in which they came."""
        for file in filter(None, (self._file, self._more)):
            end = file.seek(0, os.SEEK_END)
            file.seek(0)
            while file.tell() < end:
                length = int.from_bytes(file.read(_LENGTH), "big")
                yield marshal.loads(file.read(length))

    def _drop_more(self) -> None:
        if self._more:
            self._more.close()
        self._more = None

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._drop_more()


def write_batch(file: IO[bytes], rows: list[Row]) -> None:
    """One batch into a file of batches."""
    blob = marshal.dumps(rows, _FORMAT)
    file.write(len(blob).to_bytes(_LENGTH, "big"))
    file.write(blob)
