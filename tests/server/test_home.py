"""Home, chats and stories over a socket: what is there for each role, and only once; what is hidden is not."""

from __future__ import annotations

import html
import itertools
import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from bench.labels import read_labels
from memories_lib.queries import home, scenes
from memories_lib.web.markup import file_name, initials
from tests.client import Client
from tests.conftest import Served, serve
from tests.helpers import one, put, rows, with_plain_tags

GOOD = [talk for talk in read_labels() if talk.language in ("en", "de", "fr", "es") and talk.grade == 2]


def _month(year: int, month: int, other: str, minute: int) -> str:
    """A month of two people: every third evening a talk that is worth something, and small talk each morning."""
    lines = []
    for day in range(1, 29):
        head = f"{month}/{day}/{year % 100}"
        lines.append(f"{head}, 7:{minute + day} AM - Ida: did you lock the door")
        lines.append(f"{head}, 7:{minute + day} AM - {other}: yes")
        if day == 27 and year > 2016:
            lines.append(f"{head}, 1:01 PM - {other}: there, I said it: I love you")
        if day % 3 == 0:
            talk = GOOD[(9 * (year - 2015) + day // 3 + minute) % len(GOOD)]
            names = {line.name: who for line, who in zip(talk.lines, ("Ida", other) * 40, strict=False)}
            for n, line in enumerate(talk.lines):
                said = line.text or "<Media omitted>"
                lines.append(f"{head}, 8:{n + 10} PM - {names[line.name]}: {said}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("years")
    month = date.today().month
    for other, first, minute in (("Bo", 2015, 10), ("Cleo", 2017, 25)):
        text = "".join(_month(year, month, other, minute) for year in range(first, first + 4))
        (folder / f"WhatsApp Chat with {other}.txt").write_text(text, "utf-8")
    put(folder / "memories.db", *sorted(folder.glob("*.txt")), me="Ida")
    return folder / "memories.db"


@pytest.fixture(scope="module")
def there(years: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("there")
    shutil.copytree(years.parent, folder / "served")
    served = serve(folder / "served" / "memories.db", folder / "log")
    yield served
    served.stop()


def page_of(served: Served, path: str) -> str:
    status, _, body = served.get(path)
    assert status == 200, path
    return html.unescape(with_plain_tags(body.decode()))


def test_a_shelf_for_each_year_with_its_count(there: Served, years: Path) -> None:
    page = page_of(there, "/")
    counted = rows(
        years, "SELECT substr(started_at, 1, 4), count(*) FROM exchanges WHERE is_memory GROUP BY 1 ORDER BY 1 DESC"
    )
    shelves = re.findall(r'id="y(\d{4})"><header><h2>\d{4}</h2><span\s+class="mem-meta">(\d+) memor', page)
    assert [(year, int(count)) for year, count in shelves] == counted
    assert len(shelves) == 6


def test_no_words_are_there_twice_and_no_small_talk(there: Served) -> None:
    page = page_of(there, "/")
    titles = re.findall(r'<strong dir="auto"[^>]*>([^<]+)</strong>', page[page.index('id="y') :])
    assert len(titles) > 6
    for year in re.split(r'id="y\d{4}"', page)[1:]:
        of_year = re.findall(r'<strong dir="auto"[^>]*>([^<]+)</strong>', year[: year.index("</section>")])
        assert len(of_year) == len(set(of_year))
    assert "did you lock the door" not in titles
    assert "Relive it" in page


def test_this_day_is_that_of_other_years(there: Served, years: Path) -> None:
    page = page_of(there, "/")
    shelf = re.search(r"<h2>(?:On|Around) this day</h2>.*?</section>", page, re.DOTALL)
    near = {int(number) for number in re.findall(r"/talk/(\d+)", shelf[0])} if shelf else set()
    day = date.today().day
    for number in near:
        at = str(one(years, f"SELECT started_at FROM exchanges WHERE id = {number}"))
        assert at[5:7] == f"{date.today():%m}"  # others are not in this archive
        assert abs(int(at[8:10]) - day) <= 10
    assert near


def test_firsts_are_the_first(there: Served, years: Path) -> None:
    page = page_of(there, "/")
    first = rows(years, "SELECT id, text FROM messages WHERE kind = 'text' ORDER BY sent_at, id LIMIT 1")[0]
    love = one(years, "SELECT id FROM messages WHERE text LIKE '%I love you%' ORDER BY sent_at, id LIMIT 1")
    assert f"#m{first[0]}" in page
    assert f"#m{love}" in page
    assert "The first “I love you”" in page


@pytest.mark.parametrize(
    ("path", "headline"),
    [("/?order=newest", "Memories"), ("/?year=2016", "Memories"), ("/chats", "Chats"), ("/more", "More")],
)
def test_the_lists_are_a_click_away(there: Served, path: str, headline: str) -> None:
    assert headline in re.findall(r'<h1 class="mem-title">([^<]+)</h1>', page_of(there, path))
    assert f'href="{path.removeprefix("/") if "?" in path else path}"' in page_of(there, "/")


def test_datasettes_own_first_page_has_an_address(there: Served) -> None:
    page = page_of(there, "/-/")
    assert "exchanges" in page
    assert "/memories" in page
    status, _, body = there.get("/-/.json")
    assert status == 200
    assert b"memories" in body


def test_chats_have_their_last_words_and_memories(there: Served, years: Path) -> None:
    page = page_of(there, "/chats")
    found = re.findall(r'<a href="/chats/(\d+)".*?<bdi>([^<]+)</bdi>.*?★</span> (\d+)', page, re.DOTALL)
    asked = """
        SELECT chats.id, name, sum(is_memory) FROM chats JOIN exchanges ON chat_id = chats.id GROUP BY chats.id
        ORDER BY last_at DESC
    """
    assert [(int(number), name, int(count)) for number, name, count in found] == rows(years, asked)
    for number, _, _ in found:
        last = one(years, f"SELECT text FROM messages WHERE chat_id = {number} ORDER BY sent_at DESC, id DESC LIMIT 1")
        assert f"{str(last)[:60]}" in page


def test_a_chat_opens_at_its_end_or_at_a_day(there: Served, years: Path) -> None:
    last = one(years, "SELECT id FROM exchanges WHERE chat_id = 1 ORDER BY started_at DESC LIMIT 1")
    assert f'data-talk="{last}"' in page_of(there, "/chats/1")
    month = f"{date.today():%m}"
    day = f"2016-{month}-09"
    asked = f"SELECT id FROM exchanges WHERE chat_id = 1 AND started_at >= '{day}' ORDER BY started_at LIMIT 1"
    found = re.search(r'<article class="talk[^"]*" data-talk="(\d+)"', page_of(there, f"/chats/1?day={day}"))
    assert found
    assert int(found[1]) == one(years, asked)


def test_a_part_is_the_talk_and_where_it_goes_on(there: Served, years: Path) -> None:
    numbers = [row[0] for row in rows(years, "SELECT id FROM exchanges WHERE chat_id = 1 ORDER BY started_at, id")]
    seen, address = [], f"/talk/{numbers[0]}"
    while address and len(seen) < len(numbers) + 1:
        part = page_of(there, f"{address}?part=1")
        assert "<html" not in part
        seen.append(int(address.rpartition("/")[2]))
        said = re.findall(r'id="m(\d+)"', part)
        counted = one(years, f"SELECT count(*) FROM messages WHERE exchange_id = {seen[-1]}")
        assert len(said) == counted
        found = re.search(r'data-next="([^"]+)"', part)
        address = found[1] if found else ""
    assert seen == numbers


def test_talks_of_the_same_second_are_all_passed(tmp_path: Path) -> None:
    put(tmp_path / "memories.db", _export(tmp_path))
    from ingest.archive.database import connect

    with connect(tmp_path / "memories.db") as archive:
        archive.execute("UPDATE exchanges SET started_at = '2020-01-01T09:00:00'")
        archive.commit()
    served = serve(tmp_path / "memories.db", tmp_path / "log")
    try:
        seen, address = [], f"/talk/{one(tmp_path / 'memories.db', 'SELECT min(id) FROM exchanges')}"
        while address:
            seen.append(address)
            found = re.search(r'data-next="([^"]+)"', page_of(served, f"{address}?part=1"))
            address = found[1] if found else ""
    finally:
        served.stop()
    assert len(seen) == one(tmp_path / "memories.db", "SELECT count(*) FROM exchanges") > 2


def _export(folder: Path) -> Path:
    path = folder / "WhatsApp Chat with Bo.txt"
    path.write_text("".join(f"1/{day}/20, 9:00 AM - Bo: day {day}\n" for day in range(1, 5)), "utf-8")
    return path


@pytest.mark.parametrize("asked", ["talk={talk}", "year=2016", "person={person}", ""])
def test_a_story_tells_what_was_said(there: Served, years: Path, asked: str) -> None:
    talk = one(years, "SELECT id FROM exchanges WHERE is_memory ORDER BY score DESC LIMIT 1")
    person = one(years, "SELECT id FROM people WHERE name = 'Bo'")
    asked = asked.format(talk=talk, person=person)
    page = page_of(there, f"/story?{asked}")
    lines = re.findall(r'<span\s+dir="auto">([^<]+)</span></p>', page)
    assert lines
    known = {row[0] for row in rows(years, "SELECT text FROM messages")}
    assert set(lines) <= known
    if asked.startswith("talk"):
        assert lines == [
            row[0] for row in rows(years, f"SELECT text FROM messages WHERE exchange_id = {talk} ORDER BY sent_at, id")
        ]
    file = page_of(there, f"/story.html?{asked}")
    assert re.findall(r'<span\s+dir="auto">([^<]+)</span></p>', file) == lines
    assert "/-/media/" not in file
    assert 'src="/' not in file
    assert 'href="/' not in file


@pytest.mark.parametrize("path", ["/story?talk=999999", "/story?person=999999", "/story?talk=x", "/story?year=1801"])
def test_nothing_to_tell_is_said(there: Served, path: str) -> None:
    assert there.get(path)[0] == 404


def test_what_is_hidden_is_on_no_shelf_and_in_no_story(years: Path, tmp_path: Path) -> None:
    shutil.copytree(years.parent, tmp_path / "served")
    served = serve(tmp_path / "served" / "memories.db", tmp_path / "log")
    try:
        api = Client(served)
        page = page_of(served, "/")
        talks = sorted({int(number) for number in re.findall(r"/talk/(\d+)", page)})
        assert len(talks) > 10
        talks = talks[::2]
        for number in talks:
            assert api.ask("DELETE", f"/api/exchanges/{number}")[0] == 204
        after = page_of(served, "/")
        assert not set(talks) & {int(number) for number in re.findall(r"/talk/(\d+)", after)}
        for number in talks[:3]:
            assert served.get(f"/story?talk={number}")[0] == 404
        told = page_of(served, "/story?year=2018")
        assert not set(talks) & {int(number) for number in re.findall(r"/talk/(\d+)", told)}
    finally:
        served.stop()


def test_the_calendar_has_weeks_and_each_day_with_messages(there: Served, years: Path) -> None:
    page = page_of(there, "/calendar?year=2016")
    said = {str(day) for (day,) in rows(years, "SELECT DISTINCT day FROM days WHERE day LIKE '2016%'")}
    assert set(re.findall(r'href="\?day=([0-9-]+)"', page)) == said
    asked = "SELECT DISTINCT substr(started_at, 1, 10) FROM exchanges WHERE is_memory AND started_at LIKE '2016%'"
    dots = set(re.findall(r'is-memory"\s+href="\?day=([0-9-]+)"', page))
    assert dots == {day for (day,) in rows(years, asked)}
    for day in said:
        row = next(row for row in re.findall(r"<tr>(<td>.*?)</tr>", page, re.DOTALL) if f"day={day}" in row)
        cells = re.findall(r"<td>(.*?)</td>", row, re.DOTALL)
        assert len(cells) == 7
        assert f"day={day}" in cells[date.fromisoformat(day).weekday()]
    assert f'href="?year={max(row[0] for row in rows(years, "SELECT substr(day, 1, 4) FROM days"))}"' in page


def card(number: int, chat: str, at: str, score: float, picture: str = "") -> dict[str, object]:
    return {"id": number, "chat": chat, "started_at": at, "score": score, "picture": picture}


def test_not_two_of_one_chat_and_month_in_a_row() -> None:
    cards = [card(n, "A", f"2020-01-{n:02}", 1 - n / 100) for n in range(1, 6)]
    cards += [card(n, "B", f"2020-02-{n:02}", 0.5 - n / 100) for n in range(6, 10)]
    order = [(one["chat"], one["started_at"][:7]) for one in home.varied(cards)]  # type: ignore[index]
    assert len(order) == 9
    assert all(a != b for a, b in itertools.pairwise(order[:8]))


def test_the_best_comes_first_and_none_is_lost() -> None:
    cards = [card(n, "A", f"20{n:02}-01-01", n / 50) for n in range(10, 40)]
    order = home.varied(cards)
    assert order[0]["id"] == 39
    assert {one["id"] for one in order} == set(range(10, 40))


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Grandma June", "GJ"), ("Theo", "T"), ("~ Pia", "P"), ("+49 170 1234567", "67"), ("🌊", "🌊"),
        ("Lakehouse 🌊", "L"), ("Anna-Lena Maria Ott", "AO"), ("ハナ", "ハ"), ("", "?"), ("123", "23"), ("…", "?"),
    ],
)  # fmt: skip
def test_letters_that_stand_for_somebody(name: str, letters: str) -> None:
    assert initials(name) == letters


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("00000012-Menu.pdf", "Menu.pdf"), ("Menu.pdf", "Menu.pdf"), ("2024-01-02 plan.pdf", "2024-01-02 plan.pdf"),
        ("00000012-", "00000012-"), (None, ""), ("12345678.pdf", "12345678.pdf"),
    ],
)  # fmt: skip
def test_files_are_called_as_people_know_them(name: str | None, shown: str) -> None:
    assert file_name(name) == shown


def test_a_story_has_scenes_of_a_few_messages() -> None:
    def said(n: int, kind: str = "text", text: str = "so it was", thumbnail: str | None = None) -> dict[str, object]:
        return {
            "id": n, "sent_at": f"2020-01-01T10:{n:02}:00", "kind": kind, "text": text, "sender_id": 1, "sender": "Bo",
            "is_owner": 0, "is_highlight": 0, "sha256": f"{n:064x}", "thumbnail": thumbnail, "mimetype": "image/jpeg",
            "bytes": 1000,
        }  # fmt: skip

    head = {"id": 7, "title": "so it was", "chat": "Bo", "language": "en", "started_at": "2020-01-01T10:00:00"}
    messages = [said(n) for n in range(7)] + [said(7, "image", "", "t")] + [said(8)] + [said(9, "image", "two", "t")]
    found = scenes._whole({"head": head, "messages": messages})
    assert [len(one.messages) for one in found] == [5, 3, 1]
    assert [bool(one.picture) for one in found] == [False, True, True]
    assert found[1].picture != found[2].picture
    assert sum(len(one.messages) for one in found) == 9  # a photo without words is behind the others
