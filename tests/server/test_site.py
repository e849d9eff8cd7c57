"""The archive, served by real Datasette over a socket."""

from __future__ import annotations

import json
import sqlite3
import urllib.parse
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT, Served, free_port, serve
from tests.helpers import checkout, one, put, rows
from tests.phones import PHONES, Sent, write

METADATA = yaml.safe_load((ROOT / "metadata.yml").read_text("utf-8"))["databases"]["memories"]
QUERIES = METADATA["queries"]


def found(site: Served, words: str, table: str = "messages") -> list[str]:
    """Texts (or titles) that Datasette's own search box finds."""
    query = urllib.parse.urlencode({"_search": words, "_shape": "array"})
    status, _, body = site.get(f"/memories/{table}.json?{query}")
    assert status == 200, body
    return [row["text" if table == "messages" else "title"] for row in json.loads(body)]


def test_the_index_lists_the_memories(site: Served, examples_db: Path) -> None:
    status, _, body = site.get("/?order=newest")
    page = body.decode()
    assert status == 200
    assert page.count("mem-card") == one(examples_db, "SELECT count(*) FROM exchanges WHERE is_memory") == 20
    assert "/-/media/" in page
    status, _, body = site.get("/?before=2020-01-01")
    assert "2019-06-14" in body.decode()
    assert "2024-" not in body.decode().split("mem-list")[1]


def test_an_exchange_reads_as_a_chat(site: Served, examples_db: Path) -> None:
    exchange = one(examples_db, "SELECT exchange_id FROM messages WHERE text LIKE '%I said yes!!%'")
    status, _, body = site.get(f"/memories/exchanges/{exchange}")
    page = body.decode()
    assert status == 200
    assert 'class="bubble is-mine' in page
    assert "What came before" in page
    assert "What came after" in page
    assert "📷 photo, not in the export" in page
    assert page.index("I said yes!!") < page.index("paddled home with the hat")


HOSTILE = [
    "<script>alert(1)</script> <img src=x onerror=alert(2)> {{ 7*7 }} {% raw %}",
    'javascript:alert(1) https://x.example/"onmouseover="alert(3) *<b>*',
    "'; DROP TABLE messages; -- </title><script>alert(4)</script>",
    "POLL:\n<i>which</i>\nOPTION: <script>alert(5)</script> (3 votes)",
    "\u202egnp.exe\u202c ``` </code><script>alert(6)</script> ```",
    "data:text/html,<script>alert(7)</script> https://maps.google.com/?q=1,2'<svg onload=alert(8)>",
]


def test_hostile_chats_are_inert(tmp_path: Path) -> None:
    sent = [
        Sent(datetime(2022, 3, 27, 9, n), "<b>Eve</b>" if n % 2 else "Ann", HOSTILE[n % len(HOSTILE)])
        for n in range(24)
    ]
    (tmp_path / "WhatsApp Chat with <i>Eve.txt").write_text(write(PHONES[0], sent), "utf-8")
    put(tmp_path / "memories.db", tmp_path / "WhatsApp Chat with <i>Eve.txt")
    served = serve(tmp_path / "memories.db", tmp_path / "log")
    pages = [
        "/",
        "/?all=1",
        "/talk/1",
        "/talk/1?as=<b>Eve</b>",
        "/people",
        "/numbers",
        "/years",
        "/book",
        "/calendar",
        "/gallery",
    ]
    pages += ["/on-this-day?date=2023-03-27", "/search?q=alert", "/search?q=<script>alert(9)</script>&part=1", "/edits"]
    pages += [
        "/memories/exchanges/1",
        "/memories/messages",
        "/memories/people",
        "/memories/messages/1",
        "/memories/search?words=alert",
    ]
    try:
        for path in pages:
            status, headers, body = served.get(urllib.parse.quote(path, safe="/?=&"))
            page = body.decode()
            assert status == 200, path
            for bad in (
                "<script>alert",
                "<img src=x",
                "<b>Eve",
                "<i>Eve",
                " 49 ",
                "<svg onload",
                'href="javascript:',
                "<i>which",
            ):
                assert bad not in page, (path, bad)
            policy = headers["content-security-policy"]
            scripts = policy.split("script-src")[1].split(";")[0]
            assert "unsafe" not in scripts
            assert "frame-ancestors 'none'" in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"
            if not path.startswith("/memories"):
                assert scripts.strip() == "'self'", path
        log = (tmp_path / "log").read_text("utf-8")
        assert "alert" not in log
    finally:
        served.stop()


