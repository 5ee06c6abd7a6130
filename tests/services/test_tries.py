"""services/engine/tries.py: what is said of a task while its attempt is being prepared counts for that attempt."""

from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from services.core.board import Action, Board
from services.core.task_state import TaskState
from services.engine.orders import Order, Result
from services.engine.tries import Tries
from services.store.outbox import Due
from tests.kit.driving import StillClock
from tests.kit.plans import run, task


class Stage:
    """The engine's parts, GitHub and the workers in one. Somebody speaks while GitHub is asked."""

    attempts = lessons = past = None

    def __init__(self, board: Board, said: float | None) -> None:
        self.board, self.said = board, said
        self.clock, self.settings = StillClock(), SimpleNamespace(on_exceed="pause")
        self.ordered: list[Order] = []

    @property
    def github(self) -> "Stage":
        return self

    reads = workers = github

    async def repository(self, _: str) -> Any:
        states = self.board.run.tasks
        states["one"] = msgspec.structs.replace(states["one"], priority=self.said)
        return SimpleNamespace(default_branch="main", private=False)

    async def attempt(self, order: Order) -> Result:
        self.ordered.append(order)
        return Result(kind="refused", fence=order.fence, reason="no")


@pytest.mark.parametrize(("before", "said", "counts"), [(None, 9.0, 9.0), (5.0, 9.0, 9.0), (None, None, 2.0)])
async def test_a_priority_that_changes_while_an_attempt_is_prepared_is_not_lost(
    before: float | None, said: float | None, counts: float
) -> None:
    asked = task("one", agent="script", priority=2.0)
    board = Board(run(asked, task("two", "one", timeout=900)))
    state = TaskState(id="one", state="running", attempt=1, fence=1, priority=before)
    board.run.tasks["one"] = state
    due = Due(run_id="r1", action=Action(key="r1/one/1/attempt", kind="attempt", task="one"), tries=0)
    stage = Stage(board, said)
    await Tries(cast("Any", stage)).attempt(board, asked, state, due)
    chain = float(asked.timeout + 900)
    assert [(order.task.priority, order.remaining) for order in stage.ordered] == [(counts, chain)]
