"""The pages as people meet them: in a real browser, on a phone and a desktop, by day and by night, by keyboard alone, and
while something happens.
"""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from services.core.board import Decision, Moment, Run
from services.core.cost import Usage
from services.core.lessons import proposed
from services.store.inbox import Delivery
from services.store.ledger import Call, Ledger
from services.store.lessons import Lessons
from services.store.requests import Requests
from tests.api.kit import People
from tests.kit.plans import NOW
from tests.web.browser import CHROMIUM, MISSING, Scheme, Tab, chromium, tab
from tests.web.plans import TRICKS, half_done, hostile, thousand
from tests.web.stage import HTML, House, house, now_at
from tests.web.test_access import OPEN, signed_in

if CHROMIUM is None:
    pytest.skip(MISSING, allow_module_level=True)
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PLAN, TRICKY, BIG = "/plans/acme/platform/1", "/plans/acme/platform/2", "/plans/acme/platform/3"
TASK, TRICKY_TASK = f"{PLAN}/tasks/rates", f"{TRICKY}/tasks/t0"
BOARDS = ["/plans", "/fleet?q=acme/a", "/failures", "/budget", "/money", "/learning", "/deliveries"]
CHARTED = {"/money"}
PAGES = [
    "/",
    PLAN,
    TASK,
    TRICKY,
    TRICKY_TASK,
    BIG,
    *(path for path in BOARDS if path not in CHARTED),
    "/plans/no/such/1",
]
ALIKE = {TRICKY, TRICKY_TASK, BIG}
"""What these have more of, the others have too."""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

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
REACHABLE = """() => [...document.querySelectorAll('a[href], summary, button, input, [tabindex="0"]')]
  .filter(each => each.checkVisibility() || each.matches('.skip'))
  .map(each => [...document.querySelectorAll('*')].indexOf(each))"""

WINDOWS: list[tuple[int, list[Scheme]]] = [(320, ["light"]), (390, ["dark"]), (1280, ["light"])]
GROUND: dict[Scheme, str] = {"light": "rgb(246, 247, 249)", "dark": "rgb(15, 19, 24)"}
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
async def shown(browser: Browser) -> AsyncIterator[Tab]:
    """The tab of all tests that need no other."""
    async with tab(browser, "about:blank") as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home() -> AsyncIterator[House]:
    async with house() as found:
        await half_done(found, 1)
        await hostile(found, 2)
        await thousand(found, 3)
        lesson = proposed("acme/api", 7, TRICKS[0])
        assert lesson is not None
        await Lessons(found.database).propose(lesson, NOW)
        await found.inbox.put(Delivery(hook_id="1", guid="g1", event="push", received_at=NOW, body=b"{}"))
        ledger = Ledger(found.database)
        row = await ledger.begin(Call(plan_id="acme/platform#1", purpose="attempt"), "p", "m", Decimal(1), [], NOW)
        assert isinstance(row, int)
        await ledger.end(row, Usage(input=10, output=1), Decimal("0.5"), "list")
        yield found


async def faults(page: Page, *rules: str) -> list[str]:
    """What axe finds wrong; only these rules, or all."""
    only: dict[str, Any] = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": TAGS}
    found = await Axe().run(
        page, options={"resultTypes": ["violations"], "runOnly": only, "preload": False, "iframes": False}
    )
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found.response["violations"]]


def harmless(shown: Tab) -> list[str]:
    """What nobody wants to read in the console, but for what is meant: a page that is not there, and the one rule of
    its own that plotly can't put elsewhere and draws well without.
    """
    has_chart = any("plotly" in asked for asked in shown.asked)
    meant = ("the server responded with a status of 404 (Not Found)",)
    trouble = [said for said in shown.trouble if not said.endswith(meant)]
    return [said for said in trouble if not (has_chart and said.startswith("Applying inline style violates"))]


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_fits_its_window_is_readable_by_all_and_asks_nobody_else(
    shown: Tab, home: House, path: str
) -> None:
    await shown.go(home.url + path)
    for width, schemes in WINDOWS:
        await shown.page.set_viewport_size({"width": width, "height": 900})
        for scheme in schemes:
            await shown.page.emulate_media(color_scheme=scheme)
            assert await shown.page.evaluate(LOOKS) == [width, GROUND[scheme], True], (width, scheme)
    if path not in ALIKE:
        assert await faults(shown.page) == []
        if path in {"/", PLAN}:  # the tokens of all others are these, and test_tokens asks for their contrast
            await shown.page.emulate_media(color_scheme="dark")
            assert await faults(shown.page, "color-contrast") == [], "dark"
            await shown.page.set_viewport_size({"width": 390, "height": 900})
            assert await faults(shown.page, "target-size", "scrollable-region-focusable") == [], "phone"
    assert {f"{at.scheme}://{at.netloc}" for at in map(urlsplit, shown.asked)} == {home.url}
    assert not any("plotly" in asked for asked in shown.asked), "nothing is loaded where there is no chart"
    assert harmless(shown) == []


