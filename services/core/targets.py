"""Which tasks a command means: `all`, `failed`, a task id, `owner/repo`, or `owner/repo#n` for its issue or pull
request.
"""

from collections.abc import Collection, Iterable

from services.core import groups
from services.core.board import Run
from services.core.plan import PERSON
from services.core.task_state import ENDED, STUCK
from services.core.text import code
from services.errors import UserError


def chosen(run: Run, targets: Iterable[str]) -> list[str]:
    """Ids of the tasks meant, each once; UserError names a target that fits nothing."""
    found: dict[str, None] = {}
    for target in targets:
        found.update(dict.fromkeys(_meant(run, target)))
    return list(found)


def only(run: Run, targets: Iterable[str]) -> str:
    """The one task that is meant; UserError when it is none, or several."""
    found = chosen(run, targets)
    if not found:
        raise UserError("No task is meant by that; name one task of this plan.")
    if len(found) > 1:
        names = ", ".join(f"`{task_id}`" for task_id in found[:5])
        raise UserError(f"That means {len(found)} tasks ({names}{', …' * (len(found) > 5)}); name one of them.")
    return found[0]


def to_retry(run: Run, targets: Iterable[str]) -> list[str]:
    """The same for a retry: a task that was left out on purpose, or is with a person, is only taken up when it is meant
    itself, not with all of its plan or repository; one whose need is taken back is not.
    """
    asked = list(targets)
    alone = _alone(run, asked)
    return _not_lost(run, [each for each in chosen(run, asked) if each in alone or _may_be_retried(run, each)], alone)


def to_recreate(run: Run, targets: Iterable[str]) -> list[str]:
    """The same for a pull request that is made anew."""
    asked = list(targets)
    return _not_lost(run, chosen(run, asked), _alone(run, asked))


def _alone(run: Run, asked: Iterable[str]) -> set[str]:
    """Those that are meant themselves."""
    return {task_id for target in asked for task_id in _meant(run, target) if _is_one(run, target)}


def _not_lost(run: Run, ids: list[str], alone: set[str]) -> list[str]:
    """Those of the tasks that are not taken back, and need nothing that is; UserError names one that is meant alone."""
    back = {each: need for each in ids for need in run.plan.by_id[each].needs if _is_lost(run, need)}
    if found := next((each for each in ids if each in back and each in alone), ""):
        raise UserError(f"`{found}` needs `{back[found]}`, which is taken back; write both into a new plan.")
    lost = {each for each in ids if _is_taken_back(run, each)}
    if found := next((each for each in ids if each in lost and each in alone), ""):
        raise UserError(f"`{found}` belongs to a group that is taken back; write it into a new plan.")
    return [each for each in ids if each not in back and each not in lost]


def _may_be_retried(run: Run, task_id: str) -> bool:
    return run.tasks[task_id].state != "skipped" and not is_with_a_person(run, task_id)


def is_with_a_person(run: Run, task_id: str) -> bool:
    """Does it stand still because a person does it?"""
    task = run.tasks[task_id]
    is_theirs = bool(task.assignee) or (run.plan.by_id[task_id].agent == PERSON and not task.heads)
    return task.state == "needs_human" and is_theirs


def asking(run: Run, targets: Iterable[str], agents: Collection[str]) -> tuple[list[str], list[str]]:
    """Ids of the tasks meant that these agents do, which ask models, and of the rest; UserError where one of the rest
    is named itself, or nothing else is meant.
    """
    asked = list(targets)
    ids = chosen(run, asked)
    fit = [each for each in ids if run.plan.by_id[each].agent in agents]
    rest = [each for each in ids if each not in fit]
    named = _alone(run, asked)
    if found := next((each for each in rest if each in named), ""):
        agent = code(run.plan.by_id[found].agent)
        raise UserError(f"`{found}` is done by {agent}, which asks no model; nothing has been changed.")
    if rest and not fit:
        raise UserError("None of those tasks is done by an agent that asks models; nothing has been changed.")
    return fit, rest


def _is_lost(run: Run, need: str) -> bool:
    return bool(run.tasks[need].revert) or _is_taken_back(run, need)


def _is_taken_back(run: Run, task_id: str) -> bool:
    """Does it belong to a group that is taken back?"""
    return groups.barrier_of(run, groups.name_of(run, task_id)).phase == "reverting"


def to_take_back(run: Run, targets: Iterable[str]) -> list[str]:
    """Of the tasks meant, those that have merged something; UserError when something that needs it would stay."""
    ids = [each for each in chosen(run, targets) if run.tasks[each].merge_sha and not run.tasks[each].revert]
    together = {name for each in ids if (name := groups.name_of(run, each))}
    for spec in run.plan.tasks:
        state = run.tasks[spec.id]
        needed = next((need for need in spec.needs if need in ids), "")
        if spec.id in ids or state.revert:
            continue
        if (name := groups.name_of(run, spec.id)) in together:
            if state.merge_sha:
                raise UserError(f"`{spec.id}` has merged with its group: name it too, or say `/lockstep rollback all`.")
            continue  # the rest of it is not merged any more then
        if not needed:
            continue
        if state.merge_sha:
            raise UserError(
                f"`{spec.id}` needs `{needed}` and has merged: name it too, or say `/lockstep rollback all`."
            )
        if state.state not in ENDED:
            raise UserError(f"`{spec.id}` needs `{needed}` and is not over: `/lockstep cancel {spec.id}` first.")
    return ids


def _meant(run: Run, target: str) -> list[str]:
    lower = {task_id.lower(): task_id for task_id in run.tasks}
    if target == "all":
        return list(run.tasks)
    if target == "failed":
        return [task.id for task in run.tasks.values() if task.state in STUCK]
    if target.lower() in lower:
        return [lower[target.lower()]]
    found = [task.id for task in run.plan.tasks if target.lower() in _places(run, task.id)]
    if not found:
        raise UserError(f"`{target}` is no task of this plan; name a task id, `owner/repo`, `failed` or `all`.")
    return found


def _is_one(run: Run, target: str) -> bool:
    """Does the target name one task rather than a set of them?"""
    return target not in {"all", "failed"} and target.lower() not in {repo.lower() for repo in run.plan.repos}


def is_place(run: Run, target: str) -> bool:
    """Is it the repository, the issue or the pull request of a task?"""
    return any(target.lower() in _places(run, task_id) for task_id in run.tasks)


def _places(run: Run, task_id: str) -> set[str]:
    repo, state = run.plan.by_id[task_id].repo, run.tasks[task_id]
    return {repo.lower(), f"{repo}#{state.pull}".lower(), f"{repo}#{state.issue}".lower()}
