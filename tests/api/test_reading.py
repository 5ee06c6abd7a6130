"""What the API tells of plans: complete, page by page, and of nothing that the asker may not read on GitHub."""

import re
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from bot.api.paging import key_of
from bot.settings import Settings
from bot.web import sight, viewer
from services.core.chosen import Chosen
from services.core.clock import to_text
from services.core.cost import Usage
from services.core.lessons import proposed
from services.core.plan import Problem
from services.core.records import Try
from services.core.repairs import Repair
from services.store.attempts import Attempts
from services.store.attempts import keep as keep_attempts
from services.store.db import Connection
from services.store.inbox import Delivery, Inbox
from services.store.ledger import Call, Ledger
from services.store.lessons import Lessons
from services.store.recoveries import keep as keep_repairs
from tests.api.kit import Asker, People, token_for
from tests.kit.plans import NOW
from tests.web.plans import currency, half_done, thousand
from tests.web.stage import House, house
from tests.web.test_task_page import DIFF, tried

PLAN = "/plans/acme/platform/1"
TAUGHT = (
    "Use Decimal for money.", "Say why in a comment.", "Close every file.", "Name the moon.", "Sort imports.",
    "Never sleep.", "Quote what users wrote.", "Ask twice.",
)  # fmt: skip
OPEN = Settings(client_id="Iv1", client_secret="x", public_url="http://localhost")


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


async def test_a_list_goes_on_by_nothing_that_one_may_not_see() -> None:
    people = People()
    people.let("dora", "acme/seen")
    async with house(None, OPEN, people) as home:
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
        for number in range(1, 8):
            lesson = proposed("acme/seen" if number in {2, 5} else "acme/hidden", number, TAUGHT[number])
            assert lesson is not None
            await Lessons(home.database).propose(lesson, home.now() + timedelta(minutes=number))
        assert await eve.get("/lessons?limit=2") == {"items": [], "next": ""}
        first = await dora.get("/lessons?limit=1")
        assert [each["text"] for each in first["items"]] == [TAUGHT[5]]
        assert key_of(first["next"], str, str) == (to_text(home.now() + timedelta(minutes=5)), first["items"][0]["id"])
        assert [each["text"] for each in await dora.all("/lessons", 1)] == [TAUGHT[5], TAUGHT[2]]


async def test_of_many_repositories_github_is_asked_about_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left is not shown, and whoever goes on through the pages comes to all that they may see, in its order."""
    monkeypatch.setattr(viewer, "ASKS", 2)
    people = People()
    people.let("dora", "acme/r1", "acme/r6", "acme/r7")
    async with house(None, OPEN, people) as home:
        for number in range(40):
            row = await home.read(currency(), number + 1, repo=f"acme/r{number % 8}")
            values = (to_text(home.now()), row.id)
            await home.database.write(lambda c, at=values: c.execute("UPDATE plan SET changed_at = ? WHERE id = ?", at))  # type: ignore[misc]
            lesson = proposed(f"acme/r{number % 8}", number, TAUGHT[number // 8])
            assert lesson is not None
            await Lessons(home.database).propose(lesson, home.now())
            home.pass_time(seconds=1)
        logins = ("eve", "dora", "ben", "ada", "cleo")
        secret = {login: await token_for(home, login, "read", name=login) for login in logins}
        for path in ("/plans", "/learning?state=all", "/api/v1/plans", "/api/v1/lessons", "/failures", "/"):
            people.asked.clear()
            status, html, _ = await home.get(path, Authorization=f"Bearer {secret['eve']}")
            assert (status, len(people.asked) <= 2, "acme/r" in html) == (200, True, False), path
        eve, dora = Asker(home, secret["eve"]), Asker(home, secret["dora"])
        assert (await eve.all("/plans", 3), await eve.all("/lessons", 3)) == ([], [])
        mine = [number for number in reversed(range(40)) if number % 8 in {1, 6, 7}]
        assert [each["number"] - 1 for each in await dora.all("/plans", 4)] == mine
        assert (await dora.get("/plans?limit=15"))["next"] == "", "all is known by now, and there is no more"
        people.may = dict.fromkeys(("ben", "ada", "cleo"), people.may["dora"])
        assert [each["text"] for each in await Asker(home, secret["ben"]).all("/lessons", 4)] == [
            TAUGHT[number // 8] for number in mine
        ]
        for path, each, word, login in (
            ("/plans", r"<bdi>A plan</bdi>", "plans", "ada"),
            ("/learning?state=all", r">acme/r[167]#\d+<", "lessons", "cleo"),
        ):
            found, looks, here = 0, 0, path
            while here:
                _, html, _ = await home.get(here, Authorization=f"Bearer {secret[login]}")
                found += len(re.findall(each, html))
                older = re.search(rf'<a href="([^"]+)">Older {word}</a>', html)
                here, looks = older[1].replace("&amp;", "&") if older else "", looks + 1
                assert looks < 9
            assert found == 15, path


async def test_what_others_had_repaired_takes_nobodys_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sight, "STEP", 20)
    people = People()
    people.let("dora", "acme/platform", "acme/seen")
    async with house(None, OPEN, people) as home:
        run = await half_done(home)
        repair = Repair(n=1, strategy="retry", cls="runner", sha="a", attempt=1, about=(), checks=(), signatures=("s",))
        for number in range(62):
            row = ("rates", "acme/seen" if number in {0, 1} else "acme/hidden", replace(repair, n=number + 1))
            await home.database.write(
                lambda c, row=row, at=NOW + timedelta(hours=number): keep_repairs(c, run.plan_id, run.id, [row], at)  # type: ignore[misc]
            )
        secret = await token_for(home, "dora", "read")
        assert len((await Asker(home, secret).get("/repairs"))["items"]) == 2
        _, html, _ = await home.get("/failures", Authorization=f"Bearer {secret}")
        assert html.count('/tasks/rates"') == 2


async def test_a_task_with_many_checks_has_lost_no_attempt(home: House) -> None:
    run = await half_done(home)
    add = (
        "INSERT INTO outbox (key, run_id, action, due, created_at, state, tries)"
        " SELECT ? || ?, run_id, action, due, created_at, state, tries FROM outbox WHERE key = ?"
    )
    key = f"{run.id}/rates/"
    before = (await Asker(home).get(f"{PLAN}/tasks/rates/attempts"))["items"]

    def many(c: Connection) -> None:
        for number in range(201):
            c.execute(add, (key, f"1/check/{number}", before[0]["key"]))

    await home.database.write(many)
    assert (await Asker(home).get(f"{PLAN}/tasks/rates/attempts"))["items"] == before != []


async def test_a_delivery_that_has_just_gone_is_not_taken_for_another(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def again(_self: Inbox, _row: int) -> bool:
        return True

    await home.inbox.put(Delivery(hook_id="1", guid="g1", event="push", received_at=NOW, body=b"{}"))
    monkeypatch.setattr(Inbox, "again", again)
    asker = Asker(home, await token_for(home, "ana", "read", "admin"))
    assert (await asker.ask("POST", "/deliveries/9/again"))[0] == 404
    assert (await asker.ask("POST", "/deliveries/1/again"))[1]["id"] == 1
