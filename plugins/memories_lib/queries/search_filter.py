"""What a search may be narrowed by: chat, person, days, kind. One for page, API, command, "see the rows", "the SQL"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memories_lib.queries.talk_filter import CHAT_NAMED, PERSON_NAMED, named
from memories_lib.shared import parameters
from memories_lib.shared.contract import KINDS
from memories_lib.shared.sql import Run

#: So many messages are told by indexes before words are looked for among them; more are met one by one.
_FEW = 100_000
#: field of a filter -> the condition on `messages`, `chats` and `people`
_CONDITIONS = {
    "chat": CHAT_NAMED,
    "chat_id": "messages.chat_id = :chat_id",
    "person": PERSON_NAMED,
    "since": "messages.sent_at >= :since",
    "until": "messages.sent_at < :until || '~'",
    "kind": "messages.kind = :kind",
}
_OF_PERSON = f"""
SELECT messages.id FROM (
    SELECT DISTINCT person_months.person_id, person_months.chat_id
    FROM people CROSS JOIN person_months ON person_months.person_id = people.id WHERE {PERSON_NAMED}
) AS there CROSS JOIN messages ON messages.chat_id = there.chat_id AND messages.sender_id = there.person_id
"""
_OF_CHAT = f"SELECT messages.id FROM messages WHERE chat_id IN (SELECT id FROM chats WHERE {CHAT_NAMED})"
_OF_CHAT_ID = "SELECT messages.id FROM messages WHERE messages.chat_id = :chat_id"
_OF_KIND = "SELECT messages.id FROM messages WHERE kind = :kind AND kind <> 'text'"
_OF_DAYS = "SELECT messages.id FROM messages WHERE sent_at >= :since AND sent_at < :until || '~'"
#: field of a filter -> (how many messages it leaves, about; which)
_AMONG = {
    "person": (f"SELECT sum(message_count) FROM people WHERE {PERSON_NAMED}", _OF_PERSON),
    "chat": (f"SELECT sum(message_count) FROM chats WHERE {CHAT_NAMED}", _OF_CHAT),
    "chat_id": ("SELECT message_count FROM chats WHERE id = :chat_id", _OF_CHAT_ID),
    "kind": ("SELECT sum(message_count) FROM chat_kinds WHERE kind = :kind", _OF_KIND),
    "since": ("SELECT sum(message_count) FROM days WHERE day >= :since AND day <= :until", _OF_DAYS),
}
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


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """Messages narrowed by what is not empty. `chat` and `person` are a name or a number, `since` and `until` days,
    both included, `chat_id` a chat's number and nothing else, `kind` one of `contract.KINDS`.
    """

    chat: str = ""
    chat_id: int = 0
    person: str = ""
    since: str = ""
    until: str = ""
    kind: str = ""

    @classmethod
    def from_args(cls, args: Mapping[str, str], *, strict: bool = False) -> SearchFilter:
        """What a query string asks for. With `strict`, raises `WrongParameter`; else nonsense is passed over."""
        return cls(
            chat=args.get("chat") or "",
            person=args.get("person") or "",
            since=parameters.day(args, "from", strict=strict),
            until=parameters.day(args, "to", strict=strict),
            kind=parameters.choice(args, "kind", KINDS, strict=strict),
        )

    def where(self) -> tuple[str, dict[str, Any]]:
        """(conditions that go on with AND, on `messages`, `chats` and `people`; their parameters)"""
        given = {name: value for name in _CONDITIONS if (value := getattr(self, name))}
        return "".join(f" AND {_CONDITIONS[name]}" for name in given), given

    def among(self, run: Run, most: int = _FEW) -> str:
        """SQL of the messages that one of the fields leaves, the one that leaves the fewest.

        "" where none leaves few enough (`most`) to be looked up first.
        """
        _, given = self.where()
        sizes = []
        for name, (counted, sql) in _AMONG.items():
            # Nearly all are texts; and days have two ends.
            if name in given and given[name] != "text" and (name != "since" or self.until):
                count = (run(counted, given).fetchone() or (0,))[0] or 0
                if count <= most:
                    sizes.append((count, sql))
        return min(sizes)[1] if sizes else ""

    def as_sql(self, question: str) -> tuple[str | None, dict[str, Any]]:
        """(the same search as SQL, its parameters), for people who know it; (None, {}) where nothing narrows it."""
        narrower, given = self.where()
        return (_SQL.format(narrower=narrower), {"words": question, **given}) if narrower else (None, {})

    def as_rows(self) -> dict[str, str]:
        """The same as the query string of Datasette's table `visible_messages`."""
        found = {
            "kind": self.kind,
            "sent_at__gte": self.since,
            "sent_at__lt": f"{self.until}~" if self.until else "",
        }
        rest = [
            named(column, table, name)
            for name, column, table in ((self.chat, "chat_id", "chats"), (self.person, "sender_id", "people"))
            if name
        ]
        return {**{name: value for name, value in found.items() if value}, "_where": " AND ".join(rest)}


EVERYTHING = SearchFilter()