SEARCHES = [
    ("squirrels", "It has squirrels, dear"),
    ("SQUIRREL*", "It has squirrels, dear"),
    ('"hole in the roof"', "Is this the one with the hole in the roof"),
    ("Strasse", "Die Straße hat mich gehört. Die ganze Straße"),
    ("cafe", "Und heute hat mich ein Mann im Café"),
    ("花火", "昨日の花火、すごかったね"),
    ("桜", "今日は来てくれてありがとう！桜、ちょうど満開"),
    ("🎂", "Happy eightieth birthday"),
    ("❤️", "Your grandfather proposed to me"),
    ("❤", "Your grandfather proposed to me"),
    ("guapisima", "guapísima, y el muchacho"),
    ('squirrels "', "It has squirrels, dear"),
    ("squirrels AND (", "It has squirrels, dear"),
    ("squirrels OR harold", "Harold and I have met. He won"),
    ("squirrels -fireplace", "It has squirrels, dear"),
    ("what:ever* squirrels", None),
    ('"', None),
    ("AND OR NOT", None),
    ("(((", None),
    ("*", None),
]


@pytest.mark.parametrize(("words", "text"), SEARCHES)
def test_the_search_box_understands_people(site: Served, words: str, text: str | None) -> None:
    texts = found(site, words)
    if text is None:
        assert texts == []
    else:
        assert any(text in t for t in texts), texts


def test_exchanges_are_found_by_title_summary_and_topic(site: Served) -> None:
    by_summary = "Thank you for letting an old woman hold the ladder."
    assert found(site, "oar", "exchanges") == [by_summary]
    assert found(site, '"old woman"', "exchanges") == [by_summary]
    assert by_summary in found(site, "fireplace", "exchanges")


@pytest.mark.parametrize("table", sorted(METADATA["tables"]))
def test_every_table_is_described_and_shown(site: Served, examples_db: Path, table: str) -> None:
    status, _, body = site.get(f"/memories/{table}")
    page = body.decode()
    told = METADATA["tables"][table]
    assert status == 200
    assert told["description"].split(".")[0].replace('"', "&#34;") in page
    columns = {str(r[1]) for r in rows(examples_db, f"PRAGMA table_info({table})")}
    if not told.get("hidden"):
        assert columns - {"id"} == set(told["columns"]) - {"id"}
    for column in told.get("sortable_columns", []):
        assert column in columns


def test_every_table_of_the_archive_is_in_the_metadata(examples_db: Path) -> None:
    names = {
        str(r[0])
        for r in rows(
            examples_db, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE '%fts%'"
        )
    }
    assert {n for n in names if not n.startswith("sqlite_")} == set(METADATA["tables"])


def test_foreign_keys_read_as_names(site: Served) -> None:
    page = site.get("/memories/messages?kind=text")[2].decode()
    assert ">Grandma June</a>" in page
    assert ">Lakehouse 🌊</a>" in page


@pytest.mark.parametrize("filters", ["", "?sender_id=1", "?sent_at__startswith=2024"])
@pytest.mark.parametrize("column", ["chat_id", "sender_id", "kind"])
def test_facets_of_messages_count_right(site: Served, examples_db: Path, column: str, filters: str) -> None:
    told = json.loads(site.get(f"/memories/messages.json{filters}")[2])["facet_results"][column]["results"]
    where = {"": "1", "?sender_id=1": "sender_id = 1", "?sent_at__startswith=2024": "sent_at LIKE '2024%'"}[filters]
    sql = f"SELECT {column}, count(*) FROM messages WHERE {where} AND {column} IS NOT NULL GROUP BY 1"
    assert {(r["value"], r["count"]) for r in told} == set(rows(examples_db, sql))
    assert [r["count"] for r in told] == sorted((r["count"] for r in told), reverse=True)
    if column != "kind":
        assert not any(str(r["label"]).isdigit() for r in told)


