"""Text that comes in pieces, cut anywhere, as blocks of whole lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Block(NamedTuple):
    r"""Whole lines without their ends, which are `step` characters each.

    `has_returns`: some lines still end in ``\r``. `has_marks`: some hold a mark that WhatsApp puts before words of its
    own. `is_open`: nothing ends the last line, where the text ends.
    """

    lines: list[str]
    step: int
    has_returns: bool
    has_marks: bool
    is_open: bool = False


def blocks(chunks: Iterable[str]) -> Iterator[Block]:
    """The blocks of a text. What follows the last end of a line is a block of its own, unless it is empty."""
    carry: list[str] = []
    has_returns = False
    for chunk in chunks:
        has_returns = has_returns or "\r" in chunk
        carry.append(chunk)
        if "\n" not in chunk:
            continue
        text = "".join(carry)
        # iPhones end every line with both; taking them off together saves a look at each line.
        lines = text.split("\r\n") if has_returns else []
        step = 2
        if len(lines) - 1 != text.count("\n"):
            lines = text.split("\n")
            step = 1
        carry = [lines.pop()]
        yield Block(lines, step, has_returns and step == 1, "\u200e" in text or "\u200f" in text)
    rest = "".join(carry)
    if rest:
        yield Block([rest], 1, has_returns, "\u200e" in rest or "\u200f" in rest, is_open=True)
