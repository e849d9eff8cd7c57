"""An archive that arrives in blocks, each named by its digest: only what is new is sent; a broken line goes on. Pure.

The part that has arrived is `incoming/<sha256>.part` beside the archive; a block counts when its digest is right, so
nothing else has to be remembered, whatever stopped the last try.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from pathlib import Path
from typing import Any

from memories_lib.shared import layout, open_database_bytes, private_files
from memories_lib.shared.layout import ArchiveFiles

BLOCK = 64 * 1024
#: 16 GiB.
MOST_BLOCKS = 262_144
_OLD_S = 3 * 24 * 3600
_NAME = re.compile(r"[0-9a-f]{32}\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


def digest_of(block: bytes) -> str:
    """The name of a block: 128 bits of blake2b, in hex."""
    return hashlib.blake2b(block, digest_size=16).hexdigest()


def digests_of(path: Path) -> list[str]:
    """The names of a file's blocks, in order."""
    with path.open("rb") as stream:
        return [digest_of(block) for block in iter(lambda: stream.read(BLOCK), b"")]


def incoming(database: str | Path) -> Path:
    """Where what arrives is put."""
    folder = ArchiveFiles.of(database).incoming
    private_files.make_folder(folder)
    return folder


def part_of(folder: Path, sha256: str) -> Path:
    """The file in which the archive with this digest comes together."""
    assert _SHA256.match(sha256)
    return folder / f"{sha256}.part"


def is_name(text: str) -> bool:
    """Whether a text can be the name of a block."""
    return _NAME.match(text) is not None


def is_sha256(text: object) -> bool:
    """Whether a text is one in hex."""
    return isinstance(text, str) and _SHA256.match(text) is not None


def begin(folder: Path, sha256: str, size: int, digests: list[str], donor: Path) -> list[int]:
    """Start, or go on: which blocks are still missing. What `donor` has of them already is taken from there."""
    part = part_of(folder, sha256)
    _plan(folder, sha256).write_bytes(bytes.fromhex("".join(digests)))
    is_new = not part.exists()
    with part.open("ab") as stream:
        stream.truncate(size)
    missing = list(range(len(digests))) if is_new else _wrong(part, digests)
    if missing and donor.is_file():
        _take_from(donor, part, digests, missing)
        missing = _wrong(part, digests, missing)
    return missing


def would_miss(digests: list[str], donor: Path) -> list[int]:
    """Which blocks would have to be sent, were this begun."""
    there = {digest_of(block) for block in open_database_bytes.blocks(donor, BLOCK)} if donor.is_file() else set()
    return [n for n, name in enumerate(digests) if name not in there]


def note_served(folder: Path, sha256: str | None, holds: list[Any] | None = None) -> None:
    """Remember which archive was put in place last, and the exports it `holds`; None when it came another way."""
    path = layout.served_note(folder)
    if sha256 is None:
        path.unlink(missing_ok=True)
    else:
        path.write_text(json.dumps({"sha256": sha256, "holds": holds}), "utf-8")


def is_served(folder: Path, sha256: str, holds: list[Any] | None) -> bool:
    """Whether the archive with this digest was the last that was put in place, and nothing was ingested since."""
    try:
        noted = json.loads(layout.served_note(folder).read_text("utf-8"))
        return bool(noted["sha256"] == sha256 and noted["holds"] == holds)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _wrong(part: Path, digests: list[str], among: list[int] | None = None) -> list[int]:
    found = []
    with part.open("rb") as stream:
        for n in among if among is not None else range(len(digests)):
            stream.seek(n * BLOCK)
            if digest_of(stream.read(BLOCK)) != digests[n]:
                found.append(n)
    return found


def _take_from(donor: Path, part: Path, digests: list[str], missing: list[int]) -> None:
    wanted: dict[str, list[int]] = {}
    for n in missing:
        wanted.setdefault(digests[n], []).append(n)
    with part.open("rb+") as out:
        for block in open_database_bytes.blocks(donor, BLOCK):
            for n in wanted.pop(digest_of(block), ()):
                out.seek(n * BLOCK)
                out.write(block)


def plan_of(folder: Path, sha256: str) -> list[str] | None:
    """The names of all blocks of an upload that was begun."""
    try:
        told = _plan(folder, sha256).read_bytes().hex()
    except OSError:
        return None
    return [told[at : at + 32] for at in range(0, len(told), 32)] if part_of(folder, sha256).exists() else None


def name_of(folder: Path, sha256: str, n: int) -> str | None:
    """The name of one block, without reading those of all the others; None when there is no such block or upload."""
    try:
        with _plan(folder, sha256).open("rb") as stream:
            stream.seek(16 * n)
            return stream.read(16).hex() or None
    except OSError:
        return None


def _plan(folder: Path, sha256: str) -> Path:
    assert _SHA256.match(sha256)
    return folder / f"{sha256}.plan"


def write(folder: Path, sha256: str, n: int, block: bytes, name: str) -> bool:
    """Take one block; False when it is not the one with that name."""
    if digest_of(block) != name:
        return False
    with part_of(folder, sha256).open("rb+") as stream:
        stream.seek(n * BLOCK)
        stream.write(block)
    return True


def arrived(folder: Path, sha256: str, digests: list[str]) -> list[int]:
    """What is still missing at the end; all else is on disk when this returns."""
    part = part_of(folder, sha256)
    with part.open("rb+") as stream:
        os.fsync(stream.fileno())
    return _wrong(part, digests)


def forget(folder: Path, sha256: str) -> None:
    """Take away what arrived of an upload."""
    for ending in ("part", "plan", "part-journal", "part-wal", "part-shm"):
        (folder / f"{sha256}.{ending}").unlink(missing_ok=True)


def tidy(folder: Path) -> None:
    """Take away what nobody went on with for three days."""
    for path in folder.iterdir():
        if path != layout.served_note(folder) and path.is_file() and time.time() - path.stat().st_mtime > _OLD_S:
            path.unlink(missing_ok=True)
