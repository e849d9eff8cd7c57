"""Draws the pictures of the German example and zips it as an iPhone does. Needs ffmpeg for the voice note."""

from __future__ import annotations

import io
import math
import subprocess
import zipfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

HERE = Path(__file__).parent
TARGET = HERE.parent / "examples" / "WhatsApp Chat - Theo.zip"
_SIZE = (720, 540)


def sky(top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Image.Image:
    image = Image.new("RGB", _SIZE)
    draw = ImageDraw.Draw(image)
    for y in range(_SIZE[1]):
        part = y / _SIZE[1]
        draw.line(
            [(0, y), (_SIZE[0], y)], fill=tuple(round(a + (b - a) * part) for a, b in zip(top, bottom, strict=True))
        )
    return image


def hills(image: Image.Image, colour: tuple[int, int, int], height: int, phase: float) -> None:
    points = [(x, height - 46 * math.sin(x / 120 + phase) - 20 * math.sin(x / 47 + phase)) for x in range(_SIZE[0] + 1)]
    ImageDraw.Draw(image).polygon([*points, _SIZE, (0, _SIZE[1])], fill=colour)


def lake_at_dusk() -> Image.Image:
    """Where the letter to the whale went in."""
    image = sky((38, 50, 92), (250, 170, 110))
    draw = ImageDraw.Draw(image)
    draw.ellipse((330, 235, 410, 315), fill=(255, 226, 160))
    hills(image, (52, 52, 86), 310, 0.4)
    water = sky((200, 130, 100), (30, 44, 84)).crop((0, 0, 720, 215))
    image.paste(water, (0, 325))
    draw = ImageDraw.Draw(image)
    for n in range(26):
        y, wide = 335 + n * 8, 30 + n * 7 % 60
        draw.line([(370 - wide, y), (370 + wide, y)], fill=(255, 220, 160), width=2)
    draw.rectangle((80, 400, 250, 412), fill=(60, 42, 36))
    for x in (96, 160, 224):
        draw.rectangle((x, 400, x + 8, 470), fill=(48, 34, 30))
    return image


def snow_on_the_lake() -> Image.Image:
    """The first Christmas away."""
    image = sky((120, 140, 170), (222, 230, 240))
    hills(image, (150, 165, 190), 260, 1.1)
    hills(image, (236, 240, 246), 380, 2.0)
    draw = ImageDraw.Draw(image)
    for n in range(240):
        x, y, r = n * 97 % 720, n * 61 % 540, 1 + n % 3
        draw.ellipse((x - r, y - r, x + r, y + r), fill="white")
    draw.polygon([(520, 340), (560, 220), (600, 340)], fill=(60, 92, 80))
    draw.polygon([(530, 290), (560, 190), (590, 290)], fill=(72, 106, 92))
    return image


def cat_on_a_balcony() -> Image.Image:
    """Herr Müller."""
    image = sky((150, 200, 230), (240, 236, 214))
    hills(image, (120, 160, 120), 330, 0.0)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 400, 720, 540), fill=(176, 134, 96))
    for x in range(0, 720, 48):
        draw.rectangle((x, 300, x + 8, 540), fill=(110, 80, 60))
    draw.rectangle((0, 296, 720, 310), fill=(110, 80, 60))
    draw.ellipse((280, 300, 460, 500), fill=(92, 88, 92))
    draw.ellipse((305, 210, 435, 330), fill=(102, 98, 102))
    draw.polygon([(310, 240), (318, 180), (356, 222)], fill=(102, 98, 102))
    draw.polygon([(430, 240), (422, 180), (384, 222)], fill=(102, 98, 102))
    for x in (338, 388):
        draw.ellipse((x, 252, x + 22, 278), fill=(214, 196, 70))
        draw.ellipse((x + 8, 254, x + 14, 276), fill=(20, 20, 20))
    draw.polygon([(362, 288), (378, 288), (370, 298)], fill=(220, 150, 150))
    return image


def little_hand() -> Image.Image:
    """The first morning."""
    image = sky((250, 226, 210), (236, 190, 170)).filter(ImageFilter.GaussianBlur(2))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((150, 250, 560, 430), 90, fill=(244, 206, 184))
    draw.rounded_rectangle((300, 180, 420, 330), 50, fill=(250, 218, 200))
    for n, x in enumerate((306, 334, 362, 390)):
        draw.rounded_rectangle((x, 150 + n % 2 * 8, x + 24, 240), 12, fill=(250, 218, 200))
    return image


def sticker() -> Image.Image:
    """A whale."""
    image = Image.new("RGBA", (256, 256), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.ellipse((30, 90, 210, 220), fill=(70, 130, 190, 255))
    draw.polygon([(196, 140), (246, 90), (240, 170)], fill=(70, 130, 190, 255))
    draw.ellipse((60, 130, 76, 146), fill="white")
    draw.arc((50, 150, 120, 190), 10, 150, fill="white", width=4)
    for x in (110, 120, 130):
        draw.arc((x - 20, 40, x + 20, 100), 200, 340, fill=(120, 190, 230, 255), width=5)
    return image


def voice() -> bytes:
    """Two seconds of somebody humming."""
    return subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=frequency=330:duration=2", "-c:a", "libopus",
         "-b:a", "12k", "-f", "ogg", "-"],
        capture_output=True, check=True,
    ).stdout  # fmt: skip


def _file(image: Image.Image, form: str) -> bytes:
    out = io.BytesIO()
    image.save(out, form, quality=78)
    return out.getvalue()


def main() -> None:
    """Write the zip; the same bytes every time."""
    files = {
        "00000004-PHOTO-2020-09-12-10-05-10.jpg": _file(cat_on_a_balcony(), "JPEG"),
        "00000012-PHOTO-2020-12-24-18-33-08.jpg": _file(snow_on_the_lake(), "JPEG"),
        "00000015-AUDIO-2021-05-21-20-12-17.opus": voice(),
        "00000027-PHOTO-2021-07-31-23-12-44.jpg": _file(lake_at_dusk(), "JPEG"),
        "00000029-STICKER-2021-08-01-10-00-17.webp": _file(sticker(), "WEBP"),
        "00000040-PHOTO-2024-12-19-06-00-17.jpg": _file(little_hand(), "JPEG"),
        "_chat.txt": (HERE / "data" / "example_chat_de.txt").read_bytes(),
    }
    with zipfile.ZipFile(TARGET, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 12, 24, 12, 0, 0)), content)


if __name__ == "__main__":
    main()
