"""Zip files as phones, cloud drives and other programs write them: what one entry has wrong costs that entry alone."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, cast

from ingest.core.errors import UnsafeExport
from ingest.exports.cut_zips import CutZip

_END = b"PK\x05\x06"
_ENTRY = b"PK\x01\x02"
_ENTRY_SIZE = 46
_IS_UTF8 = 0x800
#: The newest zip version that Python's zipfile reads.
_NEWEST = 63


def open_zip(path: Path) -> zipfile.ZipFile:
    """Open a zip. Raises `UnsafeExport` when its directory cannot be read."""
    try:
        return zipfile.ZipFile(path)
    except (NotImplementedError, UnicodeDecodeError):
        # One entry wants a newer unzip, or has a name that is no UTF-8 and says it is: zipfile then refuses all.
        try:
            return zipfile.ZipFile(_Mended(path))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
            raise _damaged(path, error) from error
    except zipfile.BadZipFile as error:
        # What its end would tell may be told by what comes before each file.
        try:
            return zipfile.ZipFile(cast(IO[bytes], CutZip(path)))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
            raise _damaged(path, error) from error
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from error


def what_is_cut(archive: zipfile.ZipFile) -> str | None:
    """A sentence about a zip that was cut off; None for a whole one."""
    stream: object = archive.fp
    if not isinstance(stream, CutZip):
        return None
    if stream.cut is None:
        return "the zip has lost its end: what is in it was read, files may be missing; better send it anew"
    name = stream.cut.decode("utf-8", "replace").rpartition("/")[2]
    return f"the zip is cut off within {name}: what came after that is missing; export the chat again"


def _damaged(path: Path, error: Exception) -> UnsafeExport:
    return UnsafeExport(f"{path.name}: the zip is damaged or cut off ({error}); export the chat again")


class _Mended(io.FileIO):
    """A zip whose directory is shown with versions and names that zipfile can read; the entries stay as they are."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self._patches: dict[int, bytes] = {}  # offset -> other bytes
        self._patches = dict(_patches(self))
        self.seek(0)

    def read(self, size: int | None = -1) -> bytes:
        at = self.tell()
        found = super().read(-1 if size is None else size)
        for offset, patch in self._patches.items():
            if at < offset + len(patch) and offset < at + len(found):
                whole = bytearray(found)
                for n, byte in enumerate(patch):
                    if 0 <= offset + n - at < len(whole):
                        whole[offset + n - at] = byte
                found = bytes(whole)
        return found


def _patches(stream: io.FileIO) -> Iterator[tuple[int, bytes]]:
    """What to change in a zip's directory (APPNOTE.TXT, 4.3.12 and 4.3.16)."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, size - 65_557))
    tail = stream.read()
    end = tail.rfind(_END)
    if end < 0:
        return
    length, offset = struct.unpack("<2L", tail[end + 12 : end + 20])
    at = min(offset, size)
    stream.seek(at)
    directory = stream.read(length)
    here = 0
    while directory[here : here + 4] == _ENTRY and here + _ENTRY_SIZE <= len(directory):
        version, flags = directory[here + 6], struct.unpack_from("<H", directory, here + 8)[0]
        name_length, extra_length, comment_length = struct.unpack_from("<3H", directory, here + 28)
        name = directory[here + _ENTRY_SIZE : here + _ENTRY_SIZE + name_length]
        if version > _NEWEST:
            yield at + here + 6, bytes([_NEWEST])
        if flags & _IS_UTF8 and not _is_utf8(name):
            yield at + here + 8, struct.pack("<H", flags & ~_IS_UTF8)
        here += _ENTRY_SIZE + name_length + extra_length + comment_length


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def entry_name(info: zipfile.ZipInfo) -> str:
    """A name in a zip, with ``/`` between folders: phones write UTF-8, with or without saying so."""
    name = info.filename
    if not info.flag_bits & _IS_UTF8:
        try:
            name = name.encode("cp437").decode("utf-8")
        except (UnicodeEncodeError, UnicodeDecodeError):
            pass
    return name.replace("\\", "/")


def is_unsafe(name: str) -> bool:
    """Whether a name points out of the zip."""
    return name.startswith("/") or ".." in name.split("/") or ":" in name[:3]


def is_link(info: zipfile.ZipInfo) -> bool:
    """Whether an entry is a symbolic link."""
    return stat.S_ISLNK(info.external_attr >> 16)


def is_locked(info: zipfile.ZipInfo) -> bool:
    """Whether an entry wants a password."""
    return bool(info.flag_bits & 1)


def entry_date(info: zipfile.ZipInfo) -> datetime | None:
    """When an entry was written, where that can be believed."""
    try:
        return datetime(*info.date_time) if info.date_time[0] > 2008 else None
    except ValueError:
        return None
