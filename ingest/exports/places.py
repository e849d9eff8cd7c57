"""Places people shared: a map link, or a venue with its address."""

from __future__ import annotations

import re
from typing import NamedTuple

_MAP = re.compile(
    r"https?://maps\.google\.[a-z.]+/(?:maps)?\?(?:[^\s]{0,300}?&)?q=(?:loc:)?"
    r"(?P<latitude>-?\d{1,3}(?:\.\d+)?)(?:,|%2C)(?:\+|%20)?(?P<longitude>-?\d{1,3}(?:\.\d+)?)\S*",
    re.IGNORECASE,
)
_VENUE = re.compile(r"https?://(?:www\.)?foursquare\.com/v/\S+", re.IGNORECASE)


class Place(NamedTuple):
    """A place as sent. Coordinates are degrees north and east, None where the message gives none."""

    name: str | None
    latitude: float | None
    longitude: float | None
    url: str


def find_place(text: str) -> Place | None:
    """The place that `text` shares, if it does. Venues stand on one line (iPhone) or three (Android)."""
    found = _MAP.search(text) or _VENUE.search(text)
    if not found:
        return None
    latitude = longitude = None
    if found.re is _MAP:
        latitude, longitude = float(found["latitude"]), float(found["longitude"])
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            latitude = longitude = None
    before = [line.strip(" \u200e\u200f") for line in text[: found.start()].splitlines() if line.strip(" \u200e\u200f")]
    name: str | None = ", ".join(before).removesuffix(":").strip() or None
    if name and (latitude is not None) and len(before) == 1 and text[: found.start()].rstrip().endswith(":"):
        # "Location:" is the app's word, "British Library:" a name: a single word before coordinates is the app's.
        name = None if len(name.split()) == 1 else name
    return Place(name, latitude, longitude, found[0])
