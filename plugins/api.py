"""The JSON API: which path and method is answered by what, and which role that takes. See docs/API.md."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasette import Response, hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request

sys.path.append(str(Path(__file__).parent))

from memories_lib.access import roles, token_routes
from memories_lib.api import (
    archive_upload,
    backup,
    edit,
    edit_chats,
    edit_names,
    exchange_messages,
    listing,
    openapi,
    read,
    search,
    shares,
    split_merge,
    sync,
)
from memories_lib.queries import listings
from memories_lib.server import response_cache, served_archive
from memories_lib.server.asgi import Scope
from memories_lib.server.http import Answer, ApiError, Handler, answering

_ID = r"(?P<id>\d{1,20})"
_SHA256 = "(?P<sha256>[0-9a-f]{64})"

#: method -> (the least role, None where anybody may; what answers)
Methods = Mapping[str, tuple[str | None, Handler]]
#: path -> what each of its methods does
ROUTES: dict[str, Methods] = {
    "/api/exchanges": {"GET": ("viewer", read.exchanges)},
    "/api/exchanges/merge": {"POST": ("curator", split_merge.merge)},
    f"/api/exchanges/{_ID}": {
        "GET": ("viewer", exchange_messages.exchange),
        "DELETE": ("curator", edit.hide_exchange),
    },
    **{
        f"/api/exchanges/{_ID}/{action}": {"POST": ("curator", edit.marks(action))}
        for action in ("star", "unstar", "restore")
    },
    f"/api/exchanges/{_ID}/split": {"POST": ("curator", split_merge.split)},
    f"/api/exchanges/{_ID}/retitle": {"POST": ("curator", edit.retitle)},
    f"/api/exchanges/{_ID}/note": {"POST": ("curator", edit.note)},
    "/api/messages": {"GET": ("viewer", exchange_messages.around), "DELETE": ("curator", edit.hide_messages)},
    "/api/messages/restore": {"POST": ("curator", edit.restore_messages)},
    f"/api/messages/{_ID}/highlight": {"POST": ("curator", edit.highlight)},
    f"/api/people/{_ID}/rename": {"POST": ("curator", edit_names.rename_person)},
    f"/api/people/{_ID}/join": {"POST": ("owner", edit_names.join_people)},
    f"/api/people/{_ID}/part": {"POST": ("owner", edit_names.part_person)},
    f"/api/people/{_ID}/me": {"POST": ("owner", edit_names.me)},
    f"/api/people/{_ID}/forget": {"POST": ("owner", edit_chats.forget("person", "people"))},
    f"/api/chats/{_ID}/rename": {"POST": ("owner", edit_names.rename_chat)},
    f"/api/chats/{_ID}/join": {"POST": ("owner", edit_chats.join_chats)},
    f"/api/chats/{_ID}/part": {"POST": ("owner", edit_chats.part_chat)},
    f"/api/chats/{_ID}/forget": {"POST": ("owner", edit_chats.forget("chat", "chats"))},
    "/api/sources": {"GET": ("owner", edit_chats.sources)},
    f"/api/sources/{_ID}": {"DELETE": ("owner", edit_chats.remove_source)},
    f"/api/sources/{_ID}/forget": {"POST": ("owner", edit_chats.forget("source", "sources"))},
    "/api/edits": {"GET": ("curator", edit.edits)},
    f"/api/edits/{_ID}/undo": {"POST": ("curator", edit.undo)},
    "/api/edits/log": {"GET": ("owner", sync.log), "POST": ("owner", sync.merge_log)},
    "/api/archive": {"PUT": ("owner", archive_upload.upload)},
    "/api/archive/uploads": {"POST": ("owner", archive_upload.begin)},
    f"/api/archive/uploads/{_SHA256}": {"POST": ("owner", archive_upload.finish)},
    rf"/api/archive/uploads/{_SHA256}/(?P<n>\d{{1,7}})": {"PUT": ("owner", archive_upload.block)},
    "/api/archive/versions": {"GET": ("owner", archive_upload.all_versions)},
    "/api/archive/rollback": {"POST": ("owner", archive_upload.rollback)},
    "/api/media/missing": {"POST": ("owner", sync.missing_media)},
    "/api/media/(?P<name>[0-9a-z./]{1,100})": {"PUT": ("owner", sync.put_media)},
    "/api/backup": {"GET": ("owner", backup.backup)},
    "/api/maintenance": {"POST": ("owner", backup.maintenance), "DELETE": ("owner", backup.no_maintenance)},
    "/api/openapi.json": {"GET": ("viewer", openapi.as_json)},
    "/api/login": {"POST": (None, token_routes.login)},
    "/api/shares": {"GET": ("curator", shares.listed), "POST": ("curator", shares.make)},
    f"/api/shares/{_ID}": {"DELETE": ("curator", shares.revoke)},
    "/api/tokens": {"GET": ("owner", token_routes.listed), "POST": ("owner", token_routes.make)},
    f"/api/tokens/{_ID}": {"DELETE": ("owner", token_routes.revoke)},
    "/api/sessions": {"GET": ("owner", token_routes.sessions_listed)},
    f"/api/sessions/{_ID}": {"DELETE": ("owner", token_routes.end_session)},
    "/api/search": {"GET": ("viewer", search.search)},
    "/api/on-this-day": {"GET": ("viewer", read.on_this_day)},
    "/api/chats": {"GET": ("viewer", listing.table(listings.CHATS, "chats"))},
    "/api/people": {"GET": ("viewer", listing.table(listings.PEOPLE, "people"))},
    "/api/days": {"GET": ("viewer", listing.table(listings.DAYS, "days"))},
    "/api/stats": {"GET": ("viewer", listing.table(listings.STATS, "years"))},
    "/api/places": {"GET": ("viewer", listing.table(listings.PLACES, "places"))},
}


def _allowed(methods: Methods) -> list[str]:
    return sorted({*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"})


def _answer(methods: Methods) -> Handler:
    async def answer(request: Request, datasette: Datasette) -> Any:
        method = "GET" if request.method == "HEAD" else request.method
        if method not in methods:
            raise ApiError(405, "Method Not Allowed", {"allow": ", ".join(_allowed(methods))})
        role, function = methods[method]
        if role is not None:
            roles.require(request, role)
        if method != "GET" and role is not None and roles.is_read_only():
            raise ApiError(403, "This archive is published to be read; edit it at home, then publish it again")
        if method != "GET" or role != "viewer":  # what readers do not see changes without the archive changing
            return await function(request, datasette)
        return await response_cache.answer(request, datasette, function)

    return answering(answer)


async def _nothing(_request: Request, _datasette: Datasette) -> Answer:
    raise ApiError(404, "Not Found")


async def _to_the_page(datasette: Datasette) -> Response:
    return Response.redirect(datasette.urls.path("/api"), status=308)


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    routes: list[tuple[str, Any]] = [(rf"^{path}/?$", _answer(methods)) for path, methods in ROUTES.items()]
    # Where the earlier backend had them.
    routes += [(r"^/openapi\.json/?$", _answer(ROUTES["/api/openapi.json"])), (r"^/docs/?$", _to_the_page)]
    return [*routes, (r"^/api/.*$", answering(_nothing))]


@hookimpl
def skip_csrf(scope: Scope) -> bool:
    """The API looks at where a write comes from by itself; other frontends have no form to put a token into."""
    return scope["path"].startswith("/api/")


@hookimpl
def startup(datasette: Datasette) -> Any:
    """Before the first request is answered, the archive shows all edits."""

    async def catch_up() -> None:
        served = [database for database in datasette.databases.values() if database.path]
        if served and not any(database.is_mutable for database in served):
            os.environ["MEMORIES_READ_ONLY"] = "1"  # `datasette -i`: nothing can be written
        served_archive.tidy(datasette)
        await served_archive.catch_up(datasette)

    return catch_up
