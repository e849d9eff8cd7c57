"""A zip that was cut off, as a download or a full phone leaves it: read by what comes before each of its files.

The directory of a zip is at its end. Where that is missing, one is made of the entries' own headers, and shown behind
the bytes that are there. Format: APPNOTE.TXT 6.3.10, 4.3.7 (local header), 4.3.9 (data descriptor), 4.3.12 and 4.3.16.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LOCAL = struct.Struct("<4s5H3L2H")  # signature, version, flags, method, time, date, crc, packed, size, name, extra
_DESCRIPTOR = b"PK\x07\x08"
_STORED, _DEFLATED = 0, 8
_IS_LOCKED, _HAS_DESCRIPTOR = 1, 8
_IN_EXTRA = 0xFFFFFFFF
_BLOCK = 1 << 16
#: Of a zip without its end; each is held in memory.
_MOST_ENTRIES = 100_000


@dataclass(slots=True)
class _Entry:
    offset: int
    name: bytes
    flags: int
    method: int
    when: int  # time and date as they stand
    crc: int
    packed: int
    size: int
    is_cut: bool = False


class CutZip(io.RawIOBase):
    """A zip without its end, as a file that ends in a directory. Raises `zipfile.BadZipFile` where nothing is whole.

    `names`: the entries that can be read; `cut`: the name of the one within which the zip ends, as bytes. Only a text
    is read as far as it goes: half a photo is none.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._stream = path.open("rb")
        self._at = 0
        entries: list[_Entry] = []
        self.cut: bytes | None = None
        for entry in _entries(self._stream):
            if len(entries) >= _MOST_ENTRIES:
                raise zipfile.BadZipFile(f"more than {_MOST_ENTRIES:,} files")
            if entry.is_cut:
                self.cut = entry.name
            if not entry.is_cut or (entry.size and entry.name.lower().endswith(b".txt")):
                entries.append(entry)
        if not entries:
            self._stream.close()
            raise zipfile.BadZipFile("no file in it is whole")
        self.count = len(entries)
        self._size = self._stream.seek(0, io.SEEK_END)
        self._directory = _directory(entries, self._size)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size + len(self._directory)}[whence]
        self._at = max(0, start + offset)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        end = self._size + len(self._directory)
        stop = end if size is None or size < 0 else min(end, self._at + size)
        found = b""
        if self._at < self._size:
            self._stream.seek(self._at)
            found = self._stream.read(min(stop, self._size) - self._at)
        if stop > self._size:
            found += self._directory[max(0, self._at - self._size) : stop - self._size]
        self._at += len(found)
        return found

    def close(self) -> None:
        self._stream.close()
        super().close()


def _entries(stream: io.BufferedReader) -> Iterator[_Entry]:
    """The entries by their own headers, from the start of the file until one does not follow another."""
    end = stream.seek(0, io.SEEK_END)
    at = 0
    while True:
        stream.seek(at)
        head = stream.read(_LOCAL.size)
        if len(head) < _LOCAL.size or head[:4] != b"PK\x03\x04":
            return
        _, _, flags, method, time, date, crc, packed, size, name_length, extra_length = _LOCAL.unpack(head)
        name, extra = stream.read(name_length), stream.read(extra_length)
        entry = _Entry(at, name, flags, method, time | date << 16, crc, packed, size)
        begin = at + _LOCAL.size + name_length + extra_length
        if begin > end:
            return
        if _IN_EXTRA in (packed, size):
            entry.size, entry.packed = _wide_sizes(extra) or (size, packed)
        if flags & _HAS_DESCRIPTOR and not entry.packed:
            after = _measure(stream, begin, entry)
        else:
            after = begin + entry.packed
            entry.is_cut = after > end
            if entry.is_cut and method in (_STORED, _DEFLATED):
                _measure_cut(stream, begin, entry)
        # What is known now is in the directory; locked entries keep their flag, and are refused by it.
        entry.flags &= ~_HAS_DESCRIPTOR
        yield entry
        if entry.is_cut:
            return
        at = after


