"""Of what kind a file is: by the names that WhatsApp gives, by the ending, or by a word that languages share. Pure."""

from __future__ import annotations

import re

_WA_FILE = re.compile(r"(?:IMG|VID|PTT|AUD|STK|DOC|GIF)-\d{8}-WA\d+", re.IGNORECASE)
_IOS_NAME = re.compile(r"\d{5,}-(?P<kind>PHOTO|VIDEO|AUDIO|STICKER|GIF)-\d{4}", re.IGNORECASE)

_BY_PREFIX = {
    "IMG": "image", "VID": "video", "PTT": "audio", "AUD": "audio", "STK": "sticker", "DOC": "document",
    "GIF": "gif", "PHOTO": "image", "VIDEO": "video", "AUDIO": "audio", "STICKER": "sticker",
}  # fmt: skip
_BY_ENDING = {
    "image": "jpg jpeg png heic heif bmp tif tiff avif",
    "video": "mp4 mov 3gp mkv avi webm m4v mpg mpeg",
    "audio": "opus ogg m4a mp3 aac amr wav oga caf flac wma",
    "gif": "gif",
    "contact": "vcf vcard",
    "sticker": "webp",
}
_KIND_OF_ENDING = {ending: kind for kind, endings in _BY_ENDING.items() for ending in endings.split()}
_DOCUMENT = re.compile(
    r"\.(?:pdf|docx?|xlsx?|pptx?|odt|ods|odp|txt|csv|zip|rtf|pages|numbers|key|apk|epub|ics)\Z", re.I
)
#: Words that languages borrow from one another.
_TELLTALE = (
    ("gif", ("gif",)),
    ("sticker", ("sticker", "stiker", "стикер", "estiquer", "स्टिकर")),
    ("video", ("video", "vídeo", "vidéo", "видео", "відео", "βίντεο", "वीडियो", "ვიდეო")),
    ("audio", ("audio", "áudio", "аудио", "аудіо", "ऑडियो")),
)


def kind_of_file(name: str) -> str:
    """The kind of an attachment by its name: WhatsApp's own prefixes first, then the ending."""
    ending = name.rpartition(".")[2].lower()
    found = _IOS_NAME.match(name)
    if found:
        return _BY_PREFIX[found["kind"].upper()]
    if _WA_FILE.match(name):
        kind = _BY_PREFIX[name[:3].upper()]
        return "gif" if ending == "gif" else kind
    return _KIND_OF_ENDING.get(ending, "document")


def has_known_ending(name: str) -> bool:
    """Whether a name ends as files do that are sent: not as a site's address does."""
    return name.rpartition(".")[2].lower() in _KIND_OF_ENDING or bool(_DOCUMENT.search(name))


def looks_generated(name: str) -> bool:
    """Whether a file name is one that WhatsApp gives, so that no label is needed to believe it."""
    return bool(_WA_FILE.match(name) or _IOS_NAME.match(name) or re.match(r"[0-9a-f]{32,40}\.\w+\Z", name))


def kind_by_borrowed_word(words: str) -> str | None:
    """The kind that "sticker omitted" tells in a language that is not known here; None where no word does."""
    return next((kind for kind, telltales in _TELLTALE if any(word in words for word in telltales)), None)
