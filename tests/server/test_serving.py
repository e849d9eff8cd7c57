"""Where a server listens: a port that is in use is found before anything is promised."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from ingest.core.errors import MemoriesError
from ingest.ops.serving import free_port
from tests.conftest import ROOT


def taken(host: str = "127.0.0.1") -> socket.socket:
    """A port that somebody has."""
    server = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    server.bind((host, 0))
    server.listen()
    return server


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_next_free_port_is_taken_on_ones_own_machine(host: str) -> None:
    with closing(taken()) as server:
        port = server.getsockname()[1]
        found = free_port(host, port)
    assert port < found < port + 50
    assert free_port(host, found) == found


def test_what_others_ask_for_stays_where_it_is() -> None:
    with closing(taken()) as server:
        port = server.getsockname()[1]
        with pytest.raises(MemoriesError, match=f"port {port} of 0.0.0.0 is in use"):
            free_port("0.0.0.0", port)


def test_no_port_is_any() -> None:
    assert free_port("127.0.0.1", 0) == 0
    assert free_port("no.such.host.invalid", 80) == 80  # the server says what is wrong with it


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_it_is_said_and_true(examples_db: Path, tmp_path: Path) -> None:
    with closing(taken()) as server:
        port = server.getsockname()[1]
        command = [sys.executable, "-m", "ingest", "serve", "--db", str(examples_db), "--port", str(port)]
        with (tmp_path / "said").open("w") as said:
            process = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said, env=os.environ | {"DISPLAY": ""})
            try:
                end, found = time.monotonic() + 30, None
                while time.monotonic() < end and not found:
                    told = (tmp_path / "said").read_text("utf-8")
                    found = re.search(r"Your memories are at (http://127\.0\.0\.1:(\d+)/)", told)
                    time.sleep(0.1)
                assert found
                assert int(found[2]) != port
                assert f"port {port} is in use" in told
                while time.monotonic() < end:
                    try:
                        with urllib.request.urlopen(f"{found[1]}health", timeout=5) as answer:
                            assert answer.status == 200
                        break
                    except OSError:
                        time.sleep(0.1)
                else:
                    raise AssertionError("it does not answer where it said")
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(20)
