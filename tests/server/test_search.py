"""One search: newest by time whatever was ingested last, the same by page, API, rows, SQL and command."""

from __future__ import annotations

import html
import json
import random
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from ingest.cli import main
from memories_lib.queries import search
from memories_lib.shared import folding
from memories_lib.shared.fts_query import fts_query
from memories_lib.shared.snippet import snippet
from tests.client import Client
from tests.conftest import serve
from tests.helpers import one, put, rows

NEWER = "12/03/2024, 10:00 - Ben: the lantern is mine\n12/03/2024, 10:05 - Ana: which lantern\n"
OLDER = "12/03/2019, 10:00 - Cleo: a lantern on the pier\n13/03/2021, 10:05 - Ana: no Lantern today\n"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two chats; the one that was ingested last is the older one."""
    folder = tmp_path_factory.mktemp("search")
    for name, text in (("Ben", NEWER), ("Cleo", OLDER)):
        export = folder / f"WhatsApp Chat with {name}.txt"
        export.write_text(text, encoding="utf-8")
        put(folder / "memories.db", export, me="Ana")
    return folder / "memories.db"


@pytest.fixture(scope="module")
def api(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    served = serve(database, tmp_path_factory.mktemp("log") / "log")
    yield Client(served)
    served.stop()


IN_TIME = ["which lantern", "the lantern is mine", "no Lantern today", "a lantern on the pier"]


def test_newest_is_by_time_everywhere(api: Client, database: Path) -> None:
    assert [hit["quote"] for hit in api.get("/api/search?q=lantern")["messages"]] == IN_TIME
    assert [hit["quote"] for hit in api.get("/api/search?q=lantern&sort=first")["messages"]] == IN_TIME[::-1]
    assert {hit["quote"] for hit in api.get("/api/search?q=lantern&sort=best")["messages"]} == set(IN_TIME)
    page = re.sub(r"</?mark>", "", api.text("/search?q=lantern"))
    # A talk's hits are read in the order they were said, the newest talk first.
    in_talks = ["the lantern is mine", "which lantern", "no Lantern today", "a lantern on the pier"]
    assert re.findall(r'class="hit".*?<span dir="auto">([^<]+)</span>', page, re.DOTALL) == in_talks
    asked = urlencode({"words": "lantern", "_shape": "array"})
    assert [row["text"] for row in api.get(f"/memories/search.json?{asked}")] == IN_TIME
    first = api.get(f"/memories/first_time_said.json?{asked}")
    assert [row["text"] for row in first] == IN_TIME[::-1]
    said = CliRunner().invoke(main, ["search", "lantern", "--db", str(database)]).stdout
    assert sorted(IN_TIME, key=said.index) == IN_TIME
    listed = api.get("/memories/messages.json?_search=lantern&_sort_desc=sent_at&_shape=array")
    assert [row["text"] for row in listed] == IN_TIME


def shown(api: Client, asked: str) -> list[str]:
    """The texts of the hits on the search page, without marks."""
    page = html.unescape(re.sub(r"</?mark>", "", api.text(f"/search?{asked}")))
    return re.findall(r'class="hit".*?<span dir="auto">([^<]+)</span>', page, re.DOTALL)


def test_beginnings_where_nothing_has_the_word(api: Client) -> None:
    assert set(shown(api, "q=lanter")) == set(IN_TIME)
    assert "No message has “lanter”" in api.text("/search?q=lanter")
    assert shown(api, "q=lanteryx") == []
    assert shown(api, 'q="lanter"') == []  # who quotes means it
    assert "No message has" not in api.text("/search?q=lantern")


@pytest.mark.parametrize("wrong", ["lantren", "lamtern", "lantrn", "lantrern", "LANTREN"])
def test_a_wrong_letter_finds_what_was_meant(api: Client, database: Path, wrong: str) -> None:
    assert set(shown(api, f"q={wrong}")) == set(IN_TIME)
    assert f"No message has “{wrong}”; messages with “lantern”" in html.unescape(api.text(f"/search?q={wrong}"))
    told = CliRunner().invoke(main, ["search", "--db", str(database), wrong]).output
    assert "others wrote: lantern" in told


def test_a_question_is_answered_with_where_it_was_said(api: Client) -> None:
    page = html.unescape(api.text("/search?q=" + quote("Who saw a lantern on the pier?")))
    said = page[: page.index("</section>")]
    assert "What was said about it" in said
    assert "a lantern on the pier" in said
    assert "What was said about it" not in api.text("/search?q=" + quote("Who ate the zebra cheese?"))
    assert "What was said about it" not in api.text("/search?q=lantern")


def test_photos_are_found_by_what_was_said_around_them_and_by_whom(tmp_path: Path) -> None:
    """Whoever sent the photo did not say the words; nor is a photo of another hour near them."""
    export = tmp_path / "WhatsApp Chat with Ben.txt"
    export.write_text(
        "12/03/2024, 10:00 - Ana: the lantern on the pier\n12/03/2024, 10:02 - Ben: <Media omitted>\n"
        "12/03/2024, 10:50 - Ben: <Media omitted>\n12/03/2024, 10:55 - Ben: home\n", encoding="utf-8",
    )  # fmt: skip
    put(tmp_path / "memories.db", export, me="Ana")
    with closing(sqlite3.connect(tmp_path / "memories.db")) as connection, connection:
        connection.execute("UPDATE messages SET kind = 'image' WHERE kind = 'file'")
        connection.execute("UPDATE exchanges SET title = 'something else', topics = '[]'")
        connection.execute("INSERT INTO exchanges_fts (exchanges_fts) VALUES ('delete-all')")
        kinds = [kind for (kind,) in connection.execute("SELECT kind FROM messages ORDER BY sent_at")]
    served = serve(tmp_path / "memories.db", tmp_path / "log")
    page = html.unescape(Client(served).text(f"/search?q=lantern&kind={kinds[1]}&part=1"))
    served.stop()
    told = re.sub(r"</?(?:mark|b|bdi|span)[^>]*>", "", page)
    hits = re.findall(r'class="hit"[^>]*>\s*(.*?)</a>', told, re.DOTALL)
    assert [" ".join(hit.split()) for hit in hits] == ["Ana: the lantern on the pier"]


def test_words_inside_a_chat_lead_from_hit_to_hit(api: Client) -> None:
    chat = next(c for c in api.get("/api/chats")["chats"] if c["name"] == "Ben")
    status, headers, _ = api.ask("GET", f"/chats/{chat['id']}?find=lantern")
    assert status == 302
    newest = api.text(headers["location"].partition("#")[0])
    assert "1 of 2" in newest
    way = re.search(r'data-find="arrow-up"\s+href="([^"#]+)', newest)
    assert way
    older = api.text(html.unescape(way[1]))
    assert "2 of 2" in older
    assert 'data-find="arrow-up"' not in older
    back = re.search(r'data-find="arrow-down"\s+href="([^"#]+)', older)
    assert back
    assert "1 of 2" in api.text(html.unescape(back[1]))
    assert "nowhere" in api.text(f"/chats/{chat['id']}?find=pier")


@pytest.mark.parametrize(
    ("asked", "texts"),
    [
        ("person=Ana", ["which lantern", "no Lantern today"]),
        ("person=Cleo&kind=text", ["a lantern on the pier"]),
        ("chat=Cleo&sort=first", ["a lantern on the pier", "no Lantern today"]),
        ("from=2021-01-01&to=2022-01-01", ["no Lantern today"]),
        ("kind=image", []),
        ("", []),
        ("person=nobody", []),
    ],
)
def test_filters_work_without_words(api: Client, asked: str, texts: list[str]) -> None:
    assert shown(api, asked) == texts


@pytest.mark.parametrize(("name", "table"), [("chat", "chats"), ("person", "people")])
@pytest.mark.parametrize("words", ["", "q=lantern&"])
def test_a_chat_and_a_person_are_named_or_numbered(
    api: Client, database: Path, name: str, table: str, words: str
) -> None:
    """As in the list of talks, by page and API."""
    number = one(database, f"SELECT id FROM {table} WHERE name = 'Cleo'")
    named, numbered = (shown(api, f"{words}{name}={value}") for value in ("Cleo", number))
    assert named == numbered != []
    told = [api.get(f"/api/search?q=lantern&{name}={value}")["messages"] for value in ("Cleo", number)]
    assert told[0] == told[1]


def test_years_of_what_was_found_lead_to_them(api: Client) -> None:
    page = html.unescape(api.text("/search?q=lantern"))
    bars = re.findall(r'<li><a href="(/search[^"]+)"[^>]*title="(\d+)"', page)
    assert [count for _, count in bars] == ["1", "1", "2"]
    assert [len(shown(api, address.partition("?")[2])) for address, _ in bars] == [1, 1, 2]


def test_what_is_hidden_is_in_no_list_without_words(examples_db: Path, tmp_path: Path) -> None:
    shutil.copytree(examples_db.parent, tmp_path / "served")
    served = serve(tmp_path / "served" / "memories.db", tmp_path / "log")
    try:
        api = Client(served)
        before = shown(api, "person=Theo&kind=text")
        assert len(before) > 10
        found = one(tmp_path / "served" / "memories.db", "SELECT id FROM messages WHERE text = ?", [before[0]])
        assert api.ask("DELETE", "/api/messages", {"message_ids": [found]})[0] in (200, 204)
        assert before[0] not in shown(api, "person=Theo&kind=text")
    finally:
        served.stop()


def test_a_page_goes_on_where_the_one_before_ended(api: Client) -> None:
    for order in ("newest", "first"):
        found, before = [], ""
        while True:
            answer = api.get(f"/api/search?q=lantern&limit=1&sort={order}{before}")
            found += [hit["quote"] for hit in answer["messages"]]
            assert answer["total"] == 4
            if answer["next"] is None:
                break
            before = f"&before={answer['next']}"
        assert found == (IN_TIME if order == "newest" else IN_TIME[::-1])
    assert api.get("/api/search?q=lantern&before=999")["messages"] == []


def test_an_unknown_order_is_refused(api: Client) -> None:
    assert api.ask("GET", "/api/search?q=lantern&sort=shortest")[0] == 422


def test_all_ways_find_the_same(examples_db: Path, tmp_path: Path) -> None:
    """With hidden messages and talks, words in photos, and whatever else there is."""
    shutil.copytree(examples_db.parent, tmp_path / "served")
    path = tmp_path / "served" / "memories.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        media = connection.execute("SELECT id FROM media ORDER BY id LIMIT 2").fetchall()
        for (number,) in media:
            connection.execute("UPDATE media SET description = 'the lake at dusk' WHERE id = ?", (number,))
            connection.execute("INSERT INTO media_fts (rowid, description) VALUES (?, 'the lake at dusk')", (number,))
    served = serve(path, tmp_path / "log")
    api, dice = Client(served), random.Random(3)
    for talk in dice.sample(api.get("/api/exchanges?all=1&page_size=100")["items"], 6):
        api.ask("DELETE", f"/api/exchanges/{talk['id']}")
    texts = [str(text) for (text,) in rows(path, "SELECT text FROM messages WHERE length(text) > 20 ORDER BY id")]
    hidden = [n for (n,) in rows(path, "SELECT id FROM messages WHERE id % 7 = 0")]
    api.ask("DELETE", "/api/messages", {"message_ids": hidden})
    words = ["lake", "the", "you", *(dice.choice(text.split()) for text in dice.sample(texts, 25))]
    found = 0
    for word in words:
        expected = {
            number
            for (number,) in rows(
                path,
                """
                SELECT id FROM visible_messages WHERE id IN (SELECT rowid FROM messages_fts WHERE messages_fts MATCH ?)
                UNION SELECT message_id FROM media JOIN visible_messages ON visible_messages.id = message_id
                WHERE media.id IN (SELECT rowid FROM media_fts WHERE media_fts MATCH ?)
                """,
                [fts_query(word) or '""'] * 2,
            )
        }
        found += len(expected)
        answer = api.get(f"/api/search?q={quote(word)}&limit=200")
        assert {hit["message_id"] for hit in answer["messages"]} == expected, word
        assert answer["total"] == len(expected)
        page = api.text(f"/search?q={quote(word)}")
        shown = {int(n) for n in re.findall(r'class="hit" href="/talk/\d+[^"#]*#m(\d+)"', page)}
        assert shown == set([hit["message_id"] for hit in answer["messages"]][:40]), word
        said = CliRunner().invoke(main, ["search", "--limit", "999", "--db", str(path), "--", word]).stdout
        assert len(said.splitlines()) == len(expected), word
    assert found > 50
    served.stop()


@pytest.mark.parametrize(
    "asked",
    [
        {"chat": "Cleo"},
        {"chat": 1},
        {"person": "Ana"},
        {"person": 2},
        {"from": "2021-03-13", "to": "2024-01-01"},
        {"from": "2021-03-14"},
        {"kind": "text", "person": "Cleo"},
        {"kind": "image"},
        {"chat": "Cleo", "person": "Ana", "to": "2021-03-13"},
    ],
    ids=urlencode,
)
def test_what_narrows_a_search_narrows_every_way(api: Client, database: Path, asked: dict[str, object]) -> None:
    """Page, API, command, "see the rows" and "see the SQL" of one narrowed search."""
    query = urlencode({"q": "lantern", **asked})
    texts = sorted(hit["quote"] for hit in api.get(f"/api/search?{query}")["messages"])
    assert sorted(shown(api, query)) == texts
    page = html.unescape(api.text(f"/search?{query}"))
    behind = re.search(r'<p class="mem-meta mem-behind">.*?</p>', page, re.DOTALL)
    addresses = re.findall(r'href="([^"]*)"', behind[0]) if behind else []
    assert len(addresses) == 2
    for address in addresses:
        path, _, rest = address.partition("?")
        listed = api.get(f"{path}.json?{rest}&_shape=array")
        assert sorted(row["text"] for row in listed) == texts, address
    options = {"from": "since", "to": "until"}
    given = [part for name, value in asked.items() for part in (f"--{options.get(name, name)}", str(value))]
    said = CliRunner().invoke(main, ["search", "lantern", "--db", str(database), *given])
    assert said.exit_code == 0
    assert sorted(line.partition(": ")[2] for line in said.stdout.splitlines()) == texts


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["--since", "June"], "'June' is no date"),
        (["--until", "2024-02-30"], "'2024-02-30' is no date"),
        (["--chat", "Zoe"], "nothing called 'Zoe' among the chats"),
        (["--person", "99"], "nothing called '99' among the people"),
        (["--kind", "photo"], "'photo' is not one of"),
    ],
)
def test_a_command_refuses_what_narrows_to_nothing_there_is(database: Path, given: list[str], sentence: str) -> None:
    said = CliRunner().invoke(main, ["search", "lantern", "--db", str(database), *given])
    assert said.exit_code != 0
    assert sentence in said.output


@pytest.mark.parametrize(
    ("narrower", "chats"),
    [("", {"Ben", "Cleo"}), ("&chat=Cleo", {"Cleo"}), ("&person=Cleo", {"Cleo"}), ("&from=2022-01-01", {"Ben"}),
     ("&kind=text", set())],
)  # fmt: skip
def test_talks_of_a_search_are_narrowed_like_its_messages(api: Client, narrower: str, chats: set[str]) -> None:
    found = api.get(f"/api/search?q=lantern{narrower}")["exchanges"]
    assert {talk["chat"] for talk in found} == chats


@pytest.mark.parametrize("apart", [0, 64])
def test_looking_through_the_newest_finds_what_sorting_finds(
    examples_db: Path, monkeypatch: pytest.MonkeyPatch, apart: int
) -> None:
    """The two ways to the newest are one answer, on every page of it."""
    monkeypatch.setattr(search, "_APART", apart)
    with closing(sqlite3.connect(f"{examples_db.as_uri()}?mode=ro", uri=True)) as connection:
        for word in ("the", "lake", "you", "e*", "squirrels"):
            before = None
            while True:
                monkeypatch.setattr(search, "_MANY", 1 << 60)
                by_sorting = search.find(connection.execute, fts_query(word), most=3, before=before)
                monkeypatch.setattr(search, "_MANY", 0)
                monkeypatch.setattr(search, "_FIRST_LOOK", 2)
                assert search.find(connection.execute, fts_query(word), most=3, before=before) == by_sorting
                if len(by_sorting[0]) < 3:
                    break
                before = by_sorting[0][-1]


def test_a_question_of_a_thousand_words_costs_little() -> None:
    """600 times a word on a message of 60 KB took eight seconds."""
    text = "lantern pier " * 5000
    pieces = snippet(text, " ".join(["lantern"] * 600 + [f"w{n}" for n in range(2000)]))
    assert ("lantern", True) in pieces
    assert json.dumps(pieces).count("lantern") < 60


def test_nothing_is_found_for_nothing(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        assert search.find(connection.execute, '""') == ([], 0)
    assert one(database, "SELECT count(*) FROM messages") == 4


def _anywhere(text: str, question: str) -> str:
    """The first hit's surroundings, found letter by letter."""
    folded, origin = folding.with_origin(text)
    found = [at for word in question.split() if (at := folded.find(folding.plain(word))) >= 0]
    start = max(0, origin[min(found)] - 60) if found else 0
    return ("…" if start else "") + text[start : start + 240]


