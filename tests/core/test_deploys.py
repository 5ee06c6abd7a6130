"""services/core/deploys.py: what has merged is told to whoever deploys, a group as a whole."""

import msgspec

from services.core.board import Run
from services.core.groups import Barrier
from services.core.plan import Parsed, Task
from services.core.reposet_order import in_set
from services.core.reposet_read import read_set
from services.core.task_state import UNTOLD, TaskState
from tests.kit.plans import Decided, happen, in_review, task

SET = "repositories:\n  api: {automation: {auto_deploy: true}}\n  web:\n"
MERGED = "d" * 40


def deploying(*tasks: Task) -> Run:
    current = in_review(*tasks)
    found = in_set(Parsed(plan=current.plan), read_set(SET, "acme"))
    assert found.plan is not None
    assert [each.message for each in found.problems] == [
        "What merges in `acme/api` is deployed, because `repositories.yaml` says `auto_deploy`."
    ]
    assert found.plan.hash != current.plan.hash, "it is part of what is approved"
    return msgspec.structs.replace(current, plan=found.plan)


def deployed(decided: Decided) -> list[tuple[str, str]]:
    return [(each.task, each.sha) for each in decided.actions if each.kind == "deploy"]


def test_each_merge_is_told_once_and_elsewhere_none() -> None:
    current = deploying(task("a"), task("w", repo="acme/web"))
    assert deployed(happen(current, "a", "merged", sha=MERGED)) == [("a", MERGED)]
    assert deployed(happen(current, "w", "merged", sha=MERGED)) == []
    assert deployed(happen(current, "a", "ticked", actor="ana")) == [], "nothing has merged"
    assert deployed(happen(in_review(task("a")), "a", "merged", sha=MERGED)) == []


def test_of_a_group_all_at_its_end() -> None:
    current = deploying(task("a", group="g"), task("b", group="g"))
    current.barriers["g"] = Barrier(phase="merging", heads={"a": "a" * 40})
    current.tasks["b"] = TaskState(id="b", state="in_review", pull=6, head_sha="b" * 40, heads=("b" * 40,))
    first = happen(current, "a", "merged", sha=MERGED)
    assert deployed(first) == []
    last = happen(first.run, "b", "merged", sha="e" * 40)
    assert sorted(deployed(last)) == [("a", MERGED), ("b", "e" * 40)]


def test_what_is_taken_back_is_not() -> None:
    current = deploying(task("a", group="g"), task("b", group="g"))
    gone = TaskState(id="a", state="done", merge_sha=MERGED, pull=5, revert=9)
    current.tasks["a"] = gone
    current.barriers["g"] = Barrier(phase="merging", heads={"a": "a" * 40})
    assert deployed(happen(current, "b", "merged", sha="e" * 40)) == [("b", "e" * 40)]


def test_that_nobody_could_be_told_stands_in_its_row_also_when_the_run_is_over() -> None:
    over = happen(deploying(task("a")), "a", "merged", sha=MERGED).run
    assert over.state == "done"
    told = happen(over, "a", "stalled", name=UNTOLD, text="nobody knows")
    assert [(each.state, each.reason) for each in told.changed] == [("done", "nobody knows")]
    assert [each.text for each in told.history] == ["nobody knows"]
    assert deployed(told) == []
