"""Which chat of the archive an export belongs to: by what speaks for it and against it, never by its path.

For: the same words in the same minutes, the name, the people. Against: time that both tell of and in which nothing
agrees, another name, another day on which the group was made. In doubt an export is a chat of its own, and the account
says which chat it might be.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ingest.archive.owner import members_of
from ingest.archive.people import PersonRegistry
from ingest.core.keys import chat_key
from ingest.core.names import guess_owner, name_key
from ingest.importing.chat_evidence import ENOUGH_AGAINST, LARGE, SMALL, Candidate, candidates
from ingest.importing.chat_names import (
    chat_name_key,
    free_name,
    is_from_file,
    is_made_of_members,
    is_member_called,
    name_of_chat,
    settled_name,
)
from ingest.importing.clock_shift import Places, find_moved, find_shifts
from ingest.importing.group_notices import made_at, notices_with, quotes
from ingest.importing.sampling import Overview
from ingest.importing.short_messages import find_by_rhythm

#: Clocks of two countries show times that are no further apart.
_MOST_APART = timedelta(hours=26)


@dataclass(slots=True)
class Match:
    """The chat that an export is merged into; `id` is None for a new one.

    `why`: what spoke for it besides words; `is_said`: the user named it. `doubt`: the name of a chat that it might be,
    and is kept apart from;
    `doubt_agrees`: what there is of it is in that chat, and is too little.
    `rename`: what the chat is called now.
    """

    id: int | None
    name: str
    kind: str
    why: str = ""
    is_said: bool = False
    doubt: str = ""
    doubt_agrees: bool = False
    rename: str = ""


def kind_of_chat(name: str | None, overview: Overview) -> str:
    """``direct`` or ``group``."""
    people = overview.people()
    if len(people) > 2:
        return "group"
    if len(people) == 2 and name is not None and name_key(settled_name(name, overview)) not in people:
        return "group"
    return "direct"


@dataclass(frozen=True, slots=True)
class MatchHints:
    """What is known besides what the archive holds.

    `said`: what the user decided (``--chat``); `called`: what edits call chats -> ids; `apart`: names of chats that
    other exports were parted into, of which only an export of such a name is.
    """

    said: str | None = None
    called: Mapping[str, int] = field(default_factory=dict)
    apart: Collection[str] = ()


def recognise(
    connection: sqlite3.Connection, name: str | None, overview: Overview, roll: PersonRegistry, known: MatchHints
) -> Match:
    """The chat for an export that its file calls `name`."""
    kind = kind_of_chat(name, overview)
    if known.said is not None:
        return _as_said(connection, known.said, known.called, kind)
    search = _Search(connection, settled_name(name, overview) if name is not None else None, kind, overview, roll)
    return search.run(known.apart)


def _as_said(connection: sqlite3.Connection, said: str, called: Mapping[str, int], kind: str) -> Match:
    edited = called.get(name_key(said))
    row = connection.execute(
        "SELECT id, name, kind FROM chats WHERE id = ? OR name = ? COLLATE NOCASE ORDER BY id = ? DESC, id LIMIT 1",
        (edited, said, edited),
    ).fetchone()
    if row is None:
        return Match(None, said, kind)
    chat, called_now, its_kind = row
    return Match(chat, called_now, its_kind, is_said=True)


class _Search:
    """One export, and the chats that it might be: by its words, by its name or people, by its words at other hours."""

    def __init__(
        self, connection: sqlite3.Connection, name: str | None, kind: str, overview: Overview, roll: PersonRegistry
    ) -> None:
        self._connection, self._name, self._kind, self._overview, self._roll = connection, name, kind, overview, roll
        self._people = {person for key in overview.senders if (person := roll.find(key)) is not None}
        self._strangers = len(overview.people()) - len(self._people)
        self._places = Places(connection)
        self._probes = overview.few_probes()
        self._doubtful: list[Candidate] = []

    def run(self, apart: Collection[str]) -> Match:
        """The chat, or a new one, and why."""
        chats = self._candidates(apart)
        if found := self._by_words(chats):
            return self._matched(found, "")
        named, same_people = self._by_name_or_people(chats)
        if named:
            return self._matched(named, "its name and people")
        if len(same_people) == 1:
            return self._matched(same_people[0], "its people")
        self._doubtful += same_people
        if found := self._at_other_hours(chats):
            return self._matched(found, "its words, at other hours")
        owner = guess_owner(self._name, list(self._overview.senders), {})
        new = free_name(self._connection, name_of_chat(self._name, self._overview, owner))
        if not self._doubtful:
            return Match(None, new, self._kind)
        doubt = self._doubtful[0]
        return Match(None, new, self._kind, doubt=doubt.name, doubt_agrees=doubt.share >= LARGE)

    def _candidates(self, apart: Collection[str]) -> list[Candidate]:
        name = self._name
        closed = {name_key(one) for one in apart if name is None or name_key(one) != name_key(name)}
        found = candidates(self._connection, self._probes)
        chats = [chat for chat in found if name_key(chat.name) not in closed]
        renamed = _renamed(self._connection, chats, name, self._overview) if name is not None else set()
        for chat in chats:
            chat.is_renamed = chat.id in renamed
            chat.members = members_of(self._connection, chat.id)
        return chats

    def _by_words(self, chats: list[Candidate]) -> Candidate | None:
        """The chat that has the same words in the same minutes; what has fewer of them is doubtful."""
        for chat in sorted(chats, key=lambda one: -one.hits):
            if not chat.has_words(len(self._probes)):
                break
            if chat.is_beyond_doubt or (
                _may_be_called(chat, self._name, self._overview) and self._was_made_together(chat)
            ):
                return chat
            self._doubtful.append(chat)
        return None

    def _by_name_or_people(self, chats: list[Candidate]) -> tuple[Candidate | None, list[Candidate]]:
        """(the chat of this name and these people, direct chats of the same two); what might be is doubtful."""
        same_people: list[Candidate] = []
        name, kind = self._name, self._kind
        for chat in chats:
            is_same_name = name is not None and (chat.is_renamed or chat_name_key(name) == chat_name_key(chat.name))
            is_same_people = len(self._people) > 1 and chat.members == self._people and not self._strangers
            if not (is_same_name or is_same_people):
                is_direct = kind == chat.kind == "direct"
                if is_direct and self._people and _is_mirrored(chat, name, self._overview, self._roll):
                    self._doubtful.append(chat)
                continue
            is_fit = _fits(chat, kind, self._people, self._strangers)
            # Whether its clock differs is asked of chats alone that it could be: many have almost the same name.
            if chat.asked >= ENOUGH_AGAINST and chat.share < SMALL and (is_same_people or (is_same_name and is_fit)):
                chat.is_elsewhere = bool(find_shifts(self._connection, chat.id, self._overview.probes, self._places))
            is_against = chat.is_contradicted or not self._was_made_together(chat)
            if is_same_name and not is_against and is_fit:
                return chat, []
            is_the_only_chat = kind == chat.kind == "direct" and (
                name is None or _may_be_called(chat, name, self._overview)
            )
            if is_same_people and is_the_only_chat and not is_against:
                same_people.append(chat)
            else:
                self._doubtful.append(chat)
        return None, same_people

    def _at_other_hours(self, chats: list[Candidate]) -> Candidate | None:
        """The chat that has the words as a phone in another country shows them, or short messages in their rhythm."""
        elsewhere = find_moved(self._connection, self._overview.probes, self._places)
        if elsewhere is None and self._overview.is_of_short_messages:
            elsewhere = find_by_rhythm(self._connection, chats, self._probes)
        for chat in chats:
            if chat.id == elsewhere and not (chat.kind != self._kind and self._kind == "group"):
                return chat
        return None

    def _was_made_together(self, chat: Candidate) -> bool:
        return _was_made_together(self._connection, chat, self._name, self._overview)

    def _matched(self, chat: Candidate, why: str) -> Match:
        return _matched(self._connection, chat, self._name, self._kind, self._overview, why)


def _matched(
    connection: sqlite3.Connection, chat: Candidate, name: str | None, kind: str, overview: Overview, why: str
) -> Match:
    """The match with a chat; a newer export tells what the chat is called now."""
    rename = ""
    if name is not None and chat_name_key(name) != chat_name_key(chat.name) and overview.last_at >= chat.last_at:
        is_theirs = chat.kind == "group" or not (
            is_member_called(connection, chat, name) or _is_owner(connection, chat, name, overview)
        )
        if is_theirs and (
            is_from_file(connection, chat) or is_made_of_members(connection, chat.id, chat.name, chat.kind)
        ):
            rename = name
    return Match(chat.id, chat.name, chat.kind, why, rename=rename if kind == chat.kind else "")


def make_chat(connection: sqlite3.Connection, match: Match, number: Callable[[str, str], int]) -> int:
    """Add a chat and return its id, which `number` gives."""
    key = chat_key(match.name, match.kind)
    chat = number("chat", str(key))
    connection.execute(
        "INSERT INTO chats (id, key, name, kind) VALUES (?, ?, ?, ?)", (chat, key, match.name, match.kind)
    )
    return chat


def _is_owner(connection: sqlite3.Connection, chat: Candidate, name: str, overview: Overview) -> bool:
    """Whether the name of an export of a direct chat is what the other phone calls the archive's owner."""
    people = connection.execute("SELECT id, name FROM people WHERE is_owner").fetchall()
    owners = {name_key(called) for person, called in people if person in chat.members}
    return bool(owners) and (owners - {name_key(name)}).isdisjoint(overview.people())


