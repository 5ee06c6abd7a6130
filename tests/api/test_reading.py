"""What the API tells of plans: complete, page by page, and of nothing that the asker may not read on GitHub."""

from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from bot.api import reading
from bot.settings import Settings
from services.core.chosen import Chosen
from services.core.cost import Usage
from services.core.plan import Problem
from services.core.records import Try
from services.core.repairs import Repair
from services.store.attempts import Attempts
from services.store.attempts import keep as keep_attempts
from services.store.inbox import Delivery
from services.store.ledger import Call, Ledger
from services.store.recoveries import keep as keep_repairs
from tests.api.kit import Asker, People, token_for
from tests.kit.plans import NOW
from tests.web.plans import currency, half_done, thousand
from tests.web.stage import House, house
from tests.web.test_task_page import DIFF, tried

PLAN = "/plans/acme/platform/1"


@pytest.fixture
async def home() -> AsyncIterator[House]:
    async with house() as found:
        yield found


async def test_a_plan_and_its_tasks(home: House) -> None:
    await half_done(home)
    asker = Asker(home)
    (line,) = (await asker.get("/plans"))["items"]
    assert (line["id"], line["state"], line["counts"]) == (
        "acme/platform#1", "running", {"done": 1, "failed": 1, "in_review": 1, "blocked": 3},
    )  # fmt: skip
    plan = await asker.get(PLAN)
    assert (plan["title"], plan["actor"], plan["approved_by"], plan["hidden"]) == (
        "Orders carry a currency", "ana", "ben", 0,
    )  # fmt: skip
    assert plan["end_at"] == "", "somebody has to look at rates first"
    assert [each["id"] for each in await asker.all(f"{PLAN}/tasks", 4)] == [
        "schema", "rates", "api", "convert", "web", "prices",
    ]  # fmt: skip
    assert [each["id"] for each in (await asker.get(f"{PLAN}/tasks?state=failed"))["items"]] == ["rates"]
    rates = await asker.get(f"{PLAN}/tasks/rates")
    assert (rates["state"], rates["attempt"], rates["hidden"]) == ("failed", 2, False)
    assert (await asker.ask("GET", f"{PLAN}/tasks/rates/log"))[1].endswith("line 50")
    assert [each["kind"] for each in (await asker.get(f"{PLAN}/tasks/rates/attempts"))["items"]] == ["attempt"]
    assert (await asker.get(f"{PLAN}/tasks/rates/checkpoints"))["items"] == []
    kinds = [each["kind"] for each in await asker.all(f"{PLAN}/history", 1)]
    assert kinds[-1] == "approved"
    assert "started" in kinds
    assert (await asker.get(f"{PLAN}/costs"))["items"] == []
    assert (await asker.get(f"{PLAN}/recoveries"))["items"] == []
    assert [each["repo"] for each in (await asker.get("/fleet"))["items"]] == ["acme/api", "acme/schema", "acme/web"]


async def test_a_plan_that_has_not_begun(home: House) -> None:
    await home.read(None, 1, problems=(Problem(kind="cycle", message="a needs b, b needs a.", line=4),))
    plan = await Asker(home).get(PLAN)
    assert (plan["state"], plan["run"], plan["version"]) == ("planned", "", "")
    assert plan["problems"] == [{"message": "a needs b, b needs a.", "line": 4, "severity": "error"}]
    await home.read(currency(), 2)
    (first, *_) = (await Asker(home).get("/plans/acme/platform/2/tasks"))["items"]
    assert (first["state"], first["attempt"]) == ("blocked", 0)


