"""Another archive in the place of the served one, under readers: what `PUT /api/archive` and its like do."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

from datasette.app import Datasette
from datasette.database import Database
from datasette.utils.asgi import Request

from memories_lib.access import roles
from memories_lib.api import archive_checks
from memories_lib.server import response_cache, served_archive
from memories_lib.server.http import Answer, ApiError, body_of, choice, whole, wrong
from memories_lib.shared import (
    archive_validation,
    contract,
    curation,
    edit_log,
    folding,
    private_files,
    uploads,
    versions,
)
from memories_lib.shared.sql import Run

_turn = asyncio.Lock()
_MOST_PACKED = uploads.BLOCK + 65_536
GIB = 1 << 30


def places(datasette: Datasette) -> tuple[Database, Path, Path, Path]:
    """(database, its file, where uploads arrive, where earlier versions are)."""
    database = served_archive.database_of(datasette)
    path = Path(database.path).resolve()
    return database, path, uploads.incoming(path), versions.folder_of(path)


def _refused(error: archive_validation.Refused, status: int = 422) -> ApiError:
    return ApiError(507 if isinstance(error, archive_validation.NoRoom) else status, str(error))


async def upload(request: Request, datasette: Datasette) -> Answer:
    """``PUT /api/archive``: a whole `memories.db` as the body, streamed to disk."""
    _, path, incoming, _ = places(datasette)
    length = request.headers.get("content-length", "")
    if not length.isdigit() or not 0 < int(length) <= 16 * GIB:
        raise ApiError(411, "say in Content-Length how large the archive is (at most 16 GiB)")
    sha256 = request.headers.get("x-sha256")
    if sha256 is not None and not uploads.is_sha256(sha256):
        raise wrong("header", "x-sha256", "must be a sha256 in hex")
    await asyncio.to_thread(_make_room, path, int(length))
    part = incoming / f"put-{roles.fresh_name()}.part"
    try:
        size = await stream_to(request, part, int(length))
        if size != int(length):
            raise ApiError(400, "the line broke before all of it arrived; nothing was changed")
        return await _take(
            datasette,
            part,
            sha256,
            renumber=_may(request, "renumber"),
            replace=_may(request, "replace"),
            unhide=_may(request, "unhide"),
        )
    finally:
        forget_part(part)


async def stream_to(request: Request, path: Path, most: int) -> int:
    """Write the body to a file, a piece at a time; returns how many bytes came."""
    size = 0
    private_files.make_file(path)
    with path.open("wb") as out:
        while True:
            message = await request.receive()
            if message["type"] != "http.request":
                raise ApiError(400, "the line broke before all of it arrived; nothing was changed")
            piece = message.get("body", b"")
            size += len(piece)
            if size > most:
                raise ApiError(413, "more arrived than was announced; nothing was changed")
            await asyncio.to_thread(out.write, piece)
            if not message.get("more_body"):
                return size


def _make_room(path: Path, size: int) -> None:
    try:
        versions.room_for(versions.folder_of(path), size, path.stat().st_size)
    except archive_validation.Refused as error:
        raise _refused(error) from None


def forget_part(path: Path) -> None:
    """Take away a file that was on its way, and what SQLite put beside it."""
    for ending in ("", "-journal", "-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)


async def begin(request: Request, datasette: Datasette) -> Answer:
    """``POST /api/archive/uploads`` `{"sha256", "bytes", "blocks"}`: which blocks are still to be sent."""
    _, path, incoming, _ = places(datasette)
    body = await body_of(request, most=contract.MOST_LISTED, most_items=1 << 20)
    sha256, size, blocks = body.get("sha256"), whole(body.get("bytes")), body.get("blocks")
    if not isinstance(sha256, str) or not uploads.is_sha256(sha256):
        raise wrong("body", "sha256", "must be a sha256 in hex")
    if size is None or not 0 < size <= uploads.MOST_BLOCKS * uploads.BLOCK:
        raise wrong("body", "bytes", "must be a whole number of at most 16 GiB")
    if not isinstance(blocks, list) or len(blocks) != -(-size // uploads.BLOCK):
        raise wrong("body", "blocks", f"must be a list of one digest for each {uploads.BLOCK} bytes")
    if not all(isinstance(name, str) and uploads.is_name(name) for name in blocks):
        raise wrong("body", "blocks", "must be digests in hex")
    is_served = uploads.is_served(incoming, sha256, await served_archive.read(datasette, _holds))
    if body.get("dry_run") or is_served:
        missing = [] if is_served else await asyncio.to_thread(uploads.would_miss, blocks, path)
        return {"block_bytes": uploads.BLOCK, "missing": missing, "is_served": is_served}
    if not uploads.part_of(incoming, sha256).exists():
        await asyncio.to_thread(_make_room, path, size)
    await asyncio.to_thread(uploads.tidy, incoming)
    missing = await asyncio.to_thread(uploads.begin, incoming, sha256, size, blocks, path)
    return {"block_bytes": uploads.BLOCK, "missing": missing, "is_served": False}


def _plan(request: Request, incoming: Path) -> tuple[str, list[str]]:
    sha256 = request.url_vars["sha256"]
    plan = uploads.plan_of(incoming, sha256)
    if plan is None:
        raise ApiError(404, "no such upload was begun here; begin it anew")
    return sha256, plan


async def block(request: Request, datasette: Datasette) -> Answer:
    """``PUT /api/archive/uploads/{sha256}/{n}``: one block, as it is or gzipped."""
    _, _, incoming, _ = places(datasette)
    sha256, n = request.url_vars["sha256"], int(request.url_vars["n"])
    name = uploads.name_of(incoming, sha256, n)
    if name is None:
        raise ApiError(404, "no such upload was begun here, or it has no such block; begin it anew")
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > _MOST_PACKED:
        raise ApiError(413, f"a block has at most {uploads.BLOCK} bytes")
    given = await request.post_body()
    if request.headers.get("content-encoding") == "gzip":
        try:
            # No more than one block comes out, however much was folded in.
            given = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(given, uploads.BLOCK + 1)
        except zlib.error:
            raise ApiError(422, "the block is no gzip") from None
    if not await asyncio.to_thread(uploads.write, incoming, sha256, n, given, name):
        raise ApiError(422, "the block is not the one that was announced; send it again")
    return {"block": n}


async def finish(request: Request, datasette: Datasette) -> Answer:
    """``POST /api/archive/uploads/{sha256}``: all has been sent; put it in place."""
    _, _, incoming, _ = places(datasette)
    sha256, digests = _plan(request, incoming)
    renumber, replace, unhide = (_may(request, what) for what in ("renumber", "replace", "unhide"))
    missing = await asyncio.to_thread(uploads.arrived, incoming, sha256, digests)
    if missing:
        raise ApiError(409, f"{len(missing)} blocks have not arrived yet; send them, then ask again")
    found = await _take(
        datasette, uploads.part_of(incoming, sha256), sha256, renumber=renumber, replace=replace, unhide=unhide
    )
    uploads.forget(incoming, sha256)
    return found


async def all_versions(_request: Request, datasette: Datasette) -> Answer:
    """``GET /api/archive/versions``: earlier archives, the newest first."""
    _, path, _, folder = places(datasette)
    found = [{"name": p.stem, "bytes": p.stat().st_size} for p in versions.listed(folder)]
    return {"versions": found, "served": {"bytes": path.stat().st_size}}


async def rollback(request: Request, datasette: Datasette) -> Answer:
    """``POST /api/archive/rollback`` `{"version": NAME}`, or the newest: an earlier archive is served again."""
    _, path, incoming, folder = places(datasette)
    body = await body_of(request, or_else={})
    wanted, known = body.get("version"), {p.stem: p for p in versions.listed(folder)}
    if not known:
        raise ApiError(404, "there is no earlier version")
    if wanted is not None and wanted not in known:
        raise ApiError(404, "there is no such version; see /api/archive/versions")
    unhide = body.get("unhide", False)
    if not isinstance(unhide, bool):
        raise ApiError(422, "unhide is true or false")
    chosen = known[wanted] if wanted else next(iter(known.values()))
    part = incoming / f"rollback-{roles.fresh_name()}.part"
    try:
        await asyncio.to_thread(_make_room, path, 0)
        await asyncio.to_thread(shutil.copyfile, chosen, part)
        taken = await _take(datasette, part, None, renumber=True, replace=True, unhide=unhide)
        return {**taken, "version": chosen.stem}
    finally:
        forget_part(part)


def _may(request: Request, what: str) -> bool:
    return choice(request, what, ("0", "1"), "0") == "1"


async def _take(
    datasette: Datasette, part: Path, sha256: str | None, *, renumber: bool, replace: bool, unhide: bool
) -> dict[str, Any]:
    """Verify, show the edits on it, keep the old one, put the new one in place."""
    if _turn.locked():
        raise ApiError(409, "another archive is being put in place just now; look at it, then try again")
    async with _turn:
        database, path, incoming, folder = places(datasette)
        try:
            facts = await asyncio.to_thread(archive_validation.verify, part, sha256)
        except archive_validation.Refused as error:
            raise _refused(error) from None
        log = served_archive.log_of(database)
        if not replace:
            await archive_checks.keep_what_is_only_here(part, path, log)
        if not renumber:
            await archive_checks.keep_links_true(
                part, path
            )  # before anything is written to it: it may be asked for again
        try:
            digest, lost = await asyncio.to_thread(_show_edits, part, log)
        except (sqlite3.DatabaseError, OverflowError) as error:
            raise ApiError(
                422, f"edits cannot be shown on the archive ({type(error).__name__}); build it anew, or send a backup"
            ) from None
        if not unhide:
            await archive_checks.keep_away_what_was_forgotten(part, log)
            await archive_checks.keep_what_is_hidden(part, path)
        await asyncio.to_thread(_keep, path, folder)

        def write(connection: sqlite3.Connection) -> int:
            # Edits made since go through this same writer: none can slip in between.
            now = edit_log.digest(edit_log.events(log))
            missed = lost if now == digest else _show_edits(part, log)[1]
            versions.put(part, connection)
            return missed

        uploads.note_served(incoming, None)
        lost = await database.execute_write_fn(write)
        uploads.note_served(incoming, sha256, await served_archive.read(datasette, _holds))
        response_cache.forget()
        return {
            "messages": facts.messages,
            "exchanges": facts.exchanges,
            "bytes": facts.bytes,
            "edits_lost": lost,
            "versions": [p.stem for p in versions.listed(folder)],
        }


def _holds(run: Run) -> list[Any]:
    """By what it is noticed that the archive is not what was put in place: read into, forgotten of, joined, parted."""
    return list(
        run(
            """
            SELECT count(*), max(id), max(ingested_at), sum(messages_new), (SELECT count(*) FROM messages),
                (SELECT group_concat(key) FROM chats), (SELECT count(*) FROM people)
            FROM sources
            """
        ).fetchone()
    )


def _show_edits(part: Path, log: sqlite3.Connection) -> tuple[str, int]:
    """(digest of the log, how many edits found no subject); the file at `part` shows the others."""
    everything = edit_log.events(log)
    digest = edit_log.digest(everything)
    with closing(sqlite3.connect(part, isolation_level=None)) as connection:
        connection.row_factory = None
        connection.execute("BEGIN IMMEDIATE")
        lost = curation.replay(connection, edit_log.effective(everything), digest, folding.fold)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = DELETE")
    return digest, len(lost)


def _keep(path: Path, folder: Path) -> None:
    if not versions.looks_whole(path):
        return  # it cannot be read any more: nothing of it is worth going back to
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as source:
        if source.execute("SELECT 1 FROM sources LIMIT 1").fetchone():
            versions.keep(source, folder)
