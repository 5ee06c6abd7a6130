"""The weather of `soak`: people, faults, restarts, and the count at the end."""

import asyncio
import json
import random
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from benchmarks import Say, WentWrong
from benchmarks._soak_samples import Sample, sample
from services.core.names import LABEL_PLAN
from services.sandbox import events, issues
from services.sandbox.scenario import AppCredentials
from services.sandbox.state import Delivery, Issue
from tests.kit.crash.hosts import One
from tests.kit.crash.moments import Strike
from tests.kit.crash.stage import HOME, PERSON, Stage

TICK = 0.1
"""Seconds between two bursts of what people do."""
TALKS = 300
"""Issues on which people talk."""
LOOK = 5.0
"""Seconds between two samples."""
AWAY = 3.0
"""Seconds in which the bot is not there."""
AFTER = 300.0
"""Seconds after the end in which everything must have come in and been handled."""
LOG = 60_000
"""Deliveries in GitHub's log: of twenty minutes, where the real one has three days."""
POINTS = 10_000
"""Of GraphQL in an hour, as GitHub Enterprise Cloud gives them: 5,000 would be used up before the end."""
REFRESH = "/lockstep refresh"
START = "/lockstep approve\n/lockstep run"
PATIENCE = 60.0
"""Seconds after which a person says once more what nothing came of."""
BACKLOG = 400
"""Deliveries that GitHub has not sent yet, beyond which people wait: a real sender has more than one line."""
FAULTS: tuple[tuple[str, dict[str, object]], ...] = (
    ("lose", {"probability": 0.01}),
    ("double", {"probability": 0.02}),
    ("reorder", {"probability": 0.05}),
    ("late", {"probability": 0.01, "seconds": 2.0}),
    ("error", {"probability": 0.002}),
    ("late_error", {"probability": 0.001}),
)


