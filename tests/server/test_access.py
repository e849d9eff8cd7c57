"""Nobody gets in uninvited."""

from __future__ import annotations

import html
import http.client
import re
import shutil
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from click.testing import CliRunner
from datasette_auth_passwords.utils import verify_password

from ingest.cli import main
from ingest.ops import passwords
from memories_lib.access import attempts, roles
from memories_lib.shared import access_tokens
from memories_lib.shared.layout import ArchiveFiles
from tests.client import Client, come_in, post_form
from tests.conftest import Served, serve

PATHS = [
    "/", "/memories", "/memories/messages", "/memories/messages.json", "/memories.db", "/memories/exchanges/1",
    "/memories.json?sql=select+1", "/memories/on_this_day", "/-/databases.json", "/-/metadata.json", "/-/plugins.json",
    "/api/exchanges", "/api/exchanges/1", "/api/search?q=lake", "/api/people", "/api/edits", "/api/messages?around=1",
]  # fmt: skip


@pytest.fixture
def archive(examples_db: Path, tmp_path: Path) -> Path:
    shutil.copytree(examples_db.parent, tmp_path / "served")
    return tmp_path / "served" / "memories.db"


@pytest.fixture(scope="module")
def hashed() -> dict[str, str]:
    return {role: passwords.hash_password(f"{role} word") for role in ("owner", "curator", "viewer")}


