"""A copy of an archive for others to have: without what was hidden, without chats and people that stay at home.

What is left out is not in the file any more: not in an index, not in a count, not in a summary that quoted it.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, unquote

from ingest.archive.curation import be_in_step
from ingest.archive.database import connect, transaction
from ingest.archive.derived import analyze, count_all, count_kinds, tell_periods
from ingest.core.errors import MemoriesError
from ingest.core.keys import Keys, chat_key
from ingest.ops.phone_numbers import numbers_of, without
from ingest.summaries import Said
from ingest.summaries.gemini.transcript import letter
from ingest.summaries.offline.lexicon import Tokens
from ingest.summaries.offline.summarizer import Summarizer
from ingest.summaries.offline.vocabulary import Vocabulary
from memories_lib.shared import versions, visible
from memories_lib.shared.counters import SAID, Counters
from memories_lib.shared.folding import fold
from memories_lib.shared.layout import ArchiveFiles, media_name

#: Where words are that name people.
_TEXTS = (
    ("messages", "text"), ("exchanges", "title"), ("exchanges", "summary"), ("exchanges", "topics"),
    ("chats", "name"), ("media", "filename"), ("media", "caption"), ("media", "description"), ("media", "transcript"),
    ("places", "name"), ("places", "url"), ("links", "url"), ("sources", "filename"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Redactions:
    """What stays at home: names of chats and of people; with `names`, what people are called."""

    chats: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    names: bool = False


@dataclass(slots=True)
class Reduced:
    """What the copy holds, and how many messages are not in it."""

    chats: list[tuple[str, int]]
    people: int
    messages: int
    left_out: int
    files: int


def reduce(database: Path, target: Path, leave: Redactions) -> Reduced:
    """Write the copy to `target`, its files to `media/` beside it. Raises `MemoriesError` for names that nobody has."""
    be_in_step(database)
    with closing(connect(database, must_exist=True)) as source:
        _check_names(source, leave)
        total = source.execute("SELECT count(*) FROM messages").fetchone()[0]
        versions.copy(source, target)
    with closing(connect(target)) as copy:
        copy.execute("PRAGMA foreign_keys = OFF")
        with transaction(copy):
            everybody = _everybody(copy)
            numbers = numbers_of(copy)
            touched = _take_out(copy, leave)
            _tell_again(copy, touched)
            if numbers:
                _clean(copy, without(numbers), ("people", "name"))
            if leave.names:
                _without_names(copy, everybody)
            _key_again(copy)
            _count_again(copy)
            _index_again(copy)
            analyze(copy)
        copy.execute("VACUUM")
        copy.execute("PRAGMA journal_mode = DELETE")
        chats = copy.execute("SELECT name, message_count FROM chats ORDER BY message_count DESC").fetchall()
        people = copy.execute("SELECT count(*) FROM people").fetchone()[0]
        messages = copy.execute("SELECT count(*) FROM messages").fetchone()[0]
        files = _copy_files(copy, ArchiveFiles.of(database).media, ArchiveFiles.of(target).media)
    return Reduced(chats, people, messages, total - messages, files)


def _check_names(connection: sqlite3.Connection, leave: Redactions) -> None:
    for table, names in (("chats", leave.chats), ("people", leave.people)):
        known = {name for (name,) in connection.execute(f"SELECT name FROM {table}")}
        for name in names - known:
            raise MemoriesError(f"there is nothing called '{name}' among the {table}; memories stats names the chats")


def _take_out(copy: sqlite3.Connection, leave: Redactions) -> list[int]:
    """Delete what stays at home; returns the exchanges that lost a part."""
    copy.execute("CREATE TEMP TABLE gone (id INTEGER PRIMARY KEY)")
    copy.execute(f"INSERT INTO gone {visible.HIDDEN_MESSAGES}")
    for sql, names in (
        ("SELECT messages.id FROM messages JOIN chats ON chats.id = chat_id WHERE chats.name = ?", leave.chats),
        ("SELECT messages.id FROM messages JOIN people ON people.id = sender_id WHERE people.name = ?", leave.people),
        ("SELECT id FROM messages WHERE sender_id IS NULL AND instr(text, ?)", leave.people),
    ):
        for name in sorted(names):
            copy.execute(f"INSERT OR IGNORE INTO gone {sql}", (name,))
    touched = [
        exchange
        for (exchange,) in copy.execute(
            "SELECT DISTINCT exchange_id FROM messages WHERE id IN (SELECT id FROM gone)"
        ).fetchall()
    ]
    for table in ("media", "links", "places"):
        copy.execute(f"DELETE FROM {table} WHERE message_id IN (SELECT id FROM gone)")
    copy.execute("DELETE FROM messages WHERE id IN (SELECT id FROM gone)")
    copy.execute("DELETE FROM exchanges WHERE id NOT IN (SELECT exchange_id FROM messages)")
    # Earlier wordings, lines of the exports, names before they were changed, notes: none of it is for others.
    for table in (
        "revisions", "source_warnings", "hidden_messages", "merged_exchanges", "exchanges_before", "messages_before",
        "people_before", "chats_before", "senders_before", "periods_before", "person_months_before",
        "person_emoji_before", "former_keys", "former_chats", "person_names",
        "source_messages", "media_sources", "curation_state", "period_exchanges", "periods", "uncounted",
    ):  # fmt: skip
        copy.execute(f"DELETE FROM {table}")
    copy.execute("DELETE FROM exchange_marks WHERE is_hidden OR NOT is_starred")
    copy.execute("DELETE FROM exchange_marks WHERE exchange_id NOT IN (SELECT id FROM exchanges)")
    copy.execute("UPDATE exchange_marks SET note = NULL")
    copy.execute("DELETE FROM chats WHERE id NOT IN (SELECT chat_id FROM exchanges)")
    copy.execute("DELETE FROM people WHERE id NOT IN (SELECT sender_id FROM messages WHERE sender_id IS NOT NULL)")
    copy.execute("DELETE FROM chat_sources WHERE chat_id NOT IN (SELECT id FROM chats)")
    copy.execute("DELETE FROM sources WHERE id NOT IN (SELECT source_id FROM messages)")
    copy.execute("DELETE FROM chat_sources WHERE source_id NOT IN (SELECT id FROM sources)")
    # What an export held in all would tell how much is not here; its digest, that it is this one.
    copy.execute(
        """
        UPDATE sources SET lines = 0, bytes = 0, warnings = 0, sha256 = lower(hex(randomblob(32))),
            messages_found = (SELECT count(*) FROM messages WHERE source_id = sources.id),
            messages_new = (SELECT count(*) FROM messages WHERE source_id = sources.id)
        """
    )
    copy.execute("UPDATE people SET phone = NULL")
    copy.execute("DROP TABLE gone")
    return [
        exchange for exchange in touched if copy.execute("SELECT 1 FROM exchanges WHERE id = ?", (exchange,)).fetchone()
    ]


def _tell_again(copy: sqlite3.Connection, exchanges: Iterable[int]) -> None:
    """Exchanges that lost a part are told by what they still hold."""
    names: dict[int, str] = dict(copy.execute("SELECT id, name FROM people"))
    vocabulary, tokens = Vocabulary(), Tokens()
    teller = Summarizer(vocabulary, names, tokens)
    now = datetime.now().isoformat(timespec="seconds")
    for exchange in exchanges:
        talk = [Said._make(row) for row in copy.execute(SAID, (exchange,))]
        told = teller.tell(talk)
        copy.execute(
            """
            UPDATE exchanges SET started_at = ?, ended_at = ?, message_count = ?, participant_count = ?, title = ?,
                summary = ?, topics = '[]', mood = ?, summarised_by = 'offline', summarised_at = ? WHERE id = ?
            """,
            (
                talk[0].sent_at, talk[-1].sent_at, len(talk), len({m.sender for m in talk} - {None}), told.title,
                told.summary, told.mood, now, exchange,
            ),
        )  # fmt: skip


def _everybody(copy: sqlite3.Connection) -> list[tuple[int, str]]:
    people = copy.execute("SELECT id, name FROM people ORDER BY message_count DESC, id").fetchall()
    # What somebody was called before an edit may stand in a text as well.
    return people + copy.execute("SELECT person_id, name FROM people_before").fetchall()


def _without_names(copy: sqlite3.Connection, people: list[tuple[int, str]]) -> None:
    """People become letters, wherever they are named, those who stay at home as well."""
    stand_in: dict[str, str] = {}
    for n, (_, name) in enumerate(people):
        for part in {name, *re.findall(r"[^\W\d_]{2,}(?:['’-][^\W\d_]+)*", name)}:
            # "Zoe" where she is called "Zoë"; "J%C3%BCrgen" in an address.
            bare = "".join(c for c in unicodedata.normalize("NFKD", part) if not unicodedata.combining(c))
            for written in (part, bare, quote(part)):
                stand_in.setdefault(written.casefold(), letter(n))
    listed = "|".join(rf"(?<![^\W_]){re.escape(part)}(?![^\W_])" for part in sorted(stand_in, key=len, reverse=True))
    pattern = re.compile(listed, re.IGNORECASE) if listed else None

    def cleaned(text: str | None) -> str | None:
        if text is None or pattern is None:
            return text
        return pattern.sub(lambda m: stand_in.get(m[0].casefold(), "…"), text)

    for number, (person, _) in enumerate(people):
        copy.execute("UPDATE people SET name = ? WHERE id = ?", (letter(number), person))
    _clean(copy, cleaned)


def _clean(copy: sqlite3.Connection, function: Callable[[str | None], str | None], *more: tuple[str, str]) -> None:
    """Have a function look at every text of the copy, and at `more` columns (table, column)."""
    copy.create_function("cleaned", 1, function, deterministic=True)
    for table, column in (*_TEXTS, *more):
        copy.execute(f"UPDATE {table} SET {column} = cleaned({column}) WHERE {column} IS NOT cleaned({column})")
    # Where an address spells it in its own way, the card of it is left out; the words of the message are clean.
    copy.create_function("plainly", 1, lambda url: unquote(url or ""), deterministic=True)
    copy.execute("DELETE FROM links WHERE plainly(url) IS NOT cleaned(plainly(url))")
    copy.execute("UPDATE places SET url = NULL WHERE plainly(url) IS NOT cleaned(plainly(url))")


def _key_again(copy: sqlite3.Connection) -> None:
    """Keys are digests of words and names: of those that are in the copy, or what is not could be guessed by them."""
    taken: set[int] = set()
    for chat, name, kind in copy.execute("SELECT id, name, kind FROM chats ORDER BY id").fetchall():
        key = next(k for n in range(len(taken) + 1) if (k := chat_key(f"{name}{n or ''}", kind)) not in taken)
        taken.add(key)
        copy.execute("UPDATE chats SET key = ? WHERE id = ?", (key, chat))
        keys = Keys()
        rows = copy.execute(
            "SELECT id, sender_id, sent_at, kind, text, key FROM messages WHERE chat_id = ? ORDER BY sent_at, id",
            (chat,),
        ).fetchall()
        new = keys.keys(row[:5] for row in rows)
        copy.executemany(
            "UPDATE messages SET key = ? WHERE id = ?",
            [(key, message) for key, (message, *_, was) in zip(new, rows, strict=True) if key != was],
        )
    copy.execute(
        """
        UPDATE exchanges SET key = (
            SELECT key FROM messages WHERE exchange_id = exchanges.id ORDER BY sent_at, messages.id LIMIT 1
        )
        """
    )


def _count_again(copy: sqlite3.Connection) -> None:
    for table in ("days", "person_months", "person_emoji", "chat_kinds"):
        copy.execute(f"DELETE FROM {table}")
    for (chat,) in copy.execute("SELECT id FROM chats").fetchall():
        tallies = Counters()
        ids = [exchange for (exchange,) in copy.execute("SELECT id FROM exchanges WHERE chat_id = ?", (chat,))]
        for exchange in ids:
            tallies.add(copy.execute(SAID, (exchange,)).fetchall())
        tallies.flush(copy, chat)
        kinds = dict(copy.execute("SELECT kind, count(*) FROM messages WHERE chat_id = ? GROUP BY kind", (chat,)))
        count_kinds(copy, chat, kinds)
        count_all(copy, chat)
        first, last = copy.execute("SELECT first_at, last_at FROM chats WHERE id = ?", (chat,)).fetchone()
        tell_periods(copy, chat, first[:10], last[:10])


def _index_again(copy: sqlite3.Connection) -> None:
    copy.create_function("folded", 1, lambda text: fold(text or ""), deterministic=True)
    for index in ("messages_fts", "exchanges_fts", "media_fts"):
        copy.execute(f"INSERT INTO {index} ({index}) VALUES ('delete-all')")
    copy.execute("INSERT INTO messages_fts (rowid, text) SELECT id, folded(text) FROM messages")
    copy.execute(
        """
        INSERT INTO exchanges_fts (rowid, title, summary, topics)
        SELECT id, folded(title), folded(summary), folded(topics) FROM exchanges
        """
    )
    copy.execute(
        """
        INSERT INTO media_fts (rowid, description, transcript) SELECT id, folded(description), folded(transcript)
        FROM media WHERE description IS NOT NULL OR transcript IS NOT NULL
        """
    )


def _copy_files(copy: sqlite3.Connection, source: Path, target: Path) -> int:
    count = 0
    rows = copy.execute(
        "SELECT DISTINCT sha256, filename, thumbnail FROM media WHERE sha256 IS NOT NULL AND NOT is_missing"
    )
    for sha256, filename, thumbnail in rows:
        for name in filter(None, (media_name(sha256, filename or ""), thumbnail)):
            if (source / name).is_file():
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source / name, target / name)
                count += 1
    return count
