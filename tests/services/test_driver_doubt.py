"""The store goes away, loses its answer, or a decision has a bug: the driver goes on by itself, and nobody is told that
something was done that was not.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

import pytest

from bot.loops import Beside
from services.core.board import Action, Board, Decision, Run, Wish
from services.core.gate import PullFact
from services.core.task_state import Happening, TaskState
from services.engine.effects import Outcome
from services.engine.parts import EngineSettings, Parts
from services.engine.runs import Driver
from services.errors import Fenced, StoreError
from services.store.checkpoints import Checkpoints
from services.store.db import Connection, Database
from services.store.fence import Fence
from services.store.outbox import Due, Settle
from services.store.plans import Plans
from services.store.runs import Runs
from tests.kit.stored import stored_run

T = TypeVar("T")

HEAD = "a" * 40


class Shaky:
    """A database whose writes fail while `away` says so; `after` fails them when they are stored already."""

    def __init__(self, real: Database) -> None:
        self._real = real
        self.away: Callable[[], BaseException | None] = lambda: None
        self.after: Callable[[], BaseException | None] = lambda: None

    async def write(self, act: Callable[[Connection], T]) -> T:
        if (error := self.away()) is not None:
            raise error
        done = await self._real.write(act)
        if (error := self.after()) is not None:
            raise error
        return done

    async def read(self, act: Callable[[Connection], T]) -> T:
        return await self._real.read(act)


class Leaping:
    """Clock and timers: time leaps to whatever is waited for."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        def fire() -> None:
            self._now += timedelta(seconds=seconds)
            call()

        asyncio.get_running_loop().call_soon(fire)


class World:
    """A driver over one run with one task in it, and effects that do as `ends` says, the last of them for good."""

    def __init__(self, database: Database, beside: Beside, fence: Fence | None = None) -> None:
        self.store, self.tries, time = Shaky(database), list[tuple[str, int]](), Leaping()
        self.ends: list[Outcome] = []
        self.done = asyncio.Event()
        self.runs = Runs(cast("Database", self.store), fence)
        parts = Parts(
            settings=EngineSettings(), plans=Plans(database), runs=self.runs, checkpoints=Checkpoints(database),
            github=cast("Any", self), workers=cast("Any", None), clock=time, spawn=beside, timers=time,
        )  # fmt: skip
        self.driver = Driver(parts, self, self, self)

    def touch(self, repo: str, number: int, /) -> None:
        """No comment to show it in."""

    def invalidate(self, repo: str, subject: str, /) -> None:
        """Nothing is cached."""

    async def facts(self, run: Run, task_ids: Iterable[str], /, *, rank: str = "event") -> dict[str, PullFact]:
        return {}

    async def carry_out(self, board: Board, due: Due, /) -> Outcome:
        self.tries.append((due.action.kind, due.tries))
        if due.action.kind != "attempt":
            return Outcome()
        if self.ends:
            return self.ends.pop(0)
        self.done.set()
        fence = board.run.tasks[due.action.task].fence
        return Outcome(happened=(Happening(kind="refused", text="a person", fence=fence),))

    async def tried(self, kind: str) -> None:
        """Until something of this kind is carried out."""
        async with asyncio.timeout(240):
            while kind not in [each for each, _ in self.tries]:
                await self.runs.count("")  # whatever is on its way to the store comes first

    async def ended(self) -> None:
        async with asyncio.timeout(240):
            await self.done.wait()


def once(error: BaseException) -> Callable[[], BaseException | None]:
    """Fails the first time it is asked."""
    left = [error]
    return lambda: left.pop() if left else None


async def test_an_effect_that_is_to_be_tried_again_is_although_the_store_was_away_when_it_ended(
    database: Database,
) -> None:
    await stored_run(database, TaskState(id="one", state="ready", issue=7))
    async with asyncio.TaskGroup() as group:
        world = World(database, Beside(group))
        world.ends = [Outcome(again_in=0.0, note="503")]

        async def away(board: Board, due: Due) -> Outcome:
            world.store.away = once(StoreError("away"))
            return await real(board, due)

        real, world.carry_out = world.carry_out, away  # type: ignore[method-assign]
        await world.driver.sweep()
        await world.ended()
    assert world.tries[:2] == [("attempt", 0), ("attempt", 1)]


async def test_what_the_store_began_without_anybody_hearing_of_it_is_carried_out(database: Database) -> None:
    await stored_run(database, TaskState(id="one", state="ready", issue=7))
    async with asyncio.TaskGroup() as group:
        world = World(database, Beside(group))
        commit, left = world.runs.commit, [1]

        async def unheard(
            plan_id: str, decision: Decision, now: datetime, settles: list[Settle] | tuple[()] = ()
        ) -> list[Action]:
            new = await commit(plan_id, decision, now, settles)
            if any(action.kind == "attempt" for action in decision.actions) and left:
                left.pop()
                raise StoreError("the connection was lost during the commit")
            return new

        world.runs.commit = unheard  # type: ignore[method-assign, assignment]
        await world.driver.sweep()
        await world.ended()
    assert [try_ for kind, try_ in world.tries if kind == "attempt"] == [1], "begun once, with a look first"


