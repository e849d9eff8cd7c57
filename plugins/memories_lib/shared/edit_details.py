"""What an edit must say, action by action. Pure; both sides load it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from memories_lib.shared.edit_event import Event

#: What the detail of an action must hold, besides `chat` and `at`, which all but those about people need.
_DETAIL: dict[str, dict[str, type]] = {
    "merge": {"exchanges": list},
    "split": {"message": int, "at_message": str},
    "retitle": {"title": str},
    "note": {"note": str},
    "rename_person": {"was": str, "name": str},
    "join_people": {"was": str, "also": list},
    "rename_chat": {"chat": int, "name": str},
    "me": {"was": str},
    "forget": {},
    "join_chats": {"chat": int, "name": str, "key": int, "sources": list},
    "part_source": {"sha256": str, "name": str, "from": int},
    "read_as": {"sha256": str, "name": str},
}
#: What an action may be about.
_SUBJECTS: dict[str, frozenset[str]] = {
    "hide": frozenset({"exchange", "message"}),
    "restore": frozenset({"exchange", "message"}),
    "highlight": frozenset({"message"}),
    "rename_person": frozenset({"person"}),
    "join_people": frozenset({"person"}),
    "me": frozenset({"person"}),
    "rename_chat": frozenset({"chat"}),
    "join_chats": frozenset({"chat"}),
    "part_source": frozenset({"source"}),
    "read_as": frozenset({"source"}),
    "forget": frozenset({"chat", "person", "source"}),
}
_TALK = frozenset({"exchange"})
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\Z", re.ASCII)
#: Characters of the longest text of an edit, a note.
MOST_NOTE = 10_000
_DEEPEST = 8
_NOT_OF_A_TALK = frozenset(_DETAIL) - {"merge", "split", "retitle", "note"}
_OF_A_TALK: dict[str, type] = {"chat": int, "at": str}


def is_whole(event: Event) -> bool:
    """Whether an event says all that its action needs: those from elsewhere may say anything."""
    if event.subject_kind not in _SUBJECTS.get(event.action, _TALK):
        return False
    wanted = _DETAIL.get(event.action, {})
    if event.action not in _NOT_OF_A_TALK:
        wanted = {**_OF_A_TALK, **wanted}
    if not all(isinstance(event.detail.get(name), kind) for name, kind in wanted.items()):
        return False
    if not isinstance(event.detail.get("chat", 0), int):
        return False
    if not all(_TIME.match(event.detail[name]) for name in ("at", "at_message") if name in wanted):
        return False
    if event.action == "merge":
        return _are_named(event.detail["exchanges"])
    if any(not event.detail[name].strip() for name in ("name", "title", "was") if name in wanted):
        return False
    if event.action == "read_as" and not _says_how(event.detail):
        return False
    if event.action == "highlight" and not isinstance(event.detail.get("on", True), bool):
        return False
    if not all(_are_named(event.detail[name]) for name in ("parts", "messages") if name in event.detail):
        return False
    return all(isinstance(name, str) for name in event.detail["also"]) if event.action == "join_people" else True


def are_bounded(value: object, deep: int = 0) -> bool:
    """Whether the numbers in a detail fit into SQLite's, its texts are no longer than what people may write, and
    lists and the like are not nested deeper than any edit's.
    """
    if deep > _DEEPEST:
        return False
    if isinstance(value, bool) or value is None:
        return True
    if isinstance(value, int):
        return abs(value) < 1 << 63
    if isinstance(value, str):
        return len(value) <= MOST_NOTE and "\0" not in value
    if isinstance(value, dict):
        return all(are_bounded(one, deep + 1) for one in value.values())
    return all(are_bounded(one, deep + 1) for one in value) if isinstance(value, list) else isinstance(value, float)


def _says_how(detail: Mapping[str, Any]) -> bool:
    """Whether what was said of how to read an export is words, and an order of day and month one that there is."""
    orders = all(detail.get(name) in (None, "dmy", "mdy") for name in ("date_order", "was_order"))
    if not isinstance(detail.get("from", 0), int):
        return False
    return orders and all(isinstance(detail.get(name, ""), str) for name in ("chat_name", "me", "timezone"))


def _are_named(found: object) -> bool:
    """Whether a list names exchanges by key and time."""
    return isinstance(found, list) and all(
        isinstance(one, dict) and isinstance(one.get("key"), int) and _TIME.match(str(one.get("at"))) for one in found
    )
