"""The pages over all plans: what they count, how they say that there is nothing, and that foreign text is text."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import cast

import pytest

from services.core.clock import to_text
from services.core.cost import Purpose, Usage
from services.core.gaps import Blind
from services.core.lessons import decided, proposed
from services.core.plan import Problem
from services.core.repairs import Came, Repair
from services.store.gaps import Gaps
from services.store.inbox import Delivery
from services.store.ledger import Call, Ledger
from services.store.lessons import Lessons
from services.store.recoveries import keep
from tests.api.kit import Asker
from tests.kit.plans import NOW, plan, task
from tests.web.plans import TRICKS, currency, half_done, thousand
from tests.web.stage import House, house
from tests.web.test_pages import main_of, words

BOARDS = ["/plans", "/fleet", "/failures", "/budget", "/money", "/learning", "/deliveries"]


@pytest.fixture
async def home() -> AsyncIterator[House]:
    async with house() as found:
        yield found


async def said(home: House, path: str) -> str:
    status, html, _ = await home.get(path)
    assert status == 200
    return words(main_of(html))


@pytest.mark.parametrize("path", BOARDS)
async def test_with_nothing_to_show_a_page_says_why(home: House, path: str) -> None:
    _, html, headers = await home.get(path)
    assert 'class="none"' in html
    assert f'<a href="{path}" aria-current="page">' in html
    assert headers["Cache-Control"] == "private, no-cache"


async def test_plans_are_found_by_state_repository_and_words(home: House) -> None:
    await half_done(home, 1)
    await home.read(currency(), 2, title="100% of the others_")
    await home.ran(plan(task("one")), [], 3, title="Long over", state="done")
    await home.read(None, 4, title="Unread", problems=(Problem(kind="cycle", message="a needs b, b needs a.", line=4),))
    assert "Orders carry a currency running" in await said(home, "/plans")
    assert "Unread has problems" in await said(home, "/plans?repo=acme&q=unread")
    await home.database.write(lambda c: c.execute("DELETE FROM plan WHERE number = 4"))
    for query, found in {
        "state=running": ["Orders"], "state=planned": ["100%"], "state=done": ["Long"], "state=<script>": ["Long", "Orders", "100%"],
        "q=CARRY": ["Orders"], "q=%25": ["100%"], "q=others_": ["100%"], "q=other__": [], "repo=acme": ["Long", "Orders", "100%"],
        "repo=acme/platform": ["Long", "Orders", "100%"], "repo=acm": [], "q=platform%233": ["Long"],
    }.items():  # fmt: skip
        titles = re.findall(r"<bdi>(\S+)", (await home.get(f"/plans?{query}"))[1])
        assert sorted(titles) == sorted(found), query
    assert re.search(r"All 3.*Not started 1.*Running 1.*Stopped 0", await said(home, "/plans"))
    assert "No plan is like that. Without words nothing-like-it" in await said(home, "/plans?q=nothing-like-it")


async def test_plans_can_be_paged_through(home: House) -> None:
    for n in range(1, 121):
        await home.read(currency(), n, title=f"P{n}")
    seen: list[str] = []
    path = "/plans?state=planned"
    while path:
        _, html, _ = await home.get(path)
        seen += re.findall(r"<bdi>(\S+)</bdi>", html)
        older = re.search(r'<a href="([^"]+)">Older plans</a>', html)
        path = older[1].replace("&amp;", "&") if older else ""
    assert sorted(seen) == sorted(f"P{n}" for n in range(1, 121))


async def test_the_fleet_shows_first_what_is_stuck(home: House) -> None:
    await half_done(home, 1)
    await thousand(home, 3)
    _, html, _ = await home.get("/fleet")
    rows = [
        re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)) for row in re.findall(r"<tr><th scope=\"row\">.*?</tr>", html)
    ]
    assert rows[0].split()[0] == "acme/r1"
    api = next(row for row in rows if row.split()[0] == "acme/api")
    assert api.split()[1:7] == ["3", "0", "1", "1", "0", "1"], "open, running, in review, stuck, done, plans"
    assert "rates" in api
    assert "Repositories 1of 2 plans" in await said(home, "/fleet?q=schema")
    assert "No repository with “x” in its name." in await said(home, "/fleet?q=x")


async def test_repairs_are_so_many_of_so_many(home: House) -> None:
    run = await half_done(home)

    def repair(n: int, came: Came, signature: str = "") -> tuple[str, str, Repair]:
        return "api", "acme/api", Repair(
            n=n, strategy="fix_tests", cls="test_failure", sha="a", attempt=1, about=(), checks=(), signatures=(signature,), came=came
        )  # fmt: skip

    repairs = [repair(1, "worked", TRICKS[0]), repair(2, "failed", TRICKS[0]), repair(3, ""), repair(4, "superseded")]
    await home.database.write(lambda c: keep(c, run.plan_id, run.id, repairs, NOW))
    text = await said(home, "/failures")
    assert "Repairs begun4 in 30 days Worked1 of 2" in text
    assert "test failureTests ran, and some of them failed.1 of 412" in text
    assert f"{TRICKS[0]}1 of 210" in text.replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'")
    assert "api in acme/platform#1" in text
    assert "`" not in text, "code is shown as such"
    old = NOW - timedelta(days=40)
    await home.database.write(lambda c: keep(c, run.plan_id, run.id, [repair(5, "worked")], old))
    assert "Repairs begun4 in 30 days" in await said(home, "/failures")


async def test_attempts_that_failed_alike_and_whether_they_become_more(home: House) -> None:
    run = await half_done(home)
    columns = "run_id, task, attempt, plan_id, owner, repo, at, agent, tier, model, came, class, signature, body"

    def failed(number: int, days: int, repo: str = "acme/api") -> tuple[object, ...]:
        at, signature = to_text(NOW - timedelta(days=days)), f"test_failure: {TRICKS[0]}"
        where = (run.id, f"t{number}", 1, run.plan_id, "acme", repo, at)
        return (*where, "coder", "small", "openai:gpt-4o", "failed", "test_failure", signature, b"{}")

    rows = [failed(number, days) for number, days in enumerate((1, 2, 3, 50, 90))] + [failed(9, 1, "acme/web")]
    insert = f"INSERT INTO attempt ({columns}) VALUES ({', '.join('?' * len(rows[0]))})"
    await home.database.write(lambda c: c.executemany(insert, rows))
    text = (await said(home, "/failures")).replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'")
    assert f"test failure: {TRICKS[0]}acme/apicoder with openai:gpt-4o4100%more" in text
    assert "acme/web" not in text, "what failed once is no pattern"


async def test_money_by_day_plan_and_model(home: House) -> None:
    ledger = Ledger(home.database)
    for day, model, cost in [(0, "gpt-5", "1.50"), (1, "gpt-5", "0.25"), (1, "other", None), (40, "gpt-5", "9")]:
        call = Call(plan_id="acme/platform#1", purpose="attempt")
        row = await ledger.begin(call, "openai", model, Decimal(1), [], NOW - timedelta(days=day))
        assert isinstance(row, int)
        await ledger.end(row, Usage(input=1_000, cache_read=600, output=100), Decimal(cost) if cost else None, "list")
    text = await said(home, "/money")
    assert "Spent$1.75 to $2.75 in 30 days Model calls3 1 without a known price Tokens read3,000" in text
    assert "2026-03-01$1.50" in text
    assert "2026-02-28$0.2500 to $1.25" in text
    assert "openai:otherat most $1.00" in text
    assert "1,800 of 3,000 read from the cache" in text
    assert "by choosing models" not in text, "there is one model with a price"
    assert "acme/platform#1$1.75 to $2.75" in text
    assert "By repositoryCost by repository" in text
    assert "acme/platform$1.75 to $2.75" in text, "what is for no task is its plan's own repository's"


async def test_what_choosing_models_saved_says_how_it_is_counted(home: House) -> None:
    ledger = Ledger(home.database)
    for model, cost in (("large", "4"), ("small", "1"), ("small", "1")):
        row = await ledger.begin(Call(plan_id="acme/platform#1", purpose="attempt"), "p", model, Decimal(1), [], NOW)
        assert isinstance(row, int)
        await ledger.end(row, Usage(input=900, output=100), Decimal(cost), "list")
    run = await half_done(home)
    worked = Repair(n=1, strategy="retry", cls="runner", sha="a", attempt=1, about=(), checks=(), came="worked")
    await home.database.write(lambda c: keep(c, run.plan_id, run.id, [("api", "acme/api", worked)], NOW))
    text = await said(home, "/money")
    assert "$6.00 less by choosing models than if p:large had read and written the same tokens" in text
    assert "1 of 1 repaired without a person" in text


async def test_the_budget_says_how_reads_were_answered(home: House) -> None:
    figures = dict.fromkeys(
        ("hit", "miss", "revalidated", "predicted", "changed", "coalesced", "primed", "patched", "skip", "requests", "charged", "saved",
         "stale_detected", "etag_drift", "evictions", "bytes"), 0,
    ) | {"hit": 75, "miss": 25, "requests": 25, "charged": 20, "saved": 75, "bytes": 2_000_000}  # fmt: skip
    home.metrics.github(lambda: figures)
    home.metrics.remains("core", 4_210)
    text = await said(home, "/budget")
    assert (
        "Calls made25 since the process began Charged20 count against the limit Reads without a call75 of 100" in text
    )
    assert "hit7575 %answered from memory" in text
    assert "4,210 core" in text
    assert "Answers in memory 2.0 MB" in text


async def test_lessons_wait_for_a_word(home: House) -> None:
    lessons = Lessons(home.database)
    for text in ("Use `Decimal`.", TRICKS[0]):
        lesson = proposed("acme/api", 7, text)
        assert lesson is not None
        assert await lessons.propose(lesson, NOW)
    approved = proposed("acme/web", 8, "Say why.")
    assert approved is not None
    active = decided(approved, "approve", "ben")
    assert active is not None
    assert await lessons.propose(active, NOW)
    _, html, _ = await home.get("/learning")
    text = words(main_of(html))
    assert "To decide 2" in text
    assert "Use <code>Decimal</code>." in html
    assert re.search(r"/lockstep lesson approve [0-9a-f]{8}", text)
    assert "Say why." not in text
    assert "Say why." in await said(home, "/learning?state=active")
    assert "decided by ben" in await said(home, "/learning?state=all")
    assert "<script" not in main_of(html)


async def test_lessons_can_be_paged_through(home: House) -> None:
    """On the page and through the API; some of them came at the same moment."""
    for n in range(120):
        lesson = proposed(f"acme/r{n}", 7, f"Lesson {n}.")
        assert lesson is not None
        await Lessons(home.database).propose(lesson, NOW + timedelta(minutes=n // 40))
    seen: list[str] = []
    path = "/learning"
    while path:
        _, html, _ = await home.get(path)
        seen += re.findall(r"<p>(Lesson \d+)\.</p>", html)
        older = re.search(r'<a href="([^"]+)">Older lessons</a>', html)
        path = older[1].replace("&amp;", "&") if older else ""
    assert len(seen) == 120
    assert sorted(seen) == sorted(f"Lesson {n}" for n in range(120))
    assert [f"{each}." for each in seen] == [each["text"] for each in await Asker(home).all("/lessons", 50)]


async def test_deliveries_and_what_became_of_them(home: House) -> None:
    for n in range(1, 121):
        made = Delivery(
            hook_id="1", guid=f"g{n:04}", event="push" if n % 2 else "check_run", received_at=NOW, body=b"{}"
        )
        await home.inbox.put(made)
    await home.inbox.settle(1, "failed", TRICKS[1])
    await home.inbox.settle(2, "handled")
    text = await said(home, "/deliveries")
    assert "Came in120 in the last day Waiting118 the oldest for 1 h 00 Failed1" in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in (await home.get("/deliveries?outcome=failed"))[1]
    assert (await said(home, "/deliveries?outcome=failed&event=push")).count("g0001") == 1
    assert "No delivery is like that." in await said(home, "/deliveries?event=%3Cscript%3E")
    seen: list[str] = []
    path = "/deliveries"
    while path:
        _, html, _ = await home.get(path)
        seen += re.findall(r"<code>(g\d+)</code>", html)
        older = re.search(r'<a href="([^"]+)">Older deliveries</a>', html)
        path = older[1].replace("&amp;", "&") if older else ""
    assert seen == [f"g{n:04}" for n in range(120, 0, -1)]


async def test_times_in_which_webhooks_did_not_come(home: House) -> None:
    assert "GitHub's log of deliveries holds nothing that did not come in." in await said(home, "/deliveries")
    ago = NOW - timedelta(days=2)
    found = (
        Blind(began=ago, ended=ago, unseen=True),
        Blind(began=NOW - timedelta(hours=9), ended=NOW - timedelta(hours=8), missed=1_204, recovered=1_203),
        Blind(began=NOW - timedelta(minutes=9), ended=NOW - timedelta(minutes=6), missed=7, recovered=7),
    )
    for window in found:
        await Gaps(home.database).note(NOW, [window])
    text = await said(home, "/deliveries")
    said_so = ("3 minall brought in70 ", "1 h 00not all brought in1,2041 ", "nobody knows??")
    places = [text.index(each) for each in said_so]
    assert places == sorted(places)
    html = (await home.get("/deliveries"))[1]
    assert html.index('id="blind"') < html.index("Which deliveries"), "the page's question is answered first"
    assert '<td class="num" data-name="still missing">1</td>' in html, "a telephone shows no heads of columns"


async def test_a_purpose_of_a_newer_version_breaks_no_page(home: House) -> None:
    run = await half_done(home)
    await Ledger(home.database).begin(
        Call(plan_id=run.plan_id, run_id=run.id, task="api", purpose=cast("Purpose", "re<view")), "p", "small",
        Decimal(1), [], NOW,
    )  # fmt: skip
    assert "re&lt;view" in await said(home, "/plans/acme/platform/1")
    assert "re&lt;view" in await said(home, "/money")
