"""Taking a chat, a person or an export out for good, wherever its words are kept; and not letting it come back.

Out of the archive with its search index and free pages, out of the media folder, `summaries.db`, `curation.db` and
`memories.db.ids`. Of what was forgotten only digests stay, so that reading its exports again does not bring it back.
Backups and earlier versions are left alone: `still_held` names them.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.archive.curation import source_key
from ingest.archive.database import transaction
from ingest.archive.ids_file import forget_numbers
from ingest.core.errors import MemoriesError
from ingest.core.keys import chat_key
from ingest.core.names import display_name
from ingest.correcting.corrections import undo
from ingest.correcting.sources import Gone, Source
from ingest.correcting.subjects import Chat, Person
from ingest.importing.known_exports import LET_BACK
from ingest.importing.removal import gather_leaving
from ingest.importing.rewriting import Rewriting, rewritten
from ingest.summaries.gemini.cache import AnswerCache
from ingest.summaries.gemini.periods import period_key
from memories_lib.shared import curation, edit_log
from memories_lib.shared.edit_event import Event
from memories_lib.shared.layout import ArchiveFiles

#: Edits whose names are those of chats.
_OF_CHATS = frozenset({"join_chats", "part_source", "rename_chat"})


@dataclass(slots=True)
class _Traces:
    """By what the rest is found that speaks of what was taken out."""

    messages: set[int]  # keys
    exchanges: set[int]  # keys
    chats: set[int]  # keys of chats that are gone
    files: set[str]  # sha256
    names: set[str]


def forget_source(connection: sqlite3.Connection, database: Path, source: Source) -> Gone:
    """The same for good."""
    return _forget(
        connection, database, [("source", source_key(source.sha256))], set(),
        lambda rewriting: rewriting.remove_sources([source.id]),
        lambda: gather_leaving(connection, [source.id]),
    )  # fmt: skip


def forget_chat(connection: sqlite3.Connection, database: Path, chat: Chat) -> Gone:
    """Take a chat out for good."""
    sources = [
        source for (source,) in connection.execute("SELECT source_id FROM chat_sources WHERE chat_id = ?", (chat.id,))
    ]
    digests = [sha256 for (sha256,) in connection.execute(
        "SELECT sha256 FROM sources WHERE id IN (SELECT source_id FROM chat_sources WHERE chat_id = ?)", (chat.id,)
    )]  # fmt: skip
    keys = [chat.key, *(key for (key,) in connection.execute(
        "SELECT key FROM former_chats WHERE chat_id = ? AND key NOT IN (SELECT key FROM chats)", (chat.id,)
    ))]  # fmt: skip
    subjects = [*(("chat", key) for key in keys), *(("source", source_key(sha256)) for sha256 in digests)]
    return _forget(
        connection, database, subjects, {chat.name, chat.was},
        lambda rewriting: rewriting.take_out_leaving(sources),
        lambda: gather_chat(connection, chat.id),
    )  # fmt: skip


def forget_person(connection: sqlite3.Connection, database: Path, person: Person) -> Gone:
    """Take out for good what somebody wrote, and the notices that name them. What others say about them stays."""
    names = {person.name, person.was, *person.joined}
    subjects = [("person", curation.person_key(name)) for name in sorted({person.was, *person.joined})]
    return _forget(
        connection, database, subjects, names,
        lambda rewriting: _take_out_person(rewriting),
        lambda: gather_person(connection, names),
    )  # fmt: skip


def _take_out_person(rewriting: Rewriting) -> None:
    # Lines that the reader was unsure of are kept as they stand: they may be theirs.
    rewriting.connection.execute(
        """
        DELETE FROM source_warnings WHERE source_id IN (
            SELECT source_id FROM chat_sources WHERE chat_id IN (SELECT chat_id FROM leaving)
        )
        """
    )
    rewriting.take_out_leaving()


def gather_chat(connection: sqlite3.Connection, chat: int) -> int:
    """Fill `leaving` with a chat's messages; returns how many."""
    return gather_leaving(connection, where="chat_id = ?", given=(chat,))


def gather_person(connection: sqlite3.Connection, names: set[str]) -> int:
    """Fill `leaving` with what people of these names wrote, and the notices that name them; returns how many."""
    named = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in sorted(names)))
    connection.create_function("names_them", 1, lambda text: bool(named.search(text)), deterministic=True)
    marks = ", ".join("?" * len(names))
    return gather_leaving(
        connection,
        where=f"""
        sender_id IN (SELECT id FROM people WHERE name IN ({marks})) OR (sender_id IS NULL AND names_them(text))
        """,
        given=sorted(names),
    )


def _forget(
    connection: sqlite3.Connection,
    database: Path,
    subjects: list[tuple[str, int]],
    names: set[str],
    take_out: Callable[[Rewriting], object],
    gather: Callable[[], int],
) -> Gone:
    _write_down(database, subjects)  # first, so that what is half done can be done again
    before = _names(connection)
    with rewritten(connection, database) as rewriting:
        count = gather()
        traces = _traces(connection, {key for kind, key in subjects if kind == "chat"}, names)
        take_out(rewriting)
    # Who wrote only there, and a chat of which nothing is left, are in no edit and no note of consent either.
    now = _names(connection)
    traces.names |= before - now
    if all(kind != "person" for kind, _ in subjects):
        traces.names -= now  # whoever wrote elsewhere too keeps the name that an edit gave
    traces.files |= rewriting.removed.digests
    traces.files -= {sha256 for (sha256,) in connection.execute("SELECT sha256 FROM media WHERE sha256 IS NOT NULL")}
    gone = Gone(count, rewriting.removed.wordings, rewriting.removed.files)
    is_person = all(kind == "person" for kind, _ in subjects)
    gone.edits = _purge_log(connection, database, traces, is_person=is_person)
    _purge_links(database, traces)
    gone.answers = _purge_answers(database, rewriting, traces)
    forget_numbers(database, connection, traces.chats)
    gone.still_held = list(still_held(database))
    return gone


