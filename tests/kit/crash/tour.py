"""The tour: plans are carried out while the bot's processes are killed, one strike after another, and started again."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from services.sandbox.scenario import AppCredentials
from tests.kit.crash import judge
from tests.kit.crash.hosts import Host
from tests.kit.crash.moments import GIT, START, WEBHOOK, Place, Strike, drawn
from tests.kit.crash.stage import PERSON, Stage, listening, staged
from tests.kit.crash.wire import Wire

PATIENCE = 180.0
"""Seconds in which everything must have come to its end after the last kill; it guards only against hanging."""
UNMET = 30.0
"""Seconds until strikes whose moment does not come are drawn anew."""
ARMED = 4
"""Strikes that lie in wait at once; the first whose moment comes is taken."""
LANES = 2
"""Plans under way at the same time."""

NewHost = Callable[[Path, AppCredentials], Host]
Say = Callable[[str], None]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; each list has one sentence an entry. restarts: seconds from a start to the first request, and the
    processor time that took; standstills: seconds from a kill to the next request of whoever is left or new.
    """

    kills: dict[str, int]
    plans: int
    tasks: int
    lost: list[str]
    doubled: list[str]
    repeated: list[str]
    out_of_order: list[str]
    unlike_github: list[str]
    agent_runs: int
    restarts: list[float]
    restarts_cpu: list[float]
    standstills: list[float]
    seconds: float
    errors: list[str]


class EndedByItself(Exception):
    """A process ended that nobody had killed."""


async def tour(folder: Path, new_host: NewHost, *, kills: int, seed: int, say: Say) -> Found:
    """So many kills over as many plans as it takes, and the count at the end."""
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        stage, app = await stack.enter_async_context(staged(folder))
        under_way = _Tour(stage, app, new_host(folder, app), seed, say)
        await stack.enter_async_context(listening(stage.pipe, under_way.said))
        try:
            await under_way.go(kills)
        finally:
            await under_way.close()
        return await stage.hub.do(under_way.found, time.monotonic() - began)


