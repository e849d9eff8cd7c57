"""Agreement: the same question by page, API, "see the rows", "see the SQL", CSV and book names the same talks."""

from __future__ import annotations

import csv
import html
import io
import json
import random
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.cli import main
from ingest.ops.passwords import hash_password
from memories_lib.queries import talk_filter
from tests.client import Client, come_in
from tests.conftest import serve
from tests.helpers import rows


@pytest.fixture(scope="module")
def api(examples_db: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("agree")
    shutil.copytree(examples_db.parent, folder / "served")
    served = serve(folder / "served" / "memories.db", folder / "log")
    found = Client(served)
    _edit_at_random(found, random.Random(11))
    yield found
    served.stop()


class As(Client):
    """One who logged in."""

    def __init__(self, client: Client, role: str) -> None:
        super().__init__(client.served)
        self._headers = {"cookie": come_in(client, role, f"{role} word")[2]}

    def ask(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], Any]:
        return super().ask(method, path, body, {**self._headers, **(headers or {})})


@pytest.fixture(scope="module")
def roles(examples_db: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, As]]:
    """The same archive with the same edits, closed, and one of each role in it."""
    folder = tmp_path_factory.mktemp("roles")
    shutil.copytree(examples_db.parent, folder / "served")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEMORIES_PUBLIC", "1")
        for role in ("owner", "curator", "viewer"):
            patch.setenv(f"MEMORIES_{role.upper()}_PASSWORD", hash_password(f"{role} word"))
        served = serve(folder / "served" / "memories.db", folder / "log")
        found = {role: As(Client(served), role) for role in ("owner", "curator", "viewer")}
        _edit_at_random(found["owner"], random.Random(11))
        yield found
        served.stop()


def _edit_at_random(api: Client, dice: random.Random) -> None:
    """Hide, star, merge and split, so that there is something to disagree about."""
    talks = api.get("/api/exchanges?all=1&page_size=100")["items"]
    for talk in dice.sample(talks, len(talks) // 3):
        action = dice.choice(["hide", "star", "message", "merge", "restore"])
        if action == "hide":
            api.ask("DELETE", f"/api/exchanges/{talk['id']}")
        elif action == "star":
            api.ask("POST", f"/api/exchanges/{talk['id']}/star")
        elif action == "merge":
            same = [other["id"] for other in talks if other["chat_id"] == talk["chat_id"]]
            api.ask("POST", "/api/exchanges/merge", {"exchange_ids": dice.sample(same, 2)})
        else:
            messages = api.ask("GET", f"/api/exchanges/{talk['id']}")[2].get("messages", [])
            chosen = [message["message_id"] for message in messages if dice.random() < 0.6]
            if chosen:
                api.ask("DELETE", "/api/messages", {"message_ids": chosen})


def _page(api: Client, asked: dict[str, str]) -> tuple[set[int], dict[str, str]]:
    """(the talks on all pages, what its links lead to)"""
    found: set[int] = set()
    path = f"/?{urlencode(asked or {'order': 'newest'})}"
    links: dict[str, str] = {}
    while path:
        text = api.text(path)
        found |= {int(number) for number in re.findall(r'class="mem-card" href="/talk/(\d+)', text)}
        behind = re.search(r'(?s)mem-behind">(.*?)</p>', text)
        if behind and not links:
            links = dict(
                zip(("rows", "sql"), map(html.unescape, re.findall('href="([^"]+)"', behind[1])), strict=False)
            )
        more = re.search(r'id="more" href="([^"]+)"', text)
        path = html.unescape(more[1]) if more else ""
        if path.startswith("?"):
            path = f"/{path}"
    return found, links


def _api(api: Client, asked: dict[str, str]) -> tuple[set[int], int]:
    found: set[int] = set()
    page = 1
    while True:
        answer = api.get(f"/api/exchanges?{urlencode({**asked, 'page': str(page), 'page_size': '100'})}")
        found |= {item["id"] for item in answer["items"]}
        if not answer["pagination"]["hasMore"]:
            return found, answer["pagination"]["totalItems"]
        page += 1


def _datasette(api: Client, link: str) -> set[int]:
    parts = urlsplit(link)
    return {row["id"] for row in api.get(f"{parts.path}.json?{parts.query}&_shape=array&_size=max")}


@st.composite
def asked_for(draw: st.DrawFn) -> dict[str, str]:
    chosen = {
        "all": draw(st.sampled_from(["", "1"])),
        "starred": draw(st.sampled_from(["", "", "1"])),
        "chat": draw(st.sampled_from(["", "", "Theo", "Abuela Inés", "Lakehouse 🌊", "O'Neill"])),
        "person": draw(st.sampled_from(["", "", "Nora", "Theo", "Grandma June", "ハナ"])),
        "topic": draw(st.sampled_from(["", "", "", "lake", "Lake", "boathouse", "grandma", "花火"])),
        "mood": draw(st.sampled_from(["", "", "joyful", "sad"])),
        "year": draw(st.sampled_from(["", "", "2021", "2023", "2024"])),
        "from": draw(st.sampled_from(["", "", "", "2021-05-01", "2023-06-15"])),
        "to": draw(st.sampled_from(["", "", "", "2023-06-15", "2022-12-31"])),
        "q": draw(st.sampled_from(["", "", "", "lake", "the boat", '"happy birthday" OR lake', "nowhere-at-all"])),
    }
    return {name: value for name, value in chosen.items() if value}


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"all": "1"},
        {"starred": "1"},
        {"person": "Nora"},
        {"chat": "Theo", "all": "1"},
        {"year": "2023", "all": "1"},
        {"q": "lake", "all": "1"},
    ],
)
def test_one_answer_and_not_an_empty_one(api: Client, asked: dict[str, str]) -> None:
    on_page, links = _page(api, asked)
    assert on_page
    assert _datasette(api, links["rows"]) == on_page
    hidden = {row["exchange_id"] for row in api.get("/memories/exchange_marks.json?is_hidden=1&_shape=array")}
    assert hidden
    assert hidden.isdisjoint(on_page)


