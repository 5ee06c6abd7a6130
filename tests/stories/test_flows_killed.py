"""A real process, killed (kill -9) at every moment of a flow's beginning: one plan is posted, and it can be approved."""

import asyncio
from pathlib import Path

import pytest

from tests.kit import harmless
from tests.kit.crash.hosts import One
from tests.kit.crash.moments import Place, Strike
from tests.kit.crash.stage import HOME, PERSON, Stage, listening, staged
from tests.kit.crash.wire import Wire
from tests.kit.sight import BOT

PATIENCE = 240.0
SET = """\
repositories: {schema: {automation: {triggers: [web]}}, api: , web: }
cross_repo_workflows:
  - {name: both, repositories: [api, schema]}
"""


@pytest.mark.parametrize(
    ("kind", "place", "skip"),
    [
        ("reaction", "after", 0),
        ("comment", "before", 0),
        ("comment", "after", 0),
        ("comment", "later", 0),
        ("comment", "before", 1),
        ("comment", "later", 1),
    ],
)
async def test_a_flow_outlives_every_kill(tmp_path: Path, kind: str, place: Place, skip: int) -> None:
    seen, down = 0, asyncio.Event()

    async with asyncio.timeout(PATIENCE), staged(tmp_path) as (stage, app):
        await stage.hub.do(add_set, stage)
        host = One(tmp_path, app)

        async def notice(what: str, where: Place, _: str) -> bool:
            nonlocal seen
            if (what, where) != (kind, place):
                return False
            seen += 1
            if seen != skip + 1:
                return False
            await host.kill(Strike(kind=what))
            down.set()
            return True

        wire = Wire(stage.hub.url, host.bot_url, PERSON, notice)
        await wire.open()
        try:
            await stage.hub.listens(app, wire.hook_url)
            async with listening(stage.pipe, lambda *_: None):
                await host.start(wire.url)
                await host.up()
                asks = {"title": "One", "body": "Write x."}
                number = int((await stage.hub.ok("POST", f"/repos/{HOME}/issues", asks, who=PERSON))["number"])
                stage.plans.append(number)
                await stage.say(1, "/lockstep run flow=both")
                await down.wait()
                await host.start(wire.url)
                await host.up()
                await wire.repay()
                await stage.until(lambda: stage.shows(1, "Waits for approval"))
                await stage.until(lambda: len(posted(stage)) == 1)
                await stage.say(1, "/lockstep approve")
                await stage.until(lambda: stage.shows(1, "**Approved** by"))
        finally:
            await host.stop()
            await wire.close()
        assert len(posted(stage)) == 1
        assert await stage.hub.do(harmless.doubled, stage.hub.sandbox, BOT) == []
        assert stage.contract.problems() == []
        assert "Traceback" not in host.log.read_text()


def add_set(stage: Stage) -> None:
    repo = stage.hub.scenario.repo("acme/.github", {"repositories.yaml": SET})
    stage.hub.scenario.collaborator(repo, PERSON, "maintain")


def posted(stage: Stage) -> list[str]:
    rows = list(stage.hub.sandbox.state.comments.values())
    return [row.body for row in rows if "### The plan of a flow" in row.body]
