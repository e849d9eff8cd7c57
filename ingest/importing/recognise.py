"""Which chat of the archive an export belongs to: by what speaks for it and against it, never by its path.

For: the same words in the same minutes, the name, the people. Against: time that both tell of and in which nothing
agrees, another name, another day on which the group was made. In doubt an export is a chat of its own, and the account
says which chat it might be.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ingest.archive.owner import members_of
from ingest.archive.people import PersonRegistry
from ingest.core.keys import chat_key
from ingest.core.names import guess_owner, name_key
from ingest.importing.chat_evidence import ENOUGH_AGAINST, LARGE, PROOF, SMALL, Candidate, candidates
from ingest.importing.chat_names import (
    chat_name_key,
    is_from_file,
    is_made_of_members,
    is_member_called,
    settled_name,
)
from ingest.importing.clock_shift import Places, find_moved, find_shifts
from ingest.importing.group_notices import made_at, notices_with, quotes
from ingest.importing.sampling import Overview, Probe
from ingest.importing.short_messages import find_by_rhythm

#: Why an export is taken for a chat that the user named.
SAID = "you said so"
#: Clocks of two countries show times that are no further apart.
_MOST_APART = timedelta(hours=26)


@dataclass(slots=True)
class Match:
    """The chat that an export is merged into; `id` is None for a new one.

    `why`: what spoke for it besides words. `doubt`: the name of a chat that it might be, and is kept apart from;
    `doubt_agrees`: what there is of it is in that chat, and is too little.
    `rename`: what the chat is called now.
    """

    id: int | None
    name: str
    kind: str
    why: str = ""
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
    connection: sqlite3.Connection,
    name: str | None,
    overview: Overview,
    roll: PersonRegistry,
    said: str | None = None,
    called: Mapping[str, int] | None = None,
    apart: Collection[str] = (),
) -> Match:
    """The chat for an export. `said` is what the user decided (``--chat``); `called`: what edits call chats -> ids.

    `apart`: names of chats that other exports were parted into; only an export of such a name is of them.
    """
    kind = kind_of_chat(name, overview)
    if said is not None:
        row = connection.execute(
            "SELECT id, name, kind FROM chats WHERE id = ? OR name = ? COLLATE NOCASE ORDER BY id = ? DESC, id LIMIT 1",
            ((called or {}).get(name_key(said)), said, (called or {}).get(name_key(said))),
        ).fetchone()
        if row is None:
            return Match(None, said, kind)
        chat, called_now, its_kind = row
        return Match(chat, called_now, its_kind, why=SAID)
    if name is not None:
        name = settled_name(name, overview)
    closed = {name_key(one) for one in apart if name is None or name_key(one) != name_key(name)}
    probes = overview.few_probes()
    chats = [chat for chat in candidates(connection, probes) if name_key(chat.name) not in closed]
    renamed = _renamed(connection, chats, name, overview) if name is not None else set()
    for chat in chats:
        chat.is_renamed = chat.id in renamed
        chat.members = members_of(connection, chat.id)
    people = {person for key in overview.senders if (person := roll.find(key)) is not None}
    strangers = len(overview.people()) - len(people)
    doubtful: list[Candidate] = []
    for chat in sorted(chats, key=lambda one: -one.hits):
        if not chat.has_words(len(probes)):
            break
        if chat.is_beyond_doubt or (
            _may_be_called(chat, name, overview) and _was_made_together(connection, chat, name, overview)
        ):
            return _matched(connection, chat, name, kind, overview, "")
        doubtful.append(chat)
    same_people: list[Candidate] = []
    places = Places(connection)
    for chat in chats:
        is_same_name = name is not None and (chat.is_renamed or chat_name_key(name) == chat_name_key(chat.name))
        is_same_people = len(people) > 1 and chat.members == people and not strangers
        if not (is_same_name or is_same_people):
            if kind == chat.kind == "direct" and people and _is_mirrored(chat, name, overview, roll):
                doubtful.append(chat)
            continue
        is_fit = _fits(chat, kind, people, strangers)
        # Whether its clock differs is asked of chats alone that it could be: many have almost the same name.
        if chat.asked >= ENOUGH_AGAINST and chat.share < SMALL and (is_same_people or (is_same_name and is_fit)):
            chat.is_elsewhere = bool(find_shifts(connection, chat.id, overview.probes, places))
        is_against = chat.is_contradicted or not _was_made_together(connection, chat, name, overview)
        if is_same_name and not is_against and is_fit:
            return _matched(connection, chat, name, kind, overview, "its name and people")
        is_the_only_chat = kind == chat.kind == "direct" and (name is None or _may_be_called(chat, name, overview))
        if is_same_people and is_the_only_chat and not is_against:
            same_people.append(chat)
        else:
            doubtful.append(chat)
    if len(same_people) == 1:
        return _matched(connection, same_people[0], name, kind, overview, "its people")
    doubtful += same_people
    elsewhere = find_moved(connection, overview.probes, places)
    if elsewhere is None and overview.is_of_short_messages:
        elsewhere = find_by_rhythm(connection, chats, probes)
    for chat in chats:
        if chat.id == elsewhere and not (chat.kind != kind and kind == "group"):
            return _matched(connection, chat, name, kind, overview, "its words, at other hours")
    owner = guess_owner(name, list(overview.senders), {})
    new = _free_name(connection, name_of_chat(name, overview, owner))
    if not doubtful:
        return Match(None, new, kind)
    return Match(None, new, kind, doubt=doubtful[0].name, doubt_agrees=doubtful[0].share >= LARGE)


def find_swapped(connection: sqlite3.Connection, probes: list[Probe]) -> int | None:
    """The chat that holds an export's words on days that have day and month changed round; None when there is none."""
    plain = {chat.id: chat for chat in candidates(connection, probes)}
    turned = [swapped for probe in probes if (swapped := _swapped(probe))]
    found = [
        chat
        for chat in candidates(connection, turned)
        if chat.has_words(len(turned)) and chat.hits >= PROOF and chat.hits > 2 * plain[chat.id].hits
    ]
    return max(found, key=lambda chat: chat.hits).id if found else None


def _swapped(probe: Probe) -> Probe | None:
    minute = swap_day(probe.minute)
    return replace(probe, minute=minute) if minute != probe.minute else None


def swap_day(at: str) -> str:
    """A time with day and month changed round (``2021-05-03T…`` for ``2021-03-05T…``); as it is where it cannot be."""
    return f"{at[:5]}{at[8:10]}-{at[5:7]}{at[10:]}" if at[8:10] <= "12" else at


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


def _free_name(connection: sqlite3.Connection, name: str) -> str:
    """`name`, with a number where another chat is called so."""
    free, number = name, 2
    while connection.execute("SELECT 1 FROM chats WHERE name = ? COLLATE NOCASE", (free,)).fetchone():
        free, number = f"{name} ({number})", number + 1
    return free


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