@pytest.mark.property
@given(asked_for())
def test_one_answer(api: Client, asked: dict[str, str]) -> None:
    on_page, links = _page(api, asked)
    year = asked.get("year")
    for_api = {name: value for name, value in asked.items() if name != "year"}
    if year:
        since, until = for_api.get("from", ""), for_api.get("to", "9999")
        for_api |= {"from": max(since, f"{year}-01-01"), "to": min(until, f"{year}-12-31")}
    by_api, total = _api(api, for_api)
    assert by_api == on_page
    assert total == len(on_page)
    assert _datasette(api, links["rows"]) == on_page
    assert _datasette(api, links["sql"]) == on_page
    parts = urlsplit(links["rows"])
    status, _, told = api.ask("GET", f"{parts.path}.csv?{parts.query}&_stream=on&_size=max")
    assert status == 200
    assert {int(row["id"]) for row in csv.DictReader(io.StringIO(told.decode()))} == on_page
    book = api.get(f"/book.json?{urlencode(asked)}")
    assert {talk["id"] for talk in book} == on_page


@pytest.mark.property
@settings(max_examples=30)
@given(asked_for())
def test_one_answer_for_each_role(api: Client, roles: dict[str, As], asked: dict[str, str]) -> None:
    """And the same talks for all of them: what is hidden is hidden for everybody who does not ask for it."""
    expected, _ = _page(api, asked)
    for role, client in roles.items():
        on_page, links = _page(client, asked)
        assert on_page == expected, role
        by_api, total = _api(client, {name: value for name, value in asked.items() if name != "year"})
        assert (total, by_api >= on_page) == (len(by_api), True)
        assert {talk["id"] for talk in client.get(f"/book.json?{urlencode(asked)}")} == on_page
        assert ("sql" in links, bool(links)) == (role == "owner" and bool(links), bool(links) and role != "viewer")
        for link in links.values():
            assert _datasette(client, link) == on_page, (role, link)


@pytest.mark.parametrize("which", ["all", "memories"])
def test_the_view_says_what_the_filter_says(api: Client, which: str) -> None:
    """The rule is written twice, in Python and in the file; both name the same rows."""
    where, values = talk_filter.TalkFilter(which).where()
    assert values == {}
    ours = f"SELECT id FROM exchanges WHERE {where}"
    views = f"SELECT id FROM visible_exchanges WHERE is_memory OR '{which}' = 'all'"
    for sql in (f"{ours} EXCEPT {views}", f"{views} EXCEPT {ours}"):
        assert api.get(f"/memories.json?{urlencode({'_shape': 'array', 'sql': sql})}") == []


@pytest.mark.parametrize("person", ["Nora", "Theo", "ハナ", "2", "nobody"])
def test_a_person_who_wrote_little_is_found_by_the_same_rule(
    examples_db: Path, monkeypatch: pytest.MonkeyPatch, person: str
) -> None:
    with closing(sqlite3.connect(f"{examples_db.as_uri()}?mode=ro", uri=True)) as connection:
        asked = talk_filter.TalkFilter("all", person=person)
        found = []
        for few in (0, 1 << 40):
            monkeypatch.setattr(talk_filter, "_FEW", few)
            where, values = asked.tuned(connection.execute).where()
            found.append(connection.execute(f"SELECT id FROM exchanges WHERE {where} ORDER BY 1", values).fetchall())
    assert found[0] == found[1]
    assert bool(found[0]) == (person != "nobody")


def test_each_topic_is_found_by_its_talks(api: Client, examples_db: Path) -> None:
    """By the index and by the row: the same."""
    topics = {t for (t,) in rows(examples_db, "SELECT value FROM exchanges, json_each(topics)")}
    assert len(topics) > 10
    shown = api.get("/memories/visible_exchanges.json?_shape=array&_size=max&_col=topics&_col=id")
    for topic in topics:
        expected = {row["id"] for row in shown if topic in json.loads(row["topics"])}
        assert _api(api, {"topic": str(topic), "all": "1"})[0] == expected, topic


