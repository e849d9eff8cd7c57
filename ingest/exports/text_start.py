"""How a file begins: whether its first lines read like a chat, and what its name says."""

from __future__ import annotations

from pathlib import Path

from ingest.core.languages import chat_name_from_file
from ingest.exports.encodings import encoding_by_start, has_returns_only
from ingest.exports.headers import find_head, part_bare
from ingest.exports.source import Export

BLOCK = 1 << 16


def settle_encoding(export: Export, start: bytes) -> None:
    """Note how the text is encoded, and how its lines end."""
    export.encoding = encoding_by_start(start)
    export.has_returns_only = has_returns_only(start, export.encoding)


def start_of(path: Path) -> bytes:
    """The first 64 KiB of a file."""
    with path.open("rb") as stream:
        return stream.read(BLOCK)


def starts_like_chat(start: bytes) -> bool:
    """Whether any of the first lines is a message's."""
    return any(find_head(line) or part_bare(line)[1] for line in first_lines(start, 200))


def first_lines(start: bytes, most: int) -> list[str]:
    """At most so many lines, decoded."""
    text = start.decode(encoding_by_start(start), "replace")
    return (text if "\n" in text else text.replace("\r", "\n")).split("\n")[:most]


def chat_name_of(path: Path) -> str | None:
    """The chat's name by the file's, or by its folder's."""
    name = chat_name_from_file(path.stem)
    if name is None and path.name.lower() == "_chat.txt":
        name = chat_name_from_file(path.resolve().parent.name)
    return name
