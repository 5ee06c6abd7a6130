"""What a plan takes from the owner's set of repositories: which of them are closed, and, where the set says so, their
order. Nothing can be done in one that is archived either.

The order only fills a gap: a task that states needs keeps exactly those. One that states none waits for what its
repository depends on, that is for the last tasks there, which no other task of that repository needs; and no need is
added that would close a circle. All that is added, and what is deployed, stands in the plan like a stated need: it is
shown, it is part of the hash, so it is approved, and what runs is that. A change of the set makes another text, which
nobody has approved.
"""

from collections.abc import Collection, Iterable, Mapping

import msgspec

from services.core.follow_ups import followed
from services.core.plan import Parsed, Plan, Task
from services.core.plan_rules import refuse_group_circle
from services.core.plan_text import quote
from services.core.problems import Findings, Spot
from services.core.reposet import RepoSet, is_home
from services.core.reposet_read import ReadSet

MOST_ADDED = 5_000
"""Needs that are added to one plan."""
MAX_STEPS = 2_000_000
"""Bounds the search for circles, in needs that are followed."""
MOST_NAMED = 10
TOO_MANY = "The order of repositories would add too many needs to this plan; state `needs` in its tasks."
BROKEN = (
    "The owner's `repositories.yaml` can't be read, so it is not known what has to go first, and where tasks belong "
    "that name no repository; the check `lockstep/config` on its last commit says what to correct."
)


def in_set(
    parsed: Parsed, read: ReadSet, archived: Collection[str] = (), open_to: Mapping[str, str] | None = None
) -> Parsed:
    """The plan as it is in this set of repositories, and what speaks against it there. archived: those of its
    repositories that are.  open_to: where follow-ups may stand.
    """
    findings = Findings()
    for task in parsed.tasks:
        if task.repo in archived:
            message = f"{quote(task.repo, 140)} is archived, so nothing can be changed there; name another repository."
            findings.add("archived_repo", message, Spot("", task.line, 1))
    if read.found is None:
        many = read.inherit is not False and len({task.repo for task in parsed.tasks}) > 1
        if many or any(is_home(task.repo) for task in parsed.tasks):
            findings.add("broken_set", BROKEN)
        return _with(parsed, findings, parsed.plan)
    _refuse_closed(parsed.tasks, read.found, findings)
    plan = parsed.plan
    if plan is not None and read.found.follow_up and open_to:
        plan = followed(plan, read.found, open_to, findings)
    if plan is not None and read.found.inherit:
        plan = _ordered(plan, read.found, findings)
    if plan is not None:
        plan = _deploying(plan, read.found, findings)
    return _with(parsed, findings, plan)


def _with(parsed: Parsed, findings: Findings, plan: Plan | None) -> Parsed:
    noted = findings.listed()
    if not noted:
        return parsed
    problems = sorted((*parsed.problems, *noted), key=lambda each: each.severity == "warning")
    if findings.failed or plan is None:
        return msgspec.structs.replace(parsed, plan=None, problems=tuple(problems))
    return Parsed(plan=plan, problems=tuple(problems), tasks=plan.tasks)


def _deploying(plan: Plan, found: RepoSet, findings: Findings) -> Plan:
    """The plan, which knows where what merges is to be deployed."""
    named = {task.repo: found.by_repo.get(task.repo.lower()) for task in plan.tasks}
    there = tuple(sorted(repo for repo, member in named.items() if member is not None and member.auto_deploy))
    if not there:
        return plan
    shown = ", ".join(quote(repo, 140) for repo in there[:MOST_NAMED])
    more = f" and {len(there) - MOST_NAMED} more" if len(there) > MOST_NAMED else ""
    message = f"What merges in {shown}{more} is deployed, because `repositories.yaml` says `auto_deploy`."
    findings.add("deploys", message)
    return Plan(title=plan.title, tasks=plan.tasks, apart=plan.apart, stacked=plan.stacked, deploys=there)


def is_ordered(parsed: Parsed) -> bool:
    """Is the plan's text not its author's alone, but also the set's?"""
    return any(problem.kind in {"implied_needs", "deploys"} for problem in parsed.problems)


