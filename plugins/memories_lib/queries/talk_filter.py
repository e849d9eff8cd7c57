"""Which talks somebody asked for: one filter for pages, API, books, shared books, "see the rows" and "see the SQL".

What may be seen is decided in `shared/visible.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from memories_lib.shared import parameters, visible
from memories_lib.shared.fts_query import fts_phrase, fts_query

Which = Literal["memories", "all", "hidden"]
NO_OR_YES = ("0", "1")
#: A chat and a person by name, or by number, as every filter takes them.
CHAT_NAMED = "(chats.name = :chat OR chats.id = :chat)"
PERSON_NAMED = "(people.name = :person OR people.id = :person)"
_STARRED = "exchanges.id IN (SELECT exchange_id FROM exchange_marks WHERE is_starred)"
_SPOKEN = f"""EXISTS (
    SELECT 1 FROM messages JOIN people ON people.id = messages.sender_id
    WHERE messages.exchange_id = exchanges.id AND {PERSON_NAMED}
      AND {visible.MESSAGE_ITSELF}
  )"""
#: The same by way of what one person wrote, where that is not much.
_SPOKEN_BY_FEW = f"""exchanges.id IN (
    SELECT messages.exchange_id FROM (
      SELECT DISTINCT person_months.person_id, person_months.chat_id
      FROM people CROSS JOIN person_months ON person_months.person_id = people.id
      WHERE {PERSON_NAMED}
    ) AS there CROSS JOIN messages ON messages.chat_id = there.chat_id AND messages.sender_id = there.person_id
    WHERE {visible.MESSAGE_ITSELF}
  )"""
_FEW = 20_000
#: The index knows where the word is; whether it is one of the topics, the row itself.
_TOPIC = """exchanges.id IN (SELECT rowid FROM exchanges_fts WHERE exchanges_fts MATCH :topic_words)
  AND EXISTS (SELECT 1 FROM json_each(exchanges.topics) WHERE value = :topic)"""
#: The same, asked of one talk after the other until a page is full: for words that very many messages have.
_SAID_BY_MANY = f"""(
    +exchanges.id IN (SELECT rowid FROM exchanges_fts WHERE exchanges_fts MATCH :q)
    OR EXISTS (
      SELECT 1 FROM messages_fts WHERE messages_fts MATCH :q
        AND rowid BETWEEN (SELECT min(id) FROM messages WHERE exchange_id = exchanges.id)
          AND (SELECT max(id) FROM messages WHERE exchange_id = exchanges.id)
        AND +rowid IN (SELECT id FROM messages WHERE exchange_id = exchanges.id)
        AND {visible.message_itself("+rowid")}
    )
  )"""
_MANY = 7_000
_SAID = f"""(
    exchanges.id IN (SELECT rowid FROM exchanges_fts WHERE exchanges_fts MATCH :q)
    OR exchanges.id IN (
      SELECT exchange_id FROM messages WHERE id IN (SELECT rowid FROM messages_fts WHERE messages_fts MATCH :q)
        AND {visible.message_itself("id")}
    )
  )"""


@dataclass(frozen=True, slots=True)
class TalkFilter:
    """Talks of a kind (`which`), narrowed by what is not empty. `chat` and `person` are a name or a number;
    `since` and `until` are days, both included; `words` as in the search. `is_few`: see `tuned`.
    """

    which: Which = "memories"
    starred: bool = False
    chat: str = ""
    person: str = ""
    mood: str = ""
    topic: str = ""
    year: str = ""
    since: str = ""
    until: str = ""
    words: str | None = None
    is_few: bool = False
    is_common: bool = False
    is_one_chat: bool = False
    is_walked: bool = False

    @classmethod
    def from_args(cls, args: Mapping[str, str], *, may_see_hidden: bool = False, strict: bool = False) -> TalkFilter:
        """What a query string asks for. With `strict`, raises `WrongParameter`; else nonsense is passed over."""
        if args.get("all") == "hidden" and may_see_hidden:
            which: Which = "hidden"
        else:
            which = "all" if parameters.choice(args, "all", NO_OR_YES, strict=strict) == "1" else "memories"
        words = args.get("q") or ""
        return cls(
            which,
            parameters.choice(args, "starred", NO_OR_YES, strict=strict) == "1",
            chat=args.get("chat") or "",
            person=args.get("person") or "",
            mood=args.get("mood") or "",
            topic=args.get("topic") or "",
            year=args.get("year") or "",
            since=parameters.day(args, "from", strict=strict),
            until=parameters.day(args, "to", strict=strict),
            words=words if words.strip() else None,
        )

    def tuned(self, run: Callable[..., Any], *, best_first: bool = False) -> TalkFilter:
        """The same, looked for in the way that is quickest for what there is of it.

        `is_few`: by way of what the person wrote; `is_common`: very many messages have the words, so that talk after
        talk is asked; `is_walked`: so, too, from the best on; `is_one_chat`: an index has its talks in order.
        """
        is_common = is_few = False
        if self.words is not None and (query := fts_query(self.words)):
            sql = "SELECT count(*) FROM (SELECT 1 FROM messages_fts WHERE messages_fts MATCH ? LIMIT ?)"
            is_common = run(sql, (query, _MANY + 1)).fetchone()[0] > _MANY
        if self.person and self.which != "hidden":  # what is hidden is not in anybody's counts
            sql = "SELECT coalesce(sum(message_count), 0) FROM people WHERE name = :person OR id = :person"
            is_few = run(sql, {"person": self.person}).fetchone()[0] < _FEW
        return replace(
            self, is_common=is_common, is_few=is_few, is_walked=best_first and bool(self.person or self.words),
            is_one_chat=bool(self.chat) and self.only_chat(run) is not None,
        )  # fmt: skip

    @property
    def _in_chat(self) -> str:
        found = f"SELECT id FROM chats WHERE {CHAT_NAMED}"
        # Of one chat an index gives its talks in order.
        return f"exchanges.chat_id = ({found})" if self.is_one_chat else f"exchanges.chat_id IN ({found})"

    def _conditions(self) -> tuple[list[str], dict[str, Any]]:
        """What is asked for besides whether it may be seen; conditions need the table `exchanges` and no other."""
        where: list[str] = []
        given: dict[str, Any] = {}
        # A plus keeps SQLite from an index: talks are gone through in the order in which they are shown.
        alone = "+" if self.is_walked else ""
        if self.which == "memories":
            where.append("exchanges.is_memory")
        if self.starred:
            where.append(_STARRED)
        for name, sql in (
            ("chat", self._in_chat),
            ("mood", "exchanges.mood = :mood"),
            ("topic", _TOPIC),
            ("year", f"{alone}exchanges.started_at >= :year AND {alone}exchanges.started_at < :year || '~'"),
            ("since", "exchanges.started_at >= :since"),
            ("until", "exchanges.started_at < :until || '~'"),
            ("person", alone + _SPOKEN_BY_FEW if self.is_few else _SPOKEN),
        ):
            if value := getattr(self, name):
                where.append(sql)
                given[name] = value
        if self.topic:
            given["topic_words"] = f"topics : {fts_phrase(self.topic)}"
        if self.words is not None:
            where.append(_SAID_BY_MANY if self.is_common else _SAID)
            given["q"] = fts_query(self.words) or '""'
        return where, given

    def where(self) -> tuple[str, dict[str, Any]]:
        """(SQL condition on `exchanges`, its parameters)"""
        where, given = self._conditions()
        seen = f"exchanges.id {'IN' if self.which == 'hidden' else 'NOT IN'} ({visible.HIDDEN_EXCHANGES})"
        return "\n  AND ".join([*where, seen]), given

    def count(self, run: Callable[..., Any]) -> int:
        """How many there are."""
        where, given = replace(self, is_common=False, is_walked=False)._conditions()
        asked = " AND ".join(where) or "1"
        if self.which == "hidden":
            sql = f"SELECT count(*) FROM exchanges WHERE exchanges.id IN ({visible.HIDDEN_EXCHANGES}) AND {asked}"
        else:
            # Hidden ones are few: those found among them are taken off, instead of asking each one found.
            sql = f"""
                SELECT (SELECT count(*) FROM exchanges WHERE {asked})
                    - (SELECT count(*) FROM exchanges WHERE exchanges.id IN ({visible.HIDDEN_EXCHANGES}) AND {asked})
            """
        return int(run(sql, given).fetchone()[0])

    def as_sql(self) -> tuple[str, dict[str, Any]]:
        """(a query that lists them, its parameters), for people who know SQL."""
        where, given = self.where()
        return (
            "SELECT exchanges.id, exchanges.started_at, chats.name AS chat, exchanges.title, exchanges.summary,\n"
            "  exchanges.mood, exchanges.message_count, exchanges.score\n"
            "FROM exchanges JOIN chats ON chats.id = exchanges.chat_id\n"
            f"WHERE {where}\nORDER BY exchanges.started_at DESC"
        ), given

    def only_chat(self, run: Callable[..., Any]) -> int | None:
        """The number of the chat, where one is named and no two are called so."""
        if not self.chat:
            return None
        found = run(f"SELECT id FROM chats WHERE {CHAT_NAMED}", {"chat": self.chat}).fetchall()
        return int(found[0][0]) if len(found) == 1 else None

    def as_rows(self, only_chat: int | None = None) -> dict[str, str]:
        """The same as the query string of Datasette's table `visible_exchanges`, or `exchanges` for hidden ones.

        What its own filters cannot say is said in SQL (`_where`), which takes the permission for it.
        """
        asked = {
            "chat_id": "" if only_chat is None else str(only_chat),
            "is_memory": "1" if self.which == "memories" else "",
            "mood": self.mood,
            "started_at__startswith": self.year,
            "topics__arraycontains": self.topic,
            "started_at__gte": self.since,
            "started_at__lt": f"{self.until}~" if self.until else "",
        }
        rest = [_STARRED] if self.starred else []
        if self.chat and only_chat is None:
            rest.append(named("chat_id", "chats", self.chat))
        if self.person:
            rest.append(_SPOKEN.replace(":person", literally(self.person)))
        if self.words is not None:
            rest.append(_SAID.replace(":q", literally(fts_query(self.words) or '""')))
        if self.which == "hidden":
            rest.append(f"exchanges.id IN ({visible.HIDDEN_EXCHANGES})")
        table = "exchanges" if self.which == "hidden" else "visible_exchanges"
        where = " AND ".join(rest).replace("exchanges.id", f"{table}.id")
        return {**asked, "_where": " ".join(where.split()), "_sort_desc": "started_at"}


def named(column: str, table: str, name: str) -> str:
    """The condition that a column is the number of the chat or person `name`, who may be given by number as well."""
    return f"{column} IN (SELECT id FROM {table} WHERE {literally(name)} IN (name, CAST(id AS TEXT)))"


def literally(text: str) -> str:
    """A text as SQL writes it, where no parameter can be bound."""
    return "'" + text.replace("'", "''") + "'"
