"""What an attack on the newer pages found: each kind stays closed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from datasette.app import Datasette

from memories_lib.server import response_cache
from tests.client import Client
from tests.conftest import Served, free_port, serve
from tests.helpers import checkout, put, rows, run_apart

LONG = "a very long thing to say indeed, and then some more of it "


@pytest.fixture
def long_talk(tmp_path: Path) -> Path:
    """One talk of 120 messages of 60,000 letters."""
    export = tmp_path / "WhatsApp Chat with Ben.txt"
    words = (LONG * 1100)[:60_000]
    export.write_text(
        "".join(f"12/03/2024, 10:{n % 60:02} - {'Ben' if n % 2 else 'Ana'}: {n} {words}\n" for n in range(120)), "utf-8"
    )
    put(tmp_path / "memories.db", export, me="Ana")
    return tmp_path / "memories.db"


@pytest.mark.parametrize("path", ["/talk/{talk}", "/chats/1", "/?talk={talk}&order=newest", "/book?all=1", "{share}"])
def test_a_page_holds_no_more_letters_than_anybody_reads(long_talk: Path, path: str) -> None:
    served = serve(long_talk, long_talk.parent / "log")
    api = Client(served)
    talk, message = rows(long_talk, "SELECT exchange_id, min(id) FROM messages GROUP BY 1")[0]
    share = api.ask("POST", "/api/shares", {"exchange_id": talk})[2]["path"]
    page = api.text(path.format(talk=talk, share=share))
    assert len(page) < 2_000_000
    assert page.count(LONG[:20]) > 100
    whole = api.text(f"/messages/{message}.txt")
    served.stop()
    assert len(whole) > 60_000
    if path in ("/talk/{talk}", "/chats/1"):
        assert f"/messages/{message}.txt" in page


def test_what_was_read_before_a_change_is_not_kept_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page's part that is made of what was read before: its time counts, and not that of its making."""
    stamps = iter(["old", "new", "new", "new", "new", "new", "new"])
    monkeypatch.setattr(response_cache, "stamp_of", lambda _: next(stamps))
    response_cache.forget()
    served: Any = Datasette()

    async def twice() -> list[str]:
        since = response_cache.stamp_of(served)

        async def made(what: str) -> str:
            return what

        return [
            await response_cache.value(served, "home", lambda: made("as it was"), since),
            await response_cache.value(served, "home", lambda: made("as it is")),
        ]

    assert run_apart(twice()) == ["as it was", "as it is"]
    response_cache.forget()


def test_the_best_hits_tell_nothing_of_what_is_hidden(tmp_path: Path) -> None:
    """The same visible messages are in the same order, whatever words hidden ones have."""
    orders = []
    for word in ("affair", "kettle"):
        folder = tmp_path / word
        folder.mkdir()
        said = ["the affair of the boat", "the kettle of the boat", *(f"{word} number {n}" for n in range(25))]
        export = folder / "WhatsApp Chat with Ben.txt"
        export.write_text("".join(f"12/03/2024, 10:{n:02} - Ana: {text}\n" for n, text in enumerate(said)), "utf-8")
        put(folder / "memories.db", export, me="Ana")
        served = serve(folder / "memories.db", folder / "log")
        api = Client(served)
        hidden = [n for (n,) in rows(folder / "memories.db", "SELECT id FROM messages WHERE text LIKE '% number %'")]
        api.ask("DELETE", "/api/messages", {"message_ids": hidden})
        found = api.get("/api/search?sort=best&q=" + quote("affair OR kettle"))["messages"]
        orders.append([hit["quote"] for hit in found])
        served.stop()
    assert orders[0] == orders[1]
    assert len(orders[0]) == 2


def test_a_year_told_with_a_hidden_word_has_no_title_on_the_first_page(long_talk: Path) -> None:
    served = serve(long_talk, long_talk.parent / "log")
    api = Client(served)
    message = rows(long_talk, "SELECT min(id) FROM messages")[0][0]
    with closing(sqlite3.connect(long_talk)) as connection, connection:
        connection.execute("UPDATE exchanges SET is_memory = 1, score = 0.9")
        connection.execute(
            """
            INSERT INTO periods (chat_id, period, title, summary, told_by, told_at)
            VALUES (1, '2024', 'The year of the quabbelring', 'x', 'gemini', '2030-01-01T00:00:00Z')
            ON CONFLICT DO UPDATE SET title = excluded.title, told_by = excluded.told_by, told_at = excluded.told_at
            """
        )
    assert "quabbelring" in api.text("/")
    api.ask("DELETE", "/api/messages", {"message_ids": [message]})
    assert "quabbelring" not in api.text("/")
    served.stop()


def test_a_served_folder_shows_the_archive_and_nothing_beside_it(tmp_path: Path) -> None:
    """`datasette .` opens every database of a folder: who may enter, and what was edited, are nobody's to read."""
    folder = checkout(tmp_path / "checkout")
    export = folder / "WhatsApp Chat with Ben.txt"
    export.write_text("12/03/2024, 10:00 - Ben: the lantern is mine\n12/03/2024, 10:05 - Ana: no\n", "utf-8")
    put(folder / "memories.db", export, me="Ana")
    for name in ("access.db", "curation.db", "summaries.db"):
        with closing(sqlite3.connect(folder / name)) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS tokens (digest TEXT)")
            connection.commit()
    port = free_port()
    served = Served(["-m", "datasette", ".", "--port", str(port)], port, tmp_path / "log", cwd=folder)
    try:
        assert "lantern" in served.get("/chats/1")[2].decode()
        assert served.get("/search?q=lantern")[0] == 200
        for path in (
            "/access",
            "/access/tokens.json",
            "/access.json",
            "/curation",
            "/curation/edits.json",
            "/summaries",
        ):
            assert served.get(path)[0] in (302, 403), path
    finally:
        served.stop()


def test_a_list_holds_the_beginnings_of_very_long_first_messages(long_talk: Path) -> None:
    served = serve(long_talk, long_talk.parent / "log")
    try:
        api = Client(served)
        (talk,) = api.get("/api/exchanges?all=1")["items"]
        first = talk["first_message"]
        assert (len(first["quote"]), first["quote"][-1], first["is_cut"]) == (4001, "…", True)
        whole = api.get(f"/api/exchanges/{talk['id']}")
        assert whole["first_message"] == whole["messages"][0]
        assert len(whole["messages"][0]["quote"]) > 60_000
        assert "is_cut" not in whole["messages"][0]
    finally:
        served.stop()
