"""Shards on a real server: one holder at a time, free when it is gone, and nothing stored by who has lost them."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager

import psycopg
import pytest

import bot.conducting
from bot.conducting import Conductor
from bot.loops import Beside, pause
from services.core.board import Decision, Moment
from services.core.shards import SHARDS, shard_of
from services.core.task_state import TaskState
from services.errors import Fenced, StoreBusy, StoreError, Unreadable
from services.store import postgres as postgres_store
from services.store import tenure as sessions
from services.store.connect import PATIENCE
from services.store.db import Connection
from services.store.fence import Fence
from services.store.postgres import PostgresDatabase
from services.store.runs import Runs
from services.store.tenure import Standing, Tenure, slots_of
from tests.kit import postgres
from tests.kit.plans import NOW
from tests.kit.stored import stored_run

ALL = tuple(range(SHARDS))
ACME = shard_of("acme")


@pytest.fixture
def url() -> Iterator[str]:
    with postgres.database() as found:
        yield found


@pytest.fixture
async def database(url: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(url)
    await database.open()
    yield database
    await database.close()


@asynccontextmanager
async def tenure(url: str, *, conducts: bool = True, slots: int = 0) -> AsyncIterator[Tenure]:
    """A session as one process has it."""
    found = Tenure(url, conducts=conducts, slots=slots)
    await found.open()
    try:
        yield found
    finally:
        await found.close()


def cut(url: str) -> None:
    """End all sessions that hold shards, as if their cables were pulled; the processes live on."""
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'lockstep tenure' AND datname = current_database()"
        )


async def until(tenure: Tenure, wanted: Callable[[Standing], bool]) -> Standing:
    """Look again and again: a server notices the end of a connection when it gets to it."""
    async with asyncio.timeout(240):
        while not wanted(seen := await tenure.look()):
            await tenure.rest(0.02)
    return seen


async def rest_until_over(tenure: Tenure) -> None:
    """Rest as often as something is rung; the end of the session raises."""
    async with asyncio.timeout(240):
        while True:
            await tenure.rest(60.0)


# Holding.


async def test_a_shard_has_one_holder_and_is_free_when_that_is_gone(url: str) -> None:
    async with tenure(url) as first, tenure(url) as second:
        taken = await first.take((3, 1, 2), 2)
        assert taken.epochs == {3: 1, 1: 1}
        assert taken.clean == {1, 3}
        assert (await second.take((1, 3, 5), 9)).epochs == {5: 1}
        seen = await second.look()
        assert (seen.conductors, set(seen.taken), set(seen.mine)) == (2, {1, 3, 5}, {5})
        await first.close()
        await until(second, lambda seen: seen.taken == {5})
        after = await second.take((1, 3), 9)
        assert (after.epochs, after.clean) == ({1: 2, 3: 2}, frozenset())


async def test_what_is_let_go_in_good_order_is_known_to_be_clean(url: str) -> None:
    async with tenure(url) as first, tenure(url) as second:
        await first.take((1, 2), 2)
        await first.release([1], clean=True)
        await first.release([2], clean=False)
        await until(second, lambda seen: not seen.taken)
        taken = await second.take((1, 2), 2)
        assert (taken.epochs, list(taken.clean)) == ({1: 2, 2: 2}, [1])


async def test_workers_are_counted_by_their_places(url: str, database: PostgresDatabase) -> None:
    async with tenure(url) as conductor, tenure(url, conducts=False, slots=4) as one:
        async with tenure(url, conducts=False, slots=4), tenure(url, slots=2):
            seen = await conductor.look()
            assert (seen.conductors, seen.slots) == (2, 10)
            assert await slots_of(database) == 10
        await until(one, lambda seen: seen.slots == 4)
        assert await slots_of(database) == 4


async def test_the_end_of_a_session_is_heard_at_once(url: str) -> None:
    async with tenure(url) as held:
        resting = asyncio.ensure_future(rest_until_over(held))
        await asyncio.to_thread(cut, url)
        with pytest.raises(StoreError):
            await resting
        assert not held.is_open
        with pytest.raises(StoreError):
            await held.look()


async def test_who_stood_still_knows_that_its_session_may_be_over(url: str) -> None:
    now = 10.0
    held = Tenure(url, conducts=True, seconds=lambda: now)
    assert not held.is_sure
    await held.open()
    assert held.is_sure
    now += sessions.LEASE
    assert not held.is_sure
    await held.look()
    assert held.is_sure
    await held.close()
    assert not held.is_sure


async def test_a_server_that_answers_nothing_is_given_up(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies between may confirm all that is sent to it, so the connection itself looks sound."""
    async with tenure(url) as held:
        [(pid,)] = await held._ask("SELECT pg_backend_pid()")
        monkeypatch.setattr(sessions, "PATIENCE", 0.2)
        os.kill(pid, signal.SIGSTOP)
        try:
            async with asyncio.timeout(60):
                with pytest.raises(StoreError):
                    await held.look()
        finally:
            os.kill(pid, signal.SIGCONT)
        assert not held.is_open