class _Tour:
    def __init__(self, stage: Stage, app: AppCredentials, host: Host, seed: int, say: Say) -> None:
        self._stage = stage
        self._app = app
        self._host = host
        self._say = say
        self._strikes = drawn(seed)
        self._armed: list[Strike] = []
        self._struck: Strike | None = None
        self._fell = asyncio.Event()
        self._started = 0.0
        self._is_back = True
        self._is_ending = False
        self._callers: set[str] = set()
        self._kills: Counter[str] = Counter()
        self._steps = judge.Steps()
        self._restarts: list[float] = []
        self._restarts_cpu: list[float] = []
        self._standstills: list[float] = []
        self._killed = 0.0
        self._tasks: list[asyncio.Task[None]] = []
        self._wire = Wire(stage.hub.url, host.bot_url, PERSON, self._notice)

    # What passes.

    def said(self, what: str, task: str) -> None:
        """A script said something."""
        self._steps.began(what, task)
        strike = self._fitting(what, "later")
        if strike is not None:
            self._tasks.append(asyncio.create_task(self._strike(strike)))

    async def _notice(self, kind: str, place: Place, task: str) -> bool:
        if place == "before":
            self._steps.began(kind, task)
            self._look_whether_back(kind)
        elif place == "after" and kind == "push":
            self._steps.pushed(task)
        strike = self._fitting(kind, place)
        if strike is None:
            return False
        await self._strike(strike)
        return True

    def _look_whether_back(self, kind: str) -> None:
        """The first request of a new process; git of the old one may still be under way, on the connections it had."""
        if kind == WEBHOOK or kind in GIT:
            return
        if self._killed and not self._fell.is_set():
            self._standstills.append(time.monotonic() - self._killed)
            self._killed = 0.0
        caller = self._wire.last_caller
        if not self._is_back and caller not in self._callers:
            self._is_back = True
            self._restarts.append(time.monotonic() - self._started)
            self._restarts_cpu.append(self._host.cpu())
        self._callers.add(caller)

    def _fitting(self, kind: str, place: Place) -> Strike | None:
        """The strike whose moment this is; nobody is struck twice."""
        if self._struck is not None:
            return None
        for number, strike in enumerate(self._armed):
            if (strike.kind, strike.place) == (kind, place):
                if strike.skip:
                    self._armed[number] = msgspec.structs.replace(strike, skip=strike.skip - 1)
                    continue
                self._struck = self._armed.pop(number)
                return self._struck
        return None

    async def _strike(self, strike: Strike) -> None:
        if strike.delay:
            await asyncio.sleep(strike.delay)
        await self._host.kill(strike)
        self._killed = self._killed or time.monotonic()
        self._kills[f"{strike.kind} {strike.place}"] += 1
        self._fell.set()

    # The way through.

    async def go(self, kills: int) -> None:
        """Kill and start again, then let everything come to its end."""
        await self._wire.open()
        await self._stage.hub.listens(self._app, self._wire.hook_url)
        await self._start()
        lanes = [asyncio.create_task(self._lane()) for _ in range(LANES)]
        self._tasks += [*lanes, asyncio.create_task(self._repay())]
        for number in range(1, kills + 1):
            await self._next(is_last=number == kills)
            if number % 10 == 0:
                self._say(f"{number} of {kills} kills, {len(self._stage.plans)} plans")
        self._is_ending = True
        done, _ = await asyncio.wait(lanes, timeout=PATIENCE)
        for lane in done:
            lane.result()

    async def _start(self) -> None:
        self._started, self._is_back = time.monotonic(), False
        await self._host.start(self._wire.url)

    async def _next(self, *, is_last: bool) -> None:
        """One kill and one start; after the last one nobody is struck any more, not even while it starts."""
        while not self._fell.is_set():
            self._armed += [next(self._strikes) for _ in range(ARMED - len(self._armed))]
            at_start = next((strike for strike in self._armed if strike.kind == START), None)
            waits = [asyncio.create_task(self._fell.wait())]
            ended = asyncio.create_task(self._host.ended())
            if at_start is not None:
                self._armed.remove(at_start)
                self._tasks.append(asyncio.create_task(self._strike_at_start(at_start)))
            done, _ = await asyncio.wait([*waits, ended], timeout=UNMET, return_when=asyncio.FIRST_COMPLETED)
            if ended in done and self._struck is None:
                raise EndedByItself(ended.result())
            if not done:
                self._armed.clear()
            elif not self._fell.is_set():
                await self._fell.wait()
            for task in (*waits, ended):
                task.cancel()
        self._fell.clear()
        if not is_last:
            self._struck = None
        await self._start()

    async def _strike_at_start(self, strike: Strike) -> None:
        await asyncio.sleep(max(self._started + strike.delay - time.monotonic(), 0.0))
        if self._struck is None:
            self._struck = strike
            await self._strike(msgspec.structs.replace(strike, delay=0.0))

    async def _repay(self) -> None:
        while True:
            await self._wire.owing.wait()
            await self._host.up()
            await self._wire.repay()

    async def _lane(self) -> None:
        """Plan after plan, until enough is killed."""
        stage = self._stage
        plan = 0
        while not (plan and self._is_ending):
            plan = await stage.write()
            await stage.until(lambda plan=plan: stage.shows(plan, "Waits for approval"))  # type: ignore[misc]
            if plan % 2:
                await stage.say(plan, "/lockstep approve\n/lockstep run")
            else:
                await stage.say(plan, "/lockstep approve")
                await stage.until(lambda plan=plan: stage.shows(plan, "Approved as"))  # type: ignore[misc]
                await stage.say(plan, "/lockstep run")
            await stage.until(lambda plan=plan: stage.is_over(plan))  # type: ignore[misc]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._host.stop()
        await self._wire.close()

    def found(self, seconds: float) -> Found:
        """The count."""
        stage = self._stage
        return Found(
            kills=dict(sorted(self._kills.items())),
            plans=len(stage.plans),
            tasks=len(stage.tasks),
            lost=judge.lost(stage),
            doubled=judge.doubled(stage),
            repeated=self._steps.repeated,
            out_of_order=judge.out_of_order(stage),
            unlike_github=stage.contract.problems(),
            agent_runs=sum(n for (step, _), n in self._steps.runs.items() if step == "agent began"),
            restarts=self._restarts,
            restarts_cpu=self._restarts_cpu,
            standstills=self._standstills,
            seconds=seconds,
            errors=self._errors(),
        )

    def _errors(self) -> list[str]:
        """What the bot itself called an error."""
        lines = self._host.log.read_text(errors="replace").splitlines()
        return [line for line in lines if '"level":"error"' in line.replace(": ", ":") or not line.startswith("{")]
