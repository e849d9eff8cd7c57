"""Each middleware by itself, asked in the words of ASGI: what it lets through, what it refuses, what it adds."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from datasette.app import Datasette

from memories_lib.middleware import (
    body_limit,
    coalesce_chunks,
    cors,
    csv_page_size,
    gzip_responses,
    header_filter,
    no_websockets,
    origin_check,
    request_log,
    security_headers,
)
from memories_lib.server.asgi import App, Message, Receive, Scope, Send

Wrap = Callable[[App, Datasette], App]
NOBODY = cast("Datasette", None)  # these ask nothing of it


@dataclass
class Told:
    """What came back; `scope` is what the application was asked, None where it was not."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)
    scope: Scope | None = None
    read: bytes = b""

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    def header(self, name: str) -> str | None:
        found = [value for key, value in self.headers if key.lower() == name]
        assert len(found) < 2, found
        return found[0] if found else None


def ask(
    wrap: Wrap, method: str = "GET", path: str = "/", headers: dict[str, str] | None = None, *,
    sent: tuple[bytes, ...] = (b"",), answer: tuple[bytes, ...] = (b"here",), kind: str = "text/plain",
    query: bytes = b"", more: tuple[tuple[bytes, bytes], ...] = (), scheme: str = "http",
) -> Told:  # fmt: skip
    """Ask an application that reads all it is sent, and answers in pieces."""
    told = Told()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        told.scope = scope
        while True:
            message = await receive()
            told.read += message.get("body", b"")
            if not message.get("more_body"):
                break
        start = [(b"content-type", kind.encode()), *more]
        await send({"type": "http.response.start", "status": 200, "headers": start})
        for n, piece in enumerate(answer, 1):
            await send({"type": "http.response.body", "body": piece, "more_body": n < len(answer)})

    waiting = list(sent)

    async def receive() -> Message:
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            told.status = message["status"]
            told.headers = [(k.decode(), v.decode()) for k, v in message["headers"]]
        else:
            told.pieces.append(message.get("body", b""))

    scope: Scope = {
        "type": "http", "method": method, "path": path, "query_string": query, "scheme": scheme, "http_version": "1.1",
        "headers": [(k.lower().encode(), v.encode("latin-1")) for k, v in (headers or {}).items()],
        "client": ("203.0.113.9", 1), "server": ("192.0.2.1", 80),
    }  # fmt: skip
    asyncio.run(wrap(app, NOBODY)(scope, receive, send))
    return told


@pytest.mark.parametrize(
    ("method", "path", "size", "status"),
    [
        ("POST", "/-/login", 64 << 10, 200),
        ("POST", "/-/login", (64 << 10) + 1, 413),
        ("POST", "/api/exchanges/1/note", 1 << 20, 200),
        ("POST", "/api/exchanges/1/note", (1 << 20) + 1, 413),
        ("DELETE", "/api/messages", (1 << 20) + 1, 413),
        ("POST", "/api/edits/log", (1 << 20) + 1, 200),
        ("POST", "/api/edits/log", (4 << 20) + 1, 413),
        ("PUT", "/api/media/ab/cd.jpg", 3 << 20, 200),
        ("PUT", "/api/archive", 3 << 20, 200),
        ("PUT", "/api/archives", (64 << 10) + 1, 413),
    ],
)
@pytest.mark.parametrize("is_told", [True, False])
def test_a_body_is_as_long_as_its_path_takes(method: str, path: str, size: int, status: int, is_told: bool) -> None:
    """Whether its length is told before, or found out while it comes."""
    half = size // 2
    headers = {"content-length": str(size)} if is_told else {}
    told = ask(body_limit.wrap, method, path, headers, sent=(b"x" * half, b"x" * (size - half)))
    assert told.status == status
    assert (len(told.read) == size) == (status == 200)
    if status == 413:
        assert "may have at most" in json.loads(told.body)["detail"]