def _may_be_called(chat: Candidate, name: str | None, overview: Overview) -> bool:
    """Whether a chat's name and an export's may be those of one chat.

    Two phones call a direct chat by each other's name; a file without a name says nothing.
    """
    if name is None or chat.is_renamed or chat_name_key(name) == chat_name_key(chat.name):
        return True
    if chat.kind == "group":
        return False
    people = overview.people()
    return name_key(chat.name) in people and name_key(name) in people


def _is_mirrored(chat: Candidate, name: str | None, overview: Overview, roll: PersonRegistry) -> bool:
    """Whether an export is called as somebody in a direct chat, and the chat as somebody in the export."""
    called = roll.find(name) if name is not None else None
    return called is not None and called in chat.members and name_key(chat.name) in overview.people()


def _fits(chat: Candidate, kind: str, people: set[int], strangers: int) -> bool:
    """Whether the people of an export may be those of a chat of the same name."""
    common = chat.members & people
    if not chat.members:
        return True
    if kind == chat.kind == "direct":
        return bool(common) or len(people) < 2
    fewer = min(len(chat.members), len(people) + strangers)
    return 2 * len(common) >= fewer and (len(common) > 1 or fewer < 2)


def _renamed(connection: sqlite3.Connection, chats: Iterable[Candidate], name: str, overview: Overview) -> set[int]:
    """The chats of which a notice on either side tells that the one name gave way to the other."""
    groups = [chat for chat in chats if chat.kind != "direct" and chat.name != name]
    if name_key(name) in overview.people():
        return set()
    told: dict[int, list[str]] = {}
    for chat_id, text in notices_with(connection, name):
        told.setdefault(chat_id, []).append(text)
    subjects = [text for _, text in overview.subjects if quotes(text, name)]
    return {chat.id for chat in groups if any(quotes(text, chat.name) for text in (*subjects, *told.get(chat.id, ())))}


def _was_made_together(connection: sqlite3.Connection, chat: Candidate, name: str | None, overview: Overview) -> bool:
    """False when both begin with the making of a group (a notice with its name), on different days."""
    if name is None or chat.kind == "direct" or chat.is_beyond_doubt:
        return True
    here = made_at(overview.subjects, name, overview.first_at)
    notices = connection.execute(
        """
        SELECT sent_at, text FROM messages WHERE chat_id = ? AND sender_id IS NULL AND kind = 'system'
        ORDER BY sent_at LIMIT 20
        """,
        (chat.id,),
    ).fetchall()
    there = made_at(notices, chat.name, chat.first_at)
    if not here or not there:
        return True
    return abs(datetime.fromisoformat(here) - datetime.fromisoformat(there)) <= _MOST_APART
