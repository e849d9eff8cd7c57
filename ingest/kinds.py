"""What a message's body is: words, a file, a place, a poll, a call, or one of WhatsApp's own sentences.

Rules that need no language come first (formats of file names, `< >`, map links); the words of
`data/languages.toml` decide the rest.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from ingest.languages import MARKS, Languages, languages, plain, without_marks

#: First and last characters that a body of plain words hardly ever has: only these bodies are looked at closely.
SUSPECT_FIRST = frozenset(MARKS + "<")
SUSPECT_LAST = frozenset(")>:" + MARKS)

_ANDROID_FILE = re.compile(r"(?P<file>[^\n]{1,250}\.\w{1,8}) \((?P<label>[^()\n]{2,40})\)[ \u200e\u200f]*\Z")
_LABEL_FIRST = re.compile(r"(?P<label>\D{4,24}?) (?P<file>\S+\.\w{1,8})\Z")
_OLD_IOS_FILE = re.compile(r"(?P<file>[^\n<>]{1,250}\.\w{1,8}) <[\u200e\u200f]*(?P<label>[^<>\d]{2,24})>\Z")
_IOS_FILE = re.compile(
    r"(?P<title>[^\n]*?)[ \u200e\u200f]*<[\u200e\u200f]*"
    r"(?:(?P<label>[^<>\d:：]{2,24})[:：] ?(?P<file>[^<>\n]{1,250})"
    r"|(?P<file2>[^<>\n]{1,250}\.\w{1,8}) (?P<label2>[^<>\d]{2,24}))>\Z"
)
_OMITTED = re.compile(r"<[\u200e\u200f]*(?P<inner>[^<>\n]{2,60})>\Z")
_EDITED = re.compile(r"\s*[\u200e\u200f]*<[\u200e\u200f]*(?P<inner>[^<>\n]{4,60})>\s*\Z")
_PLACE = re.compile(
    r"https?://(?:maps\.google\.[a-z.]+/(?:maps)?\?(?:\S*&)?q=(?:loc:)?-?\d|(?:www\.)?foursquare\.com/v/)"
)
_WA_FILE = re.compile(r"(?:IMG|VID|PTT|AUD|STK|DOC|GIF)-\d{8}-WA\d+", re.IGNORECASE)
_IOS_NAME = re.compile(r"\d{5,}-(?P<kind>PHOTO|VIDEO|AUDIO|STICKER|GIF)-\d{4}", re.IGNORECASE)
_POLL_HEAD = re.compile(r"[\u200e\u200f]*(?P<word>[^\W\d_a-z]{3,14}) ?:\Z")
_POLL_OPTION = re.compile(r"(?m)^[\u200e\u200f]*[^\W\d_a-z]{3,14} ?: .+\(\d+ \w+\)[\u200e\u200f]*$")

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
_LONGEST_NOTICE = 600


class Body(NamedTuple):
    """What a body turned out to be. `is_notice`: WhatsApp wrote it, so it has no sender."""

    kind: str
    text: str
    is_edited: bool = False
    attachment: str | None = None
    is_notice: bool = False
    is_own: bool = False  # only the archive's owner gets this sentence


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


def looks_generated(name: str) -> bool:
    """Whether a file name is one that WhatsApp gives, so that no label is needed to believe it."""
    return bool(_WA_FILE.match(name) or _IOS_NAME.match(name) or re.match(r"[0-9a-f]{32,40}\.\w+\Z", name))


def looks_like_notice(text: str) -> bool:
    """Whether `text` (without sender) reads like one of WhatsApp's own notices."""
    words = languages()
    lower = without_marks(text).casefold()
    return lower.startswith(tuple(y.casefold() for y in words.you)) or any(n in lower for n in words.notices)


def may_stand_for_a_file(body: str, *, is_ios: bool) -> bool:
    """Whether a sentence nobody here knows looks like "image omitted": a few words, without a stop, in lower case.

    Androids put it in < >, iPhones behind a mark. Whether it is one, only its coming again and again can tell.
    """
    if is_ios != (body[:1] == "\u200e") or len(body) > 62 or "\n" in body:
        return False
    inner = body[1:] if is_ios else body[1:-1] if body[:1] == "<" and body[-1:] == ">" else ""
    words = inner.strip(MARKS + " ").split()
    if not 2 <= len(words) <= 5 or (is_ios and words[0][0].isupper()):
        return False
    return all(unicodedata.category(letter)[0] in "LM" for word in words for letter in word)


