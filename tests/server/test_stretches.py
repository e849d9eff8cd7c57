"""Talks in full, a stretch at a time: however small the stretches are, it is the same book."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import sqlite3
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from memories_lib.queries import stretches
from memories_lib.web import book_formats
from tests.conftest import serve
from tests.helpers import put

ASKED = {"chat": "", "person": "", "year": "", "mood": "", "topic": "", "starred": "", "all": "1", "before": ""}


@pytest.fixture
def run(examples_db: Path) -> Iterator[Any]:
    with closing(sqlite3.connect(f"file:{examples_db}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection.execute


def parts(run: Any) -> Iterator[list[stretches.BookTalk]]:
    place: stretches.BookPlace | None = stretches.BookPlace("")
    while place is not None:
        talks, place = stretches.book_part(run, ASKED, place)
        yield talks


@pytest.mark.parametrize(("most_bytes", "most_messages"), [(1, 1), (200, 3), (1 << 19, 7), (5_000, 500)])
@pytest.mark.parametrize("form", [book_formats.as_json, book_formats.as_csv, book_formats.as_text])
def test_a_book_is_the_same_in_any_stretches(
    run: Any, form: Any, most_bytes: int, most_messages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = "".join(form(parts(run)))
    monkeypatch.setattr(stretches, "_BYTES", most_bytes)
    monkeypatch.setattr(stretches, "_MESSAGES", most_messages)
    assert "".join(form(parts(run))) == whole
    assert max(len(talk.messages) for part in parts(run) for talk in part) <= most_messages


def test_its_json_has_each_message_once(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretches, "_MESSAGES", 5)
    talks = json.loads("".join(book_formats.as_json(parts(run))))
    told = run("SELECT count(*) AS talks, sum(message_count) AS messages FROM exchanges").fetchone()
    assert (len(talks), sum(len(talk["messages"]) for talk in talks)) == (told["talks"], told["messages"])
    assert [talk["started_at"] for talk in talks] == sorted(talk["started_at"] for talk in talks)


def test_an_empty_book(run: Any) -> None:
    assert stretches.book_part(run, {**ASKED, "year": "1999"}, stretches.BookPlace("")) == ([], None)
    assert "".join(book_formats.as_json([[]])) == "[]"


def test_a_talk_that_is_hidden_meanwhile_is_left_out(run: Any) -> None:
    _, place = stretches.book_part(run, ASKED, stretches.BookPlace(""))
    begun = stretches.BookPlace("", 10**9, stretches.Position("2020", 1))
    talks, after = stretches.book_part(run, ASKED, begun)
    assert all(talk.head is not None for talk in talks)
    assert after == place


@pytest.fixture(scope="module")
def long_talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A talk of 60 messages as long as WhatsApp lets them be."""
    folder, dice = tmp_path_factory.mktemp("long"), random.Random(3)
    lines = [
        f"1/13/24, 10:{n:02} - {'Anna' if n % 2 else 'Ben'}: moment {n}: "
        + " ".join(f"word{dice.randrange(9_000)}" for _ in range(7_000))
        for n in range(60)
    ]
    export = folder / "WhatsApp Chat with Ben.txt"
    export.write_text("\n".join(lines) + "\n", "utf-8")
    put(folder / "memories.db", export)
    return folder / "memories.db"


def texts_of(answer: str, path: str) -> list[str]:
    """What the messages of an answer say, in its order."""
    if path.startswith("/api"):
        return [message["text"] for message in json.loads(answer)["messages"]]
    if path.startswith("/book.json"):
        return [message["text"] for talk in json.loads(answer) for message in talk["messages"]]
    if path.startswith("/book.csv"):
        return [row["text"] for row in csv.DictReader(io.StringIO(answer))]
    return re.findall(r"(?m)^\[[^]]+\] \w+: (.+?)\r?$", answer)


def test_long_messages_are_sent_whole_and_held_in_parts(long_talk: Path, tmp_path: Path) -> None:
    served = serve(long_talk, tmp_path / "log")

    def resident() -> int:
        status = Path(f"/proc/{served.process_id}/status").read_text("ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) // 1024

    def read(path: str, found: list[bytes]) -> None:
        with urllib.request.urlopen(served.base + path, timeout=120) as answer:
            found.append(answer.read())

    try:
        before = resident()
        moments = [f"moment {n}" for n in range(60)]
        for path in ("/api/exchanges/1", "/book.json?all=1", "/book.txt?all=1", "/book.csv?all=1"):
            answers: list[bytes] = []
            asking = [threading.Thread(target=read, args=(path, answers)) for _ in range(4)]
            for thread in asking:
                thread.start()
            for thread in asking:
                thread.join()
            assert len(set(answers)) == 1
            assert len(answers) == 4
            # Each message once, in order.
            assert [text.partition(":")[0] for text in texts_of(answers[0].decode(), path)] == moments, path
        assert resident() - before < 90
        talk = json.loads(served.get("/api/exchanges/1")[2])
        lines = long_talk.with_name("WhatsApp Chat with Ben.txt").read_text("utf-8").splitlines()
        assert [m["text"] for m in talk["messages"]] == [line.split(": ", 1)[1] for line in lines]
        assert talk["first_message"]["text"] == talk["messages"][0]["text"]
        page = served.get("/book.html?all=1")[2].decode()
        assert (page.count("<article"), page.count("</article>"), page.count("<dd")) == (1, 1, 60)
        assert [int(n) for n in re.findall(r"moment (\d+):", page.partition("<dl>")[2])] == list(range(60))
        around = json.loads(served.get("/api/messages?around=30&before=500&after=500")[2])
        assert around["previous"] < 30 < around["next"]
        assert around["messages"][0]["message_id"] == around["previous"]
    finally:
        served.stop()
