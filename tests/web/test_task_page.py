"""The page of one task: why it waits, each attempt with what it printed and changed, what was repaired, what it cost."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest

from services.core.board import Action, Decision, Moment, Run
from services.core.chosen import Chosen
from services.core.cost import Usage
from services.core.records import Try
from services.core.repairs import Repair
from services.store.attempts import Attempts, keep
from services.store.checkpoints import Point, Spot
from services.store.ledger import Call, Ledger
from services.store.outbox import Settle
from tests.kit.plans import NOW, plan, task
from tests.web.plans import TRICKS, currency, half_done
from tests.web.stage import House, house, now_at
from tests.web.test_pages import main_of, words

HERE = "/plans/acme/platform/1/tasks/rates"
DIFF = "diff --git a/r.py b/r.py\n--- a/r.py\n+++ b/r.py\n@@ -1 +1 @@\n-RATES = {}\n+RATES = read()\n"


@pytest.fixture
async def home() -> AsyncIterator[House]:
    async with house() as found:
        yield found


async def tried(home: House, run: Run, attempt: int, log: str, came: str, *, paths: str = "[]", diff: str = "") -> None:
    """An attempt of `rates` that took five minutes."""
    at = NOW + timedelta(minutes=10 * attempt)
    action = Action(key=f"{run.id}/rates/{attempt}/attempt", kind="attempt", task="rates", attempt=attempt)
    await home.runs.commit(run.plan_id, Decision(run_id=run.id, state=run.state, actions=(action,)), at)
    spot = Spot(run_id=run.id, task="rates", attempt=attempt, fence=run.tasks["rates"].fence)
    await home.points.begin(spot, at)
    committed = Point(step="commit", at=at, seconds=2, data=f'{{"sha": "a", "paths": {paths}}}'.encode())
    await home.points.append(spot, committed, Point(step="diff", at=at, blob=diff.encode()))
    end = at + timedelta(minutes=5)
    moment = Moment(task="rates", kind=came, before="running", after="failed", text="it broke")
    ended = Decision(run_id=run.id, state=run.state, history=(moment,))
    await home.runs.commit(run.plan_id, ended, end, [Settle(key=action.key, log=log)])


async def test_what_was_tried(home: House) -> None:
    run = await half_done(home)
    await tried(home, run, 2, "FAILED tests/test_rates.py::test_euro", "broke", paths='["r.py"]', diff=DIFF)
    status, html, _ = await home.get(HERE)
    said = words(main_of(html))
    assert status == 200
    assert "<title>rates · failed · Orders carry a currency · Lockstep</title>" in html
    assert "Attempts 2 Attempt 2 failed 5 min" in said
    assert "commit 2.0 s" in said
    assert "1 changed filer.py" in said
    assert "FAILED tests/test_rates.py::test_euro" in said
    assert "What went wrong" in said
    assert "test failure Tests ran, and some of them failed." in said
    assert '<span class="removed">-RATES = {}</span><span class="added">+RATES = read()</span>' in html
    assert "Comment" not in said.partition("Attempts")[2]
    assert "/lockstep retry rates" in said
    assert re.search(r"Is needed by 1 blocked convert", said)
    assert 'href="/plans/acme/platform/1/log/rates"' in html
    assert f"{run.id}/rates/2/attempt" in said


async def test_why_it_waits_through_all_it_needs(home: House) -> None:
    await half_done(home)
    said = words(main_of((await home.get("/plans/acme/platform/1/tasks/prices"))[1]))
    assert "What holds it back" in said
    assert "needs web" in said
    assert "it did not work: The script ended with exit code 1" in said
    assert "Attempts 0 None yet" in said


async def test_a_task_that_is_done_or_only_planned(home: House) -> None:
    await half_done(home, 1)
    await home.read(currency(), 2, title="A draft")
    done = words(main_of((await home.get("/plans/acme/platform/1/tasks/schema"))[1]))
    assert "Nothing holds it back It is done." in done
    planned = words(main_of((await home.get("/plans/acme/platform/2/tasks/api"))[1]))
    assert "It is planned." in planned
    assert (await home.get("/plans/acme/platform/1/tasks/nobody"))[0] == 404


async def test_repairs_and_costs(home: House) -> None:
    repair = Repair(
        n=1, strategy="fix_tests", cls="test_failure", sha="a" * 40, attempt=1, about=("1",), checks=("unit",), came="worked"
    )  # fmt: skip
    run = await home.ran(
        plan(task("rates", prompt="Read the rates.")), [now_at("rates", "in_review", repairs=(repair,))], 1
    )
    ledger = Ledger(home.database)
    call = Call(plan_id=run.plan_id, purpose="attempt", run_id=run.id, task="rates")
    row = await ledger.begin(call, "openai", "gpt-5", Decimal(1), [], NOW)
    assert isinstance(row, int)
    await ledger.end(row, Usage(input=1_000, output=200), Decimal("0.25"), "list")
    said = words(main_of((await home.get(HERE))[1]))
    assert "test failurefix testsanother attempt, told what fails: tests, compiler or documentationunitworked" in said
    assert "$0.2500 doing the workopenai:gpt-5 · 1 call · 1,200 tokens" in said
    assert "Read the rates." in said


async def test_an_attempt_says_which_model_it_had_and_why(home: House) -> None:
    run = await half_done(home)
    await tried(home, run, 1, "log", "broke")
    attempt = Try(task="rates", attempt=1, repo="acme/api", agent="coder", came="failed")
    await home.database.write(lambda c: keep(c, run.plan_id, run.id, [attempt], NOW))
    chosen = Chosen(tier="small", model="p:small", why="`small` is enough: 9 of 10 such tasks went well.")
    await Attempts(home.database).choose(run.id, "rates", 1, chosen)
    _, html, _ = await home.get(HERE)
    assert "<code>small</code> is enough: 9 of 10 such tasks went well." in html


async def test_the_plans_page_says_what_follows_from_its_costs(home: House) -> None:
    """A task that the small model failed at and the large one did, and one whose change was taken back."""
    run = await half_done(home)
    ledger, attempts = Ledger(home.database), Attempts(home.database)
    for task_id, attempt, tier, passed, good in (
        ("rates", 1, "small", False, None),
        ("rates", 2, "large", True, True),
        ("schema", 1, "large", True, False),
    ):
        tried_once = Try(task=task_id, attempt=attempt, repo="acme/api", agent="coder", passed=passed, good=good)
        await home.database.write(lambda c, one=tried_once: keep(c, run.plan_id, run.id, [one], NOW))  # type: ignore[misc]
        await attempts.choose(run.id, task_id, attempt, Chosen(tier=tier, model=f"p:{tier}", after=attempt > 1))
        call = Call(plan_id=run.plan_id, purpose="attempt", run_id=run.id, task=task_id, attempt=attempt)
        row = await ledger.begin(call, "openai", tier, Decimal(1), [], NOW)
        assert isinstance(row, int)
        await ledger.end(row, Usage(input=1_000), Decimal("0.50"), "list")
        await attempts.paid(run.id, task_id, attempt)
    said = words(main_of((await home.get("/plans/acme/platform/1"))[1]))
    assert (
        "What follows from it Always large would have come to about $0.9000 for 2 tasks, by 2 of its attempts;" in said
    )
    assert "Checks let through what was not good in 1 of 2 that passed: schema (not good)." in said
    assert "These should have started higher: rates with large ($0.5000 in vain)." in said


async def test_logs_paths_and_diffs_are_text(home: House) -> None:
    run = await half_done(home)
    everything = " ".join(TRICKS)
    paths = '["<img src=x onerror=alert(1)>"]'
    await tried(home, run, 2, everything, "broke", paths=paths, diff=DIFF + "".join(f"+{trick}\n" for trick in TRICKS))
    _, html, _ = await home.get(HERE)
    assert not re.search(r"<(script|img|svg onload|object|iframe|form|input)", main_of(html))
    assert html.count("</html>") == 1
    assert "+&lt;script&gt;" in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html


async def test_a_step_of_another_version_is_no_trouble(home: House) -> None:
    run = await half_done(home)
    await tried(home, run, 2, "log", "broke", paths='{"other": 1}')
    assert (await home.get(HERE))[0] == 200
