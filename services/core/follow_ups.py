"""Follow-ups in plans that people write: where the owner's set says so, work in a repository brings about a task in
each that it triggers.

As in a flow, a follow-up is part of the plan: it is shown, it is in the text that is approved, and it is carried out
once. It waits for the last tasks of what triggers it. A repository that the plan works in anyway gets none, and what a
follow-up triggers in turn is not followed.
"""

from collections.abc import Mapping

from services.core.plan import MAX_TASKS, MAX_TITLE, PERSON, Plan, Task
from services.core.plan_text import quote
from services.core.problems import Findings
from services.core.reposet import Member, RepoSet

MOST_NAMED = 10


def followed(plan: Plan, found: RepoSet, open_to: Mapping[str, str], findings: Findings) -> Plan:
    """The plan with its follow-ups. open_to: repositories in which one may stand, by name in lower case, each as GitHub
    spells it.
    """
    there = {task.repo.lower() for task in plan.tasks}
    added: list[Task] = []
    for target, causes in _triggered(plan, found).items():
        member = found.by_name[target]
        spelled = open_to.get(member.repo.lower(), "")
        if spelled and member.enabled and member.repo.lower() not in there:
            added.append(_task(plan, member, spelled, causes))
    if not added or len(plan.tasks) + len(added) > MAX_TASKS:
        return plan
    told = [f"{quote(task.id)} ({task.repo}) after {_named(task.needs)}" for task in added[:MOST_NAMED]]
    more = f", and {len(added) - MOST_NAMED} more" if len(added) > MOST_NAMED else ""
    message = f"Follow-ups, because `repositories.yaml` says that work here triggers them: {'; '.join(told)}{more}."
    findings.add("implied_tasks", message)
    return Plan(title=plan.title, tasks=(*plan.tasks, *added), apart=plan.apart)


def _triggered(plan: Plan, found: RepoSet) -> dict[str, list[str]]:
    """Names of what is triggered, each with the last tasks of the repositories that do."""
    needed = {need for task in plan.tasks for need in task.needs}
    causes: dict[str, list[str]] = {}
    for task in sorted(plan.tasks, key=lambda each: each.id):  # the order of tasks counts for nothing in a plan
        member = found.by_repo.get(task.repo.lower())
        if member is None or task.done:
            continue
        is_last = task.id not in needed or not any(
            task.id in other.needs and other.repo == task.repo for other in plan.tasks
        )
        for name in member.triggers if is_last else ():
            causes.setdefault(name, []).append(task.id)
    return causes


def _task(plan: Plan, member: Member, repo: str, causes: list[str]) -> Task:
    taken = {task.id.lower() for task in plan.tasks}
    name = f"{member.name[:50]}-follow-up" if member.name.lower() in taken else member.name
    title = f"Follow up: {plan.title or plan.by_id[causes[0]].title}"[:MAX_TITLE]
    return Task(id=name, title=title, repo=repo, needs=tuple(causes), agent=member.agent or PERSON)


def _named(ids: tuple[str, ...]) -> str:
    more = f" and {len(ids) - MOST_NAMED} more" if len(ids) > MOST_NAMED else ""
    return ", ".join(quote(each) for each in ids[:MOST_NAMED]) + more
