"""The pages at 10,000 tasks: how long the server takes for the first page, how large that is, and how long after an
event is stored a browser shows it.

overview_ms_10k: of ten running plans of a thousand tasks each, complete, over HTTP on 127.0.0.1, without a browser;
overview_kb: before compression. live_seconds: from the commit that stores an event to the frame in which Chromium shows
it. axe_violations: what axe finds on every page, by day and by night. Their limits: 300 ms, 200 kB, 1 s, none.
"""

import asyncio
import time
from datetime import timedelta
from statistics import median
from typing import Any

from benchmarks import MissingData, Report, Say, machine

OPTIONS = {"rounds": (15, "times that each figure is measured")}
PLANS = 10
LIMITS = {"overview_ms_10k": 300, "overview_kb": 200, "live_seconds": 1, "axe_violations": 0}
SEEN = """word => new Promise(done => {
  const look = () => {
    const seen = document.querySelector('#api .state')?.textContent.includes(word)
    if (seen) done(Date.now() / 1000)
    else requestAnimationFrame(look)
  }
  look()
})"""


def measure(say: Say, rounds: int) -> Report:
    """Fill a store, ask for pages, look at them."""
    try:
        import axe_playwright_python  # noqa: F401
        import playwright  # noqa: F401
    except ImportError:
        raise MissingData("playwright and axe are not installed; they are in the extra dev") from None
    from tests.web.browser import CHROMIUM, MISSING

    if CHROMIUM is None:
        raise MissingData(MISSING)
    figures = asyncio.run(_measure(say, rounds))
    return Report(
        name="web",
        figures=figures,
        peers={"limit": LIMITS},
        conditions={**machine(), "rounds": rounds, "tasks": 10_000},
    )


async def _measure(say: Say, rounds: int) -> dict[str, float]:
    from tests.web.plans import thousand
    from tests.web.stage import house

    async with house() as home:
        for number in range(1, PLANS + 1):
            await thousand(home, number)
        took, worked, size = [], [], 0
        for _ in range(rounds):
            began, used = time.perf_counter(), time.process_time()
            status, html, _ = await home.get("/")
            took.append((time.perf_counter() - began) * 1000)
            worked.append((time.process_time() - used) * 1000)
            size = len(html.encode())
            assert status == 200
        say(f"first page: {median(took):.0f} ms (first {took[0]:.0f} ms), {size / 1000:.0f} kB")
        seen = await _live(home, say, rounds)
        violations = await _axe(home, say)
    return {
        "overview_ms_10k": round(median(took), 1),
        "overview_ms_first": round(took[0], 1),
        "overview_cpu_ms": round(median(worked), 1),
        "overview_kb": round(size / 1000, 1),
        "live_seconds": round(median(seen), 3),
        "live_seconds_worst": round(max(seen), 3),
        "axe_violations": violations,
    }


async def _live(home: Any, say: Say, rounds: int) -> list[float]:
    """Seconds until the page of a plan shows that a task has come into another state."""
    from services.core.board import Decision, Moment
    from tests.kit.plans import NOW
    from tests.web.browser import chromium, tab
    from tests.web.plans import half_done
    from tests.web.stage import now_at

    run = await half_done(home, PLANS + 1)
    seen = []
    async with chromium() as browser, tab(browser, f"{home.url}/plans/acme/platform/{PLANS + 1}") as shown:
        await shown.page.wait_for_selector(".live.on")
        for at in range(rounds):
            state, word = ("running", "running") if at % 2 == 0 else ("in_review", "in review")
            moment = Moment(task="api", kind="started", before="in_review", after=state)
            decision = Decision(
                run_id=run.id, state=run.state, changed=(now_at("api", state, pull=5),), history=(moment,)
            )
            looking = asyncio.ensure_future(shown.page.evaluate(SEEN, word))
            await asyncio.sleep(0.3)  # the last round's pause is over
            began = time.time()
            await home.runs.commit(run.plan_id, decision, NOW + timedelta(minutes=at))
            seen.append(await looking - began)
    say(f"live: {median(seen) * 1000:.0f} ms, worst {max(seen) * 1000:.0f} ms")
    return seen


async def _axe(home: Any, say: Say) -> int:
    from tests.web.browser import SCHEMES, chromium, tab
    from tests.web.test_browser import BOARDS, TASK, faults

    pages = ["/", f"/plans/acme/platform/{PLANS + 1}", TASK.replace("/1/", f"/{PLANS + 1}/"), *BOARDS]
    found = 0
    async with chromium() as browser:
        for path in pages:
            for scheme in SCHEMES:
                async with tab(browser, home.url + path, scheme=scheme) as shown:
                    faulty = await faults(shown.page)
                    found += len(faulty)
                    for fault in faulty:
                        say(f"{path} ({scheme}): {fault}")
    say(f"axe: {found} violations on {len(pages)} pages, by day and by night")
    return found
