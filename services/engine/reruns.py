"""Running the failed jobs of a pull request's checks once more.

GitHub counts the attempts of a workflow run: what has another one since the job failed was run again already, by us
before a crash or by a person, and is left alone.
"""

from services.core.messages import notes, reasons
from services.core.plan import Task
from services.core.repair import failed
from services.core.repairs import Repair
from services.core.task_state import Happening, TaskState
from services.engine.outcome import Outcome
from services.engine.parts import Parts
from services.errors import NotFound, Refused
from services.store.outbox import Due

UNDER_WAY = 15.0
"""Seconds until it is looked whether the rest of a run has ended; before that GitHub runs nothing of it again."""


async def rerun(parts: Parts, task: Task, state: TaskState, due: Due) -> Outcome:
    """Do what the newest repair says, not before its time."""
    repair = state.repairs[-1] if state.repairs else None
    if repair is None or repair.came or not due.action.key.endswith(f"/{repair.sha}-{repair.n}"):
        return Outcome(note=notes.NOT_WANTED)
    rest = (repair.due - parts.clock.now()).total_seconds() if repair.due is not None else 0.0
    if rest > 0:
        return Outcome(again_in=rest, free=True)
    try:
        is_done = await _rerun(parts, task.repo, repair)
    except (Refused, NotFound) as refused:
        text = reasons.not_run_again(failed(repair), refused.message)
        return Outcome(happened=(Happening(kind="handed", text=text, fence=state.fence),))
    return Outcome(look=True) if is_done else Outcome(again_in=UNDER_WAY, free=True)


async def _rerun(parts: Parts, repo: str, repair: Repair) -> bool:
    """False when a part of it has to wait."""
    reads, is_done = parts.github.reads, True
    attempts: dict[str, int] = {}
    for job_id in repair.about:
        job = await reads.job(repo, job_id)
        attempts[job.run_id] = max(attempts.get(job.run_id, 0), job.attempt)
    for run_id, attempt in attempts.items():
        run = await reads.workflow_run(repo, run_id)
        if run.attempt > attempt:
            continue
        if run.status != "completed":
            is_done = False
            continue
        try:
            await parts.github.writes.rerun_failed(repo, repair.sha, run_id)
        except Refused as refused:
            if "already running" not in refused.message:
                raise
            is_done = False
    return is_done
