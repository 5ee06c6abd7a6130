"""services/store/retention.py: what is old goes, in small steps and in order; what a live run needs stays."""

from collections.abc import AsyncIterator, Coroutine
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

import pytest

from bot.assembly import assemble, keep
from bot.settings import Settings
from services.core.board import Action, Decision, Moment, Run, RunState
from services.core.clock import to_text
from services.core.repairs import Repair
from services.core.task_state import TaskState
from services.store import retention
from services.store.access import Access, Session, SigningIn, Token
from services.store.checkpoints import Checkpoints, Point, Spot
from services.store.db import Database
from services.store.inbox import Inbox
from services.store.outbox import Settle
from services.store.plans import Plans
from services.store.recoveries import Recoveries
from services.store.recoveries import keep as keep_repairs
from services.store.requests import Request, Requests, put
from services.store.retention import Keep, Retention
from services.store.runs import Runs
from tests.kit.ingest import delivery, outcomes
from tests.kit.plans import NOW
from tests.kit.store import Place
from tests.kit.stored import now_stand, run_over, stored_run

EVER = NOW + timedelta(days=3_650)


def day(days: float) -> datetime:
    return NOW + timedelta(days=days)


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    made = place.database()
    await made.open()
    yield made
    await made.close()


class House:
    """A store with runs in it, and what is left of them."""

    def __init__(self, database: Database, **keeps: float) -> None:
        self.database = database
        self.runs = Runs(database)
        days = {name: timedelta(days=value) for name, value in keeps.items()}
        self._retention = Retention(database, Keep(**days))

    async def attempted(self, run: Run, task: str, fence: int = 1, *, at: datetime = NOW, settled: bool = True) -> None:
        """An attempt with its steps, its effect and its log."""
        spot = Spot(run_id=run.id, task=task, attempt=fence, fence=fence)
        points = Checkpoints(self.database)
        assert await points.append(
            spot, Point(step="agent", at=at, blob=b"its log"), Point(step="commit", at=at, blob=b"its commit")
        )
        action = Action(key=f"{run.id}/{task}/{fence}/attempt", kind="attempt", task=task, attempt=fence, fence=fence)
        await self.runs.commit(run.plan_id, Decision(run_id=run.id, state="running", actions=(action,)), at)
        if settled:
            await self.settle(run, action.key, at)

    async def settle(self, run: Run, key: str, at: datetime, state: RunState = "running") -> None:
        ended = Decision(run_id=run.id, state=state)
        await self.runs.commit(run.plan_id, ended, at, [Settle(key=key, note="pushed", log="its log")])

    async def sweep(self, now: datetime) -> int:
        """Steps until nothing is left to do; how many."""
        steps = 1
        while await self._retention.step(now):
            steps += 1
        return steps

    async def left(self, run: str = "r1") -> dict[str, int]:
        """Rows and blobs that are there of a run."""
        queries = {
            "steps": "SELECT count(*) FROM checkpoint WHERE run_id = ?",
            "blobs": "SELECT count(*) FROM checkpoint WHERE run_id = ? AND blob IS NOT NULL",
            "effects": "SELECT count(*) FROM outbox WHERE run_id = ?",
            "logs": "SELECT count(*) FROM outbox WHERE run_id = ? AND log <> ''",
            "tasks": "SELECT count(*) FROM task WHERE run_id = ?",
        }
        found = {}
        for name, query in queries.items():
            found[name] = await self.database.read(lambda c, query=query: c.execute(query, (run,)).fetchone()[0])  # type: ignore[misc]
        return found


def task(task_id: str = "one", state: Any = "running", fence: int = 1) -> TaskState:
    return TaskState(id=task_id, state=state, attempt=fence, fence=fence)


async def test_what_a_live_run_needs_is_never_touched(database: Database) -> None:
    house = House(database)
    run = await stored_run(database, task("one"), task("two"))
    await house.attempted(run, "one", settled=False)
    await house.attempted(run, "two")
    before = await house.left()
    assert before == {"steps": 4, "blobs": 4, "effects": 2, "logs": 1, "tasks": 2}
    await house.sweep(EVER)
    assert await house.left() == before