async def test_lists_come_in_pages_that_leave_nothing_out(home: House) -> None:
    for number in range(1, 8):
        await home.read(currency(), number)
    asker = Asker(home)
    assert len({each["id"] for each in await asker.all("/plans", 3)}) == 7
    assert (await asker.get("/plans?limit=7"))["next"] == ""
    await thousand(home, 20)
    assert len(await asker.all("/plans/acme/platform/20/tasks", 100)) == 1000
    assert [each["repo"] for each in await asker.all("/fleet", 3)] == [f"acme/r{n}" for n in range(7)]
    for model in "abcde":
        row = await Ledger(home.database).begin(
            Call(plan_id="acme/platform#1", purpose="attempt"), "p", model, Decimal(1), [], NOW
        )
        assert isinstance(row, int)
    assert [each["model"] for each in await asker.all("/costs", 2)] == [f"p:{model}" for model in "abcde"]
    assert (await asker.ask("GET", "/costs?cursor=W10"))[0] == 400


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/plans/acme/platform/99", 404),
        ("/plans/acme/platform/x", 404),
        ("/plans/acme/%2e%2e/1", 404),
        ("/plans/acme/platform/1/tasks/%20", 404),
        ("/plans/acme/platform/1/tasks/nobody", 404),
        ("/plans?limit=0", 400),
        ("/plans?limit=x", 400),
        ("/plans?nonsense=1", 400),
        ("/plans?cursor=x", 400),
        ("/plans?cursor=WzFd", 400),
        ("/plans?cursor=" + "A" * 500, 400),
        ("/deliveries?cursor=W10", 400),
        ("/commands/x", 404),
        ("/commands/00000000-0000-0000-0000-000000000000", 404),
    ],
)
async def test_what_can_not_be_asked_is_a_problem(home: House, path: str, status: int) -> None:
    await half_done(home)
    found, said = await Asker(home).ask("GET", path)
    assert (found, said["status"]) == (status, status)


async def test_one_sees_what_one_may_read_on_github() -> None:
    people = People()
    people.let("dora", "acme/platform", "acme/web")
    async with house(
        None, Settings(client_id="Iv1", client_secret="x", public_url="http://localhost", admins="dora"), people
    ) as home:
        await half_done(home)
        asker = Asker(home, await token_for(home, "dora", "read", "admin"))
        tasks = {each["id"]: each for each in (await asker.get(f"{PLAN}/tasks"))["items"]}
        shown = {name for name, each in tasks.items() if not each["hidden"]}
        assert shown == {name for name, each in tasks.items() if each["repo"] == "acme/web"} != set()
        assert (await asker.get(PLAN))["hidden"] == len(tasks) - len(shown)
        assert tasks["rates"]["reason"] == tasks["rates"]["title"].replace("A task elsewhere", "") == ""
        for path in ("log", "attempts", "effects", "checkpoints", "waits", "diagnosis", "diff", "repairs"):
            assert (await asker.ask("GET", f"{PLAN}/tasks/rates/{path}"))[0] == 404
        assert "no_rates" not in str(await asker.get(f"{PLAN}/history"))
        assert [each["repo"] for each in (await asker.get("/fleet"))["items"]] == ["acme/web"]
        nobody = Asker(home, await token_for(home, "eve", "read"))
        assert (await nobody.get("/plans"))["items"] == []
        for path in ("", "/tasks", "/tasks/api", "/tasks/api/log", "/history", "/costs", "/recoveries"):
            assert (await nobody.ask("GET", PLAN + path))[0] == 404, path
        for path in ("/needs", "/patterns", "/repairs"):
            assert (await nobody.get(path))["items"] == []
        assert [each["task"] for each in (await asker.get("/needs"))["items"]] == ["rates"]
        assert "no_rates" not in str(await asker.get("/needs"))
        assert (await nobody.ask("GET", "/deliveries"))[0] == 403
        assert (await nobody.ask("POST", "/deliveries/1/again"))[0] == 403
        before = len(people.asked)
        await asker.get(PLAN)
        assert len(people.asked) == before, "what is known for some minutes is not asked again"


async def test_who_asks(home: House) -> None:
    me: Any = await Asker(home).get("/me")
    assert (me["login"], me["via"], me["scopes"]) == ("", "machine", ["admin", "read"])


