"""Files of a chat: kept once, looked at carefully, and never trusted."""

from __future__ import annotations

import http.server
import io
import shutil
import struct
import subprocess
import sys
import threading
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import ROOT
from tests.helpers import one, put, rows

HAS_FFMPEG = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed here")


def picture(width: int = 640, height: int = 400, form: str = "JPEG", turned: int = 1, mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    image = Image.new(mode, (width, height), 90 if mode in ("L", "P", "I;16") else None)  # type: ignore[arg-type]
    exif = Image.Exif()
    exif[0x0112] = turned
    image.save(out, form, **({"exif": exif} if form == "JPEG" else {}))
    return out.getvalue()


def opus(seconds: float) -> bytes:
    """An Ogg Opus file of two pages, as far as its length needs them (RFC 7845)."""

    def page(granule: int, body: bytes, kind: int) -> bytes:
        return b"OggS" + struct.pack("<BBqIIIB", 0, kind, granule, 1, 0, 0, 1) + bytes([len(body)]) + body

    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 312, 48000, 0, 0)
    return page(0, head, 2) + page(312 + int(seconds * 48000), b"x" * 100, 4)


def wav(seconds: float) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * int(8000 * seconds))
    return out.getvalue()


def ingest_files(folder: Path, files: dict[str, bytes], more: str = "") -> Path:
    """An archive of a zip whose chat sends each of `files`."""
    lines = [f"27/03/2022, {10 + n // 60}:{n % 60:02} - Anna: {name} (file attached)" for n, name in enumerate(files)]
    path = folder / "WhatsApp Chat with Ben.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("WhatsApp Chat with Ben.txt", "\n".join(lines) + "\n" + more)
        for name, content in files.items():
            archive.writestr(name, content)
    database = folder / "memories.db"
    put(database, path)
    return database


def test_a_picture_is_kept_with_a_small_one(tmp_path: Path) -> None:
    content = picture()
    database = ingest_files(tmp_path, {"IMG-20220327-WA0001.jpg": content})
    ((sha, size, width, height, thumbnail, missing),) = rows(
        database, "SELECT sha256, bytes, width, height, thumbnail, is_missing FROM media"
    )
    assert (size, width, height, missing) == (len(content), 640, 400, 0)
    assert (tmp_path / "media" / str(sha)[:2] / f"{sha}.jpg").read_bytes() == content
    with Image.open(tmp_path / "media" / str(thumbnail)) as small:
        assert small.format == "WEBP"
        assert small.size == (320, 200)


def test_a_picture_lying_on_its_side_is_turned(tmp_path: Path) -> None:
    database = ingest_files(tmp_path, {"IMG-20220327-WA0001.jpg": picture(turned=6)})
    assert rows(database, "SELECT width, height FROM media") == [(400, 640)]
    with Image.open(tmp_path / "media" / str(one(database, "SELECT thumbnail FROM media"))) as small:
        assert small.size == (200, 320)


def test_the_same_file_is_stored_once(tmp_path: Path) -> None:
    content = picture()
    database = ingest_files(tmp_path, {"IMG-20220327-WA0001.jpg": content, "IMG-20220327-WA0002.jpg": content})
    assert one(database, "SELECT count(*) FROM media") == 2
    assert one(database, "SELECT count(DISTINCT sha256) FROM media") == 1
    assert len(list((tmp_path / "media").rglob("*.jpg"))) == 1


def _png_bomb() -> bytes:
    import zlib

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 10_000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"not a picture at all", picture()[:200], _png_bomb(), b"\xff\xd8\xff" + b"\0" * 5000],
    ids=["empty", "text", "cut off", "bomb", "noise"],
)
def test_a_broken_picture_costs_one_warning(tmp_path: Path, content: bytes) -> None:
    database = ingest_files(
        tmp_path,
        {"IMG-20220327-WA0001.jpg": content, "IMG-20220327-WA0002.jpg": picture()},
        "27/03/2022, 22:00 - Ben: ok\n",
    )
    assert one(database, "SELECT count(*) FROM source_warnings") == 1
    assert rows(database, "SELECT is_missing, thumbnail IS NULL FROM media ORDER BY id") == [(0, 1), (0, 0)]
    assert one(database, "SELECT count(*) FROM messages") == 3


