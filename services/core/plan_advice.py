"""What is allowed in a plan but probably not meant: warnings that are shown before the approval and stop nothing.

They are given for checked plans only.
"""

from collections import Counter
from collections.abc import Collection

import msgspec

from services.core import graph, overlap
from services.core.elsewhere import ACTIONS, ELSEWHERE
from services.core.plan import Parsed, Plan, Task
from services.core.plan_text import quote
from services.core.problems import Findings, Spot

LONG_CHAIN = 8
SET_ONE = "Whoever runs this Lockstep sets `LOCKSTEP_MODEL`; until then such tasks come to a person."
RESERVED = frozenset({"all", "failed"})


def advise(plan: Plan, findings: Findings) -> None:
    """Note every warning about a plan that has no errors."""
    _long_chain(plan, findings)
    _lone_groups(plan, findings)
    _groups(plan, findings)
    _reserved(plan, findings)
    _elsewhere(plan, findings)
    for pair in overlap.pairs(plan, overlap.MOST_TOLD):
        findings.add(overlap.KIND, overlap.message(*pair), _spot(pair[1]))


def with_agents(parsed: Parsed, agents: Collection[str], without_model: Collection[str] = ()) -> Parsed:
    """The plan with a warning for each task that names none of these agents, which are all there are, and for each of
    those that ask a model where none is set.
    """
    if parsed.plan is None:
        return parsed
    findings = Findings()
    for task in parsed.plan.tasks:
        if task.agent not in agents:
            hint = findings.suggest(task.agent, agents) or f" There are {', '.join(map(quote, sorted(agents)))}."
            message = f"{quote(task.id)} names the agent {quote(task.agent)}, which is not known here.{hint}"
            findings.add("unknown_agent", message, _spot(task))
    for agent in sorted(without_model):
        tasks = [task for task in parsed.plan.tasks if task.agent == agent and not task.done]
        if tasks:
            which = quote(tasks[0].id) if len(tasks) == 1 else f"{quote(tasks[0].id)} and {len(tasks) - 1:,} more"
            message = f"{quote(agent)} ({which}) asks a model, and none is set here. {SET_ONE}"
            findings.add("no_model", message, _spot(tasks[0]))
    return msgspec.structs.replace(parsed, problems=(*parsed.problems, *findings.listed()))


def _spot(task: Task) -> Spot:
    return Spot("", task.line, 1)


def _long_chain(plan: Plan, findings: Findings) -> None:
    path = graph.critical_path(plan)
    if len(path) >= LONG_CHAIN and len(path) * 4 >= len(plan.tasks) * 3:
        chain = f"{len(path)} of {len(plan.tasks)} tasks wait for each other in one line"
        findings.add(
            "long_chain",
            f"{chain}, from {quote(path[0])} to {quote(path[-1])}; remove needs that are only habit.",
            _spot(plan.by_id[path[0]]),
        )


def _lone_groups(plan: Plan, findings: Findings) -> None:
    members = Counter(task.group for task in plan.tasks)
    for task in plan.tasks:
        if task.group and members[task.group] == 1:
            message = f"{quote(task.id)} is alone in its group {quote(task.group)}, so the group changes nothing."
            findings.add("lone_group", message, _spot(task))


def _groups(plan: Plan, findings: Findings) -> None:
    for name, members in plan.groups.items():
        tasks = [plan.by_id[member] for member in members]
        said = {task.rollback.strip().lower() for task in tasks}
        if {"revert", "forward"} <= said:
            message = f"The group {quote(name)} says both `revert` and `forward`; `revert` counts."
            findings.add("group_rollback", message, _spot(tasks[0]))
        for task in tasks:
            near = [need for need in task.needs if need in members and plan.by_id[need].repo == task.repo]
            if near:
                message = (
                    f"{quote(task.id)} needs {quote(near[0])} in the same group and repository. Both are worked on "
                    "before either has merged, so it does not see that work; make them one task."
                )
                findings.add("group_apart", message, _spot(task))


def _elsewhere(plan: Plan, findings: Findings) -> None:
    for task in plan.tasks:
        if task.budget and task.agent in ELSEWHERE:
            message = f"The `budget` of {quote(task.id)} bounds nothing: what `{task.agent}` costs, GitHub counts."
            findings.add("budget_unused", message, _spot(task))
        if task.workflow and task.agent != ACTIONS:
            message = f"{quote(task.id)} names a `workflow`, which only the agent `actions` starts."
            findings.add("workflow_unused", message, _spot(task))


def _reserved(plan: Plan, findings: Findings) -> None:
    for task in plan.tasks:
        if task.id.lower() in RESERVED:
            word = task.id.lower()
            message = f"`{task.id}` is also a word of the commands (`/lockstep retry {word}`); another id is clearer."
            findings.add("reserved_id", message, _spot(task))
