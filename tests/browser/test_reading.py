"""A long conversation, read as people read: scrolled, left, come back to, searched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Served, serve
from tests.helpers import put, rows

#: Shows only what is below the head: the number of the talk there.
READ_NOW = """
() => {
  const parts = [...document.querySelectorAll(".bubbles > [data-talk]")];
  return Number(parts.filter((part) => part.getBoundingClientRect().top < 150).at(-1)?.dataset.talk);
}
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty talks of twelve messages, ten days apart."""
    folder = tmp_path_factory.mktemp("long")
    at, lines = datetime(2021, 1, 3, 9), []
    for talk in range(40):
        for n in range(12):
            said = f"talk {talk} says {['apple', 'pear', 'plum'][n % 3]} number {n} to the lantern" + " and more" * (
                n % 4
            )
            lines.append(f"{at:%d/%m/%Y, %H:%M} - {'Ben' if n % 2 else 'Ana'}: {said}\n")
            at += timedelta(minutes=3)
        at += timedelta(days=10)
    export = folder / "WhatsApp Chat with Ben.txt"
    export.write_text("".join(lines), encoding="utf-8")
    put(folder / "memories.db", export, me="Ana")
    return folder / "memories.db"


@pytest.fixture(scope="module")
def served(archive: Path) -> Iterator[Served]:
    served = serve(archive, archive.parent / "log")
    yield served
    served.stop()


def scroll_back(page: Page, times: int = 6) -> None:
    for _ in range(times):
        page.mouse.move(page.viewport_size["width"] * 0.6, 400)  # type: ignore[index]
        page.mouse.wheel(0, -700)
        page.wait_for_timeout(180)
    page.wait_for_timeout(400)


def test_the_star_is_for_the_talk_that_is_read(page: Page, archive: Path) -> None:
    page.goto("/chats/1")
    opened = page.locator(".talk").get_attribute("data-exchange")
    scroll_back(page)
    number = page.evaluate(READ_NOW)
    assert str(number) != opened
    with page.expect_response(re.compile(rf"/api/exchanges/{number}/star$")):
        page.get_by_role("button", name="Star").first.click()
    expect(page.locator("[data-action=unstar]")).to_be_visible()
    assert rows(archive, "SELECT exchange_id FROM exchange_marks WHERE is_starred") == [(number,)]
    with page.expect_response(re.compile(rf"/api/exchanges/{number}/unstar$")):
        page.locator("[data-action=unstar]").click()


def test_hiding_one_talk_fades_it_and_none_beside_it(page: Page, archive: Path) -> None:
    page.goto("/chats/1")
    scroll_back(page, 4)
    number = page.evaluate(READ_NOW)
    page.locator(".talk-menu summary").click()
    with page.expect_response(re.compile(rf"/api/exchanges/{number}$")):
        page.locator("[data-hide]").click()
    faded = page.evaluate("() => [...document.querySelectorAll('.bubbles > .is-hidden')].map((one) => one.id)")
    of_talk = [f"m{n}" for (n,) in rows(archive, f"SELECT id FROM messages WHERE exchange_id = {number}")]
    assert {one for one in faded if one} == set(of_talk)
    page.locator(".talk-menu summary").click()
    with page.expect_response(re.compile(rf"/api/exchanges/{number}/restore$")):
        page.locator("[data-hide]").click()
    expect(page.locator(".bubbles > .is-hidden")).to_have_count(0)


def test_reloading_comes_back_to_the_line(page: Page) -> None:
    page.goto("/chats/1")
    scroll_back(page)
    seen = "(id) => Math.round(document.getElementById(id).getBoundingClientRect().top)"
    name = page.evaluate("() => location.hash.slice(1)")
    assert re.fullmatch(r"m\d+", name)
    before = page.evaluate(seen, name)
    for _ in range(3):
        page.reload()
        page.wait_for_timeout(700)
        assert abs(page.evaluate(seen, name) - before) < 4
    assert page.locator(".bubbles[data-returned]").count() == 1


def test_the_line_of_years_is_drawn_along(page: Page) -> None:
    page.goto("/chats/1")
    box = page.locator(".track").bounding_box()
    assert box
    x, top = box["x"] + box["width"] / 2, box["y"]
    page.mouse.move(x, top + box["height"] * 0.95)
    page.mouse.down()
    page.mouse.move(x, top + box["height"] * 0.5, steps=5)
    expect(page.locator(".track-day")).to_have_text("July 2021")
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"/chats/1\?day=2021-07-\d\d"))


def test_keys_search_move_and_tell_themselves(page: Page) -> None:
    page.goto("/chats/1")
    page.wait_for_timeout(300)
    start = page.evaluate("() => document.scrollingElement.scrollTop")
    page.keyboard.press("k")
    page.wait_for_timeout(200)
    assert page.evaluate("() => document.scrollingElement.scrollTop") < start
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Search")
    page.keyboard.press("Escape")
    expect(page.locator("dialog:has(.keys)")).to_have_count(0)
    page.keyboard.press("/")
    expect(page).to_have_url(re.compile(r"/chats/1\?find="))
    expect(page.locator(".find input")).to_be_focused()
    page.locator(".find input").fill("plum")
    page.keyboard.press("Enter")
    expect(page.locator(".find-place")).to_have_text("1 of 160")
    page.locator(".find input").press("ArrowUp")
    expect(page.locator(".find-place")).to_have_text("2 of 160")
    assert page.evaluate("() => CSS.highlights.get('found').size") > 0


def test_a_story_is_held_turned_and_ended(page: Page, archive: Path) -> None:
    talk = rows(archive, "SELECT id FROM exchanges ORDER BY id LIMIT 1")[0][0]
    page.goto(f"/story?talk={talk}")
    story = page.locator(".story.is-over")
    expect(page.locator(".scene.is-now")).to_have_count(1)
    scenes = page.locator(".scene").count()
    for _ in range(scenes):
        page.keyboard.press("ArrowRight")
    expect(story).to_have_count(1)
    expect(page.locator(".story-end").get_by_role("link", name="Read it in the chat")).to_be_visible()
    page.get_by_role("button", name="Again").click()
    expect(story).to_have_count(0)
    page.mouse.move(page.viewport_size["width"] / 2, 420)  # type: ignore[index]
    page.mouse.down()
    expect(page.locator("[data-pause]")).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(500)
    page.mouse.up()
    expect(page.locator("[data-pause]")).to_have_attribute("aria-pressed", "false")


def test_the_head_says_the_day_that_is_read(page: Page, archive: Path) -> None:
    """A talk that goes on past midnight is of two days."""
    at, lines = datetime(2023, 12, 31, 22), []
    for n in range(60):
        lines.append(f"{at:%d/%m/%Y, %H:%M} - {'Cleo' if n % 2 else 'Ana'}: the midnight lantern number {n}\n")
        at += timedelta(minutes=4)
    export = archive.parent / "WhatsApp Chat with Cleo.txt"
    export.write_text("".join(lines), encoding="utf-8")
    put(archive, export, me="Ana")
    page.goto("/chats/2")
    expect(page.locator("[data-now]")).to_have_text("Monday, 1 January 2024")
    for _ in range(8):
        page.mouse.move(page.viewport_size["width"] * 0.6, 400)  # type: ignore[index]
        page.mouse.wheel(0, -900)
        page.wait_for_timeout(150)
    expect(page.locator("[data-now]")).to_have_text("Sunday, 31 December 2023")
