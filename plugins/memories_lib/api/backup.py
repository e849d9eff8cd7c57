"""A backup over the wire, and the maintenance note."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

from datasette import Response
from datasette.app import Datasette
from datasette.utils.asgi import Request

from memories_lib.server import served_archive
from memories_lib.server.asgi import Send
from memories_lib.server.http import Answer, ApiError, body_of, choice, words, wrong
from memories_lib.shared import backup_bundle, maintenance_note


async def backup(request: Request, datasette: Datasette) -> Answer:
    """``GET /api/backup``: edits and archive as one file, made while others read and edit; ``?media=1`` with files."""
    media = choice(request, "media", ("0", "1"), "0")
    path = Path(served_archive.database_of(datasette).path).resolve()
    folder = tempfile.TemporaryDirectory(dir=path.parent, prefix=".backup-")
    target = Path(folder.name) / "backup.zip"
    try:
        manifest = await asyncio.to_thread(backup_bundle.make, path, target, media=media == "1")
    except (OSError, sqlite3.Error, backup_bundle.Unfit) as error:
        folder.cleanup()
        if isinstance(error, backup_bundle.Unfit):
            raise ApiError(503, str(error)) from None
        raise  # a full disk, or a damaged file: told as everywhere
    return _Sent(target, folder, lambda: backup_bundle.note_made(path, manifest))


class _Sent(Response):
    """A file sent in pieces and taken away; noted when all of it went out."""

    def __init__(self, path: Path, folder: tempfile.TemporaryDirectory[str], on_sent: Callable[[], None]) -> None:
        super().__init__(status=200)
        self._path, self._folder, self._on_sent = path, folder, on_sent

    async def asgi_send(self, send: Send) -> None:
        headers = {
            "content-type": "application/zip", "content-length": str(self._path.stat().st_size),
            "cache-control": "no-store", "content-disposition": 'attachment; filename="memories-backup.zip"',
        }  # fmt: skip
        try:
            await send({
                "type": "http.response.start", "status": 200,
                "headers": [[k.encode(), v.encode()] for k, v in headers.items()],
            })  # fmt: skip
            with self._path.open("rb") as stream:
                while piece := await asyncio.to_thread(stream.read, 1 << 18):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            self._on_sent()
        finally:
            self._folder.cleanup()


async def maintenance(request: Request, datasette: Datasette) -> Answer:
    """``POST /api/maintenance`` `{"text", "closed"}`."""
    body = await body_of(request)
    text, closed = words(body, "text", maintenance_note.MOST).strip(), body.get("closed", False)
    if not text:
        raise wrong("body", "text", "must say something")
    if not isinstance(closed, bool):
        raise wrong("body", "closed", "must be true or false", "type_error.bool")
    path = served_archive.database_of(datasette).path
    await asyncio.to_thread(maintenance_note.put_note, path, text, closed)
    return {"maintenance": maintenance_note.note_of(path)}


async def no_maintenance(_request: Request, datasette: Datasette) -> Response:
    """``DELETE /api/maintenance``."""
    maintenance_note.take_note_off(served_archive.database_of(datasette).path)
    return Response("", status=204)
