"""A group of repositories whose bot is killed (kill -9) again and again, at each step of its merges, and started again.

After each kill, while nobody is up, GitHub and the database are held against each other: where a part of the group has
merged and a part has not, the plan to go on, to take back or to finish has to be stored.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Literal

import msgspec

from services.core.groups import Barrier
from services.core.names import LABEL_PLAN
from services.sandbox.state import Issue
from tests.kit import harmless
from tests.kit.crash.hosts import One
from tests.kit.crash.moments import Place, Strike
from tests.kit.crash.stage import CI, HOME, PERSON, Stage, staged
from tests.kit.crash.wire import Wire
from tests.kit.sight import BOT

Policy = Literal["revert", "forward"]
Blow = tuple[str, Place]
REVERT = "revertPullRequest"
PATIENCE = 900.0
"""Seconds until all must be over; it guards only against hanging."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. unplanned: moments at which it stood half merged and nothing was stored of what comes next; wrong:
    what is not as it should be in the end.
    """

    kills: list[str]
    half: int
    unplanned: list[str]
    wrong: list[str]
    merged: int
    reverts: int


async def group(folder: Path, *, repos: int, blows: Sequence[Blow], late: str = "", policy: Policy = "revert") -> Found:
    """Let a group of so many repositories merge, and kill the bot at these moments, one after another.

    late: `refused` when GitHub does not merge the last of it.
    """
    async with asyncio.timeout(PATIENCE), staged(folder) as (stage, app):
        it = _Group(stage, One(folder, app), folder, repos, blows)
        await it.wire.open()
        try:
            await stage.hub.listens(app, it.wire.hook_url)
            await it.go(late, policy)
        finally:
            await it.host.stop()
            await it.wire.close()
        found = await stage.hub.do(it.found, late, policy)
        log = it.host.log.read_text()
        wrong = [*found.wrong, *stage.contract.problems()]
        wrong += ["the bot logged an error"] if '"level":"error"' in log.replace('": "', '":"') else []
        return msgspec.structs.replace(found, wrong=wrong)


class _Group:
    def __init__(self, stage: Stage, host: One, folder: Path, repos: int, blows: Sequence[Blow]) -> None:
        self.stage, self.host = stage, host
        self.wire = Wire(stage.hub.url, host.bot_url, PERSON, self._notice)
        self._names = [f"acme/part-{number}" for number in range(repos)]
        self._folder = folder
        self._blows = list(blows)
        self._down = asyncio.Event()
        self._is_down = False
        self._kills: list[str] = []
        self._half = 0
        self._unplanned: list[str] = []

    async def _notice(self, kind: str, place: Place, _: str) -> bool:
        if self._is_down or not self._blows or self._blows[0] != (kind, place):
            return False
        self._is_down = True
        self._kills.append(" ".join(self._blows.pop(0)))
        await self.host.kill(Strike(kind=kind))
        self._down.set()
        return True

    async def go(self, late: str, policy: Policy) -> None:
        """The plan is written, approved and run; whenever the bot is down it is looked at, and started again."""
        await self.stage.hub.do(self._build)
        if late:
            path = rf"/repos/{self._names[-1]}/pulls/\d+/merge"
            await self.stage.hub.fault("error", method="PUT", path=path, status=405, count=1)
        await self._up()
        asked = {"title": "A release", "body": self._plan(policy), "labels": [LABEL_PLAN]}
        made = await self.stage.hub.ok("POST", f"/repos/{HOME}/issues", asked, who=PERSON)
        self.stage.plans.append(int(made["number"]))
        tasks = {asyncio.create_task(self._again()), asyncio.create_task(self._told(late, policy))}
        done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        for task in done:
            task.result()

    async def _told(self, late: str, policy: Policy) -> None:
        await self.stage.until(lambda: self.stage.shows(1, "Waits for approval"))
        await self.stage.say(1, "/lockstep approve\n/lockstep run")
        await self.stage.until(lambda: self._is_over(late, policy))

    def _build(self) -> None:
        for name in self._names:
            repo = self.stage.hub.scenario.repo(name, {"README.md": "# A part\n", ".github/workflows/ci.yml": CI})
            self.stage.hub.scenario.collaborator(repo, PERSON, "maintain")

    def _plan(self, policy: Policy) -> str:
        """Each needs the one before it, so the order is known, and the last is the one that is refused."""
        lines = []
        for number, name in enumerate(self._names):
            needs = f" · needs: part-{number - 1}" if number else f" · rollback: {policy}"
            work = f"run: echo {number} > part.txt"
            lines.append(f"- [ ] **part-{number}** Part {number} ({name}){needs} · group: release · {work}")
        return "\n".join(lines)

    async def _up(self) -> None:
        await self.host.start(self.wire.url)
        await self.host.up()

    async def _again(self) -> None:
        while True:
            await self._down.wait()
            self._down.clear()
            await self.stage.hub.do(self._look)
            self._is_down = False
            await self._up()
            await self.wire.repay()

    def _pulls(self) -> list[Issue]:
        return [pull for name in self._names for pull in self.stage.pulls(name) if pull.pull is not None]

    def _merged(self) -> int:
        """Of the group's own pull requests."""
        return sum(bool(each.pull and each.pull.merged and _is_ours(each)) for each in self._pulls())

    def _reverts(self) -> int:
        return sum(not _is_ours(each) for each in self._pulls())

    def _look(self) -> None:
        """While nobody is up: is there a plan for what stands half merged?"""
        if not 0 < self._merged() < len(self._names):
            return
        self._half += 1
        with closing(sqlite3.connect(f"file:{self._folder / 'data' / 'lockstep.sqlite'}?mode=ro", uri=True)) as db:
            ((stored,),) = db.execute("SELECT barriers FROM run")
        barrier = msgspec.json.decode(stored, type=dict[str, Barrier]).get("release", Barrier())
        if barrier.phase not in {"merging", "reverting", "forward"}:
            self._unplanned.append(f"{self._kills[-1]}: {self._merged()} have merged, and it is {barrier.phase}")

    def _is_over(self, late: str, policy: Policy) -> bool:
        if not late or policy == "forward":
            return self.stage.shows(1, "**Done.**")
        told = self.stage.shows(1, "is taken back.**") and not self.stage.shows(1, "being taken back")
        return told and self._reverts() == len(self._names) - 1

    def found(self, late: str, policy: Policy) -> Found:
        """What there is in the end."""
        count = len(self._names)
        merged, reverts = self._merged(), self._reverts()
        wanted = (count - 1, count - 1) if late and policy == "revert" else (count, 0)
        wrong = [f"{merged} have merged and {reverts} are taken back"] if (merged, reverts) != wanted else []
        merges = [place for place in self.stage.merges if place.rpartition("#")[0] in self._names]
        wrong += [f"merged in the order {merges}"] if merges != sorted(merges, key=_number) else []
        wrong += harmless.doubled(self.stage.hub.sandbox, BOT)
        wrong += [f"{left} did not strike" for left in map(" ".join, self._blows)]
        return Found(
            kills=self._kills, half=self._half, unplanned=self._unplanned, wrong=wrong, merged=merged, reverts=reverts
        )


def _is_ours(pull: Issue) -> bool:
    return pull.pull is not None and not pull.pull.head_ref.startswith("revert-")


def _number(place: str) -> int:
    return int(place.partition("#")[0].rpartition("-")[2])
