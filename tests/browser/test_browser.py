"""The pages in a real browser, in both sizes and both colour schemes. MEMORIES_SHOTS=folder keeps pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.conftest import Served
from tests.helpers import one

SIZES = {"phone": (390, 844), "desk": (1440, 900)}
PAGES = {
    "home": "/",
    "list": "/?order=newest",
    "chats": "/chats",
    "more": "/more",
    "story": "/story",
    "replay": "/story?talk={exchange}",
    "about-chat": "/chats/1/about",
    "database": "/memories",
    "messages": "/memories/messages",
    "search": "/memories/messages?_search=lake",
    "exchanges": "/memories/exchanges",
    "people": "/memories/people",
    "places": "/memories/places",
    "query": "/memories/on_this_day?day=06-14",
    "emoji": "/memories/emoji_by_person",
    "missing": "/memories/nothing-here",
    "row": "/memories/exchanges/{exchange}",
    "talk": "/talk/{exchange}",
    "found": "/search?q=lake",
    "nothing-found": "/search?q=xylophone",
    "day-in-years": "/on-this-day?date=2024-06-14",
    "no-day": "/on-this-day?date=2024-02-03",
    "calendar": "/calendar",
    "gallery": "/gallery",
    "voices": "/gallery?kind=voices",
    "who": "/people",
    "person": "/people/1",
    "chat": "/chats/1",
    "hidden": "/?all=hidden",
    "sql": "/memories?sql=SELECT+name,+message_count+FROM+people",
    "numbers": "/numbers",
    "side-by-side": "/?talk={exchange}",
    "years": "/years",
    "api": "/api",
    "ask": "/ask",
    "status": "/-/status",
    "book": "/book",
    "edits": "/edits",
    "shares": "/shares",
    "find": "/chats/1?find=lake",
    "wrong-letter": "/search?q=sqirrels",
    "answered": "/search?q=who+carried+the+cake%3F",
    "near": "/search?q=lake&kind=image",
    "dead-link": "/s/1_abcdefghijabcdefghijabcdefghij",
    "map": "/map",
    "filtered": "/?mood=sad&year=2019",
}


#: Only what is wrong is told in full: the rest would take half of the time.
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
#: What the colours change.
AXE_IN_THE_DARK = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
AXE_SCRIPT = Axe().axe_script
#: Of what it finds, only what is wrong leaves the browser: the rest is a megabyte a page.
BROKEN = """
options => axe.run(document, options).then(
  found => found.violations.map(rule => [rule.id, rule.nodes[0].html.slice(0, 200)]))
"""
#: How far things jump while a page loads, as browsers count it: https://web.dev/articles/cls
JUMPS = """
window.jumps = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.jumps += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
MOST_JUMPS = 0.05


class Window:
    """One window for all pages, as a reader has it; what went wrong in it, and what it asked elsewhere for."""

    def __init__(self, page: Page, size: str) -> None:
        self.page, self.size = page, size
        self.said: list[str] = []
        self.elsewhere: list[str] = []
        page.add_init_script(JUMPS)
        page.on("console", lambda message: self.said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.elsewhere.append(request.url))

    def open(self, address: str) -> None:
        """Go there as if for the first time."""
        if self.page.url.startswith("http"):
            self.page.evaluate("localStorage.clear(); sessionStorage.clear()")
        self.page.context.clear_cookies()
        self.page.emulate_media(color_scheme="light")
        self.said.clear()
        self.elsewhere.clear()
        self.page.goto(address, wait_until="load")

    def broken(self, options: object) -> list[tuple[str, str]]:
        """What axe-core finds wrong with the page: rules, and where."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE_SCRIPT)
        return [tuple(found) for found in self.page.evaluate(BROKEN, options)]


@pytest.fixture(params=list(SIZES), scope="module")
def window(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Window]:
    width, height = SIZES[request.param]
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    # Map tiles are the one thing that comes from elsewhere; here they are a white square.
    context.route(lambda url: urlsplit(url).hostname != "127.0.0.1", lambda route: route.fulfill(status=204))
    yield Window(context.new_page(), request.param)
    context.close()


@pytest.mark.parametrize("name", list(PAGES))
def test_a_page_is_whole(window: Window, site: Served, examples_db: Path, name: str) -> None:
    best = one(examples_db, "SELECT id FROM exchanges ORDER BY message_count DESC LIMIT 1")
    page = window.page
    window.open(site.base + PAGES[name].format(exchange=best))
    page.wait_for_timeout(100)
    assert [s for s in window.said if name not in ("missing", "dead-link") or "404" not in s] == []
    elsewhere = [url for url in window.elsewhere if site.base not in url and not url.startswith("data:")]
    hosts = {urlsplit(url).hostname or "" for url in elsewhere}
    assert {host for host in hosts if not host.endswith("tile.openstreetmap.org")} == set()
    assert name in ("places", "map") or not hosts
    wide, seen = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= seen, f"{wide} px wide in a window of {seen}"
    assert page.evaluate("window.jumps") < MOST_JUMPS
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        _looks_right(window, scheme, name)


def _looks_right(window: Window, scheme: str, name: str) -> None:
    if folder := os.environ.get("MEMORIES_SHOTS"):
        window.page.screenshot(path=Path(folder) / f"{name}-{window.size}-{scheme}.png")
    assert window.broken(AXE if scheme == "light" else AXE_IN_THE_DARK) == []
    behind = window.page.evaluate("getComputedStyle(document.body).backgroundColor")
    light_parts = [int(p) for p in behind.removeprefix("rgb(").removesuffix(")").split(",")[:3]]
    # A story is dark, as a cinema is.
    assert (sum(light_parts) < 200) == (scheme == "dark" or name in ("story", "replay")), behind
