"""The files of a chat: stored once under their digest, with a small picture and their size."""

from __future__ import annotations

import contextlib
import hashlib
import io
import mimetypes
import os
import re
import shutil
import subprocess
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from ingest.archive.pictures import is_too_large, opened_picture
from ingest.core.errors import NoRoom
from ingest.exports.source import Export
from memories_lib.shared import private_files
from memories_lib.shared.layout import media_name, thumbnail_name

THUMBNAIL = 320
_BLOCK = 1 << 20
_TYPES = {
    "opus": "audio/ogg", "ogg": "audio/ogg", "m4a": "audio/mp4", "aac": "audio/aac", "amr": "audio/amr",
    "webp": "image/webp", "heic": "image/heic", "heif": "image/heif", "avif": "image/avif",
    "vcf": "text/vcard", "3gp": "video/3gpp", "mkv": "video/x-matroska", "caf": "audio/x-caf",
}  # fmt: skip


@dataclass(slots=True)
class Stored:
    """One file in the media folder. `thumbnail` is a path under that folder."""

    sha256: str
    bytes: int
    mimetype: str
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    thumbnail: str | None = None
    warning: str | None = None


def mimetype_of(name: str) -> str:
    """The type of a file by its ending."""
    ending = name.rpartition(".")[2].lower()
    return _TYPES.get(ending) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def store_file(export: Export, name: str, folder: Path) -> Stored | None:
    """Copy the file `name` of an export into `folder` and look at it. None when the export does not have it.

    A file that cannot be looked at is stored all the same, with a warning. Raises `NoRoom` on a full disk.
    """
    try:
        stream, size = export.open_file(name)
    except KeyError:
        return None
    except Exception as error:  # a damaged zip entry raises many kinds
        return Stored("", 0, mimetype_of(name), warning=_cannot_be_unpacked(error))
    if size > export.limits.file:
        stream.close()
        return Stored("", size, mimetype_of(name), warning=f"larger than --max-file ({size >> 20} MiB), left out")
    digest = hashlib.sha256()
    temporary: str | None = None
    try:
        private_files.make_folder(folder)
        with stream, tempfile.NamedTemporaryFile(dir=folder, prefix=".new-", delete=False) as out:
            temporary = out.name
            written = 0
            while block := stream.read(_BLOCK):
                written += len(block)
                if written > export.limits.file:
                    raise _TooLarge
                digest.update(block)
                out.write(block)
        sha256 = digest.hexdigest()
        target = folder / media_name(sha256, name)
        target.parent.mkdir(exist_ok=True)
        if target.exists() and target.stat().st_size == written:
            Path(temporary).unlink()
        else:
            Path(temporary).replace(target)
            target.chmod(0o600)
        temporary = None
    except _TooLarge:
        return Stored("", size, mimetype_of(name), warning="larger than it says, left out")
    except OSError as error:
        if error.errno in (28, 122):
            raise NoRoom(f"{folder}: the disk is full; free some space and ingest again") from error
        return Stored("", size, mimetype_of(name), warning=f"cannot be read ({error.strerror or error})")
    except Exception as error:  # a damaged zip entry raises many kinds
        return Stored("", size, mimetype_of(name), warning=_cannot_be_unpacked(error))
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
    stored = Stored(sha256, written, mimetype_of(name))
    look_at(stored, target, folder)
    return stored


class _TooLarge(Exception):
    pass


def _cannot_be_unpacked(error: Exception) -> str:
    # `zipfile` raises no other RuntimeError but for a method that it does not know.
    if isinstance(error, RuntimeError) and not isinstance(error, NotImplementedError):
        return "has a password, left out"
    return f"cannot be unpacked ({type(error).__name__})"


def look_at(stored: Stored, path: Path, folder: Path) -> None:
    """Fill in dimensions, duration and thumbnail of a stored file."""
    kind = stored.mimetype.partition("/")[0]
    try:
        if kind == "image" and stored.mimetype != "image/svg+xml":
            _picture(stored, path, folder)
        elif kind == "audio":
            stored.duration_s = _ogg_seconds(path) if stored.mimetype == "audio/ogg" else _wave_seconds(path)
            if stored.duration_s is None:
                _ffmpeg(stored, path, folder, picture=False)
        elif kind == "video":
            _ffmpeg(stored, path, folder, picture=True)
    except Exception as error:  # whatever a hostile file provokes costs one warning
        stored.warning = f"cannot be shown ({type(error).__name__})"