@pytest.mark.parametrize("name", ["chat", "person", "mood", "topic", "year", "q"])
@pytest.mark.parametrize("odd", ["\0", "a\0b", '"', '"lake', "lake*", "(", "'", "\x82", " ", "\ud83d", "🌊" * 200])
def test_odd_signs_are_looked_for_like_others(api: Client, name: str, odd: str) -> None:
    asked = urlencode({name: odd, "all": "1"}, errors="surrogatepass")
    page, by_api = (api.ask("GET", f"{path}?{asked}") for path in ("/", "/api/exchanges"))
    assert (page[0], by_api[0]) == (200, 200)
    listed = len(re.findall(rb'class="mem-card"', page[2] if isinstance(page[2], bytes) else b""))
    assert (listed == 0) == (by_api[2]["pagination"]["totalItems"] == 0)


@pytest.mark.parametrize("bad", [{"all": "2"}, {"starred": "yes"}, {"from": "2024"}, {"to": "x"}])
def test_nonsense_is_refused_by_the_api_and_passed_over_on_pages(api: Client, bad: dict[str, str]) -> None:
    assert api.ask("GET", f"/api/exchanges?{urlencode(bad)}")[0] == 422
    assert talk_filter.TalkFilter.from_args(bad) == talk_filter.TalkFilter()


@pytest.mark.parametrize(
    "asked",
    [
        {}, {"person": "Nora"}, {"chat": "Lakehouse 🌊"}, {"from": "2023-01-01"}, {"to": "2022-12-31"},
        {"kind": "text"}, {"person": "Nora", "from": "2021-05-01", "to": "2024-01-01"}, {"person": "nobody"},
    ],
)  # fmt: skip
def test_a_search_is_the_same_in_rows_and_in_sql(api: Client, asked: dict[str, str]) -> None:
    page = api.text(f"/search?{urlencode({'q': 'the', **asked})}")
    found = api.get(f"/api/search?{urlencode({'q': 'the', 'limit': '100', **asked})}")
    ids = {message["message_id"] for message in found["messages"]}
    assert bool(ids) == (asked.get("person") != "nobody")
    behind = re.search(r'(?s)mem-behind">(.*?)</p>', page)
    assert behind
    for link in map(html.unescape, re.findall('href="([^"]+)"', behind[1])):
        assert _datasette(api, link) == ids, link


@pytest.mark.parametrize("kind", ["photos", "videos", "voices"])
def test_the_gallery_is_the_same_in_rows_and_in_sql(api: Client, kind: str) -> None:
    """A sticker is no photo, whatever its file is; a GIF is a video."""
    page = api.text(f"/gallery?kind={kind}")
    behind = re.search(r'(?s)mem-behind">(.*?)</p>', page)
    assert behind
    shown = set(re.findall(r"/-/media/([0-9a-f]{64})", page))
    assert shown or kind != "photos"
    for link in map(html.unescape, re.findall('href="([^"]+)"', behind[1])):
        path, _, query = link.partition("?")
        listed = api.get(f"{path}.json?{query}&_shape=array&_size=max")
        assert {row["sha256"] for row in listed} == shown, link


def test_places_and_photos_in_rows_are_those_that_may_be_seen(api: Client) -> None:
    sql = "select message_id from media where message_id not in (select id from visible_messages)"
    hidden = api.get(f"/memories.json?{urlencode({'_shape': 'array', 'sql': sql})}")
    assert hidden
    for path in ("/map", "/gallery?kind=photos"):
        behind = re.search(r'(?s)mem-behind">(.*?)</p>', api.text(path))
        assert behind
        rows_link = urlsplit(html.unescape(re.findall('href="([^"]+)"', behind[1])[0]))
        listed = api.get(f"{rows_link.path}.json?{rows_link.query}&_shape=array&_size=max")
        assert not {row["message_id"] for row in listed} & {row["message_id"] for row in hidden}


def test_all_of_a_chat_is_hidden_and_found_by_its_people(
    examples_db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MEMORIES_PUBLIC", raising=False)  # another archive of this module is public
    for role in ("VIEWER", "CURATOR", "OWNER"):
        monkeypatch.delenv(f"MEMORIES_{role}_PASSWORD", raising=False)
    shutil.copytree(examples_db.parent, tmp_path / "served")
    database = tmp_path / "served" / "memories.db"
    served = serve(database, tmp_path / "log")
    try:
        api = Client(served)
        talks = [item["id"] for item in api.get("/api/exchanges?all=1&page_size=100&chat=Theo")["items"]]
        for number in talks:
            assert api.ask("DELETE", f"/api/exchanges/{number}")[0] == 204
        page = api.text("/?all=hidden&person=Theo")
        assert {number for number in talks if f"/talk/{number}" in page} == set(talks)
        told = CliRunner().invoke(main, ["stats", "--db", str(database)])
        assert told.exit_code == 0
        assert "Theo (direct): all of it is hidden" in told.output
    finally:
        served.stop()
