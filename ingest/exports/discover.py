"""Opening what a user gives: a text, a zip, a folder or standard input; which of it are exports, and what lies beside.

One file of a folder that cannot be read does not hide the others: it comes back as an export with a `problem`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from ingest.core.errors import MemoriesError, NotAnExport, UnsafeExport
from ingest.core.languages import chat_name_from_file
from ingest.exports.other_formats import refuse_other_formats
from ingest.exports.source import Export, Limits
from ingest.exports.text_start import BLOCK, chat_name_of, settle_encoding, start_of, starts_like_chat
from ingest.exports.zip_exports import exports_in_zip

_MIB = 1 << 20
_MOST_NAMED = 5
#: How the folders begin in which an Android phone keeps what was sent: "WhatsApp Images", "WhatsApp Voice Notes" …
_PHONE_FOLDERS = ("whatsapp ", "media")


def open_exports(path: Path, limits: Limits | None = None, media: Path | None = None) -> list[Export]:
    """All chats in what `path` names (``-`` is standard input); `media` is a folder with files that belong to them.

    Raises `NotAnExport` for what holds no chat, `UnsafeExport` for what is damaged or too large.
    """
    limits = limits or Limits()
    exports = _from_stdin(limits) if str(path) == "-" else _from_path(path, limits)
    if media is not None:
        if not media.is_dir():
            raise NotAnExport(f"{media}: --media wants a folder")
        more = list(_files_in(media.resolve(), limits.files))
        for export in exports:
            export.add_paths(more)
    return exports


def _from_path(path: Path, limits: Limits) -> list[Export]:
    try:
        if not path.exists():
            raise NotAnExport(f"{path}: there is no such file")
        if path.is_dir():
            return _from_folder(path, limits)
        if not path.is_file():
            raise NotAnExport(f"{path}: is neither a file nor a folder")
        start = start_of(path)
    except PermissionError:
        raise NotAnExport(f"{path}: may not be read; look at its permissions") from None
    except (OSError, ValueError) as error:
        raise NotAnExport(f"{path}: cannot be read ({error})") from None
    if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return exports_in_zip(path, limits)
    return [_from_text(path, start, limits)]


def _from_stdin(limits: Limits) -> list[Export]:
    handle, name = tempfile.mkstemp(prefix="memories-")
    spooled = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            size = 0
            while block := sys.stdin.buffer.read(BLOCK):
                size += len(block)
                if size > limits.text:
                    raise UnsafeExport("standard input: more than --max-text allows")
                out.write(block)
        exports = _from_path(spooled, limits)
    except BaseException:
        spooled.unlink(missing_ok=True)
        raise
    for export in exports:
        export.shown_as = "standard input"
        export.name = None if export.member is None else export.name
    exports[-1].is_temporary = True
    return exports


# -- texts and folders ------------------------------------------------------------------------------


def _from_text(path: Path, start: bytes, limits: Limits) -> Export:
    size = path.stat().st_size
    refuse_other_formats(path, start, size)
    if size > limits.text:
        raise UnsafeExport(f"{path.name}: {size // _MIB} MiB of text; raise --max-text if that is right")
    export = Export(
        path, chat_name_of(path), text_bytes=size, written=datetime.fromtimestamp(path.stat().st_mtime), limits=limits
    )
    settle_encoding(export, start)
    # Unpacked beside its media: they lie in the same folder, or in the folders of the phone beside it.
    is_beside = path.name == "_chat.txt" or any(path.parent.glob("*-WA[0-9]*.*")) or any(_phone_folders(path.parent))
    return _with_files_beside(export) if is_beside else export


def _with_files_beside(export: Export) -> Export:
    export.add_paths(p for p in _beside(export.path.parent, export.limits.files) if p != export.path)
    return export


def _beside(folder: Path, most: int) -> Iterator[Path]:
    """The files of a folder, and of the phone's own media folders in it. Links are left out."""
    yield from (p for p in folder.iterdir() if p.is_file() and not p.is_symlink())
    for media in _phone_folders(folder):
        yield from _files_in(media, most)


def _phone_folders(folder: Path) -> Iterator[Path]:
    try:
        for path in folder.iterdir():
            if path.name.lower().startswith(_PHONE_FOLDERS) and path.is_dir() and not path.is_symlink():
                yield path
    except OSError:
        return


def _files_in(folder: Path, most: int) -> Iterator[Path]:
    """The files below a folder, at most so many. Links are not followed."""
    for where, folders, names in os.walk(folder):
        folders.sort()
        for name in names:
            path = Path(where, name)
            if not path.is_symlink():
                yield path
                most -= 1
        if most <= 0:
            return


def _from_folder(folder: Path, limits: Limits) -> list[Export]:
    found: list[Export] = []
    left_alone: list[str] = []
    everything = list(_files_in(folder, limits.files))
    inside = sorted(path for path in everything if path.suffix.lower() in (".txt", ".zip"))
    for path in sorted(inside, key=lambda p: p.suffix.lower()):
        try:
            here = _of_folder(path, limits)
        except MemoriesError as error:
            if _is_named_like_one(path) or not isinstance(error, NotAnExport):
                found.append(Export(path, None, limits=limits, problem=error))
                continue
            here = []
        found += here
        left_alone += [] if here else [path.name]
    if all(export.problem for export in found):
        if found:
            return found
        raise NotAnExport(
            f"{folder}: holds no WhatsApp export; give the folder with _chat.txt or 'WhatsApp Chat with …' in it"
        )
    # Told with the last one: it is about the folder.
    last = next(export for export in reversed(found) if not export.problem)
    last.notes += _left_in(folder, left_alone, found, everything)
    return found


def _left_in(folder: Path, left_alone: list[str], exports: list[Export], everything: list[Path]) -> Iterator[str]:
    """What to say of the files of a folder that are no exports and belong to none."""
    name = folder.resolve().name
    if left_alone:
        more = f" and {len(left_alone) - _MOST_NAMED} more" if len(left_alone) > _MOST_NAMED else ""
        yield f"in the folder {name}: no chat in {', '.join(left_alone[:_MOST_NAMED])}{more}: left alone"
    taken = {path for export in exports for path in export.files_beside}
    count = sum(path.suffix.lower() not in (".txt", ".zip") and path not in taken for path in everything)
    if count:
        yield f"in the folder {name}: {count} other {'files' if count > 1 else 'file'}, of no chat: left alone"


def _of_folder(path: Path, limits: Limits) -> list[Export]:
    """The exports in one file of a folder; [] where it is something else."""
    try:
        start = start_of(path)
    except OSError as error:
        raise UnsafeExport(f"{path.name}: cannot be read ({error.strerror or error})") from None
    if path.suffix.lower() == ".zip":
        return exports_in_zip(path, limits)
    if not starts_like_chat(start) and not _is_named_like_one(path):
        return []
    return [_with_files_beside(_from_text(path, start, limits))]


def _is_named_like_one(path: Path) -> bool:
    return path.name.lower() == "_chat.txt" or chat_name_from_file(path.stem) is not None
