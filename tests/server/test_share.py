"""A link shows one talk or one book, and nothing else."""

from __future__ import annotations

import html
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest.ops.passwords import hash_password
from memories_lib.shared import access_tokens
from tests.client import Client
from tests.conftest import serve
from tests.helpers import one, put, rows


@pytest.fixture(scope="module")
def public(
    examples_db: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Client, dict[str, str], Path]]:
    """(a server that is closed to strangers, the curator's header, its archive)."""
    folder = tmp_path_factory.mktemp("shared")
    shutil.copytree(examples_db.parent, folder / "served")
    store = access_tokens.open_store(str(folder / "served" / "access.db"))
    _, token = access_tokens.make(store, "someone", "curator", 86_400)
    store.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEMORIES_PUBLIC", "1")
        patch.setenv("MEMORIES_LOG_LEVEL", "info")
        patch.setenv("MEMORIES_OWNER_PASSWORD", hash_password("owner word"))
        served = serve(folder / "served" / "memories.db", folder / "log")
        yield Client(served), {"authorization": f"Bearer {token}"}, folder / "served" / "memories.db"
        # Whichever tests ran here, a link was asked for.
        assert Client(served).ask("GET", "/s/1_nothing")[0] == 404
        served.stop()
    log = (folder / "log").read_text("utf-8")
    assert "Traceback" not in log
    # One JSON line a request, in which no link stands that would open anything.
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert any(line["path"].startswith("/s/…") for line in lines)
    assert not re.search(r"/s/\d", log)
    assert all(set(line) <= {"at", "level", "method", "path", "status", "ms", "bytes"} for line in lines)


def test_one_talk_with_its_pictures_and_nothing_else(public: tuple[Client, dict[str, str], Path]) -> None:
    api, curator, db = public
    talk = one(
        db,
        """
        SELECT exchange_id FROM media JOIN messages ON messages.id = message_id WHERE thumbnail IS NOT NULL LIMIT 1
        """,
    )
    assert api.ask("POST", "/api/shares", {"exchange_id": talk})[0] == 401
    api.ask("POST", f"/api/exchanges/{talk}/note", {"note": "only for us"}, curator)
    made = api.ask("POST", "/api/shares", {"exchange_id": talk, "days": 7}, curator)[2]
    status, headers, page = api.ask("GET", made["path"])
    assert status == 200
    assert "no-store" in headers["cache-control"]
    text = page.decode()
    assert str(one(db, "SELECT title FROM exchanges WHERE id = ?", [talk]))[:20] in text
    assert "only for us" not in text
    # Its pictures open, others do not; no way leads on from it.
    pictures = re.findall(r'src="([^"]+/small)"', text)
    assert pictures
    assert all(api.ask("GET", path)[0] == 200 for path in pictures)
    other = one(
        db,
        """
        SELECT sha256 FROM media JOIN messages ON messages.id = message_id
        WHERE thumbnail IS NOT NULL AND exchange_id <> ? LIMIT 1
        """,
        [talk],
    )
    assert api.ask("GET", f"{made['path']}/media/{other}/small")[0] == 404
    assert set(re.findall(r'href="([^"#]+)"', text)) <= {
        path for path in re.findall(r'href="([^"#]+)"', text) if "/static/" in path or "-/static" in path
    }
    for path in ("/", f"/talk/{talk}", "/api/exchanges", "/search?q=lake", "/memories"):
        assert api.ask("GET", path)[0] in (302, 401), path
    assert api.ask("GET", "/api/shares", headers=curator)[2]["shares"][0]["id"] == made["id"]
    assert made["path"].partition("_")[2] not in db.with_name("access.db").read_bytes().decode("latin-1")
    assert api.ask("DELETE", f"/api/shares/{made['id']}", headers=curator)[0] == 204
    assert api.ask("GET", made["path"])[0] == 404
    assert api.ask("GET", pictures[0])[0] == 404


def test_a_book_and_what_is_hidden_meanwhile(public: tuple[Client, dict[str, str], Path]) -> None:
    api, curator, db = public
    made = api.ask("POST", "/api/shares", {"book": {"year": "2021", "chat": "Lakehouse 🌊"}}, curator)[2]
    text = api.ask("GET", made["path"])[2].decode()
    assert "the water is kind about it" in text
    assert "BESTANDEN" not in text
    talk = one(db, "SELECT exchange_id FROM messages WHERE text LIKE '%the water is kind about it%'")
    api.ask("DELETE", f"/api/exchanges/{talk}", headers=curator)
    assert "the water is kind about it" not in api.ask("GET", made["path"])[2].decode()
    with closing(sqlite3.connect(db.with_name("access.db"))) as store:
        store.execute("UPDATE shares SET expires_at = 1 WHERE id = ?", (made["id"],))
        store.commit()
    assert api.ask("GET", made["path"])[0] == 404


