"""Each link of the menu, for each role, in a browser: its headline is there, and something under it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from ingest.ops import passwords
from tests.client import Client, come_in
from tests.conftest import Served, serve
from tests.helpers import put

ROLES = ("viewer", "curator", "owner")
#: What a page is about: one of these at least is to be seen on it.
ITEMS = {
    "/": ".keep",
    "/chats": ".chat-list a",
    "/more": ".tiles a",
    "/?order=newest": ".mem-item",
    "/gallery?kind=voices": ".wall .voice-play",
    "/-/status": "table tr",
    "/api": "main li, main tr",
    "/search": "input[type=search]",
    "/on-this-day": ".mem-years .mem-item",
    "/calendar": ".heat-days a",
    "/gallery": ".wall img",
    "/map": ".mem-places a",
    "/years": ".mem-drawn a",
    "/people": "main li a",
    "/numbers": ".chart",
    "/book": ".book-talk",
    "/ask": "#question",
    "/edits": "[data-undo]",
    "/shares": ".mem-edits li",
    "/memories": "table, h2 a, .db-table a",
}


@pytest.fixture(scope="module")
def family(examples_db: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("menu")
    shutil.copytree(examples_db.parent, folder / "served")
    # Something was said on this day, whatever day it is.
    today = date.today()
    export = folder / "WhatsApp Chat with Emma.txt"
    export.write_text(f"{today:%d/%m}/2020, 21:15 - Emma: the kettle sings again tonight\n" * 2, "utf-8")
    put(folder / "served" / "memories.db", export, me="Emma", date_order="dmy")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEMORIES_PUBLIC", "1")
        for role in ROLES:
            patch.setenv(f"MEMORIES_{role.upper()}_PASSWORD", passwords.hash_password(f"{role} word"))
        served = serve(folder / "served" / "memories.db", folder / "log")
        api = Client(served)
        cookie = {"cookie": come_in(api, "owner", "owner word")[2]}
        assert api.ask("POST", "/api/exchanges/1/star", headers=cookie)[0] == 200
        yield served
        served.stop()


@pytest.fixture(params=ROLES)
def logged_in(family: Served, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{family.base}/-/login")
    if page.locator("select[name=role]").count():
        page.select_option("select[name=role]", request.param)
    page.fill("input[name=password]", f"{request.param} word")
    page.press("input[name=password]", "Enter")
    page.wait_for_selector(".mem-menu", state="attached")
    yield page
    context.close()


def test_each_link_shows_its_headline_and_an_item(logged_in: Page, family: Served) -> None:
    errors: list[str] = []
    logged_in.on("pageerror", lambda error: errors.append(str(error)))
    logged_in.goto(family.base)
    asked = "links => links.map(link => link.getAttribute('href'))"
    links = logged_in.eval_on_selector_all(".mem-menu a", asked)
    assert len(links) == 6  # the name of the whole, and five places
    logged_in.goto(f"{family.base}/more")
    links += logged_in.eval_on_selector_all(".tiles a", asked)
    assert len(links) > 14
    for path in dict.fromkeys(links):
        answer = logged_in.goto(f"{family.base}{path}")
        assert answer is not None
        assert answer.status == 200, path
        assert logged_in.locator("main h1, .content h1, h1").first.text_content().strip(), path
        assert logged_in.locator(ITEMS[path]).first.is_visible(), path
    assert errors == []
