"""Exports that were cut off: what is there is read, what is missing is said, and the whole one doubles nothing."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path

import pytest

from ingest.core.errors import UnsafeExport
from ingest.exports.discover import open_exports
from ingest.exports.zips import open_zip, what_is_cut
from tests.helpers import one, put, rows

TEXT = "".join(
    f"{13 + n // 600}/2/24, {1 + n // 60 % 10}:{n % 60:02} pm - "
    f"{'Anna' if n % 2 else 'Emma'}: message {n} of {n * 7919}, naïve café\n"
    for n in range(3_000)
).encode()
PHOTO = random.Random(1).randbytes(40_000)
FILES = {"IMG-20240213-WA0001.jpg": PHOTO, "WhatsApp Chat with Émma.txt": TEXT, "IMG-20240213-WA0002.jpg": PHOTO[::-1]}


class _Pipe(io.RawIOBase):
    """Where a zip is written that cannot go back: sizes come after each file."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.bytes += bytes(data)  # type: ignore[call-overload]
        return len(bytes(data))  # type: ignore[call-overload]


def _zip(method: int, as_pipe: bool) -> bytes:
    out = _Pipe() if as_pipe else io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:  # type: ignore[arg-type]
        for name, content in FILES.items():
            archive.writestr(name, content)
    return bytes(out.bytes) if isinstance(out, _Pipe) else out.getvalue()


@pytest.mark.parametrize("as_pipe", [False, True])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_gives_what_is_in_it_wherever_it_is_cut(tmp_path: Path, method: int, as_pipe: bool) -> None:
    whole = _zip(method, as_pipe)
    path = tmp_path / "WhatsApp Chat with Émma.zip"
    before = 0
    for cut in [*range(len(PHOTO) + 700, len(whole), len(whole) // 23), len(whole) - 5, len(whole) - 30]:
        path.write_bytes(whole[:cut])
        with open_zip(path) as archive:
            found = {info.filename: archive.read(info) for info in archive.infolist()}
            sentence = what_is_cut(archive)
        assert list(found) == list(FILES)[: len(found)]
        for name, content in found.items():
            # Half a text is one, half a photo is none.
            assert FILES[name] == content or (name.endswith(".txt") and FILES[name].startswith(content))
        left = sum(map(len, found.values()))
        assert left >= before
        before = left
        assert sentence
        assert ("lost its end" in sentence) == (len(found) == 3)
    assert before == sum(map(len, FILES.values()))
    path.write_bytes(whole)
    with open_zip(path) as archive:
        assert what_is_cut(archive) is None


def test_the_chat_of_a_cut_zip_is_kept_and_made_whole_by_the_next(tmp_path: Path) -> None:
    whole = _zip(zipfile.ZIP_DEFLATED, True)
    path, database = tmp_path / "WhatsApp Chat with Émma.zip", tmp_path / "memories.db"
    path.write_bytes(whole[:60_000])
    (account,) = put(database, path)
    assert any("cut off within WhatsApp Chat with Émma.txt" in note for note in account.notes)
    count = one(database, "SELECT count(*) FROM messages")
    assert 1_500 < int(str(count)) < 3_000
    assert one(database, "SELECT count(*) FROM media") == 0
    path.write_bytes(whole)
    put(database, path)
    assert one(database, "SELECT count(*) FROM messages") == 3_000
    assert one(database, "SELECT count(*) FROM messages WHERE text NOT LIKE '%naïve café'") == 0


def test_where_nothing_is_left_it_is_said(tmp_path: Path) -> None:
    path = tmp_path / "WhatsApp Chat with Émma.zip"
    path.write_bytes(_zip(zipfile.ZIP_STORED, False)[:300])
    with pytest.raises(UnsafeExport, match="damaged or cut off"):
        open_exports(path)
    path.write_bytes(_zip(zipfile.ZIP_STORED, False)[: len(PHOTO) + 60])
    with pytest.raises(UnsafeExport, match="no chat is in what is left"):
        open_exports(path)


@pytest.mark.parametrize("whole_first", [False, True])
@pytest.mark.parametrize("cut", [1, 2, 4, 9, 30, 46, 50, 57, 63, 70])
def test_a_cut_text_and_the_whole_one_are_one(tmp_path: Path, cut: int, whole_first: bool) -> None:
    export, database = tmp_path / "WhatsApp Chat with Emma.txt", tmp_path / "memories.db"
    texts = [TEXT[:2_000].rpartition(b"\n")[0] + b"\n"]
    texts.insert(int(whole_first), texts[0][:-cut])
    for text in texts:
        export.write_bytes(text)
        put(database, export)
    said = [text for (text,) in rows(database, "SELECT text FROM messages ORDER BY sent_at")]
    assert said == [line.partition(": ")[2] for line in texts[int(not whole_first)].decode().splitlines()]


def test_a_last_letter_that_is_cut_is_said(tmp_path: Path) -> None:
    export = tmp_path / "WhatsApp Chat with Emma.txt"
    export.write_bytes(TEXT[:1_000].rpartition("é".encode())[0] + "é".encode()[:1])
    (account,) = put(tmp_path / "memories.db", export)
    assert any("1 letter could not be read" in note for note in account.notes), account.notes
