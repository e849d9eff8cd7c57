"""Who of an export is whom of the archive, when two address books call them differently."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable

from ingest.archive.by_time import messages_near
from ingest.archive.owner import members_of
from ingest.archive.people import PersonRegistry
from ingest.core.keys import token
from ingest.core.model import ImportReport
from ingest.core.names import is_contact
from ingest.importing.sampling import Overview, Probe

_SHARE = 0.6
#: Who only sends short things is found by so many of them, or by all there are.
_ENOUGH_SHORT = 3


def same_people(connection: sqlite3.Connection, chat: int, overview: Overview, roll: PersonRegistry) -> dict[str, int]:
    """name -> person, for names of an export that the chat knows by other names.

    Who wrote the same words in the same minute is the same person, whatever two address books say.
    """
    votes: dict[str, Counter[int]] = {}
    for probe in overview.probes:
        if roll.find(probe.sender) is not None and probe.sender not in votes and _has(connection, chat, probe, roll):
            continue
        for sender in _senders_of(connection, chat, probe):
            votes.setdefault(probe.sender, Counter())[sender] += 1
    found = {}
    for name, counts in votes.items():
        person, times = counts.most_common(1)[0]
        if person != roll.find(name) and times >= _SHARE * sum(counts.values()):
            found[name] = person
    return found | _by_short_messages(connection, chat, overview, roll, found)


def _by_short_messages(
    connection: sqlite3.Connection, chat: int, overview: Overview, roll: PersonRegistry, found: dict[str, int]
) -> dict[str, int]:
    """The same for who never writes much: a name that is new, beside one that is not in this export."""
    members = members_of(connection, chat)
    here = {found.get(name, roll.find(name)) for name in overview.senders}
    vanished = members - here
    votes: list[tuple[int, int, str, int]] = []  # (times, of how many, name, person)
    for name, probes in overview.short_probes.items():
        if name in found or roll.find(name) in members:
            continue
        asked = 0
        counts: Counter[int] = Counter()
        for probe in probes:
            there = list(messages_near(connection, chat, probe.minute))
            asked += bool(there)
            same = {sender for _, sender, _, kind, text, _, _ in there if token(kind, text) == probe.token}
            counts.update(person for person in vanished if person in same)
        votes += [(times, asked, name, person) for person, times in counts.items()]
    taken: dict[str, int] = {}
    for times, asked, name, person in sorted(votes, reverse=True):
        is_enough = times >= _SHARE * asked and (times >= _ENOUGH_SHORT or times == asked)
        rivals = sum(
            their_times >= times
            for their_times, _, their_name, theirs in votes
            if theirs == person or their_name == name
        )
        if is_enough and name not in taken and person not in taken.values() and rivals == 1:
            taken[name] = person
    return taken


def _senders_of(connection: sqlite3.Connection, chat: int, probe: Probe) -> Iterable[int]:
    for _, sender, _, kind, text, _, _ in messages_near(connection, chat, probe.minute):
        if sender is not None and token(kind, text) == probe.token:
            yield sender


def _has(connection: sqlite3.Connection, chat: int, probe: Probe, roll: PersonRegistry) -> bool:
    """Whether the chat has the probe under the person its name means."""
    person = roll.find(probe.sender)
    return any(sender == person for sender in _senders_of(connection, chat, probe))


def name_the_same(
    connection: sqlite3.Connection, report: ImportReport, chat: int, overview: Overview, roll: PersonRegistry
) -> None:
    """Let senders whom an export calls otherwise than the archive does be who they are; the account says so."""
    last_at = connection.execute("SELECT last_at FROM chats WHERE id = ?", (chat,)).fetchone()[0] or ""
    found = same_people(connection, chat, overview, roll)
    for name, person in found.items():
        before, is_owner = connection.execute("SELECT name, is_owner FROM people WHERE id = ?", (person,)).fetchone()
        roll.is_also(name, person)
        better = is_contact(name) and not is_contact(before)
        # Contacts get other names on one's own phone; what the owner is called otherwise, another phone calls them.
        newer = overview.last_at >= last_at and is_contact(name) and len(found) == 1 and not is_owner
        if better or newer:
            roll.rename(person, name)
        (now,) = connection.execute("SELECT name FROM people WHERE id = ?", (person,)).fetchone()
        if now == before:
            report.also_known_as[name] = before
        else:
            report.renamed[before] = now
