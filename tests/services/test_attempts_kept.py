"""What an agent left, kept with its step and read back: too big, damaged or planted, it is made again or judged anew."""

from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import zstandard

from services.core.steps import ORDER
from services.git.bundle import bundle
from services.git.workspace import open_workspace
from services.store import checkpoints
from services.store.checkpoints import Point
from tests.kit.attempting import BRANCH, REPO, START
from tests.kit.githttp import TOKEN
from tests.kit.resuming import Desk, open_desk


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_desk() as made:
        yield made


async def test_a_commit_that_is_too_big_to_be_kept_is_made_again_elsewhere(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "MAX_BLOB", 200)
    given = desk.order("head -c 1000 /dev/urandom | base64 > noise.txt")
    await desk.stop(given, "verify")
    desk.move()
    result = await desk.go_on(given)
    assert result.kind == "pushed", result.reason
    assert desk.counted == ["agent", "verify", "agent", "verify"]


async def test_a_commit_that_is_too_big_for_git_to_print_is_not_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.git.command.MAX_OUTPUT", 20_000)
    given = desk.order("head -c 30000 /dev/urandom | base64 > noise.txt")
    await desk.stop(given, "agent")
    result = await desk.go_on(given)
    assert result.kind == "pushed", result.reason
    assert desk.counted == ["agent", "agent", "verify"]


async def test_a_commit_that_is_too_big_is_found_where_it_was_pushed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "MAX_BLOB", 200)
    given = desk.order("head -c 1000 /dev/urandom | base64 > noise.txt")
    await desk.stop(given, "push", stored=False)
    pushed = desk.ground.host.tip(REPO, BRANCH)
    desk.move()
    result = await desk.go_on(given)
    assert (result.kind, result.head_sha) == ("pushed", pushed)
    assert desk.counted == ["agent", "verify"]


def _other_bytes(blob: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(b"PACK no pack at all" * 20)


@pytest.mark.parametrize(
    "damage",
    [
        lambda blob: b"",
        lambda blob: b"\0" * 100,
        lambda blob: blob[:-9],
        lambda blob: blob[:20] + bytes([blob[20] ^ 255]) + blob[21:],
        _other_bytes,
    ],
)
async def test_a_damaged_commit_is_made_again(desk: Desk, damage: Callable[[bytes], bytes]) -> None:
    await desk.stop(desk.order(), "verify")
    query = "SELECT blob FROM checkpoint WHERE step = 'commit'"
    blob = await desk.database.read(lambda c: bytes(c.execute(query).fetchone()[0]))
    await desk.execute("UPDATE checkpoint SET blob = ? WHERE step = 'commit'", damage(blob))
    result = await desk.go_on(desk.order())
    assert result.kind == "pushed", result.reason
    assert desk.counted == ["agent", "verify", "agent", "verify"]
    assert [line for line in desk.said if "a finished step is done again" in line]


@pytest.mark.parametrize("step", ORDER)
async def test_damaged_data_only_repeats(desk: Desk, step: str) -> None:
    await desk.stop(desk.order(), "push")
    await desk.execute("UPDATE checkpoint SET data = ? WHERE step = ?", b'{"', step)
    result = await desk.go_on(desk.order())
    assert result.kind == "pushed", result.reason
    assert result.head_sha == desk.ground.host.tip(REPO, BRANCH)


async def _planted(
    desk: Desk, files: Mapping[str, bytes | str], modes: Mapping[str, str] | None = None, *, on: str = "main"
) -> None:
    """The kept commit is another one; without `on` it has a history of its own."""
    if on:
        (desk.ground.host.bare(REPO) / "refs/heads/planted").write_text(f"{desk.ground.host.tip(REPO, on)}\n")
    desk.ground.host.commit(REPO, files, branch="planted", modes=modes)
    mirrors = desk.ground.mirrors
    base = await mirrors.fetch(REPO, "main", TOKEN)
    planted = await mirrors.fetch(REPO, "planted", TOKEN)
    async with open_workspace(mirrors, REPO, base) as workspace:
        packed = await bundle(workspace, planted)
    assert packed is not None
    point = Point(step="commit", at=START, data=b'{"sha":"%s"}' % planted.encode(), blob=packed)
    assert await desk.kept.append(point)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({".github/workflows/x.yml": "on: push\n"}, "A person has to look at .github/workflows/x.yml"),
        ({"elsewhere.txt": "x\n"}, "The task's paths do not cover elsewhere.txt"),
        ({"big.bin": b"\0" * 20_000_001}, "The result is not taken: big.bin is too big"),
    ],
)
async def test_what_is_read_back_is_judged_like_any_result(
    desk: Desk, files: Mapping[str, bytes | str], said: str
) -> None:
    given = desk.order("echo x > src/x", paths=("src/**", ".github/**", "big.bin"))
    await desk.stop(given, "verify")
    await _planted(desk, files)
    desk.move()
    result = await desk.go_on(given)
    assert result.kind == "refused", result.reason
    assert result.reason.startswith(said)
    assert desk.ground.host.tip(REPO, BRANCH) == ""


@pytest.mark.parametrize(
    ("modes", "on"),
    [({"x": "120000"}, "main"), ({}, "")],
    ids=["a link", "another base"],
)
async def test_a_kept_commit_that_no_agent_can_have_left_is_not_taken(
    desk: Desk, modes: Mapping[str, str], on: str
) -> None:
    await desk.stop(desk.order(), "verify")
    await _planted(desk, {"x": "README.md"}, modes, on=on)
    desk.move()
    result = await desk.go_on(desk.order())
    assert result.kind == "pushed", result.reason
    assert desk.counted == ["agent", "verify", "agent", "verify"]
    assert [line for line in desk.said if "a finished step is done again" in line]