_STORE = """
import re, sys
from pathlib import Path
from ingest.archive.media import store_file
from ingest.exports.source import Export
export = Export(Path(sys.argv[1]), None)
export.add_paths([Path(sys.argv[1])])
stored = store_file(export, Path(sys.argv[1]).name, Path(sys.argv[2]))
print(stored.width, stored.height, stored.thumbnail is None, (stored.warning or "")[:15])
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) >> 10)
"""


@pytest.mark.parametrize(
    ("side", "mode", "form"),
    [
        (30_000, "1", "PNG"),
        (12_000, "L", "PNG"),
        (3_100, "RGBA", "PNG"),
        (9_000, "L", "GIF"),
        (9_000, "L", "JPEG"),
        (2_200, "RGB", "WEBP"),
        (4_800, "RGB", "WEBP"),
        (12_000, "L", "PROGRESSIVE"),
        (4_900, "RGB", "PROGRESSIVE"),
    ],
)
def test_no_picture_takes_the_machine(tmp_path: Path, side: int, mode: str, form: str) -> None:
    """Few bytes, many pixels: at most 150 MB at ingest, and its size is known all the same."""
    is_progressive = form == "PROGRESSIVE"
    path = tmp_path / f"IMG-20220327-WA0001.{'jpeg' if is_progressive else form.lower()}"
    more = {"progressive": True} if is_progressive else {"lossless": True} if form == "WEBP" else {}
    Image.new(mode, (side, side)).save(path, "JPEG" if is_progressive else form, **more)
    done = subprocess.run(
        [sys.executable, "-c", _STORE, str(path), str(tmp_path / "media")],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    told, resident = done.stdout.splitlines()
    # A JPEG is decoded as small as it is shown, but for a large progressive one.
    fits = form == "JPEG" or (side < 5_000 and (form != "WEBP" or side < 2_300))
    assert told == (f"{side} {side} False " if fits else f"{side} {side} True too many pixels")
    assert int(resident) < 150


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "LA", "I;16"])
def test_pictures_of_every_mode(tmp_path: Path, mode: str) -> None:
    form, name = ("JPEG", "a.jpg") if mode in ("L", "CMYK") else ("PNG", "a.png")
    database = ingest_files(tmp_path, {name: picture(form=form, mode=mode)})
    assert one(database, "SELECT thumbnail IS NOT NULL FROM media") == 1


@pytest.mark.parametrize(("name", "make", "seconds"), [("PTT-20220327-WA0001.opus", opus, 7.5), ("a.wav", wav, 2.0)])
def test_lengths_need_no_tools(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, make: Callable[[float], bytes], seconds: float
) -> None:
    monkeypatch.setenv("PATH", "")
    database = ingest_files(tmp_path, {name: make(seconds)})
    assert one(database, "SELECT duration_s FROM media") == seconds


@HAS_FFMPEG
def test_a_video_has_a_length_and_a_poster(tmp_path: Path) -> None:
    video = tmp_path / "v.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=640x360:rate=10:duration=2", str(video)],
        check=True,
    )
    database = ingest_files(tmp_path, {"VID-20220327-WA0001.mp4": video.read_bytes()})
    ((width, height, seconds, thumbnail),) = rows(database, "SELECT width, height, duration_s, thumbnail FROM media")
    assert (width, height, seconds) == (640, 360, 2.0)
    with Image.open(tmp_path / "media" / str(thumbnail)) as small:
        assert small.size == (320, 180)


@HAS_FFMPEG
def test_a_playlist_dressed_up_as_a_video_asks_nobody(tmp_path: Path) -> None:
    asked: list[str] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/seen"
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{address}\n#EXT-X-ENDLIST\n"
    database = ingest_files(tmp_path, {"VID-20220327-WA0001.mp4": playlist.encode()})
    server.shutdown()
    server.server_close()
    assert asked == []
    assert rows(database, "SELECT is_missing, thumbnail FROM media") == [(0, None)]


def test_a_big_zip_of_small_files_is_read_in_one_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    real = zipfile.ZipFile.__init__

    def counting(self: zipfile.ZipFile, *arguments: object, **options: object) -> None:
        opened.append(arguments)
        real(self, *arguments, **options)  # type: ignore[arg-type]

    files = {f"note {n}.pdf": b"%PDF" + bytes([n % 256]) * n for n in range(300)}
    path = tmp_path / "x"
    path.mkdir()
    monkeypatch.setattr(zipfile.ZipFile, "__init__", counting)
    database = ingest_files(path, files)
    assert one(database, "SELECT count(*) FROM media WHERE NOT is_missing") == 300
    assert len(opened) < 10
