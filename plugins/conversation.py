"""A chat as one conversation: ``/chats/N`` at its end, ``/talk/N`` at one of its talks."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from datasette import NotFound, Response, hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request
from markupsafe import Markup

sys.path.append(str(Path(__file__).parent))

from memories_lib.access import roles
from memories_lib.api import exchange_messages
from memories_lib.queries import chat_list, chat_search, talk_page
from memories_lib.server import response_cache, served_archive
from memories_lib.shared.contract import DAY
from memories_lib.shared.sql import Run
from memories_lib.web import kept_lists
from memories_lib.web.render import page, rendered_once, show

#: Messages of the last talks of a chat that come with its page.
_ON_A_SCREEN = 30
#: Messages that come with a part of a conversation, in so many talks at most.
_IN_A_PART, _MOST_TALKS = 60, 20
_NO_TALK = "There is no such talk, or somebody has hidden it"


async def talk(request: Request, datasette: Datasette) -> Response:
    """One talk, seen by its owner or through anybody's eyes (``?as=NAME``); ``?part=1`` gives what is put into a page
    that shows another one.
    """
    number = int(request.url_vars["id"])
    if number >= 1 << 63:
        raise NotFound("There is no such talk")
    hidden = request.args.get("hidden") == "1" and roles.may(request.actor, "curator")
    around = _number(request.args.get("from")) or _number(request.args.get("hit"))
    is_last = around is None and request.args.get("way") == "prev"
    found = await served_archive.read(
        datasette, lambda run: talk_page.talk(run, number, hidden=hidden, around=around, is_last=is_last)
    )
    if found is None:
        moved = await served_archive.read(datasette, lambda run: exchange_messages.merged_into(run, number))
        if moved is None:
            raise NotFound(_NO_TALK)
        return Response.redirect(datasette.urls.path(f"/talk/{moved}"), status=308)
    return await _show(datasette, request, found, looked_for=await _look_for(datasette, request, found))


def _number(given: str | None) -> int | None:
    return int(given) if given and given.isdecimal() and given.isascii() and len(given) < 19 else None


async def _look_for(
    datasette: Datasette, request: Request, found: talk_page.TalkPage
) -> chat_search.FoundInChat | None:
    """What of the chat has the words of ``?find=``, seen from the message of ``?hit=``; None where nobody looks."""
    words, at = request.args.get("find"), _number(request.args.get("hit"))
    if words is None or request.args.get("part") == "1":
        return None
    chat_id = found["head"]["chat_id"]
    return await served_archive.read(
        datasette, lambda run: chat_search.find_in_chat(run, chat_id, words.strip(), at), served_archive.SEARCH_S
    )


async def chat(request: Request, datasette: Datasette) -> Response:
    """A chat where it ends, at a day (``?day=YYYY-MM-DD``), or where it was last said (``?find=WORDS``)."""
    number = int(request.url_vars["id"])
    day = request.args.get("day") or ""

    def find(run: Run) -> list[talk_page.TalkPage]:
        at = chat_list.talk_at(run, number, day if DAY.match(day) else "") or chat_list.talk_at(run, number)
        found = talk_page.talk(run, at, is_last=not day) if at is not None else None
        whole = [found] if found else []
        # At its end a chat shows a screen of what was said last, in as many talks as that was.
        while found and not day and _messages(whole) < _ON_A_SCREEN:
            found = _beside(run, found, "prev")
            whole += [found] if found else []
        return whole

    talks_found = await served_archive.read(datasette, find)
    if not talks_found:
        raise NotFound("There is no chat with this number")
    found, *earlier = talks_found
    looked_for = await _look_for(datasette, request, found)
    if looked_for and looked_for.hit:
        asked = urlencode({"find": looked_for.words, "hit": looked_for.hit.message})
        where = f"/talk/{looked_for.hit.exchange}?{asked}#m{looked_for.hit.message}"
        return Response.redirect(datasette.urls.path(where))
    return await _show(datasette, request, found, earlier[::-1], at_end=not day, looked_for=looked_for)


def _go_on(run: Run, found: talk_page.TalkPage, way: str) -> list[talk_page.TalkPage]:
    """A talk and, `way` ("prev" or "next") on, those beside it, as many as make a few screens; in their order."""
    whole = [found]
    while way in ("prev", "next") and len(whole) < _MOST_TALKS and _messages(whole) < _IN_A_PART:
        beside = _beside(run, whole[-1], way)
        if beside is None:
            break
        whole.append(beside)
    return whole[::-1] if way == "prev" else whole


def _beside(run: Run, found: talk_page.TalkPage, way: str) -> talk_page.TalkPage | None:
    """What comes before or after (`way` is "prev" or "next") a talk, or a part of one."""
    head, is_before = found["head"], way == "prev"
    if part := found["earlier" if is_before else "later"]:
        return talk_page.talk(run, head["id"], around=part)
    beside = head["before_id" if is_before else "after_id"]
    return talk_page.talk(run, beside, is_last=is_before) if beside else None


def _messages(whole: list[talk_page.TalkPage]) -> int:
    return sum(len(talk["messages"]) for talk in whole)


async def _show(
    datasette: Datasette,
    request: Request,
    found: talk_page.TalkPage,
    earlier: Sequence[talk_page.TalkPage] = (),
    *,
    at_end: bool = False,
    looked_for: chat_search.FoundInChat | None = None,
) -> Response:
    seen_by = request.args.get("as") or ""
    if request.args.get("part") == "1":
        way = request.args.get("way") or ""
        whole = await served_archive.read(datasette, lambda run: _go_on(run, found, way))
        return await show(datasette, request, "_more_chapters.html", whole=whole, seen_by=seen_by)
    number, since = found["head"]["chat_id"], response_cache.stamp_of(datasette)
    chats = (await kept_lists.chats(datasette))[: chat_list.PAGE]
    listed = await rendered_once(datasette, request, "chats", "_chats.html", {"chats": chats}, since)
    track = {"track": await kept_lists.track(datasette, number), "number": number}
    here = f'href="{datasette.urls.path(f"/chats/{number}")}"'
    return await show(
        datasette, request, "talk.html", talk=found, earlier=earlier, seen_by=seen_by, at_end=at_end,
        looked_for=looked_for,
        database=served_archive.database_of(datasette).name,
        chats=Markup(listed.replace(here, f'{here} aria-current="page"')),
        track=await rendered_once(datasette, request, f"track {number}", "_timeline.html", track, since),
    )  # fmt: skip


async def message(request: Request, datasette: Datasette) -> Response:
    """``/messages/N.txt``: a message that is too long for a page, whole."""
    number = int(request.url_vars["id"])
    text = await served_archive.read(datasette, lambda run: talk_page.text_of(run, number))
    if text is None:
        raise NotFound("There is no such message, or somebody has hidden it")
    return Response.text(text, headers={"cache-control": "private, no-cache"})


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    return [
        (r"^/talk/(?P<id>\d{1,20})/?$", page(talk)),
        (r"^/chats/(?P<id>\d{1,15})/?$", page(chat)),
        (r"^/messages/(?P<id>\d{1,15})\.txt$", page(message)),
    ]
