"""Batches of an export's messages, as joining needs them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ingest.core.model import Row


def with_last(batches: Iterator[list[Row]]) -> Iterator[tuple[list[Row], bool]]:
    """The same batches, and of each whether it is the last one."""
    waiting: list[Row] | None = None
    for rows in batches:
        if waiting is not None:
            yield waiting, False
        waiting = rows
    if waiting is not None:
        yield waiting, True


def whole_minutes(batches: Iterable[list[Row]]) -> Iterator[list[Row]]:
    """The same messages in batches that do not part a minute."""
    waiting: list[Row] = []
    for rows in batches:
        rows = waiting + rows
        last = rows[-1][3][:16]
        at = len(rows)
        while at and rows[at - 1][3][:16] == last:
            at -= 1
        waiting = rows[at:]
        if at:
            yield rows[:at]
    if waiting:
        yield waiting
