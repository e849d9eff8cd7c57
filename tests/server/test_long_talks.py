"""A talk that somebody put together of very many messages: it comes in parts, and none is missing."""

from __future__ import annotations

import html
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest.ops.static_site import write_site
from memories_lib.queries.talk_page import PART
from tests.client import Client
from tests.conftest import serve
from tests.helpers import put, rows

#: Messages of a day, and days: together more than two parts.
_A_DAY, _DAYS = 290, 8


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("long")
    export = folder / "WhatsApp Chat with Ben.txt"
    export.write_text(
        "".join(
            f"{day:02}.03.24, {10 + n // 60}:{n % 60:02} - {'Ben' if n % 2 else 'Ana'}: number {day * 1000 + n} word\n"
            for day in range(1, _DAYS + 2)
            for n in range(_A_DAY)
        ),
        "utf-8",
    )
    (folder / "served").mkdir()
    put(folder / "served" / "memories.db", export, me="Ana")
    return folder / "served" / "memories.db"


@pytest.fixture(scope="module")
def api(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """All days but the last are one talk."""
    served = serve(archive, tmp_path_factory.mktemp("log") / "log")
    client = Client(served)
    numbers = [number for (number,) in rows(archive, "SELECT id FROM exchanges ORDER BY started_at")]
    last = rows(archive, "SELECT max(exchange_id) FROM messages WHERE sent_at >= '2024-03-09'")[0][0]
    assert client.ask("POST", "/api/exchanges/merge", {"exchange_ids": [n for n in numbers if n < last]})[0] == 200
    yield client
    served.stop()


def _bubbles(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<li[^>]*\sid="m(\d+)"', page)]


def _all(archive: Path, talk: int) -> list[int]:
    return [n for (n,) in rows(archive, f"SELECT id FROM messages WHERE exchange_id = {talk} ORDER BY sent_at, id")]


def _link(page: str, rel: str) -> str:
    found = re.search(rf'rel="{rel}"\s+href="([^"]+)"', page)
    return html.unescape(found[1]) if found else ""


def test_its_parts_are_all_of_it_there_and_back(api: Client, archive: Path) -> None:
    expected = _all(archive, 1)
    assert len(expected) > 2 * PART
    path, met, pages = "/talk/1", [], []
    while path.startswith("/talk/1"):
        page = api.text(path)
        assert f"{len(expected):,} messages" in page
        met += _bubbles(page)
        pages.append(path)
        assert len(_bubbles(page)) <= PART
        before, path = path, _link(page, "next")
    assert met == expected
    assert len(pages) == 3
    # The talk after it leads back to its last part, and so on to its beginning.
    assert 'data-prev="/talk/1"' in api.text(f"{path}?part=1&way=prev")
    assert _bubbles(api.text("/talk/1?part=1&way=prev"))[-1] == expected[-1]
    back = [before]
    while previous := _link(api.text(back[-1]), "prev"):
        back.append(previous)
    assert back == [*pages[:0:-1], f"/talk/1?from={expected[0]}"]
    assert _bubbles(api.text(back[-1])) == expected[:PART]


def test_a_message_is_found_in_its_part(api: Client, archive: Path) -> None:
    middle = _all(archive, 1)[PART + PART // 2]
    for asked in (f"from={middle}", f"find=word&hit={middle}"):
        assert middle in _bubbles(api.text(f"/talk/1?{asked}"))
    assert _bubbles(api.text("/talk/1?from=999999999")) == _all(archive, 1)[:PART]


@pytest.mark.parametrize("way", ["next", "prev"])
def test_a_conversation_goes_on_from_part_to_part(api: Client, archive: Path, way: str) -> None:
    """As the page does it while somebody scrolls."""
    expected = _all(archive, 1)
    start = expected[0] if way == "next" else expected[-1]
    met = _bubbles(api.text(f"/talk/1?from={start}"))
    page = api.text(f"/talk/1?from={start}&part=1&way={way}")
    found = re.search(rf'data-{way}="([^"]+)"', page)
    assert found or way == "prev"
    met = list(dict.fromkeys([*met, *_bubbles(page)]))
    while found and found[1].startswith("/talk/1?"):
        page = api.text(f"{html.unescape(found[1])}&part=1&way={way}")
        met = list(dict.fromkeys([*met, *_bubbles(page)]))
        found = re.search(rf'data-{way}="([^"]+)"', page)
    assert set(expected) <= set(met)


def test_a_link_to_it_shows_all_of_it_in_parts(api: Client, archive: Path) -> None:
    path = api.ask("POST", "/api/shares", {"exchange_id": 1})[2]["path"]
    expected, met, asked = _all(archive, 1), [], path
    while asked:
        page = api.text(asked)
        met += _bubbles(page)
        later = [int(n) for n in re.findall(r'href="\?from=(\d+)"', page)]
        asked = next((f"{path}?from={n}" for n in later if n > met[-1]), "")
    assert met == expected


def test_the_copy_of_files_has_all_parts(api: Client, archive: Path, tmp_path: Path) -> None:
    assert api
    with closing(sqlite3.connect(archive)) as source, closing(sqlite3.connect(tmp_path / "memories.db")) as copy:
        source.backup(copy)
        copy.execute("UPDATE exchanges SET is_memory = 1 WHERE id = 1")
        copy.execute("DELETE FROM curation_state")
        copy.commit()
    write_site(tmp_path / "memories.db", tmp_path / "site")
    pages = [path.read_text("utf-8") for path in (tmp_path / "site").glob("talk-*.html")]
    assert {number for page in pages for number in _bubbles(page)} >= set(_all(archive, 1))


def test_no_more_is_put_together_than_anybody_reads(api: Client, archive: Path) -> None:
    last = rows(archive, "SELECT max(exchange_id) FROM messages")[0][0]
    with closing(sqlite3.connect(archive)) as connection, connection:
        connection.execute("UPDATE exchanges SET message_count = 2900 WHERE id = ?", (last,))
    status, _, told = api.ask("POST", "/api/exchanges/merge", {"exchange_ids": [1, last]})
    assert (status, "3,000 may be put together" in told["detail"]) == (409, True)
