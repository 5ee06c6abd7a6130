"""What a person is told of a failure that nothing repairs: what was tried, what to do about one of that class, and the
commands to copy.
"""

from collections.abc import Mapping

from services.core.board import Run
from services.core.failures import CLASSES, Diagnosis, FailureClass
from services.core.names import branch
from services.core.plan import PERSON
from services.core.recovery import way
from services.core.repairs import Repair
from services.core.task_state import STUCK, TaskState
from services.core.text import code

CHECKS = 5
"""Failed checks that are told in detail."""
TRIED = 8
LINES, LINE = 6, 200
"""Lines of an attempt's log that are told, and characters of each."""
ATTEMPTS = 3
"""Attempts that came to nothing, of one run, that are told of in detail."""

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
        "It goes on by itself when you push, can write here and may approve such plans, and when its checks pass as it "
        "is. After any other push, or one with protected files, or where plans take more than one person, it goes on "
        "once somebody (or as many as plans take) who can write here and did not push it has approved that commit in a "
        f"review. Or comment `/lockstep retry {task.id}` to have "
        f"it done anew, or `/lockstep skip {task.id}` to do without it."
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


def tried_of(task: TaskState, most: int = TRIED) -> list[str]:
    """What was done about it before it came to a person."""
    return [
        f"- {_of(each)} ({code(each.cls)}): {way(each.strategy).summary}"
        f" ({each.tries} of {each.most}) — {_CAME[each.came]}"
        for each in [each for each in task.repairs if not each.past][-most:]
    ]


def _of(repair: Repair) -> str:
    if not repair.checks:
        return f"attempt {repair.attempt}" if repair.cls != "merge_conflict" else "its base branch"
    return f"check {', '.join(map(code, list(dict.fromkeys(repair.checks))[:CHECKS]))}"


_CAME = {"": "under way", "worked": "it worked", "failed": "it did not help", "superseded": "something else came first"}


def meaning_of(cls: FailureClass) -> str:
    """The class in words, as it goes on; nothing for what nobody knows."""
    meaning = CLASSES[cls].rstrip(".")
    return f" ({code(cls)}: {meaning[:1].lower()}{meaning[1:]})" if cls != "unknown" else ""


def in_vain(run: Run) -> list[TaskState]:
    """The tasks that stand still because their attempts came to nothing, so that no pull request can tell of them."""
    return [
        task
        for task in run.tasks.values()
        if task.state in STUCK
        and task.attempt
        and not (task.pull or task.assignee)
        and run.plan.by_id[task.id].agent != PERSON
    ]


def listed(run: Run, found: Mapping[str, Diagnosis]) -> list[str]:
    """Those in the comment of the plan. found: what the logs tell of those whose failures may be told there."""
    tasks = in_vain(run)
    lines = [line for task in tasks[:ATTEMPTS] for line in _told(task, found.get(task.id))]
    missing = len(tasks) - ATTEMPTS
    more = [f"- … and {missing} more"] if missing > 0 else []
    return ["**What came to nothing**", "", *lines, *more, ""] if lines else []


def _told(task: TaskState, found: Diagnosis | None) -> list[str]:
    again, other = f"`/lockstep retry {task.id}`", f"`/lockstep assign {task.id} @login`"
    to_do = f"  - change what it asks for, then {again}; or {other}, or `/lockstep skip {task.id}`"
    if found is None:  # the names of its checks, and what it failed of, are its repository's
        return [f"- {code(task.id)}, attempt {task.attempt}", to_do]
    return [
        f"- {code(task.id)}, attempt {task.attempt}{meaning_of(found.cls)}",
        *(f"  - log line {shown.line:,}: {code(shown.text, LINE)}" for shown in found.evidence[-LINES:]),
        *(f"  {line}" for line in tried_of(task, ATTEMPTS)),
        to_do,
    ]
