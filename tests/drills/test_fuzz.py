"""Anything at all as an export: no exception but our own, nothing that takes a second, an archive that is well.

Texts are written as phones write them and then broken: pieces cut, doubled, swapped, put in from a list of what headers
and sentences are made of. The fast run takes a few seconds, `make drill` ten minutes.
"""

from __future__ import annotations

import os
import random
import shutil
import time
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ingest.archive.check import check
from ingest.archive.database import connect
from ingest.core.errors import MemoriesError, Unforeseen
from ingest.core.languages import languages
from ingest.core.model import Options
from ingest.exports.discover import open_exports
from ingest.exports.source import Limits
from ingest.importing.pipeline import ingest
from tests.phones import PHONES, write
from tests.talks import talk

_SECONDS = float(os.environ.get("MEMORIES_FUZZ_SECONDS", "600"))
_SLOW = 1.0
_PIECES = [
    "\u200e", "\u200f", "\u202f", "\u2068", "\u2069", "\ufeff", "\x00", "\r", "\r\n", "\n", "\x85", "\u2028",
    "[", "]", "] ", " - ", ": ", ":", ", ", "<", ">", "\u200e<attached: 00000001-PHOTO-2021-03-05-10-00-00.jpg>",
    "IMG-20210305-WA0001.jpg", " (file attached)", "<Media omitted>", "You", "\u200eimage omitted", "POLL:",
    "OPTION: a (2 votes)", "12/13/14", "31/02/2021", "99/99/99", "0/0/0", "2021-13-45", "١٢/٣/٢٠٢١", "24:60",
    "12:00:00", "下午3:15", "AM", "p. m.", "https://x.example/a?b=c#d", "location: https://maps.google.com/?q=91,181",
    "🏳️‍🌈", "é", "e\u0301", "𝒳", "\udcff", "a" * 300, " " * 80, ":" * 40, "(" * 60, "1" * 80,
]  # fmt: skip


def _broken(dice: random.Random, text: str) -> str:
    """A text with a few things wrong."""
    for _ in range(dice.choice([1, 1, 2, 5, 20])):
        at, other = dice.randrange(len(text) + 1), dice.randrange(len(text) + 1)
        low, high = min(at, other), max(at, other)
        how = dice.randrange(6)
        if how == 0:
            text = text[:at] + dice.choice(_PIECES) + text[at:]
        elif how == 1:
            text = text[:at] + text[at + dice.randrange(12) :]
        elif how == 2:
            text = text[:low] + text[low:high][:200] * dice.randint(0, 3) + text[high:]
        elif how == 3:
            text = (
                text[:at] + chr(dice.choice([dice.randrange(32, 0x2FFF), dice.randrange(0x1F000, 0x1FAFF)])) + text[at:]
            )
        elif how == 4:
            lines = text.split("\n")
            dice.shuffle(lines)
            text = "\n".join(lines)
        else:
            text = text.replace(dice.choice(_PIECES), dice.choice(_PIECES), dice.randint(1, 4))
    return text


def _text(dice: random.Random) -> bytes:
    phone = dice.choice(PHONES)
    messages = talk(dice.choice([1, 3, 20, 60]), dice.randrange(1000))
    text = write(phone, messages)
    if dice.random() < 0.3:
        text += write(dice.choice(PHONES), messages)
    if dice.random() < 0.3:
        sentences = sorted(languages().exact)
        text = text.replace("\n", f"\n{dice.choice(sentences)}" if dice.random() < 0.5 else "\n", 5)
    encoding = dice.choice(["utf-8"] * 6 + ["utf-16", "cp1252", "utf-8-sig"])
    return _broken(dice, text).encode(encoding, "surrogatepass" if encoding == "utf-8" else "replace")


def _a_text(dice: random.Random, folder: Path) -> Path:
    path = folder / dice.choice(["WhatsApp Chat with Ben.txt", "_chat.txt", "x.txt"])
    path.write_bytes(_text(dice))
    return path


def _a_zip(dice: random.Random, folder: Path) -> Path:
    path = folder / "WhatsApp Chat - Ben.zip"
    with zipfile.ZipFile(path, "w", dice.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
        archive.writestr(dice.choice(["_chat.txt", "a\\b\\_chat.txt", "é/WhatsApp Chat with Ben.txt"]), _text(dice))
        for n in range(dice.randrange(4)):
            archive.writestr(dice.choice([f"IMG-{n}.jpg", "../out.jpg", "a/../../b", f"{n}.opus"]), dice.randbytes(40))
    content = bytearray(path.read_bytes())
    for _ in range(dice.choice([0, 1, 3, 30])):
        content[dice.randrange(len(content))] = dice.randrange(256)
    path.write_bytes(content[: len(content) - dice.choice([0, 0, 0, 7, 100])])
    return path


def _a_folder(dice: random.Random, folder: Path) -> Path:
    inner = folder / "exports"
    (inner / "WhatsApp Images" / "Sent").mkdir(parents=True)
    for make in dice.choices((_a_text, _a_zip), k=dice.randint(1, 3)):
        make(dice, inner)
    (inner / "WhatsApp Images" / "Sent" / "IMG-20210305-WA0001.jpg").write_bytes(dice.randbytes(100))
    (inner / "notes.txt").write_bytes(dice.randbytes(300))
    return inner


def _one(make: Callable[[random.Random, Path], Path], seed: int, folder: Path) -> None:
    dice = random.Random(seed)
    path = make(dice, folder)
    database = folder / "memories.db"
    with closing(connect(database)) as connection:
        started = time.process_time()
        try:
            exports = open_exports(path, Limits(8 << 20, 8 << 20, 100))
        except Unforeseen:
            raise
        except MemoriesError:
            exports = []
        for export in exports:
            try:
                ingest(connection, database, export, Options())
            except Unforeseen:
                raise
            except MemoriesError:
                pass
            finally:
                export.close()
        assert time.process_time() - started < _SLOW * max(1, len(exports)), "slow"
        assert list(check(connection, folder / "media")) == []


def _fuzz(folder: Path, seconds: float, first: int) -> None:
    """Until the time is over; what fails names its seed."""
    until = time.monotonic() + seconds
    seed = first
    while time.monotonic() < until:
        make = (_a_text, _a_text, _a_zip, _a_folder)[seed % 4]
        here = folder / str(seed)
        here.mkdir()
        try:
            _one(make, seed, here)
        except BaseException as error:
            raise AssertionError(f"{make.__name__} with seed {seed}: {error!r}") from error
        shutil.rmtree(here)
        seed += 1


def test_a_few_broken_exports(tmp_path: Path) -> None:
    for seed in range(48):
        here = tmp_path / str(seed)
        here.mkdir()
        _one((_a_text, _a_text, _a_zip, _a_folder)[seed % 4], seed, here)


@pytest.mark.drill
def test_broken_exports_for_ten_minutes(tmp_path: Path) -> None:
    _fuzz(tmp_path, _SECONDS, int(time.time()) % 1_000_000 * 100)
