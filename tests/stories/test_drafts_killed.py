"""A real process, killed (kill -9) at every moment of a draft: one call is paid twice at most, and one draft is posted."""

from pathlib import Path

import pytest

from services.core.names import LABEL_PLAN
from tests.kit.crash.killed import Blow, killed
from tests.kit.model import Answer, providing

PLAN = "```yaml\ntitle: One\ntasks:\n  - id: x\n    title: Write x\n    run: echo x > x.txt\n```\n"
WRONG = PLAN.replace("id: x", "id: x\n    needs: [y]")


@pytest.mark.parametrize(
    ("blow", "calls"),
    [
        (Blow("model", "before"), 3),
        (Blow("model", "before", 1), 3),
        (Blow("comment", "before"), 3),
        (Blow("comment", "after"), 3),
        (Blow("comment", "before", 1), 2),
        (Blow("comment", "after", 1), 2),
        (Blow("comment", "later", 1), 2),
    ],
)
async def test_a_draft_outlives_every_kill(tmp_path: Path, blow: Blow, calls: int) -> None:
    """The first answer has a mistake, so there are two calls where nothing is cut off."""

    async def asked() -> None:
        await it.strikes("model", "before")

    async with providing(Answer(text=WRONG, told=asked), Answer(text=PLAN, told=asked)) as provider:
        model = {"MODEL": "openai:gpt-4o", "MODEL_URL": provider.url, "MODEL_KEY": "none"}
        async with killed(tmp_path, blow, **{f"LOCKSTEP_{name}": value for name, value in model.items()}) as it:
            await it.begin()
            await it.write("Write x.", LABEL_PLAN)
            await it.comes_back()
            await it.shows("Waits for approval")
            await it.stage.say(1, "/lockstep approve\n/lockstep run")
            await it.shows("**Done.**")
        assert len(provider.asked) <= calls
        comments = it.stage.hub.sandbox.state.comments.values()
        assert sum("### A draft of a plan" in row.body for row in comments) == 1
