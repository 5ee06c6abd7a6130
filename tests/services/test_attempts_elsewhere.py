"""services/engine/attempts.py and services/git/taken.py: what was done elsewhere is read from git, and judged."""

from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

import pytest

from services.engine.orders import Order, Result
from services.errors import GitError
from services.git.result import Limits
from tests.kit.attempting import BRANCH, REPO
from tests.kit.githttp import git
from tests.kit.resuming import Desk, open_desk

SOURCE = "lockstep-results/platform-12/schema/1"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_desk() as made:
        yield made


def left(desk: Desk, files: Mapping[str, bytes | str], branch: str = SOURCE, **more: Any) -> str:
    """Somebody commits these on top of main, and pushes the branch; its commit."""
    host = desk.ground.host
    base = host.tip(REPO, "main")
    if not host.tip(REPO, branch):
        git("update-ref", f"refs/heads/{branch}", base, cwd=host.bare(REPO))
    return host.commit(REPO, files, branch=branch, **more)


def taking(desk: Desk, **fields: Any) -> Order:
    since = desk.ground.host.tip(REPO, "main")
    return desk.order("exit 9", agent="actions", **{"source": SOURCE, "since": since, **fields})


async def test_it_becomes_a_commit_of_ours_on_the_commit_it_began_with(desk: Desk) -> None:
    began = desk.ground.host.tip(REPO, "main")
    left(desk, {"currency.txt": "EUR\n"})
    left(desk, {"src/app.py": "print(2)\n"})
    given = taking(desk, verify="grep -q 2 src/app.py")
    desk.ground.host.commit(REPO, {"later.txt": "1\n"})
    result = await desk.ground.attempt(given, desk.kept)
    assert (result.kind, result.base_sha) == ("pushed", began), result.reason
    assert [change.path for change in result.files] == ["currency.txt", "src/app.py"]
    assert desk.ground.host.show(REPO, f"{BRANCH}:currency.txt") == "EUR"
    assert "lockstep[bot]" in desk.ground.host.show(REPO, BRANCH)
    assert desk.counted == ["verify"]
    assert "+EUR" in await desk.diff()


async def test_a_commit_that_is_adopted_stays_as_it_is_on_its_own_branch(desk: Desk) -> None:
    head = left(desk, {"currency.txt": "EUR\n"}, branch="copilot/fix-1")
    given = taking(desk, source="copilot/fix-1", since="", tip=head, adopts=True)
    result = await desk.ground.attempt(given, desk.kept)
    assert (result.kind, result.head_sha) == ("pushed", head), result.reason
    assert desk.ground.host.tip(REPO, BRANCH) == ""
    left(desk, {"currency.txt": "USD\n"}, branch="copilot/fix-1")
    with pytest.raises(GitError, match="does not stand at"):  # another look is needed first
        await desk.ground.attempt(given)


@pytest.mark.parametrize(
    ("files", "modes", "said"),
    [
        ({"one.txt": "/etc/passwd"}, {"one.txt": "120000"}, "one.txt is a symbolic link that was not there before"),
        ({".github/workflows/x.yml": "on: push"}, {}, "A person has to look at .github/workflows/x.yml"),
        ({"two.txt": "1"}, {}, "The task's paths do not cover two.txt"),
        ({"one.txt": "1\n", "caf\xc3\x0c": "1"}, {}, "a file name holds control or invisible characters"),
        ({"src/one.txt": "x" * 20_001}, {}, "src/one.txt is too big"),
    ],
    ids=["a link", "CI", "strays", "names", "size"],
)
async def test_what_is_never_taken(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, files: Mapping[str, str], modes: Mapping[str, str], said: str
) -> None:
    monkeypatch.setattr("services.git.workspace.Limits", partial(Limits, file_bytes=20_000))
    left(desk, files, modes=modes)
    given = taking(desk, paths=("one.txt", "src/**", ".github/**", "caf*"))
    result = await desk.ground.attempt(given, desk.kept)
    assert (result.kind, desk.ground.host.tip(REPO, BRANCH)) == ("refused", "")
    assert said in result.reason


async def test_it_has_to_be_on_top_of_the_commit_it_was_to_begin_with(desk: Desk) -> None:
    desk.ground.host.commit(REPO, {"one.txt": "1\n"}, branch=SOURCE)  # a beginning of its own
    result = await desk.ground.attempt(taking(desk), desk.kept)
    assert (result.kind, ", from which it was to begin" in result.reason) == ("refused", True)
    assert "is not on top of" in result.reason
    adopted = await desk.ground.attempt(taking(desk, since="", adopts=True), None)
    assert (adopted.kind, "it shares no commit with its base branch" in adopted.reason) == ("refused", True)


async def test_what_is_not_there_or_changes_nothing_is_nothing(desk: Desk) -> None:
    result = await desk.ground.attempt(taking(desk), desk.kept)
    assert (result.kind, SOURCE in result.reason) == ("unchanged", True)
    git("update-ref", f"refs/heads/{SOURCE}", "main", cwd=desk.ground.host.bare(REPO))
    result = await desk.ground.attempt(taking(desk), desk.kept)
    assert (result.kind, result.reason) == ("unchanged", "The agent changed nothing.")


@pytest.mark.parametrize("step", ["commit", "verify"])
async def test_after_a_crash_it_is_read_again_and_verified_unless_that_was_of_the_same(desk: Desk, step: str) -> None:
    left(desk, {"currency.txt": "EUR\n"})
    given = taking(desk)
    await desk.stop(given, step)
    ran = desk.counted
    moved = step == "verify"
    if moved:  # whoever pushes there afterwards gains nothing by what was verified before
        left(desk, {"currency.txt": "USD\n"})
    result: Result = await desk.go_on(given)
    assert result.kind == "pushed", result.reason
    assert desk.counted == [*ran, "verify"]
    assert desk.ground.host.show(REPO, f"{BRANCH}:currency.txt") == ("USD" if moved else "EUR")
