"""The actions a decision makes, each with its key; and the keys under which webhooks find a task.

Keys are `run/task/attempt/kind[/…]`, and say what an action is about, so that the same one is never carried out twice.
"""

from datetime import datetime
from typing import Literal

import msgspec

from services.core import names
from services.core.board import LONG_AGO, Action, ActionKind, Moment, Run, RunState
from services.core.elsewhere import ELSEWHERE
from services.core.integration import digest
from services.core.repairs import BASE, under_way
from services.core.task_state import ENDED, Happening, TaskState

GROUP = "group-"


def is_of_group(key: str) -> tuple[bool, bool]:
    """Is it about the gate alone, because of a group; and is the pull request looked at then? Where a group waits
    anew nothing follows from a look, and it would lead back here.
    """
    about = key.rpartition("/")[2]
    return about.startswith(GROUP), not about.startswith((f"{GROUP}closed", f"{GROUP}reverting"))


def action(
    run: Run,
    task: TaskState,
    kind: ActionKind,
    sha: str = "",
    need: TaskState | None = None,
    at: datetime | None = None,
) -> Action:
    """The action with its key, which names what the action is about: a state, a head, what became of a need or a group
    (its phase is the `sha` of a check), when the plan was edited or a merge was not wanted any more.
    """
    phase, sha = (sha, task.head_sha) if kind == "checks" else ("", sha)
    about = f"/{sha}" if sha else ""
    if kind == "label":
        about = f"/{task.state}-{(task.since or LONG_AGO).isoformat()}"  # it may come to one state several times
    elif kind in {"tidy", "assign"}:
        about = f"/{task.state}-{task.fence}"
    elif kind == "dequeue":
        about = f"/{task.head_sha}-{(at or LONG_AGO).isoformat()}"
    elif kind == "discard":
        about = f"/{task.discarding}"
    elif kind == "withdraw":
        about = f"/{task.state}-{task.issue}-{task.pull}-{len(task.heads)}"
    elif kind == "checks":
        about += f"+{len(task.overrides)}" if task.overrides else ""
        about += f"/{need.id}-{need.state}-{(need.since or LONG_AGO).isoformat()}" if need else ""
        about += f"/{f'{GROUP}{phase}' if phase else 'edited'}-{at.isoformat()}" if at else ""
    elif kind == "integrate" and task.integration is not None:
        sha = task.head_sha
        about = f"/{task.head_sha}-{digest(task.integration)}-{task.integration.came or 'run'}"
    elif kind == "rerun":
        sha, about = task.head_sha, f"/{task.head_sha}-{task.repairs[-1].n}"
    elif kind == "update_branch":
        sha, about = task.head_sha, f"/{task.head_sha}"
    key = f"{run.id}/{task.id}/{task.attempt}/{kind}{about}"
    return Action(key=key, kind=kind, task=task.id, attempt=task.attempt, fence=task.fence, sha=sha)


def moment(happening: Happening, before: TaskState, after: TaskState) -> Moment:
    return Moment(
        task=after.id,
        kind=happening.kind,
        before=before.state,
        after=after.state,
        text=happening.text,
        actor=happening.actor,
    )


def attempt_key(run_id: str, task: TaskState) -> str:
    """The key of a task's newest attempt."""
    return f"{run_id}/{task.id}/{task.attempt}/attempt"


def attempt_action(run_id: str, task: TaskState) -> Action:
    """A task's newest attempt, as it was decided."""
    key = attempt_key(run_id, task)
    return Action(key=key, kind="attempt", task=task.id, attempt=task.attempt, fence=task.fence)


def recall(run: Run, task: TaskState, agent: str) -> Action | None:
    """End what the agent, the plan's now, or whoever really is at it, does elsewhere for this attempt; `sha` names that
    as `agent:run` or `agent:pull request`. None where nothing is done elsewhere.
    """
    away = task.away
    who = away.agent if away is not None else agent
    if task.state != "running" or who not in ELSEWHERE:
        return None
    at = (away.run or str(away.pull or "")) if away is not None else ""
    return msgspec.structs.replace(action(run, task, "recall"), sha=f"{who}:{at}")


def recalled(recall: Action) -> Action:
    """The attempt that is called back by this."""
    return msgspec.structs.replace(recall, kind="attempt", key=f"{recall.key.removesuffix('recall')}attempt", sha="")


def mark(run: Run, state: RunState, now: datetime, kind: Literal["mark", "finish"] = "mark") -> Action:
    """Show the run's state on the plan issue; a run can come to the same state more than once."""
    return Action(key=f"{run.id}//0/{kind}/{state}-{now.isoformat()}", kind=kind)


def waits_for_base(task: TaskState) -> bool:
    """Does its pull request wait until its base branch is well again?"""
    repair = under_way(task.repairs)
    return repair is not None and repair.strategy == BASE and bool(repair.base)


def wait_keys(run: Run, task: TaskState) -> tuple[str, ...]:
    """The keys under which a webhook wakes this task: its pull request, its head's checks, its tracking issue, and
    the base branch where it waits for that; and what works on it elsewhere. What was cancelled or skipped just now may
    merge all the same.
    """
    repo = run.plan.by_id[task.id].repo
    if task.state in ENDED:
        return (names.pull_key(repo, task.pull),) if task.pull and task.state != "done" else ()
    keys = [names.issue_key(repo, task.issue)] if task.issue else []
    if task.pull:
        keys.append(names.pull_key(repo, task.pull))
    if task.pull and task.head_sha:
        keys.append(names.check_key(repo, task.head_sha))
    if task.state == "running" and task.away is not None:
        keys += [names.actions_key(repo, task.away.run)] if task.away.run else []
        keys += [names.pull_key(repo, task.away.pull)] if task.away.pull else []
    if task.integration is not None and task.integration.run:
        keys.append(names.actions_key(repo, task.integration.run))
    if task.pull and waits_for_base(task):
        keys.append(names.base_key(repo))
    return tuple(keys)
