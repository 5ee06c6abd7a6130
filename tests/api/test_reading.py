"""What the API tells of plans: complete, page by page, and of nothing that the asker may not read on GitHub."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.settings import Settings
from services.core.plan import Problem
from tests.api.kit import Asker, People, token_for
from tests.web.plans import currency, half_done, thousand
from tests.web.stage import House, house

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
    await thousand(home, 20)
    assert len(await asker.all("/plans/acme/platform/20/tasks", 100)) == 1000


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
        for path in ("log", "attempts", "effects", "checkpoints"):
            assert (await asker.ask("GET", f"{PLAN}/tasks/rates/{path}"))[0] == 404
        assert "no_rates" not in str(await asker.get(f"{PLAN}/history"))
        assert [each["repo"] for each in (await asker.get("/fleet"))["items"]] == ["acme/web"]
        nobody = Asker(home, await token_for(home, "eve", "read"))
        assert (await nobody.get("/plans"))["items"] == []
        for path in ("", "/tasks", "/tasks/api", "/tasks/api/log", "/history", "/costs", "/recoveries"):
            assert (await nobody.ask("GET", PLAN + path))[0] == 404, path
        assert (await nobody.ask("GET", "/deliveries"))[0] == 403
        before = len(people.asked)
        await asker.get(PLAN)
        assert len(people.asked) == before, "what is known for some minutes is not asked again"


async def test_who_asks(home: House) -> None:
    me: Any = await Asker(home).get("/me")
    assert (me["login"], me["via"], me["scopes"]) == ("", "machine", ["admin", "read"])
