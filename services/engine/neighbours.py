"""The plans beside a plan: what others have under way in its repositories that may change the same files.

It is said when the plan is read, so before anybody approves it, and keeps nobody waiting: plans are of different
people, who can agree. Which tasks are under way where is known from the keys they wait on. Another plan is named only
where it stands in the same repository or in a public one, as nobody has asked whether the author may read others. For
the same reason nothing is told in public of what goes on in a private repository: not even which of its files change.
"""

import msgspec

from services.core import overlap
from services.core.names import issue_key
from services.core.overlap import Neighbour
from services.core.plan import Parsed, Problem
from services.engine.hidden import hidden_in, is_private
from services.engine.parts import Parts
from services.engine.readable import Readable

MOST_PLANS = 10
"""Other plans that are looked at, and repositories of the plan in which they are looked for."""
MOST_REPOS = 50


async def beside(parts: Parts, place: str, parsed: Parsed) -> Parsed:
    """The plan at this place, with a warning for each task that may meet one of another plan."""
    others = await _others(parts, place, parsed) if parsed.plan is not None else []
    if parsed.plan is None or not others:
        return parsed
    hidden = await hidden_in(parts.github.reads, place.partition("#")[0], [each.task.repo for each in others])
    tasks = [task for task in parsed.plan.tasks if task.paths and task.repo not in hidden]
    found = list(overlap.among(tasks, others))[: overlap.MOST_TOLD]
    told = [
        Problem(kind=overlap.OTHERS, message=overlap.told_of(*each), line=each[0].line, column=1, severity="warning")
        for each in found
    ]
    return msgspec.structs.replace(parsed, problems=(*parsed.problems, *told)) if told else parsed


async def _others(parts: Parts, place: str, parsed: Parsed) -> list[Neighbour]:
    """Open tasks of other plans in the repositories in which this one says what it changes."""
    repos = sorted({task.repo for task in parsed.tasks if task.paths})[:MOST_REPOS]
    waiting: dict[str, set[str]] = {}
    for repo in repos:
        for plan_id, run_id, task_id in await parts.runs.waiting_in(issue_key(repo, 0)[:-1]):
            if plan_id != place and (run_id in waiting or len(waiting) < MOST_PLANS):
                waiting.setdefault(run_id, set()).add(task_id)
    readable = Readable()
    runs = [run for run_id in waiting if (run := await readable.of(parts.runs.load(run_id))) is not None]
    found = []
    for run in runs:
        is_open = run.repo == place.partition("#")[0] or not await is_private(parts.github.reads, run.repo)
        shown = f"{run.repo}#{run.number}" if is_open else ""
        known = [each for task_id in sorted(waiting[run.id]) if (each := run.known(task_id)) is not None]
        found += [Neighbour(place=shown, task=task, changed=state.changed) for task, state in known]
    return found
