"""Edits that people make, as a log of events in `curation.db`: appended to, never rewritten. Pure; both sides load it.

Subjects are named by content keys, which outlive a rebuilt archive. What a log comes to on an archive is told by
`curation.py` beside this file.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from memories_lib.shared import private_files
from memories_lib.shared.edit_details import are_bounded
from memories_lib.shared.edit_event import Event as Event
from memories_lib.shared.names_now import person_key

LOG_SCHEMA = """
CREATE TABLE IF NOT EXISTS edits (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_key INTEGER NOT NULL,
    detail TEXT NOT NULL DEFAULT '{}',
    undone_by INTEGER
)
"""


#: Two machines' clocks may differ by this (seconds).
_CLOCKS_APART_S = 2 * 86400
_LONGEST_NAME = 200
_LONGEST_DETAIL = 1 << 20
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?\Z", re.ASCII)
#: Done by commands, to the messages themselves: an undo of the event alone would take nothing back.
BY_COMMAND = frozenset({"forget", "join_chats", "part_source", "read_as"})


def open_log(path: str) -> sqlite3.Connection:
    """The log at `path`, made when there is none. What is committed survives a power cut."""
    private_files.make_file(path)
    log = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    log.execute("PRAGMA journal_mode = WAL")
    log.execute("PRAGMA synchronous = FULL")
    log.execute(LOG_SCHEMA)
    return log


def draft(
    log: sqlite3.Connection,
    actor: str,
    action: str,
    subject_kind: str,
    subject_key: int,
    detail: dict[str, Any] | None = None,
    after: int = 0,
) -> Event:
    """An event that is not written down yet, with the id it will have: later than that of another draft (`after`)."""
    now = time.time()
    last = after or log.execute("SELECT coalesce(max(id), 0) FROM edits").fetchone()[0]
    # Milliseconds and chance, in 53 bits: unique among machines, in order on one.
    number = max(last + 1, int(now * 1000) << 12 | random.getrandbits(12))
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    return Event(number, at, actor, action, subject_kind, subject_key, detail or {})


def _row(event: Event) -> tuple[int, str, str, str, str, int, str]:
    detail = json.dumps(event.detail, ensure_ascii=False)
    return event.id, event.at, event.actor, event.action, event.subject_kind, event.subject_key, detail


def write(log: sqlite3.Connection, *events: Event) -> None:
    """Write events down: when this returns they survive a power cut."""
    log.execute("BEGIN IMMEDIATE")
    try:
        for event in events:
            log.execute("INSERT INTO edits VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", _row(event))
            if event.action == "undo":
                log.execute("UPDATE edits SET undone_by = ? WHERE id = ?", (event.id, event.detail["of"]))
    except BaseException:
        log.execute("ROLLBACK")
        raise
    log.execute("COMMIT")


def events(log: sqlite3.Connection) -> list[Event]:
    """All events, the oldest first."""
    rows = log.execute("SELECT * FROM edits ORDER BY id")
    return [
        Event(number, at, actor, action, kind, key, json.loads(detail), undone_by)
        for number, at, actor, action, kind, key, detail, undone_by in rows
    ]


def events_from_elsewhere(path: str | Path) -> tuple[list[Event], int]:
    """(the events of a log that somebody gave, how many of them are none). Raises `ValueError` for no log of ours."""
    log = sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)
    try:
        made = [" ".join(sql.split()) for (sql,) in log.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]
        if made != [" ".join(LOG_SCHEMA.replace("IF NOT EXISTS ", "").split())]:
            raise ValueError("it holds something else than edits")
        names = ("id", "at", "actor", "action", "subject_kind", "subject_key")
        columns = ", ".join((*names, "detail"))
        found, refused = [], 0
        for *values, said in log.execute(f"SELECT {columns} FROM edits ORDER BY id"):
            try:
                detail = json.loads(said) if len(said) <= _LONGEST_DETAIL else None
                found.append(from_data({**dict(zip(names, values, strict=True)), "detail": detail}))
            except (ValueError, TypeError, RecursionError):
                refused += 1
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise ValueError("it cannot be read") from error
    finally:
        log.close()
    return found, refused


def merge(log: sqlite3.Connection, others: list[Event]) -> int:
    """Write down those of `others` that this log does not have; returns how many there were."""
    added = 0
    gone = forgotten([*events(log), *others])
    log.execute("BEGIN IMMEDIATE")
    try:
        for event in others:
            if _is_of(event, gone):
                continue  # the other side has not forgotten it yet
            added += log.execute("INSERT OR IGNORE INTO edits VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", _row(event)).rowcount
        if added:
            log.execute("UPDATE edits SET undone_by = NULL WHERE undone_by IS NOT NULL")
            for event in events(log):
                if event.action == "undo":
                    log.execute("UPDATE edits SET undone_by = ? WHERE id = ?", (event.id, event.detail["of"]))
    except BaseException:
        log.execute("ROLLBACK")
        raise
    log.execute("COMMIT")
    purge(log, lambda event: _is_of(event, gone))
    return added


def _is_of(event: Event, gone: dict[str, dict[int, str]]) -> bool:
    """Whether an edit speaks of a chat or a person that was forgotten."""
    if event.action in ("forget", "undo"):
        return False
    also = event.detail.get("also")
    names = [event.detail.get("was"), *(also if isinstance(also, list) else ())]
    is_person = any(isinstance(name, str) and person_key(name) in gone["person"] for name in names)
    return is_person or event.detail.get("chat") in gone["chat"]


def told(event: Event) -> str:
    """An edit in a few words: ``rename person “June” → “Gran”``."""
    detail, what = event.detail, event.action.replace("_", " ")
    was, also = detail.get("was"), detail.get("also")
    if was and isinstance(also, list):
        return f"{what}: {', '.join(f'“{name}”' for name in (was, *also))}"
    if was and detail.get("name"):
        return f"{what} “{was}” → “{detail['name']}”"
    words = next((f" “{detail[name]}”" for name in ("title", "name", "was", "note") if detail.get(name)), "")
    at = f" of {detail['at'][:16].replace('T', ' ')}" if isinstance(detail.get("at"), str) and detail["at"] else ""
    kind = "" if event.subject_kind in what or event.action == "undo" else f" {event.subject_kind}"
    if event.action == "read_as":
        return f"read {detail.get('name', 'an export')} with {', '.join(read_with(detail)) or 'other words'}"
    undid = f" {detail['undid'].replace('_', ' ')}" if isinstance(detail.get("undid"), str) else ""
    return f"{what}{undid}{kind}{words}{at}"


def read_with(detail: Mapping[str, Any]) -> Iterator[str]:
    """``--date-order dmy``: how an export was said to be read."""
    for option in ("chat", "me", "date_order", "timezone"):
        if isinstance(said := detail.get(option), str):
            yield f"--{option.replace('_', '-')} {said}"


def forgotten(all_events: list[Event]) -> dict[str, dict[int, str]]:
    """What is not to come back: ``chat``, ``person`` or ``source`` -> its key -> since when."""
    found: dict[str, dict[int, str]] = {"chat": {}, "person": {}, "source": {}}
    for event in effective(all_events):
        if event.action == "forget" and event.subject_kind in found:
            found[event.subject_kind][event.subject_key] = event.at
    return found


def purge(log: sqlite3.Connection, is_gone: Callable[[Event], bool]) -> int:
    """Take out for good the events for which `is_gone` is true, and what undid them; returns how many they were.

    The file is written anew, so that nothing is left of them in it.
    """
    everything = events(log)
    gone = {event.id for event in everything if event.action not in ("forget", "undo") and is_gone(event)}
    gone |= {event.id for event in everything if event.action == "undo" and event.detail.get("of") in gone}
    if gone:
        log.execute("BEGIN IMMEDIATE")
        try:
            log.executemany("DELETE FROM edits WHERE id = ?", [(number,) for number in gone])
        except BaseException:
            log.execute("ROLLBACK")
            raise
        log.execute("COMMIT")
        log.execute("VACUUM")
        log.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return len(gone)


def as_data(event: Event) -> dict[str, Any]:
    """An event as it travels; see `from_data`."""
    return asdict(event)


def from_data(data: Mapping[str, Any]) -> Event:
    """An event that travelled. Raises `ValueError` when it is none."""
    texts: list[Any] = [data.get(name) for name in ("at", "actor", "action", "subject_kind")]
    numbers: list[Any] = [data.get(name) for name in ("id", "subject_key")]
    detail = data.get("detail")
    if not all(isinstance(text, str) and text for text in texts) or not isinstance(detail, dict):
        raise ValueError("an edit needs at, actor, action, subject_kind and detail")
    if not all(isinstance(n, int) and not isinstance(n, bool) and abs(n) < 1 << 63 for n in numbers):
        raise ValueError("an edit needs a whole number as id and as subject_key")
    at, actor, action, kind = texts
    number, subject_key = numbers
    if not 0 < number < int((time.time() + _CLOCKS_APART_S) * 1000) << 12:
        raise ValueError("an edit's id is its time, and that is not to come")
    if not _AT.match(at) or len(actor) > _LONGEST_NAME:
        raise ValueError("an edit needs a time (2025-01-31T20:15:00Z) and a name of at most 200 characters")
    of = detail.get("of")
    if action == "undo" and (not isinstance(of, int) or isinstance(of, bool) or not 0 < of < number):
        raise ValueError("an undo names the earlier edit that it takes back")
    if not are_bounded(detail):
        raise ValueError("an edit holds a number or a text that is too large")
    return Event(number, at, actor, action, kind, subject_key, detail)


def undone(all_events: list[Event]) -> set[int]:
    """The ids of events that were taken back: an undo counts unless it was undone itself."""
    found: set[int] = set()
    for event in reversed(all_events):
        if event.action == "undo" and event.id not in found:
            found.add(event.detail["of"])
    return found


def effective(all_events: list[Event]) -> list[Event]:
    """Those whose effect is to be seen."""
    gone = undone(all_events)
    return [event for event in all_events if event.id not in gone and event.action != "undo"]


def digest(all_events: list[Event]) -> str:
    """A short name for what a log says, so that an archive can tell whether it is in step."""
    told = ",".join(str(event.id) for event in effective(all_events))
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest() if told else ""
