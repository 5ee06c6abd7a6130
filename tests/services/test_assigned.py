"""services/engine/assigned.py: whose commits are taken for Copilot's, how long is waited, and how it is assigned anew."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import msgspec
import pytest

from services.core.board import Action
from services.core.elsewhere import COPILOT, Away
from services.core.task_state import TaskState
from services.engine import elsewhere
from services.engine.assigned import LISTED
from services.engine.orders import Order, Result
from services.engine.outcome import Outcome
from services.errors import Refused
from services.github.infos import AuthoredPull, CommitInfo, PullInfo
from services.store.outbox import Due
from tests.kit.plans import NOW, run, task

HEAD, OLD = "a" * 40, "b" * 40
TASK = task("one", agent=COPILOT)
GOOD = CommitInfo(sha=HEAD, parents=(OLD,), author="Copilot", committer="Copilot", verified=True)
UPDATED = CommitInfo(sha=OLD, parents=(), author="lockstep[bot]", committer="web-flow", verified=True)
PULL = PullInfo(
    id="5", number=9, url="", state="open", merged=False, merge_sha="", head_sha=HEAD, head_ref="copilot/fix-5",
    head_repo="acme/api", base_ref="main", base_sha="", mergeable=None, mergeable_state="unknown", draft=True,
    labels=(), title="", body="- Fixes #5",
)  # fmt: skip
LATE = timedelta(hours=1)


@dataclass
class Stage:
    """The engine's parts, GitHub, and the person in one: Copilot has finished a pull request of these commits."""

    commits: tuple[CommitInfo, ...] = (GOOD,)
    at: datetime = NOW
    kept: str = ""
    done: list[str] = field(default_factory=list)

    @property
    def github(self) -> "Stage":
        return self

    reads = writes = person = clock = github

    def now(self) -> datetime:
        return self.at

    def ranked(self, origin: str) -> "Stage":
        return self

    async def authored_pull(self, repo: str, number: int) -> AuthoredPull:
        return AuthoredPull(pull=PULL, author="Copilot", kind="Bot")

    async def newest_pulls(self, repo: str) -> tuple[AuthoredPull, ...]:
        return ()

    async def happened_in(self, repo: str, number: int) -> tuple[tuple[str, str], ...]:
        return (("copilot_work_started", "1"), ("copilot_work_finished", "2"))

    async def pull_commits(self, repo: str, number: int) -> tuple[CommitInfo, ...]:
        return self.commits

    async def unassign(self, repo: str, number: int) -> None:
        self.done.append("unassign")

    async def assign(self, *_: object) -> bool:
        self.done.append("assign")
        return True

    async def delete_branch(self, repo: str, branch: str) -> None:
        self.done.append(f"delete {branch}")
        if self.kept:
            raise Refused(422, self.kept)


async def looked(stage: Stage, *, away: bool = True, tries: int = 0, attempt: int = 2) -> Outcome | Order | Result:
    there = Away(agent=COPILOT, fence=1, until=NOW + LATE, pull=9) if away else None
    state = TaskState(
        id="one", state="running", attempt=attempt, fence=1, issue=5, since=NOW, away=there, heads=("0" * 40, OLD)
    )
    due = Due(run_id="r1", action=Action(key="k", kind="attempt", task="one", attempt=attempt, fence=1), tries=tries)
    order = Order(
        key="k", run_id="r1", task=TASK, attempt=attempt, fence=1, base="main", branch="b", message="m", when=NOW
    )
    return await elsewhere.look(cast("Any", stage), run(TASK), TASK, state, due, order, frozenset())


def words(found: object) -> str:
    assert isinstance(found, Outcome), found
    assert [each.kind for each in found.happened] == ["refused"]
    return found.happened[0].text


@pytest.mark.parametrize("committer", ["Copilot", "copilot-swe-agent[bot]", "web-flow"])
async def test_what_copilot_signed_and_heads_the_task_has_had_are_known(committer: str) -> None:
    found = await looked(Stage((UPDATED, msgspec.structs.replace(GOOD, committer=committer))))
    assert isinstance(found, Order)
    assert (found.tip, found.adopts) == (HEAD, True)


@pytest.mark.parametrize(
    "other",
    [
        {"verified": False},  # anybody may write Copilot's address
        {"committer": "mallory"},  # signed with her own key
        {"author": "mallory", "committer": "web-flow"},  # made on GitHub's pages
        {"author": "lockstep[bot]", "committer": "web-flow"},  # a head that the task never had
    ],
)
async def test_a_commit_that_only_looks_like_copilots_is_a_persons_to_look_at(other: dict[str, Any]) -> None:
    found = await looked(Stage((UPDATED, msgspec.structs.replace(GOOD, **other))))
    assert "holds aaaaaaa, which is not Copilot's" in words(found)


async def test_lists_that_lag_behind_are_waited_for_as_long_as_the_task_may_take() -> None:
    early = await looked(Stage((UPDATED,)))
    assert isinstance(early, Outcome)
    assert (early.happened, early.is_away) == ((), True)
    late = Stage((UPDATED,), at=NOW + LATE)
    found = await looked(late)
    assert isinstance(found, Result)
    assert (found.kind, late.done) == ("timed_out", ["unassign"])


async def test_more_commits_than_github_tells_are_a_persons_to_look_at() -> None:
    assert "more commits than GitHub tells" in words(await looked(Stage((UPDATED,) * LISTED)))


@pytest.mark.parametrize(("attempt", "done"), [(1, ["assign"]), (2, ["unassign", "assign"])])
@pytest.mark.parametrize("tries", [0, 1])
async def test_an_issue_that_was_assigned_before_is_taken_back_first_whatever_was_tried(
    attempt: int, done: list[str], tries: int
) -> None:
    stage = Stage()
    await looked(stage, away=False, attempt=attempt, tries=tries)
    assert stage.done == done


async def test_a_branch_that_a_rule_keeps_stays_and_stops_nothing() -> None:
    stage = Stage(kept="Repository rule violations found: Cannot delete this ref")
    await elsewhere.taken(cast("Any", stage), TASK, "lockstep-results/r1/one/1")
    assert stage.done == ["delete lockstep-results/r1/one/1"]