async def test_an_answer_that_came_while_this_process_stood_still_is_no_silence(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tenure(url) as held:
        monkeypatch.setattr(sessions, "PATIENCE", 0.1)
        asking = asyncio.ensure_future(held.look())
        await asyncio.sleep(0)  # it is asked now
        threading.Event().wait(0.5)
        await asking
        assert (await held.take((7,), 1)).epochs == {7: 1}


async def test_a_session_that_says_nothing_loses_what_it_holds(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that vanished, or a process that stands still."""
    monkeypatch.setattr(sessions, "LEASE", 0.3)
    async with tenure(url) as silent:
        await silent.take((7,), 1)
        with pytest.raises(StoreError):
            await rest_until_over(silent)
        async with tenure(url) as other:
            assert (await other.take((7,), 1)).epochs == {7: 2}


def test_whatever_vanishes_is_gone_on_with_within_five_seconds() -> None:
    """What the server has to wait for, the next look of another, and the moment before that begins."""
    longest = max(sessions.LEASE, postgres_store.STANDS_STILL, postgres_store.LOCKED_OUT)
    assert longest + bot.conducting.ROUND + bot.conducting.QUIET < 5.0
    assert bot.conducting.ROUND + PATIENCE < sessions.LEASE, "who is cut off stops before that"
    assert postgres_store.STANDS_STILL < postgres_store.LOCKED_OUT, "one that stands still costs no other its write"


async def test_a_writer_may_keep_others_waiting_for_so_long_and_no_longer(database: PostgresDatabase) -> None:
    names = ("idle_in_transaction_session_timeout", "lock_timeout", "client_connection_check_interval")

    def shown(c: Connection) -> list[str]:
        return [str(c.execute("SELECT current_setting(?)", (name,)).fetchone()[0]) for name in names]

    assert await database.write(shown) == ["3s", "3500ms", "1s"]


# Deciding.


def decision(run_id: str) -> Decision:
    moment = Moment(task="one", kind="waits", before="running", after="running")
    return Decision(run_id=run_id, state="running", history=(moment,))


async def until_locked(url: str) -> None:
    """Until somebody waits for a row that another has."""
    async with asyncio.timeout(60), await psycopg.AsyncConnection.connect(url, autocommit=True) as c:
        query = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FOR UPDATE'"
        while await (await c.execute(query)).fetchone() is None:
            pass


async def test_who_has_lost_a_shard_can_store_nothing_more(url: str, database: PostgresDatabase) -> None:
    async with tenure(url) as first, tenure(url) as second:
        fence = Fence((await first.take(ALL, SHARDS)).epochs)
        runs = Runs(database, fence)
        run = await stored_run(database, TaskState(id="one", state="running"))
        await runs.commit(run.plan_id, decision(run.id), NOW)
        assert len(await runs.history(run.plan_id)) == 2
        await asyncio.to_thread(cut, url)  # the holder does not know it yet: its fence is as it was
        await second.open()
        await second.take((ACME,), 1)
        with pytest.raises(Fenced, match="another process conducts acme/platform#1 now"):
            await runs.commit(run.plan_id, decision(run.id), NOW)
        with pytest.raises(Fenced):
            await runs.begin_again(run.id, ())
        assert len(await runs.history(run.plan_id)) == 2


async def test_a_decision_that_is_being_stored_keeps_its_shard_and_holds_up_no_other(
    url: str, database: PostgresDatabase
) -> None:
    """Whoever takes the shard then reads what was stored, or the other is refused; never half of each. One that stands
    still in the middle of it costs those who would take over nothing that they hold."""
    async with tenure(url) as first, tenure(url) as second:
        fence = Fence((await first.take((ACME,), 1)).epochs)
        others = tuple(shard for shard in ALL if shard != ACME)
        await second.take(others[1:], SHARDS)
        checked, go_on = threading.Event(), threading.Event()

        def slow(c: Connection) -> None:
            fence.check(c, "acme/platform#1")
            checked.set()
            assert go_on.wait(300)

        storing = asyncio.ensure_future(database.write(slow))
        await asyncio.to_thread(checked.wait)
        await first.close()
        await until(second, lambda seen: ACME not in seen.taken)
        assert (await second.take((ACME, others[0]), 2)).epochs == {others[0]: 1}
        assert (await second.look()).mine == set(others)
        go_on.set()
        await storing
        assert (await second.take((ACME,), 1)).epochs == {ACME: 2}
        with pytest.raises(Fenced):
            await database.write(lambda c: fence.check(c, "acme/platform#1"))


async def test_who_stands_still_while_it_stores_is_undone(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows it has locked are free after about a lease; what it was storing is refused when it goes on."""
    monkeypatch.setattr(postgres_store, "STANDS_STILL", 0.3)
    database = PostgresDatabase(url)
    await database.open()
    async with tenure(url) as first, tenure(url) as second:
        fence = Fence((await first.take((ACME,), 1)).epochs)
        checked, go_on = threading.Event(), threading.Event()

        def stands_still(c: Connection) -> None:
            fence.check(c, "acme/platform#1")
            checked.set()
            assert go_on.wait(300)

        storing = asyncio.ensure_future(database.write(stands_still))
        await asyncio.to_thread(checked.wait)
        await first.close()
        async with asyncio.timeout(240):
            while not (await second.take((ACME,), 1)).epochs:
                await second.rest(0.1)
        go_on.set()
        with pytest.raises(StoreError):
            await storing
        with pytest.raises(Fenced):
            await database.write(lambda c: fence.check(c, "acme/platform#1"))
    await database.close()


async def test_what_was_decided_and_nobody_said_if_it_is_stored_is_waited_for(
    url: str, database: PostgresDatabase
) -> None:
    """The connection that stored it is lost, and the server is still at it."""
    async with tenure(url) as one:
        fence = Fence((await one.take((ACME,), 1)).epochs)
        runs = Runs(database, fence)
        run = await stored_run(database, TaskState(id="one", state="ready"))
        await runs.outwait(run.plan_id)
        lost, at_it, goes_on = PostgresDatabase(url), threading.Event(), threading.Event()
        await lost.open()

        def slow(c: Connection) -> None:
            with fence.held(c, run.plan_id):
                assert c.execute("UPDATE run SET approver = ? WHERE id = ?", ("kim", run.id)).rowcount == 1
                at_it.set()
                assert goes_on.wait(300)

        storing = asyncio.ensure_future(lost.write(slow))
        await asyncio.to_thread(at_it.wait)
        await Runs(database, Fence({ACME: 0})).outwait(run.plan_id)  # who has lost the shard waits for nobody
        waiting = asyncio.ensure_future(runs.outwait(run.plan_id))
        assert (await runs.load(run.id) or run).approver == run.approver
        await until_locked(url)
        assert not waiting.done()
        goes_on.set()
        await waiting
        assert (await runs.load(run.id) or run).approver == "kim"
        await storing
        await lost.close()


async def test_runs_of_others_are_neither_listed_nor_reopened(database: PostgresDatabase) -> None:
    run = await stored_run(database, TaskState(id="one", state="running"))
    mine, others = Runs(database, Fence({ACME: 0})), Runs(database, Fence({ACME ^ 1: 0}))
    assert await mine.live() == [run.id]
    assert await mine.live([ACME]) == [run.id]
    assert await mine.live([ACME ^ 1]) == await others.live() == []


# Conducting.


class Crew:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.has: set[int] = set()
        self.said: list[str] = []
        self.changed = asyncio.Event()
        self.fence = Fence({})
        self.warned: set[int] = set()

    def inherit(self, shards: Collection[int]) -> None:
        assert not any(map(self.fence.has, shards)), "others had them until now, and something was decided in them"
        self.warned |= set(shards)

    async def take_up(self, shards: Collection[int]) -> None:
        assert not self.has & set(shards)
        assert set(shards) <= self.warned
        self.has |= set(shards)
        self._say(f"+{len(shards)}")

    async def let_go(self, shards: Collection[int], patience: float) -> bool:
        self.has -= set(shards)
        self.warned -= set(shards)
        self._say(f"-{len(shards)} {'in order' if patience else 'lost'}")
        return True

    def resize(self, slots: int) -> None:
        self._say(f"{slots} places")

    def _say(self, what: str) -> None:
        self.said.append(what)
        self.changed.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(240):
            while len(self.has) != count:
                self.changed.clear()
                await self.changed.wait()


class Vain(Crew):
    """Can't take up what it is told the first times. looks: the look for lost deliveries that it was asked for."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__()
        self._errors = list(errors)
        self.first = asyncio.Event()
        self.looks = 0

    async def take_up(self, shards: Collection[int]) -> None:
        self.looks += self.first.is_set()
        self.first.clear()
        if self._errors:
            raise self._errors.pop(0)
        await super().take_up(shards)


@asynccontextmanager
async def conducting(url: str, name: str, crew: Crew | None = None) -> AsyncIterator[tuple[Conductor, Crew, Fence]]:
    """A conductor at work; at the end it is gone as a killed process is."""
    crew, held = crew or Crew(), Tenure(url, conducts=True)
    fence = crew.fence
    async with asyncio.TaskGroup() as group:
        beside = Beside(group)
        conductor = Conductor(name=name, tenure=held, fence=fence, crew=crew, spawn=beside, pause=pause)
        beside.for_good("conduct", conductor.run())
        yield conductor, crew, fence
        beside.close()
    await held.close()


async def test_shards_are_shared_when_one_comes_and_taken_when_one_goes(url: str) -> None:
    async with conducting(url, "a") as (_, first, fence):
        await first.until(SHARDS)
        async with conducting(url, "b") as (_, second, _):
            await first.until(SHARDS // 2)
            await second.until(SHARDS // 2)
            assert not first.has & second.has
            assert f"-{SHARDS // 2} in order" in first.said
            assert set(fence.shards or ()) == first.has
        await first.until(SHARDS)
        assert first.has == set(ALL)


async def test_shards_are_taken_up_in_the_end_and_lost_deliveries_are_looked_for_once(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.conducting, "delay", lambda *_, **__: 0.0)
    crew = Vain(StoreBusy("4096 writes wait already"), Unreadable("invalid utf-8"))
    async with conducting(url, "a", crew) as (conductor, _, _):
        crew.first = conductor.has_first
        await crew.until(SHARDS)
    assert crew.looks == 1


async def test_coming_and_leaving_in_good_order_are_heard_at_once(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the next look: it would be in a minute here."""
    monkeypatch.setattr(bot.conducting, "ROUND", 60.0)
    monkeypatch.setattr(sessions, "LEASE", 120.0)
    async with conducting(url, "a") as (leaving, first, _):
        await first.until(SHARDS)
        async with conducting(url, "b") as (_, second, _):
            await second.until(SHARDS // 2)
            await leaving.leave()
            await second.until(SHARDS)
            assert not first.has


async def test_who_loses_its_session_stops_at_once_and_comes_back(url: str) -> None:
    async with conducting(url, "a") as (_, crew, fence):
        await crew.until(SHARDS)
        await asyncio.to_thread(cut, url)
        await crew.until(0)
        assert crew.said[-1] == f"-{SHARDS} lost"
        assert not fence.holds("acme/platform#1")
        await crew.until(SHARDS)
        assert fence.holds("acme/platform#1")
