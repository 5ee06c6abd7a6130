"""Trying a pull request together with those that belong to it, before it merges: a workflow of the repository's own.

The repository names the workflow (`integration` in its settings). It is started with the head of the pull request and
the heads of the other open ones of its run, and what it comes to is shown as a check and held for as long as it says
something: until the head moves, or that of one it has to merge with or before. What has merged as it was tried changes
nothing, as it is in the base now.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from services.core.graph import all_dependants
from services.core.graph import needs_of as graph_of
from services.core.plan import Plan
from services.core.report import CheckReport
from services.core.task_state import Integration, TaskState
from services.core.text import code, digest_of

EVENT_TYPE = "lockstep-integration"
"""Of the event `repository_dispatch`, where a repository wants that."""
MOST = 50
"""Heads that a workflow is given."""
PASSED = frozenset({"success", "neutral", "skipped"})
Verdict = Literal["new", "under way", "passed", "failed"]
State = Callable[[str], TaskState]


def wanted(plan: Plan, task_id: str, state: State) -> Integration:
    """What is to be tried now: the head with the other heads of the run."""
    others = sorted(
        (task.repo, state(task.id).head_sha) for task in plan.tasks if task.id != task_id and _is_open(state(task.id))
    )
    near = near_heads(plan, task_id, state)
    return Integration(sha=state(task_id).head_sha, heads=tuple(sorted({*near, *others[: MOST - len(near)]})))


def near_heads(plan: Plan, task_id: str, state: State) -> tuple[tuple[str, str], ...]:
    """The heads that belong together with it: of its group, and of what needs it."""
    spec = plan.by_id[task_id]
    behind = all_dependants(graph_of(plan.tasks), task_id)
    near = [
        (task.repo, state(task.id).head_sha)
        for task in plan.tasks
        if task.id != task_id
        and (task.id in behind or (spec.group and task.group == spec.group))
        and _is_open(state(task.id))
    ]
    return tuple(sorted(near)[:MOST])


def verdict(plan: Plan, task_id: str, state: State) -> Verdict:
    """What the last one says of the task as it is now."""
    task = state(task_id)
    known = task.integration
    if known is None or known.sha != task.head_sha or not {*near_heads(plan, task_id, state)} <= {*known.heads}:
        return "new"
    return known.came or "under way"


def _is_open(task: TaskState) -> bool:
    return task.state == "in_review" and bool(task.pull) and task.head_sha in task.heads and task.was is None


def digest(tried: Integration) -> str:
    """Tells one from another of the same head."""
    return digest_of(repr((tried.sha, tried.heads)))[:16]


def mark(key: str) -> str:
    """By which the run of a workflow is found that was started for this effect; it is its name."""
    return f"lockstep-{digest_of(key)[:24]}"


def inputs(tried: Integration, *, key: str, pull: int, hidden: frozenset[str] = frozenset()) -> dict[str, str]:
    """What the workflow is given; all of it is ours."""
    shown = [{"repository": repo, "sha": sha} for repo, sha in tried.heads if repo not in hidden]
    given = msgspec.json.encode(shown).decode()
    return {"lockstep": mark(key), "head": tried.sha, "pull": str(pull), "siblings": given}


def report(tried: Integration, hidden: frozenset[str] = frozenset()) -> CheckReport:
    """The check on the pull request."""
    shown = [f"- {code(repo)} at {sha[:10]}" for repo, sha in tried.heads if repo not in hidden]
    summary = "\n".join(
        ["Tried together with:", "", *shown] if shown else ["No other pull request of its run is open."]
    )
    if not tried.came:
        return CheckReport(status="in_progress", title="Is being tried with what belongs to it", summary=summary)
    if tried.came == "passed":
        title = "Works with what belongs to it"
        return CheckReport(status="completed", conclusion="success", title=title, summary=summary)
    title = "Does not work with what belongs to it"
    return CheckReport(status="completed", conclusion="failure", title=title, summary=f"{tried.why}\n\n{summary}")
