"""An export: one chat's text, as often as it is asked for, and the files beside it one by one. Never unpacked."""

from __future__ import annotations

import codecs
import hashlib
import io
import lzma
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import cast

from ingest.core.errors import MemoriesError, UnsafeExport
from ingest.exports.encodings import (
    TwiceDecoder,
    better_encoding,
    ends_within_letter,
    high_bytes,
    is_encoded_twice,
    is_utf8,
    undecodable,
)
from ingest.exports.zips import open_zip

_BLOCK = 1 << 16
_MIB = 1 << 20
_MOST_ODD = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What an export may ask of this machine. Sizes in bytes."""

    text: int = 4096 * _MIB
    file: int = 2048 * _MIB
    files: int = 500_000


@dataclass(slots=True)
class Export:
    """One chat's export. `path` is where it was given, `member` the text inside a zip.

    `problem`: the file looked like an export, and cannot be read; this is why. `has_returns_only`: its lines end in
    a carriage return alone, and are given with a newline.
    """

    path: Path
    name: str | None
    member: str | None = None
    text_bytes: int = 0
    written: datetime | None = None
    encoding: str = "utf-8"
    notes: list[str] = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)
    problem: MemoriesError | None = None
    has_returns_only: bool = False
    is_encoded_twice: bool = False  # UTF-8 that was taken for cp1252 and saved again, known after `digest`
    undecodable: int = 0  # bytes that are no text, known after `digest`
    is_temporary: bool = False  # `close` removes it
    shown_as: str = ""
    _entries: dict[str, str] = field(default_factory=dict)  # folded name -> name in the zip
    _paths: dict[str, Path] = field(default_factory=dict)  # folded name -> file beside the text
    _archive: zipfile.ZipFile | None = None  # kept open: reading a big zip's directory anew for each file is slow

    @property
    def filename(self) -> str:
        """The export's name as the archive keeps it: never a path of this machine."""
        return self.shown_as or self.path.name

    @property
    def may_be_parted(self) -> bool:
        """Whether the text can be read from any byte at which a line starts."""
        return self.encoding == "utf-8" and not self.has_returns_only and not self.is_encoded_twice

    # -- the text -------------------------------------------------------------------------------

    def open_bytes(self) -> io.BufferedIOBase:
        """The chat's text as bytes, from the start."""
        if self.member is None:
            return self.path.open("rb")
        return cast(io.BufferedIOBase, self._zip().open(self.member))

    def _zip(self) -> zipfile.ZipFile:
        if self._archive is None:
            self._archive = open_zip(self.path)
        return self._archive

    def chunks(self, skip: int = 0, until: int | None = None) -> Iterator[str]:
        """The decoded text from byte `skip` on, up to byte `until`, in pieces of a quarter of a megabyte.

        Bytes that are no text, and NUL, come out as U+FFFD.
        """
        left = self.limits.text + 1 if until is None else until - skip
        decoder = (
            TwiceDecoder() if self.is_encoded_twice else codecs.getincrementaldecoder(self.encoding)(errors="replace")
        )
        read = 0
        with readable(self), self.open_bytes() as stream:
            skip_bytes(stream, skip)
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
                    text = text.replace("\0", "\ufffd") if b"\0" in block and "\0" in text else text
                    yield text.replace("\r", "\n") if self.has_returns_only else text
            text = decoder.decode(b"", final=True)
            if text:
                yield text

    def measure(self, until: int) -> tuple[int, int]:
        """(characters, line ends) of the text before byte `until`, in UTF-8, where a line starts."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        characters, ends, left = 0, 0, until
        with readable(self), self.open_bytes() as stream:
            while block := stream.read(min(_BLOCK, left)):
                left -= len(block)
                ends += block.count(b"\n")  # three times as fast as in text
                characters += len(decoder.decode(block))
        return characters + len(decoder.decode(b"", final=True)), ends

    def bytes_at(self, start: int, count: int) -> bytes:
        """A few bytes of the text, from byte `start` on."""
        with readable(self), self.open_bytes() as stream:
            skip_bytes(stream, start)
            return stream.read(count)

    def digest(self, lengths: Sequence[int] = ()) -> tuple[str, dict[int, str]]:
        """(sha256 of all the text's bytes, length -> sha256 of that many first ones, where a line ends there).

        `lengths` ascend; those that are not shorter than the text are left out. Counts on the way what is no UTF-8,
        and finds out the encoding where that is most of it.
        """
        whole = hashlib.sha256()
        prefixes: dict[int, str] = {}
        waiting = [length for length in lengths if length > 0][::-1]
        at = high = bad = 0
        tail = letters = b""
        odd = bytearray()
        with readable(self), self.open_bytes() as stream:
            while block := stream.read(_BLOCK):
                if not block.isascii():
                    letters = letters or block
                    high += high_bytes(block)
                    if not is_utf8(block):
                        bad += undecodable(block)
                        odd += block if len(odd) < _MOST_ODD else b""
                start = 0
                while waiting and waiting[-1] <= at + len(block):
                    length = waiting.pop()
                    whole.update(block[start : length - at])
                    start = length - at
                    if block[start - 1 : start] == b"\n":
                        prefixes[length] = whole.copy().hexdigest()
                whole.update(block[start:] if start else block)
                at += len(block)
                tail = (tail + block)[-3:]
        bad += ends_within_letter(tail)
        self.text_bytes = at
        prefixes.pop(at, None)
        if self.encoding == "utf-8" and bad:
            # Where most of what is not ASCII is no UTF-8, the text is in another encoding; else it is damaged.
            other = better_encoding(bytes(odd)) if 2 * bad > high else None
            self.encoding = other or self.encoding
            self.undecodable = 0 if other else bad
        self.is_encoded_twice = self.encoding == "utf-8" and not bad and is_encoded_twice(letters)
        return whole.hexdigest(), prefixes

    # -- the files beside it --------------------------------------------------------------------

    def add_entries(self, entries: Mapping[str, str]) -> None:
        """Files that lie in the zip: name as `fold_name` gives it -> name in the zip."""
        self._entries.update(entries)

    def add_paths(self, paths: Iterable[Path]) -> None:
        """Files that lie beside the text, or wherever the user says."""
        for path in paths:
            self._paths.setdefault(fold_name(path.name), path)

    def has_file(self, name: str) -> bool:
        """Whether a file of that name lies beside the text, whatever its case or Unicode form."""
        key = fold_name(name)
        return key in self._entries or key in self._paths

    def open_file(self, name: str) -> tuple[io.BufferedIOBase, int]:
        """(stream, size in bytes) of a file beside the text. Raises KeyError when there is none.

        What else it raises is as varied as the ways in which a zip can be damaged.
        """
        key = fold_name(name)
        if key in self._entries:
            info = self._zip().getinfo(self._entries[key])
            return cast(io.BufferedIOBase, self._zip().open(info)), info.file_size
        path = self._paths[key]
        if path.is_symlink():
            raise KeyError(name)
        return path.open("rb"), path.stat().st_size

    @property
    def files_beside(self) -> Iterable[Path]:
        """The files that lie beside the text."""
        return self._paths.values()

    def has_files(self) -> bool:
        """Whether any file lies beside the text."""
        return bool(self._entries or self._paths)

    def close(self) -> None:
        """Close the zip, and remove what standard input was kept in."""
        if self._archive is not None:
            self._archive.close()
            self._archive = None
        if self.is_temporary:
            self.path.unlink(missing_ok=True)


#: What Python's zip reader raises for entries whose headers or bytes are not what they say.
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, ValueError, OverflowError)


class readable:
    """Turns what a damaged file raises while it is read into a sentence."""

    def __init__(self, export: Export) -> None:
        self._name = export.filename

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, _DAMAGED):
            raise UnsafeExport(f"{self._name}: the zip is damaged ({error}); export the chat again") from error
        if isinstance(error, NotImplementedError):
            raise UnsafeExport(f"{self._name}: {error}; unpack it and give the folder instead") from error
        if isinstance(error, RuntimeError):  # `zipfile` raises no other one
            raise UnsafeExport(f"{self._name}: the zip has a password; unpack it and give the folder") from error
        if isinstance(error, OSError):
            raise UnsafeExport(f"{self._name}: cannot be read ({error.strerror or error})") from error


def fold_name(name: str) -> str:
    """A file name as it is compared: without folder, case and Unicode form."""
    return unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2]).casefold()


def skip_bytes(stream: io.BufferedIOBase, count: int) -> None:
    """Go on to byte `count` of a stream that is at its start."""
    if count and stream.seekable():
        stream.seek(count)
        return
    while count > 0:
        block = stream.read(min(count, _BLOCK))
        if not block:
            return
        count -= len(block)
