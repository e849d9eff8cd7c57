"""Changing what an archive holds otherwise than by reading: exports and messages taken out, chats put together.

All is one transaction. Edits are off meanwhile and on again after it; what was told and counted is brought in step.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ingest.archive.carry_hides import keep_hidden, note_hidden
from ingest.archive.curation import put_edits_on, take_edits_off
from ingest.archive.database import transaction, tuned_for_loading
from ingest.archive.derived import analyze, count_all, tell_periods
from ingest.archive.fts import MessageIndex
from ingest.archive.ids import IdRegistry
from ingest.archive.memory_choice import choose_memories
from ingest.importing.exchange_rows import ExchangeBuilder, sample_words
from ingest.importing.removal import forget_source, gather_leaving, has_loose, sweep, take_out, take_out_of_talks
from ingest.importing.resegment import retell
from ingest.importing.undo_source import TakenBack, take_back
from ingest.importing.wordings import Change
from ingest.summaries.gemini.apply import apply_kept, apply_kept_periods, apply_looks
from ingest.summaries.offline.lexicon import Tokens
from ingest.summaries.offline.summarizer import Summarizer
from ingest.summaries.offline.vocabulary import Vocabulary
from memories_lib.shared.counters import Counters
from memories_lib.shared.layout import ArchiveFiles, media_name

#: Where nothing is known of a chat's own pauses.
_PAUSE = 3600


@dataclass(slots=True)
class Removed:
    """What was taken out. `paths`: files of the media folder that nothing else uses, small pictures too."""

    messages: int = 0
    wordings: int = 0  # of messages that stay
    files: int = 0
    exchanges: set[int] = field(default_factory=set)  # keys of those that were told otherwise, or are gone
    paths: list[Path] = field(default_factory=list)
    digests: set[str] = field(default_factory=set)  # of those files
    edits_lost: int = 0


@contextmanager
def rewritten(connection: sqlite3.Connection, database: Path) -> Iterator[Rewriting]:
    """The archive without edits, in a transaction; on the way out all of it is in step again."""
    with tuned_for_loading(connection):
        registry: IdRegistry | None = None
        try:
            with transaction(connection):
                index = MessageIndex(connection)
                try:
                    note_hidden(connection)
                    take_edits_off(connection, database)
                    registry = IdRegistry(connection, database)
                    rewriting = Rewriting(connection, database, registry, index)
                    yield rewriting
                    rewriting.finish()
                    index.wait()
                finally:
                    index.close()
            registry.keep()
        finally:
            if registry is not None:
                registry.close()
    for file in rewriting.removed.paths:
        file.unlink(missing_ok=True)


class Rewriting:
    """What can be done to an archive that is being rewritten."""

    def __init__(
        self, connection: sqlite3.Connection, database: Path, registry: IdRegistry, index: MessageIndex
    ) -> None:
        self.connection = connection
        self.removed = Removed()
        self._database = database
        self.registry = registry
        self._index = index
        self._now = datetime.now().isoformat(timespec="seconds")
        self._files: list[tuple[str, str | None, str | None]] = []  # sha256, name, small picture

    def remove_sources(self, sources: Sequence[int]) -> None:
        """Take exports out: of their messages those that no other export holds."""
        self.removed.messages += gather_leaving(self.connection, sources)
        self.take_out_leaving(sources)

    def take_out_leaving(self, sources: Sequence[int] = ()) -> None:
        """Take out the messages in the temporary table `leaving`, and the rows of exports that are to go with them."""
        connection = self.connection
        self._note_what_goes()
        tallies: dict[int, Counters] = {}
        chats = take_out(connection, tallies)
        self._flush(tallies)
        back = self.take_back(sources)
        forget_source(connection, sources)
        for chat in chats | back.changes.keys():
            self.settle(chat, back.changes.get(chat, ()))

    def take_back(self, sources: Sequence[int], only_chat: int | None = None) -> TakenBack:
        """Take back what these exports alone said of messages that stay: see `settle` for the words."""
        back = take_back(self.connection, sources, only_chat)
        self._files += back.files
        self.removed.exchanges |= back.exchanges
        self.removed.wordings += sum(map(len, back.changes.values()))
        return back

    def take_out_of_talks(self) -> None:
        """Take the exchanges apart that hold messages in `leaving`: see `settle`."""
        tallies: dict[int, Counters] = {}
        take_out_of_talks(self.connection, tallies)
        self._flush(tallies)

    def _flush(self, tallies: dict[int, Counters]) -> None:
        for chat, counts in tallies.items():
            counts.flush(self.connection, chat)
            count_all(self.connection, chat)

    def settle(self, chat: int, changes: Sequence[Change] = ()) -> None:
        """Count a chat, and tell what of it is in no exchange, or is `changes`."""
        count_all(self.connection, chat)
        tell_loose(self.connection, chat, self.registry, self._index, self._now, changes)
        tell_periods(self.connection, chat, "0", "~")

    def finish(self) -> None:
        """Bring in step what is worked out over the whole archive, and show the edits again."""
        connection, database = self.connection, self._database
        sweep(connection)
        choose_memories(connection)
        analyze(connection)
        self._index.wait()
        self._keep_files_in_use()
        apply_kept(connection, database)
        apply_looks(connection, database)
        self.removed.edits_lost = put_edits_on(connection, database)
        keep_hidden(connection, database)
        apply_kept_periods(connection, database)

    def _note_what_goes(self) -> None:
        connection = self.connection
        self.removed.exchanges |= {
            key
            for (key,) in connection.execute("SELECT key FROM exchanges WHERE id IN (SELECT exchange_id FROM leaving)")
        }
        self._files += connection.execute(
            """
            SELECT DISTINCT sha256, filename, thumbnail FROM media
            WHERE sha256 IS NOT NULL AND message_id IN (SELECT id FROM leaving)
            """
        ).fetchall()

    def _keep_files_in_use(self) -> None:
        folder = ArchiveFiles.of(self._database).media
        for sha256, filename, thumbnail in self._files:
            if not self.connection.execute("SELECT 1 FROM media WHERE sha256 = ? LIMIT 1", (sha256,)).fetchone():
                names = filter(None, (media_name(sha256, filename or ""), thumbnail))
                self.removed.files += 1
                self.removed.digests.add(sha256)
                self.removed.paths += [folder / name for name in names]


def tell_loose(
    connection: sqlite3.Connection,
    chat: int,
    registry: IdRegistry,
    index: MessageIndex,
    now: str,
    changes: Sequence[Change] = (),
) -> None:
    """Cut and tell the messages of a chat that are in no exchange, with the talks next to them."""
    if not changes and not has_loose(connection, chat):
        return
    registry.enter(chat)
    tokens, vocabulary = Tokens(), Vocabulary()
    sample_words(connection, chat, vocabulary, tokens)
    names: dict[int, str] = dict(connection.execute("SELECT id, name FROM people"))
    builder = ExchangeBuilder(chat, Summarizer(vocabulary, names, tokens), Counters(), now)
    row = connection.execute(
        "SELECT pause_s FROM chat_sources WHERE chat_id = ? ORDER BY source_id LIMIT 1", (chat,)
    ).fetchone()
    retell(connection, builder, changes, row[0] if row else _PAUSE, index, registry)
    count_all(connection, chat)
