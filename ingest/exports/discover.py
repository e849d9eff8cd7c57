"""Opening what a user gives: a text, a zip, a folder or standard input; which of it are exports, and what lies beside.

One file of a folder that cannot be read does not hide the others: it comes back as an export with a `problem`.
"""

from __future__ import annotations

import os
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from ingest.core.errors import MemoriesError, NotAnExport, UnsafeExport
from ingest.core.languages import chat_name_from_file
from ingest.exports.encodings import encoding_by_start, has_returns_only
from ingest.exports.headers import find_head, part_bare
from ingest.exports.source import Export, Limits, fold_name, readable
from ingest.exports.zips import entry_date, entry_name, is_link, is_locked, is_unsafe, open_zip, what_is_cut

_BLOCK = 1 << 16
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
        start = _start(path)
    except PermissionError:
        raise NotAnExport(f"{path}: may not be read; look at its permissions") from None
    except (OSError, ValueError) as error:
        raise NotAnExport(f"{path}: cannot be read ({error})") from None
    if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _from_zip(path, limits)
    return [_from_text(path, start, limits)]


def _from_stdin(limits: Limits) -> list[Export]:
    handle, name = tempfile.mkstemp(prefix="memories-")
    spooled = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            size = 0
            while block := sys.stdin.buffer.read(_BLOCK):
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
    _refuse_other_formats(path, start, size)
    if size > limits.text:
        raise UnsafeExport(f"{path.name}: {size // _MIB} MiB of text; raise --max-text if that is right")
    export = Export(
        path, _chat_name(path), text_bytes=size, written=datetime.fromtimestamp(path.stat().st_mtime), limits=limits
    )
    _settle_encoding(export, start)
    # Unpacked beside its media: they lie in the same folder, or in the folders of the phone beside it.
    is_beside = path.name == "_chat.txt" or any(path.parent.glob("*-WA[0-9]*.*")) or any(_phone_folders(path.parent))
    return _with_files_beside(export) if is_beside else export


def _settle_encoding(export: Export, start: bytes) -> None:
    export.encoding = encoding_by_start(start)
    export.has_returns_only = has_returns_only(start, export.encoding)


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
    if left_alone:
        more = f" and {len(left_alone) - _MOST_NAMED} more" if len(left_alone) > _MOST_NAMED else ""
        yield f"in the folder {folder.name}: no chat in {', '.join(left_alone[:_MOST_NAMED])}{more}: left alone"
    taken = {path for export in exports for path in export.files_beside}
    count = sum(path.suffix.lower() not in (".txt", ".zip") and path not in taken for path in everything)
    if count:
        yield f"in the folder {folder.name}: {count} other {'files' if count > 1 else 'file'}, of no chat: left alone"


def _of_folder(path: Path, limits: Limits) -> list[Export]:
    """The exports in one file of a folder; [] where it is something else."""
    try:
        start = _start(path)
    except OSError as error:
        raise UnsafeExport(f"{path.name}: cannot be read ({error.strerror or error})") from None
    if path.suffix.lower() == ".zip":
        return _from_zip(path, limits)
    if not _starts_like_chat(start) and not _is_named_like_one(path):
        return []
    return [_with_files_beside(_from_text(path, start, limits))]


def _is_named_like_one(path: Path) -> bool:
    return path.name.lower() == "_chat.txt" or chat_name_from_file(path.stem) is not None


# -- zips -------------------------------------------------------------------------------------------


def _from_zip(path: Path, limits: Limits, *, is_inner: bool = False) -> list[Export]:
    with open_zip(path) as archive:
        entries = archive.infolist()
        if len(entries) > limits.files:
            raise UnsafeExport(f"{path.name}: {len(entries)} files; raise --max-files if that is right")
        files: dict[str, str] = {}
        cut = what_is_cut(archive)
        notes = [cut] if cut else []
        texts: list[zipfile.ZipInfo] = []
        zips: list[zipfile.ZipInfo] = []
        for info in entries:
            shown = entry_name(info)
            if info.is_dir() or shown.endswith("/"):
                continue
            if is_unsafe(shown):
                notes.append(f"left out a file with an unsafe name: {shown[:80]}")
                continue
            if is_link(info):
                notes.append(f"left out a link: {shown[:80]}")
                continue
            if shown.startswith("__MACOSX/"):
                continue
            if shown.lower().endswith(".txt"):
                texts.append(info)
            if shown.lower().endswith(".zip"):
                zips.append(info)
            files[fold_name(shown)] = info.filename
        chosen = _choose(archive, texts, path, limits)
        exports = [_of_entry(archive, info, path, files, notes, limits) for info in chosen]
        if not is_inner:
            for info in zips:
                exports += _from_inner(archive, info, limits)
        if not exports and cut:
            raise UnsafeExport(f"{path.name}: {cut}, and no chat is in what is left")
        if not exports:
            what = "an encrypted text" if any(map(is_locked, texts)) else "no chat"
            raise NotAnExport(
                f"{path.name}: the zip holds {what} ({len(entries)} files); an export has _chat.txt or "
                "'WhatsApp Chat with ….txt' in it"
            )
        return exports


def _choose(
    archive: zipfile.ZipFile, texts: list[zipfile.ZipInfo], path: Path, limits: Limits
) -> list[zipfile.ZipInfo]:
    """The texts of a zip that are chats: by their names, else the one that reads most like one."""
    chosen = [i for i in texts if entry_name(i).rpartition("/")[2].lower() == "_chat.txt"]
    chosen = chosen or [i for i in texts if chat_name_from_file(_stem(entry_name(i)))]
    if not chosen:
        scored = [(n, i) for i in texts if (n := _heads_at_start(archive, i, path, limits))]
        chosen = [max(scored, key=lambda s: s[0])[1]] if scored else []
    return chosen


