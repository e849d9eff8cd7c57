"""What all tests share: how hard hypothesis tries, and a served archive of the examples."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright

from ingest.ops.serving import datasette_arguments
from ingest.summaries.gemini import scheduler
from ingest.summaries.meaning.encoder import SWITCH
from tests.fork_server import Forked
from tests.gemini import StandIn
from tests.helpers import put

# A shell that starts tests in the background makes them deaf to Ctrl-C, and with them every process that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests that are about the extra turn it on.
os.environ[SWITCH] = "0"

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"

_STRAYS = pytest.StashKey[set[str]]()


def _strays() -> set[str]:
    """Files in the checkout that nobody committed and that are not ignored; none where it is no checkout."""
    asked = ["git", "ls-files", "--others", "--exclude-standard"]
    try:
        told = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return set()
    return set(told.stdout.splitlines()) if told.returncode == 0 else set()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Remember what lay in the checkout."""
    if not hasattr(session.config, "workerinput"):
        session.config.stash[_STRAYS] = _strays()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run that leaves files in the checkout fails: tests write under tmp_path alone."""
    if _STRAYS in session.config.stash and (left := _strays() - session.config.stash[_STRAYS]):
        print(f"\nleft in the checkout: {', '.join(sorted(left))}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


_EASY = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}
settings.register_profile("fast", max_examples=20, **_EASY)
settings.register_profile("drill", max_examples=1500, **_EASY)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


@pytest.fixture(scope="session")
def examples_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of examples/. Read it, do not change it."""
    database = tmp_path_factory.mktemp("examples") / "memories.db"
    put(database, EXAMPLES, me="Nora")
    return database


def _ports() -> Iterator[int]:
    """Below those that the system hands out: one asked for here stays free.

    At random, each anew: workers and other runs that go through them in order meet, and go on side by side.
    """
    dice = random.SystemRandom()
    while True:
        port = dice.randrange(10_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        yield port


_free_ports = _ports()


def free_port() -> int:
    """A port that nobody listens on."""
    return next(_free_ports)


class Served:
    """Datasette on a socket, with its log."""

    def __init__(
        self, arguments: list[str], port: int, log: Path, cwd: Path | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.base = f"http://127.0.0.1:{port}"
        self.log = log
        if arguments[:2] == ["-m", "datasette"]:
            self._process: subprocess.Popen[bytes] | Forked = Forked(arguments, log, cwd, environment)
        else:
            with log.open("wb") as out:
                self._process = subprocess.Popen(
                    [sys.executable, *arguments], stdout=out, stderr=out, cwd=cwd, env=environment
                )
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                urllib.request.urlopen(f"{self.base}/robots.txt", timeout=5).close()
            except urllib.error.HTTPError:
                return  # it answers
            except OSError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.05)
            else:
                return
        raise AssertionError(self.log.read_text("utf-8"))

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
        """(status, headers in lower case, body)."""
        request = urllib.request.Request(self.base + path, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, {k.lower(): v for k, v in response.headers.items()}, response.read()
        except urllib.error.HTTPError as error:
            return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()

    def kill(self) -> None:
        """End it without warning."""
        self._process.kill()
        self._process.wait(20)

    @property
    def process_id(self) -> int:
        """Of the server."""
        return self._process.pid

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(20)


def serve(database: Path, log: Path) -> Served:
    """The archive, served as `memories serve` does."""
    port = free_port()
    return Served(datasette_arguments(database, "127.0.0.1", port), port, log)


@pytest.fixture(scope="session")
def site(examples_db: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The examples, served."""
    served = serve(examples_db, tmp_path_factory.mktemp("log") / "serve.log")
    yield served
    served.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium, or what else is there."""
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    stand_in = StandIn()
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", stand_in.url)
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-of-ours")
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    monkeypatch.setattr(scheduler, "BACKOFF_S", 0.01)
    yield stand_in
    stand_in.close()


@pytest.fixture
def db(examples_db: Path, tmp_path: Path) -> Path:
    shutil.copytree(examples_db.parent, tmp_path / "home")
    return tmp_path / "home" / "memories.db"