def _refuse_closed(tasks: Iterable[Task], found: RepoSet, findings: Findings) -> None:
    for task in tasks:
        member = found.by_repo.get(task.repo.lower())
        if member is not None and not member.enabled:
            findings.add("closed_repo", closed(task.repo), Spot("", task.line, 1))


def closed(repo: str) -> str:
    """Why nothing is done in a repository."""
    return f"{quote(repo, 140)} is closed to Lockstep: `automation.enabled` is `false` for it in `repositories.yaml`."


class _Needs:
    """The needs of all tasks while some are added. waiting: id -> ids that need it."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self.of = {task.id: list(task.needs) for task in tasks}
        self.waiting: dict[str, list[str]] = {task_id: [] for task_id in self.of}
        for task_id, needs in self.of.items():
            for need in needs:
                self.waiting[need].append(task_id)
        self.steps = MAX_STEPS
        self.added = 0

    def behind(self, task_id: str) -> set[str]:
        """All that wait for it, and it itself."""
        found, left = {task_id}, [task_id]
        while left and self.steps > 0:
            for other in self.waiting[left.pop()]:
                self.steps -= 1
                if other not in found:
                    found.add(other)
                    left.append(other)
        return found

    def add(self, task_id: str, need: str) -> None:
        self.of[task_id].append(need)
        self.waiting[need].append(task_id)
        self.added += 1


def _ordered(plan: Plan, found: RepoSet, findings: Findings) -> Plan | None:
    """The plan with the needs that the order of repositories adds; None when those are too many."""
    names = {task.id: member.name for task in plan.tasks if (member := found.by_repo.get(task.repo.lower()))}
    last: dict[str, list[str]] = {}
    needed = {(names.get(task.id), need) for task in plan.tasks for need in task.needs}
    for task in sorted(plan.tasks, key=lambda each: each.id):
        if task.id in names and (names[task.id], task.id) not in needed:
            last.setdefault(names[task.id], []).append(task.id)
    needs, left_out = _Needs(plan.tasks), []
    for task in sorted(plan.tasks, key=lambda each: each.id):  # the order of tasks counts for nothing in a plan
        if task.needs or task.id not in names:
            continue
        before = [each for name in found.before(names[task.id], last) for each in last[name]]
        behind = needs.behind(task.id) if before else set()
        for each in before:
            if each in behind:
                left_out.append((task.id, each))
            else:
                needs.add(task.id, each)
        if needs.added > MOST_ADDED or needs.steps <= 0:
            findings.add("too_large", TOO_MANY)
            return None
    changed = [task for task in plan.tasks if len(needs.of[task.id]) > len(task.needs)]
    if not changed and not left_out:
        return plan
    _tell(changed, needs, left_out, findings)
    whole = [msgspec.structs.replace(task, needs=tuple(needs.of[task.id])) for task in plan.tasks]
    if refuse_group_circle(whole, findings):
        return None
    return Plan(title=plan.title, tasks=tuple(whole))


def _tell(changed: list[Task], needs: _Needs, left_out: list[tuple[str, str]], findings: Findings) -> None:
    if changed:
        told = [f"{quote(task.id)} needs {_named(needs.of[task.id])}" for task in changed[:MOST_NAMED]]
        more = f", and {len(changed) - MOST_NAMED} more tasks" if len(changed) > MOST_NAMED else ""
        message = f"Added by the order of repositories, for tasks that state no needs: {'; '.join(told)}{more}."
        findings.add("implied_needs", message)
    if left_out:
        told = [f"{quote(need)} waits for {quote(task)}" for task, need in left_out[:MOST_NAMED]]
        message = f"Against the order of repositories, as the plan states it: {'; '.join(told)}."
        findings.add("implied_needs", message)


def _named(ids: list[str]) -> str:
    more = f" and {len(ids) - MOST_NAMED} more" if len(ids) > MOST_NAMED else ""
    return ", ".join(quote(each) for each in ids[:MOST_NAMED]) + more
