"""A real process, killed (kill -9) at every moment of a flow's beginning: one plan is posted, and it can be approved."""

from pathlib import Path

import pytest

from tests.kit.crash.killed import Blow, killed
from tests.kit.crash.stage import PERSON, Stage

SET = """\
repositories: {schema: {automation: {triggers: [web]}}, api: , web: }
cross_repo_workflows:
  - {name: both, repositories: [api, schema]}
"""


@pytest.mark.parametrize(
    "blow",
    [
        Blow("reaction", "after"),
        Blow("comment", "before"),
        Blow("comment", "after"),
        Blow("comment", "later"),
        Blow("comment", "before", 1),
        Blow("comment", "later", 1),
    ],
)
async def test_a_flow_outlives_every_kill(tmp_path: Path, blow: Blow) -> None:
    async with killed(tmp_path, blow) as it:
        await it.stage.hub.do(add_set, it.stage)
        await it.begin()
        await it.write("Write x.")
        await it.stage.say(1, "/lockstep run flow=both")
        await it.comes_back()
        await it.shows("Waits for approval")
        await it.stage.until(lambda: len(posted(it.stage)) == 1)
        await it.stage.say(1, "/lockstep approve")
        await it.shows("**Approved** by")
    assert len(posted(it.stage)) == 1


def add_set(stage: Stage) -> None:
    repo = stage.hub.scenario.repo("acme/.github", {"repositories.yaml": SET})
    stage.hub.scenario.collaborator(repo, PERSON, "maintain")


def posted(stage: Stage) -> list[str]:
    rows = list(stage.hub.sandbox.state.comments.values())
    return [row.body for row in rows if "### The plan of a flow" in row.body]
