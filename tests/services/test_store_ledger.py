"""The accounts: every call has its row, sums are exact, and budgets count what is not known as its most."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from services.core.cost import Spent, Usage
from services.store.ledger import Call, Cap, Full, Ledger
from tests.kit.plans import NOW
from tests.kit.store import Place

DRAFT = Call(plan_id="acme/api#1", purpose="draft")
WORK = Call(plan_id="acme/api#1", purpose="attempt", run_id="r1", task="one")
CHEAP = Decimal("0.000000075")


async def called(ledger: Ledger, call: Call, cost: str | None, held: str = "1") -> None:
    """One call from its beginning to its end."""
    row = await ledger.begin(call, "openai", "gpt", Decimal(held), (), NOW)
    assert isinstance(row, int)
    usage = Usage(input=10, cache_read=4, cache_write=2, output=3)
    await ledger.end(row, usage, None if cost is None else Decimal(cost), "settings")


async def test_what_was_spent_is_summed_by_task_purpose_and_model(place: Place) -> None:
    database = place.database()
    await database.open()
    ledger = Ledger(database)
    for _ in range(3):
        await called(ledger, WORK, str(CHEAP))
    await called(ledger, DRAFT, None)
    await ledger.begin(DRAFT, "openai", "gpt", Decimal(1), (), NOW)
    await called(ledger, Call(plan_id="acme/api#2", purpose="draft"), "7")
    assert await ledger.spent("acme/api#1") == [
        Spent(
            task="", purpose="draft", model="openai:gpt", calls=2, unpriced=1, unknown=1, held=Decimal(2),
            usage=Usage(input=10, cache_read=4, cache_write=2, output=3),
        ),
        Spent(
            task="one", purpose="attempt", model="openai:gpt", calls=3, cost=3 * CHEAP,
            usage=Usage(input=30, cache_read=12, cache_write=6, output=9),
        ),
    ]  # fmt: skip
    await database.close()


@pytest.mark.parametrize(
    ("scope", "other", "counts"),
    [
        ("task", WORK, True),
        ("task", Call(plan_id="acme/api#1", purpose="attempt", run_id="r1", task="two"), False),
        ("task", Call(plan_id="acme/api#1", purpose="attempt", run_id="r2", task="one"), False),
        ("plan", Call(plan_id="acme/api#1", purpose="diagnose", run_id="r1", task="two"), True),
        ("plan", DRAFT, False),
        ("day", Call(plan_id="acme/web#9", purpose="draft"), True),
    ],
)
async def test_a_cap_counts_what_it_is_for(place: Place, scope: str, other: Call, counts: bool) -> None:
    database = place.database()
    await database.open()
    ledger, cap = Ledger(database), Cap(scope=scope, limit=Decimal(2))  # type: ignore[arg-type]
    await called(ledger, other, "2")
    found = await ledger.begin(WORK, "openai", "gpt", Decimal(1), (cap,), NOW)
    assert found == Full(cap=cap, spent=Decimal(2)) if counts else isinstance(found, int)
    await database.close()


async def test_a_day_is_over_after_24_hours(place: Place) -> None:
    database = place.database()
    await database.open()
    ledger, cap = Ledger(database), Cap(scope="day", limit=Decimal(2))
    await called(ledger, DRAFT, "2")
    later = NOW + timedelta(hours=23)
    assert isinstance(await ledger.begin(DRAFT, "openai", "gpt", Decimal(1), (cap,), later), Full)
    assert isinstance(await ledger.begin(DRAFT, "openai", "gpt", Decimal(1), (cap,), NOW + timedelta(days=1)), int)
    await database.close()


async def test_a_call_without_an_end_counts_as_its_most_and_one_that_was_refused_as_nothing(place: Place) -> None:
    database = place.database()
    await database.open()
    ledger, cap = Ledger(database), Cap(scope="plan", limit=Decimal(5))

    async def begin() -> int | Full:
        return await ledger.begin(DRAFT, "openai", "gpt", Decimal(3), (cap,), NOW)

    refused = await begin()
    assert isinstance(refused, int)
    await ledger.fail(refused, free=True)
    broke = await begin()
    assert isinstance(broke, int)
    await ledger.fail(broke, free=False)
    assert isinstance(await begin(), int)  # it overshoots, by one request and no more
    assert await begin() == Full(cap=cap, spent=Decimal(6))
    (spent,) = await ledger.spent(DRAFT.plan_id)
    assert (spent.calls, spent.unknown, spent.cost) == (3, 2, Decimal(0))
    await database.close()


async def test_an_answer_that_was_cut_counts_as_its_most_and_what_it_told_stands(place: Place) -> None:
    database = place.database()
    await database.open()
    ledger, cap = Ledger(database), Cap(scope="plan", limit=Decimal(2))
    row = await ledger.begin(DRAFT, "openai", "gpt", Decimal(9), (cap,), NOW)
    assert isinstance(row, int)
    await ledger.cut(row, Usage(input=10, cache_read=4, output=1), Decimal("1.5"))
    assert await ledger.used(DRAFT, [cap], NOW) == [(cap, Decimal("1.5"))]
    (spent,) = await ledger.spent(DRAFT.plan_id)
    assert (spent.unknown, spent.cost, spent.held) == (1, Decimal(0), Decimal("1.5"))
    assert spent.usage == Usage(input=10, cache_read=4, output=1)
    await ledger.cut(row, Usage(input=11), None)
    (spent,) = await ledger.spent(DRAFT.plan_id)
    assert (spent.usage.input, spent.held) == (11, Decimal("1.5")), "nobody knows what it cost"
    await database.close()


async def test_an_answer_of_unknown_cost_counts_as_its_most_and_one_of_known_cost_as_that(place: Place) -> None:
    database = place.database()
    await database.open()
    ledger, cap = Ledger(database), Cap(scope="plan", limit=Decimal(2))
    await called(ledger, DRAFT, "0.5")
    assert await ledger.used(DRAFT, [cap], NOW) == [(cap, Decimal("0.5"))]
    await called(ledger, DRAFT, None, held="1.5")
    assert await ledger.begin(DRAFT, "openai", "gpt", Decimal(1), (cap,), NOW) == Full(cap=cap, spent=Decimal(2))
    await database.close()


async def test_calls_of_two_processes_that_begin_at_once_see_each_other(place: Place) -> None:
    """It would be overshot by two requests, if each saw only what was there when it began. SQLite has one process."""
    databases = [place.database(), place.database()] if place.url else [place.database()]
    for database in databases:
        await database.open()
    ledgers, cap = [Ledger(each) for each in databases], Cap(scope="plan", limit=Decimal(1))
    for number in range(12):
        call = Call(plan_id=f"acme/api#{number}", purpose="draft")
        begun = await asyncio.gather(
            *(ledger.begin(call, "openai", "gpt", Decimal(1), (cap,), NOW) for ledger in (*ledgers, *ledgers))
        )
        assert sum(isinstance(each, int) for each in begun) == 1
    for database in databases:
        await database.close()


async def test_a_call_that_has_to_fit_waits_for_those_under_way_and_not_for_those_of_long_ago(place: Place) -> None:
    """But alone it may begin as long as anything is left, so a budget is overshot by one call at most."""
    database = place.database()
    await database.open()
    ledger, cap = Ledger(database), Cap(scope="plan", limit=Decimal(5))

    async def begin(held: int, minutes: int = 0) -> int | Full:
        now = NOW + timedelta(minutes=minutes)
        since = now - timedelta(minutes=5)
        return await ledger.begin(WORK, "openai", "gpt", Decimal(held), (cap,), now, under_way=since)

    first = await begin(3)
    assert isinstance(first, int)
    assert await begin(3) == Full(cap=cap, spent=Decimal(3), for_now=True)
    assert isinstance(await begin(2), int)
    assert await begin(1) == Full(cap=cap, spent=Decimal(5))
    ended = ledger.ended
    await ledger.end(first, Usage(input=1), Decimal("0.5"), "settings")
    assert ended.is_set()
    assert not ledger.ended.is_set()
    assert await begin(9) == Full(cap=cap, spent=Decimal("2.5"), for_now=True)
    assert isinstance(await begin(9, minutes=6), int)
    await database.close()


async def test_sums_that_nothing_can_cost_are_kept_as_the_most_there_is(place: Place) -> None:
    database = place.database()
    await database.open()
    ledger, cap = Ledger(database), Cap(scope="plan", limit=Decimal(1))
    await called(ledger, WORK, "9999990", held="9999990")
    await ledger.told(WORK, Decimal(9_999_990))
    told = await database.read(lambda c: c.execute("SELECT told, cost FROM ledger").fetchone())
    assert told == (10**18, 10**18)
    assert await ledger.used(WORK, [cap], NOW) == [(cap, Decimal(1_000_000))]
    await database.close()
