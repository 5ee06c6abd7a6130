"""services/engine/neighbours.py: what is told of other plans, and of what goes on in private repositories nothing."""

from types import SimpleNamespace
from typing import cast

import msgspec

from services.core.plan import Parsed
from services.core.task_state import TaskState
from services.engine.neighbours import beside
from services.engine.parts import Parts
from tests.kit.plans import plan, run, task

MINE = task("mine", repo="acme/vault", paths=("src/**",))


async def told(*private: str) -> list[str]:
    other = run(task("theirs", repo="acme/vault"))
    changing = TaskState(id="theirs", state="in_review", changed=("src/merger.py",))
    other = msgspec.structs.replace(other, tasks={"theirs": changing})

    async def waiting_in(_: str) -> list[tuple[str, str, str]]:
        return [(other.plan_id, other.id, "theirs")]

    async def load(_: str) -> object:
        return other

    async def repository(repo: str) -> object:
        return SimpleNamespace(private=repo in private)

    runs = SimpleNamespace(waiting_in=waiting_in, load=load)
    parts = SimpleNamespace(runs=runs, github=SimpleNamespace(reads=SimpleNamespace(repository=repository)))
    parsed = Parsed(plan=plan(MINE), tasks=(MINE,))
    found = await beside(cast("Parts", parts), "acme/api#1", parsed)
    return [problem.message for problem in found.problems]


async def test_in_public_nothing_is_told_of_a_private_repository() -> None:
    (said,) = await told()
    assert said.endswith("as `theirs` of the plan acme/platform#7, which is under way (`src/merger.py`).")
    (said,) = await told("acme/platform")
    assert "a task of another plan" in said
    assert await told("acme/vault") == await told("acme/vault", "acme/platform") == []
    (said,) = await told("acme/vault", "acme/api")
    assert "src/merger.py" in said, "who reads this plan may read private repositories"
