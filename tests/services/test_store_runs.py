"""Runs in the store: one decision is all there or not at all, and effects come back in the order of their making."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import msgspec
import pytest

from services.core.adopt import adopt
from services.core.board import Action, Adoption, Board, Decision, Moment
from services.core.groups import Barrier
from services.core.keyless import Trail
from services.core.task_state import TaskState
from services.errors import Fenced, StoreError, Unreadable
from services.store.db import Connection, Database
from services.store.outbox import Due, Settle
from services.store.plans import Plans
from services.store.runs import Runs
from tests.kit.plans import NOW, applied, plan, task
from tests.kit.store import Place
from tests.kit.stored import now_stand, run_over, stored_run

PLAN = "acme/platform#1"


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    made = place.database()
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def runs(database: Database) -> Runs:
    return Runs(database)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def act(*keys: str, run_id: str = "r1") -> Decision:
    actions = tuple(Action(key=f"{run_id}/{key}", kind="track", task=key.partition("/")[0]) for key in keys)
    return Decision(run_id=run_id, state="running", actions=actions)


def keys(found: list[Action] | list[Due]) -> list[str]:
    return [item.action.key if isinstance(item, Due) else item.key for item in found]


async def begun(runs: Runs, now: datetime) -> list[Due]:
    """All that is due by then."""
    return await runs.begin_again("r1", [action.key for action, _ in await runs.due("r1", now)])


async def test_a_run_comes_back_as_it_was_stored(database: Database, runs: Runs) -> None:
    states = [TaskState(id=name, state="blocked") for name in ("zeta", "alpha", "Beta", "été")]
    run = await stored_run(database, *states)
    found = await runs.load("r1")
    assert found == msgspec.structs.replace(run, tasks={state.id: state for state in states})
    assert list(found.tasks) == ["zeta", "alpha", "Beta", "été"], "in the plan's order"
    assert await runs.load("r2") is None
    assert await runs.count(PLAN) == 1


async def test_how_far_groups_are_is_stored_with_the_decision(database: Database, runs: Runs) -> None:
    await stored_run(database, TaskState(id="one", state="in_review"))
    for name, barrier in (("a", Barrier(phase="complete", heads={"one": "f" * 40})), ("b", Barrier(phase="forward"))):
        decided = Decision(run_id="r1", state="running", barriers=((name, barrier),))
        assert not decided.is_empty
        await runs.commit(PLAN, decided, NOW)
    last = Barrier(phase="merging", heads={"one": "e" * 40}, broke="one", why="it is closed")
    await runs.commit(PLAN, Decision(run_id="r1", state="running", barriers=(("a", last),)), NOW)
    found = await runs.load("r1")
    assert found is not None
    assert found.barriers == {"a": last, "b": Barrier(phase="forward")}


async def test_a_decision_is_stored_whole(database: Database, runs: Runs) -> None:
    await stored_run(database, TaskState(id="one", state="ready"), TaskState(id="two", state="blocked"))
    changed = TaskState(id="one", state="in_review", attempt=1, fence=2)
    moment = Moment(
        task="one", kind="task", before="running", after="in_review", text="50% of 'it'? \\ yes", actor="ana"
    )
    decision = msgspec.structs.replace(
        act("one/1/open_pull"), changed=(changed,), waits=(("one", ("pull:acme/api#5", "check:acme/api@a")),), history=(moment,)
    )  # fmt: skip
    assert keys(await runs.commit(PLAN, decision, NOW)) == ["r1/one/1/open_pull"]
    found = await runs.load("r1")
    assert found is not None
    assert found.tasks["one"] == changed
    assert await runs.waiting_on(["check:acme/api@a", "pull:acme/api#5", "else"]) == [(PLAN, "r1", "one")]
    newest, first = await runs.history(PLAN)
    assert (newest.text, newest.actor, newest.seq > first.seq) == (moment.text, "ana", True)
    await runs.commit(PLAN, Decision(run_id="r1", state="running", waits=(("one", ()),)), NOW)
    assert await runs.waiting_on(["pull:acme/api#5"]) == []


async def test_a_decision_that_fails_leaves_nothing(database: Database, runs: Runs) -> None:
    await stored_run(database, TaskState(id="one", state="ready"))
    stranger = Decision(run_id="r9", state="running", changed=(TaskState(id="one", state="done"),))
    wrong = msgspec.structs.replace(stranger, history=(Moment(task="one", kind="task", before="a", after="b"),))
    before = await runs.history(PLAN)
    with pytest.raises(StoreError, match=r"(?i)foreign key"):
        await runs.commit(PLAN, wrong, NOW)
    assert await runs.history(PLAN) == before


async def test_an_edited_plan_is_taken_over_whole_or_not_at_all(database: Database, runs: Runs) -> None:
    run = await stored_run(database, TaskState(id="one", state="running", attempt=1, fence=1), TaskState(id="two"))
    edited = plan(task("three"), task("one", run="new"), title="Another")
    decision = adopt(Board(run), Adoption(plan=edited, actor="cem", text="an edit"), NOW)
    stranger = Moment(task="", kind="adopted", before="", after="")
    broken = msgspec.structs.replace(decision, waits=(("one", ("k", None)),), history=(stranger,))
    with pytest.raises(StoreError):
        await runs.commit(PLAN, broken, NOW)
    assert await runs.load("r1") == run
    assert await runs.commit(PLAN, decision, NOW)
    found = await runs.load("r1")
    assert found == applied(run, decision)
    assert (list(found.tasks), list(found.former), found.approver) == (["three", "one"], ["two"], "cem")
    row = await Plans(database).get(PLAN)
    assert row is not None
    assert (row.approved_hash, row.approved_by) == (edited.hash, "cem")
    told = [(moment.kind, moment.text) for moment in await runs.history(PLAN)]
    assert ("adopted", "an edit") in told
    assert ("approved", edited.hash) in told


async def test_an_effect_is_begun_once_and_comes_back_in_the_order_of_making(database: Database, runs: Runs) -> None:
    await stored_run(database, TaskState(id="one", state="ready"))
    made = ["one/z", "one/a", "one/M", "one/b"]
    assert keys(await runs.commit(PLAN, act(*made), NOW)) == [f"r1/{key}" for key in made]
    assert keys(await runs.commit(PLAN, act("one/a", "one/new"), NOW)) == ["r1/one/new"]
    assert await runs.unfinished() == []
    assert await runs.reopen(busy=["r1/one/new"]) == 4
    assert await runs.unfinished() == ["r1"]
    assert await runs.due("r1", at(-1)) == []
    assert [action.key for action, _ in await runs.due("r1", at(0))] == [f"r1/{key}" for key in made]
    assert keys(await runs.begin_again("r1", ["r1/one/a", "r1/one/new", "r1/none"])) == ["r1/one/a"]
    assert await runs.waiting("r1") == {"r1/one/z", "r1/one/M", "r1/one/b"}
    found = await begun(runs, at(0))
    assert keys(found) == ["r1/one/z", "r1/one/M", "r1/one/b"]
    assert [item.tries for item in found] == [1, 1, 1]
    assert await begun(runs, at(0)) == []
    assert await runs.reopen() == 5


async def test_how_an_effect_ends(database: Database, runs: Runs) -> None:
    await stored_run(database, TaskState(id="one", state="ready"))
    names = ["later", "free", "done", "forgotten", "1/attempt"]
    await runs.commit(PLAN, act(*(f"one/{name}" for name in names)), NOW)
    settles = [
        Settle(key="r1/one/later", again_at=at(60), note="a limit"),
        Settle(key="r1/one/free", again_at=at(30), free=True),
        Settle(key="r1/one/done"),
        Settle(key="r1/one/forgotten", forget=True),
        Settle(key="r1/one/1/attempt", note="failed", log="its\nend"),
    ]
    await runs.commit(PLAN, Decision(run_id="r1", state="running"), at(1), settles)
    assert [await runs.next_due("r1", at(after)) for after in (1, 30, 60)] == [at(30), at(60), None]
    assert await runs.due("r1", at(29)) == []
    assert [since for _, since in await runs.due("r1", at(60))] == [at(60), at(30)]
    found = await begun(runs, at(60))
    assert [(item.action.key, item.tries) for item in found] == [("r1/one/later", 1), ("r1/one/free", 1)]
    again = [Settle(key=key, again_at=at(61), free="free" in key) for key in keys(found)]
    await runs.commit(PLAN, Decision(run_id="r1", state="running"), at(60), again)
    assert [item.tries for item in await begun(runs, at(61))] == [2, 1], "a free try does not count"
    assert keys(await runs.commit(PLAN, act("one/forgotten", "one/done"), at(61))) == ["r1/one/forgotten"]
    assert await runs.log("r1", "one") == "its\nend"
    assert await runs.log("r1", "on") == ""
    assert await runs.next_due("r1", at(0)) is None


async def test_a_plan_has_one_live_run_and_its_newest_is_the_one_asked_for(database: Database, runs: Runs) -> None:
    """Also when the clock stands still between two of them."""
    state = TaskState(id="one", state="ready")
    first = await stored_run(database, state, run_id="p-r9")
    again = msgspec.structs.replace(first, id="p-r10")
    assert await runs.create(again, Decision(run_id="p-r10", state="running"), NOW) is None
    assert await runs.live() == ["p-r9"]
    await run_over(database, first, NOW)
    assert await runs.live() == []
    assert await runs.create(again, Decision(run_id="p-r10", state="running"), NOW) == []
    newest = await runs.of_plan(PLAN)
    assert newest is not None
    assert (newest.id, newest.state, newest.finished_at) == ("p-r10", "running", None)
    sticky, plan, shown = await runs.shown("acme/platform", 1)
    assert (sticky.wanted > sticky.shown, plan is not None and plan.id, shown) == (True, PLAN, newest)
    assert (await runs.shown("acme/platform", 2))[1:] == (None, None)
    over = await runs.load("p-r9")
    assert over is not None
    assert (over.state, over.finished_at) == ("done", NOW)
    assert await runs.count(PLAN) == 2
    going = Moment(task="", kind="run", before="done", after="running")
    on = Decision(run_id="p-r9", state="running", history=(going,))
    with pytest.raises(Fenced):  # a retry of the one that is over came too late
        await runs.commit(PLAN, on, NOW)
    assert await runs.live() == ["p-r10"]


async def test_who_approved_is_whose_rights_count(database: Database, runs: Runs) -> None:
    await stored_run(database, TaskState(id="one", state="ready"))
    await runs.approved("r1", "cleo")
    found = await runs.load("r1")
    assert found is not None
    assert found.approver == "cleo"


async def test_many_tasks_change_in_one_decision(database: Database, runs: Runs) -> None:
    states = [TaskState(id=f"t{n}", state="blocked") for n in range(700)]
    run = await stored_run(database, *states)
    await now_stand(database, run, [TaskState(id=f"t{n}", state="ready", attempt=n) for n in range(699)])
    found = await runs.load("r1")
    assert found is not None
    assert [found.tasks[f"t{n}"].attempt for n in range(700)] == [*range(699), 0]
    count = "SELECT state, count(*) FROM task GROUP BY state"

    def counted(c: Connection) -> dict[str, int]:
        return dict(c.execute(count).fetchall())

    assert await database.read(counted) == {"blocked": 1, "ready": 699}


async def test_what_is_known_of_something_without_a_key_is_kept_until_more_is_known(
    database: Database, runs: Runs
) -> None:
    await stored_run(database, TaskState(id="one", state="running"))
    await runs.commit(PLAN, act("one/1/attempt"), NOW)
    trail = Trail(told=1, looks=1, tries=1)
    for given in (trail, None):  # a limit says nothing of it
        settle = Settle(key="r1/one/1/attempt", again_at=at(1), free=True, trail=given)
        await runs.commit(PLAN, Decision(run_id="r1", state="running"), NOW, [settle])
        (due,) = await begun(runs, at(2))
        assert (due.trail, due.tries, due.since) == (trail, 1, NOW)
    await runs.reopen()
    (due,) = await begun(runs, at(2))
    assert due.trail is not None
    assert due.tries > due.trail.tries, "it was cut off"


@pytest.mark.parametrize("at", ["started_at", "finished_at", "resumed_at"])
async def test_a_run_with_a_time_that_is_none_can_not_be_read(database: Database, runs: Runs, at: str) -> None:
    run = await stored_run(database, TaskState(id="a"))
    await database.write(lambda c: c.execute(f"UPDATE run SET {at} = '2026-13-01'").rowcount)
    with pytest.raises(Unreadable):
        await runs.load(run.id)
