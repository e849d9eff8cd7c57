"""Stories of people and chats, what is behind a page, cards of links: asked over a socket, and function by function."""

from __future__ import annotations

import html
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from memories_lib.web import markup
from tests.conftest import Served
from tests.helpers import one, rows, with_plain_tags

PAGES = (
    "/", "/?all=1&year=2020", "/?all=hidden", "/?chat=Theo&mood=loving&person=Nora&starred=1", "/search?q=lake",
    "/on-this-day?date=2024-06-14", "/calendar", "/calendar?day=2021-05-22", "/gallery", "/gallery?kind=voices", "/map",
    "/people", "/people/1", "/chats", "/chats/1", "/chats/1/about", "/?order=newest",
    "/years", "/numbers", "/book?year=2021", "/edits", "/talk/1",
)  # fmt: skip


def links_behind(page: str) -> list[str]:
    """Where "see the rows" and "see the SQL" of a page lead."""
    found = re.findall(r'<a\s+href="([^"]+)">(?:See the rows|See the SQL)</a>', page)
    return [html.unescape(link) for link in found]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_its_rows_and_its_sql(site: Served, path: str) -> None:
    status, _, body = site.get(path)
    assert status == 200
    links = links_behind(with_plain_tags(body.decode()))
    assert len(links) >= 2
    for link in links:
        status, _, shown = site.get(link)
        assert status == 200, link
        assert b"message-error" not in shown, link


def test_the_rows_behind_a_page_are_those_of_the_page(site: Served, examples_db: Path) -> None:
    chat = one(examples_db, "SELECT id FROM chats WHERE name = 'Theo'")
    _, _, body = site.get("/?chat=Theo")
    shown = set(re.findall(r'href="/talk/(\d+)"', with_plain_tags(body.decode())))
    table, sql = links_behind(with_plain_tags(body.decode()))
    assert f"chat_id={chat}" in table
    for link in (table, sql):
        path, _, query = link.partition("?")
        _, _, found = site.get(f"{path}.json?{query}&_shape=array")
        assert {str(number) for number in re.findall(rb'"id": (\d+)', found)} == {str(n.encode()) for n in shown}, link


def test_a_person_has_a_story(site: Served, examples_db: Path) -> None:
    number, name, count = rows(examples_db, "SELECT id, name, message_count FROM people WHERE name = 'Grandma June'")[0]
    status, _, body = site.get(f"/people/{number}")
    page = html.unescape(with_plain_tags(body.decode()))
    said = rows(
        examples_db,
        """
        SELECT text FROM messages JOIN people ON people.id = sender_id
        WHERE people.name = 'Grandma June' AND kind = 'text' ORDER BY sent_at, messages.id
        """,
    )
    assert status == 200
    assert name in page
    assert f"{count} messages" in page
    assert said[0][0][:60] in page
    assert said[-1][0][:60] in page
    assert "starts" in page
    emoji = one(
        examples_db,
        f"SELECT emoji FROM person_emoji WHERE person_id = {number} GROUP BY emoji ORDER BY sum(uses) DESC LIMIT 1",
    )
    assert emoji in page


def test_a_chat_has_a_story(site: Served, examples_db: Path) -> None:
    number, count = rows(examples_db, "SELECT id, message_count FROM chats WHERE kind = 'group' LIMIT 1")[0]
    status, _, body = site.get(f"/chats/{number}/about")
    page = html.unescape(with_plain_tags(body.decode()))
    assert status == 200
    assert f"{count} messages" in page
    day, busiest = rows(
        examples_db,
        f"SELECT day, message_count FROM days WHERE chat_id = {number} ORDER BY message_count DESC, day LIMIT 1",
    )[0]
    assert f"<b>{busiest}</b>" in page
    assert f"day={day}" in page
    assert "of silence" in page
    writers = rows(
        examples_db, f"SELECT DISTINCT name FROM messages JOIN people ON people.id = sender_id WHERE chat_id = {number}"
    )
    for (writer,) in writers:
        assert writer in page
    years = rows(examples_db, f"SELECT DISTINCT substr(sent_at, 1, 4) FROM messages WHERE chat_id = {number}")
    for (year,) in years:
        assert f'<th scope="row">{year}</th>' in page