def test_facets_by_year_count_and_filter(site: Served, examples_db: Path) -> None:
    told = json.loads(site.get("/memories/messages.json")[2])["facet_results"]
    years = {r["value"]: r["count"] for r in told["sent_at"]["results"]}
    counted = rows(examples_db, "SELECT substr(sent_at, 1, 4), count(*) FROM messages GROUP BY 1")
    assert years == dict(counted)
    address = next(r["toggle_url"] for r in told["sent_at"]["results"] if r["value"] == "2023")
    path = address.removeprefix(site.base)
    only = json.loads(site.get(path)[2])
    assert only["filtered_table_rows_count"] == years["2023"]
    assert {"chat_id", "sender_id", "kind", "sent_at"} <= set(told)


def test_there_are_enough_queries_and_all_are_described() -> None:
    assert len(QUERIES) >= 15
    for query in QUERIES.values():
        assert query["title"]
        assert query["description"].endswith(".")


PARAMETERS = [
    {},
    {"chat": "Lakehouse 🌊", "year": "2023", "person": "Nora", "words": "hat", "day": "06-14", "domain": ""},
    {"chat": "nobody", "year": "1990", "person": "nobody", "words": '" (', "day": "99-99", "domain": "x.example"},
]


@pytest.mark.parametrize("parameters", PARAMETERS, ids=["none", "some", "odd"])
@pytest.mark.parametrize("name", sorted(QUERIES))
def test_every_query_answers(site: Served, name: str, parameters: dict[str, str]) -> None:
    query = urllib.parse.urlencode({**parameters, "_shape": "array"})
    status, _, body = site.get(f"/memories/{name}.json?{query}")
    assert status == 200, body
    answer = json.loads(body)
    empty = {
        "taken_back",
        "on_this_day",
        "voice_notes_by_person",
        "links_by_domain",
        "streaks",
        "search",
        "first_time_said",
    }
    if name not in empty and parameters.get("chat") != "nobody":
        assert answer, name
    assert site.get(f"/memories/{name}?{urllib.parse.urlencode(parameters)}")[0] == 200


def test_what_queries_answer_is_right(site: Served) -> None:
    def ask(name: str, **parameters: str) -> list[dict[str, object]]:
        query = urllib.parse.urlencode({**parameters, "_shape": "array"})
        return json.loads(site.get(f"/memories/{name}.json?{query}")[2])  # type: ignore[no-any-return]

    assert ask("first_messages", chat="ハナ")[1]["text"].startswith("ノラ、今日は")  # type: ignore[attr-defined]
    assert ask("on_this_day", day="06-14")[0]["day"] == "2019-06-14"
    assert ask("first_time_said", words="hat")[0]["sender"] == "Grandma June"
    silence = ask("longest_silence", chat="Lakehouse 🌊")[0]
    assert (silence["last_day"], silence["next_day"]) == ("2020-04-12", "2021-06-26")
    assert ask("voice_notes_by_person")[0] == {
        "person": "Theo",
        "voice_notes": 1,
        "minutes": pytest.approx(0.03, abs=0.1),
    }
    assert {r["name"] for r in ask("places_shared")} == {None}
    assert {r["domain"]: r["links"] for r in ask("links_by_domain")}["ferrowlake.example"] == 1


def test_places_are_on_the_map(site: Served) -> None:
    for path in ("/memories/places", "/memories/places/1", "/memories/places_shared"):
        page = site.get(path)[2].decode()
        assert "datasette-cluster-map" in page, path
    assert "47.5234" in site.get("/memories/places.csv")[2].decode()