async def test_why_a_task_stands_still(home: House) -> None:
    """What its page shows: attempts with their models, the log's diagnosis, the diff, repairs, and what holds it back."""
    run = await half_done(home)
    await tried(home, run, 2, "FAILED tests/test_rates.py::test_euro", "broke", diff=DIFF)
    attempt = Try(task="rates", attempt=2, repo="acme/api", agent="coder", came="failed")
    await home.database.write(lambda c: keep_attempts(c, run.plan_id, run.id, [attempt], NOW))
    await Attempts(home.database).choose(run.id, "rates", 2, Chosen(tier="small", model="p:small", why="It is enough."))
    repair = Repair(
        n=1, strategy="retry", cls="runner", sha="a", attempt=1, about=(), checks=(), signatures=("runner: lost",)
    )
    await home.database.write(lambda c: keep_repairs(c, run.plan_id, run.id, [("rates", "acme/api", repair)], NOW))
    asker, task = Asker(home), f"{PLAN}/tasks/rates"
    newest, _ = (await asker.get(f"{task}/attempts"))["items"]
    assert (newest["number"], newest["model"], newest["chosen"]) == (2, "p:small", "It is enough.")
    found = await asker.get(f"{task}/diagnosis")
    assert found["failure"] == "test_failure"
    assert "test_euro" in str(found["evidence"])
    assert (await asker.ask("GET", f"{task}/diff"))[1] == DIFF
    (row,) = (await asker.get(f"{task}/repairs"))["items"]
    assert (row["strategy"], row["outcome"], row["signature"]) == ("retry", "", "runner: lost")
    assert (await asker.get("/repairs"))["items"] == [row]
    waits = (await asker.get(f"{PLAN}/tasks/prices/waits"))["items"]
    assert [each["depth"] for each in waits][:2] == [0, 1]
    assert "`/lockstep retry rates`" in str(waits)
    need, *_ = (await asker.get("/needs"))["items"]
    assert (need["plan"], need["task"], need["command"], need["holds_up"]) == (
        "acme/platform#1", "rates", "/lockstep retry rates", 2,
    )  # fmt: skip


async def test_what_the_pages_over_all_plans_say(home: House) -> None:
    await home.read(currency(), 2)
    need, *_ = (await Asker(home).get("/needs"))["items"]
    assert (need["task"], need["command"], len(need["version"])) == ("", "/lockstep approve", 64)
    run = await half_done(home)
    tries = [Try(task=name, attempt=1, repo="acme/api", agent="coder", came="failed", cls="lint") for name in "ab"]
    await home.database.write(lambda c: keep_attempts(c, run.plan_id, run.id, tries, NOW))
    (pattern,) = (await Asker(home).get("/patterns"))["items"]
    assert (pattern["failure"], pattern["count"], pattern["share"]) == ("lint", 2, 1.0)
    home.metrics.github(lambda: Counter(requests=1))
    home.metrics.remains("core", 4_210)
    budget = await Asker(home).get("/budget")
    assert (budget["left"], budget["refused"]) == ({"core": 4_210}, 0)
    row = await Ledger(home.database).begin(Call(plan_id=run.plan_id, purpose="attempt"), "p", "m", Decimal(1), [], NOW)
    assert isinstance(row, int)
    await Ledger(home.database).end(row, Usage(input=10, cache_read=4), Decimal(1), "list")
    (saving,) = (await Asker(home).get("/savings"))["items"]
    assert (saving["name"], saving["text"]) == ("Read from the cache", "4 of 10")
    assert (await Asker(home).get("/costs"))["items"][0]["cached"] == 4
    assert (await Asker(home).get(f"{PLAN}/advice"))["items"] == []


async def test_an_operators_program_has_a_delivery_handled_again(home: House) -> None:
    await home.inbox.put(Delivery(hook_id="1", guid="g1", event="push", received_at=NOW, body=b"{}"))
    await home.inbox.settle(1, "failed", "why")
    asker = Asker(home, await token_for(home, "ana", "read", "admin"))
    assert (
        await Asker(home, await token_for(home, "ana", "read", "act", name="b")).ask("POST", "/deliveries/1/again")
    )[0] == 403
    status, found = await asker.ask("POST", "/deliveries/1/again")
    assert (status, found["guid"], found["outcome"]) == (202, "g1", "")
    assert await home.inbox.how_many_wait() == 1
    for row, status in ((1, 409), (9, 409), (0, 404)):
        assert (await asker.ask("POST", f"/deliveries/{row}/again"))[0] == status


async def test_a_list_goes_on_by_nothing_that_one_may_not_see(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "STEP", 2)
    people = People()
    people.let("dora", "acme/seen")
    async with house(None, Settings(client_id="Iv1", client_secret="x", public_url="http://localhost"), people) as home:
        for number in (1, 2, 5, 6, 7):
            await home.read(currency(), number, title="The secret", repo="acme/hidden")
        for number in (3, 4, 8):
            await home.read(currency(), number, repo="acme/seen")
        eve = Asker(home, await token_for(home, "eve", "read"))
        for asked in ("limit=1", "limit=1&words=secret", "limit=5&repo=acme/hidden"):
            assert await eve.get(f"/plans?{asked}") == {"items": [], "next": ""}, asked
        dora = Asker(home, await token_for(home, "dora", "read"))
        for limit in (1, 2, 3):
            assert sorted(each["number"] for each in await dora.all("/plans", limit)) == [3, 4, 8]
