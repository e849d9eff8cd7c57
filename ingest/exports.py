"""Opening exports: a text, a zip, a folder or standard input, always as a stream, never unpacked.

An `Export` gives the chat's text as often as it is asked for, and the files beside it one by one.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import os
import stat
import sys
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import cast

from ingest.errors import NotAnExport, UnsafeExport
from ingest.formats import find_head, part_bare
from ingest.languages import chat_name_from_file

_BLOCK = 1 << 16
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What an export may ask of this machine. Sizes in bytes."""

    text: int = 4096 * _MIB
    file: int = 2048 * _MIB
    files: int = 500_000


@dataclass(slots=True)
class Export:
    """One chat's export. `path` is where it was given, `member` the text inside a zip."""

    path: Path
    name: str | None
    member: str | None = None
    text_bytes: int = 0
    written: datetime | None = None
    encoding: str = "utf-8"
    notes: list[str] = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)
    _zip_names: dict[str, str] = field(default_factory=dict)  # folded name -> name in the zip
    _folder: Path | None = None
    _temporary: bool = False
    shown_as: str = ""
    _archive: zipfile.ZipFile | None = None  # kept open: reading a big zip's directory anew for each file is slow

    @property
    def filename(self) -> str:
        """The export's name as the archive keeps it: never a path of this machine."""
        return self.shown_as or self.path.name

    # -- the text -------------------------------------------------------------------------------

    def open_bytes(self) -> io.BufferedIOBase:
        """The chat's text as bytes, from the start."""
        if self.member is None:
            return self.path.open("rb")
        return cast(io.BufferedIOBase, self._zip().open(self.member))

    def _zip(self) -> zipfile.ZipFile:
        if self._archive is None:
            self._archive = _open_zip(self.path)
        return self._archive

    def chunks(self, skip: int = 0, until: int | None = None) -> Iterator[str]:
        """The decoded text from byte `skip` on, up to byte `until`, in pieces of a quarter of a megabyte.

        Bytes that are no UTF-8, and NUL, come out as U+FFFD.
        """
        left = self.limits.text + 1 if until is None else until - skip
        decoder = codecs.getincrementaldecoder(self.encoding)(errors="replace")
        read = 0
        with _readable(self), self.open_bytes() as stream:
            _skip(stream, skip)
            while block := stream.read(min(_BLOCK, left - read)):
                read += len(block)
                if read > self.limits.text:
                    raise UnsafeExport(
                        f"{self.filename}: the text is larger than {self.limits.text // _MIB} MiB; "
                        "raise --max-text if that is right"
                    )
                text = decoder.decode(block)
                if text:
                    # Looked for among bytes first, where it is found at once or not at all.
                    yield text.replace("\0", "\ufffd") if b"\0" in block and "\0" in text else text
            text = decoder.decode(b"", final=True)
            if text:
                yield text

    def measure(self, until: int) -> tuple[int, int]:
        """(characters, line ends) of the text before byte `until`, in UTF-8, where a line starts."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        characters, ends, left = 0, 0, until
        with _readable(self), self.open_bytes() as stream:
            while block := stream.read(min(_BLOCK, left)):
                left -= len(block)
                ends += block.count(b"\n")  # three times as fast as in text
                characters += len(decoder.decode(block))
        return characters + len(decoder.decode(b"", final=True)), ends

    def bytes_at(self, start: int, count: int) -> bytes:
        """A few bytes of the text, from byte `start` on."""
        with _readable(self), self.open_bytes() as stream:
            _skip(stream, start)
            return stream.read(count)

    def digest(self, lengths: Sequence[int] = ()) -> tuple[str, dict[int, str]]:
        """(sha256 of all the text's bytes, length -> sha256 of that many first ones, where a line ends there).

        `lengths` ascend; those that are not shorter than the text are left out.
        """
        whole = hashlib.sha256()
        prefixes: dict[int, str] = {}
        waiting = [length for length in lengths if length > 0][::-1]
        at = 0
        with _readable(self), self.open_bytes() as stream:
            while block := stream.read(_BLOCK):
                start = 0
                while waiting and waiting[-1] <= at + len(block):
                    length = waiting.pop()
                    whole.update(block[start : length - at])
                    start = length - at
                    if block[start - 1 : start] == b"\n":
                        prefixes[length] = whole.copy().hexdigest()
                whole.update(block[start:] if start else block)
                at += len(block)
        self.text_bytes = at
        prefixes.pop(at, None)
        return whole.hexdigest(), prefixes

    # -- the files beside it --------------------------------------------------------------------

    def has_file(self, name: str) -> bool:
        """Whether a file of that name lies beside the text, whatever its case or Unicode form."""
        return fold_name(name) in self._zip_names

    def open_file(self, name: str) -> tuple[io.BufferedIOBase, int]:
        """(stream, size) of a file beside the text. Raises KeyError when there is none."""
        real = self._zip_names[fold_name(name)]
        if self.member is None:
            assert self._folder is not None
            path = self._folder / real
            return path.open("rb"), path.stat().st_size
        info = self._zip().getinfo(real)
        return cast(io.BufferedIOBase, self._zip().open(info)), info.file_size

    def has_files(self) -> bool:
        """Whether any file lies beside the text."""
        return bool(self._zip_names)

    def file_names(self) -> list[str]:
        """The files beside the text."""
        return list(self._zip_names.values())

    def close(self) -> None:
        """Close the zip, and remove what standard input was kept in."""
        if self._archive is not None:
            self._archive.close()
            self._archive = None
        if self._temporary:
            self.path.unlink(missing_ok=True)


class _readable:
    """Turns what a damaged file raises while it is read into a sentence."""

    def __init__(self, export: Export) -> None:
        self._name = export.filename

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (zipfile.BadZipFile, zlib.error, EOFError)):
            raise UnsafeExport(f"{self._name}: the zip is damaged ({error}); export the chat again") from error
        if isinstance(error, NotImplementedError):
            raise UnsafeExport(f"{self._name}: {error}; unpack it and give the folder instead") from error
        if isinstance(error, RuntimeError) and "encrypted" in str(error):
            raise UnsafeExport(f"{self._name}: the zip has a password; unpack it and give the folder") from error
        if isinstance(error, OSError):
            raise UnsafeExport(f"{self._name}: cannot be read ({error.strerror or error})") from error


def fold_name(name: str) -> str:
    """A file name as it is compared: without folder, case and Unicode form."""
    return unicodedata.normalize("NFC", name.rpartition("/")[2]).casefold()


def open_exports(path: Path, limits: Limits | None = None) -> list[Export]:
    """All chats in what `path` names (``-`` is standard input).

    Raises `NotAnExport` for what holds no chat, `UnsafeExport` for what is damaged or too large.
    """
    limits = limits or Limits()
    if str(path) == "-":
        return _from_stdin(limits)
    if not path.exists():
        raise NotAnExport(f"{path}: there is no such file")
    try:
        if path.is_dir():
            return _from_folder(path, limits)
        if not path.is_file():
            raise NotAnExport(f"{path}: is neither a file nor a folder")
        with path.open("rb") as stream:
            start = stream.read(4096)
    except PermissionError:
        raise NotAnExport(f"{path}: may not be read; look at its permissions") from None
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
        exports = open_exports(spooled, limits)
    except BaseException:
        spooled.unlink(missing_ok=True)
        raise
    for export in exports:
        export.shown_as = "standard input"
        export.name = None if export.member is None else export.name
        export._temporary = True
    return exports


def _from_text(path: Path, start: bytes, limits: Limits) -> Export:
    size = path.stat().st_size
    _refuse_other_formats(path, start, size)
    if size > limits.text:
        raise UnsafeExport(f"{path.name}: {size // _MIB} MiB of text; raise --max-text if that is right")
    export = Export(
        path, _chat_name(path), text_bytes=size,
        written=datetime.fromtimestamp(path.stat().st_mtime), encoding=_encoding(path), limits=limits,
    )  # fmt: skip
    # Unpacked beside its media: they lie in the same folder.
    if path.name == "_chat.txt" or any(path.parent.glob("*-WA[0-9]*.*")):
        export._folder = path.parent
        export._zip_names = {fold_name(p.name): p.name for p in path.parent.iterdir() if p.is_file() and p != path}
    return export


def _from_folder(folder: Path, limits: Limits) -> list[Export]:
    texts = sorted(p for p in folder.rglob("*.txt") if p.is_file() and not p.is_symlink())
    zips = sorted(p for p in folder.rglob("*.zip") if p.is_file() and not p.is_symlink())
    found: list[Export] = []
    for text in texts:
        with text.open("rb") as stream:
            start = stream.read(65536)
        if not _starts_like_chat(start):
            continue
        export = _from_text(text, start, limits)
        if export._folder is None:
            export._folder = text.parent
            export._zip_names = {fold_name(p.name): p.name for p in text.parent.iterdir() if p.is_file() and p != text}
        found.append(export)
    for path in zips:
        found += _from_zip(path, limits)
    if not found:
        raise NotAnExport(
            f"{folder}: holds no WhatsApp export; give the folder with _chat.txt or 'WhatsApp Chat with …' in it"
        )
    return found


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise UnsafeExport(f"{path.name}: the zip is damaged or cut off ({error}); export the chat again") from error


def _from_zip(path: Path, limits: Limits) -> list[Export]:
    with _open_zip(path) as archive:
        entries = archive.infolist()
        if len(entries) > limits.files:
            raise UnsafeExport(f"{path.name}: {len(entries)} files; raise --max-files if that is right")
        names: dict[str, str] = {}
        notes: list[str] = []
        texts: list[zipfile.ZipInfo] = []
        for info in entries:
            if info.is_dir():
                continue
            shown = _zip_name(info)
            if shown.startswith(("/", "\\")) or ".." in shown.replace("\\", "/").split("/") or ":" in shown[:3]:
                notes.append(f"left out a file with an unsafe name: {shown[:80]}")
                continue
            if stat.S_ISLNK(info.external_attr >> 16):
                notes.append(f"left out a link: {shown[:80]}")
                continue
            if shown.lower().endswith(".txt") and not shown.startswith("__MACOSX/"):
                texts.append(info)
            names[fold_name(shown)] = info.filename
        chosen = [i for i in texts if i.filename.rpartition("/")[2] == "_chat.txt"]
        chosen = chosen or [i for i in texts if chat_name_from_file(_stem(_zip_name(i)))]
        if not chosen:
            scored = [(n, i) for i in texts if (n := _heads_at_start(archive, i, path, limits))]
            chosen = [max(scored, key=lambda s: s[0])[1]] if scored else []
        if not chosen:
            what = "an encrypted text" if any(i.flag_bits & 1 for i in texts) else "no chat"
            raise NotAnExport(
                f"{path.name}: the zip holds {what} ({len(entries)} files); an export has _chat.txt or "
                "'WhatsApp Chat with ….txt' in it"
            )
        exports = []
        for info in chosen:
            if info.flag_bits & 1:
                raise UnsafeExport(f"{path.name}: the zip has a password; unpack it and give the folder")
            if info.file_size > limits.text:
                raise UnsafeExport(
                    f"{path.name}: its text claims {info.file_size // _MIB} MiB; raise --max-text if that is right"
                )
            name = chat_name_from_file(_stem(_zip_name(info))) or _chat_name(path)
            export = Export(
                path, name, info.filename, info.file_size, _zip_date(info), notes=notes, limits=limits,
            )  # fmt: skip
            export._zip_names = {k: v for k, v in names.items() if v != info.filename}
            export.encoding = _encoding_of(_start_of(archive, info, path))
            exports.append(export)
        return exports


def _zip_name(info: zipfile.ZipInfo) -> str:
    """A name in a zip: phones write UTF-8, with or without saying so."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return info.filename


def _zip_date(info: zipfile.ZipInfo) -> datetime | None:
    try:
        return datetime(*info.date_time) if info.date_time[0] > 2008 else None
    except ValueError:
        return None


def _stem(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".txt")


def _start_of(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> bytes:
    with _readable(Export(path, None)), archive.open(info) as stream:
        return stream.read(65536)


def _heads_at_start(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, limits: Limits) -> int:
    if info.flag_bits & 1 or info.file_size > limits.text:
        return 0
    text = _start_of(archive, info, path).decode("utf-8", "replace")
    return sum(find_head(line) is not None for line in text.split("\n")[:400])


def _starts_like_chat(start: bytes) -> bool:
    lines = start.decode(_encoding_of(start), "replace").split("\n")[:200]
    return any(find_head(line) or part_bare(line)[1] for line in lines)


def _chat_name(path: Path) -> str | None:
    """The chat's name by the file's, or by its folder's."""
    name = chat_name_from_file(path.stem)
    if name is None and path.name == "_chat.txt":
        name = chat_name_from_file(path.parent.name)
    return name


def _encoding(path: Path) -> str:
    with path.open("rb") as stream:
        return _encoding_of(stream.read(_BLOCK))


def _encoding_of(start: bytes) -> str:
    """UTF-8 unless a byte order mark, or bytes that can be no UTF-8 at every turn, say otherwise."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    text = start.decode("utf-8", "replace")
    high = sum(byte > 127 for byte in start[:65536])
    broken = text[:65536].count("\ufffd")
    return "cp1252" if broken > 3 and broken > high * 0.9 else "utf-8"


def _skip(stream: io.BufferedIOBase, count: int) -> None:
    if count and stream.seekable():
        stream.seek(count)
        return
    while count > 0:
        block = stream.read(min(count, _BLOCK))
        if not block:
            return
        count -= len(block)


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
    if not start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and start.count(0) > len(start) // 10:
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
