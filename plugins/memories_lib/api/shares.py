"""Links to one talk or one book, for whoever has them: expiring, revocable, kept as digests in `access.db`."""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import secrets
import sqlite3
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from datasette import Response
from datasette.app import Datasette
from datasette.utils.asgi import Request

from memories_lib.access import roles, token_store
from memories_lib.api import exchange_messages
from memories_lib.queries import talk_page
from memories_lib.queries import talks as pages
from memories_lib.queries.talk_filter import TalkFilter
from memories_lib.server import served_archive
from memories_lib.server.http import Answer, ApiError, body_of, whole, wrong
from memories_lib.shared import access_tokens, derived_words, folding, visible
from memories_lib.shared.sql import Row, Run

_SCHEMA = """
CREATE TABLE IF NOT EXISTS shares (
    id INTEGER PRIMARY KEY,
    what TEXT NOT NULL,
    digest TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
)
"""
_LINK = re.compile(r"(\d{1,15})_([A-Za-z0-9_-]{20,64})\Z", re.ASCII)
_CHOICES = ("chat", "person", "year", "mood", "starred")
_YEAR = re.compile(r"[0-9]{4}\Z")
_MOST_DAYS = 366


def _store(datasette: Datasette) -> sqlite3.Connection:
    store = token_store.store_of(datasette)
    store.execute(_SCHEMA)
    return store


def _days(body: dict[str, Any]) -> float:
    days = body.get("days", 30)
    if isinstance(days, bool) or not isinstance(days, int | float) or not 0 < days <= _MOST_DAYS:
        raise wrong("body", "days", f"must be a number of days of at most {_MOST_DAYS}")
    return days


async def make(request: Request, datasette: Datasette) -> Answer:
    """``POST /api/shares`` with `{"exchange_id"}` or `{"book": {"year", "chat", …}}`, and `days`."""
    body = await body_of(request)
    days, number = _days(body), whole(body.get("exchange_id"))
    if ("book" in body) == ("exchange_id" in body):
        raise wrong("body", "exchange_id", "name one exchange_id, or one book")
    if "exchange_id" in body:
        if number is None or not 0 <= number < 1 << 63:
            raise wrong("body", "exchange_id", "value is not a valid integer", "type_error.integer")
        what = await served_archive.read(datasette, lambda run: _named(run, number))
    else:
        book = body["book"]
        if not isinstance(book, dict) or not all(isinstance(v, str) and len(v) < 200 for v in book.values()):
            raise wrong("body", "book", 'must be a choice of texts, as in {"year": "2023"}')
        if not book or set(book) - set(_CHOICES):
            raise wrong("body", "book", f"is chosen by {', '.join(_CHOICES)}")
        book = {name: value for name, value in book.items() if value}
        if not book or book.get("starred", "1") != "1" or not _YEAR.match(book.get("year", "2000")):
            raise wrong("body", "book", 'has a choice, a year like "2023", and "starred" is "1"')
        what = {"book": book, "was": await served_archive.read(datasette, lambda run: _was(run, book))}
    secret, now = secrets.token_urlsafe(24), int(time.time())
    expires = now + int(days * 86400)
    values = (
        json.dumps(what, ensure_ascii=False),
        access_tokens.digest_of(secret),
        roles.name_of(request),
        now,
        expires,
    )
    made = await token_store.written(
        _store(datasette).execute,
        "INSERT INTO shares (what, digest, made_by, made_at, expires_at) VALUES (?, ?, ?, ?, ?)",
        values,
    )
    share = made.lastrowid
    return {"id": share, "path": datasette.urls.path(f"/s/{share}_{secret}"), "expires_at": expires}


#: What ingest calls who or what is called so now, and the other way round.
_WAS = {
    "person": """
        SELECT coalesce(people_before.name, people.name) FROM people LEFT JOIN people_before ON person_id = people.id
        WHERE people.name = ?
    """,
    "chat": """
        SELECT coalesce(chats_before.name, chats.name) FROM chats LEFT JOIN chats_before ON chat_id = chats.id
        WHERE chats.name = ?
    """,
}
_NOW = {
    "person": """
        SELECT people.name FROM people_before JOIN people ON people.id = coalesce(joined_to, person_id)
        WHERE people_before.name = :was
        UNION ALL SELECT name FROM people WHERE name = :was
    """,
    "chat": """
        SELECT chats.name FROM chats_before JOIN chats ON chats.id = chat_id WHERE chats_before.name = :was
        UNION ALL SELECT name FROM chats WHERE name = :was
    """,
}


