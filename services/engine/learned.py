"""What is learned from reviews: proposed after the merge, decided by maintainers, told to agents that can read."""

from collections.abc import Sequence

import msgspec

from services.core.board import Run
from services.core.elsewhere import COPILOT
from services.core.lessons import OURSELVES, Lesson, Verb, decided, fitting, proposed, told
from services.core.messages import refusals
from services.core.plan import Task
from services.core.task_state import TaskState
from services.core.worth import Told, is_held, verdict
from services.engine.hidden import hidden_in
from services.engine.parts import Parts
from services.errors import UserError
from services.store.lessons import MOST

DEAF = frozenset({"script", "human", COPILOT})
"""Agents that are told nothing: Copilot reads the issue and what the repository itself says."""
MAINTAIN = frozenset({"maintain", "admin"})


class Learned:
    """The lessons of all repositories."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def merged(self, task: Task, state: TaskState) -> None:
        """A pull request has merged that people had asked for something before."""
        lesson = proposed(task.repo, state.pull, state.asked, task.paths) if state.merge_sha else None
        if lesson is not None and self._parts.lessons is not None:
            needed = self._parts.settings.lessons_auto
            await self._parts.lessons.propose(lesson, self._parts.clock.now(), needed)

    async def taken_back(self, repo: str, pull: int) -> None:
        """Somebody has merged a revert of this pull request: what it was merged as good was not."""
        if self._parts.attempts is not None:
            await self._parts.attempts.reverted(repo, pull)

    async def for_attempt(self, run: Run, task: Task, attempt: int) -> str:
        """What an attempt of this task is told; it is counted. A part of the tasks is held back from each lesson, and
        one that does harm, or no good, is retired.
        """
        lessons = self._parts.lessons
        if lessons is None or task.agent in DEAF:
            return ""
        found = await lessons.of([task.repo], "active", MOST)
        known = await lessons.known([lesson.id for lesson in found], task.repo)
        kept = []
        for lesson in found:
            if verdict(known[lesson.id]) == "keep":
                kept.append(lesson)
            else:
                await lessons.put(msgspec.structs.replace(lesson, state="retired", by=OURSELVES), "active")
        fit = fitting(kept, task.title, task.body, task.paths)
        name = f"{run.plan_id}/{task.id}"
        said = {lesson.id: not is_held(lesson.id, name, known[lesson.id].told) for lesson in fit}
        if said:
            await lessons.used(said, (run.id, task.id, attempt), self._parts.clock.now())
        return told([lesson for lesson in fit if said[lesson.id]])

    async def of(self, run: Run, actor: str) -> list[Lesson]:
        """Of the run's repositories that may be named at its plan and that this person maintains."""
        if self._parts.lessons is None:
            return []
        hidden = await hidden_in(self._parts.github.reads, run.repo, run.plan.repos)
        repos = [repo for repo in run.plan.repos if repo not in hidden and await self._maintains(repo, actor)]
        return await self._parts.lessons.of(repos)

    async def known(self, lessons: Sequence[Lesson]) -> dict[str, Told]:
        """What came of the attempts that were told of each."""
        store, found = self._parts.lessons, dict[str, Told]()
        for repo in {lesson.repo for lesson in lessons} if store is not None else ():
            assert store is not None  # noqa: S101 - just asked
            found |= await store.known([lesson.id for lesson in lessons if lesson.repo == repo], repo)
        return found

    async def decide(self, run: Run, lesson_id: str, verb: Verb, actor: str) -> None:
        """A maintainer of the lesson's repository decides; UserError when there is no such lesson for them."""
        lessons = self._parts.lessons
        lesson = await lessons.get(lesson_id) if lessons is not None else None
        mine = lesson is not None and lesson.repo in run.plan.repos and await self._maintains(lesson.repo, actor)
        if lessons is None or lesson is None or not mine:
            raise UserError(refusals.no_lesson(lesson_id))
        after = decided(lesson, verb, actor)
        done = await lessons.delete(lesson.id) if after is None else await lessons.put(after, lesson.state)
        if not done:
            raise UserError(refusals.DECIDED_ALREADY)

    async def _maintains(self, repo: str, actor: str) -> bool:
        return await self._parts.github.reads.permission(repo, actor, fresh=True) in MAINTAIN
