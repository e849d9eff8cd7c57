"""What a search may be narrowed by: chat, person, days, kind. One for the page and the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memories_lib.queries.talk_filter import CHAT_NAMED, PERSON_NAMED, literally
from memories_lib.server.http import wrong
from memories_lib.shared.contract import DAY, KINDS
from memories_lib.shared.sql import Run


def narrowed(args: Mapping[str, str], *, strict: bool = False) -> tuple[str, dict[str, Any]]:
    """(SQL conditions on `messages`, `chats` and `people`, their parameters). With `strict`, nonsense is 422."""
    where, given = [], {}
    for name, sql in (("chat", CHAT_NAMED), ("person", PERSON_NAMED)):
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


#: So many messages are told by indexes before words are looked for among them; more are met one by one.
_FEW = 100_000
_OF_PERSON = f"""
SELECT messages.id FROM (
    SELECT DISTINCT person_months.person_id, person_months.chat_id
    FROM people CROSS JOIN person_months ON person_months.person_id = people.id WHERE {PERSON_NAMED}
) AS there CROSS JOIN messages ON messages.chat_id = there.chat_id AND messages.sender_id = there.person_id
"""
_OF_CHAT = f"SELECT messages.id FROM messages WHERE chat_id IN (SELECT id FROM chats WHERE {CHAT_NAMED})"
_OF_KIND = "SELECT messages.id FROM messages WHERE kind = :kind AND kind <> 'text'"
_OF_DAYS = "SELECT messages.id FROM messages WHERE sent_at >= :since AND sent_at < :until || '~'"
#: parameter -> (how many messages it leaves, about; which)
_AMONG = {
    "person": (f"SELECT sum(message_count) FROM people WHERE {PERSON_NAMED}", _OF_PERSON),
    "chat": (f"SELECT sum(message_count) FROM chats WHERE {CHAT_NAMED}", _OF_CHAT),
    "kind": ("SELECT sum(message_count) FROM chat_kinds WHERE kind = :kind", _OF_KIND),
    "since": ("SELECT sum(message_count) FROM days WHERE day >= :since AND day <= :until", _OF_DAYS),
}


def among(run: Run, given: Mapping[str, Any], most: int = _FEW) -> str:
    """SQL of the messages that one of the parameters of `narrowed` leaves, the one that leaves the fewest.

    "" where none leaves few enough (`most`) to be looked up first.
    """
    sizes = []
    for name, (counted, sql) in _AMONG.items():
        # Nearly all are texts; and days have two ends.
        if name in given and given[name] != "text" and (name != "since" or "until" in given):
            count = run(counted, given).fetchone()[0] or 0
            if count <= most:
                sizes.append((count, sql))
    return min(sizes)[1] if sizes else ""


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
