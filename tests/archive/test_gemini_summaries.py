"""Gemini through the real google-genai, against a server that speaks its wire format: grounded, and paid once."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ingest.cli import main
from ingest.summaries.gemini import pricing
from ingest.summaries.gemini.transcript import one_line
from tests.gemini import (
    Answer,
    StandIn,
    ask,
    blocked,
    content_of,
    fault,
    looking,
    quota,
    reply,
    summarize,
    talks_in,
    told,
)
from tests.helpers import one, put, rows


def test_what_it_says_is_shown_and_whole(google: StandIn, db: Path) -> None:
    said = summarize(db, "--yes")
    assert "39 to ask about" in said
    assert "answered  39 talks" in said
    assert told(db) == 39
    assert google.keys == {"a-key-of-ours"}
    assert one(db, "SELECT count(*) FROM exchanges WHERE title LIKE 'About: %'") == 39
    assert one(db, "SELECT count(*) FROM exchanges_fts WHERE exchanges_fts MATCH 'gemini'") == 39
    assert CliRunner().invoke(main, ["check", "--db", str(db)]).exit_code == 0
    # The heart of a talk are messages of that talk.
    wrong = one(
        db,
        """
        SELECT count(*) FROM (SELECT exchange_id, sum(is_highlight) AS hearts FROM messages GROUP BY 1)
        WHERE hearts > 2 OR hearts = 0
        """,
    )
    assert wrong == 0
    assert not [p for p in db.parent.iterdir() if p.is_file() and b"a-key-of-ours" in p.read_bytes()]


def test_nothing_is_paid_twice(google: StandIn, db: Path, tmp_path: Path) -> None:
    summarize(db, "--yes")
    asked = len(google.requests)
    assert "39 are answered already" in summarize(db)
    # An archive that is built anew shows what was paid for.
    again = tmp_path / "again" / "memories.db"
    again.parent.mkdir()
    shutil.copy(db.with_name("summaries.db"), again.parent)
    put(again, Path(__file__).parents[2] / "examples", me="Nora")
    assert told(again) == 39
    assert rows(again, "SELECT key, title, score FROM exchanges ORDER BY key") == rows(
        db, "SELECT key, title, score FROM exchanges ORDER BY key"
    )
    assert len(google.requests) == asked


def test_one_new_message_pays_for_one_talk(google: StandIn, tmp_path: Path) -> None:
    lines = [f"{day:02}/04/21, 9:{m:02} pm - {'Emma' if m % 2 else 'Anna'}: day {day} word {m} together\n"
             for day in range(1, 29) for m in range(8)]  # fmt: skip
    export = tmp_path / "WhatsApp Chat with Emma.txt"
    export.write_text("".join(lines), "utf-8")
    db = tmp_path / "memories.db"
    put(db, export)
    summarize(db, "--yes", "--all")
    google.requests.clear()
    export.write_text("".join(lines) + "28/04/21, 9:09 pm - Emma: one more word\n", "utf-8")
    put(db, export)
    assert told(db) == 27
    summarize(db, "--all")
    (request,) = google.requests
    assert list(talks_in(content_of(request))) == [1]
    assert told(db) == 28


def test_budget_and_estimate(google: StandIn, db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = summarize(db, "--estimate")
    assert "about 0.0" in said
    assert google.requests == []
    said = summarize(db, "--yes", "--budget", "0.000001")
    assert "budget of 0.00 USD is used up" in said
    assert google.requests == []
    # Enough for a part: it stops before it would cost more.
    budget = 0.03
    summarize(db, "--yes", "--budget", str(budget), "--price-in", "20", "--price-out", "1")
    spent = one(db.with_name("summaries.db"), "SELECT sum(usd) FROM requests")
    assert float(str(spent or 0)) <= budget
    said = summarize(db, "--model", "gemini-unheard-of", "--budget", "1", code=1)
    assert "--price-in and --price-out" in said
    assert "is shut down on 2026-12-01" in summarize(db, "--model", "gemini-2.5-flash", "--estimate")
    monkeypatch.setattr(pricing, "ending", lambda _: date(2026, 1, 1))
    assert "was shut down on" in summarize(db, "--estimate", code=1)


def test_taste_is_told_and_another_taste_asks_anew(google: StandIn, db: Path) -> None:
    summarize(db, "--yes")
    first = len(google.requests)
    db.with_name("taste.toml").write_text(
        'guidance = "unsere Reisen, die Großeltern; keine Arbeit"\n'
        'good = ["the flags on the dock"]\nbad = ["parcels"]\n',
        "utf-8",
    )
    summarize(db, "--language", "German")
    instruction = google.requests[-1]["systemInstruction"]["parts"][0]["text"]
    assert len(google.requests) == 2 * first
    for words in ("unsere Reisen", "Worth keeping: the flags on the dock", "Not worth keeping: parcels", "in German"):
        assert words in instruction
    # The same in front of every request, so that the service may cache it.
    assert len({r["systemInstruction"]["parts"][0]["text"] for r in google.requests[first:]}) == 1
    db.with_name("taste.toml").write_text("guidance = 7", "utf-8")
    assert "guidance must be a text" in summarize(db, "--estimate", code=1)
    db.with_name("taste.toml").write_text("guidance =", "utf-8")
    assert "is no TOML" in summarize(db, "--estimate", code=1)


def test_it_learns_from_stars_and_hides(google: StandIn, db: Path) -> None:
    with closing(sqlite3.connect(db)) as connection:
        connection.execute(
            "INSERT INTO exchange_marks (exchange_id, is_hidden, is_starred) VALUES (1, 0, 1), (2, 1, 0)"
        )
        starred, hidden = (
            r[0] for r in connection.execute("SELECT title FROM exchanges WHERE id IN (1, 2) ORDER BY id")
        )
        connection.commit()
    db.with_name("curation.db").unlink(missing_ok=True)
    summarize(db, "--yes", "--learn", "--chat", "Abuela Inés")
    instruction = google.requests[-1]["systemInstruction"]["parts"][0]["text"]
    assert f"Worth keeping: {one_line(starred)}" in instruction
    assert f"Not worth keeping: {one_line(hidden)}" in instruction


@pytest.mark.usefixtures("google")
def test_with_ingest(tmp_path: Path) -> None:
    export = tmp_path / "WhatsApp Chat with Emma.txt"
    export.write_text("03/04/21, 9:15 pm - Emma: hello there\n03/04/21, 9:16 pm - Anna: hi!\n", "utf-8")
    done = CliRunner().invoke(
        main, ["ingest", str(export), "--db", str(tmp_path / "m.db"), "--summaries", "gemini", "--yes", "--budget", "1"]
    )
    assert done.exit_code == 0, done.output
    assert told(tmp_path / "m.db") == 1


def test_without_key(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    assert "set GEMINI_API_KEY" in summarize(db, "--yes", code=1)
    monkeypatch.setenv("GEMINI_API_KEY", "schlüssel mit leerzeichen")
    assert "that is no key" in summarize(db, "--yes", code=1)


def test_models_are_listed(google: StandIn, db: Path) -> None:
    assert summarize(db, "--models").split() == sorted(google.models)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("what was in grandfather's soup? sopa", "hierbabuena"), ("Wie heißt die Katze?", "Herr Müller"),
        ("桜はいつ見に行った？", "三人で桜を見に行く"), ("who carried the cake", "You carried the cake"),
    ],
)  # fmt: skip
def test_without_a_key_the_best_passages(db: Path, question: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    found = ask(db, question)
    assert said in found
    assert re.search(r"/talk/\d+#m\d+", found)
    assert "does not speak of it" in ask(db, "xyzzy plugh")
    assert json.loads(ask(db, "--json", "xyzzy"))["cited"] == []


def test_answers_cite_messages_that_exist(google: StandIn, db: Path) -> None:
    def brain(body: dict[str, Any]) -> Answer:
        lines = content_of(body).split("\n")
        number = next(int(line.split()[0]) for line in lines if "hierbabuena" in line)
        return 200, reply({"answer": "With <b>mint</b>.", "cites": [number, 999], "known": True}, prompt=50)

    google.brain = brain
    assert "this goes to" in ask(db, "la sopa de tu abuelo", code=1)
    assert google.requests == []
    found = ask(db, "--yes", "la sopa de tu abuelo")
    assert "With <b>mint</b>." in found
    assert "hierbabuena" in found
    assert "[999]" not in found
    google.brain = lambda _: (200, reply({"answer": "I guess so", "cites": [], "known": True}))
    assert "the archive does not say" in ask(db, "la sopa de tu abuelo")
    google.brain = google.good
    google.faults = [quota("Day")]
    assert "midnight in California" in ask(db, "la sopa de tu abuelo", code=1)
    assert "Abuela Inés" in CliRunner().invoke(main, ["sent", "--db", str(db)]).output


def testlooking_stops_at_its_budget_and_names_what_is_refused(google: StandIn, db: Path) -> None:
    google.brain = looking
    assert "is used up" in summarize(db, "--captions", "--yes", "--budget", "0.0000001")
    google.brain = lambda _: (200, blocked())
    assert "left      Theo" in summarize(db, "--captions", "--yes")
    google.brain = looking
    google.faults = [quota("Minute", "0.1s"), fault(503, "UNAVAILABLE"), "drop"]
    summarize(db, "--captions")
    assert one(db, "SELECT count(*) FROM media WHERE description IS NOT NULL") != 0
