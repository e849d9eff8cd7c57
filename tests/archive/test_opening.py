"""One bad entry, file or folder costs itself and nothing else; what is packed oddly is found all the same."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from ingest.core.errors import MemoriesError, NotAnExport
from ingest.exports.discover import open_exports
from ingest.exports.encodings import encoding_by_start
from ingest.exports.source import Export
from tests.helpers import one, put, rows

L = "\u200e"
NAMES = [f"0000000{n}-PHOTO-2024-03-1{n}-09-01-00.jpg" for n in range(6)]
CHAT = "".join(
    f"[1{n}/03/24, 09:00:00] Ana: hello {n}\r\n{L}[1{n}/03/24, 09:01:00] Ben: {L}<attached: {name}>\r\n"
    for n, name in enumerate(NAMES)
)
ANDROID = "13/03/24, 09:00 - Ana: hello\n13/03/24, 09:01 - Ben: IMG-20240313-WA0001.jpg (file attached)\n"


def picture(color: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), color).save(out, "JPEG")
    return out.getvalue()


def make_zip(path: Path, text: str = CHAT, names: list[str] = NAMES, inside: str = "_chat.txt") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(inside, text)
        for n, name in enumerate(names):
            archive.writestr(name, picture() + bytes([n]))
    return path


def spoil(path: Path, entry: int, change: Callable[[bytearray, int], None]) -> None:
    """Change the directory's record of one entry."""
    data = bytearray(path.read_bytes())
    at = -1
    for _ in range(entry + 1):
        at = data.find(b"PK\1\2", at + 1)
    change(data, at)
    path.write_bytes(data)


def _version(data: bytearray, at: int) -> None:
    data[at + 6] = 72


def _locked(data: bytearray, at: int) -> None:
    data[at + 8] |= 1


def _compression(data: bytearray, at: int) -> None:
    data[at + 10] = 97


def _offset(data: bytearray, at: int) -> None:
    struct.pack_into("<L", data, at + 42, 7)


def _size(data: bytearray, at: int) -> None:
    struct.pack_into("<L", data, at + 20, 1 << 20)


def _checksum(data: bytearray, at: int) -> None:
    struct.pack_into("<L", data, at + 16, 12345)


def _utf8_flag(data: bytearray, at: int) -> None:
    data[at + 46 + 2] = 0xFF
    struct.pack_into("<H", data, at + 8, 0x800)


SPOILED = [_version, _locked, _compression, _offset, _size, _checksum, _utf8_flag]


@pytest.mark.parametrize("change", SPOILED, ids=[c.__name__.strip("_") for c in SPOILED])
def test_one_bad_entry_costs_itself(tmp_path: Path, change: Callable[[bytearray, int], None]) -> None:
    path = make_zip(tmp_path / "WhatsApp Chat - Ana.zip")
    spoil(path, 3, change)
    (account,) = put(tmp_path / "memories.db", path)
    assert account.new == 12
    assert one(tmp_path / "memories.db", "SELECT count(*) FROM media") == 6
    missing = rows(tmp_path / "memories.db", "SELECT filename FROM media WHERE is_missing")
    assert missing in ([(NAMES[2],)], [])  # what can be unpacked all the same is
    assert missing or change in (_version, _size)
    assert account.media_missing == len(missing)
    named = [unsure.text for unsure in account.unsure] + account.missing_files
    assert [name for name in NAMES if name in named] == [name for (name,) in missing]


def test_all_of_them_at_once(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "WhatsApp Chat - Ana.zip")
    for entry, change in enumerate([c for c in SPOILED if c not in (_version, _size)], 1):
        spoil(path, entry, change)
    (account,) = put(tmp_path / "memories.db", path)
    assert (account.new, account.media_found) == (12, 1)


def test_a_folder_is_read_but_for_what_is_broken(tmp_path: Path) -> None:
    folder = tmp_path / "chats"
    folder.mkdir()
    good = make_zip(folder / "WhatsApp Chat - Ana.zip")
    (folder / "WhatsApp Chat with Broken.zip").write_bytes(good.read_bytes()[:39])
    (folder / "WhatsApp Chat with Nix.txt").write_text("nothing here\n", "utf-8")
    (folder / "notes.txt").write_text("milk\n", "utf-8")
    (folder / "papers").mkdir()
    (folder / "papers" / "tax.pdf").write_bytes(b"%PDF")
    (folder / "papers" / "letter.docx").write_bytes(b"PK")
    with zipfile.ZipFile(folder / "holiday.zip", "w") as archive:
        archive.writestr("a.jpg", picture())
    (folder / "sub").mkdir()
    (folder / "sub" / "WhatsApp Chat with Cleo.txt").write_text(ANDROID, "utf-8")
    exports = open_exports(folder)
    told = {export.filename: export for export in exports}
    assert set(told) == {
        "WhatsApp Chat - Ana.zip", "WhatsApp Chat with Broken.zip", "WhatsApp Chat with Nix.txt",
        "WhatsApp Chat with Cleo.txt",
    }  # fmt: skip
    assert "damaged" in str(told["WhatsApp Chat with Broken.zip"].problem)
    notes = [note for export in exports for note in export.notes]
    assert notes == [
        "in the folder chats: no chat in notes.txt, holiday.zip: left alone",
        "in the folder chats: 2 other files, of no chat: left alone",
    ]
    for name in ("WhatsApp Chat with Broken.zip", "WhatsApp Chat with Nix.txt"):
        with pytest.raises(MemoriesError, match=name):
            put(tmp_path / "memories.db", folder / name)


