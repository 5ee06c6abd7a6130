"""What a person is asked to do about a failure that nothing repairs: by its class, with the commands to copy."""

from collections.abc import Mapping

from services.core.board import Run
from services.core.failures import FailureClass
from services.core.names import branch
from services.core.task_state import STUCK, TaskState

_CODE = "Put it right on its branch:"
_AGAIN = "Then run its failed jobs again."
_OTHERWISE = "Say in a review what it is to do otherwise (`@lockstep …`), or put it right on its branch:"
ADVICE: Mapping[FailureClass, str] = {
    "transient_api": f"Look whether the service that failed is well. {_AGAIN} If it is asked in vain, correct that:",
    "rate_limited": f"Look how soon the service may be asked again. {_AGAIN} If it is asked too often, correct that:",
    "permission": f"Give the credential the rights it lacks. {_AGAIN} If it asks for too much, correct that:",
    "merge_conflict": "Bring its base in and resolve what git leaves:",
    "stale_base": "Bring its base in:",
    "test_failure": _CODE,
    "flaky_test": "Run its failed jobs again, and have the test looked at, which passes and fails on the same commit:",
    "broken_base": "Repair the base branch, and it is brought in by itself. If it is this that fails, correct it:",
    "lint": _CODE,
    "build": _CODE,
    "documentation": _CODE,
    "license": _CODE,
    "missing_dependency": _CODE,
    "configuration": _CODE,
    "timeout": "Run its failed jobs again where the machine was slow; else make it quicker, or give it longer:",
    "out_of_resources": "Give the machine more memory or disk, and run its failed jobs again; else have it need less:",
    "runner": f"Look whether the machine and its network are well. {_AGAIN} If it asks in vain, correct that:",
    "agent_failed": _OTHERWISE,
    "agent_empty": _OTHERWISE,
    "budget": f"Raise what is used up. {_AGAIN} If it takes too much, correct that:",
    "policy": "Do what the rule asks for, or change it. If the work is against it, correct that:",
    "unknown": "Read the log of the check, then put it right on its branch:",
}
"""Each goes before the commands that lead to its branch."""
MERGES: frozenset[FailureClass] = frozenset({"merge_conflict", "stale_base"})


def what_to_do(run: Run, task: TaskState, cls: FailureClass) -> list[str]:
    """For a task that stands still with a head of ours; nothing for any other, whose reason says what is to be done."""
    if task.state not in STUCK or task.assignee or task.late or task.head_sha not in task.heads:
        return []
    own = branch(run.id, task.id)
    steps = [f"git fetch origin && git switch {own}"]
    steps += ["git merge origin/HEAD"] if cls in MERGES else []
    steps += ["# put it right and commit it, then", f"git push origin {own}"]
    goes_on = (
        "It goes on by itself once somebody who can write here has approved what you pushed in a review, and also when "
        f"its checks pass as it is. Or comment `/lockstep retry {task.id}` to have it done anew, or `/lockstep skip "
        f"{task.id}` to do without it."
    )
    return [
        "**What to do**",
        "",
        ADVICE[cls],
        "",
        "```sh",
        *steps,
        "```",
        "",
        goes_on,
        "",
    ]
