"""Who may not read a repository learns nothing of it: neither on the page of a plan nor on those over all plans."""

import json
import re
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from msgspec.structs import replace

from bot.web import boards, pages, sight
from bot.web.viewer import Viewer, set_viewer
from services.core.board import Decision, Moment, Run
from services.core.chosen import Chosen
from services.core.cost import Usage
from services.core.plan import Plan
from services.core.records import Try
from services.core.repairs import Repair
from services.store.attempts import Attempts, keep
from services.store.ledger import Call, Ledger
from services.store.recoveries import keep as keep_repairs
from tests.kit.plans import NOW, plan, task
from tests.web.stage import House, house, now_at
from tests.web.test_pages import main_of, words

SECRET = "nightingale"
MOVED = "UPDATE plan SET repo = 'other/home' WHERE id = ?"


@pytest.fixture
async def home() -> AsyncIterator[House]:
    """Whoever looks says in a header who that is: `ana` may read everything of acme's, but not its vault."""
    async with house(guard=as_said) as found:
        yield found


@web.middleware
async def as_said(request: web.Request, handler: Handler) -> web.StreamResponse:
    async def sees(login: str, repo: str) -> bool:
        return login == "ben" or (login == "ana" and repo.startswith("acme/") and repo != "acme/vault")

    set_viewer(request, Viewer(request.headers.get("X-Login", ""), frozenset({"read"}), sees))
    return await handler(request)


def mixed() -> Plan:
    return plan(
        task("open", title="Seen by all"),
        task("secret", "open", repo="acme/vault", title=f"About the {SECRET}"),
        task("after", "secret", repo="acme/web"),
    )


async def half_secret(home: House) -> None:
    states = [
        now_at("open", "done", pull=4),
        now_at("secret", "failed", f"the {SECRET} sings", pull=77, attempt=1),
    ]
    run = await home.ran(mixed(), states, 1, title="Two worlds")
    await home.printed(run, "secret", f"{SECRET} in the log")


async def test_a_hidden_task_is_there_and_nothing_is_told_of_it(home: House) -> None:
    await half_secret(home)
    for path in ("/", "/plans", "/fleet", "/plans/acme/platform/1", "/plans/acme/platform/1/tasks/open"):
        status, html, _ = await home.get(path, **{"X-Login": "ana"})
        assert status == 200
        assert SECRET not in html, path
        assert "acme/vault" not in html, path
        assert "/77" not in html, path
        assert "hidden/hidden" not in html, path
    _, html, _ = await home.get("/plans/acme/platform/1", **{"X-Login": "ana"})
    assert "A task elsewhere" in html
    assert re.search(r'class="box failed[^"]*"', html), "its state is seen, as others wait for it"
    held = words((await home.get("/plans/acme/platform/1/tasks/after", **{"X-Login": "ana"}))[1])
    assert "needs work elsewherewaits there" in held
    for path in ("/plans/acme/platform/1/tasks/secret", "/plans/acme/platform/1/log/secret"):
        assert (await home.get(path, **{"X-Login": "ana"}))[0] == 404
        status, html, _ = await home.get(path, **{"X-Login": "ben"})
        assert (status, SECRET in html) == (200, True)


async def test_what_others_run_takes_nobodys_place(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "LIVE_PLANS", 2)
    monkeypatch.setattr(boards, "FLEET_PLANS", 2)
    await home.ran(plan(task("mine", repo="acme/web")), [now_at("mine", "failed", "broke")], 1, title="Long ago")
    for number in range(2, 9):
        other = await home.ran(plan(task("one")), [], number, title="Of others")
        await home.database.write(lambda c, at=other.plan_id: c.execute(MOVED, (at,)))  # type: ignore[misc]
    for path in ("/", "/fleet"):
        _, html, _ = await home.get(path, **{"X-Login": "ana"})
        assert "/tasks/mine" in main_of(html), path
        assert "Of others" not in html
    assert '"task":"mine"' in (await home.get("/api/v1/needs", **{"X-Login": "ana"}))[1]


async def test_a_stranger_sees_no_plan(home: House) -> None:
    await half_secret(home)
    for path in ("/", "/plans", "/fleet", "/failures", "/money", "/learning?state=all"):
        status, html, _ = await home.get(path, **{"X-Login": "eve"})
        assert status == 200
        assert "Two worlds" not in html
        assert "acme" not in html.partition("<main")[2].replace("acme/schema", "").replace("acme/api", ""), path
    assert (await home.get("/plans/acme/platform/1", **{"X-Login": "eve"}))[0] == 404


async def test_the_instance_is_for_its_operators(home: House) -> None:
    for path in ("/budget", "/deliveries"):
        assert (await home.get(path, **{"X-Login": "ben"}))[0] == 403


async def test_who_sees_all_sees_what_is_stored(home: House) -> None:
    await half_secret(home)
    found = (await home.plans.get("acme/platform#1"), await home.runs.of_plan("acme/platform#1"))
    assert found[0] is not None
    stored = (found[0], found[1])
    assert sight.without(stored, frozenset()) is stored
    hidden = sight.without(stored, {"acme/vault"})
    assert sight.hidden_tasks(hidden) == {"secret"}
    assert sight.repos_in(stored) == {"acme/api", "acme/vault", "acme/web"}