def test_media_are_served_whole_in_ranges_and_small(site: Served, examples_db: Path) -> None:
    sha256, size = rows(examples_db, "SELECT sha256, bytes FROM media WHERE filename LIKE '%.jpg' LIMIT 1")[0]
    status, headers, body = site.get(f"/-/media/{sha256}")
    assert (status, headers["content-type"], len(body)) == (200, "image/jpeg", size)
    assert headers["x-content-type-options"] == "nosniff"
    status, headers, part = site.get(f"/-/media/{sha256}", {"Range": "bytes=10-19"})
    assert (status, part, headers["content-range"]) == (206, body[10:20], f"bytes 10-19/{size}")
    assert site.get(f"/-/media/{sha256}", {"Range": "bytes=-5"})[2] == body[-5:]
    assert site.get(f"/-/media/{sha256}", {"Range": f"bytes={size}-"})[0] == 416
    status, headers, small = site.get(f"/-/media/{sha256}/small")
    assert (status, headers["content-type"], small[8:12]) == (200, "image/webp", b"WEBP")
    assert site.get("/-/media/" + "0" * 64)[0] == 404
    assert site.get("/-/media/..%2f..%2fetc%2fpasswd")[0] == 404


def test_a_page_that_is_not_there(site: Served) -> None:
    for path in ("/nope", "/memories/nope", "/memories/exchanges/999999", "/memories/messages/0"):
        assert site.get(path)[0] == 404, path


def test_the_log_keeps_words_to_itself(site: Served) -> None:
    found(site, "squirrels")
    site.get("/memories/messages?_search=squirrels&text__contains=oar")
    site.get("/memories/nope?secretword=1")
    site.get("/memories.json?sql=" + urllib.parse.quote("SELECT text, nope FROM messages WHERE text LIKE '%squirrel%'"))
    log = site.log.read_text("utf-8")
    assert "squirrel" not in log
    assert "secretword" not in log
    assert "/memories/messages" in log