class Soaked(msgspec.Struct, kw_only=True):
    """What came of it. sent: deliveries that GitHub made; lost: of these, those that did not get through."""

    seconds: float = 0.0
    sent: int = 0
    lost: int = 0
    doubled: int = 0
    restarts: int = 0
    plans: int = 0
    commands: int = 0
    missing: list[str] = []
    unhandled: int = 0
    failed: int = 0
    unanswered: int = 0
    errors: list[str] = []
    samples: list[Sample] = []
    database_mb: float = 0.0

    @property
    def settled_samples(self) -> list[Sample]:
        """Of the last life, without its first fifth."""
        last = [each for each in self.samples if each.life == self.samples[-1].life]
        return last[len(last) // 5 :]


class Soak:
    """One soak, from the first start to the count."""

    def __init__(
        self, stage: Stage, app: AppCredentials, host: One, folder: Path, *, rate: int, seed: int, say: Say
    ) -> None:
        self._stage, self._app, self._host, self._folder = stage, app, host, folder
        self._rate, self._chance, self._say = rate, random.Random(seed), say
        self._found = Soaked()
        self._guids: dict[str, str] = {}
        self._newest = 0
        self._noted: deque[int] = deque()
        self._unheard: set[int] = set()
        self._talks: list[Issue] = []
        self._commands: list[int] = []
        self._said: deque[int] = deque()
        self._began = 0.0
        self._life = 0
        self._is_over = False

    async def run(self, seconds: float, restarts: int) -> Soaked:
        """Let it soak for so long."""
        events.KEPT = LOG
        self._stage.hub.sandbox.limits.budgets["graphql"] = POINTS
        await self._stage.hub.listens(self._app, f"{self._host.bot_url}/webhook")
        await self._stage.hub.do(self._people)
        await self._start()
        self._began = time.monotonic()
        for kind, options in FAULTS:
            await self._stage.hub.fault(kind, **options)
        async with asyncio.TaskGroup() as group:
            weather = [group.create_task(work) for work in (self._plans(), self._samples(seconds))]
            group.create_task(self._restarts(seconds, restarts))
            await self._talk(seconds)
            self._found.seconds = time.monotonic() - self._began
            self._is_over = True
            for task in weather:
                await asyncio.wait({task}, timeout=AFTER)
                task.cancel()
        await self._settle()
        await self._host.stop()
        return self._found

    async def _start(self) -> None:
        self._life += 1
        await self._host.start(self._stage.hub.url)
        await self._host.up()

    def _people(self) -> None:
        """Issues to talk on; made before the beginning."""
        sandbox, repo = self._stage.hub.sandbox, self._stage.repo(HOME)
        self._talks = [issues.create(sandbox, repo, PERSON, title=f"Talk {n}", body="…") for n in range(TALKS)]

    async def _talk(self, seconds: float) -> None:
        """So many deliveries a second, and no more than GitHub gets rid of."""
        due = time.monotonic()
        while time.monotonic() - self._began < seconds:
            due = max(due + TICK, time.monotonic() - 1.0)
            aim = int((time.monotonic() - self._began) * self._rate)
            await self._stage.hub.do(self._note)
            sender = self._stage.hub.running.sender
            if sender is not None and sender.under_way < BACKLOG:
                await self._stage.hub.do(self._burst, max(0, min(aim - len(self._guids), self._rate)))
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _note(self) -> None:
        """Write down which deliveries there are."""
        deliveries = self._stage.hub.sandbox.state.deliveries
        for number in reversed(deliveries):
            if number <= self._newest:
                break
            self._guids.setdefault(deliveries[number].guid, deliveries[number].event)
            self._noted.append(number)
        self._newest = max(self._newest, next(reversed(deliveries), 0))
        while len(self._noted) > LOG // 2:  # before they leave the log
            self._forget_unsent(deliveries.get(self._noted.popleft()))

    def _forget_unsent(self, delivery: Delivery | None) -> None:
        """GitHub has lost it before it stood in any log: nobody can know of it."""
        if delivery is not None and delivery.status == "pending":
            self._guids.pop(delivery.guid, None)
            self._unheard.add(json.loads(delivery.payload).get("comment", {}).get("id", 0))

    def _burst(self, count: int) -> None:
        sandbox = self._stage.hub.sandbox
        for _ in range(count):
            draw, issue = self._chance.random(), self._chance.choice(self._talks)
            if draw < 0.002 and self._stage.plans:
                plan = sandbox.issue_numbered(self._stage.repo(HOME), self._stage.plans[-1])
                assert plan is not None
                self._commands.append(issues.comment(sandbox, plan, PERSON, "/lockstep status").id)
            elif draw < 0.05:
                issues.edit(sandbox, issue, PERSON, {"body": f"Edited {draw}"})
            else:
                text = f"Talk {draw}, at some length: {'words ' * 40}"
                self._said.append(issues.comment(sandbox, issue, "eve", text).id)
        while len(self._said) > TALKS:  # nobody reads them again, and the stand-in counts all of them for each event
            del sandbox.state.comments[self._said.popleft()]

    async def _plans(self) -> None:
        """One plan after another, with a pause."""
        while not self._is_over:
            plan = await self._stage.hub.do(self._plan)
            await self._until(plan, partial(self._waits, plan), REFRESH)
            await self._stage.hub.do(self._say_on, plan, START)
            await self._until(plan, partial(self._has_begun, plan), START)
            await self._until(plan, partial(self._stage.is_over, plan), REFRESH)  # START would run it a second time
            self._found.plans += 1

    def _waits(self, plan: int) -> bool:
        return self._stage.shows(plan, "Waits for approval")

    def _has_begun(self, plan: int) -> bool:
        return not self._waits(plan)

    def _plan(self) -> int:
        """A new plan; its number. What goes wrong hits the bot's requests: people speak to the stand-in itself."""
        stage, number = self._stage, len(self._stage.plans) + 1
        repo, text = stage.repo(HOME), stage.text(number)
        made = issues.create(stage.hub.sandbox, repo, PERSON, title=f"Plan {number}", body=text, labels=[LABEL_PLAN])
        stage.plans.append(made.number)
        return number

    def _say_on(self, plan: int, words: str) -> None:
        issue = self._stage.hub.sandbox.issue_numbered(self._stage.repo(HOME), self._stage.plans[plan - 1])
        assert issue is not None
        issues.comment(self._stage.hub.sandbox, issue, PERSON, words)

    async def _until(self, plan: int, holds: Callable[[], bool], words: str) -> None:
        """Looked at seldom: to look costs the stand-in as much as many deliveries. words: said once more when nothing
        comes of it, as what GitHub has lost before it stood in any log nobody hears of.
        """
        said = time.monotonic()
        while not await self._stage.hub.do(holds):
            await asyncio.sleep(2.0)
            if time.monotonic() - said > PATIENCE:
                said = time.monotonic()
                await self._stage.hub.do(self._say_on, plan, words)

    async def _samples(self, seconds: float) -> None:
        said = time.monotonic()
        async with aiohttp.ClientSession() as session:
            while not self._is_over:
                at = time.monotonic() - self._began
                found = await sample(session, self._host.bot_url, self._host.pid, at, self._life)
                if found is not None:
                    self._found.samples.append(found)
                    if time.monotonic() - said >= 60:
                        said = time.monotonic()
                        rate = len(self._guids) / at
                        self._say(
                            f"{at / 60:.0f} of {seconds / 60:.0f} min: {rate:.0f}/s, {found.rss_mb} MB, "
                            f"{found.waiting} wait, oldest {found.lag:.2f} s, {self._found.plans} plans"
                        )
                await asyncio.sleep(LOOK)

    async def _restarts(self, seconds: float, restarts: int) -> None:
        """Killed and stopped in turns, all over the first half."""
        for number in range(1, restarts + 1):
            await asyncio.sleep(max(0.0, self._began + seconds / 2 * number / restarts - time.monotonic()))
            if number % 2:
                await self._host.kill(Strike(kind="soak", place="later"))
            else:
                await self._host.stop()
            await asyncio.sleep(AWAY)
            await self._start()
            self._found.restarts += 1

    async def _settle(self) -> None:
        """What was lost comes in, and everything is handled; then it is counted."""
        self._stage.hub.sandbox.faults.clear()
        await self._stage.hub.running.idle()
        await self._stage.hub.do(self._note)
        for each in self._stage.hub.sandbox.state.deliveries.values():
            self._forget_unsent(each)
        until = time.monotonic() + AFTER
        while time.monotonic() < until:
            self._count()
            if not self._found.missing and not self._found.unhandled:
                break
            await asyncio.sleep(2.0)
        self._count()
        found, struck = self._found, self._stage.hub.sandbox.faults.struck
        found.sent, found.doubled = len(self._guids), struck.get("double", 0)
        found.lost = self._blind()
        found.commands = len(self._commands)
        found.unanswered = self._unanswered()
        while found.unanswered and time.monotonic() < until + AFTER:  # what is answered last
            await asyncio.sleep(2.0)
            found.unanswered = self._unanswered()
        database = self._folder / "data" / "lockstep.sqlite"
        found.database_mb = database.stat().st_size / 1e6
        for line in self._host.log.read_text(errors="replace").splitlines():
            if line.startswith("{") and json.loads(line).get("level") == "error":
                found.errors.append(line[:400])

    def _unanswered(self) -> int:
        """How many commands that GitHub could tell of have no answer."""
        heard = [each for each in self._commands if each not in self._unheard]
        return sum(not {"+1", "confused"} & {*self._stage.reactions(each)} for each in heard)

    def _count(self) -> None:
        rows = dict(self._ask("SELECT guid, outcome FROM inbox"))
        found = self._found
        found.missing = [f"missing: {event} {guid}" for guid, event in self._guids.items() if guid not in rows]
        found.unhandled = sum(outcome is None for outcome in rows.values())
        found.failed = sum(outcome == "failed" for outcome in rows.values())

    def _blind(self) -> int:
        """How many did not come and were brought in."""
        ((lost,),) = self._ask("SELECT coalesce(sum(missed), 0) FROM blind")
        return int(lost)

    def _ask(self, query: str) -> list[Any]:
        try:
            with closing(sqlite3.connect(f"file:{self._folder}/data/lockstep.sqlite?mode=ro", uri=True)) as file:
                return file.execute(query).fetchall()
        except sqlite3.Error as error:
            raise WentWrong(f"The database can't be read: {error}.") from error
