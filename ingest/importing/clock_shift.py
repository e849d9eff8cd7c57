"""The same chat, exported where the clock shows something else: an export holds local times and no zone.

Who travels and exports again gets every time moved by some hours, and by an hour more or less in the weeks in which two
countries change their clocks on different days. Distinctive messages, found by their words, tell by how much; each
stretch of the export is then moved by what makes it agree with what the archive has.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ingest.archive.by_time import messages_between, messages_near
from ingest.core.errors import MemoriesError
from ingest.core.keys import token
from ingest.core.model import Message, Row
from ingest.core.segmentation import seconds
from ingest.importing.sampling import Probe
from memories_lib.shared.fts_query import fts_query

#: Zones differ by quarters of an hour, and by no more than this.
_STEP = 15 * 60
_MOST = 26 * 3600
_PROBES, _FEW = 120, 40
_FEWEST = 3
#: A shift that fewer of the probes speak for is chance.
_SHARE = 0.1
#: But for the weeks in which two countries' clocks have not changed alike: an hour beside a shift that is sure.
_SHARE_BESIDE, _BESIDE = 0.01, (3600, -3600)
#: An export is in its place when so many of the probes that fall into the chat's time are.
_IN_PLACE = 0.97
#: So many of the words must be there, moved alike, for an export to be of a chat that nothing else speaks for.
_MOSTLY = 0.5
#: Messages nearer than this (seconds) are moved together.
_RUN = 2 * 3600
#: Shorter texts (characters) are said again and again.
_DISTINCTIVE = 12


class Places:
    """Where the archive has messages of just some words: (chat, time). Looked for once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._found: dict[str, list[tuple[int, str]]] = {}

    def of(self, words: str) -> list[tuple[int, str]]:
        """In which chats, and when, there are messages of just these words."""
        if words not in self._found:
            self._found[words] = self._find(words)
        return self._found[words]

    def _find(self, words: str) -> list[tuple[int, str]]:
        query = fts_query('"' + " ".join(words.replace('"', " ").split()[:12]) + '"')
        if not query:
            return []
        found = self._connection.execute(
            """
            SELECT chat_id, sent_at, kind, text FROM messages
            WHERE id IN (SELECT rowid FROM messages_fts WHERE messages_fts MATCH ? LIMIT 50)
            """,
            (query,),
        )
        return [(chat, at) for chat, at, kind, text in found if token(kind, text) == words]


