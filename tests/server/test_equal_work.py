"""One request ends in time, works as hard whether or not something is hidden, and tells nothing of what is."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from memories_lib.queries import search
from memories_lib.server import served_archive
from memories_lib.server.http import ApiError, JsonBody
from memories_lib.shared.fts_query import fts_query
from memories_lib.web import markup
from tests.client import Client, ids
from tests.conftest import serve
from tests.helpers import put, rows

WORDS = ("zwetschke", "mirabelle", "renette", "quitte")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Path]]:
    """Two chats of files of one name; of the first, talk 1 is hidden, and talk 3 merged into it before."""
    folder = tmp_path_factory.mktemp("equal")
    for name, who, month in (("a", "Ben", 3), ("b", "Cleo", 5)):
        export = folder / name / "_chat.txt"
        export.parent.mkdir()
        lines = [f"[01.{month:02}.24, 09:00:00] {who}: \u200eMessages and calls are end-to-end encrypted."]
        lines += [
            f"[{day + 10}.{month:02}.24, 10:0{n}:00] {who if n % 2 else 'Ana'}: the {word} by the harbour, {name} {n}"
            for day, word in enumerate(WORDS)
            for n in range(4)
        ]
        export.write_text("\r\n".join(lines) + "\r\n", "utf-8")
        put(folder / "memories.db", export, me="Ana", chat=who)
    served = serve(folder / "memories.db", folder / "log")
    yield Client(served), folder / "memories.db"
    served.stop()


def test_a_read_ends_in_time() -> None:
    forever = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        with pytest.raises(ApiError) as caught:
            served_archive._in_time(connection, lambda run: run(forever).fetchone(), 0.2)
        assert caught.value.status == 400
        assert served_archive._in_time(connection, lambda run: run("SELECT 7").fetchone(), 0.2) == (7,)
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            served_archive._in_time(connection, lambda run: run("SELECT * FROM nowhere"), 0.2)


def test_beginnings_of_words_are_few_in_one_question() -> None:
    query = fts_query(" OR ".join(f"{letter}*" for letter in "abcdefghijklmnop"))
    assert query.count('"*') == 8


def test_a_hidden_word_is_looked_for_as_one_that_is_nowhere(place: tuple[Client, Path]) -> None:
    client, database = place
    talk = rows(database, "SELECT exchange_id FROM messages WHERE text LIKE '%mirabelle%, a 1'")[0][0]
    assert client.ask("DELETE", f"/api/exchanges/{talk}")[0] == 204

    def asked(word: str) -> tuple[list[str], tuple[list[int], int]]:
        """(what was asked of the archive, what was found)."""
        told: list[str] = []
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            connection.set_trace_callback(lambda sql: told.append(sql.replace(word, "WORD")))
            found = search.find(connection.execute, fts_query(f'"{word} by the harbour, a"'))
        # What the index asks itself begins with a comment.
        return [sql for sql in told if sql.lstrip().startswith("SELECT") and "_fts_" not in sql], found

    hidden, nowhere = asked("mirabelle"), asked("nosuchword")
    assert hidden == nowhere
    assert hidden[1] == ([], 0)
    assert asked("renette")[1][1] == 4
    assert client.ask("POST", f"/api/exchanges/{talk}/restore")[0] == 200


def test_what_was_merged_into_something_hidden_is_nowhere(place: tuple[Client, Path]) -> None:
    client, _ = place
    first, second, *_ = sorted(ids(client, "&all=1&chat=Ben"))
    assert client.ask("POST", "/api/exchanges/merge", {"exchange_ids": [first, second]})[0] == 200
    (kept,) = {first, second} & set(ids(client, "&all=1&chat=Ben")) or {0}
    other = first if kept == second else second
    assert client.ask("GET", f"/api/exchanges/{other}")[0] == 308
    assert client.ask("DELETE", f"/api/exchanges/{kept}")[0] == 204
    for path in ("/api/exchanges/{}", "/talk/{}"):
        assert client.ask("GET", path.format(other))[0] == 404, path
        assert client.ask("GET", path.format(999_999))[0] == 404
    assert client.ask("POST", f"/api/exchanges/{kept}/restore")[0] == 200


def test_a_chat_that_is_hidden_leaves_no_mark_on_the_names_of_sources(place: tuple[Client, Path]) -> None:
    client, _ = place

    def names() -> set[str]:
        return {one["cache_key"] for one in client.get("/api/exchanges?all=1&chat=Ben&page_size=100")["items"]}

    assert all("#" in name for name in names())
    talks = ids(client, "&all=1&chat=Cleo")
    for talk in talks:
        assert client.ask("DELETE", f"/api/exchanges/{talk}")[0] == 204
    assert names() == {"_chat.txt"}
    for talk in talks:
        assert client.ask("POST", f"/api/exchanges/{talk}/restore")[0] == 200


def test_a_body_in_pieces_is_the_body() -> None:
    messages = [{"id": n, "text": f"“{n}” \n"} for n in range(3)]
    for items in (messages, []):
        for head in ({"id": 1, "title": "a"}, {}):
            assert JsonBody.with_list(head, "messages", items).bytes == JsonBody({**head, "messages": items}).bytes
    assert json.loads(JsonBody.with_list({}, "messages", messages).bytes)["messages"] == messages


def test_pieces_of_code_and_links_without_end_are_shown_as_they_are() -> None:
    page = str(markup.words("`a` " * 16_000))
    assert page.count("<code>") == 200
    assert page.count("`a`") == 15_800
    assert str(markup.words("http://a.example/b " * 3_000)).count("<a href=") == 200
