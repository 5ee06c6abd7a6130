"""Where a comment stands: on a plan's issue, or on the tracking issue or pull request of one of its tasks.

A task that is not over waits for what happens in its places, so the store knows them. Of one that is over only the mark
in the issue or pull request says whose it is; anybody can write such a mark, so it counts only where the stored task
has that very number.
"""

import re

import msgspec

from services.core import names
from services.core.board import Run
from services.core.task_state import TaskState
from services.engine.hidden import hidden_in
from services.engine.parts import Parts
from services.engine.readable import Readable

_MARK = re.compile(r"<!-- lockstep:key=([A-Za-z0-9/._-]{3,300}) -->")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The plan that is meant, and the task whose place it is, "" on the plan's own issue; `hidden`: repositories of
    which nothing may be told there; `pull`: the task's pull request, where it was asked for.
    """

    repo: str
    number: int
    task: str = ""
    hidden: frozenset[str] = frozenset()
    pull: int = 0


async def place_of(parts: Parts, repo: str, number: int, body: str) -> Place:
    """`body` is the text of the issue or pull request; what is no task's place is taken for a plan's. Unreadable when
    it is one of a run that can't be read, as far as is known.
    """
    runs = Readable()
    found = await _waiting(parts, runs, repo, number) or await _marked(parts, runs, repo, number, body)
    run, task = found or await _related(parts, runs, repo, number) or (None, "")
    if run is None:
        run = await parts.runs.of_plan(f"{repo}#{number}")
    if run is None:
        if runs.missed is not None and await parts.plans.get(f"{repo}#{number}") is None:
            raise runs.missed
        return Place(repo=repo, number=number)
    hidden = await hidden_in(parts.github.reads, repo, (run.repo, *run.plan.repos))
    return Place(repo=run.repo, number=run.number, task=task, hidden=hidden)


async def place_of_check(parts: Parts, repo: str, external_id: str) -> Place | None:
    """The task whose check run one of ours is; None when it is none's, or of a run that is not the plan's newest."""
    run_id, _, task_id = external_id.rpartition("/")
    found = await _newest(parts, Readable(), repo, run_id, task_id)
    if found is None or not found[1].pull:
        return None
    run, state = found
    hidden = await hidden_in(parts.github.reads, repo, (run.repo, *run.plan.repos))
    return Place(repo=run.repo, number=run.number, task=task_id, hidden=hidden, pull=state.pull)


async def _waiting(parts: Parts, runs: Readable, repo: str, number: int) -> tuple[Run, str] | None:
    keys = (names.issue_key(repo, number), names.pull_key(repo, number))
    for plan_id, run_id, task in reversed(await parts.runs.waiting_on(keys)):
        run = await runs.of(parts.runs.of_plan(plan_id))
        if run is not None and run.id == run_id:
            return run, task
    return None


async def _marked(parts: Parts, runs: Readable, repo: str, number: int, body: str) -> tuple[Run, str] | None:
    for mark in _MARK.findall(body):
        run_id, *rest = mark.rsplit("/", 3)
        found = await _newest(parts, runs, repo, run_id, rest[0]) if len(rest) == 3 else None
        if found is not None and number in {found[1].issue, found[1].pull}:
            return found[0], found[1].id
    return None


async def _related(parts: Parts, runs: Readable, repo: str, number: int) -> tuple[Run, str] | None:
    """A sub-issue that is a task of a plan, whatever has become of that."""
    for home, plan in await parts.plans.related(names.issue_key(repo, number)):
        run = await runs.of(parts.runs.of_plan(f"{home}#{plan}"))
        for task in run.plan.tasks if run is not None else ():
            if run is not None and task.issue == number and task.repo.lower() == repo.lower():
                return run, task.id
    return None


async def _newest(parts: Parts, runs: Readable, repo: str, run_id: str, task_id: str) -> tuple[Run, TaskState] | None:
    """The run with that name and its task in this repository, unless the plan has had another run since."""
    run = await runs.of(parts.runs.load(run_id)) if run_id else None
    state = run.tasks.get(task_id) if run is not None else None
    if run is None or state is None or run.plan.by_id[task_id].repo.lower() != repo.lower():
        return None
    newest = await runs.of(parts.runs.of_plan(run.plan_id))
    return (run, state) if newest is not None and newest.id == run.id else None
