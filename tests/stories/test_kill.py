"""A real process, killed (kill -9) right after a step of an attempt has ended: that step is not done again.

Scripts say themselves when they begin, and requests are seen on the wire; the beginning of a step proves the end of
the one before. One task only, so that nothing else is cut short.
"""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from services.core.names import LABEL_PLAN
from tests.kit import harmless
from tests.kit.crash.hosts import One
from tests.kit.crash.moments import Place, Strike
from tests.kit.crash.stage import HOME, PERSON, Stage, listening, staged
from tests.kit.crash.wire import Wire
from tests.kit.pipe import Pipe
from tests.kit.sight import BOT

PATIENCE = 240.0
"""Seconds until the run must be over; it guards only against hanging."""


class Rig:
    """A stage, a bot and the wire between them; the bot is killed once, at the moment `strike`."""

    def __init__(self, stage: Stage, host: One, strike: str, place: Place, *, alone: bool) -> None:
        self._stage, self._host, self._moment, self._alone = stage, host, (strike, place), alone
        self.wire = Wire(stage.hub.url, host.bot_url, PERSON, self._notice)
        self.seen: Counter[str] = Counter()
        self._struck = False
        self.down = asyncio.Event()
        self._killing: asyncio.Task[None] | None = None

    def said(self, what: str, task: str) -> None:
        """A script said something."""
        self.seen[what] += 1
        if self._moment[0] == what and not self._struck:
            self._struck = True
            self._killing = asyncio.create_task(self._kill())

    async def _notice(self, kind: str, place: Place, task: str) -> bool:
        self.seen[f"{kind} {place}"] += 1
        if (kind, place) != self._moment or self._struck:
            return False
        self._struck = True
        await self._kill()
        return True

    async def _kill(self) -> None:
        await self._host.kill(Strike(kind=self._moment[0], alone=self._alone))
        self.down.set()


def _plan(stage: Stage, pipe: Pipe) -> str:
    agent = f"echo agent began x > {stage.pipe}; echo done > x.txt; echo from the agent"
    verify = f"echo verify began x > {stage.pipe}; {pipe.wait}; test -e x.txt"
    lines = ["```yaml", "title: One", "tasks:", "  - id: x", "    title: Write x", f"    repo: {HOME}"]
    return "\n".join([*lines, f"    run: {agent}", f"    verify: {verify}", "```", ""])


async def _carried_out(stage: Stage, rig: Rig, host: One, pipe: Pipe, *, holds: bool) -> None:
    """Have the plan run, kill the bot and start it again, and wait for the end. holds: no verification ends before."""
    await host.start(rig.wire.url)
    await host.up()
    asked = {"title": "One", "body": _plan(stage, pipe), "labels": [LABEL_PLAN]}
    number = int((await stage.hub.ok("POST", f"/repos/{HOME}/issues", asked, who=PERSON))["number"])
    stage.plans.append(number)
    await stage.until(lambda: stage.shows(1, "Waits for approval"))
    if not holds:
        pipe.let_one_pass()
    await stage.say(1, "/lockstep approve\n/lockstep run")
    await rig.down.wait()
    pipe.let_one_pass()
    pipe.let_one_pass()  # the killed one's script may live on and take a line
    await host.start(rig.wire.url)
    await host.up()
    await rig.wire.repay()
    await stage.until(lambda: stage.shows(1, "**Done.**"))
    await stage.until(lambda: all(issue.state == "closed" for issue in stage.issues(HOME)))


@pytest.mark.parametrize("alone", [False, True], ids=["with its scripts", "alone"])
@pytest.mark.parametrize(
    ("strike", "place", "verified", "pushed"),
    [("verify began", "later", 2, 1), ("push", "before", 1, 1), ("push", "after", 1, 1)],
    ids=["after the agent", "after the verification", "after the push, before its answer"],
)
async def test_what_has_ended_is_not_done_again(
    tmp_path: Path, pipe: Pipe, strike: str, place: Place, verified: int, pushed: int, alone: bool
) -> None:
    async with asyncio.timeout(PATIENCE), staged(tmp_path) as (stage, app):
        host = One(tmp_path, app)
        rig = Rig(stage, host, strike, place, alone=alone)
        await rig.wire.open()
        try:
            await stage.hub.listens(app, rig.wire.hook_url)
            async with listening(stage.pipe, rig.said):
                await _carried_out(stage, rig, host, pipe, holds=strike == "verify began")
        finally:
            await host.stop()
            await rig.wire.close()
        assert rig.seen["agent began"] == 1
        assert rig.seen["verify began"] == verified
        assert rig.seen["push after"] == pushed
        assert len(stage.pulls(HOME)) == 1
        assert await stage.hub.do(harmless.doubled, stage.hub.sandbox, BOT) == []
        assert stage.contract.problems() == []
        log = host.log.read_text()
        assert "Traceback" not in log
        assert '"level":"error"' not in log.replace('": "', '":"')
