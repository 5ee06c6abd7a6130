"""services/engine/troubles.py: what a log tells of an attempt that came to nothing, where that may be read."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from services.core.hand_over import ATTEMPTS, listed
from services.core.repairs import Repair
from services.core.task_state import TaskState
from services.engine.troubles import attempts_in_vain
from tests.kit.plans import run, task


@dataclass
class Parts:
    """The engine's parts, GitHub and the store in one."""

    private: frozenset[str]
    read: list[str] = field(default_factory=list)

    @property
    def github(self) -> "Parts":
        return self

    reads = runs = github

    async def repository(self, repo: str) -> Any:
        return SimpleNamespace(private=repo in self.private)

    async def log(self, run_id: str, task_id: str) -> str:
        self.read.append(task_id)
        return "FAILED tests/test_x.py::test_y - assert 1 == 2\n1 failed in 0.1s\n" if task_id != "silent" else ""


TRIED = Repair(
    n=1, strategy="retry", cls="budget", sha="", attempt=1, about=("1",), checks=("deploy-to-secret",),
    signatures=("x",), most=2, came="failed",
)  # fmt: skip


async def test_nothing_of_a_private_repository_is_told_where_the_plan_is_public() -> None:
    tasks = [task("open"), task("secret", repo="acme/secret"), task("silent"), *(task(f"t{n}") for n in range(9))]
    current = run(*tasks)
    states = {each.id: TaskState(id=each.id, state="failed", attempt=1, repairs=(TRIED,)) for each in tasks}
    current = msgspec.structs.replace(current, tasks=states)
    parts = Parts(private=frozenset({"acme/secret"}))
    found = await attempts_in_vain(cast("Any", parts), current)
    assert {name: each.cls for name, each in found.items()} == {"open": "test_failure", "silent": "unknown"}
    assert (parts.read, ATTEMPTS) == (["open", "silent"], 3)
    told = [line for line in listed(current, found) if "deploy-to-secret" in line or line.startswith("- ")]
    assert [line.partition(":")[0].strip() for line in told] == [
        "- `open`, attempt 1 (`test_failure`", "- check `deploy-to-secret` (`budget`)", "- `secret`, attempt 1",
        "- `silent`, attempt 1", "- check `deploy-to-secret` (`budget`)", "- … and 9 more",
    ]  # fmt: skip
    assert (
        await attempts_in_vain(cast("Any", Parts(private=frozenset())), msgspec.structs.replace(current, tasks={}))
        == {}
    )