@pytest.mark.parametrize("is_told", [True, False])
async def test_nothing_is_begun_that_is_stored_before_it_is_known_here(database: Database, is_told: bool) -> None:
    """The answer to a commit is late, and a sweep finds in the store what the run in memory has not come to."""
    await stored_run(database, TaskState(id="one", state="ready", issue=7))
    async with asyncio.TaskGroup() as group:
        world = World(database, Beside(group))
        commit, is_there, answer = world.runs.commit, asyncio.Event(), asyncio.Event()

        async def late(
            plan_id: str, decision: Decision, now: datetime, settles: list[Settle] | tuple[()] = ()
        ) -> list[Action]:
            new = await commit(plan_id, decision, now, settles)
            if any(action.kind == "attempt" for action in decision.actions) and not is_there.is_set():
                is_there.set()
                await answer.wait()
                if not is_told:
                    raise StoreError("the connection was lost during the commit")
            return new

        world.runs.commit = late  # type: ignore[method-assign, assignment]
        await world.driver.sweep()
        async with asyncio.timeout(240):
            await is_there.wait()
        await world.driver.sweep()
        await world.driver.sweep()
        assert "attempt" not in [kind for kind, _ in world.tries]
        answer.set()
        await world.ended()
    assert len([kind for kind, _ in world.tries if kind == "attempt"]) == 1


async def test_what_is_due_while_it_is_decided_once_more_is_carried_out(database: Database) -> None:
    """A look leads to the merge again that waits for its next try, whose time comes while that is being stored."""
    run = await stored_run(database, TaskState(id="one", state="in_review", issue=7, pull=9, head_sha=HEAD, attempt=1))
    async with asyncio.TaskGroup() as group:
        world = World(database, Beside(group))
        commit, is_there, answer = world.runs.commit, asyncio.Event(), asyncio.Event()
        now = datetime(2026, 1, 1, tzinfo=UTC)
        merge = Action(key=f"{run.id}/one/1/merge/{HEAD}", kind="merge", task="one", attempt=1, sha=HEAD)
        decided = Decision(run_id=run.id, state="running", actions=(merge,))
        await commit(run.plan_id, decided, now)
        await commit(run.plan_id, Decision(run_id=run.id, state="running"), now, [Settle(key=merge.key, again_at=now)])
        board = await world.driver._board(run.id)
        assert board is not None

        async def late(*asked: Any) -> list[Action]:
            is_there.set()
            await answer.wait()
            return await commit(*asked)

        world.runs.commit = late  # type: ignore[method-assign, assignment]
        storing = asyncio.ensure_future(world.driver._store(board, world.driver._line(run.id), decided, [], now))
        await is_there.wait()
        await world.driver._effects.resume(run.id)
        assert world.tries == []
        answer.set()
        assert await storing == [], "it is no new one"
        await world.tried("merge")
    assert ("merge", 1) in world.tries


async def test_a_bug_in_a_decision_is_told_to_who_waits_and_the_sweep_goes_on_with_its_effects(
    database: Database,
) -> None:
    run = await stored_run(database, TaskState(id="one", state="ready", issue=7))
    async with asyncio.TaskGroup() as group:
        world = World(database, Beside(group))
        world.ends = [Outcome(note="the first end is lost by a bug")]
        commit, left, lost = world.runs.commit, [1], asyncio.Event()

        async def broken(
            plan_id: str, decision: Decision, now: datetime, settles: list[Settle] | tuple[()] = ()
        ) -> list[Action]:
            if settles and left:
                left.pop()
                lost.set()
                raise ZeroDivisionError
            return await commit(plan_id, decision, now, settles)

        world.runs.commit = broken  # type: ignore[method-assign, assignment]
        await world.driver.sweep()
        async with asyncio.timeout(240):
            await lost.wait()
        await world.driver.sweep()
        await world.ended()
        world.store.away = once(ZeroDivisionError())
        with pytest.raises(StoreError):
            await world.driver.happen(run.id, wish=Wish(state="paused", actor="kim"))
    assert [try_ for kind, try_ in world.tries if kind == "attempt"] == [0, 1]


async def test_a_command_to_a_run_that_others_conduct_is_refused_and_not_said_to_be_done(database: Database) -> None:
    run = await stored_run(database, TaskState(id="one", state="ready", issue=7))
    async with asyncio.TaskGroup() as group:
        world = World(database, Beside(group), Fence({}))
        with pytest.raises(Fenced):
            await world.driver.happen(run.id, [("one", Happening(kind="cancelled", actor="kim"))])
        with pytest.raises(Fenced):
            await world.driver.approved(run.id, "kim")