def test_zips_in_a_zip(tmp_path: Path) -> None:
    inner = make_zip(tmp_path / "x.zip")
    path = tmp_path / "drive-download.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(inner, "WhatsApp Chat - Cleo.zip")
        archive.writestr("WhatsApp Chat with Broken.zip", inner.read_bytes()[:39])
        archive.writestr("WhatsApp Chat with Dora.txt", ANDROID)
    exports = open_exports(path)
    assert [(e.filename, e.name, e.problem is None) for e in exports] == [
        ("drive-download.zip", "Dora", True),
        ("WhatsApp Chat - Cleo.zip", "Cleo", True),
        ("WhatsApp Chat with Broken.zip", None, False),
    ]
    assert "WhatsApp Chat with Broken.zip: the zip is damaged" in str(exports[2].problem)
    temporary = exports[1].path
    assert "".join(exports[1].chunks()) == CHAT
    for export in exports:
        export.close()
    assert not temporary.exists()


@pytest.mark.parametrize("inside", ["sub\\_chat.txt", "a\\b\\WhatsApp Chat with Ana.txt", "Sub/_CHAT.TXT"])
def test_folders_in_a_zip_as_windows_writes_them(tmp_path: Path, inside: str) -> None:
    path = make_zip(tmp_path / "WhatsApp Chat - Ana.zip", names=[f"sub\\{name}" for name in NAMES], inside=inside)
    (account,) = put(tmp_path / "memories.db", path)
    assert (account.new, account.media_found, account.chat) == (12, 6, "Ana")


@pytest.mark.parametrize("where", ["WhatsApp Images/Sent", "WhatsApp Images", "Media/WhatsApp Images/Private", "."])
def test_the_phones_own_folders(tmp_path: Path, where: str) -> None:
    folder = tmp_path / where
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "IMG-20240313-WA0001.jpg").write_bytes(picture())
    text = tmp_path / "WhatsApp Chat with Ana.txt"
    text.write_text(ANDROID, "utf-8")
    (account,) = put(tmp_path / "memories.db", text)
    assert account.media_found == 1


def test_media_in_a_folder_of_their_own(tmp_path: Path) -> None:
    media = tmp_path / "elsewhere" / "2024" / "03"
    media.mkdir(parents=True)
    (media / "IMG-20240313-WA0001.jpg").write_bytes(picture())
    (tmp_path / "in").mkdir()
    text = tmp_path / "in" / "WhatsApp Chat with Ana.txt"
    text.write_text(ANDROID, "utf-8")
    (export,) = open_exports(text, media=tmp_path / "elsewhere")
    assert export.has_file("IMG-20240313-WA0001.jpg")
    with pytest.raises(NotAnExport, match="--media"):
        open_exports(text, media=text)


def test_links_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(picture())
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "IMG-20240313-WA0001.jpg").symlink_to(secret)
    (folder / "_chat.txt").write_text(ANDROID, "utf-8")
    (account,) = put(tmp_path / "memories.db", folder)
    assert (account.media_found, account.media_missing) == (0, 1)


