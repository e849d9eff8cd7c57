"""Archives as they also are: one message, two hundred people, 100 KB in one message, no media, all media missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.conftest import Served, serve
from tests.helpers import one, put

SIZES = ({"width": 390, "height": 844}, {"width": 1440, "height": 900})
PLACES = (
    "/",
    "/talk/1",
    "/gallery",
    "/calendar",
    "/people",
    "/people/1",
    "/chats",
    "/chats/1",
    "/chats/1/about",
    "/more",
    "/numbers",
    "/years",
    "/book",
)


def crowd() -> str:
    """A group of two hundred, each with something to say."""
    lines = ["1/2/24, 9:00 AM - Messages and calls are end-to-end encrypted."]
    for number in range(200):
        at = f"{8 + number // 60}:{number % 60:02d} AM"
        lines.append(f"1/2/24, {at} - Cousin Number {number}: Happy birthday! 🎂 {number}")
    return "\n".join(lines)


ARCHIVES = {
    "one message": "1/2/24, 9:00 AM - Ida: So this is it.\n",
    "two hundred people": crowd(),
    "a message of 100 KB": "1/2/24, 9:00 AM - Ida: "
    + "word " * 10_000
    + "x" * 50_000
    + "\n1/2/24, 9:01 AM - Bo: Long one!\n",
    "all media missing": "\n".join(
        f"1/2/24, 9:{minute:02d} AM - {who}: <Media omitted>" for minute, who in enumerate(["Ida", "Bo"] * 10)
    ),
}


@pytest.fixture(params=list(ARCHIVES))
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    export = tmp_path / "WhatsApp Chat with Ida.txt"
    export.write_text(ARCHIVES[request.param], "utf-8")
    put(tmp_path / "memories.db", export)
    served = serve(tmp_path / "memories.db", tmp_path / "log")
    yield served
    served.stop()


@pytest.fixture
def contexts(browser: Browser) -> Iterator[list[BrowserContext]]:
    made = [browser.new_context(viewport=size, reduced_motion="reduce") for size in SIZES]  # type: ignore[arg-type]
    yield made
    for context in made:
        context.close()


def test_each_looks_meant(odd: Served, contexts: list[BrowserContext], tmp_path: Path) -> None:
    assert one(tmp_path / "memories.db", "SELECT count(*) FROM messages") > 0
    for context in contexts:
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message, said=said: said.append(message.text) if message.type == "error" else None)
        for place in PLACES:
            answer = page.goto(odd.base + place)
            assert answer is not None
            assert answer.status == 200, place
            wide, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert wide <= window, place
            # Something to read, and no empty frame of what is not there.
            assert len(page.locator("main").inner_text().split()) > 3, place
            assert page.locator("main img:not([alt])").count() == 0, place
        assert said == []
