"""The history of repairs: a row each, written with the decision, and changed when it is known what came of it."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from services.core.board import Decision
from services.core.repairs import Repair
from services.core.strategies import Tally
from services.core.task_state import TaskState
from services.store.db import Database
from services.store.learned import Learnings
from services.store.recoveries import MOST_SIGNATURE, Recoveries
from services.store.runs import Runs
from tests.kit.plans import NOW
from tests.kit.store import Place
from tests.kit.stored import stored_run

PLAN = "acme/platform#1"
FIRST = Repair(
    n=1, strategy="rerun_failed", cls="runner", sha="a" * 40, attempt=1, about=("9",), checks=("test",),
    signatures=("runner: lost \0" + "x" * 900,),
)  # fmt: skip


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    made = place.database()
    await made.open()
    yield made
    await made.close()


async def test_a_repair_is_a_row_that_learns_what_came_of_it(database: Database) -> None:
    await stored_run(database, TaskState(id="one", state="in_review"))
    runs = Runs(database)
    begun = Decision(run_id="r1", state="running", repairs=(("one", "Acme/API", FIRST),))
    await runs.commit(PLAN, begun, NOW)
    over = msgspec.structs.replace(FIRST, came="failed")
    again = msgspec.structs.replace(FIRST, n=2, strategy="fix_tests", cls="test_failure", signatures=())
    await runs.commit(
        PLAN,
        Decision(run_id="r1", state="running", repairs=(("one", "acme/api", over), ("one", "acme/api", again))),
        NOW,
    )
    query = "SELECT task, n, plan_id, strategy, class, signature, outcome FROM recovery WHERE run_id = ? ORDER BY n"
    rows = await database.read(lambda c: [tuple(row) for row in c.execute(query, ("r1",))])
    assert rows == [
        ("one", 1, PLAN, "rerun_failed", "runner", ("runner: lost " + "x" * 900)[:MOST_SIGNATURE], "failed"),
        ("one", 2, PLAN, "fix_tests", "test_failure", "", ""),
    ]


async def test_what_has_helped_is_known_by_repository_class_and_strategy(database: Database) -> None:
    await stored_run(database, TaskState(id="one", state="in_review"))
    outcomes = [("rerun_failed", "worked"), ("rerun_failed", "worked"), ("rerun_failed", "failed"), ("retry", "")]
    outcomes += [("fix_tests", "worked"), ("fix_tests", "superseded")]
    repairs = [
        msgspec.structs.replace(
            FIRST, n=n, strategy=strategy, cls="test_failure", came=came, signatures=(f"test_failure: t{n}",)
        )
        for n, (strategy, came) in enumerate(outcomes, 1)
    ]
    elsewhere = msgspec.structs.replace(FIRST, n=9, came="worked")
    made = (*(("one", "Acme/API", each) for each in repairs), ("one", "acme/web", elsewhere))
    await Runs(database).commit(PLAN, Decision(run_id="r1", state="running", repairs=made), NOW)
    recoveries = Recoveries(database)
    assert await recoveries.record("acme/api") == {
        ("test_failure", "rerun_failed"): Tally(2, 3),
        ("test_failure", "fix_tests"): Tally(1, 1),
    }
    assert await recoveries.by_strategy() == {"rerun_failed": Tally(3, 4), "fix_tests": Tally(1, 1)}
    assert await recoveries.passed_again("acme/API") == {"t1", "t2"}
    assert [(row.n, row.strategy, row.outcome) for row in await recoveries.of_task("r1", "one")][:2] == [
        (1, "rerun_failed", "worked"),
        (2, "rerun_failed", "worked"),
    ]


async def test_repairs_are_shown_and_deleted_with_what_else_was_learned_of_a_repository(database: Database) -> None:
    await stored_run(database, TaskState(id="one", state="in_review"))
    elsewhere = msgspec.structs.replace(FIRST, n=2, came="worked")
    made = (("one", "Acme/API", FIRST), ("one", "acme/web", elsewhere))
    await Runs(database).commit(PLAN, Decision(run_id="r1", state="running", repairs=made), NOW)
    learned = Learnings(database)
    (shown,) = await learned.export("acme/api")
    assert (shown["record"], shown["strategy"], shown["n"]) == ("recovery", "rerun_failed", 1)
    assert await learned.delete("acme/api") == 1
    assert [each["repo"] for each in await learned.export("acme")] == ["acme/web"]
