"""Another archive in the place of the served one: nothing lost, nothing mixed, nothing taken that is not whole."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from memories_lib.shared import uploads
from tests.client import Client, ids, send
from tests.conftest import serve
from tests.helpers import put


@contextmanager
def _examples(examples_db: Path, folder: Path) -> Iterator[Client]:
    """The examples, served from `folder`; nothing may go wrong in its log."""
    shutil.copytree(examples_db.parent, folder / "served")
    served = serve(folder / "served" / "memories.db", folder / "log")
    yield Client(served)
    served.stop()
    assert "Traceback" not in (folder / "log").read_text("utf-8")


@pytest.fixture
def api(examples_db: Path, tmp_path: Path) -> Iterator[Client]:
    with _examples(examples_db, tmp_path) as client:
        yield client


@pytest.fixture(scope="module")
def calm(examples_db: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One server for what changes nothing."""
    with _examples(examples_db, tmp_path_factory.mktemp("calm")) as client:
        yield client


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another archive: a chat of two thousand messages."""
    folder = tmp_path_factory.mktemp("other")
    lines = [
        f"{1 + n // 100:02}/04/21, {9 + n % 12}:{n % 60:02} pm - {'Emma' if n % 3 else 'Anna'}: word{n} and more {n}\n"
        for n in range(2000)
    ]
    (folder / "WhatsApp Chat with Emma.txt").write_text("".join(lines), "utf-8")
    put(folder / "memories.db", folder / "WhatsApp Chat with Emma.txt")
    with closing(sqlite3.connect(folder / "memories.db")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    return folder / "memories.db"


def messages_of(api: Client) -> int:
    return sum(chat["message_count"] for chat in api.get("/api/chats")["chats"])


def test_put_and_roll_back(api: Client, other: Path) -> None:
    star = ids(api)[0]
    assert api.ask("POST", f"/api/exchanges/{star}/star")[0] == 200
    sha256 = hashlib.sha256(other.read_bytes()).hexdigest()
    status, found = send(api.served, "/api/archive?replace=1", other.read_bytes(), x_sha256=sha256)
    assert (status, found["messages"], found["edits_lost"]) == (200, 2000, 1)
    assert messages_of(api) == 2000
    assert len(api.get("/api/archive/versions")["versions"]) == 1
    status, found = send(api.served, "/api/archive/rollback", b"", "POST")
    assert (status, found["edits_lost"]) == (200, 0)
    assert messages_of(api) == 188
    assert api.get("/api/exchanges?starred=1")["items"][0]["id"] == star


@pytest.mark.parametrize("what", ["talk", "message"])
def test_what_is_hidden_is_not_shown_by_an_archive_whose_chats_have_other_keys(
    api: Client, tmp_path: Path, what: str
) -> None:
    path = Path(api.get("/-/databases.json")[0]["path"])
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")
    talk = ids(api, "&all=1")[0]
    said = api.get(f"/api/exchanges/{talk}")["messages"]
    first = said[0]["message_id"]
    if what == "talk":
        assert api.ask("DELETE", f"/api/exchanges/{talk}")[0] == 204
    else:
        assert api.ask("DELETE", "/api/messages", {"message_ids": [said[0]["message_id"]]})[0] == 200
    assert send(api.served, "/api/archive", copy.read_bytes())[0] == 200  # the same, of before: it is hidden there too
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("UPDATE chats SET key = key + 1")
        connection.commit()
    # It is found by its words and its time.
    assert send(api.served, "/api/archive", copy.read_bytes())[0] == 200
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("UPDATE messages SET text = substr(text, 1, 3)")  # too short to be told apart
        connection.execute("UPDATE messages SET key = key + 1 WHERE exchange_id = ? AND id <> ?", (talk, first))
        connection.commit()
    status, answer = send(api.served, "/api/archive", copy.read_bytes())
    assert status == 409
    assert "would be seen again" in answer["detail"]
    everything = str([api.get(f"/api/exchanges?all=1&page_size=100&page={page}") for page in (1, 2)])
    assert (f"'id': {talk}," not in everything) == (what == "talk")
    if what == "message":
        left = [one["message_id"] for one in api.get(f"/api/exchanges/{talk}")["messages"]]
        assert left == [one["message_id"] for one in said[1:]]
    assert send(api.served, "/api/archive?replace=1", copy.read_bytes())[0] == 409
    assert send(api.served, "/api/archive?replace=1&unhide=1", copy.read_bytes())[0] == 200


def test_only_three_versions_are_kept(api: Client, other: Path) -> None:
    for _ in range(5):
        assert send(api.served, "/api/archive?replace=1", other.read_bytes())[0] == 200
    assert len(api.get("/api/archive/versions")["versions"]) == 3


def _damaged(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


def _with(sql: str) -> Callable[[bytes], bytes]:
    """An archive to which somebody added something."""

    def changed(content: bytes) -> bytes:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(content[:18] + b"\x01\x01" + content[20:])  # no log beside it
            connection.execute(sql)
            connection.commit()
            return connection.serialize()

    return changed


BAD = {
    "a trigger": _with("CREATE TRIGGER t AFTER INSERT ON exchange_marks BEGIN DELETE FROM messages; END"),
    "a view": _with("CREATE VIEW people_too AS SELECT 1"),
    "a table that computes": _with("CREATE TABLE t (a INTEGER, b TEXT GENERATED ALWAYS AS (hex(a)) VIRTUAL)"),
    "nothing": lambda good: good[:1],
    "text": lambda good: b"hello " * len(good[:1000]),
    "cut": lambda good: good[: len(good) // 2],
    "another application": lambda good: good[:68] + b"\0\0\0\0" + good[72:],
    "newer": lambda good: good[:60] + b"\0\0\0\x63" + good[64:],
    "older": lambda good: good[:60] + b"\0\0\0\x01" + good[64:],
    "a page gone": lambda good: good[: 8192 * 3] + b"\0" * 8192 + good[8192 * 4 :],
}


@pytest.mark.parametrize("how", BAD)
def test_what_is_not_whole_is_refused(calm: Client, other: Path, how: str) -> None:
    status, found = send(calm.served, "/api/archive", BAD[how](other.read_bytes()))
    assert status == 422
    assert isinstance(found["detail"], str)
    assert messages_of(calm) == 188
    assert calm.get("/api/archive/versions")["versions"] == []
    assert not [p for p in (Path(calm.served.log).parent / "served" / "incoming").iterdir() if p.name != "served.json"]


def test_bit_flips_are_noticed_by_the_digest(calm: Client, other: Path) -> None:
    good = other.read_bytes()
    sha256 = hashlib.sha256(good).hexdigest()
    for at in range(50, len(good), len(good) // 20):
        status, _ = send(calm.served, "/api/archive", _damaged(good, at), x_sha256=sha256)
        assert status == 422, at
    assert messages_of(calm) == 188


def test_a_line_that_breaks_changes_nothing(calm: Client, other: Path) -> None:
    address = urlsplit(calm.served.base)
    connection = http.client.HTTPConnection(address.hostname or "", address.port or 0, timeout=60)
    connection.putrequest("PUT", "/api/archive")
    connection.putheader("content-length", str(other.stat().st_size))
    connection.endheaders()
    connection.send(other.read_bytes()[:100_000])
    connection.close()
    assert messages_of(calm) == 188


def _plan(other: Path) -> tuple[str, dict]:
    sha256 = hashlib.sha256(other.read_bytes()).hexdigest()
    return sha256, {"sha256": sha256, "bytes": other.stat().st_size, "blocks": uploads.digests_of(other)}


def test_blocks_go_on_where_they_were(api: Client, other: Path) -> None:
    sha256, plan = _plan(other)
    missing = api.ask("POST", "/api/archive/uploads", plan)[2]["missing"]
    assert missing == list(range(len(plan["blocks"])))
    content = other.read_bytes()

    def block(n: int) -> bytes:
        return content[n * uploads.BLOCK : (n + 1) * uploads.BLOCK]

    assert send(api.served, f"/api/archive/uploads/{sha256}/0", block(0))[0] == 200
    assert send(api.served, f"/api/archive/uploads/{sha256}/1", b"something else")[0] == 422
    assert send(api.served, f"/api/archive/uploads/{sha256}/99999", b"x")[0] == 404
    assert send(api.served, f"/api/archive/uploads/{sha256}/1", b"\x1f\x8bnot", content_encoding="gzip")[0] == 422
    bomb = gzip.compress(b"\0" * (50 << 20))
    assert send(api.served, f"/api/archive/uploads/{sha256}/1", bomb, content_encoding="gzip")[0] == 422
    assert send(api.served, f"/api/archive/uploads/{sha256}", b"", "POST")[0] == 409
    assert api.ask("POST", "/api/archive/uploads", plan)[2]["missing"] == missing[1:]
    for n in missing[1:]:
        packed = gzip.compress(block(n))
        assert send(api.served, f"/api/archive/uploads/{sha256}/{n}", packed, content_encoding="gzip")[0] == 200
    assert send(api.served, f"/api/archive/uploads/{sha256}?replace=1", b"", "POST")[1]["messages"] == 2000
    assert api.ask("POST", "/api/archive/uploads", plan)[2]["is_served"]
    assert api.ask("POST", f"/api/archive/uploads/{'0' * 64}", {})[0] == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"sha256": "../../x"}, {"sha256": 7}, {"bytes": -1}, {"bytes": "7"}, {"bytes": 1 << 60}, {"blocks": []},
        {"blocks": "abc"}, {"blocks": [1]},
    ],
)  # fmt: skip
def test_plans_that_are_none(calm: Client, other: Path, wrong: dict) -> None:
    assert calm.ask("POST", "/api/archive/uploads", {**_plan(other)[1], **wrong})[0] == 422


def test_readers_and_editors_notice_nothing(api: Client, other: Path, tmp_path: Path) -> None:
    """Eight read while archives change places; no answer fails, none mixes two archives."""
    mine = tmp_path / "served" / "mine.db"
    with (
        closing(sqlite3.connect(tmp_path / "served" / "memories.db")) as source,
        closing(sqlite3.connect(mine)) as copy,
    ):
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
    star = ids(api)[0]
    wrong: list[object] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            status, _, found = api.ask("GET", "/api/exchanges?all=1&page_size=100")
            names = {item["chat"] for item in found.get("items", [])}
            if status != 200 or ("Emma" in names and len(names) > 1):
                wrong.append((status, names))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for n in range(8):
        assert send(api.served, "/api/archive?replace=1", (other if n % 2 == 0 else mine).read_bytes())[0] == 200
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert api.ask("POST", f"/api/exchanges/{star}/star")[0] == 200


def test_two_at_once(api: Client, other: Path) -> None:
    found: list[int] = []
    content = other.read_bytes()
    threads = [
        threading.Thread(target=lambda: found.append(send(api.served, "/api/archive?replace=1", content)[0]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 200 in found
    assert set(found) <= {200, 409}
    assert messages_of(api) == 2000


def test_files_arrive_under_their_digest(api: Client, tmp_path: Path) -> None:
    content = b"\x89PNG whatever this is"
    name = hashlib.sha256(content).hexdigest()
    path = f"{name[:2]}/{name}.png"
    names = [path, "../../etc/passwd", f"zz/{name}.png", "x"]
    assert api.ask("POST", "/api/media/missing", {"names": names})[2] == {"missing": [path]}
    assert send(api.served, f"/api/media/{path}", b"something else")[0] == 422
    assert send(api.served, f"/api/media/{path}", content)[0] == 200
    assert (tmp_path / "served" / "media" / path).read_bytes() == content
    assert api.ask("POST", "/api/media/missing", {"names": [path]})[2] == {"missing": []}
    small = f"{name[:2]}/{name}.thumb.webp"
    assert send(api.served, f"/api/media/{small}", b"<script>")[0] == 422
    assert send(api.served, "/api/media/ab/cd", b"x")[0] == 404


def test_a_text_that_is_no_text_is_refused_and_not_told_in_the_log(api: Client, other: Path, tmp_path: Path) -> None:
    shutil.copy(other, tmp_path / "wrong.db")
    with closing(sqlite3.connect(tmp_path / "wrong.db")) as connection, connection:
        text = b"my secret lantern \xff".hex()
        connection.execute(f"UPDATE messages SET text = CAST(x'{text}' AS TEXT) WHERE id = 5")
    status, found = send(api.served, "/api/archive?replace=1", (tmp_path / "wrong.db").read_bytes())
    assert (status, "damaged" in found["detail"]) == (422, True)
    assert "lantern" not in (tmp_path / "log").read_text("utf-8")


def test_logs_join_by_their_ids(api: Client) -> None:
    number = ids(api)[0]
    api.ask("POST", f"/api/exchanges/{number}/star")
    events = api.get("/api/edits/log")["events"]
    another = {**events[0], "id": events[0]["id"] + 5, "action": "hide", "actor": "laptop"}
    assert api.ask("POST", "/api/edits/log", {"events": [*events, another]})[2] == {"added": 1}
    assert api.ask("POST", "/api/edits/log", {"events": [another]})[2] == {"added": 0}
    assert number not in ids(api)
    for wrong in ([{}], [{**another, "action": "dance"}], [{**another, "id": "x"}], ["x"], "x"):
        assert api.ask("POST", "/api/edits/log", {"events": wrong})[0] == 422


def test_status_and_maintenance(api: Client) -> None:
    status, _, page = api.ask("GET", "/-/status")
    assert status == 200
    found = api.get("/-/status.json")
    assert found["archive"]["messages"] == 188
    held = found["archive"]
    assert f"messages: 188 · talks: {held['exchanges']} · chats: {held['chats']} · " in page.decode()
    assert found["memory_bytes"] > 1 << 20
    assert api.ask("POST", "/api/maintenance", {"text": "back <b>at 9</b>", "closed": False})[0] == 200
    assert "back &lt;b&gt;at 9&lt;/b&gt;" in api.ask("GET", "/")[2].decode()
    api.ask("POST", "/api/maintenance", {"text": "back <b>at 9</b>", "closed": True})
    status, headers, page = api.ask("GET", "/")
    assert (status, headers["retry-after"]) == (503, "600")
    assert "back &lt;b&gt;at 9&lt;/b&gt;" in page.decode()
    assert api.ask("GET", "/health")[0] == 200
    assert api.ask("DELETE", "/api/maintenance")[0] == 204
    assert api.ask("GET", "/")[0] == 200


def test_tokens(examples_db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ingest.ops.passwords import hash_password

    shutil.copytree(examples_db.parent, tmp_path / "served")
    monkeypatch.setenv("MEMORIES_PUBLIC", "1")
    monkeypatch.setenv("MEMORIES_OWNER_PASSWORD", hash_password("owner word"))
    served = serve(tmp_path / "served" / "memories.db", tmp_path / "log")
    try:
        api = Client(served)
        assert api.ask("GET", "/api/tokens")[0] == 401
        assert api.ask("POST", "/api/login", {"role": "owner", "password": "wrong"})[0] == 403
        token = api.ask("POST", "/api/login", {"role": "owner", "password": "owner word"})[2]["token"]
        owner = {"authorization": f"Bearer {token}"}
        made = api.ask("POST", "/api/tokens", {"name": "frontend", "role": "viewer", "days": 1}, owner)[2]
        viewer = {"authorization": f"Bearer {made['token']}"}
        assert api.ask("GET", "/api/exchanges", headers=viewer)[0] == 200
        assert api.ask("GET", "/-/status.json", headers=viewer)[0] == 403
        assert api.ask("PUT", "/api/archive", headers=viewer)[0] == 403
        assert api.ask("DELETE", "/api/exchanges/1", headers=viewer)[0] == 403
        assert made["token"] not in (tmp_path / "served" / "access.db").read_bytes().decode("latin-1")
        listed = api.ask("GET", "/api/tokens", headers=owner)[2]["tokens"]
        assert [t["name"] for t in listed] == ["frontend", "owner"]
        assert api.ask("DELETE", f"/api/tokens/{made['id']}", headers=owner)[0] == 204
        assert api.ask("DELETE", f"/api/tokens/{made['id']}", headers=owner)[0] == 404
        assert api.ask("GET", "/api/exchanges", headers=viewer)[0] == 401
        for bad in ("", "x", "mem_", "mem_1_", "mem_1_x", "mem_99_" + "a" * 32, "mem_١_x"):
            assert (
                api.ask("GET", "/api/exchanges", headers={"authorization": f"Bearer {bad}".encode().decode("latin-1")})[
                    0
                ]
                == 401
            )
        for _ in range(10):
            api.ask("POST", "/api/login", {"role": "owner", "password": "guess"})
        assert api.ask("POST", "/api/login", {"role": "owner", "password": "guess"})[0] == 429
    finally:
        served.stop()
    assert "Traceback" not in (tmp_path / "log").read_text("utf-8")