@pytest.fixture
def public(archive: Path, tmp_path: Path, hashed: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("MEMORIES_PUBLIC", "1")
    for role, value in hashed.items():
        monkeypatch.setenv(f"MEMORIES_{role.upper()}_PASSWORD", value)
    served = serve(archive, tmp_path / "log")
    yield Client(served)
    served.stop()


@pytest.mark.parametrize("how", ["public", "proxied", "other host"])
def test_closed_until_a_password_exists(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    if how == "public":
        monkeypatch.setenv("MEMORIES_PUBLIC", "1")
    headers = {"proxied": {"x-forwarded-for": "203.0.113.9"}, "other host": {"host": "evil.example"}}.get(how, {})
    served = serve(archive, tmp_path / "log")
    try:
        client = Client(served)
        for path in PATHS:
            status, _, body = client.ask("GET", path, headers=headers)
            assert status in (401, 403, 404), (path, status)
            assert "lake" not in str(body), path
        page = client.ask("GET", "/", headers=headers)[2].decode()
        assert "memories password" in page
        assert "MEMORIES_OWNER_PASSWORD" in page
        assert client.ask("DELETE", "/api/exchanges/1", headers=headers)[0] == 401
        assert client.ask("GET", "/health", headers=headers)[0] == 200
    finally:
        served.stop()


def test_strangers_are_asked(public: Client) -> None:
    for path in PATHS:
        status, headers, body = public.ask("GET", path)
        assert status in (302, 401, 404), (path, status)
        assert headers.get("location", "/-/login").partition("?")[0] == "/-/login"
        assert "lake" not in str(body)
    assert public.ask("GET", "/robots.txt")[2] == b"User-agent: *\nDisallow: /\n"


@pytest.mark.parametrize(
    ("asked", "after"),
    [
        ("/talk/2", "/talk/2"), ("/search?q=lake", "/search?q=lake"), ("//elsewhere.example", "/"),
        ("/\\elsewhere.example", "/"), ("https://elsewhere.example/", "/"), ("/talk/2\nx: y", "/"),
    ],
)  # fmt: skip
def test_whoever_logs_in_gets_the_page_that_was_asked_for(public: Client, asked: str, after: str) -> None:
    """And none that lies elsewhere, whatever a link to the log-in says."""
    if asked == after:
        assert public.ask("GET", asked)[1]["location"] == "/-/login?" + urlencode({"next": asked})
    _, headers, page = public.ask("GET", "/-/login?" + urlencode({"next": asked}))
    token = re.search(r'name="csrftoken" value="([^"]+)"', page.decode())
    assert token
    assert (f'name="next" value="{html.escape(asked)}"' in page.decode()) is (asked == after)
    form = urlencode({"csrftoken": token[1], "role": "viewer", "password": "viewer word", "next": asked})
    status, headers, _ = post_form(public, "/-/login", form, headers["set-cookie"].partition(";")[0])
    assert (status, headers["location"]) == (302, after)


@pytest.mark.parametrize(
    ("role", "reads", "edits", "tables", "sql"),
    [("viewer", True, False, False, False), ("curator", True, True, True, False), ("owner", True, True, True, True)],
)
def test_each_role_may_what_it_may(
    public: Client, role: str, reads: bool, edits: bool, tables: bool, sql: bool
) -> None:
    status, headers, cookie = come_in(public, role, f"{role} word")
    assert status == 302
    flags = headers["set-cookie"].lower()
    assert "httponly" in flags
    assert "samesite=lax" in flags

    def may(method: str, path: str, body: object = None) -> bool:
        status = public.ask(method, path, body, headers={"cookie": cookie})[0]
        assert status in (200, 204, 302, 401, 403), (path, status)
        return status in (200, 204)

    assert may("GET", "/api/exchanges") is reads
    assert may("GET", "/") is reads
    assert may("DELETE", "/api/messages", {"message_ids": [1]}) is edits
    assert may("GET", "/api/edits") is edits
    assert may("GET", "/memories/messages") is tables
    # What tells of exports is the owner's, by whatever way.
    for path in ("/api/sources", "/memories/sources.json?_shape=array", "/memories/chat_sources.json"):
        assert may("GET", path) is sql, path
    assert may("GET", "/memories.json?sql=select+1") is sql


def test_ten_wrong_passwords_are_enough(public: Client) -> None:
    for _ in range(10):
        assert come_in(public, "viewer", "guess")[0] == 403
    status, headers, _ = come_in(public, "viewer", "viewer word")
    assert status == 429
    assert 0 < int(headers["retry-after"]) <= 900


def test_forged_and_old_sessions_are_strangers(
    archive: Path, tmp_path: Path, hashed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMORIES_PUBLIC", "1")
    monkeypatch.setenv("DATASETTE_SECRET", "the first secret of this archive")
    monkeypatch.setenv("MEMORIES_OWNER_PASSWORD", hashed["owner"])
    served = serve(archive, tmp_path / "log")
    _, _, cookie = come_in(Client(served), "owner", "owner word")
    assert Client(served).ask("GET", "/api/edits", headers={"cookie": cookie})[0] == 200
    assert Client(served).ask("GET", "/api/edits", headers={"cookie": cookie[:-3] + "abc"})[0] == 401
    served.stop()
    monkeypatch.setenv("MEMORIES_OWNER_PASSWORD", passwords.hash_password("another word"))
    served = serve(archive, tmp_path / "log")
    assert Client(served).ask("GET", "/api/edits", headers={"cookie": cookie})[0] == 401
    served.stop()


def test_the_command_makes_a_hash_that_the_server_takes() -> None:
    done = CliRunner().invoke(main, ["password"], input="correct horse\ncorrect horse\n")
    made = next(line for line in done.output.splitlines() if line.startswith("pbkdf2_sha256$"))
    assert verify_password("correct horse", made)
    assert not verify_password("wrong horse", made)
    assert CliRunner().invoke(main, ["password"], input="eleven char\neleven char\n").exit_code == 1


def test_a_server_started_anew_has_not_forgotten_wrong_passwords(
    archive: Path, tmp_path: Path, hashed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMORIES_PUBLIC", "1")
    monkeypatch.setenv("MEMORIES_VIEWER_PASSWORD", hashed["viewer"])
    served = serve(archive, tmp_path / "log")
    for _ in range(10):
        assert come_in(Client(served), "viewer", "guess")[0] == 403
    served.stop()
    served = serve(archive, tmp_path / "log")
    assert come_in(Client(served), "viewer", "viewer word")[0] == 429
    served.stop()
    assert b"127.0.0.1" not in (archive.parent / "access.db").read_bytes()


def test_many_tries_at_once_are_no_way_around(public: Client) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: come_in(public, "viewer", f"guess {n}")[0], range(24)))
    assert answers.count(403) == 10
    assert answers.count(429) == 14


def test_an_address_that_somebody_says_they_have_counts_nothing(public: Client) -> None:
    tried = [
        public.ask(
            "POST", "/api/login", {"role": "viewer", "password": "guess"},
            headers={"x-forwarded-for": f"8.8.7.{n}", "fly-client-ip": f"8.8.7.{n}"},
        )[0]
        for n in range(14)
    ]  # fmt: skip
    assert tried == [403] * 10 + [429] * 4


def test_who_got_in_before_is_not_kept_out_by_others(tmp_path: Path) -> None:
    store = access_tokens.open_store(str(tmp_path / "access.db"))
    from memories_lib.access import attempts

    now = 1_700_000_000.0
    assert attempts.begin(store, "owner", "home", now) == 0
    attempts.succeeded(store, "owner", "home", now)
    for n in range(30):
        attempts.begin(store, "owner", f"elsewhere {n}", now + n / 10)
    # Somebody who tries ten times, and from a few places, keeps nobody out; a hundred tries are an attack.
    assert attempts.begin(store, "owner", "a hotel", now + 4) == 0
    for n in range(80):
        attempts.begin(store, "owner", f"further away {n}", now + 5 + n / 10)
    assert attempts.begin(store, "owner", "a cafe", now + 31) > 0
    assert attempts.begin(store, "owner", "home", now + 31) == 0
    # A quarter of an hour later all is well again, also where the clock was set back in between.
    assert attempts.begin(store, "owner", "a cafe", now + 31 + attempts.WINDOW_S) == 0
    assert attempts.begin(store, "owner", "a cafe", now - 3600) == 0


def test_a_browser_that_was_here_before_gets_in_at_another_address_while_others_guess(
    archive: Path, tmp_path: Path, hashed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMORIES_PUBLIC", "1")
    monkeypatch.setenv("FLY_APP_NAME", "family")
    for role, value in hashed.items():
        monkeypatch.setenv(f"MEMORIES_{role.upper()}_PASSWORD", value)
    served = serve(archive, tmp_path / "log")
    try:
        client = Client(served)

        def log_in(role: str, address: str, cookies: str = "", password: str = "") -> tuple[int, list[str]]:
            _, headers, page = client.ask("GET", "/-/login")
            token = re.search(r'name="csrftoken" value="([^"]+)"', page.decode())
            assert token
            form = urlencode({"role": role, "password": password or f"{role} word", "csrftoken": token[1]})
            csrf = headers["set-cookie"].partition(";")[0]
            with closing(http.client.HTTPConnection(urlsplit(served.base).netloc, timeout=60)) as connection:
                sent = {"content-type": "application/x-www-form-urlencoded", "fly-client-ip": address}
                connection.request("POST", "/-/login", form, {**sent, "cookie": f"{csrf}; {cookies}"})
                answer = connection.getresponse()
                answer.read()
                return answer.status, [v.partition(";")[0] for k, v in answer.getheaders() if k.lower() == "set-cookie"]

        status, cookies = log_in("viewer", "192.0.2.1")
        (device,) = [one for one in cookies if one.startswith("mem_device=")]
        assert status == 302
        with closing(access_tokens.open_store(ArchiveFiles.of(archive).access)) as store:
            for role in ("viewer", "owner"):
                for n in range(100):
                    attempts.begin(store, role, f"198.51.100.{n} {role}", time.time())
        assert log_in("viewer", "203.0.113.1")[0] == 429
        assert log_in("viewer", "203.0.113.2", device)[0] == 302
        # It opens nothing by itself, nor for another role, nor when somebody makes one up.
        assert client.ask("GET", "/api/chats", headers={"cookie": device})[0] == 401
        assert log_in("viewer", "203.0.113.3", device, "wrong")[0] == 403
        assert log_in("owner", "203.0.113.4", device)[0] == 429
        assert log_in("viewer", "203.0.113.5", device[:-3] + "abc")[0] == 429
    finally:
        served.stop()


def test_the_wait_is_told_and_true(tmp_path: Path) -> None:
    store = access_tokens.open_store(str(tmp_path / "access.db"))
    from memories_lib.access import attempts

    for n in range(10):
        assert attempts.begin(store, "viewer", "here", 1000.0 + n) == 0
    wait = attempts.begin(store, "viewer", "here", 1100.0)
    assert wait == 801
    assert attempts.begin(store, "viewer", "here", 1100.0 + wait) == 0


def test_logged_out_is_logged_out(public: Client) -> None:
    """A copy of the cookie is worth nothing any more; other browsers stay logged in."""
    cookie, other = (come_in(public, "owner", "owner word")[2] for _ in range(2))
    assert public.ask("GET", "/api/sessions", headers={"cookie": cookie})[0] == 200
    _, headers, page = public.ask("GET", "/-/login")
    token = re.search(r'name="csrftoken" value="([^"]+)"', page.decode())
    assert token
    csrf = headers["set-cookie"].partition(";")[0]
    # Refused, for want of the token: nothing was done.
    assert post_form(public, "/-/logout", "", f"{cookie}; {csrf}")[0] == 403
    assert public.ask("GET", "/api/sessions", headers={"cookie": cookie})[0] == 200
    assert post_form(public, "/-/logout", f"csrftoken={token[1]}", f"{cookie}; {csrf}")[0] == 302
    assert public.ask("GET", "/api/sessions", headers={"cookie": cookie})[0] == 401
    assert public.ask("GET", "/api/sessions", headers={"cookie": other})[0] == 200


def test_log_ins_are_listed_and_ended(public: Client) -> None:
    owner = {"cookie": come_in(public, "owner", "owner word")[2]}
    viewer = {"cookie": come_in(public, "viewer", "viewer word")[2]}
    assert public.ask("GET", "/api/sessions", headers=viewer)[0] == 403
    listed = public.ask("GET", "/api/sessions", headers=owner)[2]["sessions"]
    assert [one["role"] for one in listed if one["is_this"]] == ["owner"]
    assert all("digest" not in one for one in listed)
    (theirs,) = [one["id"] for one in listed if one["role"] == "viewer"]
    assert public.ask("GET", "/api/exchanges", headers=viewer)[0] == 200
    assert public.ask("DELETE", f"/api/sessions/{theirs}", headers=owner)[0] == 204
    assert public.ask("DELETE", f"/api/sessions/{theirs}", headers=owner)[0] == 404
    assert public.ask("GET", "/api/exchanges", headers=viewer)[0] == 401


@pytest.mark.parametrize(
    "headers", [{"via": "1.1 a"}, {"x-forwarded-proto": "https"}, {"cf-connecting-ip": "1.2.3.4"}, {"X-Client-IP": "1"}]
)
def test_what_a_proxy_passes_on_is_nobodys(site: Served, headers: dict[str, str]) -> None:
    client = Client(site)
    assert client.ask("GET", "/api/exchanges")[0] == 200
    assert client.ask("GET", "/api/exchanges", headers=headers)[0] == 401


def test_a_proxy_that_says_nothing_speaks_an_older_http(site: Served) -> None:
    """nginx asks with HTTP/1.0, and names the address it was given as the host."""
    host, port = _address(Client(site))
    with socket.create_connection((host, port), timeout=30) as line:
        line.sendall(f"GET /api/exchanges HTTP/1.0\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        assert b" 401 " in line.recv(1000).partition(b"\r\n")[0]


def test_an_invented_role_costs_nothing(public: Client) -> None:
    for n in range(30):
        assert come_in(public, f"role {n}", "guess")[0] == 403
    assert come_in(public, "viewer", "viewer word")[0] == 302


def test_nobody_but_flys_proxy_says_where_a_request_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    address_of = roles.address_of
    scope = {"headers": [(b"fly-client-ip", b"9.9.9.9")], "client": ("1.2.3.4", 5)}
    monkeypatch.delenv("FLY_APP_NAME", raising=False)
    assert address_of(scope) == "1.2.3.4"
    monkeypatch.setenv("FLY_APP_NAME", "our-memories")
    assert address_of(scope) == "9.9.9.9"


def _address(client: Client) -> tuple[str, int]:
    asked = urlsplit(client.served.base)
    return asked.hostname or "", asked.port or 0


@pytest.mark.parametrize(
    ("role", "person", "chat"),
    [
        ("owner", ["rename", "join", "me", "forget"], ["rename", "join", "part", "forget"]),
        ("curator", ["rename"], []),
        ("viewer", [], []),
    ],
)
def test_each_role_is_offered_what_it_may(public: Client, role: str, person: list[str], chat: list[str]) -> None:
    """And nothing that is empty, or that the API would refuse."""
    cookie = {"cookie": come_in(public, role, f"{role} word")[2]}
    for path, offered in (("/people/1", person), ("/chats/1/about", chat)):
        page = public.ask("GET", path, headers=cookie)[2].decode()
        assert set(re.findall(r'data-action="(\w+)"', page)) == set(offered)
        assert ("data-naming" in page) == bool(offered)
        for action in offered:
            body = {
                "rename": {"name": "Somebody New"},
                "join": {"person_ids": [2], "chat_ids": [2]},
                "me": {"on": True},
                "part": {"source_ids": [1], "name": "Parted"},
                "forget": {"for_good": True},
            }[action]
            address = f"/api{path.removesuffix('/about')}/{action}"
            assert public.ask("POST", address, body, cookie)[0] == 200, (path, action)


def test_a_token_made_with_a_password_ends_with_it(
    examples_db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(examples_db.parent, tmp_path / "served")
    database = tmp_path / "served" / "memories.db"
    monkeypatch.setenv("MEMORIES_PUBLIC", "1")
    monkeypatch.setenv("MEMORIES_OWNER_PASSWORD", passwords.hash_password("owner word"))
    monkeypatch.setenv("MEMORIES_VIEWER_PASSWORD", passwords.hash_password("viewer word"))
    served = serve(database, tmp_path / "log")
    api = Client(served)
    body = {"role": "viewer", "password": "viewer word", "days": 366}
    owner, viewer = (
        {"authorization": f"Bearer {api.ask('POST', '/api/login', given)[2]['token']}"}
        for given in ({"role": "owner", "password": "owner word"}, body)
    )
    made = api.ask("POST", "/api/tokens", {"name": "frame", "role": "viewer"}, headers=owner)[2]["token"]
    assert api.ask("GET", "/api/exchanges", headers=viewer)[0] == 200
    served.stop()
    monkeypatch.setenv("MEMORIES_VIEWER_PASSWORD", passwords.hash_password("another word"))
    served = serve(database, tmp_path / "log")
    try:
        api = Client(served)
        assert api.ask("GET", "/api/exchanges", headers=viewer)[0] == 401
        for headers in (owner, {"authorization": f"Bearer {made}"}):
            assert api.ask("GET", "/api/exchanges", headers=headers)[0] == 200
    finally:
        served.stop()


def test_who_has_one_password_may_not_guess_at_another(tmp_path: Path) -> None:
    store = access_tokens.open_store(str(tmp_path / "access.db"))
    from memories_lib.access import attempts

    now, guesses = 1_700_000_000.0, 0
    for n in range(60):
        if n % 3 == 2 and attempts.begin(store, "viewer", "home", now + n) == 0:
            attempts.succeeded(store, "viewer", "home", now + n)
        elif n % 3 != 2:
            guesses += attempts.begin(store, "owner", "home", now + n) == 0
    assert guesses == attempts.MOST