async def test_the_failed_task_is_seen_first(shown: Tab, home: House) -> None:
    await shown.go(home.url + "/")
    first = shown.page.locator("main .state").first
    assert (await first.inner_text()).strip() == "failed"
    assert await first.locator("svg").count() == 1  # icon and word, so never colour alone
    top = await first.bounding_box()
    running = await shown.page.locator("#_running").bounding_box()
    assert top is not None
    assert running is not None
    assert top["y"] < 330 < running["y"]
    words = await shown.page.locator("main .ask").first.inner_text()
    assert "/lockstep retry" in words


@pytest.mark.parametrize("path", ["/", TRICKY_TASK])
async def test_tricks_are_shown_and_do_nothing(shown: Tab, home: House, path: str) -> None:
    await shown.go(home.url + path)
    page = shown.page
    words = await page.inner_text("main")
    title = await page.title()
    scripts = await page.locator("main script, img, iframe, main form, object").count()
    attributes: list[str] = await page.evaluate(
        "[...document.querySelectorAll('*')].flatMap(each => each.getAttributeNames())"
    )
    links: list[str] = await page.evaluate(
        "[...document.querySelectorAll('a')].map(each => each.href.baseVal ?? each.href)"
    )
    for trick in TRICKS if path != TRICKY_TASK else TRICKS[:1]:
        assert trick in words
    assert "taken" not in title or path != "/"
    assert scripts == 0
    assert [name for name in attributes if name.startswith("on") or name == "style"] == []
    assert all(link.startswith((home.url, HTML, "#", "/")) for link in links)
    assert shown.trouble == []


async def test_inline_script_and_style_are_refused(shown: Tab, home: House) -> None:
    """The second lock: should something slip through the templates one day, the policy still holds."""
    await shown.go(home.url + "/")
    await shown.page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'document.title = 1'; document.body.append(s);"
        " document.body.insertAdjacentHTML('beforeend', '<img src=http://127.0.0.1:9/x onerror=alert(1)>'); }"
    )
    await shown.page.wait_for_function("document.images.length === 1 && document.images[0].complete")
    assert await shown.page.title() != "1"
    assert len(shown.trouble) >= 2
    assert all("Content Security Policy" in said for said in shown.trouble)


@pytest.mark.parametrize("path", ["/", TASK, "/plans"])
async def test_everything_is_reached_by_tab(shown: Tab, home: House, path: str) -> None:
    await shown.go(home.url + path)
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


async def test_keys_and_colours(shown: Tab, home: House) -> None:
    await shown.go(home.url + "/")
    page = shown.page
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    assert await page.evaluate("document.activeElement.closest('li').matches('.ask:nth-child(2)')")
    await page.keyboard.press("/")
    await page.keyboard.type("j?")
    assert await page.input_value("#_search") == "j?"
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("?")
    assert await page.locator("dialog[open]").count() == 1
    assert await faults(page) == []
    await page.keyboard.press("Escape")
    await page.keyboard.press("t")
    assert await page.evaluate(LOOKS) == [1280, GROUND["dark"], True]
    await page.reload()
    assert await page.evaluate(LOOKS) == [1280, GROUND["dark"], True], "it is remembered, and there is no flash"
    await page.keyboard.press("g")
    async with page.expect_navigation():
        await page.keyboard.press("f")
    assert urlsplit(page.url).path == "/fleet"
    assert harmless(shown) == []


async def test_without_script_everything_is_there(browser: Browser, home: House) -> None:
    context = await browser.new_context(java_script_enabled=False)
    try:
        page = await context.new_page()
        await page.goto(home.url + "/plans?q=Orders")
        assert await page.get_by_role("link", name="Orders carry a currency").count() == 1
        assert not await page.get_by_role("button", name="Copy").count()
        await page.get_by_role("searchbox", name="Words").fill("Everything")
        await page.get_by_role("button", name="Show").click()
        assert await page.get_by_role("link", name="Everything, everywhere").count() == 1
    finally:
        await context.close()


async def test_the_graph_leads_to_the_task(shown: Tab, home: House) -> None:
    await shown.go(home.url + PLAN)
    await shown.page.get_by_role("link", name="schema, acme/schema, done").focus()
    for key, there in (("ArrowRight", "api"), ("ArrowUp", "rates"), ("ArrowRight", "convert"), ("ArrowLeft", "rates")):
        await shown.page.keyboard.press(key)
        name = await shown.page.evaluate("document.activeElement.getAttribute('aria-label')")
        assert name.startswith(f"{there},"), key
    await shown.page.get_by_role("link", name="convert, acme/api, blocked").click()
    await shown.page.wait_for_url(f"**{PLAN}/tasks/convert")


