"""What chats are called: by the files of their exports, by who writes in them; and names as they are compared."""

from __future__ import annotations

import re
import sqlite3

from ingest.core.languages import chat_name_from_file
from ingest.core.names import bare_name_key, name_key
from ingest.importing.chat_evidence import Candidate
from ingest.importing.sampling import Overview

#: What is put behind a name when a file is copied, downloaded again or parted by hand.
COPY_SUFFIX = re.compile(
    r"(?:[ _-]+(?:copy|kopie|copia|copie|part|teil|parte|partie|deel|часть))?[ _-]*\d{0,2}\Z", re.I
)


def chat_name_key(name: str) -> str:
    """A name as chats are compared by it: without what a copy of the file put behind it."""
    return name_key(COPY_SUFFIX.sub("", name).strip() or name)


def settled_name(name: str, overview: Overview) -> str:
    """`name` as somebody who writes is called: without what a copy of the file put behind it, with their emoji."""
    people = overview.people()
    if name_key(name) in people:
        return name
    # On the way from phone to phone files lose the emoji in their names.
    alike = [person for person in people.values() if bare_name_key(person) == bare_name_key(name) != ""]
    if len(alike) == 1:
        return alike[0]
    shorter = COPY_SUFFIX.sub("", name).strip()
    return shorter if shorter and name_key(shorter) in people else name


def is_member_called(connection: sqlite3.Connection, chat: Candidate, name: str) -> bool:
    """Whether one of those who write in a chat other than whom it is named after is called so."""
    return any(
        name_key(member) == name_key(name)
        for (member,) in connection.execute(
            "SELECT DISTINCT name FROM people JOIN person_months ON person_id = people.id WHERE chat_id = ?", (chat.id,)
        )
    )


def is_made_of_members(connection: sqlite3.Connection, chat: int, name: str, kind: str) -> bool:
    """Whether a group is called after who writes in it, since no export told what it is called."""
    listed = {name_key(one) for one in re.sub(r" \+\d+\Z", "", name).split(", ")}
    rows = connection.execute(
        "SELECT DISTINCT name FROM people JOIN person_months ON person_id = people.id WHERE chat_id = ?", (chat,)
    )
    return kind == "group" and len(listed) > 1 and listed <= {name_key(one) for (one,) in rows}


def is_from_file(connection: sqlite3.Connection, chat: Candidate) -> bool:
    """Whether a chat is called as one of its exports was, and not as somebody said."""
    return any(
        (named := chat_name_from_file(filename.rpartition("/")[2].rpartition(".")[0] or filename)) is not None
        and chat_name_key(named) == chat_name_key(chat.name)
        for (filename,) in connection.execute(
            "SELECT filename FROM sources JOIN chat_sources ON source_id = sources.id WHERE chat_id = ?", (chat.id,)
        )
    )


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


def free_name(connection: sqlite3.Connection, name: str) -> str:
    """`name`, with a number where another chat is called so."""
    free, number = name, 2
    while connection.execute("SELECT 1 FROM chats WHERE name = ? COLLATE NOCASE", (free,)).fetchone():
        free, number = f"{name} ({number})", number + 1
    return free
