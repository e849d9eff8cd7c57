"""Chats in which nobody writes a sentence, or hardly anything: from two phones they are one chat all the same."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.helpers import one, put, rows

START = datetime(2024, 3, 13, 9)
SHORT = ("ok", "ja", "haha", "yes", "👍", "no", "bye")
ANDROID, IPHONE = "%d/%m/%Y, %H:%M - ", "[%d.%m.%y, %H:%M:%S] "

Talk = list[tuple[datetime, int, str]]


def short_talk(count: int, seed: int = 1) -> Talk:
    """(time, which of two, word)"""
    dice, at, found = random.Random(seed), START, []
    for _ in range(count):
        at += timedelta(seconds=dice.choice([20, 65, 300, 4_000, 30_000]))
        found.append((at, dice.randrange(2), dice.choice(SHORT)))
    return found


def small_talk(count: int) -> Talk:
    return [(START + timedelta(minutes=7 * n), n % 2, f"sentence number {n} about boat {n * 3}") for n in range(count)]


def show(talk: Talk, form: str, names: tuple[str, str], shift: timedelta = timedelta()) -> str:
    return "".join(f"{(at + shift).strftime(form)}{names[who]}: {word}\n" for at, who, word in talk)


def both(
    folder: Path, talk: Talk, names: tuple[str, str], shift: timedelta, *, since: int = 0, first: str = "Tobin"
) -> Path:
    """Two phones' exports, put one after the other; the archive."""
    here, there = folder / f"WhatsApp Chat with {first}.txt", folder / f"WhatsApp Chat - {names[0]}.txt"
    here.write_text(show(talk, ANDROID, ("Nell", "Tobin")), "utf-8")
    there.write_text(show(talk[since:], IPHONE, names, shift), "utf-8")
    put(folder / "m.db", here, me="Nell")
    put(folder / "m.db", there)
    return folder / "m.db"


@pytest.mark.parametrize("names", [("Nelly", "Tobin Marsh"), ("Nelly", "Tobin"), ("Nell", "Tobin Marsh")])
@pytest.mark.parametrize("hours", [0.0, 1.0, -5.0, 5.75])
def test_a_chat_of_short_messages_is_joined(tmp_path: Path, names: tuple[str, str], hours: float) -> None:
    talk = short_talk(60)
    database = both(tmp_path, talk, names, timedelta(hours=hours))
    assert rows(database, "SELECT count(*), sum(message_count) FROM chats") == [(1, 60)]
    assert one(database, "SELECT count(*) FROM messages") == 60
    assert one(database, "SELECT count(DISTINCT sender_id) FROM messages") == 2
    assert one(database, "SELECT min(sent_at) FROM messages")[:16] == f"{talk[0][0]:%Y-%m-%dT%H:%M}"


def test_one_that_goes_on_is_joined_too(tmp_path: Path) -> None:
    talk = short_talk(90)
    here, there = tmp_path / "WhatsApp Chat with Tobin.txt", tmp_path / "WhatsApp Chat - Nelly.txt"
    here.write_text(show(talk[:70], ANDROID, ("Nell", "Tobin")), "utf-8")
    there.write_text(show(talk, IPHONE, ("Nelly", "Tobin Marsh")), "utf-8")
    put(tmp_path / "m.db", here, me="Nell")
    put(tmp_path / "m.db", there)
    assert one(tmp_path / "m.db", "SELECT count(*) FROM chats") == 1
    assert one(tmp_path / "m.db", "SELECT count(*) FROM messages") == 90


def test_two_chats_of_short_messages_are_two(tmp_path: Path) -> None:
    """At the same hours, of the same words, by other people."""
    for n, (name, seed) in enumerate((("Tobin", 1), ("Rosa", 2), ("Ines", 3))):
        export = tmp_path / f"WhatsApp Chat with {name}.txt"
        export.write_text(show(short_talk(60, seed), ANDROID, ("Nell", name)), "utf-8")
        put(tmp_path / "m.db", export, me="Nell")
        assert one(tmp_path / "m.db", "SELECT count(*) FROM chats") == n + 1


@pytest.mark.parametrize("count", [6, 8, 12, 20])
def test_a_small_chat_is_joined_where_all_of_it_agrees(tmp_path: Path, count: int) -> None:
    database = both(tmp_path, small_talk(count), ("Nelly", "Tobin Marsh"), timedelta())
    assert one(database, "SELECT count(*) FROM chats") == 1
    assert one(database, "SELECT count(*) FROM messages") == count
    assert one(database, "SELECT count(DISTINCT sender_id) FROM messages") == 2


def test_too_few_to_tell_are_kept_apart_and_it_is_said(tmp_path: Path) -> None:
    talk = small_talk(3)
    here, there = tmp_path / "WhatsApp Chat with Tobin.txt", tmp_path / "WhatsApp Chat - Nelly.txt"
    here.write_text(show(talk, ANDROID, ("Nell", "Tobin")), "utf-8")
    there.write_text(show(talk, IPHONE, ("Nelly", "Tobin Marsh")), "utf-8")
    put(tmp_path / "m.db", here, me="Nell")
    (account,) = put(tmp_path / "m.db", there)
    assert one(tmp_path / "m.db", "SELECT count(*) FROM chats") == 2
    assert any("which it might be: it is too short to tell" in note for note in account.notes)


@pytest.mark.parametrize(("contact", "file"), [("Nelly 🌊", "Nelly"), ("🌊 Nelly", "Nelly"), ("Nelly 🌊🐚", "Nelly_")])
def test_a_file_that_lost_its_emoji_is_of_who_writes(tmp_path: Path, contact: str, file: str) -> None:
    export = tmp_path / f"WhatsApp Chat - {file}.txt"
    export.write_text(show(small_talk(20), IPHONE, (contact, "Tobin")), "utf-8")
    put(tmp_path / "m.db", export)
    assert rows(tmp_path / "m.db", "SELECT name, kind FROM chats") == [(contact, "direct")]


def test_learned_words_beside_clocks_are_told(tmp_path: Path) -> None:
    export = tmp_path / "WhatsApp Chat with Tobin.txt"
    export.write_text(
        "07/03/2021, 1:02 BN - Nell: a\n07/03/2021, 6:03 PN - Tobin: b\n"
        "13/03/2021, 9:03 BN - Tobin: c\n13/03/2021, 9:13 PN - Nell: d\n",
        "utf-8",
    )
    (account,) = put(tmp_path / "m.db", export)
    assert (
        "words beside its clocks are not known here; 'BN' as AM and 'PN' as PM, by the order of its messages"
        in account.notes
    )
    assert rows(tmp_path / "m.db", "SELECT DISTINCT name FROM people ORDER BY name") == [("Nell",), ("Tobin",)]
