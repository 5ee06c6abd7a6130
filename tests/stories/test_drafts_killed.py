"""A real process, killed (kill -9) at every moment of a draft: one call is paid twice at most, and one draft is posted."""

import asyncio
from pathlib import Path

import pytest

from services.core.names import LABEL_PLAN
from tests.kit import harmless
from tests.kit.crash.hosts import One
from tests.kit.crash.moments import Place, Strike
from tests.kit.crash.stage import HOME, PERSON, listening, staged
from tests.kit.crash.wire import Wire
from tests.kit.model import Answer, providing
from tests.kit.sight import BOT

PATIENCE = 240.0
PLAN = "```yaml\ntitle: One\ntasks:\n  - id: x\n    title: Write x\n    run: echo x > x.txt\n```\n"
WRONG = PLAN.replace("id: x", "id: x\n    needs: [y]")


@pytest.mark.parametrize(
    ("kind", "place", "skip", "calls"),
    [
        ("model", "before", 0, 3),
        ("model", "before", 1, 3),
        ("comment", "before", 0, 3),
        ("comment", "after", 0, 3),
        ("comment", "before", 1, 2),
        ("comment", "after", 1, 2),
        ("comment", "later", 1, 2),
    ],
)
async def test_a_draft_outlives_every_kill(tmp_path: Path, kind: str, place: Place, skip: int, calls: int) -> None:
    """The first answer has a mistake, so there are two calls where nothing is cut off."""
    seen, down = 0, asyncio.Event()

    async with asyncio.timeout(PATIENCE), staged(tmp_path) as (stage, app):

        async def strikes(what: str, where: Place) -> bool:
            nonlocal seen
            if (what, where) != (kind, place):
                return False
            seen += 1
            if seen != skip + 1:
                return False
            await host.kill(Strike(kind=what))
            down.set()
            return True

        async def notice(what: str, where: Place, _: str) -> bool:
            return await strikes(what, where)

        async def asked() -> None:
            await strikes("model", "before")

        async with providing(Answer(text=WRONG, told=asked), Answer(text=PLAN, told=asked)) as provider:
            host = One(
                tmp_path,
                app,
                LOCKSTEP_MODEL="openai:gpt-4o",
                LOCKSTEP_MODEL_URL=provider.url,
                LOCKSTEP_MODEL_KEY="none",
            )
            wire = Wire(stage.hub.url, host.bot_url, PERSON, notice)
            await wire.open()
            try:
                await stage.hub.listens(app, wire.hook_url)
                async with listening(stage.pipe, lambda *_: None):
                    await host.start(wire.url)
                    await host.up()
                    asks = {"title": "One", "body": "Write x.", "labels": [LABEL_PLAN]}
                    number = int((await stage.hub.ok("POST", f"/repos/{HOME}/issues", asks, who=PERSON))["number"])
                    stage.plans.append(number)
                    await down.wait()
                    await host.start(wire.url)
                    await host.up()
                    await wire.repay()
                    await stage.until(lambda: stage.shows(1, "Waits for approval"))
                    await stage.say(1, "/lockstep approve\n/lockstep run")
                    await stage.until(lambda: stage.shows(1, "**Done.**"))
            finally:
                await host.stop()
                await wire.close()
            assert len(provider.asked) <= calls
            sandbox = stage.hub.sandbox
            posted = [row for row in sandbox.state.comments.values() if "### A draft of a plan" in row.body]
            assert len(posted) == 1
            assert await stage.hub.do(harmless.doubled, sandbox, BOT) == []
            assert stage.contract.problems() == []
            log = host.log.read_text()
            assert "Traceback" not in log