def _wide_sizes(extra: bytes) -> tuple[int, int] | None:
    """(size, packed size) where they take eight bytes: 4.5.3."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1 and length >= 16 and at + 20 <= len(extra):
            size, packed = struct.unpack_from("<2Q", extra, at + 4)
            return size, packed
        at += 4 + length
    return None


def _measure(stream: io.BufferedReader, begin: int, entry: _Entry) -> int:
    """Find where an entry ends whose sizes come after it; returns where the next may begin."""
    if entry.flags & _IS_LOCKED or entry.method not in (_STORED, _DEFLATED):
        entry.is_cut = True
        return begin
    if entry.method == _DEFLATED:
        _inflate(stream, begin, entry)
        if entry.is_cut:
            return begin + entry.packed
    elif not _find_descriptor(stream, begin, entry):
        _measure_cut(stream, begin, entry)
        entry.is_cut = True
        return begin + entry.packed
    stream.seek(begin + entry.packed)
    after = stream.read(28)
    # The descriptor has a signature or none, and sizes of four or eight bytes.
    for length in (16, 24, 12, 20):
        if after[length : length + 2] == b"PK":
            return begin + entry.packed + length
    return begin + entry.packed + (16 if after[:4] == _DESCRIPTOR else 12)


def _measure_cut(stream: io.BufferedReader, begin: int, entry: _Entry) -> None:
    """The sizes of what is there of an entry that does not end."""
    if entry.method == _DEFLATED:
        _inflate(stream, begin, entry)
        return
    stream.seek(begin)
    entry.crc = entry.size = 0
    while block := stream.read(_BLOCK):
        entry.crc = zlib.crc32(block, entry.crc)
        entry.size += len(block)
    entry.packed = entry.size


def _inflate(stream: io.BufferedReader, begin: int, entry: _Entry) -> None:
    """Size and checksum of deflated bytes, which say themselves where they end."""
    stream.seek(begin)
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
    entry.crc = entry.size = entry.packed = 0
    try:
        while not unpacking.eof and (block := stream.read(_BLOCK)):
            entry.packed += len(block)
            while block and not unpacking.eof:
                text = unpacking.decompress(block, _BLOCK)
                entry.crc = zlib.crc32(text, entry.crc)
                entry.size += len(text)
                block = unpacking.unconsumed_tail
    except zlib.error:
        entry.size = 0  # it does not even begin
    entry.packed -= len(unpacking.unused_data)
    entry.is_cut = not unpacking.eof


def _find_descriptor(stream: io.BufferedReader, begin: int, entry: _Entry) -> bool:
    """Whether a descriptor says of the bytes before it how many they are: stored bytes say nothing of their end."""
    stream.seek(begin)
    at, kept, crc, counted = begin, b"", 0, begin
    while block := stream.read(_BLOCK):
        window = kept + block
        start = at - len(kept)
        found = window.find(_DESCRIPTOR)
        while found >= 0 and found + 16 <= len(window):
            wanted, packed = struct.unpack_from("<2L", window, found + 4)
            here = start + found
            if packed == here - begin:
                # Each byte is summed once, however many descriptors there seem to be.
                crc, counted = zlib.crc32(window[max(0, counted - start) : found], crc), max(counted, here)
                if crc == wanted:
                    entry.crc, entry.packed, entry.size = wanted, packed, packed
                    return True
            found = window.find(_DESCRIPTOR, found + 1)
        # All but the last bytes, which may be the beginning of a descriptor, are counted.
        until = start + max(0, len(window) - 15)
        if until > counted:
            crc = zlib.crc32(window[counted - start : until - start], crc)
            counted = until
        at += len(block)
        kept = window[-15:]
    return False


def _directory(entries: list[_Entry], offset: int) -> bytes:
    """The directory and the record that ends a zip."""
    found = b"".join(_line(entry) for entry in entries)
    count = min(len(entries), 0xFFFF)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(found), min(offset, _IN_EXTRA), 0)
    if count == 0xFFFF or offset >= _IN_EXTRA:
        wide = struct.pack(
            "<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, len(entries), len(entries), len(found), offset
        )  # fmt: skip
        end = wide + struct.pack("<4sLQL", b"PK\x06\x07", 0, offset + len(found), 1) + end
    return found + end


def _line(entry: _Entry) -> bytes:
    wide = struct.pack("<2H3Q", 1, 24, entry.size, entry.packed, entry.offset)
    head = struct.pack(
        "<4s4HLLLL5HLL", b"PK\x01\x02", 45, 45, entry.flags, entry.method, entry.when, entry.crc, _IN_EXTRA, _IN_EXTRA,
        len(entry.name), len(wide), 0, 0, 0, 0, _IN_EXTRA,
    )  # fmt: skip
    return head + entry.name + wide
