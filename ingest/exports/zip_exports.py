"""The chats in a zip: which of its texts they are, the files beside them, zips within it."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from ingest.core.errors import MemoriesError, NotAnExport, UnsafeExport
from ingest.core.languages import chat_name_from_file
from ingest.exports.headers import find_head
from ingest.exports.source import Export, Limits, fold_name, readable
from ingest.exports.text_start import BLOCK, chat_name_of, first_lines, settle_encoding
from ingest.exports.zips import entry_date, entry_name, is_link, is_locked, is_unsafe, open_zip, what_is_cut

_MIB = 1 << 20


def exports_in_zip(path: Path, limits: Limits, *, is_inner: bool = False) -> list[Export]:
    """The chats of a zip. Raises `NotAnExport` where there is none, `UnsafeExport` where it cannot be read."""
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
    name = chat_name_from_file(_stem(entry_name(info))) or chat_name_of(path)
    name = name or chat_name_from_file(entry_name(info).rpartition("/")[0].rpartition("/")[2])
    export = Export(path, name, info.filename, info.file_size, entry_date(info), notes=list(notes), limits=limits)
    export.add_entries({k: v for k, v in files.items() if v != info.filename})
    settle_encoding(export, _start_of(archive, info, path))
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
        exports = exports_in_zip(kept, limits, is_inner=True)
    except MemoriesError as error:
        kept.unlink(missing_ok=True)
        is_ours = looks_like_one or not isinstance(error, NotAnExport)
        named = error.about(kept.name, shown)
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
        return stream.read(BLOCK)


def _heads_at_start(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, limits: Limits) -> int:
    if is_locked(info) or info.file_size > limits.text:
        return 0
    try:
        start = _start_of(archive, info, path)
    except UnsafeExport:
        return 0  # it is one of several texts, and the others may be fine
    return sum(find_head(line) is not None for line in first_lines(start, 400))
