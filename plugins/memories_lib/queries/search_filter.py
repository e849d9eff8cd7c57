"""What a search may be narrowed by: chat, person, days, kind. One for the page and the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memories_lib.queries.talk_filter import literally
from memories_lib.server.http import wrong
from memories_lib.shared.contract import DAY, KINDS


def narrowed(args: Mapping[str, str], *, strict: bool = False) -> tuple[str, dict[str, Any]]:
    """(SQL conditions on `messages`, `chats` and `people`, their parameters). With `strict`, nonsense is 422."""
    where, given = [], {}
    for name, sql in (("chat", "chats.name = :chat"), ("person", "people.name = :person")):
        if args.get(name):
            where.append(sql)
            given[name] = args.get(name)
    for name, sql in (("from", "messages.sent_at >= :since"), ("to", "messages.sent_at < :until || '~'")):
        value = args.get(name) or ""
        if value and not DAY.match(value):
            if strict:
                raise wrong("query", name, "must be a date like 2025-01-31", "value_error.date")
            continue
        if value:
            where.append(sql)
            given["since" if name == "from" else "until"] = value
    kind = args.get("kind") or ""
    if kind and kind not in KINDS:
        if strict:
            raise wrong("query", "kind", f"must be one of {', '.join(KINDS)}", "value_error.choice")
    elif kind:
        where.append("messages.kind = :kind")
        given["kind"] = kind
    return "".join(f" AND {sql}" for sql in where), given


_SQL = """
SELECT messages.id, messages.sent_at, chats.name AS chat, people.name AS sender, messages.text,
  messages.exchange_id AS exchange
FROM messages_fts
JOIN visible_messages AS messages ON messages.id = messages_fts.rowid
JOIN chats ON chats.id = messages.chat_id
LEFT JOIN people ON people.id = messages.sender_id
WHERE messages_fts MATCH escape_fts(:words){narrower}
ORDER BY messages.sent_at DESC, messages.id DESC
""".strip()


def as_sql(args: Mapping[str, str], question: str) -> tuple[str | None, dict[str, Any]]:
    """(the same search as SQL, its parameters), for people who know it; (None, {}) where nothing narrows it."""
    narrower, given = narrowed(args)
    return (_SQL.format(narrower=narrower), {"words": question, **given}) if narrower else (None, {})


def as_rows(args: Mapping[str, str]) -> dict[str, Any]:
    """The same as the query string of Datasette's table `visible_messages`."""
    found = {"kind": args.get("kind")} if args.get("kind") in KINDS else {}
    for name, column in (("from", "sent_at__gte"), ("to", "sent_at__lt")):
        if DAY.match(args.get(name) or ""):
            found[column] = args[name] + ("~" if name == "to" else "")
    rest = []
    for name, column, table in (("chat", "chat_id", "chats"), ("person", "sender_id", "people")):
        if args.get(name):
            rest.append(f"{column} IN (SELECT id FROM {table} WHERE name = {literally(args[name])})")
    return {**found, "_where": " AND ".join(rest)}
