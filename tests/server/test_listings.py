"""Lists go on to their end, by page and by API, and both name the same."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.client import Client
from tests.commands import memories
from tests.conftest import serve
from tests.helpers import rows

_PEOPLE, _CHATS, _PLACES = 230, 60, 405


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of a large group and many small chats."""
    folder = tmp_path_factory.mktemp("many")
    at = datetime(2021, 3, 1, 8, 0)

    def line(sender: str, text: str) -> str:
        nonlocal at
        at += timedelta(minutes=31)
        return f"{at:%d.%m.%y, %H:%M} - {sender}: {text}\n"

    group = [line(f"Guest {n % _PEOPLE:03}", f"here I am, number {n}, with cake") for n in range(_PEOPLE * 2)]
    for n in range(_PLACES):
        place = f"location: https://maps.google.com/?q={40 + n / 100:.4f},{n / 50:.4f}"
        group.append(line(f"Guest {n % _PEOPLE:03}", place))
    (folder / "WhatsApp Chat with Fair.txt").write_text("".join(group), "utf-8")
    for n in range(_CHATS):
        pair = [line(f"Guest {n:03}", "shall we go?") + line("Nora", f"to the pier, number {n}")]
        (folder / f"WhatsApp Chat with Pier {n:02}.txt").write_text("".join(pair), "utf-8")
    memories("ingest", folder, "--db", folder / "memories.db", "--me", "Nora")
    return folder / "memories.db"


@pytest.fixture(scope="module")
def api(many: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    served = serve(many, tmp_path_factory.mktemp("log") / "log")
    yield Client(served)
    served.stop()


@pytest.mark.parametrize(
    ("name", "key", "counted"),
    [
        ("people", "people", "SELECT name FROM people WHERE message_count > 0"),
        ("chats", "chats", "SELECT name FROM chats WHERE message_count > 0"),
        ("days", "days", "SELECT DISTINCT day FROM days"),
        ("places", "places", "SELECT id FROM places"),
    ],
)
def test_pages_of_the_api_hold_each_row_once(many: Path, api: Client, name: str, key: str, counted: str) -> None:
    every = [row[0] for row in rows(many, counted)]
    field = {"days": "day", "places": "id"}.get(name, "name")
    found, page = [], 1
    while page:
        told = api.get(f"/api/{name}?page={page}&page_size=7")
        assert told["total"] == len(every)
        assert len(told[key]) <= 7
        found += [row[field] for row in told[key]]
        page = told["next"]
    assert sorted(found) == sorted(every)
    assert [row[field] for row in api.get(f"/api/{name}")[key]] == found
    assert api.get(f"/api/{name}?page=999")[key] == []
    for wrong in ("page=0", "page_size=0", "page_size=5001", "page=x"):
        assert api.ask("GET", f"/api/{name}?{wrong}")[0] == 422


def walked(api: Client, path: str, links: str) -> list[str]:
    """What a page's list links to, page by page, as long as it says that it goes on."""
    found: list[str] = []
    while path:
        page = api.text(path)
        found += re.findall(links, page)
        more = [html.unescape(address) for address in re.findall(r'class="mem-button" href="([^"]+)"', page)]
        here = "chats_from" if "chats" in links else "from"
        onward = [address for address in more if _skipped(address, here) > _skipped(path, here)]
        path = onward[0].partition("#")[0] if onward else ""
    return found


def _skipped(address: str, name: str) -> int:
    found = re.search(rf"[?&]{name}=(\d+)", address)
    return int(found[1]) if found else 0


def test_pages_go_on_to_the_end(many: Path, api: Client) -> None:
    people = walked(api, "/people", r'href="/people/(\d+)"')
    assert sorted(map(int, people)) == [row[0] for row in rows(many, "SELECT id FROM people ORDER BY id")]
    chats = walked(api, "/people", r'class="mem-name"><a href="/chats/(\d+)/about"')
    assert sorted(map(int, chats)) == [row[0] for row in rows(many, "SELECT id FROM chats ORDER BY id")]
    places = walked(api, "/map", r'href="/talk/\d+#m(\d+)">📍')
    assert sorted(map(int, places)) == [row[0] for row in rows(many, "SELECT message_id FROM places ORDER BY 1")]


def test_a_chat_names_all_its_people(many: Path, api: Client) -> None:
    chat = rows(many, "SELECT id FROM chats WHERE name = 'Fair'")[0][0]
    page = api.text(f"/chats/{chat}/about")
    assert len(set(re.findall(r'href="/people/(\d+)"', page))) == _PEOPLE


@pytest.mark.parametrize("odd", ["-1", "x", "9" * 40, "%D9%A3", "1.5", ""])
def test_an_odd_place_in_a_list_is_its_start_or_its_end(api: Client, odd: str) -> None:
    for path in ("/people", "/map", "/years"):
        assert api.ask("GET", f"{path}?from={odd}")[0] == 200
