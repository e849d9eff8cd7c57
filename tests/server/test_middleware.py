"""What every request passes, and every answer."""

from __future__ import annotations

import asyncio
import http.client
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from ingest.ops.serving import datasette_arguments
from memories_lib.server import slow_requests, streamed
from tests.client import Client
from tests.conftest import ROOT, Served, serve
from tests.helpers import run_apart

ELSEWHERE = {"origin": "https://evil.example", "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
ALWAYS = (
    "x-content-type-options", "referrer-policy", "x-frame-options", "cross-origin-resource-policy",
    "cross-origin-opener-policy", "content-security-policy", "x-robots-tag",
)  # fmt: skip


@pytest.fixture
def archive(examples_db: Path, tmp_path: Path) -> Path:
    shutil.copytree(examples_db.parent, tmp_path / "served")
    return tmp_path / "served" / "memories.db"


@pytest.fixture
def local(archive: Path, tmp_path: Path) -> Iterator[Client]:
    served = serve(archive, tmp_path / "log")
    yield Client(served)
    served.stop()


def raw(client: Client, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> int:
    """The status of a request whose body is not JSON; 0 where the line was closed before an answer."""
    connection = http.client.HTTPConnection(urlsplit(client.served.base).netloc, timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        return connection.getresponse().status
    except (BrokenPipeError, ConnectionResetError):
        return 0
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"), ("GET", "/nothing-here"), ("GET", "/api/exchanges"), ("GET", "/api/nothing"), ("GET", "/health"),
        ("OPTIONS", "/api/exchanges"), ("DELETE", "/api/exchanges"), ("GET", "/static/memories.css"),
        ("GET", "/memories/messages.csv"), ("GET", "/-/media/" + "0" * 64), ("POST", "/-/login"),
        ("GET", "/robots.txt"),
    ],
)  # fmt: skip
def test_each_answer_says_what_a_browser_may_do(local: Client, method: str, path: str) -> None:
    sent = {"origin": "https://evil.example", "access-control-request-method": "GET"} if method == "OPTIONS" else {}
    _, headers, _ = local.ask(method, path, headers=sent)
    assert [name for name in ALWAYS if name not in headers] == []


def test_the_closed_page_says_so_as_well(local: Client) -> None:
    assert local.ask("POST", "/api/maintenance", {"text": "back at noon", "closed": True})[0] in (200, 204)
    status, headers, page = local.ask("GET", "/")
    assert status == 503
    assert b"back at noon" in page
    assert [name for name in ALWAYS if name not in headers] == []


WRITES = [
    ("POST", "/ask"), ("POST", "/-/login"), ("POST", "/-/logout"), ("POST", "/api/exchanges/1/star"),
    ("DELETE", "/api/exchanges/1"), ("POST", "/memories/on_this_day"), ("PUT", "/api/archive"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.parametrize(
    "sent", [ELSEWHERE, {"origin": "null"}, {"sec-fetch-site": "same-site"}, {"origin": "http://127.0.0.1:1"}]
)
def test_no_other_site_has_anything_done(local: Client, method: str, path: str, sent: dict[str, str]) -> None:
    form = {"content-type": "application/x-www-form-urlencoded", **sent}
    assert raw(local, method, path, b"question=x&send=1", form) == 403


@pytest.mark.parametrize("path", ["/api/backup", "/", "/-/media/" + "0" * 64, "/api/exchanges"])
def test_no_other_site_loads_anything(local: Client, path: str) -> None:
    assert raw(local, "GET", path, headers={**ELSEWHERE, "sec-fetch-dest": "image"}) == 403
    visit = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert (raw(local, "GET", path, headers=visit) == 403) is (path == "/api/backup")


def test_our_own_pages_and_programs_write(local: Client) -> None:
    base = local.served.base
    for sent in ({"origin": base, "sec-fetch-site": "same-origin"}, {}, {"sec-fetch-site": "none"}):
        assert local.ask("POST", "/api/exchanges/1/star", headers=sent)[0] == 200


@pytest.mark.parametrize("path", ["/-/login", "/ask", "/api/exchanges/1/note"])
@pytest.mark.parametrize("is_said", [True, False])
def test_no_body_is_larger_than_its_path_takes(local: Client, path: str, is_said: bool) -> None:
    size = 3 << 20
    if is_said:
        assert raw(local, "POST", path, b"x" * size, {"content-type": "text/plain"}) in (413, 0)
        return
    blocks = iter([b"x" * 65536] * (size // 65536))
    connection = http.client.HTTPConnection(urlsplit(local.served.base).netloc, timeout=60)
    try:
        connection.request("POST", path, blocks, {"content-type": "text/plain"}, encode_chunked=True)
        assert connection.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass
    finally:
        connection.close()


def _start(archive: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Start the server where it is expected to refuse."""
    import os

    return subprocess.run(
        [sys.executable, *datasette_arguments(archive, "127.0.0.1", 1)],
        capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **environment},
    )  # fmt: skip


def test_without_its_log_an_archive_with_edits_is_not_served(archive: Path, tmp_path: Path) -> None:
    served = serve(archive, tmp_path / "log")
    client = Client(served)
    talk = client.get("/api/exchanges")["items"][0]["id"]
    assert client.ask("DELETE", f"/api/exchanges/{talk}")[0] == 204
    served.stop()
    log = archive.with_name("curation.db")
    log.rename(tmp_path / "curation.db")
    for _ in range(2):
        ended = _start(archive)
        assert ended.returncode == 1
        assert "curation.db is missing" in ended.stderr
        assert "MEMORIES_WITHOUT_EDITS=1" in ended.stderr
        assert "Traceback" not in ended.stderr
    shutil.copy(tmp_path / "curation.db", log)
    served = serve(archive, tmp_path / "log")
    assert Client(served).ask("GET", f"/api/exchanges/{talk}")[0] == 404
    served.stop()


def test_on_purpose_it_is(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served = serve(archive, tmp_path / "log")
    talk = Client(served).get("/api/exchanges")["items"][0]["id"]
    assert Client(served).ask("DELETE", f"/api/exchanges/{talk}")[0] == 204
    served.stop()
    archive.with_name("curation.db").unlink()
    monkeypatch.setenv("MEMORIES_WITHOUT_EDITS", "1")
    served = serve(archive, tmp_path / "log")
    assert Client(served).ask("GET", f"/api/exchanges/{talk}")[0] == 200
    served.stop()


@pytest.mark.parametrize("name", ["curation.db", "memories.db"])
@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_a_file_that_goes_while_it_is_served_is_noticed(local: Client, archive: Path, name: str, how: str) -> None:
    assert local.ask("POST", "/api/exchanges/1/star")[0] == 200
    file = archive.with_name(name)
    aside = archive.with_name("aside")
    file.rename(aside)
    if how == "replaced":
        shutil.copy(aside, file)
    status, _, said = local.ask("POST", "/api/exchanges/1/unstar")
    assert (status, "detail" in said) == (503, True)
    if name == "memories.db":
        assert local.ask("GET", "/health")[0] == 503
        assert local.ask("GET", "/search?q=x")[0] == 503


@pytest.mark.parametrize(
    ("version", "is_tried"), [("0.65", True), ("0.65.5", True), ("0.64.8", False), ("1.0a19", False)]
)
def test_a_datasette_that_was_not_tried_is_refused(
    monkeypatch: pytest.MonkeyPatch, version: str, is_tried: bool
) -> None:
    from memories_lib.middleware import gate

    monkeypatch.setattr("datasette.__version__", version)
    if is_tried:
        gate.refuse_other_datasettes()
    else:
        with pytest.raises(SystemExit, match="were not tried with Datasette"):
            gate.refuse_other_datasettes()


def test_told_to_end_it_ends(examples_db: Path, tmp_path: Path) -> None:
    """Somebody who takes an answer a byte at a time, and one who never says all of the question, keep nothing open."""
    shutil.copytree(examples_db.parent, tmp_path / "served")
    served = serve(tmp_path / "served" / "memories.db", tmp_path / "log")
    asked = urlsplit(served.base)
    lines = [socket.create_connection((asked.hostname or "", asked.port or 0), timeout=30) for _ in range(3)]
    lines[0].sendall(f"GET /memories/messages.json?_size=max HTTP/1.1\r\nHost: {asked.netloc}\r\n\r\n".encode())
    lines[0].recv(1)
    lines[1].sendall(b"POST /api/exchanges/merge HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{")
    lines[2].sendall(f"GET /api/backup HTTP/1.1\r\nHost: {asked.netloc}\r\n\r\n".encode())
    time.sleep(0.3)
    started = time.monotonic()
    served.stop()
    assert time.monotonic() - started < 6
    for line in lines:
        line.close()
    with closing(sqlite3.connect(tmp_path / "served" / "memories.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_who_goes_away_gets_no_more_and_no_more_is_made() -> None:
    made: list[object] = []
    sent: list[object] = []
    is_gone = asyncio.Event()

    def pieces() -> Iterator[str]:
        try:
            for n in range(100_000):
                made.append(n)
                yield f"part {n} "
        finally:
            made.append("closed")

    async def receive() -> dict[str, str]:
        await is_gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)
        if len(sent) == 5:
            is_gone.set()

    class Asked:
        pass

    asked = Asked()
    asked.receive = receive  # type: ignore[attr-defined]
    answer = streamed.Streamed(asked, pieces(), "text/plain", {})
    run_apart(answer.asgi_send(send))
    assert made[-1] == "closed"
    assert len(made) < 20


STUCK = """
import asyncio, ctypes, signal, sys
sys.path.append("plugins")
from memories_lib.middleware import shutdown_deadline
shutdown_deadline.LONGEST_S = 0.3
signal.signal(signal.SIGTERM, lambda *_: None)
asyncio.run(shutdown_deadline._watch())
print("stuck", flush=True)
lock = ctypes.create_string_buffer(64)
for _ in range(2):
    ctypes.CDLL(None).pthread_mutex_lock(lock)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="its mutexes")
def test_told_to_end_it_ends_even_where_the_main_thread_waits_for_ever() -> None:
    process = subprocess.Popen([sys.executable, "-c", STUCK], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"stuck\n"
    signal_at = time.monotonic()
    process.terminate()
    assert process.wait(10) == 0
    assert time.monotonic() - signal_at < 5


def test_connections_that_ask_for_nothing_are_closed(site: Served) -> None:
    """More of them than may wait: the oldest go, and everybody else is let in."""
    waiting = [socket.create_connection(("127.0.0.1", urlsplit(site.base).port)) for _ in range(300)]
    try:
        for one in waiting:
            with suppress(OSError):
                one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: a")
        assert Client(site).ask("GET", "/health")[0] == 200
        waiting[0].settimeout(5)
        with suppress(ConnectionResetError):
            assert waiting[0].recv(10) == b""
        # One that goes on in time is answered.
        waiting[-1].settimeout(10)
        waiting[-1].sendall(b"\r\nConnection: close\r\n\r\n")
        assert waiting[-1].recv(12).startswith(b"HTTP/1.1 ")
    finally:
        for one in waiting:
            one.close()


def test_a_head_has_a_time_to_arrive_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_requests, "HEAD_S", 0.2)

    class Protocol(asyncio.Protocol):
        cycle = None

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            if data.endswith(b"\n"):
                self.cycle = SimpleNamespace(response_complete=False)

        def connection_lost(self, exc: Exception | None) -> None:
            pass

    slow_requests.watch(Protocol)

    async def talk() -> list[bool]:
        server = await asyncio.get_running_loop().create_server(Protocol, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        closed = []
        for said in (b"half", b"whole\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(said)
            try:
                closed.append(await asyncio.wait_for(reader.read(1), 1) == b"")
            except TimeoutError:
                closed.append(False)
            writer.close()
        server.close()
        return closed

    assert run_apart(talk()) == [True, False]


def test_who_asks_for_a_websocket_is_turned_away(site: Served) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(site.base).port)) as line:
        line.sendall(
            b"GET /memories/messages.json HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        line.settimeout(10)
        assert line.recv(100).split()[1] in (b"403", b"426", b"400")
