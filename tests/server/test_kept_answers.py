"""Answers that are kept: never older than the archive, and never more than there is room for."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from memories_lib.server import response_cache
from tests.client import Client
from tests.conftest import Served, serve
from tests.helpers import run_apart

ASKED = "/api/exchanges?all=1&page_size=100&chat=Theo"


@pytest.fixture
def served(examples_db: Path, tmp_path: Path) -> Iterator[Served]:
    shutil.copytree(examples_db.parent, tmp_path / "served")
    found = serve(tmp_path / "served" / "memories.db", tmp_path / "log")
    yield found
    found.stop()


def _ids(client: Client) -> list[int]:
    return [item["id"] for item in client.get(ASKED)["items"]]


def test_what_was_hidden_is_gone_at_once_however_many_ask_meanwhile(served: Served) -> None:
    is_over = threading.Event()

    def ask() -> None:
        client = Client(served)
        while not is_over.is_set():
            client.get(ASKED)

    others = [threading.Thread(target=ask) for _ in range(2)]
    for other in others:
        other.start()
    try:
        client = Client(served)
        everything = _ids(client)
        for n in range(40):
            hidden = everything[n % len(everything)]
            client.ask("DELETE", f"/api/exchanges/{hidden}")
            time.sleep(0.01)  # for who began before to come to an end
            assert hidden not in _ids(client)
            client.ask("POST", f"/api/exchanges/{hidden}/restore")
            assert hidden in _ids(client)
    finally:
        is_over.set()
        for other in others:
            other.join()


@pytest.mark.parametrize("letters", [10, 1_500, 60_000])
def test_what_is_kept_has_bounds_whatever_was_asked(monkeypatch: pytest.MonkeyPatch, letters: int) -> None:
    monkeypatch.setattr(response_cache, "stamp_of", lambda _datasette: (1, 1))
    response_cache.forget()

    async def function(_request: Any, _datasette: Any) -> dict[str, str]:
        return {"found": "nothing"}

    async def ask_often() -> None:
        for n in range(20_000 if letters < 60_000 else 300):
            request: Any = SimpleNamespace(full_path=f"/api/chats?x={n}{'A' * letters}")
            await response_cache.answer(request, None, function)  # type: ignore[arg-type]

    run_apart(ask_often())
    kept = response_cache._kept
    assert sum(len(key[1]) + 1_000 for key in kept) <= 8 << 20
    response_cache.forget()
