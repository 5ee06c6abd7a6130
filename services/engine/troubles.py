"""What stands in the comment on a task's pull request: read from the store, and of its failed checks from GitHub."""

from collections.abc import Sequence

from services.core import plan_comment, pull_comment
from services.core.board import Run
from services.core.classify import diagnose
from services.core.failure_patterns import Pattern, own_patterns
from services.core.failures import Diagnosis
from services.core.gate import PASSED
from services.core.hand_over import ATTEMPTS, CHECKS, LINES, in_vain
from services.core.log_lines import read_log
from services.core.pull_comment import Broken
from services.core.task_state import STUCK, TaskState
from services.engine.configs import config_of
from services.engine.failing import notes_of
from services.engine.hidden import hidden_in
from services.engine.parts import Parts
from services.engine.placed import place_of
from services.errors import NotFound
from services.github.infos import CheckInfo


async def pull_body(parts: Parts, repo: str, number: int, answers: Sequence[str]) -> str:
    """The body of the comment on an issue or pull request that is no plan: how its task stands, if it is the pull
    request of one that stood still, and the answers.
    """
    place = await place_of(parts, repo, number, "")
    if not place.task:  # of a task that is over only the pull request's own text tells whose it is
        try:
            text = (await parts.github.reads.ranked("plan").pull(repo, number)).body
        except NotFound:
            return plan_comment.answered(answers)
        place = await place_of(parts, repo, number, text)
    run = await parts.runs.of_plan(f"{place.repo}#{place.number}") if place.task else None
    task = run.tasks.get(place.task) if run is not None else None
    if run is None or task is None or task.pull != number or not task.troubled:
        return plan_comment.answered(answers)
    # An attempt that failed before it pushed has left no head that checks could speak of.
    broken = await _broken(parts, repo, task) if task.state in STUCK and task.head_sha else ()
    return pull_comment.render(run, task.id, broken=broken, hidden=place.hidden, answers=answers)


async def attempts_in_vain(parts: Parts, run: Run) -> dict[str, Diagnosis]:
    """What the logs tell of attempts that came to nothing, for the comment of their plan; none in a repository that may
    not be seen there is in it.
    """
    tasks = in_vain(run)[:ATTEMPTS]
    repos = {task.id: run.plan.by_id[task.id].repo for task in tasks}
    hidden = await hidden_in(parts.github.reads, run.repo, sorted(set(repos.values()))) if tasks else frozenset[str]()
    logs = {each: await parts.runs.log(run.id, each) for each, repo in repos.items() if repo not in hidden}
    return {each: diagnose(read_log(log.encode()), brief=LINES) for each, log in logs.items()}


async def _broken(parts: Parts, repo: str, task: TaskState) -> tuple[Broken, ...]:
    """The failed checks of the task's head, the first ones with what they say about lines of files."""
    reads = parts.github.reads.ranked("plan")
    ours, own = (await reads.app()).id, own_patterns((await config_of(reads, repo)).failures)
    failed = [
        check
        for check in await reads.checks(repo, task.head_sha)
        if check.app_id != ours and check.status == "completed" and check.conclusion not in PASSED
    ]
    told = [await _told(parts, repo, task.head_sha, check, own) for check in failed[:CHECKS]]
    return (*told, *(Broken(name=check.name, conclusion=check.conclusion) for check in failed[CHECKS:]))


async def _told(parts: Parts, repo: str, sha: str, check: CheckInfo, own: tuple[Pattern, ...]) -> Broken:
    reads = parts.github.reads.ranked("plan")
    said = await notes_of(reads, repo, sha, check)
    failure = await parts.diagnoses.of(reads, repo, check, tuple(note.text for note in said), own, parts.clock.now())
    return Broken(name=check.name, conclusion=check.conclusion, notes=said, failure=failure)