def read_body(body: str, *, is_ios: bool, chat: str | None = None, sender: str | None = None) -> Body:
    """Say what `body` is. `chat` is the chat's name, `sender` who it is attributed to."""
    words = languages()
    first_mark = body[:1]
    edited = False
    found = _EDITED.search(body) if body.endswith((">", "\u200e", " ")) else None
    if found and plain(found["inner"]) in words.edited:
        body = body[: found.start()]
        edited = True
    stripped = body.strip(MARKS + " ")
    if not stripped:
        # An empty line under somebody's name: a photo that could be seen once, or a message that expired.
        return Body("view_once" if not body or first_mark in MARKS else "text", body.strip(MARKS), edited)

    sentence = plain(body) if len(body) < 200 else ""
    kind = words.exact.get(sentence)
    if kind:
        return Body(kind, _text_of(kind, stripped), edited, is_own=sentence in words.own_deleted)

    first, _, rest = stripped.partition("\n")
    first = first.rstrip("\r")
    file = _attachment(first, words, is_ios)
    if file:
        name, title = file
        caption = "\n".join(t for t in (title, _caption(rest, name)) if t)
        return Body(kind_of_file(name), caption, edited, name)
    omitted = _OMITTED.match(first)
    if omitted and (plain(omitted["inner"]) in words.omitted or (not is_ios and not rest and _bare(omitted["inner"]))):
        return Body("image", rest.strip(), edited)
    if is_ios and not rest:
        # Document names stand before the words: "Budget.pdf • 3 pages ‎document omitted".
        title, mark, tail = stripped.rpartition("\u200e")
        omitted_kind = words.exact.get(plain(tail)) if mark else None
        if omitted_kind and omitted_kind != "deleted":
            return Body(omitted_kind, title.strip(MARKS + " "), edited)
    if _PLACE.search(stripped):
        return Body("location", stripped, edited)
    poll = _POLL_HEAD.match(first)
    if poll and rest and (plain(poll["word"]) in words.polls or _POLL_OPTION.search(rest)):
        return Body("poll", stripped, edited)
    if len(sentence) < 120 and (first_mark in "\u200e\u200f" or "\u200e" in body) and _is_call(sentence, words):
        return Body("call", without_marks(stripped), edited)
    if is_ios and first_mark in ("\u200e", "\u200f") and len(body) < _LONGEST_NOTICE and not edited:
        lead = body.lstrip(MARKS)
        if first_mark == "\u200e" or sender == chat or looks_like_notice(lead):
            return Body("system", stripped, is_notice=True)
    return Body("text", body, edited)


def read_notice(text: str) -> Body:
    """Say what a line without a sender is: a call or a notice."""
    stripped = text.strip(MARKS + " ")
    if len(stripped) < 120 and _is_call(plain(stripped), languages()):
        return Body("call", stripped, is_notice=True)
    return Body("system", stripped, is_notice=True)


def _text_of(kind: str, text: str) -> str:
    return text if kind in ("deleted", "location") else ""


def _bare(inner: str) -> bool:
    """Unknown language: a few words in < > and nothing else is a file left out, an HTML tag is not."""
    return not inner.isascii() and len(inner.split()) <= 5


def _is_call(sentence: str, words: Languages) -> bool:
    return sentence.startswith(words.calls)


def _attachment(first: str, words: Languages, is_ios: bool) -> tuple[str, str] | None:
    """(file, title) when the first line of a body names an attached file."""
    if first.endswith(")"):
        found = _ANDROID_FILE.match(first)
        if found:
            name = found["file"].strip(MARKS)
            if plain(found["label"]) in words.attached or looks_generated(name):
                return name, ""
    elif first.endswith(">"):
        found = _OLD_IOS_FILE.match(first)
        if found and plain(found["label"]) in words.attached:
            return found["file"].strip(MARKS), ""
        found = _IOS_FILE.match(first)
        if found:
            name = (found["file"] or found["file2"]).strip(MARKS)
            label = plain(found["label"] or found["label2"])
            if label in words.attached or looks_generated(name) or re.match(r"\d{5,}-.*\.\w{1,5}\Z", name):
                title = re.sub(r"\s*•\s*[\u200e\u200f]?\d+.*\Z", "", found["title"]).strip(MARKS + " ")
                return name, "" if title == re.sub(r"\A\d{5,}-", "", name) else title
    elif not is_ios:
        found = _LABEL_FIRST.match(first)
        if found and plain(found["label"]) in words.attached:
            return found["file"], ""
    return None


def _caption(rest: str, name: str) -> str:
    """What follows the line with the file: a caption, or the document's own name once more."""
    caption = rest.strip("\n")
    stem = name.rpartition(".")[0]
    return "" if caption in (name, stem) else caption
