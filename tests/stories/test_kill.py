"""A real process, killed (kill -9) right after a step of an attempt has ended: that step is not done again.

Scripts say themselves when they begin, and requests are seen on the wire; the beginning of a step proves the end of
the one before. One task only, so that nothing else is cut short.
"""

from pathlib import Path

import pytest

from services.core.names import LABEL_PLAN
from tests.kit.crash.killed import Blow, killed
from tests.kit.crash.moments import Place
from tests.kit.crash.stage import HOME, Stage
from tests.kit.pipe import Pipe


def _plan(stage: Stage, pipe: Pipe) -> str:
    agent = f"echo agent began x > {stage.pipe}; echo done > x.txt; echo from the agent"
    verify = f"echo verify began x > {stage.pipe}; {pipe.wait}; test -e x.txt"
    lines = ["```yaml", "title: One", "tasks:", "  - id: x", "    title: Write x", f"    repo: {HOME}"]
    return "\n".join([*lines, f"    run: {agent}", f"    verify: {verify}", "```", ""])


@pytest.mark.parametrize("alone", [False, True], ids=["with its scripts", "alone"])
@pytest.mark.parametrize(
    ("strike", "place", "verified", "pushed"),
    [("verify began", "later", 2, 1), ("push", "before", 1, 1), ("push", "after", 1, 1)],
    ids=["after the agent", "after the verification", "after the push, before its answer"],
)
async def test_what_has_ended_is_not_done_again(
    tmp_path: Path, pipe: Pipe, strike: str, place: Place, verified: int, pushed: int, alone: bool
) -> None:
    async with killed(tmp_path, Blow(strike, place, alone=alone)) as it:
        stage = it.stage
        await it.begin()
        await it.write(_plan(stage, pipe), LABEL_PLAN)
        await it.shows("Waits for approval")
        if strike != "verify began":  # else no verification ends before
            pipe.let_one_pass()
        await stage.say(1, "/lockstep approve\n/lockstep run")
        await it.is_down()
        pipe.let_one_pass()
        pipe.let_one_pass()  # the killed one's script may live on and take a line
        await it.comes_back()
        await it.shows("**Done.**")
        await stage.until(lambda: all(issue.state == "closed" for issue in stage.issues(HOME)))
    assert it.seen["agent began later"] == 1
    assert it.seen["verify began later"] == verified
    assert it.seen["push after"] == pushed
    assert len(stage.pulls(HOME)) == 1
