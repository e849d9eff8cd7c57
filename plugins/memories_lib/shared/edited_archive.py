"""An archive under edits: finding what one speaks of, keeping rows as they were, telling them again. Pure."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from memories_lib.shared import derived_words, names_now, recount, visible
from memories_lib.shared.contract import FIRST_EVENT
from memories_lib.shared.edit_subjects import Subjects
from memories_lib.shared.names_now import RETITLED
from memories_lib.shared.sql import Fold

#: `exchange_marks.is_hidden` of an exchange that nobody hid, and of which every message is hidden.
EMPTY = 2
#: (sender, text) of all messages that the words of an exchange may quote: its own, and those that were parted from it
#: or from what was merged into it.
_OF_EXCHANGE = """
SELECT people.name, messages.text FROM messages LEFT JOIN people ON people.id = sender_id
WHERE (
    exchange_id = :id OR messages.id IN (
        SELECT message_id FROM messages_before
        WHERE exchange_id = :id OR exchange_id IN (SELECT id FROM merged_exchanges WHERE exchange_id = :id)
    )
) AND {seen}
ORDER BY sent_at, messages.id
"""
_SEEN = f"""
{visible.MESSAGE_ITSELF}
AND (exchange_id = :id OR {visible.exchange_seen("exchange_id")})
"""
#: What is heard in most talks.
_USUAL_MOOD = "calm"
#: What ingest heard in the whole of an exchange; for one that was parted, in what it was parted from.
_HEARD = """
SELECT mood, language FROM exchanges_before WHERE id = coalesce(
    (SELECT id FROM exchanges_before WHERE id = :id),
    (SELECT b.exchange_id FROM messages JOIN messages_before AS b ON message_id = messages.id
        WHERE messages.exchange_id = :id LIMIT 1)
)
"""


class _ToldBefore(NamedTuple):
    """How an exchange was told before anything was hidden; `topics` is a list as JSON."""

    id: int
    title: str
    summary: str
    topics: str
    told_by: str | None
    version: str | None


class EditedArchive(Subjects):
    """What the actions have in common."""

    def __init__(self, connection: sqlite3.Connection, fold: Fold) -> None:
        super().__init__(connection)
        self.many = connection.executemany
        self.is_counting = recount.is_kept(self.run)
        self._connection = connection
        self._fold = fold
        #: Exchanges to be told again once several messages are hidden; None where each is told at once.
        self._waiting: set[int] | None = None

    @contextmanager
    def counted(self, exchanges: Iterable[int] | None = None) -> Iterator[None]:
        """While these exchanges change, or all of them: counts are without what is hidden before and after."""
        if not self.is_counting:
            yield
            return
        before = None if exchanges is None else recount.originals(self.run, exchanges)
        recount.put_back(self._connection, before)
        yield
        recount.take_out(self._connection, before)

    @contextmanager
    def at_once(self, exchanges: Iterable[int]) -> Iterator[None]:
        """While messages of these exchanges are hidden or come back: counted and told again once, at the end."""
        is_counting = self.is_counting
        with self.counted(exchanges):
            self.is_counting = False
            self.wait()
            yield
            self.tell_waiting()
            self.is_counting = is_counting

    def wait(self) -> None:
        """From now on exchanges are not told again until `tell_waiting`."""
        if self._waiting is None:
            self._waiting = set()

    def tell_waiting(self) -> None:
        """Tell those again that have waited."""
        waiting, self._waiting = self._waiting, None
        self.tell_again(sorted(waiting or ()))

    def hide_if_empty(self, exchange: int) -> None:
        """An exchange of which every message is hidden is as hidden as they are, until one comes back."""
        seen = self.run(
            f"""
            SELECT 1 FROM messages WHERE exchange_id = ? AND {visible.message_itself("id")} LIMIT 1
            """,
            (exchange,),
        ).fetchone()
        before, after = (EMPTY, 0) if seen else (0, EMPTY)
        self.run("INSERT OR IGNORE INTO exchange_marks (exchange_id) VALUES (?)", (exchange,))
        self.run(
            "UPDATE exchange_marks SET is_hidden = ? WHERE exchange_id = ? AND is_hidden = ?", (after, exchange, before)
        )

    def keep(self, exchange: int) -> None:
        # What an edit made was not there before.
        self.run(
            "INSERT OR IGNORE INTO exchanges_before SELECT * FROM exchanges WHERE id = ? AND id < ?",
            (exchange, FIRST_EVENT),
        )

    def keep_messages(self, exchange: int) -> None:
        self.run(
            """
            INSERT OR IGNORE INTO messages_before SELECT id, exchange_id, is_highlight
            FROM messages WHERE exchange_id = ?
            """,
            (exchange,),
        )

    def mark(self, exchange: int, column: str, value: int | str | None) -> None:
        self.run("INSERT OR IGNORE INTO exchange_marks (exchange_id) VALUES (?)", (exchange,))
        self.run(f"UPDATE exchange_marks SET {column} = ? WHERE exchange_id = ?", (value, exchange))

    def unindex(self, exchanges: Iterable[int]) -> None:
        self._write_index("('delete', ", "exchanges_fts, ", exchanges)

    def index(self, exchanges: Iterable[int]) -> None:
        self._write_index("(", "", exchanges)

    def _write_index(self, start: str, column: str, exchanges: Iterable[int]) -> None:
        for exchange in exchanges:
            row = self.run("SELECT title, summary, topics FROM exchanges WHERE id = ?", (exchange,)).fetchone()
            if row:
                self.run(
                    f"INSERT INTO exchanges_fts ({column}rowid, title, summary, topics) VALUES {start}?, ?, ?, ?)",
                    (exchange, *(self._fold(text or "") for text in row)),
                )

    def measure(self, exchange: int) -> None:
        """Bring times, counts and key of an exchange in step with its messages."""
        self.run(
            f"""
            UPDATE exchanges SET (key, started_at, ended_at, message_count, participant_count) = (
                SELECT (SELECT key FROM messages WHERE exchange_id = :id ORDER BY sent_at, id LIMIT 1),
                    min(sent_at), max(sent_at), count(*) FILTER (WHERE {visible.MESSAGE_ITSELF}),
                    count(DISTINCT sender_id) FILTER (WHERE {visible.MESSAGE_ITSELF})
                FROM messages WHERE exchange_id = :id
            ) WHERE id = :id
            """,
            {"id": exchange},
        )

    def _language_around(self, exchange: int) -> str | None:
        """The language of most talks of an exchange's chat."""
        row = self.run(
            """
            SELECT language FROM exchanges WHERE language IS NOT NULL
                AND chat_id = (SELECT chat_id FROM exchanges WHERE id = ?)
            GROUP BY language ORDER BY count(*) DESC, language LIMIT 1
            """,
            (exchange,),
        ).fetchone()
        return row[0] if row else None

    def tell_again(self, exchanges: Iterable[int]) -> None:
        """Bring words, mood, times and counts of exchanges in step with what of them may be seen.

        Mood and language were heard in all of the messages; nobody can say in which. While one of them is hidden they
        are those of most talks: none at all would mark this one as a talk with something hidden in it.
        """
        if self._waiting is not None:
            self._waiting.update(exchanges)
            return
        for exchange in exchanges:
            row = self.run(
                "SELECT title, summary, topics, summarised_by, prompt_version FROM exchanges WHERE id = ?", (exchange,)
            ).fetchone()
            if row is None:
                continue
            self.keep(exchange)
            title_now, _, _, _, version_now = row
            title, summary, topics, told_by, version = self._told_before(exchange) or tuple(row)
            words = derived_words.ExchangeWords(title or "", summary or "", topics or "[]")
            seen = self.run(_OF_EXCHANGE.format(seen=_SEEN), {"id": exchange}).fetchall()
            everything = self.run(_OF_EXCHANGE.format(seen="1"), {"id": exchange}).fetchall()
            if len(seen) < len(everything):
                said = [(sender or "", text) for sender, text in seen]
                by_model = told_by not in (None, "offline")
                words = derived_words.without_hidden(
                    words, said, self._kinds_seen(exchange), self._fold, by_model=by_model,
                    language=self._language_around(exchange),
                )  # fmt: skip
            words = names_now.told_now(self.run, words, by_model=told_by not in (None, "offline"))
            if version_now == RETITLED:
                words = derived_words.ExchangeWords(title_now, words.summary, words.topics)
                version = RETITLED
            now = "SELECT mood, language FROM exchanges WHERE id = ?"
            heard = self.run(_HEARD, {"id": exchange}).fetchone() or self.run(now, (exchange,)).fetchone()
            mood, language = heard
            if len(seen) < len(everything):
                has_words = any(letter.isalpha() for _, text in seen for letter in text)
                mood, language = _USUAL_MOOD, self._language_around(exchange) if has_words else None
            self.unindex([exchange])
            self.run(
                f"""
                UPDATE exchanges SET title = :title, summary = :summary, topics = :topics, prompt_version = :version,
                    mood = :mood, language = :language, (started_at, ended_at, message_count, participant_count) = (
                        SELECT coalesce(min(sent_at), started_at), coalesce(max(sent_at), ended_at), count(*),
                            count(DISTINCT sender_id) FROM messages
                        WHERE exchange_id = :id AND {visible.message_itself("id")}
                    ) WHERE id = :id
                """,
                {
                    "id": exchange, "title": words.title, "summary": words.summary, "topics": words.topics,
                    "version": version, "mood": mood, "language": language,
                },
            )  # fmt: skip
            self.index([exchange])
        if self.is_counting:
            recount.measure_chats(self._connection, exchanges)

    def _kinds_seen(self, exchange: int) -> dict[str, int]:
        rows = self.run(
            f"""
            SELECT kind, count(*) FROM messages
            WHERE exchange_id = ? AND {visible.message_itself("id")} GROUP BY kind
            """,
            (exchange,),
        )
        return dict(map(tuple, rows.fetchall()))

    def _told_before(self, exchange: int) -> tuple[str, str, str, str | None, str | None] | None:
        """What was told before anything was hidden: merged ones put together as `_merge` does."""
        rows = self.run(
            """
            SELECT id, title, summary, topics, summarised_by, prompt_version FROM exchanges_before
            WHERE id = :id OR id IN (SELECT id FROM merged_exchanges WHERE exchange_id = :id)
            ORDER BY started_at
            """,
            {"id": exchange},
        ).fetchall()
        if exchange >= FIRST_EVENT:
            return self.first_line(exchange), "", "[]", "offline", None
        if not rows:
            return None
        told = list(map(_ToldBefore._make, rows))
        own = next((one for one in told if one.id == exchange), told[0])
        summary = "\n".join(one.summary for one in told if one.summary)
        topics = list(dict.fromkeys(topic for one in told for topic in json.loads(one.topics or "[]")))[:5]
        # What a model told of one of them cannot be told from what it told of the others.
        by_model = (one.told_by for one in told if one.told_by not in (None, "offline"))
        return own.title, summary, json.dumps(topics, ensure_ascii=False), next(by_model, own.told_by), own.version

    def first_line(self, exchange: int) -> str:
        """The title of an exchange that was parted from another."""
        row = self.run(
            "SELECT text FROM messages WHERE exchange_id = ? AND kind = 'text' ORDER BY sent_at, id LIMIT 1",
            (exchange,),
        ).fetchone()
        return derived_words.shorten(row[0] if row else "", derived_words.TITLE)

    def tell_again_if_hidden(self, exchange: int) -> None:
        """The same for an exchange that an edit made, where any of its messages is hidden."""
        hidden = f"SELECT 1 FROM messages WHERE exchange_id = ? AND id IN ({visible.HIDDEN_ALONE}) LIMIT 1"
        if self.run(hidden, (exchange,)).fetchone():
            self.tell_again([exchange])

    def relatives(self, exchange: int) -> set[int]:
        """The exchange, and those whose words may quote its messages: all that were parted from what it was part of,
        and what that was merged into.
        """
        rows = self.run(
            """
            WITH origins (id) AS (
                SELECT :id
                UNION
                SELECT b.exchange_id FROM messages JOIN messages_before AS b ON b.message_id = messages.id
                WHERE messages.exchange_id = :id AND b.exchange_id IS NOT NULL
            )
            SELECT id FROM origins
            UNION
            SELECT exchange_id FROM merged_exchanges WHERE id IN (SELECT id FROM origins)
            UNION
            SELECT messages.exchange_id FROM messages_before AS b JOIN messages ON messages.id = b.message_id
            WHERE b.exchange_id IN (SELECT id FROM origins) AND messages.exchange_id IS NOT NULL
            """,
            {"id": exchange},
        ).fetchall()
        return {exchange for (exchange,) in rows}

    def place_places(self, exchanges: Iterable[int]) -> None:
        self.many(
            """
            UPDATE places SET exchange_id = (SELECT exchange_id FROM messages WHERE id = message_id)
            WHERE message_id IN (SELECT id FROM messages WHERE exchange_id = ?) OR exchange_id = ?
            """,
            [(exchange, exchange) for exchange in exchanges],
        )
