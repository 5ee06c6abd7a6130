"""A workflow of the target repository that does a task's work, for the agent `actions`.

It is the one on the default branch, started with the branch on which it is to leave its work, and named after a mark
that it is given, by which it is found after a lost answer. The commit it began with is GitHub's word, and what it left
has to be on top of that.
"""

from datetime import timedelta

import msgspec

from services.agents.coder import check_said, paths_rule
from services.agents.log import clean_log
from services.agents.prompting import prompt
from services.core.elsewhere import ACTIONS, Away
from services.core.integration import mark
from services.core.messages import away as words
from services.core.names import result_branch
from services.core.plan import Task
from services.core.task_state import TaskState
from services.engine import keyless
from services.engine.configs import config_of
from services.engine.orders import Order, Result
from services.engine.outcome import Outcome, for_a_person, sent
from services.engine.parts import Parts
from services.errors import NotFound, Refused, Unreachable
from services.store.outbox import Due

MOST_LOG = 200_000


async def workflow_of(parts: Parts, task: Task) -> str:
    """The workflow that does the task, "" where none is named."""
    return task.workflow or (await config_of(parts.github.reads, task.repo)).workflow


async def start(parts: Parts, task: Task, state: TaskState, due: Due, order: Order, place: str) -> Outcome:
    """Start it, or find it started. place: the plan's, as far as it may be named there."""
    try:
        workflow = await workflow_of(parts, task)
        branch = (await parts.github.reads.repository(task.repo)).default_branch
    except Unreachable as lost:
        made = keyless.away(due, lost)
        return _later(made) if isinstance(made, Outcome) else _nobody_knows(state, "", made)
    if not workflow:
        return for_a_person(state.fence, words.NO_WORKFLOW)
    name, began = mark(due.action.key), parts.clock.now()

    async def tell() -> str:
        given = {
            "lockstep": name,
            "task": task.id,
            "plan": place,
            "branch": branch_of(order),
            "prompt": asked(order),
        }
        return await parts.github.writes.start_workflow(task.repo, workflow, branch, given)

    async def find() -> str:
        return await parts.github.reads.run_named(task.repo, workflow, name, since=keyless.since(due))

    try:
        made = await keyless.once(due, tell, find)
    except (Refused, NotFound) as refused:
        return for_a_person(state.fence, words.not_started(workflow, refused.message))
    if isinstance(made, Outcome):
        return _later(made)
    if made.why:
        return _nobody_knows(state, workflow, made)
    away = Away(agent=ACTIONS, fence=state.fence, until=began + timedelta(seconds=task.timeout), run=made.run)
    return sent(away, words.at_workflow(workflow, made.run))


def _later(made: Outcome) -> Outcome:
    """It holds no place on this machine until then."""
    return msgspec.structs.replace(made, is_away=True)


def _nobody_knows(state: TaskState, workflow: str, made: keyless.Ended) -> Outcome:
    return for_a_person(state.fence, words.not_followed(workflow, made.why))


async def look(parts: Parts, task: Task, away: Away, order: Order) -> Order | Outcome | Result | None:
    """What came of it, None while it is under way."""
    workflow, reads = await workflow_of(parts, task), parts.github.reads
    found = await reads.workflow_run(task.repo, away.run)
    if found.status != "completed":
        return None
    if found.conclusion == "success":
        return msgspec.structs.replace(order, source=branch_of(order), since=found.head_sha)
    if found.conclusion == "cancelled":
        return for_a_person(order.fence, words.was_cancelled(workflow))
    kind = "timed_out" if found.conclusion == "timed_out" else "failed"
    log = await _log(parts, task.repo, away.run)
    reason = words.ended(workflow, found.conclusion)
    return Result(kind=kind, fence=order.fence, reason=reason, log=log)  # type: ignore[arg-type]


async def recall(parts: Parts, task: Task, key: str, run: str = "") -> bool:
    """Cancel the run that was started for this attempt; False when none is found."""
    try:
        if not run and (workflow := await workflow_of(parts, task)):
            run = await parts.github.reads.run_named(task.repo, workflow, mark(key))
        if run:
            await parts.github.writes.cancel_workflow(task.repo, run)
    except NotFound:
        return True  # the workflow is there no more, or the run was deleted
    return bool(run)


def branch_of(order: Order) -> str:
    """Where the workflow is to leave its work."""
    return result_branch(order.run_id, order.task.id, order.attempt)


def asked(order: Order) -> str:
    """What is to be done, and with what in mind: our words, and between marks those of others."""
    task = order.task
    system, turn = prompt("away").filled(
        repo=task.repo,
        paths=paths_rule(task),
        places="\n".join(task.paths),
        check=check_said(task, words.CHECK),
        title=task.title,
        body=task.body,
        prompt=task.prompt,
        note=order.note,
        lessons=order.lessons,
        past=order.past,
        verify=task.verify,
    )
    return f"{system}\n\n{turn}".replace("\0", "")


async def _log(parts: Parts, repo: str, run: str) -> str:
    """The end of what the job that failed has printed, as far as that can be had."""
    try:
        job = await parts.github.reads.failed_job(repo, run)
        said = await parts.github.reads.job_log(repo, job) if job else b""
    except (NotFound, Refused):
        return ""
    return clean_log(said[-MOST_LOG:]).decode("utf-8", "ignore")
