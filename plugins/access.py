"""Who gets in: the owner of this machine without asking, everybody else with a password, nobody where none is set."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasette import Response, hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request

sys.path.append(str(Path(__file__).parent))

from memories_lib.access import login_page, passwords, roles
from memories_lib.middleware import gate
from memories_lib.web import i18n

#: action -> the least role that may do it. What is not in this list, the owner may, and nobody else.
_ROLES = {
    "view-instance": "viewer",
    # Datasette's own pages show rows that are hidden in the memories view.
    "view-database": "curator",
    "view-table": "curator",
    "view-query": "curator",
}


#: What tells of exports, files on somebody's disk: the owner's, as `/api/sources` is.
_OF_SOURCES = frozenset({"sources", "chat_sources", "source_messages", "source_warnings", "media_sources"})


@hookimpl(tryfirst=True)
def actor_from_request(datasette: Datasette, request: Request) -> dict[str, Any] | None:
    """Who a token says; the owner, on this machine's own address; else whom the log-in's cookie names."""
    return gate.actor_of(datasette, request)


@hookimpl(tryfirst=True)
def permission_allowed(actor: Mapping[str, Any] | None, action: str, resource: object) -> bool | None:
    """By role; strangers may nothing."""
    # The file holds what is hidden, and everybody's numbers: a backup is how its owner takes it home.
    if action == "view-database-download" or (action == "view-database" and resource == "_internal"):
        return False
    if action == "view-table" and isinstance(resource, tuple) and resource[1] in _OF_SOURCES:
        return roles.may(actor, "owner")
    return roles.may(actor, _ROLES.get(action, "owner"))


@hookimpl
def forbidden(datasette: Datasette, request: Request) -> Any:
    """Strangers are asked who they are; where no password is set, the page says how to set one."""
    if roles.role_of(request.actor) is None:
        return lambda: login_page.turn_away(datasette, request)
    if request.path.endswith((".json", ".csv")):
        return None

    async def tell() -> Response:
        html = await datasette.render_template("error.html", {"status": 403}, request=request)
        return Response.html(html, status=403)

    return tell


async def login(request: Request, datasette: Datasette) -> Response:
    """The page that asks, and what becomes of the answer."""
    if request.method != "POST":
        if roles.is_local(request.scope):
            return Response.redirect(datasette.urls.path("/"))
        asked = request.args.get("next") or ""
        return await login_page.page(
            datasette, request, 200 if roles.hashes() else 403, after=asked if login_page.is_of_here(asked) else ""
        )
    given, t = await request.post_vars(), i18n.Words(i18n.language_of(request))
    role, password = given.get("role", ""), given.get("password", "")
    after = given.get("next", "") if login_page.is_of_here(given.get("next", "")) else ""
    if role not in roles.ROLES:
        return await login_page.page(datasette, request, 403, t("wrong_password"), after=after)
    checked = await passwords.check(datasette, request, role, password)
    if checked.wait:
        said, more = t("too_many_tries", minutes=-(-checked.wait // 60)), {"retry-after": str(checked.wait)}
        return await login_page.page(datasette, request, 429, said, more, after)
    if not checked.is_right:
        return await login_page.page(datasette, request, 403, t("wrong_password"), after=after)
    response = Response.redirect(datasette.urls.path(after or "/"))
    passwords.remember_device(datasette, request, response, role)
    await login_page.begin_session(datasette, request, response, role)
    return response


async def robots() -> Response:
    """No robot has any business here."""
    return Response.text("User-agent: *\nDisallow: /\n")


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    return [
        (r"^/-/login/?$", login),
        (rf"^{login_page.TURNED_AWAY}$", login_page.turn_away),
        (r"^/robots\.txt$", robots),
    ]
