"""The three ways in which messages go into a chat: it is new and in order of time, new and not, or there already."""

from __future__ import annotations

from typing import Protocol

from ingest.archive.migrations import make_indexes
from ingest.core.model import Message
from ingest.importing.clock_shift import aligned
from ingest.importing.exchange_rows import ExchangeBuilder, sample_words
from ingest.importing.import_in_progress import Import, PersonNames
from ingest.importing.known_exports import fill_missing
from ingest.importing.merge import Merge
from ingest.importing.parallel_summaries import SummarizerInput, start_telling
from ingest.importing.resegment import retell
from ingest.importing.wording_chains import INSERT_REVISION, says_the_same
from ingest.summaries.offline.summarizer import Summarizer
from memories_lib.shared.counters import Counters

#: An export of so many messages tells by itself which words are rare.
_ENOUGH_MESSAGES = 5_000


class Strategy(Protocol):
    """A way to write the messages of an import."""

    def write(self, imp: Import) -> None:
        """Write all of them, and cut and tell their talks."""


class LoadNewChat:
    """A new chat whose times run forward: told by a process beside as it goes in."""

    def write(self, imp: Import) -> None:
        """See `Strategy`."""
        connection, overview, target = imp.connection, imp.overview, imp.target
        shown = PersonNames(connection)
        names = {person: shown[person] for person in imp.senders.values() if person is not None}
        vocabulary = overview.vocabulary
        brief = SummarizerInput(
            target.chat, names, vocabulary.talks, dict(vocabulary.seen), dict(vocabulary.lines),
            dict(vocabulary.languages), imp.now,
        )  # fmt: skip
        telling = start_telling(brief, overview.messages, overview.tokens)
        tallies = Counters()
        try:
            batches = imp.incoming.batches(overview.messages)
            imp.loader.load_new_chat(batches, imp.senders, target.pause, telling)
            for counts in telling.finish():
                tallies.take(counts)
                tallies.flush(connection, target.chat)
        finally:
            telling.close()
        imp.report.exchanges = imp.loader.exchanges
        _make_indexes(imp)


class LoadUnordered:
    """A new chat whose times step back: written as it comes, cut by time afterwards."""

    def write(self, imp: Import) -> None:
        """See `Strategy`."""
        for batch in imp.incoming.batches(imp.overview.messages):
            for message in map(Message._make, batch):
                imp.loader.add(message, imp.senders[message.sender])
        imp.loader.flush()
        _make_indexes(imp)
        _retell(imp)


class MergeIntoChat:
    """Into a chat that the archive has."""

    def write(self, imp: Import) -> None:
        """See `Strategy`."""
        connection, chat, report = imp.connection, imp.chat, imp.report
        overview, loader, earlier = imp.overview, imp.loader, imp.read.earlier
        if overview.messages < _ENOUGH_MESSAGES:
            sample_words(connection, chat, overview.vocabulary, overview.tokens)
        read_before = earlier.all_ids if earlier else ()
        loader.runs.add_runs_of(read_before)
        merge = Merge(
            connection, chat, imp.source, imp.senders, loader, imp.attachments, read_before, _common_time(imp)
        )  # fmt: skip
        batches = imp.incoming.batches(overview.messages)
        merge.run(aligned(connection, chat, batches, imp.shifts) if imp.shifts else batches)
        imp.index.wait()
        imp.changes = merge.changes
        for change in imp.changes:
            loader.kinds[change.old.kind] -= 1
            loader.kinds[change.kind] += 1
        connection.executemany(INSERT_REVISION, merge.revisions)
        report.updated = len(imp.changes) + merge.filled
        if earlier:
            says_the_same(connection, imp.source, earlier.all_ids)
            if imp.attachments.has_files():
                report.updated += fill_missing(connection, chat, imp.attachments)[0]
        _retell(imp)


def strategy_for(imp: Import) -> Strategy:
    """The way that fits."""
    if not imp.target.is_new:
        return MergeIntoChat()
    return LoadNewChat() if imp.overview.in_order else LoadUnordered()


def _common_time(imp: Import) -> tuple[str, str]:
    """(from, to): when both the chat and the export have messages."""
    first_at, last_at = imp.connection.execute(
        "SELECT coalesce(first_at, '~'), coalesce(last_at, '') FROM chats WHERE id = ?", (imp.chat,)
    ).fetchone()
    # What goes on from an export that is known begins where that one began.
    start = first_at if imp.read.earlier else max(first_at, imp.overview.first_at)
    return start, min(last_at, imp.overview.last_at)


def _retell(imp: Import) -> None:
    """Cut and tell what is new, and the talks around it."""
    summarizer = Summarizer(imp.overview.vocabulary, PersonNames(imp.connection), imp.overview.tokens)
    builder = ExchangeBuilder(imp.chat, summarizer, Counters(), imp.now)
    imp.report.exchanges = retell(imp.connection, builder, imp.changes, imp.target.pause, imp.index, imp.ids)


def _make_indexes(imp: Import) -> None:
    """Make the indexes once the search index is done with the connection."""
    imp.index.wait()
    make_indexes(imp.connection)
