"""What is no export, named: other programs' files, encrypted backups, pictures."""

from __future__ import annotations

from pathlib import Path

from ingest.core.errors import NotAnExport
from ingest.exports.encodings import encoding_by_start
from ingest.exports.headers import find_head


def refuse_other_formats(path: Path, start: bytes, size: int) -> None:
    """Say what a file is when it is not a chat's text."""
    name = path.name
    lower = start[:2048].lstrip().lower()
    if size == 0:
        raise NotAnExport(f"{name}: is empty; export the chat again (chat > More > Export chat)")
    if ".crypt" in name:
        raise NotAnExport(
            f"{name}: is WhatsApp's encrypted backup, which only WhatsApp can open; in the app open the chat and "
            "choose More > Export chat, and give that file"
        )
    if start.startswith(b"SQLite format 3\0"):
        what = "WhatsApp's own database" if "msgstore" in name.lower() else "a SQLite database"
        raise NotAnExport(f"{name}: is {what}, not an export; in the app choose More > Export chat")
    if lower.startswith((b"<!doctype html", b"<html", b"<?xml")):
        raise NotAnExport(f"{name}: is a web page; give the .txt or .zip that WhatsApp's Export chat makes")
    if lower.startswith((b"{", b'[{"')) and not find_head(start.decode("utf-8", "replace").split("\n")[0]):
        what = "a Telegram export" if b'"messages"' in start and b'"type"' in start else "a JSON file"
        raise NotAnExport(f"{name}: looks like {what}; this reads WhatsApp's Export chat (.txt or .zip)")
    for magic, what in _MAGIC.items():
        if start.startswith(magic):
            raise NotAnExport(f"{name}: is {what}, not a chat's text")
    if encoding_by_start(start).startswith("utf-16"):
        return
    if start.count(0) > len(start) // 10:
        raise NotAnExport(f"{name}: is a binary file, not a chat's text")


_MAGIC = {
    b"%PDF": "a PDF",
    b"\xff\xd8\xff": "a picture",
    b"\x89PNG": "a picture",
    b"Rar!": "a RAR archive (unpack it and give the folder)",
    b"7z\xbc\xaf": "a 7z archive (unpack it and give the folder)",
    b"\x1f\x8b": "a gzip archive (unpack it first)",
    b"bplist": "an iPhone's property list",
}