async def cost_of(home: House, run: Run, task_id: str, repo: str) -> None:
    """A model worked on it once; what it did was merged and taken back."""
    tried = Try(task=task_id, attempt=1, repo=repo, agent="coder", came="reverted", passed=True, good=False)
    await home.database.write(lambda c: keep(c, run.plan_id, run.id, [tried], NOW))
    await Attempts(home.database).choose(run.id, task_id, 1, Chosen(tier="large", model="p:large"))
    call = Call(plan_id=run.plan_id, purpose="attempt", run_id=run.id, task=task_id, attempt=1, repo=repo)
    row = await Ledger(home.database).begin(call, "openai", f"for-{task_id}", Decimal(1), [], NOW)
    assert isinstance(row, int)
    await Ledger(home.database).end(row, Usage(input=1_000), Decimal("0.50"), "list")


async def test_a_task_of_an_earlier_run_is_hidden_by_where_it_was(home: House) -> None:
    """It is in the plan no more, or works somewhere else now."""
    before = plan(task("open"), task("audit", repo="acme/vault"), task("moved", repo="acme/vault"))
    first = await home.ran(before, [], 1, state="cancelled")
    second = await home.ran(plan(task("open"), task("moved")), [], 1, nth=2)
    await cost_of(home, first, "audit", "acme/vault")
    await cost_of(home, first, "moved", "acme/vault")
    await cost_of(home, second, "open", "acme/api")
    for login, audited in (("ben", True), ("ana", False)):
        _, html, _ = await home.get("/plans/acme/platform/1", **{"X-Login": login})
        advice = html.partition("What follows from it")[2]
        assert "<code>open</code> (taken back)" in advice
        assert ("<code>audit</code> (taken back)" in advice) is audited
        assert ("<code>moved</code> (taken back)" in advice) is audited
        assert [f"for-{name}" in html for name in ("open", "audit", "moved")] == [True, audited, audited]
        _, told, _ = await home.get("/api/v1/plans/acme/platform/1/costs", **{"X-Login": login})
        assert [f"for-{name}" in told for name in ("open", "audit", "moved")] == [True, audited, audited]


async def test_what_a_hidden_repository_has_cost_is_in_no_sum(home: House) -> None:
    run = await home.ran(mixed(), [], 1)
    await cost_of(home, run, "open", "acme/api")
    await cost_of(home, run, "secret", "acme/vault")
    for login, all_of_it, calls in (("ben", "$1.00", 2), ("ana", "$0.5000", 1), ("eve", "$0.00", 0)):
        _, html, _ = await home.get("/money", **{"X-Login": login})
        assert f"{all_of_it}" in html.partition("Spent")[2][:100]
        assert [name in html for name in ("acme/vault", "for-secret")] == [calls == 2] * 2
        _, told, _ = await home.get("/api/v1/costs", **{"X-Login": login})
        rows = [(each["repo"], each["cost"], each["said"]) for each in json.loads(told)["items"]]
        assert rows == [("acme/api", "0.5", "$0.5000"), ("acme/vault", "0.5", "$0.5000")][:calls]


async def test_what_was_repaired_in_a_hidden_repository_is_counted_nowhere(home: House) -> None:
    """What failed is called by its log: the name of a test, a path, a sentence."""
    run = await home.ran(mixed(), [], 1)
    repair = Repair(
        n=1, strategy="retry", cls="runner", sha="a", attempt=1, about=(), checks=(), came="worked",
        signatures=(f"runner: the {SECRET} sings",),
    )  # fmt: skip
    rows = [("secret", "acme/vault", repair), ("secret", "acme/vault", replace(repair, n=2))]
    rows.append(("open", "acme/api", replace(repair, signatures=("runner: lost",))))
    await home.database.write(lambda c: keep_repairs(c, run.plan_id, run.id, rows, NOW))
    for login, count in (("ben", 3), ("ana", 1), ("eve", 0)):
        _, html, _ = await home.get("/failures", **{"X-Login": login})
        assert f"Repairs begun{count} in 30 days" in words(html)
        assert (SECRET in html) is ("/tasks/secret" in html) is (count == 3)
        assert f"{count} of {count} repaired" in words((await home.get("/money", **{"X-Login": login}))[1]) or not count
        _, told, _ = await home.get("/api/v1/recoveries", **{"X-Login": login})
        assert (sum(each["count"] for each in json.loads(told)["items"]), SECRET in told) == (count, count == 3)
        status, told, _ = await home.get("/api/v1/plans/acme/platform/1/recoveries", **{"X-Login": login})
        assert (status, SECRET in told) == (200 if count else 404, count == 3)


async def test_what_was_said_of_a_task_in_an_earlier_run_is_hidden_by_where_it_was(home: House) -> None:
    first = await home.ran(plan(task("moved", repo="acme/vault")), [], 1, state="cancelled")
    said = Moment(task="moved", kind="task", before="running", after="failed", text=f"the {SECRET} sings")
    await home.runs.commit(first.plan_id, Decision(run_id=first.id, state="cancelled", history=(said,)), NOW)
    second = await home.ran(plan(task("moved")), [], 1, nth=2)
    seen = Moment(task="moved", kind="task", before="running", after="failed", text="seen by all")
    await home.runs.commit(second.plan_id, Decision(run_id=second.id, state="running", history=(seen,)), NOW)
    for path in (
        "/plans/acme/platform/1",
        "/plans/acme/platform/1/tasks/moved",
        "/api/v1/plans/acme/platform/1/history",
    ):
        for login, is_told in (("ben", True), ("ana", False)):
            status, told, _ = await home.get(path, **{"X-Login": login})
            assert (status, SECRET in told, "seen by all" in told) == (200, is_told, True), path