@pytest.fixture(scope="module")
def other_name(examples_db: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("other")
    with closing(sqlite3.connect(examples_db)) as source, closing(sqlite3.connect(folder / "family.db")) as target:
        source.backup(target)
    served = serve(folder / "family.db", folder / "log")
    yield served
    served.stop()


def test_an_archive_may_have_any_name(other_name: Served) -> None:
    assert "Every message that was sent" in other_name.get("/family/messages")[2].decode()
    assert other_name.get("/family/who_writes_most")[0] == 200
    assert json.loads(other_name.get("/family/messages.json?_search=squirrels&_shape=array")[2])
    assert "bubble" in other_name.get("/family/exchanges/1")[2].decode()


def test_plain_configuration_directory_mode(examples_db: Path, tmp_path: Path) -> None:
    folder = checkout(tmp_path / "checkout")
    with closing(sqlite3.connect(examples_db)) as source, closing(sqlite3.connect(folder / "memories.db")) as target:
        source.backup(target)
    port = free_port()
    served = Served(["-m", "datasette", ".", "--port", str(port)], port, tmp_path / "log", cwd=folder)
    try:
        assert "/talk/" in served.get("/")[2].decode()
        assert json.loads(served.get("/memories/messages.json?_search=squirrels&_shape=array")[2])
        assert served.get("/static/memories.css")[0] == 200
    finally:
        served.stop()


def test_an_empty_archive_looks_meant(tmp_path: Path) -> None:
    from ingest.archive.database import connect

    connect(tmp_path / "memories.db").close()
    served = serve(tmp_path / "memories.db", tmp_path / "log")
    try:
        assert "Nothing here yet" in served.get("/")[2].decode()
        for table in METADATA["tables"]:
            assert served.get(f"/memories/{table}")[0] == 200
    finally:
        served.stop()


def test_a_talk_of_three_hundred_is_shown_whole(tmp_path: Path) -> None:
    start = datetime(2022, 3, 27, 9, 0)
    sent = [
        Sent(start + timedelta(seconds=40 * n), "Ann" if n % 3 else "Bo", f"word {n} of a long talk")
        for n in range(290)
    ]
    (tmp_path / "a.txt").write_text(write(PHONES[0], sent), "utf-8")
    put(tmp_path / "memories.db", tmp_path / "a.txt")
    served = serve(tmp_path / "memories.db", tmp_path / "log")
    try:
        assert served.get("/memories/exchanges/1")[2].decode().count('<li class="bubble') == 290
    finally:
        served.stop()


def test_a_book_comes_home_and_goes_back_in(site: Served, examples_db: Path, tmp_path: Path) -> None:
    """The text form, ingested, gives the same messages."""
    status, headers, body = site.get("/book.txt?chat=Theo&all=1")
    assert status == 200
    assert headers["content-disposition"] == 'attachment; filename="memories.txt"'
    export = tmp_path / "WhatsApp Chat - Theo.txt"
    export.write_bytes(body)
    put(tmp_path / "memories.db", export)
    sql = """
        SELECT sent_at, people.name, messages.kind, text, is_edited FROM messages
        LEFT JOIN people ON people.id = sender_id JOIN chats ON chats.id = chat_id WHERE chats.name = 'Theo'
        ORDER BY sent_at, messages.id
    """
    assert rows(tmp_path / "memories.db", sql) == rows(examples_db, sql)


def test_a_book_as_other_files(site: Served, examples_db: Path) -> None:
    page = site.get("/book.html?year=2021&all=1")[2].decode()
    assert "data:image/webp;base64," in page
    assert not [part for part in page.split('src="')[1:] if not part.startswith("data:")]
    assert "<script" not in page
    assert "http" not in page.split("</style>")[1].replace("https://www.example", "")[:200]
    everything = json.loads(site.get("/book.json?all=1")[2])
    assert len(everything) == one(examples_db, "SELECT count(*) FROM exchanges") > 30
    talks = json.loads(site.get("/book.json?year=2021")[2])
    assert talks[0]["messages"][0]["sent_at"].startswith("2021")
    lines = site.get("/book.csv?year=2021")[2].decode().splitlines()
    assert lines[0] == "talk,chat,sent_at,sender,kind,text,is_edited,filename"
    assert not [line for line in lines if ",=" in line]


@pytest.fixture(scope="module")
def ties(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Many messages in the same minute, as most phones write them."""
    folder = tmp_path_factory.mktemp("ties")
    export = folder / "WhatsApp Chat with Lake.txt"
    lines = [f"14/06/2024, 18:{n // 40:02} - {'Nora' if n % 3 else 'Theo'}: line {n}" for n in range(300)]
    export.write_text("\n".join(lines) + "\n", "utf-8")
    put(folder / "memories.db", export, me="Nora")
    served = serve(folder / "memories.db", folder / "log")
    yield served
    served.stop()


@pytest.mark.parametrize("order", ["_sort_desc=sent_at", "_sort=sent_at", "_sort=sender_id", ""])
@pytest.mark.parametrize("size", [7, 50])
def test_each_row_is_on_one_page(ties: Served, order: str, size: int) -> None:
    found: list[int] = []
    path = f"/memories/messages.json?{order}&_size={size}"
    while path:
        told = json.loads(ties.get(path)[2])
        found += [row[0] for row in told["rows"]]
        path = told["next_url"].removeprefix(ties.base) if told["next_url"] else ""
    assert sorted(found) == list(range(1, 301))


@pytest.mark.parametrize("order", ["_sort_desc=sent_at", "_sort=sent_at", ""])
def test_a_table_as_csv_has_each_row(ties: Served, order: str) -> None:
    lines = ties.get(f"/memories/messages.csv?_stream=on&_size=40&{order}")[2].decode().splitlines()
    assert sorted(int(line.partition(",")[0]) for line in lines[1:]) == list(range(1, 301))
