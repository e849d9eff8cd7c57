"""What speaks to a served archive as a program or a browser does."""

from __future__ import annotations

import gzip
import http.client
import json
import re
from contextlib import closing
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.conftest import Served
from tests.helpers import with_plain_tags


class Client:
    """Any method, any headers, and JSON both ways."""

    def __init__(self, served: Served) -> None:
        self.served = served

    def ask(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], Any]:
        address = urlsplit(self.served.base)
        with closing(http.client.HTTPConnection(address.hostname or "", address.port or 0, timeout=60)) as connection:
            sent = {"content-type": "application/json", **(headers or {})} if body is not None else headers or {}
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            answer = connection.getresponse()
            content = answer.read()
        shown = {name.lower(): value for name, value in answer.getheaders()}
        if shown.get("content-encoding") == "gzip":
            content = gzip.decompress(content)
        is_json = shown.get("content-type", "").startswith("application/json") and content
        return answer.status, shown, json.loads(content) if is_json else content

    def get(self, path: str) -> Any:
        status, _, found = self.ask("GET", path)
        assert status == 200, (path, found)
        return found

    def text(self, path: str) -> str:
        """A page as its reader sees it."""
        status, _, found = self.ask("GET", path)
        assert status == 200, path
        return with_plain_tags(found.decode())


def ids(api: Client, more: str = "") -> list[int]:
    return [item["id"] for item in api.get(f"/api/exchanges?page_size=100{more}")["items"]]


def come_in(client: Client, role: str, password: str) -> tuple[int, dict[str, str], str]:
    """(status, headers, cookies) of a visit to the login page."""
    _, headers, page = client.ask("GET", "/-/login")
    token = re.search(r'name="csrftoken" value="([^"]+)"', page.decode())
    assert token
    form = urlencode({"role": role, "password": password, "csrftoken": token[1]})
    cookie = headers["set-cookie"].partition(";")[0]
    status, headers, _ = post_form(client, "/-/login", form, cookie)
    return status, headers, headers.get("set-cookie", "").partition(";")[0]


def post_form(client: Client, path: str, form: str, cookie: str) -> tuple[int, dict[str, str], bytes]:
    import http.client
    from urllib.parse import urlsplit

    connection = http.client.HTTPConnection(urlsplit(client.served.base).netloc, timeout=60)
    connection.request("POST", path, form, {"content-type": "application/x-www-form-urlencoded", "cookie": cookie})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, body


def send(served: Served, path: str, content: bytes, method: str = "PUT", **headers: str) -> tuple[int, dict]:
    address = urlsplit(served.base)
    with closing(http.client.HTTPConnection(address.hostname or "", address.port or 0, timeout=60)) as connection:
        connection.request(method, path, content, {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")