def _of_entry(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    path: Path,
    files: dict[str, str],
    notes: Iterable[str],
    limits: Limits,
) -> Export:
    if is_locked(info):
        raise UnsafeExport(f"{path.name}: the zip has a password; unpack it and give the folder")
    if info.file_size > limits.text:
        raise UnsafeExport(
            f"{path.name}: its text claims {info.file_size // _MIB} MiB; raise --max-text if that is right"
        )
    name = chat_name_from_file(_stem(entry_name(info))) or _chat_name(path)
    name = name or chat_name_from_file(entry_name(info).rpartition("/")[0].rpartition("/")[2])
    export = Export(path, name, info.filename, info.file_size, entry_date(info), notes=list(notes), limits=limits)
    export.add_entries({k: v for k, v in files.items() if v != info.filename})
    _settle_encoding(export, _start_of(archive, info, path))
    return export


def _from_inner(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits) -> list[Export]:
    """The exports of a zip within a zip, as a cloud drive makes them of several files."""
    shown = entry_name(info).rpartition("/")[2]
    looks_like_one = chat_name_from_file(Path(shown).stem) is not None
    handle, name = tempfile.mkstemp(prefix="memories-", suffix=".zip")
    kept = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            if is_locked(info):
                raise UnsafeExport(f"{shown}: the zip has a password; unpack it and give the folder")
            with readable(Export(Path(shown), None)), archive.open(info) as stream:
                left = limits.file
                while block := stream.read(1 << 20):
                    left -= len(block)
                    if left < 0:
                        raise UnsafeExport(f"{shown}: larger than --max-file; unpack it and give the folder")
                    out.write(block)
        exports = _from_zip(kept, limits, is_inner=True)
    except MemoriesError as error:
        kept.unlink(missing_ok=True)
        is_ours = looks_like_one or not isinstance(error, NotAnExport)
        named = type(error)(str(error).replace(kept.name, shown))
        return [Export(Path(shown), None, limits=limits, problem=named)] if is_ours else []
    except BaseException:
        kept.unlink(missing_ok=True)
        raise
    for export in exports:
        export.shown_as = shown
        export.name = export.name or chat_name_from_file(Path(shown).stem)
    exports[-1].is_temporary = True
    return exports


def _stem(name: str) -> str:
    last = name.rpartition("/")[2]
    return last[: -len(".txt")] if last.lower().endswith(".txt") else last


def _start_of(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> bytes:
    with readable(Export(path, None)), archive.open(info) as stream:
        return stream.read(_BLOCK)


def _heads_at_start(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, limits: Limits) -> int:
    if is_locked(info) or info.file_size > limits.text:
        return 0
    try:
        start = _start_of(archive, info, path)
    except UnsafeExport:
        return 0  # it is one of several texts, and the others may be fine
    return sum(find_head(line) is not None for line in _first_lines(start, 400))


# -- what a file is ---------------------------------------------------------------------------------


def _start(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_BLOCK)


def _starts_like_chat(start: bytes) -> bool:
    return any(find_head(line) or part_bare(line)[1] for line in _first_lines(start, 200))


def _first_lines(start: bytes, most: int) -> list[str]:
    text = start.decode(encoding_by_start(start), "replace")
    return (text if "\n" in text else text.replace("\r", "\n")).split("\n")[:most]


def _chat_name(path: Path) -> str | None:
    """The chat's name by the file's, or by its folder's."""
    name = chat_name_from_file(path.stem)
    if name is None and path.name.lower() == "_chat.txt":
        name = chat_name_from_file(path.resolve().parent.name)
    return name


def _refuse_other_formats(path: Path, start: bytes, size: int) -> None:
    """Say what a file is when it is not a chat's text."""
    name = path.name
    lower = start[:2048].lstrip().lower()
    if size == 0:
        raise NotAnExport(f"{name}: is empty; export the chat again (chat > More > Export chat)")
    if ".crypt" in name:
        raise NotAnExport(
            f"{name}: is WhatsApp's encrypted backup, which only WhatsApp can open; in the app open the chat and "
            "choose More > Export chat, and give that file"
        )
    if start.startswith(b"SQLite format 3\0"):
        what = "WhatsApp's own database" if "msgstore" in name.lower() else "a SQLite database"
        raise NotAnExport(f"{name}: is {what}, not an export; in the app choose More > Export chat")
    if lower.startswith((b"<!doctype html", b"<html", b"<?xml")):
        raise NotAnExport(f"{name}: is a web page; give the .txt or .zip that WhatsApp's Export chat makes")
    if lower.startswith((b"{", b'[{"')) and not find_head(start.decode("utf-8", "replace").split("\n")[0]):
        what = "a Telegram export" if b'"messages"' in start and b'"type"' in start else "a JSON file"
        raise NotAnExport(f"{name}: looks like {what}; this reads WhatsApp's Export chat (.txt or .zip)")
    for magic, what in _MAGIC.items():
        if start.startswith(magic):
            raise NotAnExport(f"{name}: is {what}, not a chat's text")
    if encoding_by_start(start).startswith("utf-16"):
        return
    if start.count(0) > len(start) // 10:
        raise NotAnExport(f"{name}: is a binary file, not a chat's text")


_MAGIC = {
    b"%PDF": "a PDF",
    b"\xff\xd8\xff": "a picture",
    b"\x89PNG": "a picture",
    b"Rar!": "a RAR archive (unpack it and give the folder)",
    b"7z\xbc\xaf": "a 7z archive (unpack it and give the folder)",
    b"\x1f\x8b": "a gzip archive (unpack it first)",
    b"bplist": "an iPhone's property list",
}