def _was(run: Run, book: Mapping[str, Any]) -> dict[str, Any]:
    """What ingest calls the person and the chat of a book: a name of now may be another one tomorrow."""
    rows = {name: run(sql, (book[name],)).fetchone() for name, sql in _WAS.items() if book.get(name)}
    return {name: row[0] for name, row in rows.items() if row}


def _book(run: Run, what: Mapping[str, Any]) -> dict[str, Any]:
    """The choice of a book, by the names of now."""
    rows = {name: run(_NOW[name], {"was": was}).fetchone() for name, was in what.get("was", {}).items()}
    return {**what["book"], **{name: row[0] for name, row in rows.items() if row}}


def _named(run: Run, number: int) -> dict[str, Any] | None:
    """The exchange by its key, which outlives a rebuilt archive."""
    row = run(
        """
        SELECT exchanges.key, chats.key AS chat, started_at, ended_at
        FROM exchanges JOIN chats ON chats.id = chat_id WHERE exchanges.id = ?
        """,
        (number,),
    ).fetchone()
    if row is None:
        moved = exchange_messages.merged_into(run, number)
        if moved is None:
            raise ApiError(404, "Exchange not found")
        return _named(run, moved)
    return {
        "exchange": row["key"], "chat": row["chat"], "from": row["started_at"], "to": row["ended_at"],
        "parts": sorted(set(_origins(run, number).values())),
    }  # fmt: skip


def _origins(run: Run, exchange: int) -> dict[int, int]:
    """A talk's message -> the key of the exchange that ingest made it part of, whatever was merged or split since."""
    rows = run(
        """
        SELECT messages.id, coalesce(was.key, now.key) AS key FROM messages
        LEFT JOIN messages_before AS b ON b.message_id = messages.id
        LEFT JOIN exchanges_before AS was ON was.id = coalesce(b.exchange_id, messages.exchange_id)
        LEFT JOIN exchanges AS now ON now.id = coalesce(b.exchange_id, messages.exchange_id)
        WHERE messages.exchange_id = ?
        """,
        (exchange,),
    )
    return {row["id"]: row["key"] for row in rows.fetchall()}


async def listed(_request: Request, datasette: Datasette) -> Answer:
    """``GET /api/shares``: without what opens them."""
    names = ("id", "what", "made_by", "made_at", "expires_at", "revoked_at")
    rows = _store(datasette).execute(f"SELECT {', '.join(names)} FROM shares ORDER BY id DESC").fetchall()
    return {"shares": [{**dict(zip(names, row, strict=True)), "what": json.loads(row[1])} for row in rows]}


