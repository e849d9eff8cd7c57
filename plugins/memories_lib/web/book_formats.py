"""Chosen talks as files: JSON, CSV, one HTML page that needs nothing else, and the text form that WhatsApp exports.

The text form is an iPhone's with the year in front, which no reader can mistake; ingested, it gives the same messages.
"""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator

from memories_lib.queries.stretches import BookTalk
from memories_lib.shared.sql import Row

_MARK = "\u200e"
_OMITTED = {
    "image": "image omitted", "video": "video omitted", "audio": "audio omitted", "sticker": "sticker omitted",
    "gif": "GIF omitted", "document": "document omitted", "contact": "Contact card omitted",
    "deleted": "This message was deleted.", "file": "file omitted",
}  # fmt: skip
_FILES = frozenset(_OMITTED) - {"deleted"}
_FIELDS = ("sent_at", "sender", "kind", "text", "is_edited", "filename")


def as_json(parts: Iterable[list[BookTalk]]) -> Iterator[str]:
    """Everything, for programs: an array of talks. `parts` are as `stretches.book_part` gives them, for all forms."""
    start = "[\n"
    for talks in parts:
        for talk in talks:
            if not talk.is_rest:
                head = {k: talk.head[k] for k in ("id", "title", "summary", "chat", "started_at", "mood", "note")}
                yield start + json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "messages": ['
            before = ",\n  " if talk.is_rest else "\n  "
            for m in talk.messages:
                yield before + json.dumps({k: m[k] for k in _FIELDS}, ensure_ascii=False)
                before = ",\n  "
            if not talk.is_open:
                yield "\n ]\n}"
            start = ",\n"
    yield "[]" if start == "[\n" else "\n]"


def as_csv(parts: Iterable[list[BookTalk]]) -> Iterator[str]:
    """A row a message. What a spreadsheet would run as a formula starts with a quote."""
    yield _csv([("talk", "chat", *_FIELDS)])
    for talks in parts:
        yield _csv(
            [f"'{v}" if isinstance(v, str) and v[:1] in "=+-@\t\r" else v for v in row]
            for talk in talks
            for m in talk.messages
            for row in [(talk.head["title"], talk.head["chat"], *(m[k] for k in _FIELDS))]
        )


def _csv(rows: Iterable[Iterable[object]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def as_text(parts: Iterable[list[BookTalk]]) -> Iterator[str]:
    """As an iPhone writes it."""
    for talks in parts:
        yield "".join(_line(talk, m).replace("\n", "\r\n") + "\r\n" for talk in talks for m in talk.messages)


def _line(talk: BookTalk, m: Row) -> str:
    # As iPhones do, before what carries a file.
    mark = _MARK if m["sender"] is not None and (m["filename"] or m["kind"] in _FILES) else ""
    who = m["sender"] if m["sender"] is not None else talk.head["chat"]
    return f"{mark}[{m['sent_at'][:10]}, {m['sent_at'][11:]}] {who}: {_body(m)}"


def _body(m: Row) -> str:
    if m["sender"] is None:
        return _MARK + m["text"]
    text = m["text"] + (f" {_MARK}<This message was edited>" if m["is_edited"] else "")
    if m["filename"]:
        return f"{_MARK}<attached: {m['filename']}>" + (f"\n{text}" if text else "")
    if m["kind"] in _OMITTED:
        return _MARK + _OMITTED[m["kind"]]
    return _MARK + text if m["kind"] in ("location", "poll", "call") else text


def with_pictures(page: str, read: Callable[[str], bytes | None]) -> str:
    """An HTML page whose small pictures are inside it. `read` gives the bytes of a picture's digest, or None."""
    parts = page.split('src="')
    for n, part in enumerate(parts[1:], 1):
        address, quote, rest = part.partition('"')
        if "/-/media/" in address:
            found = read(address.split("/-/media/")[1].partition("/")[0])
            inside = "data:image/webp;base64," + base64.b64encode(found).decode() if found else ""
            parts[n] = inside + quote + rest
    return 'src="'.join(parts)
