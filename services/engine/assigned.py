"""Copilot, which does a task for the agent `copilot`: it is assigned the tracking issue and opens a pull request.

That pull request becomes the task's own: its head is read from git and judged before anything follows from it, and
nobody else's commits may be in it, which their signatures show. Another attempt is asked for there, by a comment.
Asking takes a person's token, as GitHub lets no App do it; everything is read as the App.
"""

from datetime import timedelta

import msgspec

from services.agents.coder import paths_said
from services.core import names
from services.core.elsewhere import COPILOT, COPILOT_BRANCH, COPILOTS, Away, came_to, does
from services.core.messages import away as words
from services.core.messages import notes
from services.core.plan import Task
from services.core.task_state import Happening, TaskState
from services.engine.branches import GITHUB
from services.engine.orders import Order, Result
from services.engine.outcome import Outcome, for_a_person, sent
from services.engine.parts import Parts
from services.errors import NotFound, Refused
from services.github.infos import AuthoredPull, CommitInfo, PullInfo
from services.github.person import Person
from services.store.outbox import Due

AGAIN = 5.0
"""Seconds until GitHub is asked once more: its lists lag behind."""
LISTED = 250
"""Commits of a pull request that GitHub tells at most."""


async def start(parts: Parts, task: Task, state: TaskState, due: Due, order: Order) -> Outcome:
    """Ask Copilot, or find it asked."""
    person = parts.person
    if person is None:
        return for_a_person(state.fence, words.NO_PERSON)
    until = parts.clock.now() + timedelta(seconds=task.timeout)
    try:
        number = state.pull or (await _find(parts, task, state, order.base) if state.attempt > 1 else 0)
        made = await own_pull(parts, task, number)
        if made is not None and made.pull.state == "open":
            said = await _tell(parts, person, task, number, order, due)
            away = Away(agent=COPILOT, fence=state.fence, until=until, pull=number, said=said)
            return sent(away, words.works_again(number))
        if not await _assign(person, task, state, order):
            return for_a_person(state.fence, words.not_there(task.repo))
    except (Refused, NotFound) as refused:
        return for_a_person(state.fence, words.not_asked(refused.message))
    return sent(Away(agent=COPILOT, fence=state.fence, until=until, after=number), words.ASSIGNED)


async def _assign(person: Person, task: Task, state: TaskState, order: Order) -> bool:
    if state.attempt > 1:  # it has been assigned before, and begins only with an assignment; one is left at most
        await person.unassign(task.repo, state.issue)
    return await person.assign(task.repo, state.issue, order.base, paths_said(task))


async def _tell(parts: Parts, person: Person, task: Task, number: int, order: Order, due: Due) -> str:
    """The comment that asks for another attempt; it is there once, whatever crashes."""
    if due.tries:
        login, mark = await person.login(), names.marker(due.action.key)
        for comment in await parts.github.reads.comments(task.repo, number, fresh=True):
            if comment.author == login and mark in comment.body:
                return comment.id
    return await person.comment(task.repo, number, words.another_attempt(order.note, due.action.key))


async def look(parts: Parts, task: Task, state: TaskState, away: Away, order: Order) -> Outcome | Order | Result | None:
    """What came of it, None while Copilot is at it."""
    if not away.pull:
        number = await _find(parts, task, state, order.base, away.after)
        if not number:
            return None
        return sent(msgspec.structs.replace(away, pull=number), words.works_in(number))
    made = await own_pull(parts, task, away.pull)
    if made is None or made.pull.base_ref != order.base:
        return for_a_person(state.fence, words.not_copilots(away.pull))
    pull = made.pull
    if pull.merged:
        return Outcome(happened=(Happening(kind="merged", sha=pull.merge_sha),))
    if pull.state != "open":
        return for_a_person(state.fence, words.closed(pull.number))
    came = came_to(await parts.github.reads.happened_in(task.repo, pull.number), away.said)
    if came == "failed":
        return Result(kind="failed", fence=order.fence, reason=words.gave_up(pull.number))
    if not came:
        return None
    return await _judged(parts, task, state, away, order, pull)


async def _judged(
    parts: Parts, task: Task, state: TaskState, away: Away, order: Order, pull: PullInfo
) -> Outcome | Order | None:
    """The order to take its head in, if nobody else had a hand in it; None once there is no time to look again."""
    commits = await parts.github.reads.pull_commits(task.repo, pull.number)
    foreign = next((commit for commit in commits if not _is_known(commit, state)), None)
    if foreign is not None:
        return for_a_person(state.fence, words.others_commit(pull.number, foreign.sha))
    if commits and commits[-1].sha == pull.head_sha:
        return msgspec.structs.replace(order, source=pull.head_ref, tip=pull.head_sha, adopts=True)
    if len(commits) >= LISTED:
        return for_a_person(state.fence, words.too_many(pull.number))
    if parts.clock.now() >= away.until:
        return None
    return Outcome(again_in=AGAIN, free=True, is_away=True, note=notes.COMMITS_LOOKED_FOR)


async def recall(parts: Parts, task: Task, issue: int) -> None:
    """Copilot is to stop."""
    if parts.person is not None and issue:
        await parts.person.unassign(task.repo, issue)


async def own_pull(parts: Parts, task: Task, number: int) -> AuthoredPull | None:
    """That pull request, if it is one that Copilot made in the repository itself."""
    if number <= 0:
        return None
    try:
        made = await parts.github.reads.authored_pull(task.repo, number)
    except NotFound:
        return None
    return made if _is_copilots(made, task.repo) else None


async def _find(parts: Parts, task: Task, state: TaskState, base: str, after: int = 0) -> int:
    """The newest pull request of Copilot's, after that one, that names the tracking issue; 0 for none. A fork's, one
    that goes elsewhere, and what somebody else wrote names it in vain.
    """
    for made in await parts.github.reads.newest_pulls(task.repo):
        is_it = made.pull.number > after and made.pull.base_ref == base and _is_copilots(made, task.repo)
        if is_it and state.issue in does(made.pull.body, task.repo):
            return made.pull.number
    return 0


def _is_copilots(made: AuthoredPull, repo: str) -> bool:
    is_bots = made.author in COPILOTS and made.kind == "Bot"
    return is_bots and made.pull.head_repo.lower() == repo.lower() and made.pull.head_ref.startswith(COPILOT_BRANCH)


def _is_known(commit: CommitInfo, state: TaskState) -> bool:
    """Is it a head that the task has had, or Copilot's? Anybody may write Copilot's name as the author's, and sign as
    the committer: only Copilot, and GitHub for it, sign as these.
    """
    is_signed = commit.verified and commit.committer in {*COPILOTS, GITHUB}
    return commit.sha in state.heads or (is_signed and commit.author in COPILOTS)
