"""A real process that is killed (kill -9) at a chosen moment, and started again on what it has stored.

The moment is a request or a webhook that passes the wire, something that a script says, or whatever a story reports.
What is left at GitHub is looked at in the end: nothing there twice, no request that GitHub does not describe.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from tests.kit import harmless
from tests.kit.crash.hosts import One
from tests.kit.crash.moments import Place, Strike
from tests.kit.crash.stage import HOME, PERSON, Stage, listening, staged
from tests.kit.crash.wire import Wire
from tests.kit.sight import BOT

PATIENCE = 240.0
"""Seconds until all must be over; it guards only against hanging."""


class Blow(NamedTuple):
    """When to kill. skip: so many moments that fit are let pass.  alone: what the process had started lives on."""

    kind: str
    place: Place
    skip: int = 0
    alone: bool = False


class Killed:
    """The stage, the bot on it, and what has passed the wire between them so far, by kind and place."""

    def __init__(self, stage: Stage, host: One, blow: Blow) -> None:
        self.stage, self.host = stage, host
        self.wire = Wire(stage.hub.url, host.bot_url, PERSON, self._notice)
        self.seen: Counter[str] = Counter()
        self._blow, self._left = blow, blow.skip
        self._is_armed = True
        self._down = asyncio.Event()
        self._failed: Exception | None = None
        self._killing: asyncio.Task[bool] | None = None

    async def begin(self, *, is_armed: bool = True) -> None:
        """Start the bot. is_armed: moments count from now on, else from `arm` on."""
        self._is_armed = is_armed
        await self._start()

    def arm(self, blow: Blow | None = None) -> None:
        """blow: another one, after the first."""
        self._is_armed = True
        if blow is not None:
            self._blow, self._left = blow, blow.skip
            self._down.clear()

    async def is_down(self) -> None:
        """Wait for the kill."""
        await self._down.wait()
        if self._failed is not None:
            raise self._failed

    async def comes_back(self) -> None:
        """Wait for the kill and start it again; what was said meanwhile is said once more."""
        await self.is_down()
        await self._start()
        await self.wire.repay()

    async def write(self, body: str, *labels: str) -> None:
        """The issue that the story is about, as a person writes it."""
        asked = {"title": "One", "body": body, "labels": list(labels)}
        number = (await self.stage.hub.ok("POST", f"/repos/{HOME}/issues", asked, who=PERSON))["number"]
        self.stage.plans.append(int(number))

    async def shows(self, words: str) -> None:
        """Wait until a comment of the bot's on that issue holds these words."""
        await self.stage.until(lambda: self.stage.shows(1, words))

    async def strikes(self, kind: str, place: Place) -> bool:
        """A moment has come; is the bot killed for it?"""
        self.seen[f"{kind} {place}"] += 1
        if (kind, place) != (self._blow.kind, self._blow.place) or not self._is_armed:
            return False
        self._left -= 1
        if self._left != -1:
            return False
        try:
            await self.host.kill(Strike(kind=kind, alone=self._blow.alone))
        except (OSError, RuntimeError) as error:
            self._failed = error
        self._down.set()
        return True

    def said(self, what: str, _: str) -> None:
        """A script said something."""
        self._killing = asyncio.create_task(self.strikes(what, "later"))

    async def _notice(self, kind: str, place: Place, _: str) -> bool:
        return await self.strikes(kind, place)

    async def _start(self) -> None:
        await self.host.start(self.wire.url)
        await self.host.comes_up()


@asynccontextmanager
async def killed(folder: Path, blow: Blow, **settings: str) -> AsyncIterator[Killed]:
    """The bot is started by `begin`, and struck once."""
    async with asyncio.timeout(PATIENCE), staged(folder) as (stage, app):
        it = Killed(stage, One(folder, app, **settings), blow)
        await it.wire.open()
        try:
            await stage.hub.listens(app, it.wire.hook_url)
            async with listening(stage.pipe, it.said):
                yield it
        except BaseException as error:
            if it.host.log.exists():
                error.add_note(f"The bot's last words:\n{it.host.log.read_text(errors='replace')[-4_000:]}")
            raise
        finally:
            await it.host.stop()
            await it.wire.close()
        assert await stage.hub.do(harmless.doubled, stage.hub.sandbox, BOT) == []
        assert stage.contract.problems() == []
        lines = it.host.log.read_text().replace('": "', '":"').splitlines()
        assert [line for line in lines if "Traceback" in line or '"level":"error"' in line] == []