def find_shifts(
    connection: sqlite3.Connection, chat: int, probes: Sequence[Probe], places: Places | None = None
) -> list[int]:
    """By how many seconds this export's times must be moved to be the chat's, the most frequent first; [] for none."""
    if is_in_place(connection, chat, probes):
        return []
    # What is said again and again tells little and is looked for long.
    long_ones = [probe for probe in probes if len(probe.token) >= _DISTINCTIVE]
    is_sketch = places is not None and len(long_ones) >= _FEW  # of one chat of many that it could be
    probes = long_ones if is_sketch else probes
    step = max(1, len(probes) // (_FEW if is_sketch else _PROBES))
    places = places or Places(connection)
    votes: Counter[int] = Counter()
    asked = 0
    for probe in probes[::step]:
        found = {_apart(at, probe.minute) for one, at in places.of(probe.token) if one == chat}
        asked += bool(found)
        votes.update({round(shift / _STEP) * _STEP for shift in found if _is_a_shift(shift)})
    needed = max(_FEWEST, _SHARE * asked)
    sure = [shift for shift, times in votes.most_common() if times >= needed]
    beside = {shift + step for shift in sure[:1] for step in _BESIDE}
    fewer = max(_FEWEST, _SHARE_BESIDE * asked)
    shifts = sure + [shift for shift, times in votes.most_common() if shift in beside - {*sure} and times >= fewer]
    if votes[0] >= 0.5 * asked:
        # Most is in its place: only what is an hour beside may be moved.
        shifts = [shift for shift in shifts if shift == 0 or shift in _BESIDE]
    return shifts if shifts and shifts != [0] else []


def find_moved(connection: sqlite3.Connection, probes: Sequence[Probe], places: Places) -> int | None:
    """The chat that has most of an export's words, all of them moved by the same hours; None when there is none.

    Not by one of several people alone: who sends the same greeting to two groups makes them no one chat.
    """
    long_ones = [probe for probe in probes if len(probe.token) >= _DISTINCTIVE]
    few = long_ones[:: max(1, len(long_ones) // _FEW)]
    votes: dict[tuple[int, int], set[Probe]] = {}
    for probe in few:
        for chat, at in places.of(probe.token):
            shift = _apart(at, probe.minute)
            hours = round(shift / _STEP) * _STEP
            if hours and _is_a_shift(shift):
                votes.setdefault((chat, hours), set()).add(probe)
    if not votes:
        return None
    (chat, _), found = max(votes.items(), key=lambda vote: len(vote[1]))
    # Of the time before or after the chat it can have nothing.
    first, last = connection.execute("SELECT first_at, last_at FROM chats WHERE id = ?", (chat,)).fetchone()
    asked = [probe for probe in few if moved(first, -_MOST) <= probe.minute <= moved(last, _MOST)]
    is_enough = len(found) >= _FEWEST and len(found) >= _MOSTLY * len(asked)
    senders, all_senders = {probe.sender for probe in found}, {probe.sender for probe in asked}
    return chat if is_enough and (len(senders) > 1 or len(all_senders) < 2) else None


def is_in_place(connection: sqlite3.Connection, chat: int, probes: Sequence[Probe]) -> bool:
    """Whether nearly all of a few probes are where they say: the usual case, told by an index instead of by words."""
    first, last = connection.execute("SELECT first_at, last_at FROM chats WHERE id = ?", (chat,)).fetchone()
    common = [probe for probe in probes if (first or "~")[:16] <= probe.minute <= (last or "")[:16]]
    few = common[:: max(1, len(common) // _FEW)]
    there = sum(
        any(
            token(kind, text) == probe.token
            for _, _, _, kind, text, _, _ in messages_near(connection, chat, probe.minute)
        )
        for probe in few
    )
    return there >= _IN_PLACE * len(few) > 0


def _is_a_shift(shift: int) -> bool:
    """Whether zones can differ by so much, give or take the minute by which two clocks do."""
    return abs(shift) <= _MOST and min(shift % _STEP, -shift % _STEP) <= 60


def _apart(at: str, minute: str) -> int:
    return seconds(at[:16] + ":00") - seconds(minute + ":00")


def zone_named(name: str) -> ZoneInfo:
    """A zone of the IANA database (``Europe/Berlin``). Raises `MemoriesError` for any other name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise MemoriesError(
            f"--timezone '{name}': no such time zone; they are called as in Europe/Berlin or America/New_York"
        ) from None


def in_zone(at: str, of: ZoneInfo, to: ZoneInfo) -> str:
    """What the clock shows in zone `to` when it shows `at` in zone `of`, with or without seconds, as `at` has them."""
    there = datetime.fromisoformat(at).replace(tzinfo=of).astimezone(to).replace(tzinfo=None)
    return there.isoformat(timespec="seconds")[: len(at)]


def moved(at: str, shift: int) -> str:
    """A time, so many seconds later."""
    return (datetime.fromisoformat(at) + timedelta(seconds=shift)).isoformat(timespec="seconds")


def moved_probes(probes: Iterable[Probe], shift: int) -> list[Probe]:
    """Probes in the chat's own time."""
    return [Probe(p.sender, moved(p.minute + ":00", shift)[:16], p.token) for p in probes]


def aligned(
    connection: sqlite3.Connection, chat: int, batches: Iterable[list[Row]], shifts: Sequence[int]
) -> Iterator[list[Row]]:
    """The same messages with the chat's times: each stretch is moved by the shift under which most of it is known."""
    last = shifts[0]
    tried = list(dict.fromkeys([*shifts, 0]))
    for run in _runs(Message._make(row) for rows in batches for row in rows):
        known = {shift: _agreeing(connection, chat, run, shift) for shift in tried}
        if not any(known[last]):
            last = max(tried, key=lambda shift: (sum(known[shift]), shift == last))
        moved_run: list[Row] = []
        for number, message in enumerate(run):
            if not known[last][number] and message.kind == "text" and len(message.text) >= _DISTINCTIVE:
                # Words that the chat has, but under another shift: here the clocks were changed.
                last = next((shift for shift in tried if known[shift][number]), last)
            moved_run.append(message._replace(sent_at=moved(message.sent_at, last)))
        yield moved_run


def _agreeing(connection: sqlite3.Connection, chat: int, run: list[Message], shift: int) -> list[bool]:
    """Which messages of a run the chat has, if all are moved by a shift."""
    times = [moved(message.sent_at, shift)[:16] for message in run]
    there = {
        (at[:16], token(kind, text))
        for _, _, at, kind, text, _, _ in messages_between(connection, chat, min(times), max(times) + ":~")
    }
    return [(at, token(message.kind, message.text)) in there for at, message in zip(times, run, strict=True)]


def _runs(messages: Iterable[Message]) -> Iterator[list[Message]]:
    run: list[Message] = []
    for message in messages:
        if run and abs(seconds(message.sent_at) - seconds(run[-1].sent_at)) >= _RUN:
            yield run
            run = []
        run.append(message)
    if run:
        yield run
