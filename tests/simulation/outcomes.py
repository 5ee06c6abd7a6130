"""What became of the tasks, held against GitHub: what is called done has merged, what is a person's they have been told,
and what is taken back has a pull request that does it. Where nothing went wrong, all of them were merged.
"""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from services.core import groups, names
from services.core.task_state import STUCK, TaskState
from services.sandbox.state import Issue, Pull, Repo
from tests.simulation.book import Told
from tests.simulation.hub import BOT

if TYPE_CHECKING:
    from tests.simulation.world import World


class Outcomes:
    """`found` is asked whenever everything rests."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._book = world.watch.book
        self._git = world.hub.sandbox.git

    def found(self) -> Iterator[str]:
        for run_id, told in self._book.runs.items():
            tasks = {task.id: task for task in self._book.tasks_of(run_id)}
            for task in tasks.values():
                if task.state == "done" and not told.task(task.id).done:
                    yield from self._merged(told, task)
                if run_id == self._book.newest(told.plan_id) and task.state in STUCK and task.id in told.plan.by_id:
                    yield from self._told(told, task)
                if self._world.is_quiet and task.state != "done":
                    yield f"nothing went wrong, and {task.id} is {task.state}: {task.reason}"
            yield from self._taken_back(run_id, told, tasks)

    def counts(self) -> Counter[str]:
        """How many tasks of all runs ended in which way; those that were ticked are none of ours."""
        every = [(told, task) for run_id, told in self._book.runs.items() for task in self._book.tasks_of(run_id)]
        return Counter([task.state for told, task in every if task.state != "done" or task.merge_sha])

    def _repo(self, told: Told, task: TaskState) -> Repo:
        repo = self._world.hub.sandbox.repo_named(told.task(task.id).repo)
        assert repo is not None
        return repo

    def _issue(self, told: Told, task: TaskState, number: int) -> Issue | None:
        return self._world.hub.sandbox.issue_numbered(self._repo(told, task), number) if number else None

    # What is done.

    def _merged(self, told: Told, task: TaskState) -> Iterator[str]:
        """GitHub has its pull request as merged, and what it was to add is in the branch it was merged into. That may be
        another one where a person turned it there, and merged it or did so while the bot's merge was on its way; that the
        bot begins no such merge is asked of each (`merges.py`).
        """
        issue = self._issue(told, task, task.pull)
        if issue is None or issue.pull is None or not issue.pull.merged:
            yield f"{task.id} is done, and its pull request {task.pull} has not merged"
        elif not self._stands(self._repo(told, task), task, issue.pull):
            yield f"{task.id} is done, and what it was to add is not in {issue.pull.base_ref}"

    def _stands(self, repo: Repo, task: TaskState, pull: Pull) -> bool:
        """What people do to it after it was merged is their affair, and so is what they merged in its place."""
        tip, merged = self._git.refs(repo.id)[f"refs/heads/{pull.base_ref}"], pull.merge_commit_sha or ""
        if not self._git.contains(repo.id, tip, merged):
            return False
        path = f"tasks/{task.id}.txt"
        wanted, there = (self._git.entry(repo.id, sha, path) for sha in (pull.head_sha, merged))
        return pull.head_sha not in self._world.yard.made or (wanted and wanted.sha) == (there and there.sha)

    # What is a person's.

    def _told(self, told: Told, task: TaskState) -> Iterator[str]:
        """Its pull request tells who comes there what holds it back, and what to say."""
        issue = self._issue(told, task, task.pull)
        if issue is None:
            return
        said = [row.body for row in self._world.hub.comments_of(issue) if row.user == BOT and names.STICKY in row.body]
        if not any(f"`{task.id}`" in body for body in said):
            yield f"{task.id} is {task.state}, and its pull request {task.pull} tells nobody"

    # What is taken back.

    def _taken_back(self, run_id: str, told: Told, tasks: dict[str, TaskState]) -> Iterator[str]:
        """Each that a group had merged has the pull request that takes it back, or says why it has none."""
        for name, barrier in self._book.barriers(run_id).items():
            members = told.plan.groups.get(name, ()) if barrier.phase == "reverting" else ()
            for task in (tasks[member] for member in members):
                if not groups.has_merged(task) or (task.revert == 0 and task.reason):
                    continue
                issue, back = self._issue(told, task, task.pull), self._issue(told, task, task.revert)
                assert issue is not None
                assert issue.pull is not None
                branch = names.revert_branch(task.pull, issue.pull.head_ref)
                if back is None or back.pull is None or back.pull.head_ref != branch:
                    yield f"{task.id} of the group {name} is taken back, and {task.revert} is no pull request for that"