@pytest.mark.parametrize("is_begun", [True, False])
def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, is_begun: bool) -> None:
    monkeypatch.setattr(body_limit, "_LONGEST_S", 0.05)
    monkeypatch.setattr(body_limit, "_SLOWEST", 1 << 40)
    said: list[Message] = []

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        raise AssertionError("it came")

    pieces = [b"role=owner&"] if is_begun else []

    async def receive() -> Message:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(), "more_body": True}
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        said.append(message)

    scope: Scope = {"type": "http", "method": "POST", "path": "/-/login", "headers": []}
    asyncio.run(body_limit.wrap(app, NOBODY)(scope, receive, send))
    assert said[0]["status"] == 408


def test_who_waits_for_somebody_to_go_away_waits_as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a body is whole, its time is over: a long answer listens whether its reader is still there."""
    monkeypatch.setattr(body_limit, "_LONGEST_S", 0.05)
    monkeypatch.setattr(body_limit, "_SLOWEST", 1 << 40)
    messages = [{"type": "http.request", "body": b"", "more_body": False}]
    said: list[Message] = []

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        assert (await receive())["type"] == "http.disconnect"
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Message:
        if messages:
            return messages.pop()
        await asyncio.sleep(0.2)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        said.append(message)

    scope: Scope = {"type": "http", "method": "POST", "path": "/-/login", "headers": []}
    asyncio.run(body_limit.wrap(app, NOBODY)(scope, receive, send))
    assert [message["status"] for message in said] == [200]


def test_forms_with_files_are_refused() -> None:
    told = ask(body_limit.wrap, "POST", "/-/login", {"Content-Type": "Multipart/form-data; boundary=x"})
    assert (told.status, told.scope) == (415, None)


@pytest.mark.parametrize(
    ("method", "path", "headers", "may"),
    [
        ("POST", "/api/exchanges/1/star", {}, True),
        ("POST", "/api/exchanges/1/star", {"sec-fetch-site": "same-origin"}, True),
        ("POST", "/api/exchanges/1/star", {"sec-fetch-site": "cross-site"}, False),
        ("POST", "/api/exchanges/1/star", {"sec-fetch-site": "same-site"}, False),
        ("POST", "/api/exchanges/1/star", {"origin": "http://family.example"}, True),
        ("POST", "/api/exchanges/1/star", {"origin": "https://family.example"}, True),
        ("POST", "/api/exchanges/1/star", {"origin": "http://family.example:81"}, False),
        ("POST", "/api/exchanges/1/star", {"origin": "http://evil.example"}, False),
        ("POST", "/api/exchanges/1/star", {"origin": "null"}, False),
        ("POST", "/api/exchanges/1/star", {"origin": "http://evil.example", "authorization": "Bearer x"}, True),
        ("POST", "/api/exchanges/1/star", {"origin": "https://app.example"}, True),
        ("POST", "/-/login", {"origin": "https://app.example"}, False),
        ("DELETE", "/api/exchanges/1", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, False),
        ("GET", "/", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, True),
        ("GET", "/", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}, False),
        ("GET", "/-/media/x", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, False),
        ("GET", "/api/backup", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, False),
        ("GET", "/api/backup/", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, False),
        ("GET", "/api/backup", {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"}, True),
        ("GET", "/api/backup", {"origin": "https://evil.example"}, False),
        ("GET", "/api/backup", {"origin": "http://family.example"}, True),
        ("GET", "/api/backup", {}, True),
    ],
)
def test_another_site_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, method: str, path: str, headers: dict[str, str], may: bool
) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", "https://app.example")
    told = ask(origin_check.wrap, method, path, {"host": "family.example", **headers})
    assert (told.status, told.scope is not None) == ((200, True) if may else (403, False))


@pytest.mark.parametrize(
    ("path", "origin", "allowed"),
    [
        ("/api/chats", "https://app.example", "https://app.example"),
        ("/health", "https://app.example", "https://app.example"),
        ("/api/chats", "https://app.example.evil", None),
        ("/api/chats", "", None),
        ("/", "https://app.example", None),
    ],
)
def test_only_named_origins_read_answers(
    monkeypatch: pytest.MonkeyPatch, path: str, origin: str, allowed: str | None
) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", "https://app.example/, http://localhost:3000")
    told = ask(cors.wrap, "GET", path, {"origin": origin})
    assert told.header("access-control-allow-origin") == allowed
    asked = {"origin": origin, "access-control-request-method": "PUT", "access-control-request-headers": "x-one"}
    before = ask(cors.wrap, "OPTIONS", path, asked)
    if path == "/":
        assert before.status == 200  # the page's own answer
    else:
        assert before.status == (204 if allowed else 403)
        assert before.header("access-control-allow-headers") == ("x-one" if allowed else None)


ALWAYS = ("x-content-type-options", "referrer-policy", "x-frame-options", "x-robots-tag", "content-security-policy",
          "cross-origin-resource-policy", "cross-origin-opener-policy", "permissions-policy")  # fmt: skip


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/json", "image/webp"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_every_answer_has_every_header_once(kind: str, scheme: str) -> None:
    told = ask(
        security_headers.wrap, kind=kind, scheme=scheme, answer=(b"<p>", b"one</p>"),
        more=((b"X-Frame-Options", b"ALLOWALL"), (b"referrer-policy", b"unsafe-url")),
    )  # fmt: skip
    assert all(told.header(name) for name in ALWAYS)
    assert (told.header("x-frame-options"), told.header("referrer-policy")) == ("DENY", "same-origin")
    assert (told.header("strict-transport-security") is not None) == (scheme == "https")
    assert told.body == b"<p>one</p>"


def test_only_scripts_of_the_page_run() -> None:
    page = b'<script>one()</script><script src="/x.js"></script><script type="application/json">{}</script>'
    told = ask(security_headers.wrap, kind="text/html", answer=(page[:11], page[11:]))
    policy = told.header("content-security-policy") or ""
    (scripts,) = [part for part in policy.split("; ") if part.startswith("script-src")]
    digest = base64.b64encode(hashlib.sha256(b"one()").digest()).decode()
    assert scripts == f"script-src 'self' 'sha256-{digest}'"
    assert "unsafe-inline" not in scripts
    assert "openstreetmap" not in policy


def test_a_map_may_load_its_tiles_and_no_other_page() -> None:
    told = ask(security_headers.wrap, kind="text/html", answer=(b'<div id="map"></div>',))
    assert "https://tile.openstreetmap.org" in (told.header("content-security-policy") or "")


@pytest.mark.parametrize(
    ("path", "more", "kept"),
    [
        ("/static/memories.css", (), "private, max-age=600"),
        ("/talk/1", (), None),
        ("/talk/1", ((b"cache-control", b"no-store"), (b"x-keep", b"private, no-cache")), "private, no-cache"),
    ],
)
def test_how_long_browsers_keep_an_answer(path: str, more: tuple[tuple[bytes, bytes], ...], kept: str | None) -> None:
    told = ask(security_headers.wrap, "GET", path, more=more)
    assert told.header("cache-control") == kept
    assert told.header("x-keep") is None


@pytest.mark.parametrize(
    ("answer", "kind", "accepts", "is_packed"),
    [
        ((b"x" * 5000,), "text/html", "gzip, br", True),
        ((b"x" * 5000,), "text/html", "br", False),
        ((b"x" * 100,), "text/html", "gzip", False),
        ((b"x" * 100, b"y" * 100), "text/csv", "gzip", True),
        ((b"x" * 90_000, b"y"), "application/json", "gzip", True),
        ((b"x" * 5000,), "image/webp", "gzip", False),
    ],
)
def test_what_packs_well_is_packed(answer: tuple[bytes, ...], kind: str, accepts: str, is_packed: bool) -> None:
    told = ask(gzip_responses.wrap, headers={"accept-encoding": accepts}, answer=answer, kind=kind)
    assert (told.header("content-encoding") == "gzip") == is_packed
    assert (gzip.decompress(told.body) if is_packed else told.body) == b"".join(answer)
    length = told.header("content-length")
    assert length is None or int(length) == len(told.body)


def test_a_part_of_a_file_is_sent_as_it_is() -> None:
    told = ask(
        gzip_responses.wrap, headers={"accept-encoding": "gzip"}, answer=(b"x" * 5000,), kind="text/plain",
        more=((b"content-range", b"bytes 0-4999/9000"),),
    )  # fmt: skip
    assert (told.header("content-encoding"), len(told.body)) == (None, 5000)


def test_small_pieces_go_out_together() -> None:
    told = ask(coalesce_chunks.wrap, answer=tuple(b"a row\n" for _ in range(10_000)))
    assert told.body == b"a row\n" * 10_000
    assert len(told.pieces) < 10
    whole = ask(coalesce_chunks.wrap, answer=(b"one",))
    assert whole.pieces == [b"one"]


@pytest.mark.parametrize(
    ("path", "query", "after"),
    [
        ("/memories/messages.csv", b"_stream=on", b"_stream=on&_size=max"),
        ("/memories/messages.csv", b"_stream=on&_size=5", b"_stream=on&_size=5"),
        ("/memories/messages.csv", b"", b""),
        ("/memories/messages.json", b"_stream=on", b"_stream=on"),
    ],
)
def test_a_table_that_is_sent_whole_is_read_in_large_steps(path: str, query: bytes, after: bytes) -> None:
    told = ask(csv_page_size.wrap, path=path, query=query)
    assert told.scope is not None
    assert told.scope["query_string"] == after


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({"cookie": "a=b", "x-one": "two"}, {"cookie", "x-one"}),
        ({"cookie": "a=\xff", "x-one": "two"}, {"x-one"}),
        ({"authorization": "Basic eDp5"}, set()),
        ({"authorization": "basic"}, set()),
        ({"authorization": "Bearer mem_1_x"}, {"authorization"}),
    ],
)
def test_headers_that_are_no_text_are_left_out(headers: dict[str, str], kept: set[str]) -> None:
    told = ask(header_filter.wrap, headers=headers)
    assert told.scope is not None
    assert {name.decode() for name, _ in told.scope["headers"]} == kept


def test_a_websocket_is_closed_before_anybody_sees_it() -> None:
    said: list[Message] = []

    async def app(*_asked: object) -> None:
        raise AssertionError("it was asked")

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        said.append(message)

    asyncio.run(no_websockets.wrap(app, NOBODY)({"type": "websocket"}, receive, send))
    assert said == [{"type": "websocket.close", "code": 1003}]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/talk/12", "/talk/12"),
        ("/s/1-secret/media/ab", "/s/…/media/ab"),
        ("/memories/exchanges/What Emma said", "/memories/exchanges/…"),
        ("/api/archive/uploads/" + "a" * 64, "/api/archive/uploads/" + "a" * 64),
        ("/x/" + "b" * 71, "/x/…"),
        ("/Ömi", "/…"),
    ],
)
def test_a_log_line_holds_no_words_and_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], path: str, shown: str
) -> None:
    monkeypatch.setenv("MEMORIES_LOG_LEVEL", "info")
    monkeypatch.setattr(request_log, "_warn_when_full", lambda _datasette: None)
    ask(request_log.wrap, "GET", path, query=b"q=secret", headers={"cookie": "secret"})
    said = capsys.readouterr().err
    line: dict[str, Any] = json.loads(said)
    assert (line["method"], line["path"], line["status"], line["bytes"]) == ("GET", shown, 200, 4)
    assert "secret" not in said
