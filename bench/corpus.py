"""Invented exports of any size: one stream of messages, written as three phones would.

Words follow Zipf's law; days have nights, talks have pauses; a few per cent are media, links, notices,
edits; the `edge` corpus has a quarter of hard cases and says what a reader must find.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

NN, L = "\u202f", "\u200e"
FORMS = ("us", "de", "ios")
NAMES = ("Nora", "Theo Lind", "Grandma June", "~ Pia", "+49 170 1234567")
_SYLLABLES = """
    ba de fi go lu ma ne po ra si to va wi ze cha sha tri plo gra ste
""".split()
_COMMON = """
    the a to you I and is it we in on that so of me my what for do are at be have not with yes no ok
    just can love home dinner tonight tomorrow time haha thanks good late kids work mum dad photo lake
    summer birthday when where coming see day night really think know like going back great cake train
    car dog cat school
""".split()
_EMOJI = """
    😂 ❤️ 😍 🎉 👍 😭 🙏 🥰 😅 🎂
""".split()


class Truth(NamedTuple):
    """What a reader must find: ISO time to the minute, sender or None, text or None for what has none."""

    minute: str
    sender: str | None
    text: str | None


def _vocabulary(dice: random.Random) -> tuple[list[str], list[float]]:
    rare = {"".join(dice.choices(_SYLLABLES, k=dice.randint(2, 4))) for _ in range(12_000)}
    words = [*_COMMON, *sorted(rare)]
    return words, list(itertools.accumulate(1 / (n + 3) for n in range(len(words))))


def messages(
    count: int, seed: int = 7, names: Sequence[str] = NAMES, pace: float = 1.0
) -> Iterator[tuple[datetime, str | None, str, str]]:
    """(time, sender, kind, text), in order. Kinds: text, media, deleted, edited, system.

    Talks follow one another `pace` times as fast as people's mostly do.
    """
    dice = random.Random(seed)
    words, weights = _vocabulary(dice)
    at = datetime(2015, 1, 13, 8, 0, 0)
    left, pool = 0, []
    for n in range(count):
        if left == 0:
            left = dice.randint(2, 40)
            at += timedelta(seconds=dice.randint(3_000, 14_000) / pace)
            if at.hour < 7:
                at += timedelta(hours=8)
        left -= 1
        at += timedelta(seconds=dice.choice((3, 8, 15, 30, 45, 70, 120, 300)))
        if len(pool) < 40:
            pool = dice.choices(words, cum_weights=weights, k=20_000)
        size = min(40, 1 + int(dice.expovariate(1 / 8)))
        text = " ".join(pool[-size:])
        del pool[-size:]
        roll = dice.random()
        if roll < 0.004:
            yield at, None, "system", "Nora changed the group description"
            continue
        sender = names[min(int(dice.expovariate(1)), len(names) - 1)]
        if roll < 0.044:
            yield at, sender, "media", ""
        elif roll < 0.05:
            yield at, sender, "deleted", ""
        elif roll < 0.055:
            yield at, sender, "edited", text
        elif roll < 0.065:
            yield at, sender, "text", f"{text} https://www.example-{n % 50}.com/p/{n}"
        elif roll < 0.2:
            yield at, sender, "text", f"{text} {dice.choice(_EMOJI)}"
        elif roll < 0.22:
            yield at, sender, "text", f"{text}\n{text[:30]}"
        else:
            yield at, sender, "text", text + dice.choice(("", "", "", "?", "!", "..."))


_WORDS = {
    "us": ("<Media omitted>", "This message was deleted", f" {L}<This message was edited>"),
    "de": ("<Medien ausgeschlossen>", "Diese Nachricht wurde gelöscht", f" {L}<Diese Nachricht wurde bearbeitet>"),
    "ios": (f"{L}image omitted", f"{L}This message was deleted.", f" {L}<This message was edited>"),
}


def head(form: str, t: datetime) -> str:
    """A message's header."""
    if form == "us":
        hour, half = t.hour % 12 or 12, "AM" if t.hour < 12 else "PM"
        return f"{t.month}/{t.day}/{t.year % 100}, {hour}:{t.minute:02}{NN}{half} - "
    if form == "de":
        return f"{t.day:02}.{t.month:02}.{t.year % 100}, {t.hour:02}:{t.minute:02} - "
    return f"[{t.day:02}/{t.month:02}/{t.year}, {t.hour:02}:{t.minute:02}:{t.second:02}] "


def write(
    path: Path, form: str, count: int, seed: int = 7, extra: int = 0, names: Sequence[str] = NAMES, pace: float = 1.0
) -> None:
    """An export of `count` messages (and `extra` more, which continue it)."""
    media, deleted, edited = _WORDS[form]
    end = "\r\n" if form == "ios" else "\n"
    with path.open("w", encoding="utf-8", newline="") as out:
        for at, sender, kind, text in messages(count + extra, seed, names, pace):
            if kind == "media":
                text = media
            elif kind == "deleted":
                text = deleted
            elif kind == "edited":
                text += edited
            mark = L if form == "ios" and text.startswith(L) else ""
            who = f"{sender}: " if sender else "" if form != "ios" else f"Group: {L}"
            out.write(mark + head(form, at) + who + text.replace("\n", end) + end)


def write_edge(path: Path, form: str, count: int = 20_000, seed: int = 3) -> list[Truth]:
    """An export with a quarter of hard cases; returns what must be found."""
    dice = random.Random(seed)
    truth: list[Truth] = []
    end = "\r\n" if form == "ios" else "\n"
    colons = ("Dr. Who: Work", "a:b", "Mum: Home: New")
    hard = (
        ("Nora", "12/25/23, 9:00 or later - ok"), ("Nora", "first\n25.12.23, 9:00 or so - fine"),
        (colons[0], "yes"), (colons[1], "Note: bring shoes"), (colons[2], "home: at last"),
        ("Theo Lind", "a\u2028b\u2029c\u0085d\x0be\x0cf"), ("Theo Lind", "[sic] he said"), ("Nora", ""),
        ("Nora", "one\n\nthree"), ("Nora", "Theo Lind: said so"), ("~ Pia", "x - y - z"), ("Nora", "  spaces  "),
        (None, 'Nora changed the subject from "a: b" to "c: d"'), (None, "Nora added Theo Lind"),
        ("Nora", "tab\tnbsp\u00a0nn\u202fend"), ("Nora", "Note:\nmilk: 2\nbread: 1"),
    )  # fmt: skip
    with path.open("w", encoding="utf-8", newline="") as out:
        for number, (at, sender, kind, text) in enumerate(messages(count, seed)):
            if kind in ("media", "deleted", "edited", "system"):
                continue
            if number > 50 and dice.random() < 0.25:
                sender, said = dice.choice(hard)
                # People with colons in their names say other things, too.
                text = said if sender not in colons or dice.random() < 0.3 else text
            who = f"{sender}: " if sender else "" if form != "ios" else f"Group: {L}"
            out.write(head(form, at) + who + text.replace("\n", end) + end)
            truth.append(Truth(at.strftime("%Y-%m-%dT%H:%M"), sender, text))
    return truth
