"""What travels with an archive: its media, file by file, and the log of edits, for `memories push` and `pull`."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

from datasette.app import Datasette
from datasette.utils.asgi import Request

from memories_lib.access import roles
from memories_lib.api import archive_upload
from memories_lib.server import served_archive
from memories_lib.server.http import Answer, ApiError, body_of, wrong
from memories_lib.shared import archive_validation, contract, curation, edit_log, private_files, uploads
from memories_lib.shared.edit_event import Event
from memories_lib.shared.layout import ArchiveFiles

#: Objects, lists' items and values of edits that travel at once: each takes some hundred bytes while it is looked at.
_MOST_ITEMS = 400_000


async def missing_media(request: Request, datasette: Datasette) -> Answer:
    """``POST /api/media/missing`` `{"names": [...]}`: which of these files are not here."""
    _, path, _, _ = archive_upload.places(datasette)
    body = await body_of(request, most=contract.MOST_LISTED, most_items=_MOST_ITEMS)
    names = body.get("names")
    if not isinstance(names, list) or not all(isinstance(name, str) and len(name) < 120 for name in names):
        raise wrong("body", "names", "must be a list of names")
    folder = ArchiveFiles(path).media
    return {"missing": [name for name in names if _is_media(name) and not (folder / name).is_file()]}


def _is_media(name: str) -> bool:
    start, _, rest = name.partition("/")
    stem, _, ending = rest.partition(".")
    return uploads.is_sha256(stem) and stem[:2] == start and ending.replace(".", "").isalnum() | (not ending)


async def put_media(request: Request, datasette: Datasette) -> Answer:
    """``PUT /api/media/{name}``: one file, under its digest."""
    _, path, incoming, _ = archive_upload.places(datasette)
    name = request.url_vars["name"]
    if not _is_media(name):
        raise ApiError(404, "a file is named by its sha256")
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > 2 * archive_upload.GIB:
        raise ApiError(413, "a file has at most 2 GiB, and says so in Content-Length")
    if shutil.disk_usage(path.parent).free < int(length) + (16 << 20):
        raise ApiError(507, "the disk has no room for this file; make the volume larger, then send it again")
    part = incoming / f"media-{roles.fresh_name()}.part"
    try:
        if await archive_upload.stream_to(request, part, int(length)) != int(length):
            raise ApiError(400, "the line broke before all of it arrived; nothing was changed")
        is_small = name.endswith(".thumb.webp")
        if is_small and not _is_webp(part):
            raise ApiError(422, "a small picture is a WebP file")
        if not is_small and await asyncio.to_thread(archive_validation.sha256_of, part) != name[3:67]:
            raise ApiError(422, "what arrived is not what its name says; send it again")
        target = ArchiveFiles(path).media / name
        private_files.make_folder(target.parent)
        part.chmod(0o600)
        part.replace(target)
    finally:
        archive_upload.forget_part(part)
    return {"name": name}


def _is_webp(path: Path) -> bool:
    with path.open("rb") as stream:
        start = stream.read(12)
    return start[:4] == b"RIFF" and start[8:] == b"WEBP"


async def log(_request: Request, datasette: Datasette) -> Answer:
    """``GET /api/edits/log``: every edit as it was written down, for `memories pull`."""
    everything = await served_archive.all_edits(datasette)
    return {"events": [edit_log.as_data(event) for event in everything]}


def _events(given: list[dict[str, Any]]) -> list[Event]:
    """Edits that travelled. Raises `ValueError` where one is none."""
    others = [edit_log.from_data(event) for event in given]
    if any(event.action not in curation.ACTIONS | {"undo"} for event in others):
        raise ValueError("an edit has an action that this version does not know")
    if not all(event.action == "undo" or curation.is_whole(event) for event in others):
        raise ValueError("an edit does not say all that its action needs, or is not about what its action can be about")
    return others


async def merge_log(request: Request, datasette: Datasette) -> Answer:
    """``POST /api/edits/log`` `{"events": [...]}`: edits made elsewhere; those known by their id are left alone."""
    body = await body_of(request, most=contract.MOST_EDITS, most_items=_MOST_ITEMS)
    given = body.get("events")
    if not isinstance(given, list) or not all(isinstance(event, dict) for event in given):
        raise wrong("body", "events", "must be a list of edits")
    try:
        others = await asyncio.to_thread(_events, given)
    except ValueError as error:
        raise wrong("body", "events", str(error)) from None
    database = served_archive.database_of(datasette)
    added = await database.execute_write_fn(lambda _: edit_log.merge(served_archive.log_of(database), others))
    if added:
        await served_archive.catch_up(datasette)
    return {"added": added}
