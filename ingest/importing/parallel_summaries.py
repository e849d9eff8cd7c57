"""Telling the talks of a chat that is new: here, and in a process beside this one where there are two processors.

Both do the same with the same code, and whoever has time takes the next batch. The process beside reads talks from
its standard input and writes what it tells to its standard output, each as a length and a marshalled list; an empty
list asks for the counts and ends it.
"""

from __future__ import annotations

import marshal
import os
import signal
import sys
from collections import Counter, deque
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple, cast

from ingest.importing.exchange_rows import ExchangeBuilder
from ingest.importing.worker import (
    collect_rarely,
    end_helper,
    helper_ended,
    may_have_helper,
    read_blob,
    start_helper,
    write_blob,
)
from ingest.summaries import SaidRow
from ingest.summaries.offline.lexicon import Tokens
from ingest.summaries.offline.summarizer import Summarizer
from ingest.summaries.offline.vocabulary import Vocabulary
from memories_lib.shared.counters import Counters, Counts

#: With fewer messages, a process beside costs more than it saves.
_WORTH_A_PROCESS = 20_000
_FORMAT = 2  # of marshal: talks hold hardly anything twice

#: So many batches may wait for the process beside.
_MOST_WAITING = 3

#: An exchange's id, its key and its messages.
Talk = tuple[int, int, list[SaidRow]]
#: Its row of `exchanges`, and the ids of the messages that tell it best.
Written = tuple[tuple[object, ...], list[int]]


class SummarizerInput(NamedTuple):
    """What whoever tells must know of the chat: its id, people, what `Vocabulary` counted of it, the time."""

    chat: int
    names: dict[int, str]
    talks: int
    seen: dict[str, int]
    lines: dict[str, int]
    languages: dict[str, int]
    now: str

    def vocabulary(self) -> Vocabulary:
        """The chat's words, as whoever reads it counted them."""
        return Vocabulary(self.talks, Counter(self.seen), Counter(self.lines), Counter(self.languages))


class Summarizing:
    """Takes batches of talks, and gives back what is to be written in the same order. Tells in this process."""

    def __init__(self, brief: SummarizerInput, tokens: Tokens | None = None) -> None:
        self._tallies = Counters()
        teller = Summarizer(brief.vocabulary(), brief.names, tokens)
        self._scribe = ExchangeBuilder(brief.chat, teller, self._tallies, brief.now)
        self._written: deque[list[Written]] = deque()

    def send(self, talks: list[Talk]) -> None:
        """Take a batch."""
        self._written.append(self.tell(talks))

    def tell(self, talks: list[Talk]) -> list[Written]:
        """Tell a batch at once."""
        written = (self._scribe.write(*talk) for talk in talks)
        return [(tuple(row), highlights) for row, highlights in written]

    def receive(self) -> list[Written]:
        """What came of the oldest batch not received yet. Raises `HelperEnded`."""
        return self._written.popleft()

    def finish(self) -> list[Counts]:
        """The counts of all talks, in parts, once all batches were received. Raises `HelperEnded`."""
        return [self._tallies.counts()]

    def close(self) -> None:
        """Stop, finished or not."""


class SummarizingInWorker(Summarizing):
    """Tells in a process of its own, and here when that has enough to do. Raises OSError when there can be none."""

    def __init__(self, brief: SummarizerInput, tokens: Tokens | None = None) -> None:
        super().__init__(brief, tokens)
        self._process = start_helper("ingest.importing.parallel_summaries")
        self._told: SimpleQueue[bytes] = SimpleQueue()
        self._order: deque[list[Written] | None] = deque()  # None: what the process beside will tell
        self._asked: SimpleQueue[bytes] = SimpleQueue()
        # Pipes hold little: one thread to fill each, so that nobody waits for the other to read.
        self._threads = [Thread(target=work, daemon=True) for work in (self._read, self._write)]
        for thread in self._threads:
            thread.start()
        self._asked.put(marshal.dumps(tuple(brief), _FORMAT))

    def _read(self) -> None:
        assert self._process.stdout
        while blob := read_blob(self._process.stdout):
            self._told.put(blob)
        self._told.put(b"")

    def _write(self) -> None:
        assert self._process.stdin
        try:
            while blob := self._asked.get():
                write_blob(self._process.stdin, blob)
        except OSError:
            pass  # it has ended; `_read` says so

    def send(self, talks: list[Talk]) -> None:
        """See `Summarizing`."""
        waiting = sum(batch is None for batch in self._order) - self._told.qsize()
        if waiting < _MOST_WAITING:
            self._asked.put(marshal.dumps(talks, _FORMAT))
            self._order.append(None)
        else:
            self._order.append(self.tell(talks))

    def _receive(self) -> Any:
        blob = self._told.get()
        if not blob:
            raise helper_ended()
        return marshal.loads(blob)

    def receive(self) -> list[Written]:
        """See `Summarizing`."""
        here = self._order.popleft()
        return cast("list[Written]", self._receive()) if here is None else here

    def finish(self) -> list[Counts]:
        """See `Summarizing`."""
        self._asked.put(marshal.dumps([], _FORMAT))
        return [*super().finish(), cast(Counts, self._receive())]

    def close(self) -> None:
        """See `Summarizing`."""
        self._process.kill()
        self._asked.put(b"")
        for thread in self._threads:
            thread.join()
        end_helper(self._process)


def start_telling(brief: SummarizerInput, messages: int, tokens: Tokens) -> Summarizing:
    """A way to tell a chat of so many messages on this machine."""
    if messages >= _WORTH_A_PROCESS and may_have_helper():
        try:
            return SummarizingInWorker(brief, tokens)
        except OSError:
            pass  # no process to be had: it is slower in this one, and as good
    return Summarizing(brief, tokens)


def main() -> None:
    """Tell what comes in until it ends. Ctrl-C is for the process that asks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    collect_rarely()
    asking, answering = sys.stdin.buffer, sys.stdout.buffer
    blob = read_blob(asking)
    if not blob:
        return
    telling = Summarizing(SummarizerInput(*marshal.loads(blob)))
    try:
        while blob := read_blob(asking):
            talks = marshal.loads(blob)
            if not talks:
                write_blob(answering, marshal.dumps(telling.finish()[0], _FORMAT))
                return
            write_blob(answering, marshal.dumps(telling.tell(talks), _FORMAT))
    except BrokenPipeError:
        os._exit(1)  # nobody is there to read


if __name__ == "__main__":
    main()