@given(
    st.text("aä\u0301ßÆ ,😀한花e\u0308ﬁ", max_size=60),
    st.integers(0, 2_200),
    st.sampled_from(["strasse", "Straße", "lánterń", "花", "ae", "fi x"]),
)
def test_a_snippet_is_around_the_first_hit_however_long_the_text(piece: str, before: int, word: str) -> None:
    text = "." * before + piece + f" {word} " + piece * 20
    said = "".join(part for part, _ in snippet(text, word))
    assert said.rstrip("…").startswith(_anywhere(text, word).rstrip("…"))
    assert any(is_hit for _, is_hit in snippet(text, word))


def test_very_long_messages_come_a_few_at_a_time(tmp_path: Path) -> None:
    export = tmp_path / "WhatsApp Chat with Carl.txt"
    export.write_text(
        "".join(f"12/03/2024, 10:{n:02} - Carl: lantern {n} {'wörter ' * 9_000}\n" for n in range(40)), "utf-8"
    )
    put(tmp_path / "memories.db", export)
    served = serve(tmp_path / "memories.db", tmp_path / "log")
    try:
        api = Client(served)
        found, before, pages = [], "", 0
        while before is not None:
            page = api.get(f"/api/search?q=lantern&limit=200{before and f'&before={before}'}")
            assert len(json.dumps(page, ensure_ascii=False)) < 1_500_000
            assert page["total"] == 40
            found += [message["message_id"] for message in page["messages"]]
            before, pages = page["next"], pages + 1
        assert len(found) == len(set(found)) == 40
        assert pages == 6
    finally:
        served.stop()


def test_a_hidden_message_has_no_time_to_page_from(examples_db: Path, tmp_path: Path) -> None:
    shutil.copytree(examples_db.parent, tmp_path / "served")
    served = serve(tmp_path / "served" / "memories.db", tmp_path / "log")
    try:
        api = Client(served)
        hidden = api.get("/api/search?q=the&limit=5")["messages"][2]["message_id"]
        assert api.get(f"/api/search?q=the&before={hidden}")["messages"]
        assert api.ask("DELETE", "/api/messages", {"message_ids": [hidden]})[0] == 200
        assert api.get(f"/api/search?q=the&before={hidden}")["messages"] == []
        assert api.get("/api/search?q=the&before=999999")["messages"] == []
    finally:
        served.stop()
