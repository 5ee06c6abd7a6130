"""Many processes on one PostgreSQL: how long what a dead one held stands still, and what the queue of attempts costs.

Real processes. move_seconds: from `kill -9` of one of two conductors until the other holds all 64 shards; move_stopped:
the same from SIGTERM, move_frozen: from SIGSTOP, as a machine that vanished.  share_seconds: from the start of a second
conductor, imports included, until each holds 32.  takeover_seconds: from `kill -9` of a worker until another begins
the attempt it had.  start_ms: from putting an attempt into the queue until a worker in another process begins it;
beside it PgQueuer's own driver for the same PostgreSQL client, which keeps listening and asking on one connection.
attempts_per_second: attempts of no length through the queue, answers included, 24 in flight over three workers.
idle_cpu_percent: of one core, for a conductor and a worker that have nothing to do.
"""

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psycopg
import uvloop
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from benchmarks import Number, Report, Say, WentWrong, machine
from bot.clock import SystemClock
from bot.loops import pause
from services.core.board import Action, Decision
from services.core.shards import SHARDS
from services.core.task_state import TaskState
from services.engine.orders import Order
from services.engine.queued import Queued
from services.store.bell import Bell
from services.store.news import RESULT
from services.store.postgres import PostgresDatabase
from services.store.queue import CHANNEL, Queue
from services.store.results import Results
from services.store.runs import Runs
from tests.kit.attempting import order as an_order
from tests.kit.crash.hosts import free_port
from tests.kit.crash.process import Process
from tests.kit.plans import NOW
from tests.kit.postgres import Server, binaries
from tests.kit.stored import stored_run

OPTIONS = {"rounds": (7, "rounds of each kind of end"), "attempts": (600, "attempts through the queue")}
LIMITS: dict[str, Number] = {"move_seconds_max": 5.0}
IN_FLIGHT = 24
PLACES = 4
IDLE_SECONDS = 10.0
PATIENCE = 60.0
HOLDERS = """
SELECT array_agg(held ORDER BY held) FROM (
  SELECT count(*) AS held FROM pg_locks WHERE locktype = 'advisory' AND classid = 7103 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY pid) AS by_holder
"""


def measure(say: Say, *, rounds: int, attempts: int) -> Report:
    """Everything on a durable server of its own."""
    if binaries() is None:
        raise WentWrong("There is no PostgreSQL in a wheel for this platform.")
    with contextlib.closing(Server(settings=())) as server, tempfile.TemporaryDirectory() as folder:
        figures: dict[str, Number] = {}
        with server.fresh() as url:
            figures |= uvloop.run(_Conductors(url, Path(folder), say).measured(rounds))
        with server.fresh() as url:
            figures |= uvloop.run(_queue(url, say, rounds, attempts))
        with server.fresh() as url:
            peer = uvloop.run(_peer(url, say))
    peers = {"limit": LIMITS, "pgqueuer_psycopg_driver": {"start_ms_median": peer}}
    return Report(name="fleet", figures=figures, peers=peers, conditions=machine() | {"rounds": rounds})


