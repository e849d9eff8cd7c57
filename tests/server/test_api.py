"""The JSON API over a socket: the earlier backend's contract to the letter, and what is ours."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.client import Client, ids
from tests.conftest import ROOT, serve
from tests.helpers import one, rows, run_apart

ELSEWHERE = "http://frontend.example:3000"


@pytest.fixture
def archive(examples_db: Path, tmp_path: Path) -> Path:
    shutil.copytree(examples_db.parent, tmp_path / "served")
    return tmp_path / "served" / "memories.db"


@pytest.fixture
def api(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("ALLOWED_ORIGINS", f"{ELSEWHERE}, https://other.example")
    served = serve(archive, tmp_path / "log")
    yield Client(served)
    served.stop()


@pytest.fixture(scope="module")
def calm(examples_db: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One server for what only reads."""
    folder = tmp_path_factory.mktemp("calm")
    shutil.copytree(examples_db.parent, folder / "served")
    served = serve(folder / "served" / "memories.db", folder / "log")
    yield Client(served)
    served.stop()


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_list_is_as_the_contract_says(calm: Client, examples_db: Path, slash: str) -> None:
    found = calm.get(f"/api/exchanges{slash}?page=1&page_size=7")
    assert found["pagination"] == {"currentPage": 1, "pageSize": 7, "totalItems": 20, "totalPages": 3, "hasMore": True}
    assert len(found["items"]) == 7
    first = found["items"][0]
    assert {"id", "cache_key", "exchange_index", "first_message"} <= set(first)
    message = first["first_message"]
    assert set(message) >= {"message_id", "date", "time", "person", "quote"}
    sent = str(one(examples_db, "SELECT sent_at FROM messages WHERE id = ?", [message["message_id"]]))
    assert message["date"] == f"{sent[8:10]}.{sent[5:7]}.{sent[2:4]}"
    assert message["time"] == sent[11:]
    times = [item["started_at"] for item in calm.get("/api/exchanges?page_size=100")["items"]]
    assert times == sorted(times)
    back = calm.get("/api/exchanges?page_size=100&sort_by_first_message_date=desc")["items"]
    assert [item["started_at"] for item in back] == sorted(times, reverse=True)
    assert calm.get("/api/exchanges?page=99")["items"] == []
    assert calm.get("/api/exchanges?page=3&page_size=7")["pagination"]["hasMore"] is False


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("page=0", "page"), ("page=x", "page"), ("page_size=0", "page_size"), ("page_size=101", "page_size"),
        ("from=yesterday", "from"), ("sort=x", "sort"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_where(calm: Client, query: str, name: str) -> None:
    status, _, found = calm.ask("GET", f"/api/exchanges?{query}")
    assert status == 422
    assert found["detail"][0]["loc"] == ["query", name]
    assert set(found["detail"][0]) == {"loc", "msg", "type"}


@pytest.mark.parametrize("slash", ["", "/"])
def test_an_exchange_has_its_messages_in_order(calm: Client, examples_db: Path, slash: str) -> None:
    number = ids(calm)[3]
    found = calm.get(f"/api/exchanges/{number}{slash}")
    told = rows(examples_db, "SELECT id, text FROM messages WHERE exchange_id = ? ORDER BY sent_at, id", [number])
    assert [m["message_id"] for m in found["messages"]] == [r[0] for r in told]
    assert [m["text"] for m in found["messages"]] == [r[1] for r in told]
    for missing in ("999999", "99999999999999999999"):
        status, _, gone = calm.ask("GET", f"/api/exchanges/{missing}{slash}")
        assert (status, set(gone)) == (404, {"detail"})


def test_deleting_hides_and_can_be_undone(api: Client, archive: Path) -> None:
    number = ids(api)[0]
    status, headers, body = api.ask("DELETE", f"/api/exchanges/{number}/")
    assert (status, body) == (204, b"")
    assert number not in ids(api)
    assert api.ask("GET", f"/api/exchanges/{number}")[0] == 404
    assert api.ask("DELETE", f"/api/exchanges/{number}")[0] == 404
    assert one(archive, "SELECT count(*) FROM messages WHERE exchange_id = ?", [number]) > 0  # type: ignore[operator]
    assert api.ask("POST", f"/api/edits/{headers['x-edit']}/undo")[0] == 200
    assert number in ids(api)
    assert api.ask("POST", f"/api/edits/{headers['x-edit']}/undo")[0] == 409


def mergeable(archive: Path) -> list[int]:
    (chat,) = rows(archive, "SELECT chat_id FROM exchanges WHERE is_memory GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")[
        0
    ]
    found = rows(archive, "SELECT id FROM exchanges WHERE chat_id = ? AND is_memory ORDER BY id", [chat])
    return [int(str(row[0])) for row in found]


def test_merging_keeps_the_smallest_and_redirects_the_others(api: Client, archive: Path) -> None:
    a, b, *_ = mergeable(archive)
    before = {n: api.get(f"/api/exchanges/{n}") for n in (a, b)}
    status, _, told = api.ask("POST", "/api/exchanges/merge", {"exchange_ids": [b, a]})
    assert (status, told["target_exchange_id"]) == (200, a)
    merged = api.get(f"/api/exchanges/{a}")["messages"]
    assert len(merged) == sum(len(e["messages"]) for e in before.values())
    assert [m["sent_at"] for m in merged] == sorted(m["sent_at"] for m in merged)
    status, headers, _ = api.ask("GET", f"/api/exchanges/{b}")
    assert (status, headers["location"]) == (308, f"/api/exchanges/{a}")
    assert b not in ids(api)
    assert api.ask("POST", f"/api/edits/{told['edit']}/undo")[0] == 200
    assert {n: api.get(f"/api/exchanges/{n}") for n in (a, b)} == before


def test_what_cannot_be_merged(api: Client, archive: Path) -> None:
    (other,) = rows(
        archive, "SELECT id FROM exchanges WHERE chat_id <> (SELECT chat_id FROM exchanges WHERE id = ?) LIMIT 1",
        [mergeable(archive)[0]],
    )[0]  # fmt: skip
    first = mergeable(archive)[0]
    for given, expected in (
        ([first, other], 400), ([first, 987654], 400), ([first], 422), ([], 422), ([first, first], 422),
        ("x", 422), ([first, "2"], 422), ([first, True], 422), ([first, 1 << 80], 422),
    ):  # fmt: skip
        status, _, told = api.ask("POST", "/api/exchanges/merge", {"exchange_ids": given})
        assert status == expected, (given, told)
        assert "detail" in told
    assert api.ask("POST", "/api/exchanges/merge", [1, 2])[0] == 422
    assert rows(archive, "SELECT count(*) FROM exchanges_before") == [(0,)]


def test_messages_are_hidden_and_counted(api: Client) -> None:
    number = ids(api)[2]
    messages = [m["message_id"] for m in api.get(f"/api/exchanges/{number}")["messages"]]
    status, _, told = api.ask("DELETE", "/api/messages", {"message_ids": [*messages[:2], 987654, messages[0]]})
    assert (status, told) == (200, {"deleted_count": 2})
    found = api.get(f"/api/exchanges/{number}")
    assert [m["message_id"] for m in found["messages"]] == messages[2:]
    item = next(i for i in api.get("/api/exchanges?page_size=100")["items"] if i["id"] == number)
    assert item["first_message"]["message_id"] == messages[2]
    assert api.ask("DELETE", "/api/messages/", {"message_ids": []})[0] == 400
    assert api.ask("POST", "/api/messages/restore", {"message_ids": messages[:2]})[2] == {"restored_count": 2}
    assert [m["message_id"] for m in api.get(f"/api/exchanges/{number}")["messages"]] == messages
    all_of_them = api.ask("DELETE", "/api/messages", {"message_ids": messages})[2]
    assert all_of_them == {"deleted_count": len(messages)}
    # Nothing is left to be seen of it, so that it is not there; one message that comes back brings it back.
    assert number not in ids(api)
    assert api.ask("GET", f"/api/exchanges/{number}")[0] == 404
    assert api.ask("POST", "/api/messages/restore", {"message_ids": messages[:1]})[2] == {"restored_count": 1}
    assert number in ids(api)


def test_preflight_and_origins(api: Client) -> None:
    asked = {"access-control-request-method": "DELETE", "access-control-request-headers": "content-type"}
    for path in ("/api/exchanges/1", "/api/exchanges/", "/api/messages"):
        status, headers, _ = api.ask("OPTIONS", path, headers={"origin": ELSEWHERE, **asked})
        assert status == 204
        assert headers["access-control-allow-origin"] == ELSEWHERE
        assert headers["access-control-allow-credentials"] == "true"
        assert "DELETE" in headers["access-control-allow-methods"]
        assert headers["access-control-allow-headers"] == "content-type"
    status, headers, _ = api.ask("OPTIONS", "/api/exchanges", headers={"origin": "http://evil.example", **asked})
    assert not any(name.startswith("access-control") for name in headers)
    assert (
        api.ask("GET", "/api/exchanges", headers={"origin": ELSEWHERE})[1]["access-control-allow-origin"] == ELSEWHERE
    )
    evil = api.ask("GET", "/api/exchanges", headers={"origin": "http://evil.example"})[1]
    assert not any(name.startswith("access-control") for name in evil)
    number = ids(api)[0]
    status, _, told = api.ask("DELETE", f"/api/exchanges/{number}", headers={"origin": "http://evil.example"})
    assert (status, set(told)) == (403, {"detail"})
    assert api.ask("DELETE", f"/api/exchanges/{number}", headers={"sec-fetch-site": "cross-site"})[0] == 403
    assert number in ids(api)
    assert api.ask("DELETE", f"/api/exchanges/{number}", headers={"origin": ELSEWHERE})[0] == 204


def test_what_has_not_changed_is_not_sent_again(api: Client) -> None:
    path = "/api/exchanges?page_size=100"
    _, headers, _ = api.ask("GET", path)
    status, _, body = api.ask("GET", path, headers={"if-none-match": headers["etag"]})
    assert (status, body) == (304, b"")
    _, packed, _ = api.ask("GET", path, headers={"accept-encoding": "gzip, br"})
    assert packed["content-encoding"] == "gzip"
    api.ask("DELETE", f"/api/exchanges/{ids(api)[0]}")
    assert api.ask("GET", path, headers={"if-none-match": headers["etag"]})[0] == 200


def test_star_title_note_split_and_highlight(api: Client, archive: Path) -> None:
    number = next(n for n in ids(api) if len(api.get(f"/api/exchanges/{n}")["messages"]) > 5)
    assert api.ask("POST", f"/api/exchanges/{number}/star")[0] == 200
    assert ids(api, "&starred=1") == [number]
    assert api.ask("POST", f"/api/exchanges/{number}/retitle", {"title": "  The day of the zebra "})[0] == 200
    assert api.ask("POST", f"/api/exchanges/{number}/note", {"note": "Grandma loves this one"})[0] == 200
    found = api.get(f"/api/exchanges/{number}")
    assert (found["title"], found["note"], found["is_starred"]) == (
        "The day of the zebra",
        "Grandma loves this one",
        True,
    )
    assert ids(api, "&q=zebra") == [number]
    cut = found["messages"][3]["message_id"]
    status, _, told = api.ask("POST", f"/api/exchanges/{number}/split", {"message_id": cut})
    assert status == 200
    parts = [api.get(f"/api/exchanges/{n}")["messages"] for n in (number, told["new_exchange_id"])]
    assert [len(p) for p in parts] == [3, len(found["messages"]) - 3]
    assert told["new_exchange_id"] < 2**53
    assert api.ask("POST", f"/api/messages/{cut}/highlight", {"on": True})[0] == 200
    assert api.get(f"/api/exchanges/{told['new_exchange_id']}")["messages"][0]["is_highlight"] is True
    first = parts[0][0]["message_id"]
    assert api.ask("POST", f"/api/exchanges/{number}/split", {"message_id": first})[0] == 400
    assert api.ask("POST", f"/api/exchanges/{number}/split", {"message_id": cut})[0] == 400
    told = api.get("/api/edits")["edits"]
    assert [e["action"] for e in told] == ["highlight", "split", "note", "retitle", "star"]
    assert {e["actor"] for e in told} == {"owner"}
    for edit in told:
        assert api.ask("POST", f"/api/edits/{edit['id']}/undo")[0] == 200
    assert rows(archive, "SELECT count(*) FROM exchanges_before") == [(0,)]
    assert api.get(f"/api/exchanges/{number}")["messages"] == found["messages"]


def test_search_marks_what_was_found(api: Client) -> None:
    found = api.get("/api/search?q=Strasse")
    assert any(["Straße", True] in m["snippet"] for m in found["messages"])
    assert found["total"] >= 1
    assert found["milliseconds"] < 5000
    assert api.get("/api/search?q=%22")["messages"] == []
    assert api.get("/api/search")["total"] == 0
    hit = api.get("/api/search?q=squirrels")["messages"][0]
    api.ask("DELETE", "/api/messages", {"message_ids": [hit["message_id"]]})
    assert hit["message_id"] not in [m["message_id"] for m in api.get("/api/search?q=squirrels")["messages"]]


def test_the_talk_around_a_message(calm: Client, examples_db: Path) -> None:
    chat = one(examples_db, "SELECT chat_id FROM messages GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
    order = [r[0] for r in rows(examples_db, "SELECT id FROM messages WHERE chat_id = ? ORDER BY sent_at, id", [chat])]
    middle = len(order) // 2
    found = calm.get(f"/api/messages?around={order[middle]}&before=30&after=10")
    assert [m["message_id"] for m in found["messages"]] == order[middle - 30 : middle + 11]
    first = calm.get(f"/api/messages?around={order[0]}&before=5&after=0")["messages"]
    assert [m["message_id"] for m in first] == order[:1]
    assert calm.ask("GET", "/api/messages")[0] == 422
    assert calm.ask("GET", "/api/messages?around=987654")[0] == 404


@pytest.mark.parametrize("name", ["chats", "people", "days", "stats", "places", "on-this-day?date=2024-06-14"])
def test_small_lists(calm: Client, name: str) -> None:
    found = calm.get(f"/api/{name}")
    assert next(value for value in found.values() if isinstance(value, list))


def test_unknown_paths_and_methods_answer_in_json(calm: Client) -> None:
    for method, path, expected in (
        ("GET", "/api/nothing", 404), ("PUT", "/api/exchanges", 405), ("PATCH", "/api/exchanges/1", 405),
        ("POST", "/api/exchanges/1/dance", 404), ("GET", "/api/exchanges/x", 404), ("GET", "/api/exchanges/merge", 405),
    ):  # fmt: skip
        status, _, found = calm.ask(method, path)
        assert (status, set(found)) == (expected, {"detail"}), path


def test_health(calm: Client) -> None:
    for path in ("/health", "/health/"):
        assert calm.ask("GET", path)[2] == {"status": "healthy"}


def test_the_order_as_the_earlier_backend_took_it(calm: Client) -> None:
    """In any case, ascending where it is empty; anything else is 400 with a sentence."""

    def ids_of(order: str) -> list[int]:
        found = calm.get(f"/api/exchanges?all=1&page_size=100&sort_by_first_message_date={order}")["items"]
        return [item["id"] for item in found]

    assert ids_of("DESC") == ids_of("desc") == ids_of("Desc") != ids_of("asc")
    assert ids_of("") == ids_of("ASC") == ids_of("asc")
    status, _, found = calm.ask("GET", "/api/exchanges?sort_by_first_message_date=up")
    assert (status, list(found)) == (400, ["detail"])
    assert isinstance(found["detail"], str)


def test_what_is_kept_is_of_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """At midnight "on this day" is another day's, though the archive has not changed."""
    from memories_lib.server import response_cache

    monkeypatch.setattr(response_cache, "stamp_of", lambda _datasette: (1, 1))
    monkeypatch.setattr(response_cache, "date", SimpleNamespace(today=lambda: today[0]))
    today, asked = ["2024-06-14"], []

    async def work_out(_request: object, _datasette: object) -> dict[str, int]:
        asked.append(today[0])
        return {"n": len(asked)}

    request = SimpleNamespace(full_path="/api/on-this-day")
    for day in ("2024-06-14", "2024-06-14", "2024-06-15"):
        today[0] = day
        run_apart(response_cache.answer(request, None, work_out))
    response_cache.forget()
    assert asked == ["2024-06-14", "2024-06-15"]


def test_a_person_gets_another_name(api: Client, archive: Path) -> None:
    person = int(str(one(archive, "SELECT id FROM people WHERE name = 'Grandma June'")))
    assert api.ask("POST", f"/api/people/{person}/rename", {"name": "June Amélie"})[0] == 200
    assert "June Amélie" in [p["name"] for p in api.get("/api/people")["people"]]
    assert api.ask("POST", f"/api/people/{person}/rename", {"name": "Nora"})[0] == 409


def test_a_name_is_told_as_it_is_now_everywhere(api: Client, archive: Path) -> None:
    person = int(str(one(archive, "SELECT id FROM people WHERE name = 'Grandma June'")))
    told = "SELECT count(*) FROM exchanges WHERE summary LIKE ?"
    before = one(archive, told, ("%Grandma June: “%",))
    assert before
    edit = api.ask("POST", f"/api/people/{person}/rename", {"name": "Zephyrine"})[2]["edit"]
    assert one(archive, told, ("%Zephyrine: “%",)) == before
    assert one(archive, told, ("%Grandma June: “%",)) == 0
    found = {item["id"] for item in api.get("/api/search?q=Zephyrine")["exchanges"]}
    assert found
    for path in ("/people", f"/people/{person}", "/?all=1", "/numbers"):
        page = api.text(path)
        assert "Zephyrine" in page, path
        assert "Grandma June" not in page, path
    assert api.ask("POST", f"/api/edits/{edit}/undo")[0] == 200
    assert one(archive, told, ("%Grandma June: “%",)) == before
    assert api.get("/api/search?q=Zephyrine")["exchanges"] == []


def test_two_who_are_one_are_joined_and_parted(api: Client, archive: Path) -> None:
    people = {p["name"]: p for p in api.get("/api/people")["people"]}
    (first, one_), (second, two) = list(people.items())[:2]
    total = one_["message_count"] + two["message_count"]
    status, _, told = api.ask("POST", f"/api/people/{one_['id']}/join", {"person_ids": [two["id"]]})
    assert (status, told["action"]) == (200, "join_people")
    now = {p["name"]: p for p in api.get("/api/people")["people"]}
    assert second not in now
    assert now[first]["message_count"] == total
    assert one(archive, "SELECT count(*) FROM messages WHERE sender_id = ?", (one_["id"],)) == total
    assert f"{second}: “" not in str(rows(archive, "SELECT group_concat(summary) FROM exchanges"))
    assert api.ask("POST", f"/api/people/{one_['id']}/join", {"person_ids": [one_["id"]]})[0] == 409
    assert api.ask("POST", f"/api/people/{one_['id']}/join", {"person_ids": [987654]})[0] == 404
    assert api.ask("POST", f"/api/people/{one_['id']}/part")[0] == 200
    assert {p["name"]: p for p in api.get("/api/people")["people"]} == people
    assert api.ask("POST", f"/api/people/{one_['id']}/part")[0] == 409


def test_the_page_of_edits_tells_them_in_words(api: Client, archive: Path) -> None:
    """Who was joined and renamed is named; what a command did has no button that would take nothing back."""
    people = api.get("/api/people")["people"]
    first, second = people[0], people[1]
    edit = api.ask("POST", f"/api/people/{first['id']}/join", {"person_ids": [second["id"]]})[2]["edit"]
    api.ask("POST", f"/api/people/{first['id']}/rename", {"name": "Zephyrine"})
    page = api.text("/edits")
    assert f"You joined “{first['name']}” with “{second['name']}”" in page
    assert f"You renamed “{first['name']}” to “Zephyrine”" in page
    assert "join_people" not in page
    assert f'data-undo="{edit}"' in page
    with closing(sqlite3.connect(archive.with_name("curation.db"))) as log, log:
        log.execute(
            "INSERT INTO edits VALUES (?, '2026-01-01T00:00:00Z', 'x', 'forget', 'chat', 7, '{}', NULL)", (edit + 9,)
        )
    page = api.text("/edits")
    assert "x had a chat forgotten" in page
    assert f'data-undo="{edit + 9}"' not in page
    assert api.ask("POST", f"/api/edits/{edit + 9}/undo")[0] == 409


def test_me_under_another_name_and_a_chat_called_otherwise(api: Client, archive: Path) -> None:
    other = int(str(one(archive, "SELECT id FROM people WHERE NOT is_owner ORDER BY id")))
    assert api.ask("POST", f"/api/people/{other}/me", {"on": True})[0] == 200
    assert one(archive, "SELECT count(*) FROM people WHERE is_owner") == 2
    assert api.ask("POST", f"/api/people/{other}/me", {"on": False})[0] == 200
    assert api.ask("POST", f"/api/people/{other}/me", {"on": "yes"})[0] == 422
    assert one(archive, "SELECT count(*) FROM people WHERE is_owner") == 1
    chats = api.get("/api/chats")["chats"]
    assert api.ask("POST", f"/api/chats/{chats[0]['id']}/rename", {"name": " The   lake "})[0] == 200
    assert api.get("/api/chats")["chats"][0]["name"] == "The lake"
    assert api.ask("POST", f"/api/chats/{chats[1]['id']}/rename", {"name": "THE LAKE"})[0] == 409
    assert "The lake" in api.text(f"/chats/{chats[0]['id']}")


def test_edits_outlive_a_crash_between_log_and_archive(archive: Path, tmp_path: Path) -> None:
    """The log is written first: an archive that missed an edit shows it when it is served again."""
    served = serve(archive, tmp_path / "log")
    api = Client(served)
    number = ids(api)[0]
    api.ask("DELETE", f"/api/exchanges/{number}")
    served.stop()
    with closing(sqlite3.connect(archive)) as connection:
        connection.execute("DELETE FROM exchange_marks")
        connection.execute("UPDATE curation_state SET digest = 'before'")
        connection.commit()
    served = serve(archive, tmp_path / "log")
    assert number not in ids(Client(served))
    served.stop()


def test_the_examples_of_the_page_work(api: Client) -> None:
    page = (ROOT / "docs" / "API.md").read_text("utf-8")
    lines = re.findall(r"^\$ curl (?:-X (\w+) )?(\S+)(?: -d '(.*)')?$", page, re.MULTILINE)
    assert len(lines) > 20
    for method, path, body in lines:
        status, _, found = api.ask(method or "GET", path, json.loads(body) if body else None)
        assert status in (200, 204), (method, path, found)
        if path.startswith("/api/exchanges?page=1"):
            shown = json.loads(re.findall(r"```json\n(.*?)```", page, re.DOTALL)[0])
            assert found["pagination"] == shown["pagination"]
            assert set(shown["items"][0]) <= set(found["items"][0])
        if path == "/api/exchanges/1" and not method:
            shown = json.loads(re.findall(r"```json\n(.*?)```", page, re.DOTALL)[1])
            assert set(shown) <= set(found)
            assert set(shown["messages"][0]) <= set(found["messages"][0])


def test_every_route_is_on_the_page() -> None:
    page = (ROOT / "docs" / "API.md").read_text("utf-8")
    source = (ROOT / "plugins" / "api.py").read_text("utf-8")
    for path in re.findall(r'f?"(/api/[^"]+)":', source):
        start = re.sub(r"\{_ID\}.*|\{_SHA256\}.*|\{action\}.*|\(\?P.*", "", path)
        assert start in page, path


def test_an_edit_that_was_answered_survives_a_kill(archive: Path, tmp_path: Path) -> None:
    served = serve(archive, tmp_path / "log")
    api = Client(served)
    numbers = ids(api)[:3]
    for number in numbers:
        assert api.ask("POST", f"/api/exchanges/{number}/star")[0] == 200
    served.kill()
    served = serve(archive, tmp_path / "log")
    assert sorted(ids(Client(served), "&starred=1")) == sorted(numbers)
    assert len(Client(served).get("/api/edits")["edits"]) == 3
    served.stop()
