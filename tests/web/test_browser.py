"""The pages as people meet them: in a real browser, on a phone and a desktop, by day and by night, by keyboard alone."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.web.browser import CHROMIUM, MISSING, Scheme, chromium, tab
from tests.web.plans import TRICKS, half_done, hostile, thousand
from tests.web.stage import HTML, House, house

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=MISSING),
    pytest.mark.asyncio(loop_scope="module"),
]

PLAN, TRICKY, BIG = "/plans/acme/platform/1", "/plans/acme/platform/2", "/plans/acme/platform/3"
PAGES = ["/", PLAN, TRICKY, BIG, "/plans/no/such/1"]

FOCUSED = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const style = getComputedStyle(at), box = at.querySelector(':scope > rect');
  return {
    index: [...document.querySelectorAll('*')].indexOf(at),
    marked: style.outlineStyle !== 'none' || (box !== null && getComputedStyle(box).strokeWidth === '3px'),
    visible: at.getBoundingClientRect().width > 0,
  };
}"""
REACHABLE = """() => [...document.querySelectorAll('a[href], summary, [tabindex="0"]')]
  .map(each => [...document.querySelectorAll('*')].indexOf(each))"""

GROUND: dict[Scheme, str] = {"light": "rgb(255, 255, 255)", "dark": "rgb(15, 19, 24)"}
LOOKS = """() => [
  document.documentElement.scrollWidth,
  getComputedStyle(document.body).backgroundColor,
  [...document.querySelectorAll('use')].every(each => document.querySelector(each.getAttribute('href'))),
]"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home() -> AsyncIterator[House]:
    async with house() as found:
        await half_done(found, 1)
        await hostile(found, 2)
        await thousand(found, 3)
        yield found


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_fits_its_window_and_asks_nobody_else(browser: Browser, home: House, path: str) -> None:
    async with tab(browser, home.url + path) as shown:
        for width in (320, 390, 1280):
            for scheme, ground in GROUND.items():
                await shown.page.set_viewport_size({"width": width, "height": 900})
                await shown.page.emulate_media(color_scheme=scheme)
                looks = await shown.page.evaluate(LOOKS)
                assert looks == [width, ground, True], (width, scheme)
    assert {f"{at.scheme}://{at.netloc}" for at in map(urlsplit, shown.asked)} == {home.url}
    missing = "Failed to load resource: the server responded with a status of 404 (Not Found)"
    assert shown.trouble == ([missing] if "no/such" in path else [])


async def test_the_failed_task_is_seen_first(browser: Browser, home: House) -> None:
    async with tab(browser, home.url + "/") as shown:
        first = shown.page.locator("main .state").first
        assert (await first.inner_text()).strip() == "failed"
        assert await first.locator("svg").count() == 1  # icon and word, so never colour alone
        top = await first.bounding_box()
        running = await shown.page.locator("#_running").bounding_box()
        assert top is not None
        assert running is not None
        assert top["y"] < 200 < running["y"]
        words = await shown.page.locator("main .ask").first.inner_text()
        assert "/lockstep retry" in words


@pytest.mark.parametrize("path", ["/", TRICKY])
async def test_tricks_are_shown_and_do_nothing(browser: Browser, home: House, path: str) -> None:
    async with tab(browser, home.url + path) as shown:
        page = shown.page
        words = await page.inner_text("main")
        title = await page.title()
        scripts = await page.locator("script, img, iframe, form, object").count()
        attributes: list[str] = await page.evaluate(
            "[...document.querySelectorAll('*')].flatMap(each => each.getAttributeNames())"
        )
        links: list[str] = await page.evaluate(
            "[...document.querySelectorAll('a')].map(each => each.href.baseVal ?? each.href)"
        )
    for trick in TRICKS:
        assert trick in words
    assert "taken" not in title or path != "/"
    assert scripts == 0
    assert [name for name in attributes if name.startswith("on") or name == "style"] == []
    assert all(link.startswith((home.url, HTML, "#", "/")) for link in links)
    assert shown.trouble == []


async def test_inline_script_and_style_are_refused(browser: Browser, home: House) -> None:
    """The second lock: should something slip through the templates one day, the policy still holds."""
    async with tab(browser, home.url + "/") as shown:
        await shown.page.evaluate(
            "() => { const s = document.createElement('script'); s.textContent = 'document.title = 1'; document.body.append(s);"
            " document.body.insertAdjacentHTML('beforeend', '<img src=http://127.0.0.1:9/x onerror=alert(1)>'); }"
        )
        await shown.page.wait_for_function("document.images.length === 1 && document.images[0].complete")
        assert await shown.page.title() != "1"
    assert len(shown.trouble) >= 2
    assert all("Content Security Policy" in said for said in shown.trouble)


@pytest.mark.parametrize("path", ["/", PLAN, "/plans/no/such/1"])
async def test_everything_is_reached_by_tab(browser: Browser, home: House, path: str) -> None:
    async with tab(browser, home.url + path) as shown:
        wanted: list[int] = await shown.page.evaluate(REACHABLE)
        reached: list[dict[str, Any]] = []
        for _ in range(len(wanted) + 1):
            await shown.page.keyboard.press("Tab")
            at = await shown.page.evaluate(FOCUSED)
            if at is None:
                break
            reached.append(at)
    assert sorted({each["index"] for each in reached}) == wanted
    assert all(each["marked"] and each["visible"] for each in reached)
    assert reached[0]["index"] == wanted[0]


async def test_the_graph_leads_to_the_table(browser: Browser, home: House) -> None:
    async with tab(browser, home.url + PLAN) as shown:
        await shown.page.get_by_role("link", name="convert, acme/api, blocked").click()
        assert await shown.page.evaluate("document.querySelector('tr:target').id") == "convert"


async def test_on_paper(browser: Browser, home: House) -> None:
    async with tab(browser, home.url + PLAN, scheme="dark") as shown:
        await shown.page.emulate_media(media="print")
        background = await shown.page.evaluate("getComputedStyle(document.body).backgroundColor")
        said = await shown.page.evaluate("getComputedStyle(document.querySelector('td a'), '::after').content")
        assert not await shown.page.locator("header nav").is_visible()
    assert background == "rgb(255, 255, 255)"
    assert HTML in said