def _picture(stored: Stored, path: Path, folder: Path) -> None:
    with opened_picture(path) as image:
        stored.width, stored.height = image.size
        if is_too_large(image, THUMBNAIL):
            stored.warning = f"too many pixels ({stored.width} x {stored.height}), no small picture made"
            return
        # EXIF orientations 5 to 8 lie on their side.
        if image.getexif().get(0x0112, 1) in (5, 6, 7, 8):
            stored.width, stored.height = stored.height, stored.width
        image.thumbnail((THUMBNAIL, THUMBNAIL))
        small = ImageOps.exif_transpose(image)
        if small.mode not in ("RGB", "RGBA"):
            small = small.convert("RGBA" if "A" in small.mode or "transparency" in small.info else "RGB")
        stored.thumbnail = _save_thumbnail(small, stored.sha256, folder)


def _save_thumbnail(image: Image.Image, sha256: str, folder: Path) -> str:
    name = thumbnail_name(sha256)
    target = folder / name
    if not target.exists():
        out = io.BytesIO()
        image.save(out, "WEBP", quality=72, method=2)
        temporary = target.with_suffix(".part")
        temporary.write_bytes(out.getvalue())
        temporary.replace(target)
    return name


def _ogg_seconds(path: Path) -> float | None:
    """The length of an Ogg Opus file: the last page's granule position at 48 kHz (RFC 7845, section 4)."""
    with path.open("rb") as stream:
        start = stream.read(4096)
        if start[:4] != b"OggS":
            return None
        stream.seek(max(0, os.fstat(stream.fileno()).st_size - 65536))
        end = stream.read()
    at = end.rfind(b"OggS")
    if at < 0 or len(end) < at + 14:
        return None
    granule = int.from_bytes(end[at + 6 : at + 14], "little", signed=True)
    head = start.find(b"OpusHead")
    if head >= 0:
        skip = int.from_bytes(start[head + 10 : head + 12], "little")
        return round(max(0, granule - skip) / 48000, 2)
    vorbis = start.find(b"\x01vorbis")
    rate = int.from_bytes(start[vorbis + 12 : vorbis + 16], "little") if vorbis >= 0 else 0
    return round(granule / rate, 2) if rate else None


def _wave_seconds(path: Path) -> float | None:
    if path.suffix != ".wav":
        return None
    with wave.open(str(path)) as sound:
        return round(float(sound.getnframes() / sound.getframerate()), 2)


#: A playlist dressed up as a video could make ffmpeg open addresses and other files: only containers are read.
_ONLY_THIS_FILE = (
    "-protocol_whitelist", "file",
    "-format_whitelist", "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,asf,flv,ogg,wav,mp3,aac,amr,flac,caf",
)  # fmt: skip


def _ffmpeg(stored: Stored, path: Path, folder: Path, *, picture: bool) -> None:
    """Ask ffprobe for the length, ffmpeg for a picture, where they are installed."""
    probe, ffmpeg = shutil.which("ffprobe"), shutil.which("ffmpeg")
    if probe:
        wanted = ("-show_entries", "format=duration:stream=width,height", "-of", "csv=p=0")
        shown = subprocess.run(
            [probe, "-v", "error", *_ONLY_THIS_FILE, *wanted, str(path)],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        for value in re.findall(r"^(\d+),(\d+)", shown.stdout, re.MULTILINE)[:1]:
            stored.width, stored.height = int(value[0]), int(value[1])
        length = re.findall(r"^(\d+\.\d+)$", shown.stdout, re.MULTILINE)
        stored.duration_s = round(float(length[-1]), 2) if length else None
    if picture and ffmpeg:
        poster = ("-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-")
        made = subprocess.run(
            [ffmpeg, "-v", "error", *_ONLY_THIS_FILE, "-i", str(path), *poster],
            capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        if made.stdout:
            with Image.open(io.BytesIO(made.stdout), formats=["PNG"]) as image:
                if stored.width is None:
                    stored.width, stored.height = image.size
                image.thumbnail((THUMBNAIL, THUMBNAIL))
                stored.thumbnail = _save_thumbnail(image.convert("RGB"), stored.sha256, folder)
