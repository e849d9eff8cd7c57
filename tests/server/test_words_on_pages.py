"""What pages say in the reader's language, and which styles they load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import Served, serve
from tests.helpers import one, put, rows


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "messages: {messages} · talks: {talks} · chats: {chats} · "),
        ("de", "Nachrichten: {messages} · Gespräche: {talks} · Chats: {chats} · "),
        ("es", "mensajes: {messages} · conversaciones: {talks} · chats: {chats} · "),
    ],
)
def test_the_state_of_the_server(site: Served, examples_db: Path, language: str, said: str) -> None:
    page = site.get("/-/status", {"accept-language": language})[2].decode()
    counts = {
        "messages": one(examples_db, "SELECT sum(message_count) FROM chats"),
        "talks": one(examples_db, "SELECT count(*) FROM exchanges"),
        "chats": one(examples_db, "SELECT count(*) FROM chats"),
    }
    assert said.format(**counts) in page
    headings = re.findall(r'<th scope="row">([^<]+)</th>', page)
    assert len(headings) == 10
    if language != "en":
        english = site.get("/-/status", {"accept-language": "en"})[2].decode()
        assert set(headings) & set(re.findall(r'<th scope="row">([^<]+)</th>', english)) == set()


def test_a_chat_s_tab_has_the_chat_s_name(site: Served, examples_db: Path) -> None:
    chats = rows(examples_db, "SELECT id, name FROM chats")
    assert len(chats) > 1
    for number, name in chats:
        assert f"<title>{name}</title>" in site.get(f"/chats/{number}")[2].decode()


def test_a_talk_of_photos_is_called_in_the_reader_s_language(tmp_path: Path) -> None:
    """Where the chat's language is not known, its title was made in English."""
    path = tmp_path / "WhatsApp Chat with Ben.txt"
    path.write_text("".join(f"13/3/21, 09:0{n} - Ben: <Media omitted>\n" for n in range(3)), "utf-8")
    put(tmp_path / "memories.db", path)
    assert rows(tmp_path / "memories.db", "SELECT id, title FROM exchanges") == [(1, "3 photos · Ben")]
    served = serve(tmp_path / "memories.db", tmp_path / "serve.log")
    try:
        for language, title in (("en", "3 photos · Ben"), ("de", "3 Fotos · Ben"), ("es", "3 fotos · Ben")):
            for page in ("/talk/1", "/?all=1&order=newest"):
                shown = served.get(page, {"accept-language": language})[2].decode()
                assert re.search(rf">\s*{title}\s*<", shown), (language, page)
    finally:
        served.stop()


@pytest.mark.parametrize(
    ("path", "is_datasette_s"),
    [("/", False), ("/?order=newest", False), ("/chats", False), ("/talk/1", False), ("/search?q=lake", False),
     ("/memories", True), ("/memories/messages", True), ("/memories/exchanges/1", True)],
)  # fmt: skip
def test_datasette_s_style_is_for_its_own_pages(site: Served, path: str, is_datasette_s: bool) -> None:
    page = site.get(path)[2].decode()
    assert ("app.css" in page) is is_datasette_s
    assert ("/static/datasette.css" in page) is is_datasette_s
    assert "/static/memories.css" in page


def test_each_layer_is_named_once_in_its_order() -> None:
    """A later layer wins; a file that named one of its own would change who wins."""
    static = Path(__file__).parents[2] / "static"
    order = re.search(r"@layer ([^;]+);", (static / "memories.css").read_text("utf-8"))
    assert order
    named = order[1].split(", ")
    assert named[:2] == ["reset", "datasette"]
    for path in static.glob("*.css"):
        assert set(re.findall(r"@layer (\w+) \{", path.read_text("utf-8"))) <= set(named), path.name
