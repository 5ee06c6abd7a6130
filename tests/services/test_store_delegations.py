"""Delegations in the store: for one text of a plan, and in its history."""

import msgspec

from services.core.delegation import Delegation
from services.store.delegations import MOST, Delegations
from services.store.plans import PlanRow, Plans
from services.store.runs import Runs
from tests.kit.plans import NOW, plan
from tests.kit.store import Place
from tests.kit.stored import stored_plan

PLAN = "acme/platform#7"
A, B = "a" * 64, "b" * 64


def row(plan_hash: str) -> PlanRow:
    return msgspec.structs.replace(stored_plan(plan(), 7), hash=plan_hash)


def lent(login: str, *verbs: str, by: str = "ana") -> Delegation:
    return Delegation(login=login, by=by, verbs=verbs or ("approve",))


async def test_what_is_lent_holds_for_one_text_and_is_told(place: Place) -> None:
    database = place.database()
    await database.open()
    plans, store = Plans(database), Delegations(database)
    await plans.save(row(A), NOW)
    assert await store.give(PLAN, A, lent("Dee", "approve", "run"), NOW)
    assert await store.give(PLAN, A, lent("cem"), NOW)
    assert [(each.login, each.by, each.verbs) for each in await store.of(PLAN)] == [
        ("cem", "ana", ("approve",)),
        ("Dee", "ana", ("approve", "run")),
    ]
    assert await store.give(PLAN, A, lent("dee", "retry", by="ben"), NOW), "the newest word counts"
    assert [each.by for each in await store.of(PLAN)] == ["ana", "ben"]
    assert not await store.give(PLAN, B, lent("eve"), NOW), "another text"
    assert not await store.give("acme/other#1", A, lent("eve"), NOW), "no plan"
    await store.used(PLAN, lent("dee"), "/lockstep retry one", NOW)
    assert await store.take_back(PLAN, "CEM", "ana", NOW)
    assert not await store.take_back(PLAN, "cem", "ana", NOW)
    told = [(each.kind, each.actor, each.text) for each in await Runs(database).history(PLAN)]
    assert told == [
        ("undelegated", "ana", "`CEM`"),
        ("lent", "dee", "`/lockstep retry one` in the name of `ana`"),
        ("delegated", "ben", "`dee` may use `retry`"),
        ("delegated", "ana", "`cem` may use `approve`"),
        ("delegated", "ana", "`Dee` may use `approve`, `run`"),
    ]
    await plans.save(row(B), NOW)
    assert await store.of(PLAN) == []
    await database.close()


async def test_there_is_a_most(place: Place) -> None:
    database = place.database()
    await database.open()
    await Plans(database).save(row(A), NOW)
    store = Delegations(database)
    given = [await store.give(PLAN, A, lent(f"p{n}"), NOW) for n in range(MOST + 1)]
    assert given == [True] * MOST + [False]
    assert await store.give(PLAN, A, lent("p0", "retry"), NOW)
    await database.close()
