"""Serves the archive's photos, voice notes and documents: ``/-/media/<sha256>`` and ``/-/media/<sha256>/small``.

Files lie beside the database they belong to, under their digest; only digests that the archive
knows are served, so no path can lead elsewhere.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasette import Forbidden, Response, hookimpl
from datasette.app import Datasette
from datasette.database import Database
from datasette.utils.asgi import Request

sys.path.append(str(Path(__file__).parent))

from memories_lib.access import roles
from memories_lib.server import http
from memories_lib.server.asgi import Message, Send
from memories_lib.shared import visible
from memories_lib.shared.archive_validation import sha256_of
from memories_lib.shared.layout import ArchiveFiles, media_name, thumbnail_name

_SHOWN = ("image/", "video/", "audio/")
#: Images that can hold scripts are only ever downloaded.
_NEVER_SHOWN = ("image/svg+xml",)
_TYPE = re.compile(r"[a-z]+/[A-Za-z0-9.+-]+")
_YEAR = "private, max-age=31536000, immutable"


def _stored_at(database: Database, sha256: str, filename: str) -> Path:
    return ArchiveFiles.of(database.path).media / media_name(sha256, filename)


async def media(request: Request, datasette: Datasette) -> Response:
    """One file, or its small picture."""
    sha256, small = request.url_vars["sha256"], request.url_vars["small"]
    for database in datasette.databases.values():
        if not database.path or not await database.table_exists("media"):
            continue
        # Who edits may look at what is hidden, to bring it back; the same file may be in a message that is not.
        seen = "1" if roles.may(request.actor, "curator") else visible.MESSAGE_SEEN
        rows = await database.execute(
            f"""
            SELECT filename, mimetype, thumbnail, bytes FROM media JOIN messages ON messages.id = media.message_id
            WHERE media.sha256 = ? AND NOT is_missing AND {seen} LIMIT 1
            """,
            [sha256],
        )
        row = rows.first()
        if row is None:
            continue
        if not roles.may(request.actor, "viewer"):
            raise Forbidden("view-instance")
        path, mimetype = _stored_at(database, sha256, row["filename"] or ""), row["mimetype"]
        if small and row["thumbnail"]:
            path = ArchiveFiles.of(database.path).media / thumbnail_name(sha256)
            mimetype = "image/webp"
        if path.is_file():
            is_whole = small or await asyncio.to_thread(_is_whole, path, sha256, row["bytes"])
            if not is_whole:
                said = "This file is damaged; memories doctor says which, and ingesting its export again brings it back"
                return Response.text(said, status=503)
            return _send(request, path, mimetype or "application/octet-stream")
    return Response.text("There is no such file in this archive", status=404)


#: Files up to this size are read for their digest the first time they are asked for; of larger ones the size counts.
_MOST_DIGESTED = 16 << 20
#: (path, when it was written, its size) of files that were looked at and are whole.
_whole: dict[tuple[str, int, int], None] = {}
_MOST_WHOLE = 5_000


def _is_whole(path: Path, sha256: str, size: int | None) -> bool:
    """Whether a file is what was put there: a damaged one would stay in browsers for a year."""
    try:
        about = path.stat()
        known = str(path), about.st_mtime_ns, about.st_size
        if known in _whole:
            return True
        if size is not None and about.st_size != size:
            return False
        if about.st_size <= _MOST_DIGESTED and sha256_of(path) != sha256:
            return False
    except OSError:
        return False
    if len(_whole) >= _MOST_WHOLE:
        _whole.clear()
    _whole[known] = None
    return True


def _send(request: Request, path: Path, mimetype: str) -> Response:
    headers = {http.KEEP: _YEAR, "x-content-type-options": "nosniff", "accept-ranges": "bytes"}
    shown = mimetype.startswith(_SHOWN) and mimetype not in _NEVER_SHOWN and _TYPE.fullmatch(mimetype) is not None
    if not shown:
        headers["content-disposition"] = "attachment"
        mimetype = "application/octet-stream"
    return _File(path, mimetype, headers, request.headers.get("range", ""))


class _File(Response):
    """A file sent in pieces, or the one range a player asks for (RFC 9110, section 14)."""

    def __init__(self, path: Path, content_type: str, headers: Mapping[str, str], wanted: str) -> None:
        super().__init__(status=200, headers=headers, content_type=content_type)
        self._path, self._wanted = path, wanted

    async def asgi_send(self, send: Send) -> None:
        size = self._path.stat().st_size
        start, end = 0, size - 1
        found = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", self._wanted.strip())
        if found and any(found.groups()):
            first, last = found.groups()
            start = int(first) if first else max(0, size - int(last))
            end = min(int(last), size - 1) if first and last else size - 1
            if start > end:
                await send(self._start(416, {"content-range": f"bytes */{size}", "content-length": "0"}))
                await send({"type": "http.response.body", "body": b""})
                return
            await send(self._start(206, {"content-range": f"bytes {start}-{end}/{size}"}, end - start + 1))
        else:
            await send(self._start(200, {}, size))
        with self._path.open("rb") as stream:
            stream.seek(start)
            left = end - start + 1
            while left > 0:
                block = stream.read(min(left, 256 * 1024))
                if not block:
                    break
                left -= len(block)
                await send({"type": "http.response.body", "body": block, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _start(self, status: int, more: dict[str, str], length: int | None = None) -> Message:
        headers = {**self.headers, **more, "content-type": self.content_type}
        if length is not None:
            headers["content-length"] = str(length)
        return {
            "type": "http.response.start",
            "status": status,
            "headers": [[k.encode("latin-1"), v.encode("latin-1")] for k, v in headers.items()],
        }


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    return [(r"^/-/media/(?P<sha256>[0-9a-f]{64})(?P<small>/small)?$", media)]
