"""Why tasks elsewhere have their model is told only where readers may hear of them."""

from types import SimpleNamespace
from typing import Any, cast

from services.core.board import Run
from services.core.chosen import Chosen
from services.core.plan import Plan
from services.core.task_state import TaskState
from services.engine.choosing import chosen_for
from services.engine.parts import Parts
from tests.kit.plans import NOW, task

PLAN = Plan(
    title="p",
    tasks=tuple(
        task(name, agent="coder", repo=repo) for name, repo in (("here", "acme/api"), ("there", "acme/secret"))
    ),
)
CHOSEN = Chosen(tier="large", model="openai:large", why="`large`, likely $7.00.")


class Reads:
    async def repository(self, repo: str) -> Any:
        return SimpleNamespace(private=repo != "acme/api")


class Attempts:
    async def chosen(self, _: str, tasks: list[str]) -> dict[str, Chosen]:
        return dict.fromkeys(tasks, CHOSEN)


PARTS = cast("Parts", SimpleNamespace(attempts=Attempts(), github=SimpleNamespace(reads=Reads())))


def run(home: str, **former: TaskState) -> Run:
    states = {each.id: TaskState(id=each.id, state="running", since=NOW, attempt=1) for each in PLAN.tasks}
    return Run(
        id="r",
        plan_id=f"{home}#1",
        repo=home,
        number=1,
        actor="ana",
        plan=PLAN,
        tasks=states,
        former=former,
    )


async def test_a_public_plan_does_not_say_why_a_private_task_has_its_model() -> None:
    assert set(await chosen_for(PARTS, run("acme/api"), ["here", "there"])) == {"here"}
    assert set(await chosen_for(PARTS, run("acme/plans"), ["here", "there"])) == {"here", "there"}
    assert set(await chosen_for(PARTS, run("acme/api"), ["here", "there"], own="there")) == {"here", "there"}


async def test_nor_why_one_has_it_that_was_elsewhere_before() -> None:
    was = TaskState(id="here", state="done", since=NOW, was=task("here", repo="acme/secret"))
    assert set(await chosen_for(PARTS, run("acme/api", here=was), ["here"])) == set()
