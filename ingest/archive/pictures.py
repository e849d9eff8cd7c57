"""Opening pictures that anybody may have made: in formats that phones send, and no more pixels than fit."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PIL import Image

#: Other formats that Pillow knows run other programs, or are not what phones send.
_FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "AVIF")
#: How many pixels there is room for (100 MB): their decoders take 4 to 17 bytes for each. A JPEG is decoded small.
_MOST_PIXELS = {"PNG": 10_000_000, "WEBP": 5_000_000, "AVIF": 6_000_000, "GIF": 16_000_000, "BMP": 16_000_000}
_MOST_OF_A_JPEG = 24_000_000
#: A progressive one is held as a whole while it is decoded, however small: 3 bytes a pixel and more.
_MOST_OF_A_PROGRESSIVE = 25_000_000
Image.MAX_IMAGE_PIXELS = None  # its own bound, a warning on stderr; ours is looked at before anything is decoded


def opened_picture(path: Path) -> Image.Image:
    """The picture, not decoded yet. Raises what Pillow raises."""
    return Image.open(path, formats=_known_formats())


def is_too_large(image: Image.Image, side: int) -> bool:
    """Whether decoding it, as large as `side` needs, takes too much memory. A JPEG can be decoded smaller than it is.

    To be asked before all else but the size: for its EXIF data, a PNG is decoded to its end.
    """
    pixels = image.width * image.height
    if image.format not in ("JPEG", "MPO"):
        return pixels > _MOST_PIXELS.get(image.format or "", 0)
    if image.info.get("progressive") and pixels > _MOST_OF_A_PROGRESSIVE:
        return True
    image.draft("RGB", (side, side))
    return image.width * image.height > _MOST_OF_A_JPEG


@cache
def _known_formats() -> list[str]:
    """Those of the formats that this Pillow can read: it refuses all where one is not known."""
    Image.init()
    return [name for name in _FORMATS if name in Image.OPEN]
