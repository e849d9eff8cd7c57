"""What people come for, done in a real browser as they would do it. The stories are in docs/JOURNEYS.md."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import SIZES
from tests.conftest import ROOT, Served, serve
from tests.helpers import one

#: Journeys that change nothing share one server.
CALM = {
    "test_find_the_first_i_love_you", "test_what_happened_on_this_day", "test_the_photo_from_the_lake",
    "test_a_gift_book_for_grandma", "test_in_german_when_the_browser_is",
    "test_read_on_from_a_talk_without_end", "test_go_to_a_day", "test_narrow_a_search_down",
    "test_the_list_and_the_talk_side_by_side", "test_a_place_on_a_little_map",
}  # fmt: skip


@pytest.fixture
def served(request: pytest.FixtureRequest, examples_db: Path, tmp_path: Path) -> Iterator[Served]:
    if request.node.originalname in CALM:
        yield request.getfixturevalue("site")
        return
    shutil.copytree(examples_db.parent, tmp_path / "served")
    served = serve(tmp_path / "served" / "memories.db", tmp_path / "log")
    yield served
    served.stop()


@pytest.fixture
def archive(served: Served, tmp_path: Path) -> Path:
    assert served.base
    return tmp_path / "served" / "memories.db"


def alone(page: Page) -> None:
    """The talk that is opened and no other: what came before and after it does not come."""
    page.route(
        re.compile(r"/talk/\d+\?part=1"), lambda route: route.fulfill(body="<ol></ol>", content_type="text/html")
    )


def choose(page: Page, name: str) -> None:
    """Something from a talk's menu."""
    page.locator(".talk-menu summary").click()
    page.locator(".talk-menu").get_by_role("button", name=name, exact=True).click()


def test_find_the_first_i_love_you(page: Page) -> None:
    page.goto("/")
    page.get_by_role("navigation", name="Main menu").get_by_role("link", name="Search").click()
    page.get_by_role("searchbox").press_sequentially("squirrels", delay=20)
    hit = page.locator(".hit").first
    expect(hit.locator("mark")).to_have_text("squirrels")
    hit.click()
    expect(page).to_have_url(re.compile(r"/talk/\d+\?find=squirrels&hit=\d+#m\d+$"))
    expect(page.locator(".bubble:target")).to_be_in_viewport()
    expect(page.locator(".find-place")).to_have_text(re.compile(r"^\d of \d$"))
    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("squirrels")
    expect(page.locator(".hit").first).to_be_visible()


def test_what_happened_on_this_day(page: Page) -> None:
    page.goto("/on-this-day?date=2024-06-14")
    expect(page.get_by_text("5 years ago")).to_be_visible()
    page.locator(".mem-card").first.click()
    expect(page.locator(".bubble").first).to_be_visible()


def test_the_photo_from_the_lake(page: Page) -> None:
    page.goto("/gallery")
    page.locator("a.look").nth(1).click()
    dialog = page.locator("dialog.mem-look")
    expect(dialog).to_be_visible()
    first = dialog.locator("img").get_attribute("src")
    page.keyboard.press("ArrowRight")
    assert dialog.locator("img").get_attribute("src") != first
    dialog.get_by_role("link", name="↪").click()
    expect(page).to_have_url(re.compile(r"/talk/\d+#m\d+$"))


