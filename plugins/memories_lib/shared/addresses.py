"""How an address in a message is found: pages show it as a link, ingest keeps it with its domain. Pure."""

from __future__ import annotations

import re

URL = re.compile(r"https?://[^\s<>\"“”„«»\u200e\u200f\u2066-\u2069]+", re.IGNORECASE)
#: What a sentence puts after an address.
TAIL = ".,;:!?'’*_~)]}"
