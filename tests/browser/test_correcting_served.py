"""Chats joined and parted, exports taken out, things forgotten: over the API and on the pages, while people read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from ingest.core.errors import MemoriesError
from tests.client import Client
from tests.conftest import serve
from tests.helpers import is_well, one, put, rows

LAKE = """\
14/06/2024, 18:02 - Nora: the boathouse at eight
14/06/2024, 18:03 - Theo: bring the lantern
14/06/2024, 18:09 - Nora: and the zanderpan
"""
SEA = """\
02/07/2024, 09:00 - Nora: the tide is out at Marrowby
02/07/2024, 09:04 - Theo: I have the buckets
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    database = tmp_path / "served" / "memories.db"
    database.parent.mkdir()
    for name, text in (("WhatsApp Chat with Lake.txt", LAKE), ("WhatsApp Chat with Sea.txt", SEA)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        put(database, tmp_path / name, me="Nora")
    return database


@pytest.fixture
def api(archive: Path, tmp_path: Path) -> Iterator[Client]:
    served = serve(archive, tmp_path / "log")
    yield Client(served)
    served.stop()


def chats(api: Client) -> dict[str, int]:
    """name -> number"""
    return {chat["name"]: chat["id"] for chat in api.get("/api/chats")["chats"]}


def test_two_chats_become_one_and_two_again(api: Client, archive: Path) -> None:
    there = chats(api)
    status, _, said = api.ask("POST", f"/api/chats/{there['Lake']}/join", {"chat_ids": [there["Sea"]]})
    assert (status, said) == (200, {"message": "Sea is Lake now; 0 messages were in both"})
    assert list(chats(api)) == ["Lake"]
    assert api.get("/api/search?q=Marrowby&chat=Lake")["total"] == 1
    sources = api.get("/api/sources")["sources"]
    assert [(one["chat"], one["messages"], one["alone"]) for one in sources] == [("Lake", 3, 3), ("Lake", 2, 2)]
    status, _, said = api.ask(
        "POST", f"/api/chats/{there['Lake']}/part", {"source_ids": [sources[1]["id"]], "name": "-The sea"}
    )
    assert (status, said) == (200, {"message": "-The sea: 2 messages of 1 export"})
    assert set(chats(api)) == {"Lake", "-The sea"}
    assert api.get("/api/search?q=Marrowby&chat=-The%20sea")["total"] == 1
    assert [edit["action"] for edit in api.get("/api/edits")["edits"]][-1] == "join_chats"
    is_well(archive)


def test_an_export_is_taken_out_and_comes_back(api: Client, archive: Path, tmp_path: Path) -> None:
    number = api.get("/api/sources")["sources"][1]["id"]
    status, _, said = api.ask("DELETE", f"/api/sources/{number}")
    assert status == 200
    assert said["message"].startswith("taken out: 2 messages, 0 files")
    assert list(chats(api)) == ["Lake"]
    assert api.get("/api/search?q=Marrowby")["total"] == 0
    put(archive, tmp_path / "WhatsApp Chat with Sea.txt", me="Nora")
    assert api.get("/api/search?q=Marrowby")["total"] == 1
    is_well(archive)


@pytest.mark.parametrize("things", ["chats", "sources", "people"])
def test_what_is_forgotten_is_in_no_file_and_does_not_come_back(
    api: Client, archive: Path, tmp_path: Path, things: str
) -> None:
    word = {"chats": "Marrowby", "sources": "Marrowby", "people": "lantern"}[things]
    number = {
        "chats": chats(api)["Sea"],
        "sources": api.get("/api/sources")["sources"][1]["id"],
        "people": next(person["id"] for person in api.get("/api/people")["people"] if person["name"] == "Theo"),
    }[things]
    talk = api.get(f"/api/search?q={word}")["messages"][0]["exchange_id"]
    assert api.ask("POST", f"/api/exchanges/{talk}/note", {"note": f"remember {word}"})[0] == 200
    assert api.ask("POST", f"/api/{things}/{number}/forget", {})[0] == 422
    assert api.get(f"/api/search?q={word}")["total"] == 1
    status, _, said = api.ask("POST", f"/api/{things}/{number}/forget", {"for_good": True})
    assert status == 200, said
    assert said["message"].startswith("forgotten: ")
    assert api.get(f"/api/search?q={word}")["total"] == 0
    assert api.ask("POST", f"/api/{things}/{number}/forget", {"for_good": True})[0] == 404
    # The server goes on writing edits into the log that it holds open.
    first = api.get("/api/exchanges?all=1")["items"][0]["id"]
    assert api.ask("POST", f"/api/exchanges/{first}/star")[0] == 200
    for name, text in (("Lake", LAKE), ("Sea", SEA)):
        more = "" if things == "sources" else "03/07/2024, 10:00 - Nora: and later\n"
        (tmp_path / f"WhatsApp Chat with {name}.txt").write_text(text + more, encoding="utf-8")
        with suppress(MemoriesError):  # an export that was forgotten itself is named, and refused
            put(archive, tmp_path / f"WhatsApp Chat with {name}.txt", me="Nora")
    assert api.get(f"/api/search?q={word}")["total"] == 0
    api.served.stop()
    holding = [p.name for p in archive.parent.rglob("*") if p.is_file() and word.encode() in p.read_bytes()]
    assert set(holding) == ({"curation.db", "memories.db"} if things == "people" else set())
    if things == "people":  # what somebody else noted of a talk that stays
        assert rows(archive, "SELECT note FROM exchange_marks WHERE note IS NOT NULL") == [("remember lantern",)]
    assert one(archive, "SELECT count(*) FROM exchange_marks WHERE is_starred") == 1
    is_well(archive)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", "/api/chats/{lake}/join", {"chat_ids": []}, 422, "at least 1"),
        ("POST", "/api/chats/{lake}/join", {"chat_ids": [99]}, 404, "Chat not found"),
        ("POST", "/api/chats/{lake}/join", {"chat_ids": [1 << 70]}, 422, "too large"),
        ("POST", "/api/chats/99/join", {"chat_ids": [1]}, 404, "Chat not found"),
        ("POST", "/api/chats/{lake}/part", {"source_ids": [], "name": "x"}, 422, "at least 1"),
        ("POST", "/api/chats/{lake}/part", {"source_ids": [1], "name": " "}, 422, "empty"),
        ("POST", "/api/chats/{lake}/part", {"source_ids": [99], "name": "x"}, 404, "Source not found"),
        ("POST", "/api/chats/{lake}/part", {"source_ids": [2], "name": "x"}, 409, "another chat"),
        ("POST", "/api/chats/{lake}/part", {"source_ids": [1], "name": "x"}, 409, "all exports of that chat"),
        ("POST", "/api/chats/{lake}/part", {"source_ids": [1], "name": "x" * 121}, 422, "120"),
        ("DELETE", "/api/sources/99", None, 404, "Source not found"),
        ("DELETE", "/api/sources/99999999999999999999", None, 404, "Source not found"),
        ("POST", "/api/people/99/forget", {"for_good": True}, 404, "Person not found"),
        ("POST", "/api/people/1/forget", {"for_good": "yes"}, 422, "does not come back"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(
    api: Client, archive: Path, method: str, path: str, body: object, status: int, said: str
) -> None:
    before = rows(archive, "SELECT * FROM messages ORDER BY id")
    answer = api.ask(method, path.format(lake=chats(api)["Lake"]), body)
    assert answer[0] == status
    assert said in str(answer[2]["detail"])
    assert rows(archive, "SELECT * FROM messages ORDER BY id") == before


def test_a_chat_called_like_another_ones_number_is_not_taken_for_it(api: Client, archive: Path) -> None:
    """`memories` is told numbers as numbers, whatever chats are called."""
    there = chats(api)
    for name, number in there.items():
        other = next(other for other in there.values() if other != number)
        with closing(sqlite3.connect(archive)) as connection, connection:
            connection.execute("UPDATE chats SET name = ? WHERE id = ?", (str(other), number))
        assert name
    assert api.ask("POST", f"/api/chats/{there['Sea']}/forget", {"for_good": True})[0] == 200
    assert api.get("/api/search?q=Marrowby")["total"] == 0
    assert api.get("/api/search?q=boathouse")["total"] == 1


def test_on_the_pages(api: Client, archive: Path, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.on("dialog", lambda dialog: dialog.accept())
    there = chats(api)
    page.goto(f"{api.served.base}/chats/{there['Lake']}/about")
    page.click("summary:has-text('Put this chat right')")
    page.select_option("form[data-action=join] select", label="Sea")
    page.click("form[data-action=join] button")
    page.wait_for_selector("summary:has-text('2 exports')")
    assert list(chats(api)) == ["Lake"]

    page.click("summary:has-text('2 exports')")
    page.check("li:has-text('Sea') input[name=source_ids]")
    page.fill("form[data-action=part] input[name=name]", "The sea")
    page.click("form[data-action=part] > button")
    page.wait_for_selector("summary:has-text('1 export')")
    assert set(chats(api)) == {"Lake", "The sea"}

    page.goto(f"{api.served.base}/chats/{chats(api)['The sea']}/about")
    page.click("summary:has-text('1 export')")
    with page.expect_navigation():
        page.click("[data-remove]")
    assert list(chats(api)) == ["Lake"]

    page.goto(f"{api.served.base}/people/{one(archive, 'SELECT id FROM people WHERE name = ?', ['Theo'])}")
    page.click("summary:has-text('who this is')")
    page.click("form[data-action=forget] button")
    assert one(archive, "SELECT count(*) FROM people WHERE name = 'Theo'") == 1, "not without the tick"
    page.check("input[name=for_good]")
    with page.expect_navigation():
        page.click("form[data-action=forget] button")
    assert one(archive, "SELECT count(*) FROM people WHERE name = 'Theo'") == 0
    page.close()


@pytest.mark.parametrize("how", ["join and part", "part", "remove", "forget"])
def test_what_is_hidden_stays_hidden_whatever_goes(api: Client, archive: Path, tmp_path: Path, how: str) -> None:
    """Also where the message goes by which the edit names a talk."""
    longer = tmp_path / "longer" / "WhatsApp Chat with Sea.txt"
    longer.parent.mkdir()
    longer.write_text("02/07/2024, 08:59 - Theo: first of all\n" + SEA + "02/07/2024, 09:06 - Nora: done\n", "utf-8")
    put(archive, longer, me="Nora")
    there = chats(api)
    talk = api.get("/api/search?q=Marrowby")["messages"][0]["exchange_id"]
    lantern = api.get("/api/search?q=lantern")["messages"][0]["message_id"]
    assert api.ask("DELETE", f"/api/exchanges/{talk}")[0] == 204
    assert api.ask("DELETE", "/api/messages", {"message_ids": [lantern]})[0] == 200
    sources = [source["id"] for source in api.get("/api/sources")["sources"] if source["chat"] == "Sea"]
    assert len(sources) == 2
    if how == "join and part":
        assert api.ask("POST", f"/api/chats/{there['Lake']}/join", {"chat_ids": [there["Sea"]]})[0] == 200
        asked = {"source_ids": sources, "name": "Sea again"}
        assert api.ask("POST", f"/api/chats/{there['Lake']}/part", asked)[0] == 200
    elif how == "part":
        asked = {"source_ids": sources[1:], "name": "Sea again"}
        assert api.ask("POST", f"/api/chats/{there['Sea']}/part", asked)[0] == 200
    elif how == "remove":
        assert api.ask("DELETE", f"/api/sources/{sources[1]}")[0] == 200
    else:
        assert api.ask("POST", f"/api/sources/{sources[1]}/forget", {"for_good": True})[0] == 200
    for word in ("Marrowby", "buckets", "lantern"):
        assert api.get(f"/api/search?q={word}")["total"] == 0, word
        assert word not in api.text("/book.txt?all=1"), word
    is_well(archive)