GERMAN = "13.03.24, 09:00 - Jörg: schöne Grüße\n13.03.24, 09:01 - Zoë: für dich: ß ü ö ä\n" * 5
RUSSIAN = "13.03.24, 09:00 - Иван: привет, как дела?\n13.03.24, 09:01 - Мария: хорошо, а ты?\n" * 5
PORTUGUESE = "13/03/2024 09:00 - Zé: não sei se vou amanhã\n13/03/2024 09:01 - Inês: a mãe já comeu pão?\n" * 5
FRENCH = "13/03/2024, 09:00 - Zoé: où êtes-vous passés ?\n13/03/2024, 09:01 - Léo: j'ai oublié les clés\n" * 5
EUROS = "13/03/24, 09:00 - Zoé: ça coûte 5 € à l'entrée\n13/03/24, 09:01 - Léo: très bien, 3 € de moins\n" * 5
ITALIAN = "13/03/24, 09:00 - Zoe: perché non vieni più tardi?\n13/03/24, 09:01 - Leo: la città è bella\n" * 5
SWEDISH = "2024-03-13 09:00 - Åsa: vi ses på lördag då\n2024-03-13 09:01 - Leo: är du hemma ännu?\n" * 5
TURKISH = "13.03.2024 09:00 - Işıl: akşam geliyor musun?\n13.03.2024 09:01 - Oğuz: yarın görüşürüz canım\n" * 5
HEBREW = "13.3.2024, 09:00 - דנה: אני מגיעה בערב עם הילדים\n13.3.2024, 09:01 - יוסי: תביאי לחם וחלב\n" * 5
LITHUANIAN = "2024-03-13 09:00 - Rūta: kaip sekasi šiandien\n2024-03-13 09:01 - Ąžuolas: kur yra namų raktai\n" * 5
POLISH = "13.03.2024, 09:00 - Łucja: co słychać u ciebie\n13.03.2024, 09:01 - Ola: przyjadę później z dziećmi\n" * 5
THAI = "13/3/2024 09:00 - นิด: วันนี้เป็นอย่างไรบ้าง\n13/3/2024 09:01 - ต้อม: พรุ่งนี้เช้าคุยกันนะ\n" * 5
JAPANESE = "2024/03/13 9:00 - 花子: 今日は元気ですか\n2024/03/13 9:01 - 太郎: また明日の朝に\n" * 5
ENCODED = [
    (PORTUGUESE, "cp1252"), (FRENCH, "cp1252"), (ITALIAN, "cp1252"), (SWEDISH, "cp1252"), (TURKISH, "cp1254"),
    (HEBREW, "cp1255"), (LITHUANIAN, "cp1257"), (POLISH, "cp1250"), (THAI, "cp874"), (JAPANESE, "cp932"),
    (RUSSIAN, "koi8_r"), (PORTUGUESE, "mac_roman"), (EUROS, "iso8859-15"), (EUROS, "cp1252"),
    (GERMAN, "cp1252"), (GERMAN, "utf-16"), (GERMAN, "utf-16-le"), (GERMAN, "utf-16-be"), (GERMAN, "utf-8-sig"),
    (RUSSIAN, "cp1251"), (RUSSIAN, "utf-16-le"), (RUSSIAN, "utf-8"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "encoding"), ENCODED, ids=[f"{e[1]}-{e[0][17:21]}" for e in ENCODED])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("ascii_first", [0, 3000])
def test_any_encoding_and_line_end(tmp_path: Path, text: str, encoding: str, ends: str, ascii_first: int) -> None:
    text = "12.03.24, 08:00 - Ben: plain\n" * ascii_first + text
    path = tmp_path / "WhatsApp Chat mit Zoe.txt"
    path.write_bytes(text.replace("\n", ends).encode(encoding))
    (account,) = put(tmp_path / "memories.db", path)
    assert account.messages == 10 + ascii_first
    found = rows(tmp_path / "memories.db", "SELECT DISTINCT text FROM messages ORDER BY text")
    assert {f for (f,) in found} - {"plain"} == {line.partition(": ")[2] for line in text.splitlines()} - {"plain"}
    said = any("UTF-8" in note for note in account.notes)
    assert said == (not encoding.startswith("utf"))


def test_what_cannot_be_decoded_is_counted_and_said(tmp_path: Path) -> None:
    path = tmp_path / "WhatsApp Chat mit Zoe.txt"
    path.write_bytes((GERMAN * 50).encode() + b"14.03.24, 09:00 - Ben: caf\xe9 \xff and \xef\xbf\xbd\n")
    (account,) = put(tmp_path / "memories.db", path)
    assert account.notes == ["the file is damaged: 2 letters could not be read (shown as �)"]


def test_an_unforeseen_fault_names_its_place_and_no_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("secret words")

    monkeypatch.setattr("ingest.importing.target.recognise", fail)
    path = make_zip(tmp_path / "WhatsApp Chat - Ana.zip")
    with pytest.raises(
        MemoriesError, match=r"Ana\.zip: cannot be read, by a fault of this program \(KeyError in "
    ) as e:
        put(tmp_path / "memories.db", path)
    assert "secret" not in str(e.value)
    assert one(tmp_path / "memories.db", "SELECT count(*) FROM messages") == 0


@pytest.mark.parametrize("data", [b"", b"a", b"\xff\xfe", bytes(64), b"\x00a" * 3, "ｈｉ\n".encode("utf-16-le")])
def test_no_start_of_a_file_breaks_the_guess(data: bytes) -> None:
    data.decode(encoding_by_start(data), "replace")


def test_an_export_with_a_problem_is_one_sentence(tmp_path: Path) -> None:
    export = Export(tmp_path / "x.zip", None, problem=NotAnExport("x.zip: no"))
    assert export.problem is not None