async def test_what_happens_is_seen_at_once_and_disturbs_nothing(shown: Tab, home: House) -> None:
    run, page = await half_done(home, 9), shown.page
    await shown.go(home.url + "/plans/acme/platform/9")
    await page.wait_for_selector(".live.on")
    await page.locator("#_tasks").focus()
    await page.evaluate("document.querySelector('details').open = false; window.kept = document.activeElement")
    await happens(home, run, "api")
    await page.wait_for_selector("tr#api .state.done")
    await page.wait_for_selector('.box.done[aria-label^="api,"] rect')
    assert await page.evaluate("document.activeElement === window.kept")
    assert not await page.evaluate("document.querySelector('details').open")
    assert await page.evaluate("document.querySelector('.box rect').namespaceURI.endsWith('svg')")
    assert harmless(shown) == []
    await shown.go(home.url + "/plans")
    await page.wait_for_selector(".live.on")
    await happens(home, run, "rates")
    await page.wait_for_selector('li:has-text("acme/platform#9"):has-text("3 of 6 done")')
    assert harmless(shown) == []


async def happens(home: House, run: Run, task: str) -> None:
    """The pull request of a task merges."""
    over = now_at(task, "done", pull=5, issue=4, started_at=NOW, finished_at=NOW + timedelta(minutes=40))
    merged = Moment(task=task, kind="merged", before="in_review", after="done")
    decision = Decision(run_id=run.id, state=run.state, changed=(over,), history=(merged,))
    await home.runs.commit(run.plan_id, decision, NOW + timedelta(minutes=40))


async def test_a_button_does_what_it_says(shown: Tab) -> None:
    people = People()
    people.let("ana", "acme/platform", "acme/api", "acme/schema", "acme/web")
    async with house(None, OPEN, people) as home:
        await half_done(home)
        name, _, value = (await signed_in(home, "ana")).partition("=")
        await shown.go("about:blank")
        await shown.page.context.add_cookies([{"name": name, "value": value, "url": home.url}])
        await shown.page.goto(home.url + PLAN)
        await shown.page.get_by_role("button", name="Retry", exact=True).click()
        await shown.page.wait_for_selector("#_given :text('/lockstep retry rates')")
        assert await faults(shown.page) == []
        assert await home.inbox.how_many_wait() == 1
        await shown.page.goto(home.url + TASK)
        await shown.page.get_by_text("Say why").click()
        reason = shown.page.get_by_role("textbox", name="Reason, kept with your name; may be left out")
        await reason.fill("ana knows")
        await reason.press("Enter")  # which of four buttons should that be?
        assert await home.inbox.how_many_wait() == 1
        assert await faults(shown.page) == []
        await shown.page.get_by_role("button", name="Skip", exact=True).click()
        await shown.page.wait_for_selector("#_given :text('/lockstep skip rates')")
        asked = await Requests(home.database).newest("ana", None, 5)
        assert {each.command: each.why for each in asked} == {"retry rates": "", "skip rates": "ana knows"}
        await shown.go("about:blank")


async def test_charts_are_drawn_where_they_can_be(shown: Tab, home: House) -> None:
    await shown.go(home.url + "/money", width=390, scheme="dark")
    await shown.page.wait_for_selector(".chart .barlayer .point", state="attached")
    assert await shown.page.locator(".chart .point").count() == 30
    assert await shown.page.evaluate(LOOKS) == [390, GROUND["dark"], True]
    assert await faults(shown.page) == []
    assert any("plotly" in asked for asked in shown.asked)
    assert harmless(shown) == []


async def test_on_paper(shown: Tab, home: House) -> None:
    await shown.go(home.url + PLAN, scheme="dark")
    await shown.page.emulate_media(media="print", color_scheme="dark")
    background = await shown.page.evaluate("getComputedStyle(document.body).backgroundColor")
    said = await shown.page.evaluate("getComputedStyle(document.querySelector('td.where a'), '::after').content")
    assert not await shown.page.locator("header nav").is_visible()
    assert background == GROUND["light"]
    assert HTML in said


async def test_times_are_the_readers_own(home: House, browser: Browser) -> None:
    """In Tokyo it is nine hours later than in UTC, where it says so without a script."""
    context = await browser.new_context(timezone_id="Asia/Tokyo", locale="de-DE")
    try:
        page = await context.new_page()
        await page.goto(f"{home.url}{PLAN}")
        made = page.locator("footer time")
        there = datetime.fromisoformat(await made.get_attribute("datetime") or "").astimezone(ZoneInfo("Asia/Tokyo"))
        assert (await made.text_content() or "").endswith(f"{there:%H:%M:%S}")
        assert await page.locator("footer [data-zone]").text_content() == "Asia/Tokyo"
        assert await page.locator("time:not([title])").count() == 0
    finally:
        await context.close()
