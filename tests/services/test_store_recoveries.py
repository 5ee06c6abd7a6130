"""The history of repairs: a row each, written with the decision, and changed when it is known what came of it."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from services.core.board import Decision
from services.core.machine import TaskState
from services.core.repairs import Repair
from services.store.db import Database
from services.store.recoveries import MOST_SIGNATURE
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
    begun = Decision(run_id="r1", state="running", repairs=(("one", FIRST),))
    await runs.commit(PLAN, begun, NOW)
    over = msgspec.structs.replace(FIRST, came="failed")
    again = msgspec.structs.replace(FIRST, n=2, strategy="fix_tests", cls="test_failure", signatures=())
    await runs.commit(PLAN, Decision(run_id="r1", state="running", repairs=(("one", over), ("one", again))), NOW)
    query = "SELECT task, n, plan_id, strategy, class, signature, outcome FROM recovery WHERE run_id = ? ORDER BY n"
    rows = await database.read(lambda c: [tuple(row) for row in c.execute(query, ("r1",))])
    assert rows == [
        ("one", 1, PLAN, "rerun_failed", "runner", ("runner: lost " + "x" * 900)[:MOST_SIGNATURE], "failed"),
        ("one", 2, PLAN, "fix_tests", "test_failure", "", ""),
    ]