def test_hide_what_should_not_be_seen_and_take_it_back(page: Page, archive: Path) -> None:
    page.goto("/")
    card = page.locator(".keep > a[href^='/talk/']").first
    address = (card.get_attribute("href") or "").partition("#")[0]
    card.click()
    choose(page, "Hide")
    expect(page.get_by_text("Hidden.")).to_be_visible()
    assert page.request.get(address).status == 404
    with page.expect_navigation():
        page.locator("#toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".bubble").first).to_be_visible()
    assert page.request.get(address).status == 200
    assert one(archive, "SELECT count(*) FROM exchange_marks WHERE is_hidden") == 0


def test_star_and_rename_a_talk(page: Page) -> None:
    page.goto("/?order=newest")
    page.goto(page.locator(".mem-card").nth(2).get_attribute("href") or "")
    page.get_by_role("button", name="Star", exact=True).click()
    expect(page.get_by_text("Starred.")).to_be_visible()
    expect(page.get_by_role("button", name="Take the star away")).to_have_class(re.compile("is-on"))
    choose(page, "Give it another title")
    page.keyboard.press("Escape")
    expect(page.get_by_label("The talk's title")).to_have_count(0)
    choose(page, "Give it another title")
    page.get_by_label("The talk's title").fill("The boathouse")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The boathouse")).to_be_visible()
    page.goto("/?starred=1")
    expect(page.locator(".mem-name")).to_have_text(["The boathouse"])
    page.goto("/edits")
    expect(page.locator(".mem-edits li")).to_have_count(2)
    with page.expect_navigation():
        page.locator("[data-undo]").first.click()
    expect(page.locator(".is-undone")).to_have_count(1)
    expect(page.locator(".mem-edits li")).to_have_count(3)
    page.goto("/?starred=1")
    expect(page.locator(".mem-name")).not_to_have_text(["The boathouse"])


def test_a_talk_for_somebody_without_the_archive(page: Page, examples_db: Path, tmp_path: Path) -> None:
    """A link to one's own machine helps nobody: one file does."""
    talk = one(examples_db, "SELECT id FROM exchanges WHERE is_memory ORDER BY message_count DESC LIMIT 1")
    page.goto(f"/talk/{talk}")
    choose(page, "Share")
    with page.expect_download() as sent:
        page.get_by_role("dialog").get_by_role("link", name="Save for the family").click()
    path = tmp_path / "story.html"
    sent.value.save_as(path)
    other = page.context.browser.new_page()  # type: ignore[union-attr]
    asked: list[str] = []
    other.on("request", lambda request: asked.append(request.url))
    other.goto(f"file://{path}")
    expect(other.locator(".scene.is-now")).to_be_visible()
    expect(other.locator(".line.is-said").first).to_be_visible()
    other.keyboard.press("ArrowRight")
    assert all(url.startswith(("file:", "data:")) for url in asked)
    other.close()


def test_make_one_talk_of_two(page: Page) -> None:
    page.goto("/?chat=Theo")
    before = page.locator(".mem-item").count()
    page.get_by_role("button", name="Select").click()
    page.locator(".mem-card").nth(0).click()
    page.locator(".mem-card").nth(1).click()
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_role("button", name="Make one talk").click()
    expect(page.get_by_text("Made one talk.")).to_be_visible()
    expect(page.locator(".mem-item")).to_have_count(before - 1)
    with page.expect_navigation():
        page.locator("#toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".mem-item")).to_have_count(before)


def test_see_it_through_somebody_elses_eyes(page: Page, archive: Path) -> None:
    exchange = one(archive, "SELECT exchange_id FROM messages WHERE text LIKE '%I said yes!!%'")
    alone(page)
    page.goto(f"/talk/{exchange}")
    mine = page.locator(".bubble.is-mine").count()
    page.locator(".talk-menu summary").click()
    page.get_by_label("Seen by").select_option("~ Pia")
    with page.expect_navigation():
        page.locator(".talk-eyes button").click()
    assert page.locator(".bubble.is-mine").count() not in (0, mine)


def test_a_gift_book_for_grandma(page: Page) -> None:
    page.goto("/book?year=2019")
    expect(page.locator(".book-talk").first).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator("header.mem-header")).to_be_hidden()
    expect(page.locator(".book-tools")).to_be_hidden()
    pdf = page.pdf(prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert re.search(rb"/MediaBox\s*\[\s*0 0 4\d\d(?:\.\d+)? 59\d", pdf)


def test_in_german_when_the_browser_is(browser: Browser, served: Served) -> None:
    context = browser.new_context(locale="de-DE", base_url=served.base)
    page = context.new_page()
    page.goto("/")
    expect(page.get_by_role("heading", name="Zum ersten Mal")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "de"
    expect(page.locator(".keep small").filter(has_text="Dezember").first).to_be_visible()
    context.close()


def test_everything_works_without_javascript(browser: Browser, served: Served) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=served.base)
    page = context.new_page()
    page.goto("/")
    page.locator(".slide h2 a").first.click()
    expect(page.locator(".bubble").first).to_be_visible()
    page.locator("[rel=next], [rel=prev]").first.click()
    expect(page.locator(".bubble").first).to_be_visible()
    page.goto("/story")
    expect(page.locator(".line").first).to_be_visible()
    page.goto("/search")
    page.get_by_role("searchbox").fill("lake")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator(".hit").first).to_be_visible()
    expect(page.get_by_role("button", name="Hide")).to_have_count(0)
    context.close()


def test_each_story_has_its_test() -> None:
    stories = re.findall(r"`(test_\w+)`", (ROOT / "docs" / "JOURNEYS.md").read_text("utf-8"))
    assert len(stories) >= 10
    assert set(stories) <= set(globals())


def test_the_list_goes_on_by_itself(browser: Browser, served: Served) -> None:
    context = browser.new_context(viewport=SIZES["phone"], base_url=served.base)
    page = context.new_page()
    page.goto("/?all=1")
    expect(page.locator(".mem-item")).to_have_count(30)
    page.locator(".mem-item").last.scroll_into_view_if_needed()
    expect(page.locator(".mem-item")).to_have_count(39)
    expect(page.locator("#more")).to_have_count(0)
    context.close()


def test_read_on_from_a_talk_without_end(page: Page, examples_db: Path) -> None:
    group = "chat_id = (SELECT id FROM chats WHERE kind = 'group')"
    first = one(examples_db, f"SELECT id FROM exchanges WHERE {group} ORDER BY started_at LIMIT 1")
    page.goto(f"/talk/{first}")
    page.wait_for_function("() => document.querySelectorAll('.part').length > 1")  # nobody has touched anything
    assert page.url.endswith(f"/talk/{first}")
    read: set[str] = set()  # what is far from sight leaves the page
    for _ in range(100):
        page.mouse.wheel(0, 4000)
        page.wait_for_timeout(100)
        read |= set(page.locator(".bubbles .part a").evaluate_all("all => all.map((a) => a.pathname)"))
        if len(read) > 10:
            break
    assert len(read) > 10
    # And the other way: what is read stays where it is.
    last = one(examples_db, f"SELECT id FROM exchanges WHERE {group} ORDER BY started_at DESC LIMIT 1")
    page.goto(f"/talk/{last}")
    title = page.locator("h1")
    page.wait_for_function("() => document.querySelectorAll('.part').length > 1")
    page.wait_for_timeout(300)
    box = title.bounding_box()
    assert box is not None
    assert 0 < box["y"] < 140
    # The address is where one reads, so that reloading comes back to it.
    page.mouse.move(0.7 * (page.viewport_size or SIZES["phone"])["width"], 400)
    for _ in range(6):
        page.mouse.wheel(0, -900)
        page.wait_for_timeout(150)
    expect(page).not_to_have_url(re.compile(rf"/talk/{last}(#|$)"))
    expect(page).to_have_url(re.compile(r"/talk/\d+(#m\d+)?$"))
    address = page.url
    page.reload()
    page.wait_for_timeout(300)
    assert page.url == address
    if "#m" in address:
        expect(page.locator(f"#{address.partition('#')[2]}")).to_be_in_viewport()


def test_go_to_a_day(page: Page) -> None:
    page.goto("/talk/1")
    page.locator(".talk-menu summary").click()
    page.locator(".talk-jump input").fill("2023-06-10")
    page.locator(".talk-jump button").click()
    expect(page).to_have_url(re.compile(r"/calendar\?day=2023-06-10"))
    expect(page.locator(".mem-card").first).to_be_visible()


def test_narrow_a_search_down(page: Page) -> None:
    page.goto("/search?q=the")
    everywhere = page.locator(".hit").count()
    page.get_by_text("Narrow it down").click()
    page.get_by_label("Everybody").select_option("Grandma June")
    expect(page.locator(".hit b").first).to_have_text("Grandma June:")
    page.wait_for_function(f"document.querySelectorAll('.hit').length < {everywhere}")
    expect(page).to_have_url(re.compile("person=Grandma"))
    page.reload()
    assert set(page.locator(".hit b").all_inner_texts()) == {"Grandma June:"}
    page.locator(".chips label").filter(has_text="Photos").click()
    expect(page.locator(".hit")).to_have_count(0)


def test_the_heart_of_a_talk_and_where_it_is_parted(page: Page, archive: Path) -> None:
    talk = one(archive, "SELECT id FROM exchanges ORDER BY message_count DESC LIMIT 1")
    alone(page)
    page.goto(f"/talk/{talk}")
    count = page.locator(".bubble").count()

    def tool(bubble: int, name: str) -> None:
        page.locator(".bubble").nth(bubble).hover()
        page.locator(".bubble").nth(bubble).locator(".bubble-open").click()
        page.get_by_role("menuitem", name=name).click()

    marked = page.locator(".bubble.is-highlight").count()
    looks = [str(page.locator(".bubble").nth(n).get_attribute("class")) for n in range(count)]
    plain = next(n for n, look in enumerate(looks) if "is-highlight" not in look)
    tool(plain, "Highlight")
    expect(page.locator(".bubble.is-highlight")).to_have_count(marked + 1)
    tool(1, "Hide this message")
    expect(page.locator("#toast")).to_contain_text("Hidden.")
    page.reload()
    expect(page.locator(".bubble")).to_have_count(count - 1)
    expect(page.locator(".bubble.is-highlight")).not_to_have_count(0)
    tool(4, "Part the talk before this")
    expect(page.locator("#toast")).to_contain_text("Parted")
    with page.expect_navigation():
        page.locator("#toast button").click()
    expect(page.locator(".bubble")).to_have_count(count - 1)
    page.locator(".bubble").first.hover()
    page.locator(".bubble-open").first.click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menuitem")).to_have_count(0)
    # In a long talk nothing of the tools is cut off: what is under their last one is that one.
    page.evaluate("document.querySelector('.bubbles').classList.add('is-long')")
    page.locator(".bubble").first.hover()
    page.locator(".bubble-open").first.click()
    last = page.get_by_role("menuitem").last
    assert last.evaluate(
        """item => {
            const box = item.getBoundingClientRect();
            return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2) === item;
        }"""
    )


def test_the_list_and_the_talk_side_by_side(page: Page) -> None:
    page.goto("/?order=oldest")
    cards = page.locator("#memories .mem-card")
    title = cards.nth(2).locator(".mem-name").inner_text()
    cards.nth(2).click()
    is_wide = page.viewport_size is not None and page.viewport_size["width"] > 1120
    if not is_wide:
        expect(page).to_have_url(re.compile(r"/talk/\d+$"))
        page.go_back()
        expect(cards.first).to_be_visible()
        return
    expect(page).to_have_url(re.compile(r"order=oldest&talk=\d+$"))
    expect(page.locator("#pane h1")).to_contain_text(title[:20])
    expect(cards.first).to_be_visible()
    address = page.url
    cards.nth(4).click()
    expect(page.locator("#pane h1")).not_to_contain_text(title[:20])
    page.locator("#pane .bubble").first.hover()
    page.locator("#pane .bubble-open").first.click()
    expect(page.get_by_role("menuitem").first).to_be_visible()
    page.go_back()
    expect(page).to_have_url(address)
    expect(page.locator("#pane h1")).to_contain_text(title[:20])
    page.go_back()
    expect(page.locator("#pane h1")).to_have_count(0)
    page.goto(address)
    expect(page.locator("#pane h1")).to_contain_text(title[:20])


def test_several_messages_at_once(page: Page, archive: Path) -> None:
    talk = one(archive, "SELECT id FROM exchanges ORDER BY message_count DESC LIMIT 1")
    alone(page)
    page.goto(f"/talk/{talk}")
    count = page.locator(".bubble").count()
    choose(page, "Select")
    for number in (0, 2):
        page.locator(".bubble").nth(number).click()
    bar = page.locator(".talk .mem-bar")
    expect(bar).to_contain_text("2 selected")
    # With the keyboard, too.
    page.locator(".bubble").nth(3).focus()
    page.keyboard.press("Space")
    expect(bar).to_contain_text("3 selected")
    bar.get_by_role("button", name="Hide").click()
    expect(page.locator("#toast")).to_contain_text("Hidden.")
    expect(bar).to_be_hidden()
    assert one(archive, "SELECT count(*) FROM hidden_messages") == 3
    with page.expect_navigation():
        page.locator("#toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".bubble")).to_have_count(count)
    assert one(archive, "SELECT count(*) FROM hidden_messages") == 0
    # A finger that rests on one begins it, too; Escape ends it.
    resting = page.locator(".bubble").nth(1)
    resting.dispatch_event("pointerdown", {"pointerType": "touch", "bubbles": True})
    expect(bar).to_contain_text("1 selected")
    resting.dispatch_event("pointerup", {"pointerType": "touch", "bubbles": True})
    page.locator(".bubble").nth(2).dispatch_event("pointerdown", {"pointerType": "touch", "bubbles": True})
    page.locator(".bubble").nth(2).click()
    expect(bar).to_contain_text("2 selected")
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()


def test_bring_back_what_is_hidden(page: Page) -> None:
    page.goto("/?order=newest")
    titles = page.locator(".mem-card .mem-name").all_inner_texts()
    page.get_by_role("button", name="Select").click()
    for number in (0, 1):
        page.locator(".mem-card").nth(number).click()
    page.locator("#bar").get_by_role("button", name="Hide").click()
    expect(page.get_by_text(titles[0])).to_have_count(0)
    page.goto("/?all=hidden")
    assert page.locator(".mem-card .mem-name").all_inner_texts() == titles[:2]
    page.locator(".mem-card").first.click()
    expect(page.locator(".talk")).to_contain_text("This talk is hidden")
    page.go_back()
    page.get_by_role("button", name="Select").click()
    for number in (0, 1):
        page.locator(".mem-card").nth(number).click()
    page.locator("#bar").get_by_role("button", name="Show again").click()
    expect(page.locator("#toast")).to_contain_text("Shown again.")
    page.goto("/?order=newest")
    assert page.locator(".mem-card .mem-name").all_inner_texts() == titles


def test_one_title_for_several_talks(page: Page, archive: Path) -> None:
    page.goto("/?order=newest")
    page.get_by_role("button", name="Select").click()
    for number in (0, 1):
        page.locator(".mem-card").nth(number).click()
    page.locator("#bar").get_by_role("button", name="Give it another title").click()
    page.get_by_label("The talk's title").fill("The lake house")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#toast")).to_contain_text("Renamed.")
    assert one(archive, "SELECT count(*) FROM exchanges WHERE title = 'The lake house'") == 2
    box, window = page.locator("#toast").bounding_box(), page.viewport_size
    assert box is not None
    assert window is not None
    assert 0 <= box["x"] <= box["x"] + box["width"] <= window["width"]
    with page.expect_navigation():
        page.locator("#toast").get_by_role("button", name="Undo").click()
    assert one(archive, "SELECT count(*) FROM exchanges WHERE title = 'The lake house'") == 0


def test_a_place_on_a_little_map(browser: Browser, served: Served, examples_db: Path) -> None:
    place = one(examples_db, "SELECT exchange_id FROM places WHERE latitude IS NOT NULL LIMIT 1")
    context = browser.new_context(viewport=SIZES["phone"], base_url=served.base)
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    png = ROOT / "docs" / "img"
    picture = next(png.glob("*.png")).read_bytes()

    def tile(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=200, content_type="image/png", body=picture)

    context.route(re.compile("tile.openstreetmap.org"), tile)
    page.goto(f"/talk/{place}")
    expect(page.locator(".little-map svg")).to_be_visible()
    assert asked == []  # nobody is told where, unless the reader asks for the map
    page.get_by_role("button", name="Show the map").click()
    expect(page.locator(".little-map .tiles img").first).to_be_visible()
    assert asked
    assert said == []
    context.close()


#: 100,000 messages in a drill, a fifth of that each time.
_TALKS = 400 if os.environ.get("HYPOTHESIS_PROFILE") == "drill" else 80


@pytest.mark.property
def test_a_hundred_thousand_messages_stay_light(browser: Browser, served: Served, archive: Path) -> None:
    """What is far from sight leaves the page, comes back where it was, and takes little to draw."""
    exchange = one(archive, "SELECT id FROM exchanges ORDER BY message_count DESC LIMIT 1")
    context = browser.new_context(viewport=SIZES["desk"], base_url=served.base)
    page = context.new_page()
    alone(page)
    page.goto(f"/talk/{exchange}")
    # As reading on does it, a talk at a time; the server is not what is looked at here.
    page.evaluate(
        """async () => {
            const { recycle } = await import("/static/virtual_list.js");
            const list = document.querySelector(".bubbles");
            const like = list.querySelector(".bubble");
            list.replaceChildren();
            const more = recycle(list);
            for (let talk = 0; talk < TALKS; talk += 1) {
                const items = [];
                for (let at = 0; at < 250; at += 1) {
                    const item = like.cloneNode(true);
                    item.id = `n${talk * 250 + at}`;
                    item.querySelector(".words").textContent = `message ${talk * 250 + at} ` + "la ".repeat(at % 40);
                    items.push(item);
                }
                list.append(...items);
                more();
                await new Promise((done) => setTimeout(done, 5));
            }
        }""".replace("TALKS", str(_TALKS))
    )
    page.wait_for_function("document.querySelectorAll('.bubble').length < 1000", timeout=60_000)
    height = page.evaluate("document.documentElement.scrollHeight")
    # To the end, to the middle, back: what is there is whole and in order, wherever one looks.
    for part in (1, 0.5, 0.25, 0):
        page.evaluate("(y) => scrollTo(0, y)", (height - 900) * part)
        page.wait_for_function(
            """() => {
                const isSeen = (item) => {
                    const { top, bottom } = item.getBoundingClientRect();
                    return bottom > 0 && top < innerHeight;
                };
                const seen = [...document.querySelectorAll(".bubble")].filter(isSeen);
                return seen.length > 2 && ![...document.querySelectorAll(".far")].some(isSeen);
            }"""
        )
        numbers = page.locator(".bubble").evaluate_all("all => all.map((b) => Number(b.id.slice(1)))")
        assert numbers == sorted(numbers)
        assert len(numbers) < 2_000
    assert page.locator("#n0").is_visible()
    assert page.evaluate("document.querySelectorAll('*').length") < 30_000
    context.close()
