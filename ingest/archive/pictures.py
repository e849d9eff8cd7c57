"""Opening pictures that anybody may have made: in formats that phones send, and no more pixels than fit."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PIL import Image

#: Other formats that Pillow knows run other programs, or are not what phones send.
_FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
#: Of a picture as it is decoded: 4 bytes each.
_MOST_PIXELS = 24_000_000
Image.MAX_IMAGE_PIXELS = None  # its own bound, a warning on stderr; ours is looked at before anything is decoded


def opened_picture(path: Path) -> Image.Image:
    """The picture, not decoded yet. Raises what Pillow raises."""
    return Image.open(path, formats=_known_formats())


def is_too_large(image: Image.Image, side: int) -> bool:
    """Whether decoding it, as large as `side` needs, takes too much memory. A JPEG can be decoded smaller than it is.

    To be asked before all else but the size: for its EXIF data, a PNG is decoded to its end.
    """
    image.draft("RGB", (side, side))
    return image.width * image.height > _MOST_PIXELS


@cache
def _known_formats() -> list[str]:
    """Those of the formats that this Pillow can read: it refuses all where one is not known."""
    Image.init()
    return [name for name in _FORMATS if name in Image.OPEN]
