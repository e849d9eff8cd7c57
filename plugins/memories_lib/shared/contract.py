"""What both sides must agree upon: what the file of an archive is, what numbers and words in it mean. Pure."""

from __future__ import annotations

import re

#: "WAMe", `PRAGMA application_id`, so that any tool can tell whose file it is.
APPLICATION_ID = 0x57414D65
#: `PRAGMA user_version` of an archive that this version writes and serves.
SCHEMA = 7
#: Bytes of the longest value that is read or made by a query.
LONGEST_VALUE = 16 << 20
#: `PRAGMA page_size`, in bytes.
PAGE_SIZE = 8192
#: Exchanges that an edit made are numbered like their event, far above those of any ingest.
FIRST_EVENT = 1 << 50
#: Above this part of a disk in use, it wants to grow.
FULL = 0.8
#: Kinds of messages that are a file.
MEDIA_KINDS = frozenset({"image", "video", "audio", "sticker", "gif", "document", "contact", "view_once", "file"})
#: All kinds of messages (see docs/SCHEMA.md), as lists of choice show them.
KINDS = (
    "text", "image", "video", "audio", "sticker", "gif", "document", "location", "contact", "poll", "call", "deleted",
    "view_once", "file", "system",
)  # fmt: skip
#: What is shown of messages that have no words.
SIGNS = {
    "image": "📷", "video": "🎬", "audio": "🎤", "sticker": "💟", "gif": "GIF", "document": "📄", "contact": "👤",
    "location": "📍", "poll": "📊", "call": "📞", "deleted": "🚫", "view_once": "📷", "file": "📎",
}  # fmt: skip
#: What an exchange may feel like.
MOODS = ("loving", "joyful", "funny", "sad", "angry", "calm", "practical")
#: Bytes of a list of names or digests that is asked about at once; pages of a list.
MOST_LISTED, MOST_PAGES = 16 << 20, 1 << 40
#: Bytes of edits that travel at once: what is read as one, nobody else is answered meanwhile.
MOST_EDITS = 4 << 20
#: A day as it is asked for.
DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
