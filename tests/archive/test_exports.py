"""Whatever people hand over is opened safely, or refused with a sentence that says what to do."""

from __future__ import annotations

import io
import os
import stat
import struct
import unicodedata
import zipfile
from pathlib import Path

import pytest

from ingest.core.errors import MemoriesError, NotAnExport, UnsafeExport
from ingest.exports.discover import open_exports
from ingest.exports.source import Export, Limits
from tests.helpers import put, rows

CHAT = "3/27/22, 9:41\u202fPM - Anna: hello\n3/27/22, 9:42\u202fPM - Ben: hi\n"


def zipped(path: Path, files: dict[str, bytes | str], **options: object) -> Path:
    with zipfile.ZipFile(path, "w", **options) as archive:  # type: ignore[arg-type]
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def text_of(export: Export) -> str:
    return "".join(export.chunks())


OTHERS = [
    ("page.html", b"<!DOCTYPE html><html><body>chat</body></html>", "web page"),
    ("result.json", b'{"name": "Family", "type": "personal_chat", "messages": []}', "Telegram"),
    ("msgstore.db.crypt15", os.urandom(4096), "Export chat"),
    ("msgstore.db", b"SQLite format 3\0" + bytes(200), "Export chat"),
    ("empty.txt", b"", "empty"),
    ("photo.jpg", b"\xff\xd8\xff\xe0" + os.urandom(3000), "photo.jpg"),
    ("noise.bin", bytes(range(256)) * 40, "noise.bin"),
    ("notes.txt", b"shopping: milk, bread\nand more\n", "notes.txt"),
]


@pytest.mark.parametrize(("name", "content", "said"), OTHERS, ids=[o[0] for o in OTHERS])
def test_what_is_no_export_is_named(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MemoriesError) as caught:
        put(tmp_path / "memories.db", tmp_path / name)
    assert said in str(caught.value)
    assert rows(tmp_path / "memories.db", "SELECT count(*) FROM messages") == [(0,)]


def test_nothing_there_and_nothing_inside(tmp_path: Path) -> None:
    with pytest.raises(NotAnExport, match="no such file"):
        open_exports(tmp_path / "gone.txt")
    with pytest.raises(NotAnExport, match="holds no WhatsApp export"):
        open_exports(tmp_path)


@pytest.mark.parametrize(
    "name", ["_chat.txt", "WhatsApp Chat with Ben.txt", "WhatsApp Chat - Ben/_chat.txt", "odd.txt"]
)
def test_the_text_in_a_zip_is_found(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "WhatsApp Chat - Ben.zip", {"a note.txt": "not this one", name: CHAT, "x.jpg": b"x"})
    exports = open_exports(path)
    assert [text_of(e) for e in exports] == [CHAT]
    assert exports[0].name == "Ben"


def test_a_folder_holds_several_chats_and_zips(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "_chat.txt").write_text(CHAT, "utf-8")
    (tmp_path / "WhatsApp Chat with Cleo.txt").write_text(CHAT, "utf-8")
    (tmp_path / "readme.txt").write_text("nothing", "utf-8")
    zipped(tmp_path / "z.zip", {"_chat.txt": CHAT})
    assert len(open_exports(tmp_path)) == 3


def test_names_that_lead_out_are_left_out(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "x.zip", {"_chat.txt": CHAT, "../evil.jpg": b"x", "/etc/evil.jpg": b"x", "C:\\evil.jpg": b"x"}
    )
    info = zipfile.ZipInfo("link.jpg")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(info, "/etc/passwd")
    export = open_exports(path)[0]
    assert len(export.notes) == 4
    assert not any(export.has_file(name) for name in ("evil.jpg", "link.jpg"))


def test_a_zip_cut_off_or_broken_is_said_so(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "x.zip", {"_chat.txt": CHAT * 1000}, compression=zipfile.ZIP_DEFLATED).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    assert "cut off within _chat.txt" in open_exports(tmp_path / "cut.zip")[0].notes[0]
    middle = len(whole) // 3
    (tmp_path / "bad.zip").write_bytes(whole[:middle] + bytes(20) + whole[middle + 20 :])
    with pytest.raises(UnsafeExport, match="damaged"):
        put(tmp_path / "memories.db", tmp_path / "bad.zip")


def test_an_encrypted_zip_is_said_so(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"_chat.txt": CHAT})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the local header's flag, then the directory's
    at = data.rindex(b"PK\x01\x02")
    data[at + 8] |= 1
    path.write_bytes(bytes(data))
    with pytest.raises(UnsafeExport, match="password"):
        open_exports(path)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"_chat.txt": CHAT + "a" * 3_000_000}, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(UnsafeExport, match="--max-text"):
        open_exports(path, Limits(text=1_000_000))
    with pytest.raises(UnsafeExport, match="--max-files"):
        open_exports(zipped(tmp_path / "y.zip", {"_chat.txt": CHAT, "a": "", "b": ""}), Limits(files=2))


