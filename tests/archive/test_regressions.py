"""What a reader of the code proved wrong: hidden hits on the edge of a look, edited talks and meaning, joins, names."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ingest.archive.database import connect
from ingest.importing import resummarise
from ingest.importing.resummarise import count_not_understood, understand
from ingest.summaries.offline.titles import fit
from memories_lib.queries import search
from memories_lib.shared.media_words import media_title, named_otherwise
from tests.client import Client
from tests.commands import run
from tests.conftest import EXAMPLES, serve
from tests.helpers import one, put, rows

FAKE: Any = SimpleNamespace(name="fake-1")


@pytest.mark.parametrize("place", [500, 1_500, 3_500])
def test_a_hidden_message_where_one_goes_on_ends_no_search(tmp_path: Path, place: int) -> None:
    """The newest messages are looked through in steps; each of the steps may end with what is hidden."""
    begin = datetime(2020, 1, 3, 9, 0)
    with (tmp_path / "WhatsApp Chat with Cleo.txt").open("w", encoding="utf-8") as out:
        for n in range(25_000):
            fruit = "apple" if n >= 20_900 else "banana"
            out.write(f"{begin + timedelta(minutes=7 * n):%d/%m/%y, %H:%M} - Cleo: {fruit} number {n}\n")
    database = tmp_path / "memories.db"
    put(database, tmp_path / "WhatsApp Chat with Cleo.txt", date_order="dmy")
    with closing(sqlite3.connect(database)) as connection, connection:
        before = search.find(connection.execute, "banana")
        assert (len(before[0]), before[1]) == (40, 20_900)
        connection.execute(
            """
            INSERT INTO hidden_messages (message_id)
            SELECT id FROM messages ORDER BY sent_at DESC, id DESC LIMIT 1 OFFSET ?
            """,
            (place - 1,),
        )
        assert search.find(connection.execute, "banana") == before


@pytest.fixture
def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive with a starred, a retitled, a merged and a renamed talk; talks are "understood" by dice."""
    dice = random.Random(2)
    monkeypatch.setattr(
        resummarise, "with_meaning", lambda scores, _talks, _encoder: [round(dice.random(), 4) for _ in scores]
    )
    database = tmp_path / "memories.db"
    put(database, *sorted(EXAMPLES.iterdir()), me="Nora")
    served = serve(database, tmp_path / "log")
    api = Client(served)
    talks = [row[0] for row in rows(database, "SELECT id FROM exchanges WHERE chat_id = 1 ORDER BY started_at")]
    assert api.ask("POST", f"/api/exchanges/{talks[0]}/star")[0] == 200
    assert api.ask("POST", f"/api/exchanges/{talks[1]}/retitle", {"title": "Our words"})[0] == 200
    assert api.ask("POST", "/api/exchanges/merge", {"exchange_ids": talks[2:4]})[0] == 200
    served.stop()
    run(database, "people", "rename", "Theo", "Theodor")
    return database


def test_talks_that_somebody_edited_are_understood_once(edited: Path) -> None:
    with closing(connect(edited)) as connection:
        total = count_not_understood(connection)
        assert total == one(edited, "SELECT count(*) FROM exchanges") + 1  # the two that are one now
        assert understand(connection, edited, FAKE) == total
        assert count_not_understood(connection) == 0
        assert understand(connection, edited, FAKE) == 0
    assert one(edited, "SELECT count(*) FROM exchanges WHERE title = 'Our words'") == 1
    starred = "SELECT is_memory FROM exchanges JOIN exchange_marks ON exchange_id = id WHERE is_starred"
    assert rows(edited, starred) == [(1,)]


