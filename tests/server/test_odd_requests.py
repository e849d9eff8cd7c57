"""What clients send that nobody means: an answer that says so, never 500, and nothing kept of it."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.client import Client
from tests.conftest import Served, serve
from tests.helpers import one, put


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("odd")
    export = folder / "WhatsApp Chat with Lake.txt"
    export.write_text("14/06/2024, 18:02 - Nora: the boathouse at eight\n14/06/2024, 18:03 - Theo: ok\n", "utf-8")
    put(folder / "memories.db", export, me="Nora")
    served = serve(folder / "memories.db", folder / "log")
    found = Client(served)
    yield found
    served.stop()
    assert "Traceback" not in served.log.read_text("utf-8")


@pytest.fixture
def site_api(site: Served) -> Client:
    return Client(site)


def raw(
    api: Client, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    address = urlsplit(api.served.base)
    with closing(http.client.HTTPConnection(address.hostname or "", address.port or 0, timeout=60)) as connection:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()


JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/exchanges/1/note", b'{"note": "\\ud800"}'),
        ("POST", "/api/exchanges/1/retitle", b'{"title": "half \\udfff"}'),
        ("POST", "/api/maintenance", b'{"text": "soon \\ud83d"}'),
        ("POST", "/api/people/1/rename", b'{"name": "\\ud800"}'),
        ("POST", "/api/tokens", b'{"name": "\\ud800"}'),
        ("POST", "/api/shares", b'{"book": {"year": "\\ud800"}}'),
    ],
)
def test_half_a_letter_is_refused(api: Client, method: str, path: str, body: bytes) -> None:
    status, said = raw(api, method, path, body, JSON)
    assert status == 422
    assert b"half a letter" in said
    assert raw(api, "GET", "/")[0] == 200


def test_a_whole_letter_in_two_halves_is_taken(api: Client) -> None:
    assert raw(api, "POST", "/api/exchanges/1/note", b'{"note": "\\ud83d\\ude00"}', JSON)[0] == 200
    assert "😀" in api.get("/api/exchanges/1")["note"]


def test_an_old_maintenance_note_with_half_a_letter_breaks_no_page(api: Client) -> None:
    note = Path(str(api.served.log)).with_name("maintenance.json")
    note.write_text('{"text": "soon \\ud83d", "closed": false}', "utf-8")
    assert raw(api, "GET", "/")[0] == 200
    note.unlink()


@pytest.mark.parametrize(
    "question",
    ["+OR+".join(["a"] * 400), "+".join(["boathouse"] * 3000), "-a+" * 500, '"' * 999, "a*+" * 500, "(" * 300, "%00"],
)
def test_no_question_is_too_long(api: Client, question: str) -> None:
    for path in (
        "/search?q=",
        "/search?part=1&q=",
        "/api/search?q=",
        "/api/exchanges?q=",
        "/memories/messages?_search=",
    ):
        assert raw(api, "GET", path + question)[0] == 200, path


def test_a_long_list_of_words_still_finds(api: Client) -> None:
    words = "+OR+".join([*(f"w{n}" for n in range(60)), "boathouse"])
    assert api.get(f"/api/search?q={words}")["total"] == 1


def test_forms_with_files_are_refused(api: Client) -> None:
    body = b'--x\r\ncontent-disposition: form-data; name="question"\r\n\r\nwho\r\n--x--\r\n'
    headers = {"content-type": "multipart/form-data; boundary=x", "cookie": "ds_csrftoken=abc"}
    for path in ("/ask", "/-/login", "/api/exchanges/1/star", "/memories/messages"):
        status, said = raw(api, "POST", path, body, headers)
        assert status == 415, path
        assert b"send a form as" in said


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://[::1"}, {"origin": "null"}, {"origin": "x" * 5000}, {"range": "bytes=5-2"},
        {"range": "bytes=99999999999999999999999-"}, {"range": "bytes=a-b"}, {"accept-language": "\xff"},
        {"cookie": "lang=\xe9; ds_actor=x"}, {"authorization": "Bearer \xff"}, {"if-none-match": "\xff"},
        {"content-length": "-1"}, {"x-forwarded-for": "::::"}, {"accept-encoding": "gzip;q=nan"},
    ],
)  # fmt: skip
def test_no_header_breaks_an_answer(api: Client, headers: dict[str, str]) -> None:
    for path in ("/", "/api/exchanges", "/talk/1", "/static/memories.css", "/health"):
        assert raw(api, "GET", path, headers=headers)[0] < 500, path


def test_where_the_earlier_backend_had_its_document(api: Client) -> None:
    assert api.get("/openapi.json")["openapi"] == "3.1.0"
    status, headers, _ = api.ask("GET", "/docs")
    assert (status, headers["location"]) == (308, "/api")


def test_what_browsers_may_keep(examples_db: Path, site_api: Client) -> None:
    """Photos for good, styles for minutes, data until it changes; pages never."""
    sha256 = one(examples_db, "SELECT sha256 FROM media WHERE sha256 IS NOT NULL AND thumbnail IS NOT NULL")
    for path, kept in (
        (f"/-/media/{sha256}", "private, max-age=31536000, immutable"),
        (f"/-/media/{sha256}/small", "private, max-age=31536000, immutable"),
        ("/static/memories.css", "private, max-age=600"),
        ("/-/static/app.css", "private, max-age=600"),
        ("/api/exchanges", "private, no-cache"),
        ("/", "private, no-store"),
        ("/talk/1", "private, no-store"),
    ):
        headers = site_api.ask("GET", path)[1]
        assert headers["cache-control"] == kept, path
        assert "x-keep" not in headers
    tag = site_api.ask("GET", "/api/exchanges")[1]["etag"]
    assert site_api.ask("GET", "/api/exchanges", headers={"if-none-match": tag})[0] == 304
