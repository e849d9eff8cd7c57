"""A talk of a few people as a phone exports it, and an archive as what can be compared."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path

from tests.helpers import rows
from tests.phones import PHONES, Phone, Sent, write

BY_NAME = {phone.name: phone for phone in PHONES}


WORDS = """
    lake summer boat hat oar squirrel roof cake grandma ladder dock swan candle winter letter whale
""".split()


def talk(count: int, seed: int = 1, senders: tuple[str, ...] = ("Anna", "Ben")) -> list[Sent]:
    """Invented messages in order, a few equal ones within a minute among them."""
    dice = random.Random(seed)
    at = datetime(2021, 1, 17, 9, 0, 0)
    found: list[Sent] = []
    for n in range(count):
        at += timedelta(seconds=dice.choice([10, 20, 40, 300, 900, 5000, 50_000]))
        kind = dice.choice(["text"] * 12 + ["media", "deleted"])
        text = " ".join(dice.choices(WORDS, k=dice.randint(3, 9))) + f" {n}" if dice.random() < 0.8 else "ok"
        found.append(Sent(at, dice.choice(senders), text if kind == "text" else "", kind))
        if dice.random() < 0.05:
            found.append(found[-1])
    return found


def save(folder: Path, name: str, phone: Phone, messages: list[Sent]) -> Path:
    path = folder / name
    path.write_bytes(write(phone, messages).encode())
    return path


def shape(database: Path) -> dict[str, object]:
    """All that must come out the same, however an archive was put together."""
    return {
        "messages": rows(
            database,
            "SELECT messages.key, people.name, kind, text FROM messages LEFT JOIN people ON people.id = sender_id"
            " ORDER BY messages.sent_at, messages.key",
        ),
        "exchanges": rows(database, "SELECT key, started_at, ended_at, message_count FROM exchanges ORDER BY 2, 1"),
        "months": rows(
            database,
            "SELECT name, month, messages, words, replies, reply_seconds, talks_started FROM person_months"
            " JOIN people ON people.id = person_id ORDER BY 1, 2",
        ),
        "days": rows(database, "SELECT day, message_count, media_count FROM days ORDER BY 1"),
        "found": rows(database, "SELECT count(*) FROM messages_fts WHERE messages_fts MATCH 'squirrel'"),
    }


def whole_minute(messages: list[Sent], at: int) -> int:
    while 0 < at < len(messages) and messages[at].at.replace(second=0) == messages[at - 1].at.replace(second=0):
        at += 1
    return at