@pytest.mark.parametrize(
    "body",
    [
        {}, {"exchange_id": "x"}, {"exchange_id": -1}, {"exchange_id": 1 << 70}, {"book": {}},
        {"book": {"x": "1"}}, {"book": 7},
        {"exchange_id": 1, "days": 0}, {"exchange_id": 1, "days": 9999}, {"exchange_id": 1, "book": {"year": "2021"}},
    ],
)  # fmt: skip
def test_what_is_no_link(public: tuple[Client, dict[str, str], Path], body: dict) -> None:
    api, curator, _ = public
    assert api.ask("POST", "/api/shares", body, curator)[0] == 422


@pytest.mark.parametrize("link", ["1", "1_", "1_" + "a" * 32, "999_" + "a" * 32, "x"])
def test_guessed_links(public: tuple[Client, dict[str, str], Path], link: str) -> None:
    api, curator, _ = public
    assert api.ask("GET", f"/s/{link}")[0] == 404
    assert api.ask("POST", "/api/shares", {"exchange_id": 999_999}, curator)[0] == 404


def test_a_link_shows_no_more_than_was_shared(public: tuple[Client, dict[str, str], Path]) -> None:
    """What is merged into a talk afterwards was given to nobody."""
    api, curator, db = public
    first, second = (
        row[0] for row in rows(db, "SELECT id FROM exchanges WHERE chat_id = 1 ORDER BY started_at LIMIT 2")
    )
    made = api.ask("POST", "/api/shares", {"exchange_id": first}, curator)[2]
    before = re.findall(
        r'<span\s+class="words" dir="auto">(.*?)</span>', api.ask("GET", made["path"])[2].decode(), re.DOTALL
    )
    assert before
    assert api.ask("POST", "/api/exchanges/merge", {"exchange_ids": [first, second]}, curator)[0] == 200
    after = re.findall(
        r'<span\s+class="words" dir="auto">(.*?)</span>', api.ask("GET", made["path"])[2].decode(), re.DOTALL
    )
    assert after == before


def test_a_shared_book_goes_on_part_by_part(public: tuple[Client, dict[str, str], Path]) -> None:
    api, curator, db = public
    made = api.ask("POST", "/api/shares", {"book": {"starred": "", "chat": "Lakehouse 🌊"}}, curator)[2]
    page = api.ask("GET", made["path"])[2].decode()
    where = "is_memory AND exchanges.id NOT IN (SELECT exchange_id FROM exchange_marks WHERE is_hidden)"
    memories = one(
        db, f"SELECT count(*) FROM exchanges JOIN chats ON chats.id = chat_id WHERE name LIKE 'Lakehouse%' AND {where}"
    )
    assert page.count('class="book-talk"') == memories
    last = rows(db, f"SELECT started_at, id FROM exchanges WHERE chat_id IN (SELECT id FROM chats WHERE name LIKE "
                f"'Lakehouse%') AND {where} ORDER BY started_at")[1]  # fmt: skip
    rest = api.ask("GET", f"{made['path']}?before={last[0]}/{last[1]}")[2].decode()
    assert rest.count('class="book-talk"') == int(str(memories)) - 2


def test_a_book_of_somebody_outlasts_another_name(public: tuple[Client, dict[str, str], Path]) -> None:
    """Renamed once and again, and their chat too: the link shows what it showed."""
    api, curator, db = public
    person = one(db, "SELECT id FROM people WHERE name = 'Theo'")
    made = api.ask("POST", "/api/shares", {"book": {"person": "Theo"}}, curator)[2]
    before = re.findall(r'<dd dir="auto">(.*?)</dd>', api.ask("GET", made["path"])[2].decode(), re.DOTALL)
    assert before
    for name in ("Theodore", "Teddy"):
        assert api.ask("POST", f"/api/people/{person}/rename", {"name": name}, curator)[0] == 200
        page = api.ask("GET", made["path"])[2].decode()
        assert re.findall(r'<dd dir="auto">(.*?)</dd>', page, re.DOTALL) == before
    shown = api.ask("POST", "/api/shares", {"book": {"person": "Teddy"}}, curator)[2]
    page = api.ask("GET", shown["path"])[2].decode().replace(shown["path"], made["path"])
    assert re.findall(r'<dd dir="auto">(.*?)</dd>', page, re.DOTALL) == before


