"""Which chat of the archive an export belongs to: by its words, its people, its name, never its path."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ingest.errors import AmbiguousChat
from ingest.keys import chat_key, token
from ingest.lookup import messages_between
from ingest.overview import Overview, Probe
from ingest.people import Roll, guess_owner, name_key

#: So many of an export's probes, found in the same minute of a chat, prove that it is this one.
_PROOF = 3
_PROBES = 200


@dataclass(slots=True)
class Match:
    """The chat that an export is merged into; `id` is None for a new one."""

    id: int | None
    name: str
    kind: str


def kind_of_chat(name: str | None, overview: Overview) -> str:
    """``direct`` or ``group``."""
    people = overview.people()
    if len(people) > 2:
        return "group"
    if len(people) == 2 and name is not None and name_key(name) not in people:
        return "group"
    return "direct"


def name_of_chat(name: str | None, overview: Overview, owner: str | None) -> str:
    """The name a new chat gets: the file's, else its people's."""
    if name:
        return name
    others = [sender for sender, _ in overview.senders.most_common() if sender != owner]
    if not others:
        return owner or "Chat"
    if len(others) <= 3:
        return ", ".join(others)
    return f"{', '.join(others[:2])} +{len(others) - 2}"


def recognise(
    connection: sqlite3.Connection, name: str | None, overview: Overview, roll: Roll, said: str | None = None
) -> Match:
    """The chat for an export. `said` is what the user decided (``--chat``).

    Raises `AmbiguousChat` when the name is known but nobody of that chat writes in the export.
    """
    kind = kind_of_chat(name, overview)
    if said is not None:
        row = connection.execute(
            "SELECT id, name, kind FROM chats WHERE name = ? COLLATE NOCASE ORDER BY id LIMIT 1", (said,)
        ).fetchone()
        return Match(*row) if row else Match(None, said, kind)
    votes = _by_words(connection, overview.probes)
    if votes:
        best, hits = votes.most_common(1)[0]
        if hits >= min(_PROOF, len(overview.probes)):
            row = connection.execute("SELECT id, name, kind FROM chats WHERE id = ?", (best,)).fetchone()
            return Match(*row)
    people = {person for key in overview.senders if (person := roll.find(key)) is not None}
    strangers = len(overview.people()) - len(people)
    same_name: list[tuple[int, str, str]] = []
    same_people: list[tuple[int, str, str]] = []
    for chat, chat_name, chat_kind in connection.execute("SELECT id, name, kind FROM chats"):
        members = _members(connection, chat)
        if name is not None and name_key(name) == name_key(chat_name):
            if members & people or not members or (kind == chat_kind == "direct" and len(people) < 2):
                return Match(chat, chat_name, chat_kind)
            same_name.append((chat, chat_name, chat_kind))
        elif people and members == people and not strangers and (name is None or kind == chat_kind == "direct"):
            same_people.append((chat, chat_name, chat_kind))
    if len(same_people) == 1:
        return Match(*same_people[0])
    if len(same_people) > 1:
        names = ", ".join(f"'{n}'" for _, n, _ in same_people)
        raise AmbiguousChat(f"these people write in several chats ({names}); say which with --chat NAME")
    if same_name:
        raise AmbiguousChat(
            f"the archive has a chat '{same_name[0][1]}' with other people in it; "
            f"say --chat '{same_name[0][1]}' to add to it, or another --chat NAME to keep them apart"
        )
    owner = guess_owner(name, list(overview.senders), {})
    return Match(None, name_of_chat(name, overview, owner), kind)


def make_chat(connection: sqlite3.Connection, match: Match, number: Callable[[str, str], int]) -> int:
    """Add a chat and return its id, which `number` gives."""
    key = chat_key(match.name, match.kind)
    chat = number("chat", str(key))
    connection.execute(
        "INSERT INTO chats (id, key, name, kind) VALUES (?, ?, ?, ?)", (chat, key, match.name, match.kind)
    )
    return chat


def _members(connection: sqlite3.Connection, chat: int) -> set[int]:
    return {
        row[0] for row in connection.execute("SELECT DISTINCT person_id FROM person_months WHERE chat_id = ?", (chat,))
    }


def _by_words(connection: sqlite3.Connection, probes: list[Probe]) -> Counter[int]:
    """chat id -> how many probes it holds."""
    votes: Counter[int] = Counter()
    chats = [row[0] for row in connection.execute("SELECT id FROM chats")]
    for probe in _spread(probes, _PROBES):
        for chat in chats:
            if any(probe.token == token(kind, text) for _, kind, text in _in_minute(connection, chat, probe.minute)):
                votes[chat] += 1
    return votes


def _in_minute(connection: sqlite3.Connection, chat: int, minute: str) -> Iterable[tuple[int | None, str, str]]:
    for _, sender, _, kind, text, _, _ in messages_between(connection, chat, minute, minute + ":~"):
        yield sender, kind, text


def _spread(probes: list[Probe], most: int) -> list[Probe]:
    if len(probes) <= most:
        return probes
    step = len(probes) / most
    return [probes[int(n * step)] for n in range(most)]


def same_people(connection: sqlite3.Connection, chat: int, probes: list[Probe], roll: Roll) -> dict[str, int]:
    """name -> person, for names of an export that the chat knows by other names.

    Who wrote the same words in the same minute is the same person, whatever two address books say.
    """
    votes: dict[str, Counter[int]] = {}
    for probe in probes:
        if roll.find(probe.sender) is not None and probe.sender not in votes and _has(connection, chat, probe, roll):
            continue
        for sender, kind, text in _in_minute(connection, chat, probe.minute):
            if sender is not None and token(kind, text) == probe.token:
                votes.setdefault(probe.sender, Counter())[sender] += 1
    found = {}
    for name, counts in votes.items():
        person, times = counts.most_common(1)[0]
        if person != roll.find(name) and times >= 0.6 * sum(counts.values()):
            found[name] = person
    return found


def _has(connection: sqlite3.Connection, chat: int, probe: Probe, roll: Roll) -> bool:
    """Whether the chat has the probe under the person its name means."""
    person = roll.find(probe.sender)
    return any(
        sender == person and token(kind, text) == probe.token
        for sender, kind, text in _in_minute(connection, chat, probe.minute)
    )
