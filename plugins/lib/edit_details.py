"""What an edit must say, action by action. Pure; both sides load it."""

from __future__ import annotations

#: What the detail of an action must hold, besides `chat` and `at`, which all but those about people need.
_DETAIL = {
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
}
_NOT_OF_A_TALK = frozenset(_DETAIL) - {"merge", "split", "retitle", "note"}
_OF_A_TALK = {"chat": int, "at": str}


def is_whole(event) -> bool:
    """Whether an event says all that its action needs: those from elsewhere may say anything."""
    wanted = _DETAIL.get(event.action, {})
    if event.action not in _NOT_OF_A_TALK:
        wanted = {**_OF_A_TALK, **wanted}
    if not all(isinstance(event.detail.get(name), kind) for name, kind in wanted.items()):
        return False
    if event.action == "merge":
        return all(
            isinstance(one, dict) and isinstance(one.get("key"), int) and isinstance(one.get("at"), str)
            for one in event.detail["exchanges"]
        )
    return all(isinstance(name, str) for name in event.detail["also"]) if event.action == "join_people" else True
