"""services/engine/effects.py, what an earlier run has left to do: it comes late, and says what is true then."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from services.core.board import Action, Board, Run, RunState
from services.engine.effects import Effects
from services.store.outbox import Due
from tests.kit.oneself import Oneself
from tests.kit.plans import run, task

HEAD = "a" * 40


@dataclass
class GitHub(Oneself):
    """The plan's issue, whose labels and state it holds, and what was said to be old of pull requests.

    after: called after each label that is put on.
    """

    labels: list[str] = field(default_factory=list)
    state: str = "open"
    doubted: list[tuple[str, str]] = field(default_factory=list)
    after: Callable[[], None] = lambda: None

    async def issue(self, repo: str, number: int, *, fresh: bool = False) -> Any:
        return SimpleNamespace(labels=tuple(self.labels))

    async def ensure_label(self, *_: str) -> None:
        return

    async def add_labels(self, repo: str, number: int, names: tuple[str, ...]) -> None:
        self.labels += names
        self.after()

    async def remove_label(self, repo: str, number: int, name: str) -> None:
        self.labels.remove(name)

    async def edit_issue(self, repo: str, number: int, *, state: str, state_reason: str) -> None:
        self.state = state

    async def find_pull(self, repo: str, branch: str) -> Any:
        return SimpleNamespace(number=5, state="open", body="")

    def invalidate(self, repo: str, subject: str) -> None:
        self.doubted.append((repo, subject))


@dataclass
class Runs:
    newest: Run

    async def of_plan(self, plan_id: str) -> Run:
        return self.newest


def is_(state: RunState, run_id: str = "") -> Run:
    made = run(task("a"))
    return msgspec.structs.replace(made, id=run_id or made.id, state=state)


async def finish(own: Run, runs: Runs, github: GitHub) -> None:
    effects = Effects(cast("Any", SimpleNamespace(github=github, runs=runs)), cast("Any", None))
    due = Due(run_id=own.id, action=Action(key="k", kind="finish", task=""), tries=1)
    await effects.carry_out(Board(own), due)


async def test_the_newest_run_is_shown_and_closes_its_plan() -> None:
    github = GitHub(labels=["lockstep:in-progress", "theirs"])
    await finish(is_("done"), Runs(is_("done")), github)
    assert (github.labels, github.state) == (["theirs", "lockstep:done"], "closed")


async def test_an_earlier_run_that_comes_late_leaves_its_successor_shown() -> None:
    github = GitHub(labels=["lockstep:in-progress"])
    await finish(is_("done"), Runs(is_("running", "the-next")), github)
    assert (github.labels, github.state) == (["lockstep:in-progress"], "open")


async def test_a_run_that_begins_while_the_earlier_one_is_shown_is_shown_at_last() -> None:
    github, runs = GitHub(), Runs(is_("done"))

    def next_one() -> None:
        runs.newest = is_("running", "the-next")

    github.after = next_one
    await finish(is_("done"), runs, github)
    assert (github.labels, github.state) == (["lockstep:in-progress"], "open")


async def test_what_was_read_of_a_pull_request_before_our_push_is_old() -> None:
    """Its webhook may come later than the next look, and wakes nobody: it tells of our own act."""
    own = is_("running")
    state = msgspec.structs.replace(own.tasks["a"], attempt=2, head_sha=HEAD)
    own = msgspec.structs.replace(own, tasks={"a": state})
    github = GitHub()
    effects = Effects(cast("Any", SimpleNamespace(github=github)), cast("Any", None))
    due = Due(run_id=own.id, action=Action(key="k", kind="open_pull", task="a", attempt=2), tries=0)
    outcome = await effects.carry_out(Board(own), due)
    assert [happening.number for happening in outcome.happened] == [5]
    assert github.doubted == [("acme/api", "pull:5")]