async def test_what_an_attempt_left_goes_first_also_while_its_run_goes_on(database: Database) -> None:
    house = House(database, work=1)
    run = await stored_run(database, task("one"), task("two"))
    await house.attempted(run, "one")
    await house.attempted(run, "two", settled=False)
    await now_stand(database, run, [task("one", "in_review")])
    await house.sweep(day(0.9))
    assert (await house.left())["blobs"] == 4
    await house.sweep(day(1.1))
    assert await house.left() == {"steps": 4, "blobs": 2, "effects": 2, "logs": 1, "tasks": 2}
    spot = Spot(run_id="r1", task="two", attempt=1, fence=1)
    assert {point.blob for point in (await Checkpoints(database).begin(spot, EVER) or {}).values()} == {
        b"its log",
        b"its commit",
    }


async def test_of_a_task_that_is_tried_again_only_the_newest_attempt_is_kept(database: Database) -> None:
    house = House(database)
    run = await stored_run(database, task(fence=1))
    await house.attempted(run, "one", 1)
    await now_stand(database, run, [task(fence=3)])
    await house.attempted(run, "one", 3, settled=False)
    await house.sweep(EVER)
    assert await house.left() == {"steps": 4, "blobs": 2, "effects": 2, "logs": 1, "tasks": 1}


async def test_logs_and_then_steps_go_when_the_run_is_over(database: Database) -> None:
    house = House(database, work=1, logs=30, steps=90)
    run = await stored_run(database, task())
    other = await stored_run(database, task(), run_id="r10", number=2)
    for each in (run, other):
        await house.attempted(each, "one")
    await now_stand(database, run, [task(state="done")])
    await run_over(database, run, day(50))
    await house.settle(run, await open_key(database), day(50))  # closing the issue
    await house.sweep(day(79))
    assert await house.left() == {"steps": 2, "blobs": 0, "effects": 2, "logs": 2, "tasks": 1}
    await house.sweep(day(81))
    assert await house.left() == {"steps": 2, "blobs": 0, "effects": 2, "logs": 0, "tasks": 1}
    await house.sweep(day(141))
    assert await house.left() == {"steps": 0, "blobs": 0, "effects": 0, "logs": 0, "tasks": 1}
    assert await house.left("r10") == {"steps": 2, "blobs": 2, "effects": 1, "logs": 1, "tasks": 1}
    assert await house.sweep(day(142)) == 1


async def test_of_a_failed_run_that_was_left_alone_the_newest_attempts_stay(database: Database) -> None:
    house = House(database, work=1, logs=30, steps=90)
    run = await stored_run(database, task())
    for fence in range(1, 12):
        await now_stand(database, run, [task(fence=fence)])
        await house.attempted(run, "one", fence)
    await now_stand(database, run, [task(state="failed", fence=11)])
    await run_failed(house, run, day(50))
    await house.sweep(day(79))
    assert await house.left() == {"steps": 22, "blobs": 0, "effects": 11, "logs": 11, "tasks": 1}
    await house.sweep(day(81))
    assert await house.left() == {"steps": 22, "blobs": 0, "effects": 11, "logs": 0, "tasks": 1}
    await house.sweep(day(141))
    assert await house.left() == {"steps": 12, "blobs": 0, "effects": 1, "logs": 0, "tasks": 1}
    points = Checkpoints(database)
    assert len(await points.each_left("r1", "one", "commit")) == 11, "by these its branch is known for ours"
    assert [step.fence for step in (await points.newest("r1", ["one"]))["one"]] == [11, 11]
    assert await house.runs.live() == ["r1"], "it may be retried"
    assert await house.sweep(day(142)) == 1


async def test_a_failed_run_with_which_something_is_done_is_not_left_alone(database: Database) -> None:
    house = House(database)
    run = await stored_run(database, task())
    for fence in (1, 2):
        await now_stand(database, run, [task(fence=fence)])
        await house.attempted(run, "one", fence)
    await now_stand(database, run, [task(state="failed", fence=2)])
    await run_failed(house, run, NOW)
    key = await open_key(database, state="failed")
    await house.sweep(EVER)
    assert (await house.left())["logs"] == 2
    await house.settle(run, key, NOW, "failed")
    await run_failed(house, run, day(80))
    await house.sweep(day(100))
    assert (await house.left())["logs"] == 3
    await house.sweep(day(171))
    assert await house.left() == {"steps": 3, "blobs": 0, "effects": 2, "logs": 0, "tasks": 1}


