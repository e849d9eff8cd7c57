"""Where the rows of a page are in Datasette's tables, and the SQL that finds them: "see the rows", "see the SQL"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from memories_lib.queries.talk_filter import TalkFilter

_MEDIA = """
SELECT messages.sent_at, people.name AS sender, messages.kind, media.filename, media.bytes, media.sha256,
  messages.exchange_id AS exchange
FROM media CROSS JOIN visible_messages AS messages ON messages.id = media.message_id
LEFT JOIN people ON people.id = messages.sender_id
WHERE media.sha256 IS NOT NULL AND messages.kind IN (:kind, :or_kind)
ORDER BY messages.sent_at DESC LIMIT 500
""".strip()
#: Of the tables that hang on messages, what may be seen.
MAY_BE_SEEN = "message_id IN (SELECT id FROM visible_messages)"
#: chart -> (the canned query that is behind it, or the SQL)
CHARTS = {
    "years": "year_by_year",
    "people": "who_writes_most",
    "words": "words_of_the_year",
    "emoji": "emoji_by_person",
    "replies": "reply_times",
    "starts": "who_starts_talks",
    "months": "SELECT substr(day, 6, 2) AS month, sum(message_count) AS messages\nFROM days GROUP BY 1",
    "weekdays": (
        "SELECT strftime('%w', day) AS weekday, sum(message_count) AS messages, sum(media_count) AS media\n"
        "FROM days GROUP BY 1"
    ),
    "kinds": "SELECT kind, sum(message_count) AS messages\nFROM chat_kinds GROUP BY kind ORDER BY messages DESC",
}


class Behind:
    """Addresses in Datasette for one archive: `rows` and `sql` of a page, `of_chart` for a chart."""

    def __init__(self, urls: Any, database: str) -> None:
        self._urls, self._database = urls, database

    def sql(self, sql: str, **given: Any) -> str:
        """The address of Datasette's page for this SQL, run with what is given."""
        return f"{self._urls.database(self._database)}?{urlencode({'sql': sql, **given})}"

    def query(self, name: str, **given: Any) -> str:
        """The address of a canned query."""
        return self._urls.query(self._database, name) + (f"?{urlencode(given)}" if given else "")

    def rows(self, table: str, **filters: Any) -> str:
        """The address of a table, filtered."""
        kept = {name: value for name, value in filters.items() if value not in (None, "")}
        return self._urls.table(self._database, table) + (f"?{urlencode(kept)}" if kept else "")

    def of_chart(self, chart: str, **given: Any) -> str:
        """The address of what a chart shows."""
        found = CHARTS[chart]
        return self.sql(found) if found.startswith("SELECT") else self.query(found, **given)

    def talks(self, asked: TalkFilter, only_chat: int | None = None) -> tuple[str, str]:
        """(rows, SQL) of a list of talks, a `TalkFilter`; see there for `only_chat`."""
        sql, given = asked.as_sql()
        table = "exchanges" if asked.which == "hidden" else "visible_exchanges"
        return self.rows(table, **asked.as_rows(only_chat)), self.sql(sql, **given)

    def media(self, kinds: Sequence[str]) -> tuple[str, str]:
        """(rows, SQL) of photos, videos or voice notes."""
        first, last = kinds[0], kinds[-1]
        of_kinds = " OR ".join(f"kind = '{kind}'" for kind in kinds)
        where = f"message_id IN (SELECT id FROM visible_messages WHERE {of_kinds})"
        rows = self.rows("media", sha256__notblank="1", _sort_desc="id", _where=where)
        return rows, self.sql(_MEDIA, kind=first, or_kind=last)
