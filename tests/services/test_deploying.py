"""services/engine/deploying.py: an event whose answer was lost is looked for twice and apart before it is sent again."""

from types import SimpleNamespace
from typing import cast

import pytest

from services.core.board import Action
from services.core.task_state import TaskState
from services.engine import deploying
from services.engine.outcome import Outcome
from services.engine.parts import Parts
from services.errors import ApiError, NotFound, Refused, Unreachable
from services.store.runs import Due
from tests.kit.plans import task


class Listing:
    """GitHub's list of runs, which answers as told, and what is sent."""

    def __init__(self) -> None:
        self.sent = 0
        self.answer: ApiError | str = ""

    async def dispatch(self, *_: object) -> None:
        self.sent += 1

    async def run_named(self, *_: str) -> str:
        if isinstance(self.answer, ApiError):
            raise self.answer
        return self.answer

    async def deploy(self, tries: int, answer: ApiError | str = "") -> Outcome:
        self.answer = answer
        parts = cast("Parts", SimpleNamespace(github=SimpleNamespace(reads=self, writes=self)))
        action = Action(key="r1/one/deploy", kind="deploy", task="one", sha="m")
        state = TaskState(id="one", state="done", merge_sha="m", pull=7)
        return await deploying.deploy(parts, task("one"), state, Due(run_id="r1", action=action, tries=tries))


async def test_a_list_that_lags_behind_has_nothing_sent_twice() -> None:
    hub = Listing()
    assert (await hub.deploy(0)).again_in is None
    again = await hub.deploy(1)
    assert (again.again_in, again.free) == (deploying.AGAIN, False)
    assert (await hub.deploy(2, "17")).note == "it was sent"
    assert hub.sent == 1


async def test_what_no_look_finds_is_sent_again_after_two_of_them() -> None:
    hub = Listing()
    for tries in range(4):
        await hub.deploy(tries)
    assert hub.sent == 2


@pytest.mark.parametrize("refused", [Refused(403, "no"), NotFound(404, "none")])
async def test_a_look_that_is_refused_tells_nothing(refused: ApiError) -> None:
    hub = Listing()
    assert (await hub.deploy(1, refused)).again_in == deploying.AGAIN
    assert hub.sent == 0
    assert (await hub.deploy(2, refused)).again_in is None
    assert hub.sent == 1


async def test_while_github_is_away_nobody_has_looked() -> None:
    hub = Listing()
    away = await hub.deploy(2, Unreachable(503, "away"))
    assert (away.again_in, away.free, hub.sent) == (deploying.AWAY, True, 0)