async def test_a_task_that_can_not_be_read_holds_up_nothing(database: Database) -> None:
    house = House(database)
    run = await stored_run(database, task(), task("other"))
    for name in ("one", "other"):
        for fence in (1, 2):
            await now_stand(database, run, [task(name, fence=fence)])
            await house.attempted(run, name, fence)
    await now_stand(database, run, [task(state="failed", fence=2), task("other", state="failed", fence=2)])
    await run_failed(house, run, NOW)
    await database.write(lambda c: c.execute("UPDATE task SET data = ? WHERE id = 'one'", (b"{",)))
    assert await house.sweep(EVER) < 10
    assert (await house.left())["effects"] == 3, "all of the one and the newest of the other"


async def run_failed(house: House, run: Run, at: datetime) -> None:
    """The run waits for a person."""
    moment = Moment(task="", kind="run", before="running", after="failed")
    await house.runs.commit(run.plan_id, Decision(run_id=run.id, state="failed", history=(moment,)), at)


async def open_key(database: Database, run: str = "r1", state: RunState = "done") -> str:
    """A run that ends has something left to do; its key."""
    action = Action(key=f"{run}//0/finish/done", kind="finish")
    await Runs(database).commit("acme/platform#1", Decision(run_id=run, state=state, actions=(action,)), NOW)
    return action.key


async def test_a_run_with_something_left_to_do_is_not_over(database: Database) -> None:
    house = House(database)
    run = await stored_run(database, task(state="done"))
    await house.attempted(run, "one")
    await run_over(database, run, NOW)
    key = await open_key(database)
    await house.sweep(EVER)
    assert (await house.left())["effects"] == 2
    await house.settle(run, key, EVER)
    await house.sweep(EVER)
    assert (await house.left())["effects"] == 0


async def test_a_run_that_went_on_is_cleared_again_when_it_is_over_again(database: Database) -> None:
    house = House(database)
    run = await stored_run(database, task(state="done"))
    await house.attempted(run, "one")
    await run_over(database, run, NOW)
    await house.sweep(day(100))
    again = Moment(task="", kind="run", before="done", after="running")
    await house.runs.commit(run.plan_id, Decision(run_id=run.id, state="running", history=(again,)), day(100))
    await now_stand(database, run, [task(fence=2)], day(100))
    await house.attempted(run, "one", 2, at=day(100))
    await house.sweep(EVER)
    assert await house.left() == {"steps": 2, "blobs": 2, "effects": 1, "logs": 1, "tasks": 1}
    await now_stand(database, run, [task(state="done", fence=2)], day(101))
    await run_over(database, run, day(101))
    await house.sweep(EVER)
    assert await house.left() == {"steps": 0, "blobs": 0, "effects": 0, "logs": 0, "tasks": 1}


async def test_history_stays(database: Database) -> None:
    house = House(database)
    run = await stored_run(database, task(state="done"))
    await run_over(database, run, NOW)
    before = await house.runs.history(run.plan_id)
    assert before
    await house.sweep(EVER)
    assert await house.runs.history(run.plan_id) == before


