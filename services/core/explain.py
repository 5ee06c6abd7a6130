"""Why a task is not done yet: everything that holds it back, followed through its needs, over all repositories, to
what somebody can act on.

Values in, a chain of links out; the words are in explained.py. A link without `who` only leads on to those below it, so
every chain ends with somebody, or something, that can act: that is what a person asks for.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from services.core import graph, groups, overrides, stacks
from services.core.board import Run
from services.core.freeze import UNREADABLE
from services.core.gate import PASSED, PullFact
from services.core.integration import verdict
from services.core.overlap import Rivals, shared_files
from services.core.patience import Patience, deadline
from services.core.places import BRAKED, Lane
from services.core.repairs import next_due, under_way
from services.core.targets import is_with_a_person
from services.core.task_state import ENDED, SATISFIED, TaskState

LinkKind = Literal[
    "need", "above", "paused", "held", "untracked", "lane", "turn", "settling", "works", "failed", "needs_human",
    "cancelled", "gone", "closed", "moved", "base", "label", "draft", "conflict", "checks_failed", "checks_pending",
    "checks_starting", "checks_overdue", "checks_none", "checks_rest", "objections", "protected", "frozen", "behind",
    "merging", "waits", "deadline", "overridden", "repairing", "apart", "overlaps", "member", "grouped", "theirs",
    "below", "outdated", "mergeable", "braked",
]  # fmt: skip
Who = Literal["", "lockstep", "agent", "checks", "reviewers", "triage", "write"]
"""Who can act; `triage` and `write` are permissions of a person."""
ENDS = 3
"""Ends of a task's chain that are named where there is room for one line."""
FOREVER = Patience()


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that holds a task back. depth: how many needs away; where: the repository in which `who` acts; names:
    of checks, people or tasks; text: a reason in words; at: until when; command: what to copy.
    """

    task: str
    kind: LinkKind
    depth: int = 0
    who: Who = ""
    where: str = ""
    text: str = ""
    names: tuple[str, ...] = ()
    at: datetime | None = None
    command: str = ""


Full = Callable[[str], Lane | None]


def explain(
    run: Run,
    task_id: str,
    *,
    facts: Mapping[str, PullFact] | None = None,
    full: Full | None = None,
    patience: Patience = FOREVER,
) -> tuple[Link, ...]:
    """The chain of a task; empty when it is over and nothing has to be done any more.

    facts: what GitHub says now of pull requests in review, as far as it was asked.  full: the lane that lacks a place
    for a task.
    """
    asked = _Asked(run, facts or {}, full or (lambda _: None), patience)
    if run.tasks[task_id].state in SATISFIED:
        return ()
    found: list[Link] = []
    if run.state == "paused":
        found.append(_paused(run, task_id))
    seen: set[str] = set()
    rest: list[tuple[str, int, LinkKind]] = [(task_id, 0, "need")]
    while rest:  # a chain may be as long as a plan: no recursion
        current, depth, kind = rest.pop()
        if depth:
            again = current in seen
            found.append(_need(run, current, depth - 1, "above" if again else kind))
            if again:
                continue
        seen.add(current)
        own = [link for link in asked.of(run.tasks[current]) if depth or link.kind != "paused"]
        found += [msgspec.structs.replace(link, depth=depth) for link in own]
        on = stacks.holder(run, run.tasks[current]) if run.tasks[current].state == "in_review" else ""
        rest += [(on, depth + 1, "below")] if on in run.tasks else []
        rest += [(member, depth + 1, "member") for member in reversed(_awaited_in_group(run, current))]
        rest += [(need, depth + 1, "need") for need in reversed(unmet(run, current))]
    return tuple(found)


def _paused(run: Run, task_id: str) -> Link:
    return Link(task=task_id, kind="paused", who="triage", where=run.repo, command="/lockstep resume")


def unmet(run: Run, task_id: str) -> list[str]:
    """The needs of a task that have not merged; of one that is over or at work they no longer matter."""
    if run.tasks[task_id].state not in {"blocked", "ready", "in_review"}:
        return []
    found: dict[str, None] = {}
    for need in groups.unmet(run, run.plan.by_id[task_id]):
        is_over = groups.is_over(run.tasks[need])  # then it is the rest of its group that has not merged
        found |= dict.fromkeys(groups.open_of(run, groups.name_of(run, need)) if is_over else [need])
    return list(overrides.missing(run.tasks[task_id], found))


def _awaited_in_group(run: Run, task_id: str) -> list[str]:
    """Whom the group of a task waits for, where the task itself is ready."""
    name = groups.name_of(run, task_id)
    if not name or not groups.is_ready(run.tasks[task_id]) or groups.is_let_through(run, name):
        return []
    return list(groups.missing(run, name))


def last(run: Run) -> list[str]:
    """The tasks that are not over and that no other such task needs: to explain them is to explain the plan."""
    open_ = [task for task in run.plan.tasks if run.tasks[task.id].state not in SATISFIED]
    needed = {need for task in open_ for need in task.needs}
    return [task.id for task in open_ if task.id not in needed]


def ends(run: Run) -> dict[str, tuple[str, ...]]:
    """For each blocked task the first few tasks at the ends of its chains: what it waits for in truth."""
    found: dict[str, tuple[str, ...]] = {}
    for task_id in graph.order(graph.needs_of(run.plan.tasks)):
        if run.tasks[task_id].state != "blocked":
            continue
        chain: dict[str, None] = {}
        for need in unmet(run, task_id):
            chain.update(dict.fromkeys(found.get(need) or (need,)))
        found[task_id] = tuple(chain)[:ENDS]
    return found


def _need(run: Run, task_id: str, depth: int, kind: LinkKind) -> Link:
    spec, state = run.plan.by_id[task_id], run.tasks[task_id]
    number = state.pull or state.issue
    return Link(
        task=task_id,
        kind=kind,
        depth=depth,
        where=spec.repo,
        text=state.state,
        names=(f"{spec.repo}#{number}",) if number else (),
    )


class _Asked:
    """What is known besides the run."""

    def __init__(self, run: Run, facts: Mapping[str, PullFact], full: Full, patience: Patience) -> None:
        self._run, self._facts, self._full, self._patience = run, facts, full, patience
        self._rivals = Rivals(run.plan)

    def of(self, task: TaskState) -> Iterator[Link]:
        """What holds this one task back, besides its needs."""
        repo = self._run.plan.by_id[task.id].repo
        if task.held and task.state not in ENDED:
            yield Link(task=task.id, kind="held", who="triage", where=repo, command=f"/lockstep resume {task.id}")
        match task.state:
            case "blocked":
                if not unmet(self._run, task.id):
                    yield Link(task=task.id, kind="settling", who="lockstep")
            case "ready":
                yield self._ready(task)
            case "running":
                yield self._running(task, repo)
            case "in_review":
                yield from self._in_review(task, repo)
            case "needs_human" if is_with_a_person(self._run, task.id):
                yield Link(task=task.id, kind="theirs", who="write", where=repo, text=task.reason)
            case "needs_human" | "failed":
                yield from self._stuck(task, repo)
            case "cancelled":
                command = f"/lockstep retry {task.id}"
                yield Link(task=task.id, kind="cancelled", who="write", where=repo, command=command)

    def _ready(self, task: TaskState) -> Link:
        if self._run.state == "paused":
            return _paused(self._run, task.id)
        if not task.issue:
            return Link(task=task.id, kind="untracked", who="lockstep")
        kept = self._rivals.keeps(task.id, self._run.tasks.__getitem__)
        if kept is not None:
            return Link(task=task.id, kind="apart", who="lockstep", names=(kept[0],), text=kept[1])
        lane = self._full(task.id)
        if lane is None:
            return Link(task=task.id, kind="turn", who="lockstep", at=next_due(task.repairs, task.attempt))
        return self._lacks(task, lane)

    def _lacks(self, task: TaskState, lane: Lane) -> Link:
        if lane[0] == BRAKED:
            return Link(task=task.id, kind="braked", who="lockstep", names=lane[1:])
        again = "again" if task.state == "running" else ""
        first = f"/lockstep priority {task.id} p=10"
        return Link(task=task.id, kind="lane", who="lockstep", names=lane, text=again, command=first)

    def _running(self, task: TaskState, repo: str) -> Link:
        if (lane := self._full(task.id)) is not None:
            return self._lacks(task, lane)
        spec, late_at = self._run.plan.by_id[task.id], deadline(self._run, task, self._patience)
        ends = [task.since + timedelta(seconds=spec.timeout)] if task.since is not None else []
        ends += [late_at] if late_at is not None else []
        at, names = min(ends, default=None), (spec.agent,)
        return Link(task=task.id, kind="works", who="agent", where=repo, names=names, text=str(task.attempt), at=at)

    def _stuck(self, task: TaskState, repo: str) -> Iterator[Link]:
        wait_on = task.late and task.state == "needs_human"
        command = f"/lockstep {'resume' if wait_on else 'retry'} {task.id}"
        name = groups.name_of(self._run, task.id)
        if name and groups.barrier_of(self._run, name).phase == "reverting":
            command = ""  # nothing of it is tried again
        kind: LinkKind = "failed" if task.state == "failed" else "needs_human"
        yield Link(task=task.id, kind=kind, who="write", where=repo, text=task.reason, command=command)

    def _in_review(self, task: TaskState, repo: str) -> Iterator[Link]:
        fact = self._facts.get(task.id)
        if fact is None:
            yield Link(task=task.id, kind="waits", who="lockstep", where=repo, text=task.reason)
        elif fact.state == "open" and fact.head_sha not in task.heads:
            yield Link(task=task.id, kind="moved", who="write", where=repo, text=fact.head_sha[:7])
        else:
            seen = stacks.seen(self._run, task, overrides.counting(task, fact))
            found = list(of_pull(task.id, repo, seen))
            if under_way(task.repairs) is not None:  # nobody else has to act on what is being repaired
                mending = Link(task=task.id, kind="repairing", who="lockstep", where=repo, text=task.reason)
                found = [mending if link.kind == "checks_failed" else link for link in found]
            yield from found
            if not found:
                yield from self._mergeable(task, repo, fact)
        for each in overrides.of_head(task):
            yield Link(task=task.id, kind="overridden", who="lockstep", text=overrides.told(each))
        yield from self._overlaps(task, repo)
        late_at = deadline(self._run, task, self._patience)
        if late_at is not None:
            yield Link(task=task.id, kind="deadline", who="lockstep", at=late_at)

    def _overlaps(self, task: TaskState, repo: str) -> Iterator[Link]:
        """Other pull requests there that change the same files: what merges second may conflict."""
        specs = self._run.plan.by_id
        for other in self._run.tasks.values() if task.changed else ():
            if other.id != task.id and other.state == "in_review" and specs[other.id].repo == repo:
                for path in shared_files(task, other)[:1]:
                    yield Link(task=task.id, kind="overlaps", who="lockstep", names=(other.id,), text=path)
                    return

    def _mergeable(self, task: TaskState, repo: str, fact: PullFact) -> Iterator[Link]:
        """Nothing of its own is missing: it merges as soon as its needs have, unless people hold it back."""
        if unmet(self._run, task.id) or task.held:
            return
        if stacks.holder(self._run, task) or stacks.unseen(self._run, task):
            return
        if self._run.state == "paused":
            yield _paused(self._run, task.id)
            return
        if why := groups.hold(self._run, task.id):
            goes_on = groups.barrier_of(self._run, groups.name_of(self._run, task.id)).phase == "merging"
            yield Link(task=task.id, kind="grouped", who="lockstep" if goes_on else "", where=repo, text=why)
            return
        # GitHub may have refused the merge for what no reading shows; that stands as the task's reason.
        said = task.reason if fact.state == "open" else ""
        if fact.workflow and verdict(self._run.plan, task.id, self._run.tasks.__getitem__) == "under way":
            yield Link(task=task.id, kind="checks_pending", who="checks", where=repo, names=(fact.workflow,))
            return
        yield Link(task=task.id, kind="merging", who="lockstep", where=repo, text=said)


def of_pull(task: str, repo: str, fact: PullFact) -> Iterator[Link]:
    """Everything that speaks against merging a pull request, where `gate.rule` names only the first."""
    if fact.merged:
        return
    if fact.state != "open":
        kind: LinkKind = "gone" if fact.state == "gone" else "closed"
        yield Link(task=task, kind=kind, who="write", where=repo, command=f"/lockstep retry {task}")
        return
    if not fact.base_ok:
        yield Link(task=task, kind="base", who="write", where=repo, names=(fact.base_ref,))
    if fact.held:
        yield Link(task=task, kind="label", who="triage", where=repo)
    if fact.draft:
        yield Link(task=task, kind="draft", who="write", where=repo)
    if fact.mergeable is False:
        yield Link(task=task, kind="conflict", who="write", where=repo, command=f"/lockstep retry {task}")
    yield from _of_checks(task, repo, fact)
    yield from _of_others(task, repo, fact)


def _of_others(task: str, repo: str, fact: PullFact) -> Iterator[Link]:
    if fact.objections:
        yield Link(task=task, kind="objections", who="reviewers", where=repo, names=fact.objections)
    elif fact.mergeable_state == "blocked" and not fact.gate_closed:
        yield Link(task=task, kind="protected", who="write", where=repo)
    elif fact.mergeable_state == "behind":
        yield Link(task=task, kind="behind", who="lockstep", where=repo)
    if fact.frozen:
        who: Who = "write" if fact.frozen == UNREADABLE else "lockstep"
        yield Link(task=task, kind="frozen", who=who, where=repo, text=fact.frozen)


def _once(names: Iterable[str]) -> tuple[str, ...]:
    """Of checks: a workflow for pushes and one for pull requests may call theirs the same."""
    return tuple(dict.fromkeys(names))


def _of_checks(task: str, repo: str, fact: PullFact) -> Iterator[Link]:
    theirs = [check for check in fact.checks if not check.ours]
    failed = _once(check.name for check in theirs if check.status == "completed" and check.conclusion not in PASSED)
    pending = _once(check.name for check in theirs if check.status != "completed")
    if failed:
        again = f"/lockstep retry {task}"
        yield Link(task=task, kind="checks_failed", who="write", where=repo, names=failed, command=again)
    if pending:
        yield Link(task=task, kind="checks_pending", who="checks", where=repo, names=pending)
    if failed or pending:
        return
    is_waited = fact.grace_left > 0 or (not theirs and not fact.checks_none and fact.has_workflows)
    if is_waited and fact.checks_overdue and not fact.from_fork:
        yield Link(task=task, kind="checks_overdue", who="write", where=repo)
    elif is_waited:
        yield Link(task=task, kind="checks_starting", who="checks", where=repo)
    elif not theirs and not fact.checks_none:
        yield Link(task=task, kind="checks_none", who="write", where=repo)
    elif fact.suites_open:
        yield Link(task=task, kind="checks_rest", who="checks", where=repo)
