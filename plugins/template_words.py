"""What every template may use: words in the reader's language, people's texts as safe HTML, who is reading."""

import importlib.util
import sys
from pathlib import Path
from urllib.parse import urlencode

from datasette import hookimpl

if "memories_lib" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("memories_lib", Path(__file__).parent / "lib" / "__init__.py")
    sys.modules["memories_lib"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["memories_lib"])

from memories_lib import access, markup, words

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
}


def _is_ours(path):
    return path.strip("/").partition("/")[0] in _OURS or path.startswith("/-/status")


@hookimpl
def extra_template_vars(datasette, request):
    """`t`, `role`, `may_edit`, `with_args`."""
    actor = request.actor if request else None

    def with_args(**changes):
        """This page's address with some parameters set, or taken away with None or ""."""
        kept = {name: request.args.get(name) for name in request.args} | changes
        return "?" + urlencode({name: value for name, value in kept.items() if value not in (None, "")})

    return {
        "t": words.Words(words.language_of(request)),
        "role": access.role_of(actor),
        "may_edit": access.may(actor, "curator") and not access.is_read_only(),
        "may_sql": access.may(actor, "owner"),
        "is_ours": request is not None and _is_ours(request.path),
        "archive_path": next((datasette.urls.database(n) for n, d in datasette.databases.items() if d.path), "/"),
        "is_local": bool((actor or {}).get("local")),
        "with_args": with_args,
        "tiles": access.tiles(),
    }


@hookimpl
def prepare_jinja2_environment(env):
    """`|said` and its like: what people wrote, as HTML that is safe."""
    env.filters["said"] = markup.folded
    env.filters["poll"] = markup.poll
    env.filters["link_card"] = markup.link_card
    env.tests["big"] = markup.is_big
