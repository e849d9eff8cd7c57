"""`/ask`: the owner asks the archive. `memories ask` does it, in a process of its own, where it is installed.

With GEMINI_API_KEY an answer with the messages that say so; without, or without consent, the passages themselves.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from datasette import Forbidden, Response, hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request

sys.path.append(str(Path(__file__).parent))

from memories_lib.access import roles
from memories_lib.server import commands, served_archive

_WAIT_S = 120
_LONGEST = 500


def _has_key() -> bool:
    return bool(os.environ.get("GEMINI_API_KEY", "").strip())


async def ask(request: Request, datasette: Datasette) -> Response:
    """The question's form; what it found."""
    if not roles.may(request.actor, "owner"):
        raise Forbidden("ask")
    found, error, question = None, "", ""
    if request.method == "POST":
        given = await request.post_vars()
        question = given.get("question", "").strip()[:_LONGEST]
        if question:
            found, error = await _look(
                served_archive.database_of(datasette).path, question, send=given.get("send") == "1"
            )
    html = await datasette.render_template(
        "ask.html",
        {"question": question, "found": found, "error": error, "has_key": _has_key()},
        request=request,
        view_name="memories",
    )
    return Response.html(html, headers={"cache-control": "no-store"})


async def _look(path: Path, question: str, *, send: bool) -> tuple[Any, str]:
    """(what the command found, or None; a sentence when something went wrong)."""
    how = "--yes" if send and _has_key() else "--passages"
    try:
        return json.loads(await commands.run(path, ["ask"], ["--json", how], [question], wait_s=_WAIT_S)), ""
    except commands.CommandError as error:
        return None, str(error)


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    return [(r"^/ask/?$", ask)]
