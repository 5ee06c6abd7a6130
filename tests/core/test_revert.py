"""Taking back what broke the base: nothing that the waiting task does, and only merges of its own plan."""

import msgspec

from services.core.recovery.revert import culprits
from services.core.repairs import Failure
from services.core.strategies import Rules
from services.core.task_state import TaskState
from tests.kit.cases import asked
from tests.kit.plans import in_review, task


def test_the_waiting_task_has_nothing_to_do_for_it() -> None:
    assert asked("revert", "broken_base") == ""


def test_the_culprit_is_a_merge_of_this_plan_in_this_repository_that_nobody_took_back() -> None:
    run = in_review(task("a"), task("b"), task("c", repo="acme/web"))
    sha = "c" * 40
    merged = {name: TaskState(id=name, state="done", merge_sha=sha) for name in ("b", "c")}
    run = msgspec.structs.replace(run, tasks={**run.tasks, **merged})
    broken = Failure(check="test", id="9", base="failed", broke_by=sha)
    assert culprits(run, "acme/api", [broken], Rules()) == ["b"]
    assert culprits(run, "acme/api", [msgspec.structs.replace(broken, broke_by="")], Rules()) == []
    assert culprits(run, "acme/api", [msgspec.structs.replace(broken, base="passed")], Rules()) == []
    assert culprits(run, "acme/api", [broken], Rules(policy={"broken_base": ()})) == []
    run.tasks["b"] = msgspec.structs.replace(merged["b"], revert=-1)
    assert culprits(run, "acme/api", [broken], Rules()) == []
