"""Records of attempts: chosen once, told later what became of them, and learned from by their owner alone."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest

from services.core.board import Decision
from services.core.chosen import Chosen
from services.core.cost import Usage
from services.core.posterior import Known
from services.core.records import Try, given
from services.core.task_state import TaskState
from services.store.attempts import Attempts
from services.store.db import Database
from services.store.learned import Learnings
from services.store.ledger import Call, Ledger
from services.store.runs import Runs
from tests.kit.plans import NOW, task
from tests.kit.store import Place
from tests.kit.stored import stored_run

DAY = timedelta(days=1)
PLAN = "acme/platform#1"
SMALL = Chosen(tier="small", model="openai:small", why="`small`, the next in order.")


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    made = place.database()
    await made.open()
    await stored_run(made, TaskState(id="one", state="running"))
    yield made
    await made.close()


def told(attempt: int = 1, repo: str = "Acme/api", **fields: object) -> Try:
    return Try(task="one", attempt=attempt, repo=repo, agent="coder", **fields)  # type: ignore[arg-type]


async def test_what_an_attempt_was_told_first_stands_with_it(database: Database) -> None:
    store, work = Attempts(database), task("one", title="Parse dates")
    await commit(database, told())
    first = given("coder 4 (3f2a91c0)", work, "", "- Use the logger", "Such tasks:")
    assert first != given("coder 4 (3f2a91c0)", work, "what failed", "- Use the logger", "Such tasks:")
    await store.give("r1", "one", 1, first)
    await store.give("r1", "one", 1, given("coder 5 (00000000)", work, "", "", ""))
    (shown,) = await Learnings(database).export("acme/api")
    assert shown["given"] == {"prompt": "coder 4 (3f2a91c0)", "asked": first.asked, "past": "Such tasks:"}
    assert len(first.asked) == 16


async def commit(database: Database, *tries: Try) -> None:
    await Runs(database).commit(PLAN, Decision(run_id="r1", state="running", tries=tries), NOW)


async def test_a_choice_is_written_once_and_what_became_of_it_later(database: Database) -> None:
    store = Attempts(database)
    await commit(database, told())
    assert await store.choose("r1", "one", 1, SMALL) == SMALL
    assert await store.choose("r1", "one", 1, Chosen(tier="large", model="x")) == SMALL, "the first one stands"
    await commit(database, told(came="checks", passed=False, cls="lint", signature="lint: \0a"), told(attempt=2))
    first, second = await store.of("r1", "one")
    assert (first.came, first.passed, first.good, first.chosen) == ("checks", False, None, SMALL)
    assert (second.came, second.passed, second.chosen) == ("", None, Chosen())
    assert await store.chosen("r1", ["one", "none"]) == {"one": SMALL}
    assert await store.chosen("r1", []) == {}
    await commit(database, told(came="checks", passed=False), told(came="merged", passed=True, good=True, pull=7))
    merged, _ = await store.of("r1", "one")
    assert (merged.came, merged.passed, merged.good) == ("merged", True, True)
    assert not await store.reverted("acme/api", 8)
    assert await store.reverted("acme/API", 7)
    assert (await store.of("r1", "one"))[0].good is False


async def test_an_owner_learns_from_its_own_attempts_alone(database: Database) -> None:
    store, ledger = Attempts(database), Ledger(database)
    await commit(
        database,
        *(told(attempt) for attempt in (1, 2, 3, 4)),
    )
    await store.choose("r1", "one", 1, SMALL)
    await store.choose("r1", "one", 2, Chosen(tier="small", model="openai:small", again=True))
    await store.choose("r1", "one", 3, Chosen(tier="large", model="openai:large", after=True))
    await store.choose("r1", "one", 4, Chosen(tier="large", model="openai:large", after=True))
    for attempt in (1, 2):
        call = Call(plan_id=PLAN, purpose="attempt", run_id="r1", task="one", attempt=attempt, repo="acme/api")
        row = await ledger.begin(call, "openai", "small", Decimal(1), (), NOW)
        assert isinstance(row, int)
        await ledger.end(row, Usage(), Decimal("0.25"), "settings")
        await store.paid("r1", "one", attempt)
    await commit(database, told(1, came="checks", passed=False, cls="lint", signature="lint: x"))
    await commit(
        database,
        told(2, came="merged", passed=True, good=True),
        told(3, came="failed", passed=False, cls="agent_failed"),
    )
    (again, last) = sorted(await store.failures("acme", NOW - DAY), key=lambda each: each.cls)
    assert (again.repo, again.agent, again.model, again.cls) == ("acme/api", "coder", "openai:large", "agent_failed")
    assert last.signature == "lint: x"
    assert await store.failures("acme", NOW) == await store.failures("other", NOW - DAY) == []
    assert [(each.task, each.tier, each.passed) for each in await store.works(PLAN)] == [
        ("one", "small", False), ("one", "small", True), ("one", "large", False), ("one", "large", None),
    ]  # fmt: skip
    assert await store.costs("Acme") == await store.costs("Acme", {"acme/api"}) == [0.5]
    assert await store.costs("Acme", {"acme/web"}) == []
    assert not any(each.unpriced for each in await store.works(PLAN))
    assert await store.known("acme", {"acme/web"}) == Known()
    known = await store.known("ACME")
    small = known.of("small", after=False)
    assert (small.tried, small.passed, small.spent) == (1, 1, Decimal("0.5")), "what goes on at its tier is one try"
    assert (small.good, small.bad) == (1, 0)
    assert known.of("small", after=False, repo="acme/api").tried == 1
    assert (known.of("large", after=True).tried, known.of("large", after=True).passed) == (1, 0)
    assert await store.known("other") == Known()


async def test_what_has_no_price_is_no_cost_of_nothing(database: Database) -> None:
    store, ledger = Attempts(database), Ledger(database)
    await commit(database, told(came="merged", passed=True, good=True, pull=7))
    await store.choose("r1", "one", 1, SMALL)
    call = Call(plan_id=PLAN, purpose="attempt", run_id="r1", task="one", attempt=1, repo="acme/api")
    for cost in (Decimal("0.25"), None):
        row = await ledger.begin(call, "openai", "own", Decimal(0), (), NOW)
        assert isinstance(row, int)
        await ledger.end(row, Usage(input=9), cost, "settings")
        await store.paid("r1", "one", 1)
        is_unpriced = cost is None
        assert [each.unpriced for each in await store.works(PLAN)] == [is_unpriced]
        assert await store.costs("acme") == ([] if is_unpriced else [0.25])
        assert (await store.known("acme") == Known()) == is_unpriced
