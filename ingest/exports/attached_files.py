"""The file that a body names: attached by an Android or an iPhone, by words that say so in many languages."""

from __future__ import annotations

import re

from ingest.core.languages import MARKS, Languages, plain
from ingest.exports.file_kinds import has_known_ending, looks_generated
from ingest.exports.notices import has_mark

_ANDROID_FILE = re.compile(
    r"(?P<file>[^\n]{0,250}?\.\w{0,8}) [\u200e\u200f]*\((?P<label>[^()\n]{2,40})\)[ \u200e\u200f]*\Z"
)
_ANDROID_PAGES = re.compile(
    r"(?P<file>[^\n]{1,250}?) • [^\n]{1,30}? [\u200e\u200f]*\((?P<label>[^()\n]{2,40})\)[ \u200e\u200f]*\Z"
)
#: A file whose name has no ending: with the mark that phones put before it, or in one word.
_ANDROID_NAME = re.compile(
    r"[\u200e\u200f]?(?P<file>[^\n.()\u200e\u200f]{1,120}) \((?P<label>[^()\n]{2,40})\)[ \u200e\u200f]*\Z"
)
_HAS_ENDING = re.compile(r"\.\w{1,8}\Z")
_OLD_IOS_FILE = re.compile(r"(?P<file>[^\n<>]{1,250}) <[\u200e\u200f]*(?P<label>[^<>\d]{2,24})>\Z")
_LABEL_AND_FILE = re.compile(r"(?P<label>[^\d:：<>\n]{3,40})[:：] ?(?P<file>[^<>:\n]{1,250}\.\w{1,8})\Z")
#: What stands behind the last "•" of a document's title: "2 pages".
_PAGES = re.compile(r"\s*[\u200e\u200f]?\d[^\n]*\Z")
#: What stands behind the last "<" of a line.
_IOS_FILE = re.compile(
    r"[\u200e\u200f]*(?:(?P<label>[^<>\d:：]{2,24})[:：] ?(?P<file>[^<>\n]{1,250})"
    r"|(?P<file2>[^<>\n]{1,250}\.\w{1,8}) (?P<label2>[^<>\d]{2,24}))>\Z"
)


def attached_file(first: str, words: Languages, is_ios: bool, has_file: bool = False) -> tuple[str, str] | None:
    """(file, title) when the first line of a body names an attached file."""
    if first.endswith((")", ")\u200e", ")\u200f")):
        for pattern in (_ANDROID_PAGES, _ANDROID_FILE):
            found = pattern.match(first)
            if found and (plain(found["label"]) in words.attached or looks_generated(found["file"].strip(MARKS))):
                return found["file"].strip(MARKS + " "), ""
    elif first.endswith(">"):
        head, opening, tag = first.rpartition("<")
        found = _IOS_FILE.match(tag) if opening else None
        if found:
            name = (found["file"] or found["file2"]).strip(MARKS + " ")
            label = plain(found["label"] or found["label2"])
            is_named = looks_generated(name) or re.match(r"\d{5,}-.*\.\w{1,5}\Z", name)
            if label in words.attached or is_named or (has_file and found["file"]):
                title = without_pages(head)
                return name, "" if title == re.sub(r"\A\d{5,}-", "", name) else title
        found = _OLD_IOS_FILE.match(first)
        if found and plain(found["label"]) in words.attached:
            return without_pages(found["file"]), ""
    elif is_ios and (has_file or has_mark(first)) and (found := _LABEL_AND_FILE.match(first.strip(MARKS + " "))):
        # "Contact card attached: Ana.vcf"
        if plain(found["label"]) in words.attached or has_known_ending(found["file"]):
            return found["file"].strip(MARKS + " "), ""
    elif not is_ios:
        return _without_brackets(first, words)
    return None


def file_without_ending(first: str, words: Languages, *, is_marked: bool) -> tuple[str, str] | None:
    """(file, title) where a file's name has no ending: ``README (file attached)``."""
    found = _ANDROID_NAME.match(first) if first.endswith(")") else None
    if found and plain(found["label"]) in words.attached and (is_marked or " " not in found["file"]):
        return found["file"], ""
    return None


def _without_brackets(first: str, words: Languages) -> tuple[str, str] | None:
    """A file and the words for it side by side, as Persian and Tamil have it: ``WORDS FILE.pdf`` or the other way."""
    if "." not in first:
        return None
    parts = first.strip(MARKS + " ").split(" ")
    for n in range(1, min(6, len(parts))):
        for label, name in ((parts[:n], parts[n:]), (parts[-n:], parts[:-n])):
            # Its ending is the last of a name: a look at it is cheaper than one at the words.
            if "." in name[-1] and _HAS_ENDING.search(name[-1]) and plain(" ".join(label)) in words.attached:
                return " ".join(name).strip(MARKS + " "), ""
    return None


def without_pages(title: str) -> str:
    """A title or caption without the count of pages, and without marks and blanks around it."""
    before, dot, pages = title.rpartition("•")
    return (before.rstrip() if dot and _PAGES.match(pages) else title).strip(MARKS + " ")


def caption_of(rest: str, name: str) -> str:
    """What follows the line with the file: a caption, or the document's own name once more."""
    caption = rest.strip("\n")
    stem = name.rpartition(".")[0]
    return "" if caption in (name, stem) else caption
