"""From the laptop to the server and back: edits of both, only what changed, whatever breaks."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from ingest.ops import sync as pushing
from ingest.ops.remote import Remote, RemoteError
from tests.client import Client, ids
from tests.commands import memories
from tests.conftest import Served, serve
from tests.helpers import one, put


@pytest.fixture
def home(examples_db: Path, tmp_path: Path) -> Path:
    shutil.copytree(examples_db.parent, tmp_path / "home")
    return tmp_path / "home" / "memories.db"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """An empty archive, as it is after a first deployment."""
    from ingest.archive.database import connect

    (tmp_path / "server").mkdir()
    connect(tmp_path / "server" / "memories.db").close()
    found = serve(tmp_path / "server" / "memories.db", tmp_path / "log")
    yield found
    found.stop()
    assert "Traceback" not in (tmp_path / "log").read_text("utf-8")


def test_there_and_back(home: Path, served: Served, tmp_path: Path) -> None:
    assert "Nothing here yet" in Client(served).ask("GET", "/")[2].decode()
    assert "would be sent" in memories("push", "--db", home, "--to", served.base, "--dry-run")
    assert Client(served).get("/api/chats")["chats"] == []
    assert "shows it" in memories("push", "--db", home, "--to", served.base)
    api = Client(served)
    assert len(api.get("/api/chats")["chats"]) == 4
    assert "the same is served" in memories("push", "--db", home, "--to", served.base)
    assert len(list((tmp_path / "server" / "media").rglob("*"))) == len(list((home.parent / "media").rglob("*")))
    # An edit there, an edit here, a new export: all of it everywhere.
    there = ids(api)[0]
    api.ask("POST", f"/api/exchanges/{there}/star")
    local = serve(home, tmp_path / "local.log")
    here = ids(Client(local))[1]
    Client(local).ask("POST", f"/api/exchanges/{here}/star")
    local.stop()
    assert "1 brought here, 1 sent" in memories("pull", "--db", home, "--from", served.base)
    assert one(home, "SELECT count(*) FROM exchange_marks WHERE is_starred") == 2
    assert len(api.get("/api/exchanges?starred=1")["items"]) == 2
    (tmp_path / "WhatsApp Chat with Emma.txt").write_text("03/04/21, 9:15 pm - Emma: new here\n", "utf-8")
    put(home, tmp_path / "WhatsApp Chat with Emma.txt")
    memories("push", "--db", home, "--to", served.base)
    assert len(api.get("/api/exchanges?starred=1")["items"]) == 2
    assert len(api.get("/api/chats")["chats"]) == 5
    # A machine that has nothing fetches everything.
    memories("pull", "--db", tmp_path / "third" / "memories.db", "--from", served.base, "--archive")
    assert one(tmp_path / "third" / "memories.db", "SELECT count(*) FROM exchange_marks WHERE is_starred") == 2
    assert "all is well" in memories("check", "--db", tmp_path / "third" / "memories.db")


def test_only_what_changed_travels(served: Served, tmp_path: Path) -> None:
    lines = [
        f"{1 + n // 1200:02}/04/21, 9:{n % 60:02} pm - {'Emma' if n % 3 else 'Anna'}: word{n} {n * 7919}\n"
        for n in range(30_000)
    ]
    export = tmp_path / "WhatsApp Chat with Emma.txt"
    export.write_text("".join(lines), "utf-8")
    home = tmp_path / "home.db"
    put(home, export)
    with_remote = Remote(served.base)
    first = pushing.push(with_remote, home)
    assert first.blocks - 2 <= first.blocks_sent  # one may be as in the empty archive that is there
    assert first.blocks > 8
    export.write_text("".join(lines) + "29/04/21, 9:00 pm - Emma: one more\n", "utf-8")
    put(home, export)
    second = pushing.push(with_remote, home)
    with_remote.close()
    assert 0 < second.blocks_sent < first.blocks * 0.8


@pytest.mark.drill
def test_killed_on_the_way_and_tried_again(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server dies at one moment after the other; each time it serves a whole archive, and the push gets through."""
    from ingest.archive.database import connect

    (tmp_path / "server").mkdir()
    database = tmp_path / "server" / "memories.db"
    connect(database).close()
    monkeypatch.setattr("ingest.ops.remote._WAIT_S", (0.01,))
    for n, delay in enumerate((0.0, 0.02, 0.05, 0.1)):
        served = serve(database, tmp_path / f"log{n}")
        timer = threading.Timer(delay, served.kill)
        timer.start()
        remote = Remote(served.base)
        with suppress(RemoteError):
            pushing.push(remote, home)
        remote.close()
        timer.join()
        assert one(database, "SELECT count(*) FROM messages") in (0, 188)
    served = serve(database, tmp_path / "log")
    remote = Remote(served.base)
    pushing.push(remote, home)
    remote.close()
    served.stop()
    assert one(database, "SELECT count(*) FROM messages") == 188
    assert "all is well" in memories("check", "--db", database)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://memories.example", "in the open"), ("ftp://x", "no address"), ("https://", "no address"),
        ("http://127.0.0.1:9", "cannot be reached"), ("http://[", "no address"),
    ],
)  # fmt: skip
def test_addresses_that_are_none(home: Path, url: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.ops.remote._WAIT_S", (0.01,))
    assert said in memories("push", "--db", home, "--to", url, fails=True)


def test_a_token_that_is_not_good(home: Path, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMORIES_TOKEN", "mem_1_nothing")
    told = memories("push", "--db", home, "--to", served.base, fails=True)
    assert "not (or no longer) good" in told
    assert "mem_1" not in told


def test_something_else_answers(site: Served) -> None:
    remote = Remote(site.base + "/-/static")
    with pytest.raises(RemoteError, match="no archive of this version"):
        remote.ask("GET", "/api/tokens")
    remote.close()


def test_links_that_would_lead_elsewhere_are_not_sent_unasked(home: Path, served: Served, tmp_path: Path) -> None:
    """An archive made anew, in another order, where nothing says which numbers were given before."""
    exports = sorted((Path(__file__).parents[2] / "examples").iterdir())
    memories("push", "--db", home, "--to", served.base)
    anew = tmp_path / "anew" / "memories.db"
    anew.parent.mkdir()
    for export in reversed(exports):
        put(anew, export)
    before = Client(served).get("/api/exchanges?all=1&page_size=100")
    with closing(Remote(served.base)) as remote:
        for _ in range(2):  # what was refused can be sent again
            with pytest.raises(RemoteError, match=r"\d+ of the \d+ talks .* --renumber"):
                pushing.push(remote, anew)
    assert Client(served).get("/api/exchanges?all=1&page_size=100") == before
    assert "shows it" in memories("push", "--db", anew, "--to", served.base, "--renumber")
    after = Client(served).get("/api/exchanges?all=1&page_size=100")
    assert [e["id"] for e in after["items"]] != [e["id"] for e in before["items"]]
    # Going back is what somebody does whose links are wrong: it asks nothing, whichever way.
    assert Client(served).ask("POST", "/api/archive/rollback", {})[0] == 200
    assert Client(served).get("/api/exchanges?all=1&page_size=100") == before
    memories("backup", "--db", anew, "--to", tmp_path / "backups")
    (backup,) = (tmp_path / "backups").glob("*.zip")
    memories("restore", backup, "--remote", served.base)
    assert Client(served).get("/api/exchanges?all=1&page_size=100") == after
    assert Client(served).ask("POST", "/api/archive/rollback", {})[0] == 200
    # What the sentence says to do instead.
    third = tmp_path / "third" / "memories.db"
    memories("pull", "--db", third, "--from", served.base, "--archive")
    (tmp_path / "WhatsApp Chat with Emma.txt").write_text("03/04/21, 9:15 pm - Emma: new here\n", "utf-8")
    put(third, tmp_path / "WhatsApp Chat with Emma.txt")
    assert "shows it" in memories("push", "--db", third, "--to", served.base)


def test_what_is_only_there_is_not_dropped_unasked(home: Path, served: Served, tmp_path: Path) -> None:
    """A chat that the server ingested by itself, and two messages of a chat that both have."""
    memories("push", "--db", home, "--to", served.base)
    there = tmp_path / "server" / "memories.db"
    (tmp_path / "WhatsApp Chat with Zoe.txt").write_text("03/04/21, 9:15 pm - Zoe: only there\n", "utf-8")
    put(there, tmp_path / "WhatsApp Chat with Zoe.txt")
    said = memories("push", "--db", home, "--to", served.base, fails=True)
    assert "1 message is only here, from WhatsApp Chat with Zoe.txt" in said
    assert "memories pull --archive" in said
    assert "--replace" in said
    assert Client(served).get("/api/search?q=only+there")["total"] == 1
    # Brought home by its export, it is in both.
    put(home, tmp_path / "WhatsApp Chat with Zoe.txt")
    assert "shows it" in memories("push", "--db", home, "--to", served.base)
    assert Client(served).get("/api/search?q=only+there")["total"] == 1
    # Taken out here, it is only there again, and goes when that is said.
    memories("sources", "--db", home, "remove", "--yes", "WhatsApp Chat with Zoe.txt")
    assert "1 message is only here" in memories("push", "--db", home, "--to", served.base, fails=True)
    assert "shows it" in memories("push", "--db", home, "--to", served.base, "--replace")
    assert Client(served).get("/api/search?q=only+there")["total"] == 0


@pytest.mark.parametrize(
    ("kind", "name"), [("chat", "Zoe"), ("person", "Zoe"), ("source", "WhatsApp Chat with Zoe.txt")]
)
def test_what_was_forgotten_here_goes_there_too(
    home: Path, served: Served, tmp_path: Path, kind: str, name: str
) -> None:
    (tmp_path / "WhatsApp Chat with Zoe.txt").write_text("03/04/21, 9:15 pm - Zoe: only there\n", "utf-8")
    put(home, tmp_path / "WhatsApp Chat with Zoe.txt")
    memories("push", "--db", home, "--to", served.base)
    assert Client(served).get("/api/search?q=only+there")["total"] == 1
    memories("forget", "--db", home, "--yes", kind, name)
    assert "shows it" in memories("push", "--db", home, "--to", served.base)
    assert Client(served).get("/api/search?q=only+there")["total"] == 0


@pytest.mark.parametrize(
    ("kind", "name", "stays"), [("chat", "Zoe", 0), ("person", "Zoe", 1), ("source", "WhatsApp Chat with Zoe.txt", 0)]
)
def test_what_was_forgotten_here_is_hidden_there_until_it_is_gone_there(
    home: Path, served: Served, tmp_path: Path, kind: str, name: str, stays: int
) -> None:
    """The word of it travels with the edits, before the archive does; the edits that hid some of it are purged."""
    (tmp_path / "WhatsApp Chat with Zoe.txt").write_text(
        "03/04/21, 9:15 pm - Zoe: the glasspigeon was hidden\n03/04/21, 9:16 pm - Ben: a plain answer\n"
        "04/04/21, 9:15 pm - Zoe: an open windowbird\n05/04/21, 9:15 pm - Zoe: a talk of the stonecat\n",
        "utf-8",
    )
    put(home, tmp_path / "WhatsApp Chat with Zoe.txt")
    memories("push", "--db", home, "--to", served.base)
    api = Client(served)
    (pigeon,) = [hit["message_id"] for hit in api.get("/api/search?q=glasspigeon")["messages"]]
    (cat,) = [hit["exchange_id"] for hit in api.get("/api/search?q=stonecat")["messages"]]
    assert api.ask("DELETE", "/api/messages", {"message_ids": [pigeon]})[0] == 200
    assert api.ask("DELETE", f"/api/exchanges/{cat}")[0] == 204
    memories("forget", "--db", home, "--yes", kind, name)
    memories("pull", "--db", home, "--from", served.base)
    pages = ("/?all=1", "/book?all=1", "/years", "/api/exchanges?all=1", "/api/days")
    for word in ("glasspigeon", "stonecat", "windowbird"):
        assert word not in "".join(str(api.ask("GET", path)[2]) for path in pages), word
        assert api.get(f"/api/search?q={word}")["total"] == 0
    assert api.get("/api/search?q=plain+answer")["total"] == stays
    assert ("Zoe" in [chat["name"] for chat in api.get("/api/chats")["chats"]]) == bool(stays)
    assert "Zoe" not in [person["name"] for person in api.get("/api/people")["people"]]
    # When the archive follows, it is gone there.
    assert "shows it" in memories("push", "--db", home, "--to", served.base)
    assert one(tmp_path / "server" / "memories.db", "SELECT count(*) FROM messages WHERE text LIKE '%stonecat%'") == 0


def test_several_messages_of_a_minute_are_not_taken_for_one(home: Path, served: Served, tmp_path: Path) -> None:
    """Exports without seconds: what the same person wrote at the same time is counted."""
    line = "03/04/21, 9:15 pm - Zoe: {}\n"
    export = tmp_path / "WhatsApp Chat with Zoe.txt"
    export.write_text("".join(map(line.format, ("one", "a recipe", "two"))) + "03/04/21, 9:16 pm - Ben: end\n", "utf-8")
    put(tmp_path / "server" / "memories.db", export)
    export.write_text(line.format("one") + "03/04/21, 9:16 pm - Ben: end\n04/04/21, 9:16 pm - Ben: new\n", "utf-8")
    put(home, export)
    assert "2 messages are only here" in memories("push", "--db", home, "--to", served.base, "--renumber", fails=True)
    assert Client(served).get("/api/search?q=recipe")["total"] == 1
    # In other words, it is the same message.
    export.write_text(
        "".join(map(line.format, ("one", "a receipt", "three"))) + "03/04/21, 9:16 pm - Ben: end\n", "utf-8"
    )
    put(home, export, chat="Zoe")
    assert "shows it" in memories("push", "--db", home, "--to", served.base, "--renumber")


def test_what_was_forgotten_there_does_not_come_back(home: Path, served: Served) -> None:
    memories("push", "--db", home, "--to", served.base)
    api = Client(served)
    chat = api.get("/api/chats")["chats"][0]
    assert api.ask("POST", f"/api/chats/{chat['id']}/forget", {"for_good": True})[0] == 200
    said = memories("push", "--db", home, "--to", served.base, fails=True)
    assert f"forgotten for good would be back: chat '{chat['name']}'" in said
    assert chat["name"] not in [one["name"] for one in Client(served).get("/api/chats")["chats"]]
    memories("forget", "--db", home, "chat", chat["name"], "--yes")
    assert "shows it" in memories("push", "--db", home, "--to", served.base)
    assert chat["name"] not in [one["name"] for one in Client(served).get("/api/chats")["chats"]]
