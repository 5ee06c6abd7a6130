"""Failed jobs run again: not before their time, not twice, and not while the rest of their run goes on."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from services.core.board import Action
from services.core.repairs import Repair
from services.core.task_state import TaskState
from services.engine.parts import Parts
from services.engine.reruns import rerun
from services.errors import Refused
from services.github.infos import JobInfo, RunInfo
from services.store.outbox import Due
from tests.kit.plans import NOW, task

SHA = "a" * 40
REPAIR = Repair(
    n=1, strategy="rerun_failed", cls="runner", sha=SHA, attempt=1, about=("9", "10"), checks=("test", "lint"), due=NOW
)


class Actions:
    """One workflow run with two failed jobs, as far as it is asked about; what is refused, is refused so."""

    def __init__(self, *, attempt: int = 1, status: str = "completed", refuses: str = "") -> None:
        self.attempt, self.status, self.refuses = attempt, status, refuses
        self.rerun: list[str] = []

    async def job(self, _: str, __: str) -> JobInfo:
        return JobInfo(run_id="7", attempt=1)

    async def workflow_run(self, _: str, run_id: str) -> RunInfo:
        return RunInfo(id=run_id, status=self.status, attempt=self.attempt)

    async def rerun_failed(self, _: str, __: str, run_id: str) -> None:
        if self.refuses:
            raise Refused(403, self.refuses)
        self.rerun.append(run_id)
        self.attempt += 1


async def done(actions: Actions, repair: Repair | None = REPAIR) -> Any:
    github = SimpleNamespace(reads=actions, writes=actions)
    parts: Parts = SimpleNamespace(github=github, clock=SimpleNamespace(now=lambda: NOW))  # type: ignore[assignment]
    state = TaskState(id="a", state="in_review", pull=5, head_sha=SHA, repairs=(repair,) if repair else ())
    due = Due(run_id="r", action=Action(key=f"r/a/1/rerun/{SHA}-1", kind="rerun", task="a", sha=SHA), tries=0)
    return await rerun(parts, task("a"), state, due)


async def test_the_run_of_several_jobs_runs_again_once() -> None:
    actions = Actions()
    assert (await done(actions)).look
    assert (await done(actions)).look
    assert actions.rerun == ["7"]


async def test_nothing_happens_before_its_time_or_when_nobody_waits() -> None:
    actions = Actions()
    later = msgspec.structs.replace(REPAIR, due=NOW + timedelta(seconds=30))
    assert (await done(actions, later)).again_in == 30.0
    assert (await done(actions, msgspec.structs.replace(REPAIR, came="superseded"))).note
    assert (await done(actions, msgspec.structs.replace(REPAIR, n=2))).note
    assert (await done(actions, None)).note
    assert actions.rerun == []


@pytest.mark.parametrize(
    "actions", [Actions(status="in_progress"), Actions(refuses="This workflow is already running")]
)
async def test_the_rest_of_the_run_ends_first(actions: Actions) -> None:
    outcome = await done(actions)
    assert outcome.again_in is not None
    assert outcome.free
    assert not outcome.happened


async def test_what_github_refuses_comes_to_a_person() -> None:
    (happened,) = (await done(Actions(refuses="Resource not accessible by integration"))).happened
    assert happened.kind == "handed"
    assert happened.text == (
        "check `test`, `lint` failed, and its jobs can't be run again: Resource not accessible by integration"
    )