def test_a_link_to_a_talk_that_was_merged_into_another(public: tuple[Client, dict[str, str], Path]) -> None:
    """It shows what it showed, also where hidden messages were in it."""
    api, curator, db = public
    talks = rows(db, "SELECT id FROM visible_exchanges WHERE chat_id = 2 ORDER BY id LIMIT 2")
    first, second = talks[0][0], talks[1][0]
    made = api.ask("POST", "/api/shares", {"exchange_id": second}, curator)[2]
    shown = re.findall(
        r'<span\s+class="words" dir="auto">(.*?)</span>', api.ask("GET", made["path"])[2].decode(), re.DOTALL
    )
    assert shown
    assert api.ask("POST", "/api/exchanges/merge", {"exchange_ids": [first, second]}, curator)[0] == 200
    page = api.ask("GET", made["path"])
    assert page[0] == 200
    assert re.findall(r'<span\s+class="words" dir="auto">(.*?)</span>', page[2].decode(), re.DOTALL) == shown


def test_a_talk_merged_in_between_is_not_given_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A and C are one talk and shared; B, which lies between, is merged into it later."""
    monkeypatch.delenv("MEMORIES_PUBLIC", raising=False)
    export = tmp_path / "WhatsApp Chat with Bo.txt"
    export.write_text(
        "".join(
            f"{10 + day}.03.24, 10:0{n} - {'Bo' if n else 'Ana'}: the {word} number {n}\n"
            for day, word in enumerate(("quince", "medlar", "sloe"))
            for n in range(3)
        ),
        "utf-8",
    )
    (tmp_path / "served").mkdir()
    put(tmp_path / "served" / "memories.db", export, me="Ana")
    served = serve(tmp_path / "served" / "memories.db", tmp_path / "log")
    try:
        api = Client(served)
        first, between, last = sorted(item["id"] for item in api.get("/api/exchanges?all=1")["items"])
        api.ask("POST", "/api/exchanges/merge", {"exchange_ids": [first, last]})
        made = api.ask("POST", "/api/shares", {"exchange_id": first})[2]
        before = api.text(made["path"])
        assert ("quince" in before, "medlar" in before, "sloe" in before) == (True, False, True)
        api.ask("POST", "/api/exchanges/merge", {"exchange_ids": [first, between]})
        after = api.text(made["path"])
        assert ("quince" in after, "medlar" in after, "sloe" in after) == (True, False, True)
    finally:
        served.stop()


@pytest.mark.parametrize(
    "book", [{}, {"year": ""}, {"starred": "0"}, {"starred": "no"}, {"year": "all"}, {"year": "2"}]
)
def test_a_book_of_nothing_chosen_is_not_shared(
    public: tuple[Client, dict[str, str], Path], book: dict[str, str]
) -> None:
    api, curator, _ = public
    assert api.ask("POST", "/api/shares", {"book": book}, curator)[0] == 422


def test_links_are_listed_and_withdrawn_and_a_dead_one_says_so(public: tuple[Client, dict[str, str], Path]) -> None:
    api, curator, db = public
    number, title = rows(db, "SELECT id, title FROM visible_exchanges ORDER BY id LIMIT 1")[0]
    made = api.ask("POST", "/api/shares", {"exchange_id": number}, curator)[2]
    page = html.unescape(api.ask("GET", "/shares", None, curator)[2].decode())
    assert str(title) in page
    assert f'data-withdraw="{made["id"]}"' in page
    assert made["path"] not in page
    assert api.ask("GET", "/shares")[0] in (302, 401, 403)
    api.ask("DELETE", f"/api/shares/{made['id']}", None, curator)
    assert f'data-withdraw="{made["id"]}"' not in api.ask("GET", "/shares", None, curator)[2].decode()
    status, _, gone = api.ask("GET", made["path"])
    assert status == 404
    assert "This link shows nothing any more" in gone.decode()
    german = api.ask("GET", made["path"], None, {"accept-language": "de-AT,de;q=0.8"})[2].decode()
    assert "Dieser Link zeigt nichts mehr" in german