def titles(run: Run, given: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each link shows: the title of its talk, or what its book is of; "" where that is nowhere."""
    found = []
    for what in given:
        if "book" in what:
            book = _book(run, what)
            found.append(" · ".join(str(value) for name, value in book.items() if name != "starred" and value))
            continue
        exchange = _exchange(run, what)
        row = run("SELECT title FROM exchanges WHERE id = ?", (exchange,)).fetchone()
        found.append(row["title"] or "" if row else "")
    return found


async def revoke(request: Request, datasette: Datasette) -> Response:
    """``DELETE /api/shares/{id}``."""
    number = int(request.url_vars["id"])
    done = number < 1 << 63 and await token_store.written(
        _store(datasette).execute,
        "UPDATE shares SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
        (int(time.time()), number),
    )
    if not done or not done.rowcount:
        raise ApiError(404, "There is no such link, or it was revoked already")
    return Response("", status=204)


async def what_of(datasette: Datasette, link: str) -> Any:
    """What a link shows, as it was written down; None when it is none, is over or was revoked."""
    found = _LINK.match(link)
    if not found:
        return None
    row = (
        _store(datasette)
        .execute(
            "SELECT what, digest FROM shares WHERE id = ? AND revoked_at IS NULL AND expires_at > ?",
            (int(found[1]), int(time.time())),
        )
        .fetchone()
    )
    if row is None:
        return None
    what, digest = row
    is_it = hmac.compare_digest(digest, await asyncio.to_thread(access_tokens.digest_of, found[2]))
    return json.loads(what) if is_it else None


def talks_of(
    run: Run, what: Mapping[str, Any], before: str = "", around: int | None = None
) -> tuple[list[talk_page.TalkPage], dict[str, str] | None, str | None]:
    """(the talks of a link, from `before` on; the choice of its book, or None; where the next part begins, or None)"""
    if "book" in what:
        asked = dict.fromkeys((*_CHOICES, "topic", "all", "order"), "") | _book(run, what) | {"before": before}
        talks, more = pages.book(run, asked)
        return talks, asked, more
    exchange = _exchange(run, what)
    if exchange is None:
        return [], None, None
    only = _given_away(run, what, exchange)
    talk = talk_page.talk(run, exchange, around=around, only=only)
    if talk is None or not talk["messages"]:
        return [], None, None
    if only is not None:
        talk["head"], talk["topics"] = _told_alone(talk["head"], talk["messages"]), []
    return [talk], None, None


def _given_away(run: Run, what: Mapping[str, Any], exchange: int) -> set[int] | None:
    """The numbers of the messages that a link to a talk shows, or None for all: not what was merged into it since."""
    since, until = what.get("from", ""), what.get("to", "~")
    parts, origins = what.get("parts"), _origins(run, exchange) if "parts" in what else {}
    found = run(
        f"SELECT id, sent_at FROM messages WHERE exchange_id = ? AND {visible.MESSAGE_ITSELF}", (exchange,)
    ).fetchall()
    given = {
        m["id"] for m in found if since <= m["sent_at"] <= until and (parts is None or origins.get(m["id"]) in parts)
    }
    return given if len(given) < len(found) else None


def _told_alone(head: Row, messages: Sequence[Row]) -> Row:
    """A talk's own row, with a title from these of its messages alone."""
    seen = [(m["sender"] or "", m["text"] or "") for m in messages]
    told = derived_words.ExchangeWords(head["title"] or "", "", "[]")
    kinds = Counter(m["kind"] for m in messages)
    by_model = head["summarised_by"] not in (None, "offline")
    told = derived_words.without_hidden(told, seen, kinds, folding.fold, by_model=by_model)
    started_at = messages[0]["sent_at"] if messages else head["started_at"]
    return {**dict(head), "title": told.title, "summary": told.summary, "note": None, "started_at": started_at}


def holds_picture(run: Run, what: Mapping[str, Any], sha256: str) -> bool:
    """Whether a picture is one of those of a link's talks."""
    if "book" in what:
        where, given = TalkFilter.from_args(_book(run, what)).where()
    else:
        exchange = _exchange(run, what)
        where, given = "exchanges.id = :exchange", {"exchange": exchange}
        only = _given_away(run, what, exchange) if exchange is not None else None
        if only is not None:
            where += f" AND messages.id IN ({', '.join(map(str, only)) or 'NULL'})"
    row = run(
        f"""
        SELECT 1 FROM media CROSS JOIN messages ON messages.id = media.message_id
        CROSS JOIN exchanges ON exchanges.id = messages.exchange_id
        WHERE media.sha256 = :sha256 AND media.thumbnail IS NOT NULL AND {visible.MESSAGE_SEEN} AND {where} LIMIT 1
        """,
        {**given, "sha256": sha256},
    ).fetchone()
    return row is not None


def _exchange(run: Run, what: Mapping[str, Any]) -> int | None:
    row = run(
        """
        SELECT exchanges.id FROM exchanges JOIN chats ON chats.id = chat_id
        WHERE exchanges.key = ? AND chats.key = ? ORDER BY exchanges.id
        """,
        (what["exchange"], what["chat"]),
    ).fetchone()
    if row is None:  # it was merged into another one since
        row = run(
            """
            SELECT merged_exchanges.exchange_id AS id FROM exchanges_before
            JOIN merged_exchanges ON merged_exchanges.id = exchanges_before.id
            JOIN chats ON chats.id = exchanges_before.chat_id
            WHERE exchanges_before.key = ? AND chats.key = ?
            """,
            (what["exchange"], what["chat"]),
        ).fetchone()
    return row["id"] if row else None
