"""Speaking with an archive that is served somewhere: over HTTPS, through `fly proxy`, or on this machine."""

from __future__ import annotations

import ipaddress
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from ingest.core.errors import MemoriesError

_TRIES = 5
_WAIT_S = (0.2, 1, 3, 8)
_TIMEOUT = httpx.Timeout(60, read=300)


class RemoteError(MemoriesError):
    """The server cannot be reached, or said no: with `status`, where it answered."""

    def __init__(self, sentence: str, status: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status


class Remote:
    """A served archive and the right to change it. `url` is where its first page is."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = _checked(url)
        headers = {"authorization": f"Bearer {token}"} if token else {}
        # Nothing from the environment: a proxy set there is not a host that was chosen for this.
        self._client = httpx.Client(base_url=self.url, headers=headers, timeout=_TIMEOUT, trust_env=False)

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()

    def ask(
        self, method: str, path: str, json: Any = None, content: bytes | None = None, headers: Any = None
    ) -> dict[str, Any]:
        """What the server answers, as data. A broken line is tried again. Raises `RemoteError`."""
        answer = self._again(lambda: self._client.request(method, path, json=json, content=content, headers=headers))
        return self._data(answer)

    def put_file(self, path: str, file: Path) -> dict[str, Any]:
        """Send a file as it is."""

        def send() -> httpx.Response:
            with file.open("rb") as stream:
                pieces: Iterable[bytes] = iter(lambda: stream.read(1 << 18), b"")
                headers = {"content-length": str(file.stat().st_size)}
                return self._client.put(path, content=pieces, headers=headers)

        return self._data(self._again(send))

    def fetch(self, path: str, target: Path, progress: Callable[[int, int], None] | None = None) -> None:
        """Write what the server sends into `target`."""
        try:
            with self._client.stream("GET", path) as answer, target.open("wb") as out:
                if answer.status_code != 200:
                    answer.read()
                    self._data(answer)
                total, done = int(answer.headers.get("content-length", 0)), 0
                for piece in answer.iter_raw(1 << 18):
                    out.write(piece)
                    done += len(piece)
                    if progress:
                        progress(done, total)
        except httpx.TransportError as error:
            raise self._unreachable(error) from None

    def _again(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        for n in range(_TRIES):
            try:
                answer = send()
            except httpx.TransportError as error:
                if n == _TRIES - 1:
                    raise self._unreachable(error) from None
            else:
                if answer.status_code not in (502, 504) or n == _TRIES - 1:
                    return answer
            time.sleep(_WAIT_S[min(n, len(_WAIT_S) - 1)])
        raise AssertionError  # the last try has returned or raised

    def _unreachable(self, error: Exception) -> RemoteError:
        why = "it does not answer in time" if isinstance(error, httpx.TimeoutException) else "it cannot be reached"
        return RemoteError(f"{self.url}: {why}; is the address right, and is the server up?")

    def _data(self, answer: httpx.Response) -> dict[str, Any]:
        try:
            data = answer.json() if answer.content else {}
        except ValueError:
            data = {}
        if answer.status_code < 300 and isinstance(data, dict):
            return data
        detail = data.get("detail") if isinstance(data, dict) else None
        if isinstance(detail, list) and detail:
            detail = f"{detail[0].get('loc', ['', ''])[-1]} {detail[0].get('msg', '')}"
        if answer.status_code == 401:
            detail = "the password or token is not (or no longer) good; see memories token --help"
        if answer.status_code == 404 and not detail:
            detail = "there is no archive of this version at that address"
        said = detail or f"answered with status {answer.status_code}"
        raise RemoteError(f"{self.url}: {said}", answer.status_code)


def _checked(url: str) -> str:
    """An address that a password may be sent to. Raises `RemoteError`."""
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https"):
        raise RemoteError(f"{url}: is no address; write it as in https://our-memories.fly.dev")
    if parts.scheme == "http" and not is_this_machine(host):
        raise RemoteError(f"{url}: would send the password in the open; use https://, or fly proxy and 127.0.0.1")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def is_this_machine(host: str) -> bool:
    """Whether a host's name is one of this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def come_in(url: str, ask_password: Callable[[], str]) -> Remote:
    """The archive at `url`, with the owner's rights: by `MEMORIES_TOKEN`, freely on this machine, or by password.

    The password is sent once, for a token that is good for an hour; neither is written down.
    """
    token = os.environ.get("MEMORIES_TOKEN", "").strip()
    remote = Remote(url, token or None)
    try:
        remote.ask("GET", "/api/tokens")
    except RemoteError as error:
        if token or error.status != 401:
            remote.close()
            raise
    else:
        return remote
    try:
        given = remote.ask("POST", "/api/login", json={"role": "owner", "password": ask_password()})
    finally:
        remote.close()
    return Remote(url, str(given["token"]))
