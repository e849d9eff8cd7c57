"""What Gemini said, on pages: under edits, as text, for the roles that may ask."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ingest.cli import main
from tests.client import Client
from tests.gemini import (
    Answer,
    StandIn,
    looking,
    reply,
    summaries,
    summarize,
)
from tests.helpers import one, put


def test_edits_stay_on_top(google: StandIn, db: Path) -> None:
    from tests.client import Client, ids
    from tests.conftest import serve

    served = serve(db, db.parent / "log")
    api = Client(served)
    first, second, third = ids(api)[:3]
    api.ask("POST", f"/api/exchanges/{first}/retitle", {"title": "What we call it"})
    api.ask("DELETE", f"/api/exchanges/{second}")
    message = api.get(f"/api/exchanges/{third}")["messages"][0]
    api.ask("DELETE", "/api/messages", {"message_ids": [message["message_id"]]})
    summarize(db, "--yes")
    served.stop()
    assert one(db, "SELECT title FROM exchanges WHERE id = ?", [first]) == "What we call it"
    assert one(db, "SELECT title FROM exchanges_before WHERE id = ?", [first]).startswith("About: ")
    assert one(db, "SELECT count(*) FROM exchange_marks WHERE is_hidden") == 1
    # What somebody hid is not sent.
    hidden = one(db, "SELECT text FROM messages WHERE exchange_id = ? AND length(text) > 20 LIMIT 1", [second])
    assert str(hidden)[:30] not in google.sent()
    if message["quote"]:
        assert message["quote"][:30] not in google.sent()


@pytest.mark.parametrize("html", ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "{{ 7*7 }}", "‮evil"])
def test_what_a_model_writes_is_text(google: StandIn, db: Path, html: str) -> None:
    from tests.conftest import serve

    def brain(body: dict[str, Any]) -> Answer:
        good = summaries(body)
        for talk in good["talks"]:
            talk.update(title=html, summary=f"{html} and more", topics=[html], mood=html)
        return 200, reply(good, prompt=10)

    google.brain = brain
    summarize(db, "--yes")
    served = serve(db, db.parent / "log")
    page = served.get("/")[2].decode()
    served.stop()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "‮" not in page
    assert one(db, "SELECT count(*) FROM exchanges WHERE mood = 'calm'") == 39


def _all_years(api: Client) -> str:
    """The pages of all years, one after the other."""
    years = re.findall(r'href="(/years\?year=\d{4})"', api.text("/years"))
    return "".join(api.text(path) for path in dict.fromkeys(years))


def test_months_years_and_chats(google: StandIn, db: Path) -> None:
    from tests.conftest import serve

    summarize(db, "--yes")
    said = summarize(db, "--periods")
    for words in ("answered  9 months", "answered  11 years", "answered  4 chats"):
        assert words in said
    asked = len(google.requests)
    assert "9 are answered already" in summarize(db, "--periods")
    assert len(google.requests) == asked
    assert one(db, "SELECT count(*) FROM periods WHERE told_by LIKE 'gemini%'") == 24
    # Each says which talks it draws on, and they are of that time.
    wrong = one(
        db,
        """
        SELECT count(*) FROM periods LEFT JOIN period_exchanges ON period_id = periods.id
        LEFT JOIN exchanges ON exchanges.id = exchange_id
        WHERE told_by IS NOT NULL AND (
            exchange_id IS NULL OR exchanges.chat_id <> periods.chat_id
            OR (period <> 'all' AND substr(started_at, 1, length(period)) <> period)
        )
        """,
    )
    assert wrong == 0
    served = serve(db, db.parent / "log")
    api = Client(served)
    page = _all_years(api)
    assert page.count("told by gemini") == 24
    # What is hidden afterwards is not read out of them.
    talk = one(
        db,
        """
        SELECT exchange_id FROM period_exchanges JOIN periods ON periods.id = period_id
        WHERE period = '2024' AND told_by IS NOT NULL LIMIT 1
        """,
    )
    api.ask("DELETE", f"/api/exchanges/{talk}")
    assert _all_years(api).count("told by gemini") < 24
    summarize(db, "--periods")
    served.stop()
    assert CliRunner().invoke(main, ["check", "--db", str(db)]).exit_code == 0


def test_the_page_asks_for_the_owner(google: StandIn, db: Path) -> None:
    from urllib.parse import urlencode

    from tests.client import post_form
    from tests.conftest import serve

    google.brain = lambda _: (200, reply({"answer": "With <b>mint</b>.", "cites": [1], "known": True}, prompt=50))
    served = serve(db, db.parent / "log")
    api = Client(served)
    _, headers, page = api.ask("GET", "/ask")
    token = re.search(r'name="csrftoken" value="([^"]+)"', page.decode())
    assert token
    cookie = headers["set-cookie"].partition(";")[0]

    def post(**form: str) -> str:
        return post_form(api, "/ask", urlencode({"csrftoken": token[1], **form}), cookie)[2].decode()

    found = post(question="la sopa de tu abuelo")
    assert "hierbabuena" in found
    assert google.requests == []
    found = post(question="la sopa de tu abuelo", send="1")
    assert "With &lt;b&gt;mint&lt;/b&gt;." in found
    assert len(google.requests) == 1
    assert post_form(api, "/ask", urlencode({"question": "sopa", "send": "1"}), cookie)[0] == 403
    served.stop()
    log = (db.parent / "log").read_text("utf-8")
    assert "sopa" not in log
    assert "Traceback" not in log


def test_photos_and_voice_notes_are_found_by_a_models_words(google: StandIn, db: Path, tmp_path: Path) -> None:
    from tests.conftest import serve

    google.brain = looking
    said = summarize(db, "--captions", "--transcripts", "--estimate")
    assert "photos    " in said
    assert google.requests == []
    assert "the photos themselves" in summarize(db, "--captions", code=1)
    said = summarize(db, "--captions", "--transcripts", "--yes")
    assert "with a model's words" in said
    photos = one(db, "SELECT count(*) FROM media WHERE description LIKE '%lighthouse%' AND told_by LIKE 'gemini%'")
    assert int(str(photos)) >= 4
    assert one(db, "SELECT count(*) FROM media WHERE transcript LIKE '%harbour%'") == 1
    sizes = [
        len(p["inlineData"]["data"])
        for r in google.requests
        for c in r["contents"]
        for p in c["parts"]
        if "inlineData" in p
    ]
    assert max(sizes) < 100_000
    asked = len(google.requests)
    summarize(db, "--captions", "--transcripts")
    assert len(google.requests) == asked
    served = serve(db, db.parent / "log")
    api = Client(served)
    assert len(api.get("/api/search?q=lighthouse")["messages"]) == photos
    found = api.get("/api/search?q=harbour")["messages"][0]
    assert found["media"]["transcript"].startswith("we will meet")
    assert found["media"]["told_by"].startswith("gemini")
    page = api.ask("GET", "/search?q=lighthouse")[2].decode()
    assert "✨" in page
    assert "told by gemini" in api.ask("GET", f"/talk/{found['exchange_id']}")[2].decode()
    served.stop()
    assert "lighthouse" in CliRunner().invoke(main, ["search", "lighthouse", "--db", str(db)]).output
    assert "(photos)" in CliRunner().invoke(main, ["sent", "--db", str(db)]).output
    assert CliRunner().invoke(main, ["check", "--db", str(db)]).exit_code == 0
    # An archive that is built anew has them, too.
    again = tmp_path / "again" / "memories.db"
    again.parent.mkdir()
    shutil.copy(db.with_name("summaries.db"), again.parent)
    put(again, Path(__file__).parents[2] / "examples", me="Nora")
    assert one(again, "SELECT count(*) FROM media WHERE description LIKE '%lighthouse%'") == photos
