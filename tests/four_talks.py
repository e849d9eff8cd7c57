"""Four talks, one a day, of which each is told by one word; and any few lines of a chat, served."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.client import Client
from tests.conftest import serve
from tests.helpers import put

#: What the first message of each says.
SAID = (
    "the kettle sang zwetschke", "and the lake was quiet mirabelle",
    "we found the red boat renette", "nobody was there but us quitte",
)  # fmt: skip
WORDS = ("zwetschke", "mirabelle", "renette", "quitte")


def four_talks(since: int = 0) -> str:
    """The export, from so many lines on: each talk is four messages that are told apart by one word."""
    lines = [
        f"1{day}.03.24, 10:0{n} - {sender}: {said if n == 0 else f'and then, {word} {n}'}\n"
        for day, (said, word) in enumerate(zip(SAID, WORDS, strict=True))
        for n, sender in enumerate(("Ana", "Ben", "Ana", "Ben"))
    ]
    return "".join(lines[since:])


def archive_of(folder: Path, text: str) -> Path:
    """An archive, alone in a folder, of a chat of Ana with Ben."""
    folder.mkdir(exist_ok=True)
    export = folder / "WhatsApp Chat with Ben.txt"
    export.write_text(text, "utf-8")
    database = folder / "served" / "memories.db"
    database.parent.mkdir()
    put(database, export, me="Ana")
    return database


@contextmanager
def serving(database: Path) -> Iterator[Client]:
    served = serve(database, database.parent.with_name("log"))
    try:
        yield Client(served)
    finally:
        served.stop()