def test_an_end_before_memories_are_chosen_is_made_good(edited: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(connect(edited)) as connection:
        with monkeypatch.context() as patch:
            patch.setattr(resummarise, "rewritten", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                understand(connection, edited, FAKE)
        assert count_not_understood(connection) > 0
        understand(connection, edited, FAKE)
        assert count_not_understood(connection) == 0
    best = "SELECT max(score) FROM exchanges WHERE {} AND chat_id = 1"
    chosen, others = (one(edited, best.format(which)) for which in ("is_memory", "NOT is_memory"))
    assert chosen is not None
    assert others is None or float(str(chosen)) >= float(str(others))


def _phone(path: Path, names: tuple[str, str], numbers: range, equal: int = 0) -> None:
    begin = datetime(2018, 1, 3, 9, 0)
    with path.open("w", encoding="utf-8") as out:
        for n in numbers:
            out.write(f"{begin + timedelta(minutes=11 * n):%d/%m/%y, %H:%M} - {names[n % 2]}: what was said, {n}\n")
        last = begin + timedelta(minutes=11 * numbers[-1] + 1)
        out.writelines(f"{last:%d/%m/%y, %H:%M} - {names[0]}: good morning\n" for _ in range(equal))


def test_people_are_found_by_the_time_that_both_tell_of(tmp_path: Path) -> None:
    """And not by the first 20,000 messages; equal lines by the thousand are no work."""
    _phone(tmp_path / "WhatsApp Chat with Anna Mobile.txt", ("Anna Mobile", "Dora"), range(23_000), equal=4_000)
    _phone(tmp_path / "WhatsApp Chat with Mum.txt", ("Mum", "Dora"), range(21_500, 24_000), equal=4_000)
    database = tmp_path / "memories.db"
    for name in ("Mum", "Anna Mobile"):
        run(database, "ingest", str(tmp_path / f"WhatsApp Chat with {name}.txt"), "--me", "Dora", "--chat", name)
    run(database, "chats", "join", "Mum", "Anna Mobile", "--yes")
    assert one(database, "SELECT count(*) FROM people") == 2
    assert one(database, "SELECT count(*) FROM messages WHERE text <> 'good morning'") == 24_000


@pytest.mark.parametrize(
    ("title", "old", "new", "now"),
    [
        ("2 photos · Miller, Anna", "Miller, Anna", "Gran", "2 photos · Gran"),
        ("2 photos · Anna · work", "Anna · work", "Anna", "2 photos · Anna"),
        ("2 photos · Ben, Ben Work", "Ben Work", "Ben", "2 photos · Ben"),
        ("12 photos · Ferrow Lake · Ben, Ida", "Ben", "Benno", "12 photos · Ferrow Lake · Benno, Ida"),
        ("we saw the lake and the old mill · Carl", "Carl", "Uncle C", "we saw the lake and the old mill · Carl"),
        ("2 photos", "photos", "x", "2 photos"),
    ],
)
def test_who_sent_it_is_called_as_now_and_what_was_written_stays(title: str, old: str, new: str, now: str) -> None:
    assert named_otherwise(title, old, new) == now


@pytest.mark.parametrize("language", ["en", "de", "es", "pt", "hi", "ar", "ja"])
def test_in_each_language(language: str) -> None:
    before, after = (media_title({"image": 2, "video": 1}, "", [name], language) for name in ("Mama", "Oma"))
    assert named_otherwise(before, "Mama", "Oma") == after != before


@pytest.mark.parametrize("text", ["-----", "––––", "::::", "- - - - -", "*****"])
def test_no_title_is_empty(text: str) -> None:
    assert fit(text)


def test_dashes_are_no_title_where_something_was_said(tmp_path: Path) -> None:
    export = tmp_path / "WhatsApp Chat with Bo.txt"
    export.write_text("".join(f"1/2/24, 9:0{n} AM - Bo: {said}\n" for n, said in enumerate(("-----", "ok", "yes"))))
    put(tmp_path / "memories.db", export)
    assert one(tmp_path / "memories.db", "SELECT title FROM exchanges") in ("ok", "yes")


def test_without_its_star_a_talk_is_what_it_was(edited: Path, tmp_path: Path) -> None:
    """Put together or parted, too."""
    merged = one(edited, "SELECT exchange_id FROM merged_exchanges LIMIT 1")
    parted = one(edited, "SELECT id FROM exchanges WHERE message_count > 6 AND chat_id = 1 ORDER BY score LIMIT 1")
    middle = one(edited, f"SELECT id FROM messages WHERE exchange_id = {parted} ORDER BY sent_at LIMIT 1 OFFSET 3")
    served = serve(edited, tmp_path / "log")
    api = Client(served)
    assert api.ask("POST", f"/api/exchanges/{parted}/split", {"message_id": middle})[0] in (200, 201)
    made = one(edited, "SELECT max(id) FROM exchanges")
    for talk in (merged, made, parted):
        was = one(edited, f"SELECT is_memory FROM exchanges WHERE id = {talk}")
        assert api.ask("POST", f"/api/exchanges/{talk}/star")[0] == 200
        assert one(edited, f"SELECT is_memory FROM exchanges WHERE id = {talk}") == 1
        assert api.ask("POST", f"/api/exchanges/{talk}/unstar")[0] == 200
        assert one(edited, f"SELECT is_memory FROM exchanges WHERE id = {talk}") == was
    served.stop()


def test_the_account_is_told_whatever_comes_of_the_meaning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ingest.cli import ingesting
    from ingest.core.errors import MemoriesError

    def broken(*_args: object, **_named: object) -> int:
        raise MemoriesError("the weights are of another version")

    monkeypatch.setattr(ingesting, "by_meaning", broken)
    export = next(path for path in EXAMPLES.iterdir() if "Lakehouse" in path.name)
    done = run(tmp_path / "memories.db", "ingest", str(export))
    assert "✓ WhatsApp Chat with Lakehouse" in done.output
    assert "the weights are of another version" in done.output
    assert done.exit_code == 0
