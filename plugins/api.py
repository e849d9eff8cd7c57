"""The JSON API: which path and method is answered by what, and which role that takes. See docs/API.md."""

import importlib.util
import sys
from pathlib import Path

from datasette import Response, hookimpl

if "memories_lib" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("memories_lib", Path(__file__).parent / "lib" / "__init__.py")
    sys.modules["memories_lib"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["memories_lib"])

from memories_lib import (
    access,
    archive,
    backup_api,
    correcting,
    editing,
    fresh,
    listings,
    naming,
    openapi,
    reading,
    shares,
    swap,
    token_api,
    travel,
)
from memories_lib.http import ApiError, answering

_ID = r"(?P<id>\d{1,20})"
_SHA256 = "(?P<sha256>[0-9a-f]{64})"

#: path -> method -> (role, function)
ROUTES = {
    "/api/exchanges": {"GET": ("viewer", reading.exchanges)},
    "/api/exchanges/merge": {"POST": ("curator", editing.merge)},
    f"/api/exchanges/{_ID}": {
        "GET": ("viewer", reading.exchange),
        "DELETE": ("curator", editing.hide_exchange),
    },
    **{
        f"/api/exchanges/{_ID}/{action}": {"POST": ("curator", editing.marks(action))}
        for action in ("star", "unstar", "restore")
    },
    f"/api/exchanges/{_ID}/split": {"POST": ("curator", editing.split)},
    f"/api/exchanges/{_ID}/retitle": {"POST": ("curator", editing.retitle)},
    f"/api/exchanges/{_ID}/note": {"POST": ("curator", editing.note)},
    "/api/messages": {"GET": ("viewer", reading.around), "DELETE": ("curator", editing.hide_messages)},
    "/api/messages/restore": {"POST": ("curator", editing.restore_messages)},
    f"/api/messages/{_ID}/highlight": {"POST": ("curator", editing.highlight)},
    f"/api/people/{_ID}/rename": {"POST": ("curator", naming.rename_person)},
    f"/api/people/{_ID}/join": {"POST": ("owner", naming.join_people)},
    f"/api/people/{_ID}/part": {"POST": ("owner", naming.part_person)},
    f"/api/people/{_ID}/me": {"POST": ("owner", naming.me)},
    f"/api/people/{_ID}/forget": {"POST": ("owner", correcting.forget("person", "people"))},
    f"/api/chats/{_ID}/rename": {"POST": ("owner", naming.rename_chat)},
    f"/api/chats/{_ID}/join": {"POST": ("owner", correcting.join_chats)},
    f"/api/chats/{_ID}/part": {"POST": ("owner", correcting.part_chat)},
    f"/api/chats/{_ID}/forget": {"POST": ("owner", correcting.forget("chat", "chats"))},
    "/api/sources": {"GET": ("owner", correcting.sources)},
    f"/api/sources/{_ID}": {"DELETE": ("owner", correcting.remove_source)},
    f"/api/sources/{_ID}/forget": {"POST": ("owner", correcting.forget("source", "sources"))},
    "/api/edits": {"GET": ("curator", editing.edits)},
    f"/api/edits/{_ID}/undo": {"POST": ("curator", editing.undo)},
    "/api/edits/log": {"GET": ("owner", travel.log), "POST": ("owner", travel.merge_log)},
    "/api/archive": {"PUT": ("owner", swap.upload)},
    "/api/archive/uploads": {"POST": ("owner", swap.begin)},
    f"/api/archive/uploads/{_SHA256}": {"POST": ("owner", swap.finish)},
    rf"/api/archive/uploads/{_SHA256}/(?P<n>\d{{1,7}})": {"PUT": ("owner", swap.block)},
    "/api/archive/versions": {"GET": ("owner", swap.all_versions)},
    "/api/archive/rollback": {"POST": ("owner", swap.rollback)},
    "/api/media/missing": {"POST": ("owner", travel.missing_media)},
    "/api/media/(?P<name>[0-9a-z./]{1,100})": {"PUT": ("owner", travel.put_media)},
    "/api/backup": {"GET": ("owner", backup_api.backup)},
    "/api/maintenance": {"POST": ("owner", backup_api.maintenance), "DELETE": ("owner", backup_api.no_maintenance)},
    "/api/openapi.json": {"GET": ("viewer", openapi.as_json)},
    "/api/login": {"POST": (None, token_api.login)},
    "/api/shares": {"GET": ("curator", shares.listed), "POST": ("curator", shares.make)},
    f"/api/shares/{_ID}": {"DELETE": ("curator", shares.revoke)},
    "/api/tokens": {"GET": ("owner", token_api.listed), "POST": ("owner", token_api.make)},
    f"/api/tokens/{_ID}": {"DELETE": ("owner", token_api.revoke)},
    "/api/sessions": {"GET": ("owner", token_api.sessions_listed)},
    f"/api/sessions/{_ID}": {"DELETE": ("owner", token_api.end_session)},
    "/api/search": {"GET": ("viewer", reading.search)},
    "/api/on-this-day": {"GET": ("viewer", reading.on_this_day)},
    "/api/chats": {"GET": ("viewer", listings.table(listings.CHATS, "chats"))},
    "/api/people": {"GET": ("viewer", listings.table(listings.PEOPLE, "people"))},
    "/api/days": {"GET": ("viewer", listings.table(listings.DAYS, "days"))},
    "/api/stats": {"GET": ("viewer", listings.table(listings.STATS, "years"))},
    "/api/places": {"GET": ("viewer", listings.table(listings.PLACES, "places"))},
}


def _allowed(methods):
    return sorted({*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"})


def _answer(methods):
    async def answer(request, datasette):
        method = "GET" if request.method == "HEAD" else request.method
        if method not in methods:
            raise ApiError(405, "Method Not Allowed", {"allow": ", ".join(_allowed(methods))})
        role, function = methods[method]
        if role is not None:
            access.require(request, role)
        if method != "GET" and role is not None and access.is_read_only():
            raise ApiError(403, "This archive is published to be read; edit it at home, then publish it again")
        if method != "GET" or role != "viewer":  # what readers do not see changes without the archive changing
            return await function(request, datasette)
        return await fresh.answer(request, datasette, function)

    return answering(answer)


async def _nothing(_request, _datasette):
    raise ApiError(404, "Not Found")


async def _to_the_page(datasette):
    return Response.redirect(datasette.urls.path("/api"), status=308)


@hookimpl
def register_routes():
    routes = [(rf"^{path}/?$", _answer(methods)) for path, methods in ROUTES.items()]
    # Where the earlier backend had them.
    routes += [(r"^/openapi\.json/?$", _answer(ROUTES["/api/openapi.json"])), (r"^/docs/?$", _to_the_page)]
    return [*routes, (r"^/api/.*$", answering(_nothing))]


@hookimpl
def skip_csrf(scope):
    """The API looks at where a write comes from by itself; other frontends have no form to put a token into."""
    return scope["path"].startswith("/api/")


@hookimpl
def startup(datasette):
    """Before the first request is answered, the archive shows all edits."""

    async def catch_up():
        archive.tidy(datasette)
        await archive.catch_up(datasette)

    return catch_up