async def test_a_step_is_small(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PRUNE", 2)
    monkeypatch.setattr(retention, "PRUNE_BLOBS", 1)
    house = House(database)
    names = [f"t{n}" for n in range(5)]
    run = await stored_run(database, *(task(name, "done") for name in names))
    for name in names:
        await house.attempted(run, name)
    await run_over(database, run, NOW)
    one = Retention(database, Keep())
    left = await house.left()
    while touched := await one.step(EVER):
        now = await house.left()
        assert touched <= 1 + 2 + 4 + 2  # blobs, logs, steps and effects, marks
        assert left["blobs"] - now["blobs"] <= 1 + 2  # by themselves, and with their steps
        assert left["logs"] - now["logs"] <= 4
        assert left["effects"] - now["effects"] <= 2
        left = now
    assert left == {"steps": 0, "blobs": 0, "effects": 0, "logs": 0, "tasks": 5}


async def test_commands_are_known_as_long_as_deliveries(database: Database) -> None:
    house, plans, inbox = House(database, deliveries=90, delivery_bodies=4), Plans(database), Inbox(database)
    await plans.heard("1", NOW)
    await plans.heard("2", day(50))
    for n in range(2):
        await inbox.put(delivery(guid=f"g{n}"))
        await inbox.settle(n + 1, "handled")
    await house.sweep(day(89))
    assert await plans.was_heard("1")
    assert (await outcomes(inbox))["handled"] == 2
    await house.sweep(day(91))
    assert [await plans.was_heard(each) for each in ("1", "2")] == [False, True]
    assert (await outcomes(inbox))["handled"] == 1  # the newest row stays, so that no number is given out twice


async def test_what_was_asked_on_a_page_goes_as_what_was_asked_in_comments_does(database: Database) -> None:
    house, asked = House(database, deliveries=90), Requests(database)
    for name, at in (("old", NOW), ("waits", NOW), ("new", day(50))):
        made = Request(id=name, at=to_text(at), login="ana", via="page", repo="acme/api", number=1, command="status")
        await database.write(partial(put, request=made))
    await asked.settle("old", "done", "all is well")
    await house.sweep(day(89))
    assert len(await asked.newest("ana", None, 9)) == 3
    await house.sweep(day(91))
    assert [each.id for each in await asked.newest("ana", None, 9)] == ["new", "waits"]


async def test_what_was_repaired_goes_with_the_records_of_attempts(database: Database) -> None:
    house, recoveries = House(database, records=400), Recoveries(database)
    await stored_run(database, task())
    for n, at in ((1, NOW), (2, day(300))):
        repair = Repair(
            n=n, strategy="retry", cls="runner", sha="a" * 40, attempt=1, about=(), checks=(), came="worked"
        )  # fmt: skip
        told = [("one", "acme/api", repair)]
        await database.write(lambda c, told=told, at=at: keep_repairs(c, "acme/platform#1", "r1", told, at))  # type: ignore[misc]
    await house.sweep(day(399))
    assert [each.n for each in await recoveries.of_task("r1", "one")] == [1, 2]
    await house.sweep(day(401))
    assert [each.n for each in await recoveries.of_task("r1", "one")] == [2]


async def test_what_opens_nothing_any_more_goes(database: Database) -> None:
    house, access = House(database), Access(database)
    for name, until in (("short", day(1)), ("long", day(9))):
        await access.begin(name, SigningIn(browser="b", verifier="v", next="/", until=until), NOW)
        await access.open(name, Session(login="ana", made=NOW, until=until))
        await access.add(name, Token(name=name, login="ana", scopes=("read",), made=NOW, until=until))
    await house.sweep(day(2))
    for table in ("signing_in", "session", "token"):
        query = f"SELECT until FROM {table}"
        assert await database.read(lambda c, query=query: c.execute(query).fetchall()) == [(to_text(day(9)),)]  # type: ignore[misc]
    assert [each.name for each in await access.tokens("ana")] == ["long"]


async def test_the_sweep_carries_the_policy_of_the_settings_out(database: Database) -> None:
    house = House(database)
    run = await stored_run(database, task(state="done"))
    await house.attempted(run, "one")
    await run_over(database, run, NOW)

    class Later:
        def now(self) -> datetime:
            return day(2)

    class Beside:
        def __call__(self, name: str, work: Coroutine[object, object, None]) -> None:
            work.close()

    nobody = cast("Any", None)
    settings = Settings(keep_logs=1.0, keep_steps=3.0, webhook_secret="x" * 16)
    bot = assemble(
        settings, database=database, github=nobody, workers=nobody, clock=Later(), beside=cast("Any", Beside())
    )
    await bot.look_everywhere()
    assert await house.left() == {"steps": 2, "blobs": 0, "effects": 1, "logs": 0, "tasks": 1}


async def test_what_is_old_is_looked_for_once_an_hour(database: Database) -> None:
    house, plans = Retention(database, Keep()), Plans(database)
    await house.tidy(day(100))
    await plans.heard("1", NOW)
    await house.tidy(day(100) + timedelta(minutes=59))
    assert await plans.was_heard("1")
    await house.tidy(day(100) + timedelta(minutes=60))
    assert not await plans.was_heard("1")


async def test_what_is_left_after_some_steps_is_for_the_next_sweep(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "MOST_STEPS", 1)
    monkeypatch.setattr(retention, "PRUNE", 1)
    house, plans = Retention(database, Keep()), Plans(database)
    for each in ("1", "2"):
        await plans.heard(each, NOW)
    counts = []
    for _ in range(3):
        await house.tidy(day(100))
        counts.append(sum([await plans.was_heard(each) for each in ("1", "2")]))
    assert counts == [1, 0, 0]


def test_the_defaults_of_the_settings_are_those_of_the_policy() -> None:
    assert keep(Settings()) == Keep()