def _names(connection: sqlite3.Connection) -> set[str]:
    """What people and chats are called, and were before edits."""
    tables = ("people", "people_before", "chats", "chats_before")
    return {name for table in tables for (name,) in connection.execute(f"SELECT name FROM {table}")}


def _write_down(database: Path, subjects: list[tuple[str, int]]) -> None:
    with closing(edit_log.open_log(str(ArchiveFiles.of(database).edits))) as log:
        (_, first_key), *_ = subjects
        detail = {"with": first_key}
        for kind, key in subjects:
            edit_log.write(log, edit_log.draft(log, "owner", "forget", kind, key, detail))


def _traces(connection: sqlite3.Connection, chats: set[int], names: set[str]) -> _Traces:
    def keys(sql: str) -> set[Any]:
        return {key for (key,) in connection.execute(sql)}

    exchanges = keys("SELECT key FROM exchanges WHERE id IN (SELECT exchange_id FROM leaving)")
    exchanges |= {
        period_key(chat, period)
        for chat, period in connection.execute(
            "SELECT chats.key, period FROM periods JOIN chats ON chats.id = chat_id "
            "WHERE chats.id IN (SELECT DISTINCT chat_id FROM leaving)"
        )
    }
    files = keys("SELECT sha256 FROM media WHERE sha256 IS NOT NULL AND message_id IN (SELECT id FROM leaving)")
    return _Traces(keys("SELECT key FROM leaving"), exchanges, chats, files, names)


def _purge_log(connection: sqlite3.Connection, database: Path, traces: _Traces, *, is_person: bool) -> int:
    """Take out the edits that speak of it, and what they quote with them.

    Names of chats stay where a person is forgotten, and how an export is to be read that stays, without its name.
    """
    named = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in sorted(traces.names)) or r"\Z.")

    def is_named(value: object) -> bool:
        return isinstance(value, str) and named.search(value) is not None

    def is_gone(event: Event) -> bool:
        detail = event.detail
        if detail.get("chat") in traces.chats or event.subject_key in traces.messages:
            return True
        texts = () if is_person and event.action in _OF_CHATS else (*detail.values(), *detail.get("also", []))
        return detail.get("message") in traces.messages or any(map(is_named, texts))

    with closing(edit_log.open_log(str(ArchiveFiles.of(database).edits))) as log:
        reading = [
            event for event in edit_log.effective(edit_log.events(log)) if event.action == "read_as" and is_gone(event)
        ] if is_person else []  # fmt: skip
        count = int(edit_log.purge(log, is_gone))
        for event in reading:
            said = {key: value for key, value in event.detail.items() if not is_named(value)}
            if said.keys() & {"me", "date_order", "timezone", "chat_name"}:
                said = {**said, "name": "an export"}
                kind, key = event.subject_kind, event.subject_key
                edit_log.write(log, edit_log.draft(log, event.actor, event.action, kind, key, said))
                count -= 1
        everything = edit_log.events(log)
        with transaction(connection):
            curation.set_state(connection, edit_log.digest(everything))
    return count


def _purge_links(database: Path, traces: _Traces) -> None:
    """Take out the links that were made to it: the choice of a book holds names."""
    path = ArchiveFiles.of(database).access
    if not path.exists():
        return
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as store:
        if not store.execute("SELECT 1 FROM sqlite_master WHERE name = 'shares'").fetchone():
            return
        gone = []
        for number, text in store.execute("SELECT id, what FROM shares"):
            what = json.loads(text)
            names = {*what.get("book", {}).values(), *what.get("was", {}).values()}
            if names & traces.names or what.get("chat") in traces.chats or what.get("exchange") in traces.exchanges:
                gone.append((number,))
        store.executemany("DELETE FROM shares WHERE id = ?", gone)
        if gone:
            store.execute("VACUUM")
            store.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _purge_answers(database: Path, rewriting: Rewriting, traces: _Traces) -> int:
    if not ArchiveFiles.of(database).summaries.exists():
        return 0
    with closing(AnswerCache(ArchiveFiles.of(database).summaries)) as kept:
        return kept.forget(traces.exchanges | rewriting.removed.exchanges, traces.names, traces.files)


def still_held(database: Path) -> Iterator[Path]:
    """Files beside the archive that were made of it earlier."""
    parent = database.resolve().parent
    for pattern in ("versions/*.db", "backups/*", "*.damaged*", "memories-*.zip"):
        yield from sorted(parent.glob(pattern))


def remember(connection: sqlite3.Connection, database: Path, kind: str, name: str) -> None:
    """Let what was forgotten be read again. `name` of an export: its digest. Raises `MemoriesError` if it was not."""
    keys = {
        "chat": {chat_key(name, of) for of in ("direct", "group")},
        "person": {curation.person_key(display_name(name))},
        "source": {source_key(name)} if re.fullmatch("[0-9a-f]{64}", name) else set(),
    }[kind]

    def is_it(event: Event) -> bool:
        return event.action == "forget" and not keys.isdisjoint((event.subject_key, event.detail.get("with")))

    if undo(connection, database, is_it):
        # Their exports are known: what was left out comes with the next reading of them.
        connection.execute(f"UPDATE sources SET reader = {LET_BACK}")
    else:
        raise MemoriesError(f"no {kind} of that name was forgotten")