@pytest.mark.parametrize("path", ["/people/999", "/chats/999", "/chats/999/about", "/people/99999999999999"])
def test_nobody_has_no_story(site: Served, path: str) -> None:
    assert site.get(path)[0] == 404


@pytest.mark.parametrize(
    ("url", "site_shown", "told"),
    [
        ("https://kitchen.example/recipes/plum-cake-with-cinnamon.html", "kitchen.example", "plum cake with cinnamon"),
        ("https://maps.example/", "maps.example", ""),
        ("https://video.example/watch?v=dQw4w9WgXcQ", "video.example", "watch"),
        ("https://x.example/p/a8f3c9d2e1b4", "x.example", ""),
        ("https://x.example/2024/06/14/h%C3%BCtte-am-see/", "x.example", "hütte am see"),
        ("http://[::1", "x.example", ""),
        ("https://x.example/%3Cscript%3Ealert(1)%3C/script%3E", "x.example", None),
    ],
)
def test_what_a_link_says_of_its_page(url: str, site_shown: str, told: str | None) -> None:
    domain, said = markup.link_card({"url": url, "domain": site_shown})
    assert domain == site_shown
    assert told is None or said == told


def test_a_link_has_a_card_in_its_bubble(site: Served, examples_db: Path) -> None:
    exchange, url = rows(
        examples_db, "SELECT exchange_id, url FROM links JOIN messages ON messages.id = message_id WHERE kind = 'text'"
    )[0]
    page = site.get(f"/talk/{exchange}")[2].decode()
    assert f'class="link-card" href="{html.escape(url)}" target="_blank" rel="noreferrer' in page


def test_moods_and_kinds_are_in_the_readers_language(site: Served) -> None:
    page = site.get(f"/?lang=de&chat={quote('Theo')}")[2].decode()
    assert "liebevoll" in page
    assert ">loving<" not in page
    assert "Fotos" in site.get("/numbers?lang=de")[2].decode()


def test_the_gallery_is_in_the_order_of_time_page_by_page(examples_db: Path) -> None:
    from memories_lib.queries import overviews

    with closing(sqlite3.connect(examples_db)) as connection:
        connection.row_factory = sqlite3.Row
        seen: list[str] = []
        before: str | None = ""
        while before is not None:
            months, before = overviews.gallery(connection.execute, "photos", before, most=2)
            seen += [row["sent_at"] for media in months.values() for row in media]
        assert seen == sorted(seen, reverse=True)
        assert len(seen) == one(
            examples_db,
            """
            SELECT count(*) FROM media JOIN messages ON messages.id = message_id
            WHERE sha256 IS NOT NULL AND kind IN ('image', 'gif')
            """,
        )
        months, _ = overviews.gallery(connection.execute, "photos", "2021~")
        assert max(months) < "2022"


def test_talks_are_found_by_what_they_are_about(site: Served, examples_db: Path) -> None:
    number, topic = rows(
        examples_db,
        "SELECT exchanges.id, value FROM exchanges, json_each(topics) WHERE is_memory ORDER BY exchanges.id LIMIT 1",
    )[0]
    page = site.get(f"/talk/{number}")[2].decode()
    link = f"/?topic={quote(str(topic))}&all=1"
    assert html.escape(link) in page
    found = site.get(link)[2].decode()
    assert f'href="/talk/{number}"' in found
    assert found.count('class="mem-card"') == one(
        examples_db, "SELECT count(*) FROM exchanges, json_each(topics) AS topic WHERE value = ?", (topic,)
    )
    assert "✕" in found
