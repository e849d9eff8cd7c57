"""Each page of ours in each language, for each role, in both sizes: a headline, in that language, nothing sideways."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from ingest.ops import passwords
from tests.browser.test_browser import PAGES, SIZES
from tests.client import Client, come_in
from tests.conftest import Served, serve
from tests.helpers import one

LANGUAGES = ("en", "de", "es")
ROLES = ("viewer", "curator", "owner")
#: Datasette's own pages speak English; some pages are for some roles.
OF_DATASETTE = {
    "database", "messages", "search", "exchanges", "people", "places", "query", "emoji", "missing", "row", "sql",
}  # fmt: skip
FOR_OWNERS = {"api": "owner", "ask": "owner", "status": "owner", "edits": "curator", "shares": "curator"}
#: Words of the interface that no page in another language has.
ENGLISH = re.compile(r"\b(?:Skip to content|Memories|Search|More|Newest first|Filters|Show|Back to|Not here|Hide)\b")

pytestmark = pytest.mark.drill


@pytest.fixture(scope="module")
def public(examples_db: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("sweep")
    shutil.copytree(examples_db.parent, folder / "served")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEMORIES_PUBLIC", "1")
        for role in ROLES:
            patch.setenv(f"MEMORIES_{role.upper()}_PASSWORD", passwords.hash_password(f"{role} word"))
        served = serve(folder / "served" / "memories.db", folder / "log")
        yield served
        served.stop()


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_speaks_its_reader_s_language(
    public: Served, browser: Browser, examples_db: Path, language: str, role: str, size: str
) -> None:
    best = one(examples_db, "SELECT id FROM exchanges ORDER BY message_count DESC LIMIT 1")
    name, _, value = come_in(Client(public), role, f"{role} word")[2].partition("=")
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, locale=language, reduced_motion="reduce")
    context.add_cookies([{"name": name, "value": value, "url": public.base}])
    context.route(lambda url: urlsplit(url).hostname != "127.0.0.1", lambda route: route.fulfill(status=204))
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    ranks = {"viewer": 0, "curator": 1, "owner": 2}
    wrong: list[object] = []
    for what, path in PAGES.items():
        if what in OF_DATASETTE or ranks[FOR_OWNERS.get(what, "viewer")] > ranks[role]:
            continue
        said.clear()
        page.goto(public.base + path.format(exchange=best), wait_until="load")
        page.wait_for_timeout(50)
        found = page.evaluate(
            """() => ({
                language: document.documentElement.lang, wide: document.documentElement.scrollWidth > innerWidth,
                headline: document.querySelector("h1, .talk-who b")?.textContent.trim() ?? "",
                text: [...document.querySelectorAll("h1, h2, summary, button, label, .mem-menu, .mem-lead, .mem-empty")]
                    .map((one) => one.textContent).join(" | "),
            })"""
        )
        if found["language"] != language or found["wide"] or not found["headline"]:
            wrong.append((what, {key: found[key] for key in ("language", "wide", "headline")}))
        if what not in ("dead-link",) and said:
            wrong.append((what, list(said)))
        # What the archive itself is called, and what is for those who run it, is in English.
        words = found["text"].replace("WhatsApp Memories", "")
        if language != "en" and what not in ("api", "status") and (leaked := ENGLISH.findall(words)):
            wrong.append((what, leaked))
    context.close()
    assert wrong == []
