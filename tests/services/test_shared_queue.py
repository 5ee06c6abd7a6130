"""Attempts through the queue: asked for by one process, carried out by another, answered once whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

import msgspec
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pgqueuer.domain.types import QueueEntrypoint
from pgqueuer.ports.repository import EntrypointExecutionParameter

from bot.dispatch import isolated
from bot.loops import pause
from bot.tracing import Traces
from services.core.board import Action, Decision
from services.core.schedule import PATIENCE
from services.core.task_state import TaskState
from services.engine.orders import Order, Result
from services.engine.queued import MOST_URGENT, Queued, urgency_of, which
from services.engine.taking import Worker
from services.errors import AgentError, GitError, NotFound, RateLimited
from services.store.bell import Bell
from services.store.news import RESULT
from services.store.outbox import Settle
from services.store.postgres import PostgresDatabase
from services.store.queue import CHANNEL, ENTRY, Queue
from services.store.results import Results
from services.store.runs import Runs
from services.tracing import Tracing
from tests.kit import postgres
from tests.kit.attempting import order as plain
from tests.kit.driving import StillClock
from tests.kit.logged import logged
from tests.kit.plans import NOW
from tests.kit.stored import now_stand, stored_run

ENDED = Result(kind="pushed", fence=7, head_sha="a" * 40, log="said", seconds=1.5)
Act = Callable[[Order], Awaitable[Result]]


@pytest.fixture
def url() -> Iterator[str]:
    with postgres.database() as found:
        yield found


class Machine:
    """What a worker carries orders out with: it does as it is told, and counts."""

    def __init__(self, act: Act) -> None:
        self._act = act
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.at_once = self.most = 0
        self.changed = asyncio.Condition()
        self.free = asyncio.Event()

    async def attempt(self, order: Order, is_ours: Callable[[], Awaitable[bool]]) -> Result:
        assert await is_ours()
        self.begun.append(order.key)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await self._note()
        try:
            return await self._act(order)
        finally:
            self.at_once -= 1
            self.ended.append(order.key)
            self.free.set()

    async def _note(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def has_begun(self, count: int) -> None:
        async with asyncio.timeout(240), self.changed:
            await self.changed.wait_for(lambda: len(self.begun) >= count)


class Site:
    """Processes on one database: `asker()` has attempts carried out, `worker(act)` carries out."""

    def __init__(self, url: str, database: PostgresDatabase, group: asyncio.TaskGroup, stack: AsyncExitStack) -> None:
        self.url, self.database, self._group, self._stack = url, database, group, stack
        self.results, self._names = Results(database), 0
        self._moved = asyncio.Event()
        self.limits: dict[str, int] = {}

    async def _parts(self) -> tuple[Bell, Queue]:
        bell = Bell(self.url, (RESULT, CHANNEL), pause)
        queue = Queue(self.url, bell, pause, self.limits)
        for part in (bell, queue):
            self._stack.push_async_callback(part.close)
            await part.open()
        task = self._group.create_task(bell.run())
        self._stack.push_async_callback(asyncio.wait, {task})
        self._stack.callback(task.cancel)
        return bell, queue

    async def asker(self, traces: Tracing | None = None) -> Queued:
        bell, queue = await self._parts()
        bell.on(CHANNEL, lambda _: self._moved.set())
        put = queue.put

        async def put_in(key: str, body: bytes, priority: int, agent: str = "") -> None:
            await put(key, body, priority, agent)
            self._moved.set()  # the channel tells nobody of a priority

        queue.put = put_in  # type: ignore[method-assign]

        def spawn(_: str, work: Coroutine[object, object, None]) -> None:
            self._group.create_task(isolated(work))

        queued = Queued(queue, self.results, spawn, StillClock(), traces)
        bell.on(RESULT, queued.ring)
        bell.on_anew(queued.look_again)
        return queued

    async def worker(self, act: Act, slots: int = 4, traces: Tracing | None = None) -> tuple[Worker, Machine]:
        _, queue = await self._parts()
        machine, self._names = Machine(act), self._names + 1
        worker = Worker(
            name=f"w{self._names}", slots=slots, queue=queue, results=self.results, local=machine, isolate=isolated,
            traces=traces,
        )  # fmt: skip
        self._group.create_task(worker.run())
        self._stack.push_async_callback(worker.stop, 0.0)
        return worker, machine

    async def order(self, task: str = "schema", **fields: Any) -> Order:
        """An order whose effect is stored as begun."""
        key = f"{task}/1/attempt"
        given = plain("true", key=key, run_id=task, **fields)
        run = await stored_run(self.database, TaskState(id="schema", state="running", fence=7), run_id=task,
                               number=crc32(task.encode()))  # fmt: skip
        action = Action(key=key, kind="attempt", task="schema", attempt=1, fence=7)
        await Runs(self.database).commit(run.plan_id, Decision(run_id=task, state="running", actions=(action,)), NOW)
        return given

    async def new_fence(self, order: Order) -> None:
        """The task was cancelled: nobody wants the attempt any more."""
        run = await Runs(self.database).load(order.run_id)
        assert run is not None
        await now_stand(self.database, run, [TaskState(id="schema", state="cancelled", fence=8)])

    async def queued(self, count: int) -> None:
        """Wait until so many attempts are in the queue."""
        async with asyncio.timeout(240):
            while self.rows("lockstep_queue") != count:
                self._moved.clear()
                await self._moved.wait()

    async def urgent(self, priority: int) -> None:
        """Wait until a piece in the queue is as urgent as that."""
        async with asyncio.timeout(240):
            while not self.rows(f"lockstep_queue WHERE priority = {priority}"):
                self._moved.clear()
                await self._moved.wait()

    def stand_still(self) -> None:
        """Whoever has a piece by now has not beaten for long, as far as the others see."""
        with psycopg.connect(self.url) as connection:
            connection.execute("UPDATE lockstep_queue SET heartbeat = now() - interval '1 minute'")

    def rows(self, table: str) -> int:
        with psycopg.connect(self.url) as connection:
            row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
            return int(row[0]) if row else 0


@pytest.fixture
async def site(url: str) -> AsyncIterator[Site]:
    database = PostgresDatabase(url)
    await database.open()
    async with asyncio.TaskGroup() as group, AsyncExitStack() as stack:
        yield Site(url, database, group, stack)
    await database.close()


@asynccontextmanager
async def asking(queued: Queued, order: Order) -> AsyncIterator["asyncio.Task[Result]"]:
    task = asyncio.ensure_future(queued.attempt(order))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})


async def ended(_: Order) -> Result:
    return ENDED


async def never(_: Order) -> Result:
    await asyncio.Event().wait()
    raise AssertionError


async def test_what_one_process_asks_for_another_carries_out(site: Site) -> None:
    _, machine = await site.worker(ended)
    order = await site.order()
    assert await (await site.asker()).attempt(order) == ENDED
    assert machine.begun == [order.key]
    assert site.rows("lockstep_queue") == 0


async def test_what_a_worker_does_is_in_the_trace_of_whoever_asked(site: Site) -> None:
    sdk = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    told = {role: sdk.InMemorySpanExporter() for role in ("conductor", "worker")}
    asks, works = (Traces(memory, role) for role, memory in told.items())
    await site.worker(ended, traces=works)
    queued, order = await site.asker(asks), await site.order()
    with asks.span("effect.attempt"):
        await queued.attempt(order)
    for each in (asks, works):
        each.close()
    (asked,), (done,) = (memory.get_finished_spans() for memory in told.values())
    assert (done.context.trace_id, done.parent.span_id) == (asked.context.trace_id, asked.context.span_id)
    assert done.name == "attempt"
    assert done.attributes == {"lockstep.run": "schema", "lockstep.task": "schema", "lockstep.attempt": order.attempt}


async def test_asking_again_from_anywhere_finds_the_answer(site: Site) -> None:
    """The process that asked was killed after the answer and before it was stored."""
    _, machine = await site.worker(ended)
    order = await site.order()
    for _ in range(2):
        assert await (await site.asker()).attempt(order) == ENDED
    assert machine.begun == [order.key]


async def test_asking_again_from_anywhere_joins_the_attempt_that_runs(site: Site) -> None:
    go_on = asyncio.Event()

    async def slow(_: Order) -> Result:
        await go_on.wait()
        return ENDED

    _, machine = await site.worker(slow)
    order = await site.order()
    async with asking(await site.asker(), order) as first, asking(await site.asker(), order) as second:
        await machine.has_begun(1)
        go_on.set()
        assert await first == await second == ENDED
    assert machine.begun == [order.key]


@pytest.mark.parametrize(
    "error",
    [
        GitError("the host is away"),
        AgentError("there is no box"),
        NotFound(404, "gone"),
        RateLimited(403, "slow down", retry_after=7.5),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_that_it_could_not_be_tried_comes_back_as_it_was_and_is_tried_again(
    site: Site, error: GitError | AgentError | NotFound | RateLimited
) -> None:
    errors = [error]

    async def act(_: Order) -> Result:
        if errors:
            raise errors.pop()
        return ENDED

    await site.worker(act)
    queued, order = await site.asker(), await site.order()
    with pytest.raises(type(error)) as raised:
        await queued.attempt(order)
    assert (str(raised.value), vars(raised.value)) == (str(error), vars(error))
    assert await queued.attempt(order) == ENDED


async def test_a_bug_on_a_worker_is_logged_there_and_told(site: Site) -> None:
    async def act(_: Order) -> Result:
        raise ZeroDivisionError("a bug")

    await site.worker(act)
    with logged() as log:
        with pytest.raises(AgentError, match="the worker's log says where"):
            await (await site.asker()).attempt(await site.order())
        assert any("ZeroDivisionError" in line for line in log.problems())


async def test_an_attempt_that_nobody_wants_any_more_is_stopped_on_its_worker(site: Site) -> None:
    _, machine = await site.worker(never)
    queued, order = await site.asker(), await site.order()
    async with asking(queued, order):
        await machine.has_begun(1)
        await site.new_fence(order)
    async with asyncio.timeout(240):
        await machine.free.wait()
    assert site.rows("result WHERE body IS NOT NULL") == 0


async def test_an_attempt_that_still_counts_goes_on_when_its_conductor_goes(site: Site) -> None:
    go_on = asyncio.Event()

    async def slow(_: Order) -> Result:
        await go_on.wait()
        return ENDED

    _, machine = await site.worker(slow)
    order = await site.order()
    async with asking(await site.asker(), order):
        await machine.has_begun(1)
    go_on.set()
    assert await (await site.asker()).attempt(order) == ENDED
    assert machine.begun == [order.key]


async def test_what_is_over_is_not_begun(site: Site) -> None:
    """A piece that was handed out again after its attempt was settled or cancelled."""
    queued, order, settled = await site.asker(), await site.order(), await site.order("settled")
    async with asking(queued, order), asking(queued, settled):
        await site.queued(2)
        await site.new_fence(order)
        run = await Runs(site.database).load("settled")
        assert run is not None
        done = Decision(run_id="settled", state="running")
        await Runs(site.database).commit(run.plan_id, done, NOW, [Settle(key=settled.key)])
        _, machine = await site.worker(ended)
        await site.queued(0)
    assert machine.begun == []
    assert site.rows("result") == 0


async def test_of_two_workers_with_one_attempt_one_counts(site: Site) -> None:
    """The first was taken for dead: what it comes to afterwards is dropped."""
    order = await site.order()
    results, told = site.results, []
    assert await results.claim(which(order), "first") == "ours"
    assert await results.claim(which(order), "second") == "ours"
    assert not await results.is_held(order.key, "first")
    assert await results.is_held(order.key, "second")
    assert not await results.tell(order.key, "first", b"one", lambda _: told.append("first"))
    assert await results.tell(order.key, "second", b"two", lambda _: told.append("second"))
    assert not await results.tell(order.key, "second", b"again", lambda _: told.append("again"))
    assert (await results.answer(order.key), told) == (b"two", ["second"])
    assert await results.claim(which(order), "third") == "answered"


@pytest.mark.parametrize("ends", ["ends", "stops"])
async def test_a_worker_that_comes_back_leaves_the_piece_to_who_took_over(site: Site, ends: str) -> None:
    """It stood still, is gone on with elsewhere, and ends or is stopped now; then somebody asks again."""
    go_on = asyncio.Event()

    async def slow(_: Order) -> Result:
        await go_on.wait()
        return msgspec.structs.replace(ENDED, log="the first")

    take_over = asyncio.Event()

    async def slower(_: Order) -> Result:
        await take_over.wait()
        return ENDED

    back, first = await site.worker(slow, slots=1)
    queued, order = await site.asker(), await site.order()
    async with asking(queued, order) as asked:
        await first.has_begun(1)
        _, second = await site.worker(slower, slots=1)
        site.stand_still()
        await second.has_begun(1)
        if ends == "ends":
            go_on.set()
            async with asyncio.timeout(240):
                await first.free.wait()
        await back.stop(0.05)
        assert site.rows("lockstep_queue WHERE status = 'picked'") == 1
        _, third = await site.worker(ended, slots=1)
        queued.look_again()
        other = await site.order("other")
        assert await queued.attempt(other) == ENDED
        assert third.begun == [other.key], "what a live worker has is nobody else's"
        take_over.set()
        assert await asked == ENDED
    assert (second.begun, site.rows("lockstep_queue")) == ([order.key], 0)


async def test_a_worker_keeps_only_its_own_pieces_alive(site: Site) -> None:
    """The beat of one that lost a piece must not hide that the one who has it now is dead."""
    queues = [(await site._parts())[1]._queries for _ in range(2)]
    await queues[0].enqueue(ENTRY, b"{}")
    taken = [await queue.dequeue(1, {QueueEntrypoint(ENTRY): EntrypointExecutionParameter(0)}, queue.owner, None,
                                 timedelta(0)) for queue in queues]  # fmt: skip
    assert [[job.id for job in jobs] for jobs in taken] == [[taken[0][0].id]] * 2
    site.stand_still()
    stale = "lockstep_queue WHERE heartbeat < now() - interval '30 seconds'"
    await queues[0].update_heartbeat([taken[0][0].id])
    assert site.rows(stale) == 1
    await queues[1].update_heartbeat([taken[0][0].id])
    assert site.rows(stale) == 0


async def test_a_worker_that_stops_hands_back_what_does_not_end_in_time(site: Site) -> None:
    site.limits, held = {"script": 1}, "lockstep_queue WHERE slot IS NOT NULL"
    stopping, machine = await site.worker(never)
    queued, order = await site.asker(), await site.order()
    async with asking(queued, order) as asked:
        await machine.has_begun(1)
        assert site.rows(held) == 1
        await stopping.stop(0.05)
        assert machine.ended == [order.key]
        assert site.rows(held) == 0, "a worker without a limit would take it with a place that others have by then"
        await site.worker(ended)
        assert await asked == ENDED


async def test_a_worker_that_stops_lets_end_what_can(site: Site) -> None:
    go_on = asyncio.Event()

    async def slow(_: Order) -> Result:
        await go_on.wait()
        return ENDED

    stopping, machine = await site.worker(slow)
    queued, order = await site.asker(), await site.order()
    async with asking(queued, order) as asked:
        await machine.has_begun(1)
        asyncio.get_running_loop().call_later(0.05, go_on.set)
        await stopping.stop(20.0)
        assert await asked == ENDED


async def test_a_worker_takes_no_more_than_its_places_and_the_most_urgent_first(site: Site) -> None:
    queued = await site.asker()
    orders = [await site.order(f"t{number}") for number in range(6)]
    orders[4] = msgspec.structs.replace(orders[4], task=msgspec.structs.replace(orders[4].task, priority=1e12))
    orders[3] = msgspec.structs.replace(orders[3], when=NOW - PATIENCE - timedelta(seconds=1))  # it has waited too long
    orders[5] = msgspec.structs.replace(orders[5], remaining=7_200.0)
    async with AsyncExitStack() as stack:
        tasks = [await stack.enter_async_context(asking(queued, order)) for order in orders]
        await site.queued(len(orders))
        _, machine = await site.worker(ended, slots=1)
        assert [await task for task in tasks] == [ENDED] * len(orders)
    assert machine.most == 1
    assert machine.begun[:3] == [orders[each].key for each in (3, 4, 5)]


@pytest.mark.parametrize(
    ("waited", "said", "urgent"),
    [
        (timedelta(), None, 2_000_360),
        (PATIENCE, 7.4, 7_400_360),
        (PATIENCE, -2e6, -1_999_999_640),
        (PATIENCE * 2, -5.0, MOST_URGENT),
    ],
)
def test_who_waits_for_longer_than_a_day_is_as_urgent_as_can_be(
    waited: timedelta, said: float | None, urgent: int
) -> None:
    assert urgency_of(ordered(2.0, 3_600.0, NOW - waited), said, NOW) == urgent


def ordered(priority: float, remaining: float, when: datetime = NOW) -> Order:
    order = plain("true", when=when)
    task = msgspec.structs.replace(order.task, priority=priority)
    return msgspec.structs.replace(order, task=task, remaining=remaining)


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.floats(0, 1e9), st.floats(0, 1e9))
def test_in_the_queue_too_priority_comes_first_and_then_the_longest_chain(
    one: float, other: float, chain: float, rest: float
) -> None:
    first, second = (urgency_of(ordered(*each), None, NOW) for each in ((one, chain), (other, rest)))
    assert -(2**31) <= first < MOST_URGENT < 2**31
    if min(one, 2_000) > max(other, -2_000) + 0.1:
        assert first > second
    elif one == other and chain >= rest:
        assert first >= second


async def test_what_people_say_of_a_priority_counts_in_the_queue_too(site: Site) -> None:
    queued = await site.asker()
    orders = [await site.order(f"t{number}") for number in range(3)]
    async with AsyncExitStack() as stack:
        tasks = []
        for number, order in enumerate(orders, 1):
            tasks.append(await stack.enter_async_context(asking(queued, order)))
            await site.queued(number)
        queued.urge(orders[2].key, 7)
        queued.urge("none/of/these/attempt", 8)
        await site.urgent(urgency_of(orders[2], 7.0, NOW))
        _, machine = await site.worker(ended, slots=1)
        assert [await task for task in tasks] == [ENDED] * len(orders)
    assert machine.begun == [orders[each].key for each in (2, 0, 1)]


async def test_all_workers_together_keep_the_limit_of_an_agent_and_others_pass(site: Site) -> None:
    site.limits = {"script": 1, "coder": 0}
    under_way: list[str] = []
    most = 0

    async def act(order: Order) -> Result:
        nonlocal most
        under_way.append(order.task.agent)
        most = max(most, under_way.count("script"))
        if order.task.agent == "script":
            await coder_began.wait()
            await asyncio.sleep(0.02)
        else:
            coder_began.set()
        under_way.remove(order.task.agent)
        return ENDED

    coder_began, askers = asyncio.Event(), [await site.asker(), await site.asker()]
    orders = [await site.order(f"t{number}") for number in range(5)]
    orders[4] = msgspec.structs.replace(orders[4], task=msgspec.structs.replace(orders[4].task, agent="coder"))
    async with AsyncExitStack() as stack:
        both = zip(askers * 3, orders, strict=False)
        tasks = [await stack.enter_async_context(asking(queued, order)) for queued, order in both]
        await site.queued(len(orders))
        for _ in range(2):
            await site.worker(act)
        assert [await task for task in tasks] == [ENDED] * len(orders)
    assert most == 1