def test_a_text_that_lies_about_its_size_is_stopped(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"_chat.txt": CHAT + "a" * 3_000_000}, compression=zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 100)  # the directory's idea of the unpacked size
    path.write_bytes(bytes(data))
    with pytest.raises(UnsafeExport):
        put(tmp_path / "memories.db", path)


def test_a_claim_of_ten_gigabytes_is_refused_at_once(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"_chat.txt": CHAT})
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 0xFFFFFFF0)
    path.write_bytes(bytes(data))
    with pytest.raises(UnsafeExport, match="claims"):
        open_exports(path, Limits(text=1 << 30))


def test_zip64_and_old_name_encodings(tmp_path: Path) -> None:
    path = tmp_path / "WhatsApp Chat with Zoë.zip"
    with (
        zipfile.ZipFile(path, "w", allowZip64=True) as archive,
        archive.open("_chat.txt", "w", force_zip64=True) as out,
    ):
        out.write(CHAT.encode())
    assert text_of(open_exports(path)[0]) == CHAT
    # UTF-8 names without the flag that says so, as some phones write them.
    raw = "Grüße.jpg".encode()
    path = zipped(tmp_path / "b.zip", {"_chat.txt": CHAT, "Gr__e__.jpg": b"x"})
    data = path.read_bytes().replace(b"Gr__e__.jpg", raw)
    path.write_bytes(data)
    assert open_exports(path)[0].has_file("Grüße.jpg")


@pytest.mark.parametrize("asked", ["img-1 é.JPG", unicodedata.normalize("NFD", "IMG-1 é.jpg")])
def test_files_are_found_whatever_their_case_or_form(tmp_path: Path, asked: str) -> None:
    path = zipped(tmp_path / "x.zip", {"_chat.txt": CHAT, "IMG-1 é.jpg": b"picture"})
    export = open_exports(path)[0]
    assert export.has_file(asked)
    stream, size = export.open_file(asked)
    with stream:
        assert (stream.read(), size) == (b"picture", 7)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (CHAT.encode("utf-8-sig"), 2),
        (CHAT.encode("utf-16"), 2),
        (CHAT.replace("\u202f", " ").encode("cp1252"), 2),
        (CHAT.encode() + b"3/28/22, 9:42 PM - Ben: bad \xff\xfe bytes\n", 3),
        (CHAT.encode() + b"3/28/22, 9:42 PM - Ben: nul \0 here\n", 3),
        (CHAT.replace("\n", "\r\n").encode(), 2),
        (CHAT.encode().rstrip(b"\n"), 2),
    ],
    ids=["bom", "utf16", "cp1252", "invalid", "nul", "crlf", "no newline"],
)
def test_encodings_and_ends(tmp_path: Path, content: bytes, expected: int) -> None:
    (tmp_path / "chat.txt").write_bytes(content)
    assert put(tmp_path / "memories.db", tmp_path / "chat.txt")[0].messages == expected


def test_a_day_that_cannot_be_is_kept_and_warned_of(tmp_path: Path) -> None:
    (tmp_path / "chat.txt").write_text(CHAT + "2/31/22, 9:00\u202fAM - Ben: odd\n", "utf-8")
    account = put(tmp_path / "memories.db", tmp_path / "chat.txt")[0]
    assert account.warnings == 1
    assert rows(tmp_path / "memories.db", "SELECT sent_at FROM messages WHERE text = 'odd'") == [
        ("2022-02-28T09:00:00",)
    ]
    assert "no such day" in str(rows(tmp_path / "memories.db", "SELECT reason FROM source_warnings")[0][0])


@pytest.mark.drill
def test_a_line_of_fifty_megabytes(tmp_path: Path) -> None:
    with (tmp_path / "chat.txt").open("w", encoding="utf-8") as out:
        out.write(CHAT + "3/28/22, 9:42 PM - Ben: " + "word " * 10_000_000 + "\n" + CHAT)
    account = put(tmp_path / "memories.db", tmp_path / "chat.txt")[0]
    assert account.messages == 5


def test_the_digest_knows_every_prefix_that_ends_a_line(tmp_path: Path) -> None:
    from hashlib import sha256

    (tmp_path / "chat.txt").write_bytes(CHAT.encode() * 50_000)
    export = open_exports(tmp_path / "chat.txt")[0]
    data = CHAT.encode() * 50_000
    line = len(CHAT.encode())
    whole, prefixes = export.digest([line, line + 3, 1 << 20, line * 40_000, len(data), len(data) + 5])
    assert whole == sha256(data).hexdigest()
    assert set(prefixes) - {1 << 20} == {line, line * 40_000}
    assert prefixes[line * 40_000] == sha256(data[: line * 40_000]).hexdigest()


def test_standard_input_takes_text_and_zip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for content in (CHAT.encode(), zipped(tmp_path / "x.zip", {"_chat.txt": CHAT}).read_bytes()):
        stdin = io.TextIOWrapper(io.BytesIO(content))
        monkeypatch.setattr(sys, "stdin", stdin)
        export = open_exports(Path("-"))[0]
        assert (text_of(export), export.filename) == (CHAT, "standard input")
        export.close()
        assert not export.path.exists()
