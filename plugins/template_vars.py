"""What every template may use: words in the reader's language, people's texts as safe HTML, who is reading."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request

sys.path.append(str(Path(__file__).parent))

from memories_lib.access import roles
from memories_lib.web import i18n, markup

#: Pages with a menu of their own, which need no way up.
_OURS = {
    "",
    "talk",
    "search",
    "on-this-day",
    "calendar",
    "gallery",
    "map",
    "people",
    "chats",
    "years",
    "ask",
    "api",
    "numbers",
    "book",
    "edits",
    "shares",
    "more",
    "story",
}


def _is_ours(path: str) -> bool:
    return path.strip("/").partition("/")[0] in _OURS or path.startswith("/-/status")


@hookimpl
def extra_template_vars(datasette: Datasette, request: Request | None) -> Any:
    """`t`, `role`, `may_edit`, `with_args`."""
    actor = request.actor if request else None

    def with_args(**changes: Any) -> str:
        """This page's address with some parameters set, or taken away with None or ""."""
        args = request.args if request else {}
        kept = {name: args.get(name) for name in args} | changes
        return "?" + urlencode({name: value for name, value in kept.items() if value not in (None, "")})

    return {
        "t": i18n.Words(i18n.language_of(request)),
        "role": roles.role_of(actor),
        "may_edit": roles.may(actor, "curator") and not roles.is_read_only(),
        "may_sql": roles.may(actor, "owner"),
        "is_ours": request is not None and _is_ours(request.path),
        "archive_path": next((datasette.urls.database(n) for n, d in datasette.databases.items() if d.path), "/"),
        "is_local": bool((actor or {}).get("local")),
        "with_args": with_args,
        "tiles": roles.tiles(),
        "today": date.today().isoformat(),
    }


@hookimpl
def prepare_jinja2_environment(env: Any) -> None:
    """`|said` and its like: what people wrote, as HTML that is safe."""
    # Datasette tells errors without what pages are given.
    env.globals["t"] = i18n.Words("en")
    env.filters["initials"] = markup.initials
    env.filters["file_name"] = markup.file_name
    env.filters["said"] = markup.folded
    env.filters["poll"] = markup.poll
    env.filters["link_card"] = markup.link_card
    env.tests["big"] = markup.is_big
