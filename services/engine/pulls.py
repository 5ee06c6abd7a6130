"""What people do with pull requests that is meant for a task: doing it themselves, or asking for another attempt."""

from collections.abc import Iterable

import msgspec
import structlog

from services.core.board import Run
from services.core.messages import changes, reasons, refusals, usage
from services.core.names import issue_key
from services.core.pull_text import Remark, issues_named, revision
from services.core.task_state import Happening, TaskState
from services.engine.parts import WRITE, Parts
from services.engine.placed import place_of
from services.engine.readable import Readable
from services.engine.runs import Driver
from services.errors import NotAllowed, NotFound, Refused, UserError

log = structlog.get_logger(__name__)

OPEN = frozenset({"blocked", "ready", "needs_human", "failed"})
"""States in which nobody is at work on a task, so that a person's pull request can be it."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A review that asks something of us: of which task, and what."""

    run_id: str
    task: str
    text: str


async def attach(parts: Parts, driver: Driver, repo: str, number: int, *, is_new: bool = False) -> bool:
    """Take a person's pull request for the work of the task whose tracking issue it names, if nobody else is at it. It
    is open or, is_new, was merged before anybody could look; what is written into it after that says nothing of what
    was merged. Its author must be able to write there, or be whom the task went to: else anybody could stop a task.

    False when another process may conduct such a task.
    """
    try:
        issue = await parts.github.reads.issue(repo, number, fresh=True)
        pull = await parts.github.reads.pull(repo, number)
    except NotFound:
        return True
    default = (await parts.github.reads.repository(repo)).default_branch
    named = issues_named(issue.body, repo)
    if not (pull.state == "open" or (pull.merged and is_new)) or pull.base_ref != default or not named:
        return True
    readable, waiting = Readable(), await parts.runs.waiting_on([issue_key(repo, each) for each in named])
    for plan_id, run_id, task_id in waiting:
        run = await readable.of(parts.runs.of_plan(plan_id)) if parts.runs.holds(plan_id) else None
        task = run.tasks.get(task_id) if run is not None else None
        if run is None or run.id != run_id or task is None or not _is_free(task, named):
            continue
        if pull.merged and number < task.issue:  # it is older than what it is said to do
            continue
        if await _may_do(parts, repo, issue.author, task):
            text = reasons.attached(issue.author, number)
            done = Happening(
                kind="attached", number=number, sha=pull.head_sha, name=issue.author, actor=issue.author, text=text
            )
            await driver.happen(run.id, [(task_id, done)])
            return True
    return all(parts.runs.holds(plan_id) for plan_id, _, _ in waiting)


async def attach_open(parts: Parts, driver: Driver, run: Run, task_ids: Iterable[str]) -> None:
    """Somebody may do these tasks from now on whose pull request was there before: then it is taken at once. No event
    tells of it, and nobody should have to edit their text for that.

    A repository is asked once, and what is refused there is passed over, for the tasks are theirs already.
    """
    issues: dict[str, set[int]] = {}
    for task_id in task_ids:
        if issue := run.tasks[task_id].issue:
            issues.setdefault(run.plan.by_id[task_id].repo, set()).add(issue)
    for repo, mine in issues.items():
        for number in await _naming(parts, repo, mine):
            try:
                await attach(parts, driver, repo, number)
            except (NotFound, Refused) as refused:
                log.info("a pull request is not looked at", repo=repo, number=number, error=str(refused))


async def _naming(parts: Parts, repo: str, issues: set[int]) -> list[int]:
    """The open pull requests that name these issues, each as often as it names one."""
    reads = parts.github.reads
    try:
        pulls = await reads.pulls_into(repo, (await reads.repository(repo)).default_branch, forks=True)
    except (NotFound, Refused) as refused:
        log.info("pull requests can't be listed", repo=repo, error=str(refused))
        return []
    return [pull.number for pull in pulls for _ in issues.intersection(issues_named(pull.body, repo))]


def _is_free(task: TaskState, named: tuple[int, ...]) -> bool:
    return task.state in OPEN and not task.pull and not task.discarding and task.issue in named


async def _may_do(parts: Parts, repo: str, author: str, task: TaskState) -> bool:
    if task.assignee:
        return author.lower() == task.assignee.lower()
    return await parts.github.reads.permission(repo, author, fresh=True) in WRITE


async def asked(parts: Parts, repo: str, number: int, body: str, review_id: str, said: str) -> Asked | None:
    """What this review of a pull request, whose text is `body`, asks of us; None when nothing, or it is not a task's.
    said: the review's own text.
    """
    place = await place_of(parts, repo, number, body)
    run = await parts.runs.of_plan(f"{place.repo}#{place.number}") if place.task else None
    task = run.tasks.get(place.task) if run is not None else None
    if run is None or task is None or task.pull != number:
        return None
    remarks = await parts.github.reads.remarks(repo, number, review_id)
    text = revision(said, [Remark(path=each.path, line=each.line, body=each.body) for each in remarks])
    return Asked(run_id=run.id, task=place.task, text=text) if text else None


async def revise(parts: Parts, driver: Driver, repo: str, wish: Asked, actor: str) -> str:
    """Begin another attempt that is told what a person wants changed; what to answer."""
    role = await parts.github.reads.permission(repo, actor, fresh=True)
    if role not in WRITE:
        raise NotAllowed(usage.not_allowed_there(repo, "write", role))
    happening = Happening(kind="reviewed", actor=actor, name=wish.text, text=reasons.reviewed(actor))
    decision = await driver.happen(wish.run_id, [(wish.task, happening)])
    if not any(moment.kind == "reviewed" for moment in decision.history):
        raise UserError(_not_ours(await parts.runs.load(wish.run_id), wish.task))
    return changes.revised(wish.task)


def _not_ours(run: Run | None, task_id: str) -> str:
    task = run.tasks.get(task_id) if run is not None else None
    if task is not None and task.assignee:
        return refusals.with_a_person(task.assignee, task_id)
    return refusals.TASK_OVER
