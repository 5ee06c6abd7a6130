"""services/core/hand_over.py: what is to be done about each class of failure, and how to get to the branch."""

import msgspec
import pytest
from inline_snapshot import snapshot

from services.core.failures import CLASSES, Diagnosis, Shown
from services.core.hand_over import ADVICE, ATTEMPTS, in_vain, listed, what_to_do
from services.core.repairs import Repair
from services.core.task_state import TaskState
from tests.kit.harmless import Text, hazards
from tests.kit.plans import happen, in_review, plan, run, task

STUCK = happen(in_review(task("a")), "a", "broke", text="check `test` failed").run


def test_every_class_has_its_advice() -> None:
    assert set(ADVICE) == set(CLASSES)


def test_the_commands_lead_to_its_branch_and_say_how_it_goes_on() -> None:
    assert "\n".join(what_to_do(STUCK, STUCK.tasks["a"], "merge_conflict")) == snapshot("""\
**What to do**

Bring its base in and resolve what git leaves:

```sh
git fetch origin && git switch lockstep/platform-7/a
git merge origin/HEAD
# put it right and commit it, then
git push origin lockstep/platform-7/a
```

It goes on by itself when you push, can write here and may approve such plans, and when its checks pass as it is. After any other push, or one with protected files, or where plans take more than one person, it goes on once somebody (or as many as plans take) who can write here and did not push it has approved that commit in a review. Or comment `/lockstep retry a` to have it done anew, or `/lockstep skip a` to do without it.
""")
    assert "git merge" not in "".join(what_to_do(STUCK, STUCK.tasks["a"], "lint"))


@pytest.mark.parametrize(
    "other", [{"state": "in_review"}, {"assignee": "bea"}, {"late": True}, {"head_sha": "f" * 40}, {"heads": ()}]
)
def test_where_its_branch_is_not_what_stands_in_the_way_nothing_is_said(other: dict[str, object]) -> None:
    state: TaskState = msgspec.structs.replace(STUCK.tasks["a"], **other)
    assert what_to_do(STUCK, state, "lint") == []


def failed(task_id: str, **more: object) -> TaskState:
    return msgspec.structs.replace(TaskState(id=task_id, state="failed", attempt=2), **more)


def test_attempts_that_came_to_nothing_are_told_where_the_plan_is() -> None:
    tried = Repair(
        n=1, strategy="retry", cls="agent_failed", sha="", attempt=1, about=("1",), checks=(), signatures=("x",),
        most=2, came="failed",
    )  # fmt: skip
    tasks = [task("a"), *(task(f"t{n}") for n in range(ATTEMPTS)), task("pulled"), task("person", agent="human")]
    current = msgspec.structs.replace(run(*tasks), plan=plan(*tasks))
    current.tasks.update({each.id: failed(each.id) for each in tasks})
    current.tasks["a"] = failed("a", repairs=(tried,))
    current.tasks["pulled"] = failed("pulled", pull=7)
    assert [each.id for each in in_vain(current)] == ["a", "t0", "t1", "t2"]
    found = Diagnosis(cls="agent_failed", evidence=(Shown(3, "Traceback: no `x` @octocat"),))
    told = "\n".join(listed(current, {"a": found, "t0": Diagnosis(), "t1": Diagnosis()}))
    assert not hazards(Text(where="there", words=told))
    assert told == snapshot("""\
**What came to nothing**

- `a`, attempt 2 (`agent_failed`: the agent itself came to no result)
  - log line 3: `Traceback: no 'x' @octocat`
  - attempt 1 (`agent_failed`): do the same again, after a pause that grows (1 of 2) — it did not help
  - change what it asks for, then `/lockstep retry a`; or `/lockstep assign a @login`, or `/lockstep skip a`
- `t0`, attempt 2
  - change what it asks for, then `/lockstep retry t0`; or `/lockstep assign t0 @login`, or `/lockstep skip t0`
- `t1`, attempt 2
  - change what it asks for, then `/lockstep retry t1`; or `/lockstep assign t1 @login`, or `/lockstep skip t1`
- … and 1 more
""")
    assert listed(msgspec.structs.replace(current, tasks={"a": failed("a", assignee="bea")}), {}) == []
