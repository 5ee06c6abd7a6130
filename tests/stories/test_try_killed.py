"""A real process, killed (kill -9) at every moment of a `try`: it is judged, said once, and leaves no branch behind."""

from pathlib import Path

import pytest

from tests.kit.crash.killed import Blow, killed
from tests.kit.crash.stage import CI, HOME, PERSON, Stage


@pytest.mark.parametrize(
    "blow",
    [
        Blow("reaction", "after"),
        Blow("commit", "before"),
        Blow("commit", "after"),
        Blow("commit", "later"),
        Blow("new branch", "before"),
        Blow("new branch", "after"),
        Blow("branch", "before"),
        Blow("branch", "after"),
        Blow("branch", "later"),
    ],
)
async def test_a_try_outlives_every_kill(tmp_path: Path, blow: Blow) -> None:
    async with killed(tmp_path, blow) as it:
        await it.stage.hub.do(add_branch, it.stage)
        await it.begin()
        asked = {"title": "One", "head": "one", "base": "main"}
        number = (await it.stage.hub.ok("POST", f"/repos/{HOME}/pulls", asked, who=PERSON))["number"]
        it.stage.plans.append(number)
        await it.stage.say(1, "/lockstep try")
        await it.comes_back()
        await it.shows("**passes**: `test`")
        assert (await it.stage.git(HOME, "branch", "--format=%(refname:short)")).split() == ["main", "one"]
    said = it.stage.comment_on(HOME, number)
    assert said.count("**passes**") == 1


def add_branch(stage: Stage) -> None:
    repo, scenario = stage.repo(HOME), stage.hub.scenario
    scenario.commit(repo, {".github/workflows/ci.yml": CI.replace("pull_request", "push")}, "CI", login=PERSON)
    scenario.commit(repo, {"one.txt": "1\n"}, "One", branch="one", login=PERSON)
