"""services/engine/pulls.py: pull requests that were there before a task went to their author."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from services.core.board import Run
from services.core.task_state import Happening
from services.engine.pulls import attach, attach_open
from services.errors import NotFound, Refused, Unreachable
from services.github.infos import PullInfo
from tests.kit.plans import run, task

PULL = PullInfo(
    id="5", number=9, url="", state="open", merged=False, merge_sha="", head_sha="a" * 40, head_ref="mine",
    head_repo="finn/api", base_ref="main", base_sha="", mergeable=None, mergeable_state="unknown", draft=False,
    labels=(), title="", body="",
)  # fmt: skip


@dataclass
class Stage:
    """The engine's parts and GitHub in one. bodies: of each repository's pull requests, 1, 2, …"""

    run: Run
    bodies: dict[str, list[str]]
    refuses: dict[str, Exception] = field(default_factory=dict)
    listed: list[str] = field(default_factory=list)
    attached: list[tuple[str, int]] = field(default_factory=list)
    stands: dict[str, Any] = field(default_factory=dict)

    @property
    def github(self) -> "Stage":
        return self

    reads = runs = github

    async def repository(self, repo: str) -> Any:
        return SimpleNamespace(default_branch="main")

    async def pulls_into(self, repo: str, branch: str, *, forks: bool) -> tuple[PullInfo, ...]:
        assert forks
        self.listed.append(repo)
        if error := self.refuses.get(repo):
            raise error
        bodies = enumerate(self.bodies[repo], 1)
        return tuple([msgspec.structs.replace(PULL, number=number, body=body) for number, body in bodies])

    async def issue(self, repo: str, number: int, *, fresh: bool) -> Any:
        return SimpleNamespace(body=self.bodies[repo][number - 1], author="finn")

    async def pull(self, repo: str, number: int) -> PullInfo:
        if error := self.refuses.get(f"{repo}#{number}"):
            raise error
        return msgspec.structs.replace(PULL, number=number, **self.stands)

    async def waiting_on(self, keys: list[str]) -> list[tuple[str, str, str]]:
        found = [(each, self.run.tasks[each.id].issue) for each in self.run.plan.tasks]
        return [(self.run.plan_id, self.run.id, each.id) for each, n in found if f"issue:{each.repo}#{n}" in keys]

    def holds(self, plan_id: str) -> bool:
        return True

    async def of_plan(self, plan_id: str) -> Run:
        return self.run

    async def happen(self, run_id: str, happened: list[tuple[str, Happening]]) -> None:
        for task_id, happening in happened:
            self.attached.append((task_id, happening.number))
            mine = msgspec.structs.replace(self.run.tasks[task_id], pull=happening.number)
            self.run = msgspec.structs.replace(self.run, tasks={**self.run.tasks, task_id: mine})


def stage(bodies: dict[str, list[str]]) -> Stage:
    """Tasks `a` and `b` of acme/api, and `c` of acme/web, are with finn; their issues are 4, 5 and 6."""
    begun = run(task("a"), task("b"), task("c", repo="acme/web"))
    states = {
        name: msgspec.structs.replace(begun.tasks[name], state="needs_human", assignee="finn", issue=issue)
        for name, issue in (("a", 4), ("b", 5), ("c", 6))
    }
    return Stage(msgspec.structs.replace(begun, tasks=states), {"acme/api": [], "acme/web": [], **bodies})


async def attached(at: Stage, *task_ids: str) -> list[tuple[str, int]]:
    await attach_open(cast("Any", at), cast("Any", at), at.run, task_ids or ("a", "b", "c"))
    return at.attached


async def test_a_repository_is_asked_once_for_all_its_tasks() -> None:
    at = stage({"acme/api": ["Closes #5", "Closes #8", "Closes #4"], "acme/web": ["Closes #6"]})
    assert await attached(at) == [("b", 1), ("a", 3), ("c", 1)]
    assert at.listed == ["acme/api", "acme/web"]


async def test_only_what_names_these_tasks_is_taken() -> None:
    at = stage({"acme/api": ["Closes #5", "Closes #4"]})
    assert await attached(at, "a") == [("a", 2)]
    assert at.listed == ["acme/api"]


async def test_one_pull_request_may_do_two_of_them() -> None:
    assert await attached(stage({"acme/api": ["Closes #4, closes #5"]})) == [("a", 1), ("b", 1)]


@pytest.mark.parametrize("error", [NotFound(404, "Not Found"), Refused(403, "Forbidden")])
async def test_what_is_refused_in_one_place_keeps_nothing_else_back(error: Exception) -> None:
    at = stage({"acme/api": ["Closes #4", "Closes #5"], "acme/web": ["Closes #6"]})
    at.refuses = {"acme/api#1": error}
    assert await attached(at) == [("b", 2), ("c", 1)]
    at = stage({"acme/web": ["Closes #6"]})
    at.refuses = {"acme/api": error}
    assert await attached(at) == [("c", 1)]


async def test_a_text_that_is_hard_to_read_keeps_nothing_back() -> None:
    assert await attached(stage({"acme/api": ["> - <!--\n>", "Closes #4"]})) == [("a", 2)]


async def test_where_github_does_not_answer_the_command_is_to_run_again() -> None:
    at = stage({})
    at.refuses = {"acme/api": Unreachable(0, "reset")}
    with pytest.raises(Unreachable):
        await attached(at)


@pytest.mark.parametrize(
    ("merged", "number", "is_new", "taken"),
    [(True, 7, True, True), (True, 3, True, False), (False, 7, True, False), (True, 7, False, False)],
)
async def test_one_that_was_merged_before_anybody_could_look_is_taken_too(
    merged: bool, number: int, is_new: bool, taken: bool
) -> None:
    """But none that is older than the issue (number 4) it is said to do, nor one that was given up, nor one whose text
    says so only now.
    """
    at = stage({"acme/api": [""] * (number - 1) + ["Closes #4"]})
    at.stands = {"state": "closed", "merged": merged}
    await attach(cast("Any", at), cast("Any", at), "acme/api", number, is_new=is_new)
    assert at.attached == ([("a", number)] if taken else [])