class _Conductors:
    """Two conductors with nothing to do but to hold shards."""

    def __init__(self, url: str, folder: Path, say: Say) -> None:
        self._url, self._say = url, say
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._settings = {
            "LOCKSTEP_APP_ID": "1",
            "LOCKSTEP_PRIVATE_KEY": pem.decode(),
            "LOCKSTEP_GITHUB_API_URL": "http://127.0.0.1:9",
            "LOCKSTEP_GITHUB_URL": "http://127.0.0.1:9",
            "LOCKSTEP_DATABASE_URL": url,
        }
        self._log = folder / "log"

    async def measured(self, rounds: int) -> dict[str, Number]:
        one, other = self._made(), self._made()
        await one.start()
        await one.up.wait()
        figures: dict[str, Number] = {"idle_cpu_percent_conductor": await _idle(one.pid)}
        took: dict[str, list[float]] = {"share": [], "move": [], "move_stopped": [], "move_frozen": []}
        try:
            for number in range(rounds):
                for name, sign in (("move", signal.SIGKILL), ("move_stopped", signal.SIGTERM)):
                    took["share"].append(await self._joined(other))
                    took[name].append(await self._gone(other, sign))
                if number < 3:
                    await self._joined(other)
                    took["move_frozen"].append(await self._gone(other, signal.SIGSTOP))
                    await other.kill(alone=True)
        finally:
            for each in (one, other):
                await each.kill(alone=True)
        for name, seconds in took.items():
            self._say(f"{name}: {', '.join(f'{each:.2f}' for each in seconds)} s")
            figures |= {
                f"{name}_seconds_median": round(median(seconds), 2),
                f"{name}_seconds_max": round(max(seconds), 2),
            }
        return figures

    def _made(self) -> Process:
        settings = {"LOCKSTEP_PORT": str(free_port()), **self._settings}
        return Process(("serve", "--role", "conductor"), settings, self._log)

    async def _joined(self, other: Process) -> float:
        began = time.monotonic()
        await other.start()
        await asyncio.to_thread(self._until, [SHARDS // 2, SHARDS // 2])
        took = time.monotonic() - began
        await other.up.wait()
        return took

    async def _gone(self, other: Process, sign: signal.Signals) -> float:
        began = time.monotonic()
        os.kill(other.pid, sign)
        await asyncio.to_thread(self._until, [SHARDS])
        took = time.monotonic() - began
        if sign != signal.SIGSTOP:
            await other.ended()
        other.up.clear()
        return took

    def _until(self, wanted: list[int]) -> None:
        """Ask again and again who holds how many."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            until = time.monotonic() + PATIENCE
            while (connection.execute(HOLDERS).fetchone() or (None,))[0] != wanted:
                if time.monotonic() > until:
                    raise WentWrong(f"The shards were not held as {wanted} within {PATIENCE:g} s.")
                time.sleep(0.005)


async def _idle(pid: int) -> float:
    """Percent of a core that a process takes while nothing happens."""

    def used() -> float:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    await pause(3.0)
    before = used()
    await pause(IDLE_SECONDS)
    return round((used() - before) / IDLE_SECONDS * 100, 2)


class _Asker:
    """Asks for attempts as a conductor does; their effects are stored as begun."""

    def __init__(self, url: str) -> None:
        self.database = PostgresDatabase(url)
        self.bell = Bell(url, (RESULT, CHANNEL), pause)
        self.queue = Queue(url, self.bell, pause)
        self.queued = Queued(self.queue, Results(self.database), lambda _, work: work.close(), SystemClock())
        self.bell.on(RESULT, self.queued.ring)

    async def orders(self, count: int) -> list[Order]:
        states = [TaskState(id=f"t{number}", state="running", fence=7) for number in range(count)]
        run = await stored_run(self.database, *states)
        orders, actions = [], []
        for state in states:
            key = f"{run.id}/{state.id}/1/attempt"
            orders.append(an_order("true", key=key, run_id=run.id, task=run.plan.by_id[state.id]))
            actions.append(Action(key=key, kind="attempt", task=state.id, attempt=1, fence=7))
        decision = Decision(run_id=run.id, state="running", actions=tuple(actions))
        await Runs(self.database).commit(run.plan_id, decision, NOW)
        return orders


@contextlib.asynccontextmanager
async def _asking(url: str) -> AsyncIterator[_Asker]:
    asker = _Asker(url)
    await asker.database.open()
    await asker.bell.open()
    await asker.queue.open()
    hearing = asyncio.create_task(asker.bell.run())
    try:
        yield asker
    finally:
        hearing.cancel()
        await asyncio.wait({hearing})
        for part in (asker.queue, asker.bell, asker.database):
            await part.close()


class _Taker:
    """A worker in another process; `begun` says when it began which attempt."""

    def __init__(self, url: str, places: int, *, hangs: bool = False) -> None:
        self._arguments = (url, str(places), "hangs" if hangs else "ends")
        self.begun: dict[str, float] = {}
        self.changed = asyncio.Event()
        self.child: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks._taker", *self._arguments, stdout=asyncio.subprocess.PIPE
        )
        self._reader = asyncio.create_task(self._read(self.child))

    async def _read(self, child: asyncio.subprocess.Process) -> None:
        assert child.stdout is not None
        async for line in child.stdout:
            self.begun[line.decode().split()[1]] = time.monotonic()
            self.changed.set()

    async def has(self, wanted: Callable[[dict[str, float]], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not wanted(self.begun):
                self.changed.clear()
                await self.changed.wait()

    async def kill(self) -> None:
        if self.child is not None and self.child.returncode is None:
            self.child.kill()
            await self.child.wait()
        if self._reader is not None:
            await asyncio.wait({self._reader})


async def _queue(url: str, say: Say, rounds: int, attempts: int) -> dict[str, Number]:
    async with _asking(url) as asker:
        orders = await asker.orders(attempts + 60 + rounds + 1)
        taker = _Taker(url, PLACES)
        await taker.start()
        await asker.queued.attempt(orders.pop())  # it is there
        idle = await _idle(taker.child.pid) if taker.child is not None else 0.0
        latencies = await _latencies(asker, taker, orders[:60])
        others = [_Taker(url, PLACES) for _ in range(2)]
        for other in others:
            await other.start()
        rate = await _rate(asker, orders[60 : 60 + attempts])
        for each in (taker, *others):
            await each.kill()
        takeovers = await _takeovers(url, asker, orders[60 + attempts :])
    say(f"start: {median(latencies) * 1000:.1f} ms; {rate:.0f} attempts a second")
    say(f"takeover: {', '.join(f'{each:.2f}' for each in takeovers)} s")
    return {
        "start_ms_median": round(median(latencies) * 1000, 1),
        "start_ms_p95": round(quantiles(latencies, n=20)[-1] * 1000, 1),
        "attempts_per_second": round(rate),
        "takeover_seconds_median": round(median(takeovers), 2),
        "takeover_seconds_max": round(max(takeovers), 2),
        "idle_cpu_percent_worker": idle,
    }


async def _latencies(asker: _Asker, taker: _Taker, orders: Sequence[Order]) -> list[float]:
    found = []
    for order in orders:
        began = time.monotonic()
        await asker.queued.attempt(order)
        await taker.has(lambda begun, key=order.key: key in begun)  # type: ignore[misc]
        found.append(taker.begun[order.key] - began)
    return found


async def _rate(asker: _Asker, orders: Sequence[Order]) -> float:
    waiting = iter(orders)

    async def lane() -> None:
        for order in waiting:
            await asker.queued.attempt(order)

    began = time.monotonic()
    await asyncio.gather(*[lane() for _ in range(IN_FLIGHT)])
    return len(orders) / (time.monotonic() - began)


async def _takeovers(url: str, asker: _Asker, orders: Sequence[Order]) -> list[float]:
    """Kill the worker that has an attempt while another is there with free places."""
    found = []
    for order in orders:
        first, second = _Taker(url, PLACES, hangs=True), _Taker(url, PLACES, hangs=True)
        await first.start()
        asking = asyncio.create_task(asker.queued.attempt(order))
        await first.has(lambda begun, key=order.key: key in begun)  # type: ignore[misc]
        await second.start()
        await pause(3.0)
        await first.kill()
        killed = time.monotonic()
        await second.has(lambda begun, key=order.key: key in begun)  # type: ignore[misc]
        found.append(second.begun[order.key] - killed)
        asking.cancel()
        await asyncio.wait({asking})
        await second.kill()
        await asker.queue.cancel(order.key)
    return found


async def _peer(url: str, say: Say) -> float:
    """PgQueuer as it comes, on psycopg: milliseconds from putting in until it begins."""
    from pgqueuer.adapters.drivers.psycopg import PsycopgDriver
    from pgqueuer.core.qm import QueueManager
    from pgqueuer.domain.models import Job
    from pgqueuer.queries import Queries

    async def connected() -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(url, autocommit=True)

    async with await connected() as puts, await connected() as takes:
        queries = Queries(PsycopgDriver(puts))
        await queries.install()
        manager = QueueManager(Queries(PsycopgDriver(takes)))
        begun, found = asyncio.Event(), []

        @manager.entrypoint("attempt")
        async def attempt(_: Job) -> None:
            begun.set()

        running = asyncio.create_task(manager.run(batch_size=1, max_concurrent_tasks=PLACES))
        await pause(1.0)
        for number in range(15):
            begun.clear()
            began = time.monotonic()
            await queries.enqueue("attempt", str(number).encode())
            await begun.wait()
            found.append((time.monotonic() - began) * 1000)
            await pause(0.13)
        manager.shutdown.set()
        await running
    say(f"PgQueuer's own driver on psycopg: {median(found):.0f} ms")
    return round(median(found), 1)
