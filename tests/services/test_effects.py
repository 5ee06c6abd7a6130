"""services/engine/effects.py: what people say while a merge is being prepared counts, until the very request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from services.core.board import Action, Board, Run, Wish
from services.core.conduct import decide
from services.core.config import RepoConfig
from services.core.gate import PullFact
from services.core.shards import shard_of
from services.core.task_state import Happening, Kind, TaskState
from services.engine.effects import Effects, Outcome
from services.engine.merge_queue import dequeue
from services.engine.merges import LATE
from services.errors import ApiError, RateLimited, Refused, Unreachable, Withdrawn
from services.store.outbox import Due
from tests.kit.fakehub import HandClock
from tests.kit.oneself import Oneself
from tests.kit.plans import NOW, happen, in_review, pull, task, tracked

HEAD = "a" * 40


@dataclass
class GitHub(Oneself):
    """Records merges; `meanwhile` is what happens while the last thing before a merge is read."""

    meanwhile: Callable[[], None]
    merged: list[tuple[str, int, str]] = field(default_factory=list)

    async def permission(self, repo: str, login: str, *, fresh: bool) -> str:
        return "write"

    async def repository(self, repo: str) -> Any:
        self.meanwhile()
        return cast("Any", _Repository)

    async def merge(self, repo: str, number: int, sha: str, method: str, title: str, wanted: Callable[[], bool]) -> str:
        """While it waited for its turn, somebody may have said something."""
        if not wanted():
            raise Withdrawn
        self.merged.append((repo, number, sha))
        return "c" * 40


class Queue(GitHub):
    """Its branch has a merge queue, and somebody says something just before the pull request is put into it."""

    async def repository(self, repo: str) -> Any:
        return cast("Any", _Repository)

    async def merge(self, repo: str, number: int, sha: str, method: str, title: str, wanted: Callable[[], bool]) -> str:
        raise Refused(405, "Changes must be made through the merge queue")

    async def enqueue(self, repo: str, number: int, sha: str, wanted: Callable[[], bool]) -> None:
        self.meanwhile()
        if not wanted():
            raise Withdrawn
        self.merged.append((repo, number, sha))


@dataclass
class Left:
    """What GitHub answers to whoever takes a pull request out of its queue."""

    refused: Refused

    @property
    def writes(self) -> "Left":
        return self

    def ranked(self, rank: str) -> "Left":
        return self

    async def dequeue(self, repo: str, number: int) -> None:
        raise self.refused


class _Repository:
    allow_squash_merge = allow_merge_commit = allow_rebase_merge = True


class Observer:
    """A pull request that may be merged."""

    async def pull(self, repo: str, state: TaskState, *, fresh: bool, rank: str) -> PullFact:
        return pull(HEAD)

    async def config(self, repo: str) -> RepoConfig:
        return RepoConfig()


@dataclass
class Parts:
    github: GitHub


async def merge(
    says: Callable[[Board], object], github_of: type[GitHub] = GitHub
) -> tuple[Outcome, list[tuple[str, int, str]]]:
    """What comes of a merge while which somebody says something."""
    needed = happen(tracked(task("need"), task("a", "need")).run, "need", "skipped").run
    board = Board(opened(needed, "a"))
    github = github_of(meanwhile=lambda: cast("None", says(board)))
    effects = Effects(cast("Any", Parts(github)), cast("Any", Observer()))
    state = board.run.tasks["a"]
    action = Action(key="k", kind="merge", task="a", attempt=state.attempt, fence=state.fence, sha=HEAD)
    outcome = await effects.carry_out(board, Due(run_id=board.run.id, action=action, tries=0))
    return outcome, github.merged


def opened(run: Run, task_id: str) -> Run:
    """The run with a pull request, number 5, of a task that is being worked on."""
    fence = run.tasks[task_id].fence
    run = happen(run, task_id, "pushed", sha=HEAD, fence=fence).run
    return happen(run, task_id, "opened", number=5, fence=fence).run


def says(kind: Kind, task_id: str = "a") -> Callable[[Board], object]:
    def say(board: Board) -> None:
        happening = Happening(kind=kind, actor="ana", sha="d" * 40)
        board.apply(decide(board, [(task_id, happening)], now=NOW))

    return say


def pauses(board: Board) -> None:
    board.apply(decide(board, wish=Wish(state="paused", actor="ana"), now=NOW))


async def test_it_merges_when_nobody_says_anything() -> None:
    outcome, merged = await merge(lambda _: None)
    assert [happening.kind for happening in outcome.happened] == ["merged"]
    assert merged == [("acme/api", 5, HEAD)]


@pytest.mark.parametrize("kind", ["cancelled", "skipped", "merged"])
async def test_nothing_is_merged_that_is_over_by_then(kind: Kind) -> None:
    outcome, merged = await merge(says(kind))
    assert (merged, outcome.happened, outcome.forget) == ([], (), False)


async def test_a_merge_that_was_begun_before_it_was_cancelled_is_looked_for() -> None:
    board = Board(opened(tracked(task("a")).run, "a"))
    action = Action(key="k", kind="merge", task="a", fence=board.run.tasks["a"].fence, sha=HEAD)
    says("cancelled")(board)
    effects = Effects(cast("Any", Parts(GitHub(meanwhile=lambda: None))), cast("Any", Observer()))
    for tries in (0, 1):
        outcome = await effects.carry_out(board, Due(run_id=board.run.id, action=action, tries=tries))
        assert (outcome.happened, outcome.look) == ((), tries > 0)


@pytest.mark.parametrize("say", [pauses, says("held")], ids=["pause", "hold"])
async def test_what_is_held_by_then_may_be_merged_later(say: Callable[[Board], object]) -> None:
    outcome, merged = await merge(say)
    assert (merged, outcome.happened, outcome.forget) == ([], (), True)


@pytest.mark.parametrize("say", [pauses, says("held"), says("cancelled")], ids=["pause", "hold", "cancel"])
async def test_what_is_held_by_then_is_not_put_into_the_merge_queue(say: Callable[[Board], object]) -> None:
    outcome, queued = await merge(say, Queue)
    assert (queued, outcome.happened) == ([], ())
    _, queued = await merge(lambda _: None, Queue)
    assert queued == [("acme/api", 5, HEAD)]


@pytest.mark.parametrize("kind", [GitHub, Queue], ids=["merge", "queue"])
async def test_nothing_is_merged_while_it_is_not_known_what_is_stored(kind: type[GitHub]) -> None:
    def doubts(board: Board) -> None:
        board.is_doubtful = True

    outcome, merged = await merge(doubts, kind)
    assert (merged, outcome) == ([], Outcome(again_in=LATE, free=True))


async def test_what_may_still_be_in_the_merge_queue_is_taken_out_of_it_later() -> None:
    async def left(refused: Refused) -> Outcome:
        run = in_review(task("a"))
        return await dequeue(cast("Any", Parts(cast("Any", Left(refused)))), run.plan.by_id["a"], run.tasks["a"])

    assert (await left(Refused(422, "Pull request is not in the merge queue"))).look
    for status in (401, 403):
        with pytest.raises(Refused):
            await left(Refused(status, "not now"))


async def test_a_need_that_is_taken_back_by_then_holds_the_merge_back() -> None:
    outcome, merged = await merge(says("retried", "need"))
    assert (merged, outcome.forget, outcome.look) == ([], True, True)


async def test_what_waited_too_long_meanwhile_is_judged_anew() -> None:
    """A person was asked; the next look finds it green all the same."""
    outcome, merged = await merge(says("expired"))
    assert (merged, outcome.forget, outcome.look) == ([], True, True)


@pytest.mark.parametrize("kind", ["prioritised", "released"])
async def test_what_does_not_concern_it_does_not_stop_it(kind: Kind) -> None:
    _, merged = await merge(says(kind))
    assert len(merged) == 1


async def test_what_was_put_off_before_it_was_sent_is_not_looked_for() -> None:
    effects = Effects(cast("Any", None), cast("Any", None))
    action = Action(key="k", kind="track", task="a", attempt=0, fence=0)
    first, again = (Due(run_id="r", action=action, tries=tries) for tries in (0, 1))

    async def end(error: ApiError | None) -> str:
        if error is not None:
            raise error
        return "made"

    put_off, lost = RateLimited(0, "no room", retry_after=40), Unreachable(0, "no answer")
    for due, error, may in ((first, put_off, False), (again, put_off, False), (again, lost, True)):
        with pytest.raises(type(error)):
            await effects._once(due, end(error))
        assert effects._may_have_happened(again) is may
    with pytest.raises(RateLimited):  # and a look that was put off has to be made all the same
        await effects._once(again, end(put_off))
    assert effects._may_have_happened(again)
    assert await effects._once(again, end(None)) == "made"


async def test_what_was_put_off_is_looked_for_once_others_have_been_there() -> None:
    """Another process may have carried it out since, and has given its plan back."""
    effects, ours = Effects(cast("Any", SimpleNamespace(clock=HandClock())), cast("Any", None)), shard_of("acme")
    action = Action(key="acme/p-1-r1/a/0/track", kind="track", task="a", attempt=0, fence=0)
    due = Due(run_id="acme/p-1-r1", action=action, tries=1)

    async def limited() -> None:
        raise RateLimited(0, "no room", retry_after=40)

    with pytest.raises(RateLimited):
        await effects._once(msgspec.structs.replace(due, tries=0), limited())
    effects.inherit({ours ^ 1})
    assert not effects._may_have_happened(due)
    effects.inherit({ours})
    assert effects._may_have_happened(due)
