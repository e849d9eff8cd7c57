"""A story: talks as scenes of a few messages each, with the picture that belongs to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from memories_lib.queries import home, talk_page, talks
from memories_lib.shared import visible
from memories_lib.shared.sql import Row, Run

#: Messages of a scene and letters of it at most; scenes of a story.
_MESSAGES, _LETTERS, _MOST = 5, 420, 40
#: Of each of several talks, so many messages around its heart; so many talks.
_AROUND, _TALKS = 5, 15
_PICTURES = ("image", "video", "gif")
_TOLD = ("text", "image", "video", "gif", "audio", "sticker", "location", "document", "contact")


@dataclass(slots=True)
class Scene:
    """`picture`: the digest of what is behind the words, or ""; `is_large`: browsers show it as it is."""

    talk_id: int
    title: str
    chat: str
    language: str
    at: str
    picture: str = ""
    is_large: bool = False
    messages: list[Row] = field(default_factory=list)


@dataclass(slots=True)
class Story:
    """`title` is "" where the page has a name for it; `talk_id`: of the one talk it tells, else None."""

    title: str
    scenes: list[Scene]
    talk_id: int | None = None


def story(run: Run, asked: Mapping[str, str], today: Sequence[int] = ()) -> Story | None:
    """The story of what is named: a talk, a person, a year, else of the talks of today; None for no such thing."""
    number = _number(asked.get("talk"))
    if asked.get("talk"):
        found = talk_page.talk(run, number) if number else None
        return Story(found["head"]["title"], _whole(found)[:_MOST], number) if found else None
    title = ""
    numbers: Iterable[int]
    if asked.get("person"):
        who = run("SELECT id, name FROM people WHERE id = ?", (_number(asked["person"]),)).fetchone()
        if who is None:
            return None
        title, numbers = who["name"], [card["id"] for card in talks.best(run, _SPOKEN, who["id"], _TALKS)]
    elif asked.get("year"):
        title = asked["year"][:4]
        year = "substr(exchanges.started_at, 1, 4) = ?"
        best = home.varied(talks.best(run, year, title, 3 * _TALKS))[:_TALKS]
        numbers = [card["id"] for card in sorted(best, key=_time)]
    else:
        numbers = today
    scenes: list[Scene] = []
    for talk in list(numbers)[:_TALKS]:
        told = talk_page.talk(run, talk)
        scenes += _heart(told) if told else []
    return Story(title, scenes[:_MOST])


_SPOKEN = f"""
    EXISTS (
        SELECT 1 FROM messages
        WHERE messages.exchange_id = exchanges.id AND sender_id = ? AND {visible.MESSAGE_ITSELF}
    )
"""


def _number(given: str | None) -> int:
    return int(given) if given and given.isdecimal() and given.isascii() and len(given) < 19 else 0


def _time(card: Row) -> str:
    return str(card["started_at"])


def _whole(told: talk_page.TalkPage) -> list[Scene]:
    """All of a talk: a new scene with each picture, and when one is full."""
    scenes: list[Scene] = []
    picture: Row | None = None
    letters = 0
    for m in _shown(told["messages"]):
        is_picture = m["kind"] in _PICTURES and m["thumbnail"]
        size = len(m["text"] or "")
        is_full = scenes and (len(scenes[-1].messages) >= _MESSAGES or letters + size > _LETTERS)
        if not scenes or is_full or (is_picture and picture is not None):
            scenes.append(_scene(told, m["sent_at"], picture))
            letters = 0
        if is_picture:
            picture = m
            scenes[-1].picture, scenes[-1].is_large = m["sha256"], _is_large(m)
        if not is_picture or m["text"]:
            scenes[-1].messages.append(m)
            letters += size
    return scenes


def _heart(told: talk_page.TalkPage) -> list[Scene]:
    """One scene of a talk: what was said around the words that name it, before its first picture."""
    shown = _shown(told["messages"])
    picture = next((m for m in shown if m["kind"] in _PICTURES and m["thumbnail"]), None)
    words = [m for m in shown if m["text"] or m["kind"] == "audio"]
    core = told["head"]["title"].rstrip("…").strip()
    at = next((n for n, m in enumerate(words) if core and core in (m["text"] or "")), None)
    if at is None:
        at = next((n for n, m in enumerate(words) if m["is_highlight"]), 0)
    scene = _scene(told, (words[at] if words else told["head"])["sent_at" if words else "started_at"], picture)
    scene.messages = words[max(0, at - 1) : max(0, at - 1) + _AROUND]
    return [scene] if scene.messages or scene.picture else []


def _shown(messages: Sequence[Row]) -> list[Row]:
    return [
        m
        for m in messages
        if m["sender_id"] is not None
        and m["kind"] in _TOLD
        and (m["text"] or (m["sha256"] and m["kind"] not in ("document", "contact")))
    ]


def _scene(told: talk_page.TalkPage, at: str, picture: Row | None) -> Scene:
    head = told["head"]
    digest, is_large = (picture["sha256"], _is_large(picture)) if picture else ("", False)
    return Scene(head["id"], head["title"], head["chat"], head["language"] or "", at, digest, is_large)


def _is_large(m: Row) -> bool:
    return m["kind"] == "image" and m["mimetype"] in home.FOR_BROWSERS and (m["bytes"] or 0) <= home.MOST_BYTES
