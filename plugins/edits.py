"""`/edits`: what was changed, by whom, with the way back. `/shares`: the links that were given, to withdraw them."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from datasette import Forbidden, Response, hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request

sys.path.append(str(Path(__file__).parent))

from memories_lib.access import roles
from memories_lib.api import shares
from memories_lib.queries import edited_subjects
from memories_lib.server import served_archive
from memories_lib.shared import edit_log
from memories_lib.web import edit_sentences
from memories_lib.web.i18n import Words, language_of
from memories_lib.web.render import behind_of, page, show

_MOST = 300


async def edits(request: Request, datasette: Datasette) -> Response:
    """The newest edits, each as a sentence."""
    if not roles.may(request.actor, "curator"):
        raise Forbidden("edits")
    everything = await served_archive.all_edits(datasette)
    shown = everything[::-1][:_MOST]
    by_number = {event.id: event for event in everything}
    undone = [by_number[event.detail["of"]] for event in shown if event.detail.get("of") in by_number]
    subjects = await served_archive.read(datasette, lambda run: edited_subjects.subjects(run, [*shown, *undone]))
    told = edit_sentences.Sentences(Words(language_of(request)), roles.name_of(request), subjects, by_number)
    return await show(
        datasette, request, "edits.html", edits=shown, told=told, by_command=edit_log.BY_COMMAND, subjects=subjects,
        undone=edit_log.undone(everything),
        rows=behind_of(datasette).rows("exchange_marks"),
        sql=behind_of(datasette).sql(
            "SELECT exchanges.title, exchange_marks.* FROM exchange_marks JOIN exchanges ON exchanges.id = exchange_id"
        ),
    )  # fmt: skip


async def given_links(request: Request, datasette: Datasette) -> Response:
    """The links that were given away, the newest first, without what opens them."""
    if not roles.may(request.actor, "curator"):
        raise Forbidden("shares")
    given = (await shares.listed(request, datasette))["shares"][:_MOST]
    titles = await served_archive.read(datasette, lambda run: shares.titles(run, [share["what"] for share in given]))
    return await show(
        datasette, request, "shares.html", shares=list(zip(given, titles, strict=True)), now=time.time(),
        day_of=lambda at: time.strftime("%Y-%m-%d", time.localtime(at)),
    )  # fmt: skip


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    return [(r"^/edits/?$", page(edits)), (r"^/shares/?$", page(given_links))]
