"""services/engine/attempts.py: an attempt that was stopped goes on after the last step that was written down.

A stop is an error that ends the attempt right before or right after a step is stored. Scripts and verifications count
themselves in a file outside, so that what runs twice is seen.
"""

import dataclasses
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard

from services.core.board import Run
from services.core.machine import TaskState
from services.core.steps import ORDER
from services.engine.attempts import Order, Result
from services.engine.progress import Claimed
from services.errors import StoreError
from services.git.bundle import bundle
from services.git.mirror import Mirrors
from services.git.workspace import open_workspace
from services.store import checkpoints
from services.store.checkpoints import Checkpoints, Kept, Point, Spot
from services.store.db import Database
from services.store.sqlite import SqliteDatabase
from tests.kit.attempting import BRANCH, REPO, START, Ground, open_ground, order
from tests.kit.githttp import TOKEN
from tests.kit.logged import logged
from tests.kit.stored import now_stand, stored_run

SPOT = Spot(run_id="r1", task="schema", attempt=1, fence=7)


class Stopped(Exception):
    """The process ends here."""


class Stops:
    """Keeps steps in the real store until a step is reached, then ends the attempt: before or after it is stored."""

    def __init__(self, kept: Kept, step: str = "", *, stored: bool = True) -> None:
        self._kept, self._step, self._stored = kept, step, stored

    async def begin(self, now: datetime, /) -> Mapping[str, Point] | None:
        return await self._kept.begin(now)

    async def append(self, *points: Point) -> bool:
        stop = self._step in {point.step for point in points}
        if stop and not self._stored:
            raise Stopped
        answer = await self._kept.append(*points)
        if stop:
            raise Stopped
        return answer

    async def undo(self, *steps: str) -> bool:
        return await self._kept.undo(*steps)

    async def is_current(self) -> bool:
        return await self._kept.is_current()


@dataclasses.dataclass
class Desk:
    """An attempt and its store. `order`: the script and the verification write a line into `counts` when they run."""

    ground: Ground
    database: Database
    run: Run
    counts: Path

    @property
    def kept(self) -> Kept:
        return Kept(Checkpoints(self.database), SPOT)

    def order(self, script: str = "echo currency > currency.txt", verify: str = "true", **fields: Any) -> Order:
        agent = f"echo agent >> {self.counts}; echo from the agent; {script}"
        check = f"echo verify >> {self.counts}; echo from the verification; {verify}"
        return order(agent, verify=check, **fields)

    @property
    def counted(self) -> list[str]:
        return self.counts.read_text().split() if self.counts.exists() else []

    async def stop(self, given: Order, step: str, *, stored: bool = True) -> None:
        with pytest.raises(Stopped):
            await self.ground.attempt(given, Stops(self.kept, step, stored=stored))

    async def go_on(self, given: Order) -> Result:
        with logged() as log:
            result = await self.ground.attempt(given, self.kept)
        assert log.problems() == []
        return result

    def move(self) -> None:
        """What follows happens on another machine, which has nothing but the store."""
        self.ground.mirrors = Mirrors(self.ground.top / "elsewhere", self.ground.host.url)

    async def new_fence(self, fence: int) -> None:
        """The attempt is over, or another one began."""
        await now_stand(self.database, self.run, [TaskState(id="schema", state="running", attempt=2, fence=fence)])

    async def execute(self, sql: str, *values: object) -> None:
        await self.database.write(lambda c: c.execute(sql, values).rowcount)

    async def steps(self) -> list[str]:
        found = await Checkpoints(self.database).newest("r1", ["schema"])
        return [step.name for step in found.get("schema", [])]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_ground() as ground:
        database = SqliteDatabase(":memory:")
        await database.open()
        run = await stored_run(database, TaskState(id="schema", state="running", attempt=1, fence=7))
        made = Desk(ground, database, run, ground.top / "counts")
        yield made
        await database.close()


async def test_what_is_written_down_of_an_attempt(desk: Desk) -> None:
    result = await desk.ground.attempt(desk.order(), desk.kept)
    assert result.kind == "pushed", result.reason
    assert await desk.steps() == ["begun", *ORDER]


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("step", ORDER)
async def test_an_attempt_goes_on_after_its_last_finished_step(desk: Desk, step: str, elsewhere: bool) -> None:
    await desk.stop(desk.order(), step)
    pushed_before = desk.ground.host.tip(REPO, BRANCH)
    ran_before = desk.counted
    if elsewhere:
        desk.move()
    desk.ground.host.asked.clear()
    result = await desk.go_on(desk.order())
    assert result.kind == "pushed", result.reason
    assert desk.counted == ["agent", "verify"]
    assert len(ran_before) == {"worktree": 0, "agent": 1, "commit": 1, "verify": 2, "push": 2}[step]
    assert result.log == "from the agent\n\n--- verify ---\nfrom the verification\n"
    assert result.head_sha == desk.ground.host.tip(REPO, BRANCH)
    assert desk.ground.host.show(REPO, f"{BRANCH}:currency.txt") == "currency"
    if step == "push":
        assert pushed_before == result.head_sha
        assert desk.ground.host.asked == []
    assert sorted(set(await desk.steps())) == sorted(["begun", *ORDER])


async def test_what_was_done_and_not_written_down_is_done_again_and_comes_to_the_same(desk: Desk) -> None:
    await desk.stop(desk.order(), "push", stored=False)
    pushed = desk.ground.host.tip(REPO, BRANCH)
    assert pushed
    desk.ground.host.asked.clear()
    result = await desk.go_on(desk.order())
    assert (result.kind, result.head_sha) == ("pushed", pushed)
    assert not [path for path in desk.ground.host.asked if "receive-pack" in path]
    assert desk.counted == ["agent", "verify"]


async def test_it_goes_on_from_the_base_it_began_with(desk: Desk) -> None:
    base = desk.ground.host.tip(REPO, "main")
    await desk.stop(desk.order(), "verify")
    desk.ground.host.commit(REPO, {"other.txt": "meanwhile\n"})
    desk.move()
    result = await desk.go_on(desk.order())
    assert (result.kind, result.base_sha) == ("pushed", base)
    assert desk.counted == ["agent", "verify"]


async def test_a_base_that_is_gone_means_to_begin_anew(desk: Desk) -> None:
    """Somebody rewrote the default branch, and the mirror with the old one is gone too."""
    await desk.stop(desk.order(), "verify")
    (desk.ground.host.bare(REPO) / "refs/heads/main").unlink()
    fresh = desk.ground.host.commit(REPO, {"README.md": "another history\n"})
    desk.move()
    result = await desk.go_on(desk.order())
    assert (result.kind, result.base_sha) == ("pushed", fresh)
    assert desk.counted == ["agent", "verify", "agent", "verify"]


async def test_a_failed_agent_does_not_run_again(desk: Desk) -> None:
    given = desk.order("echo no such table; exit 3")
    await desk.stop(given, "agent")
    desk.move()
    result = await desk.go_on(given)
    assert (result.kind, result.exit_code) == ("failed", 3)
    assert result.reason == "The script ended with exit code 3: no such table"
    assert result.log == "from the agent\nno such table\n"
    assert desk.counted == ["agent"]


async def test_a_failed_verification_does_not_run_again(desk: Desk) -> None:
    given = desk.order(verify="exit 4")
    await desk.stop(given, "verify")
    result = await desk.go_on(given)
    assert (result.kind, result.exit_code) == ("failed", 4)
    assert result.reason == "The verification ended with exit code 4: from the verification"
    assert desk.counted == ["agent", "verify"]


async def test_an_agent_that_changed_nothing_does_not_run_again(desk: Desk) -> None:
    await desk.stop(desk.order("true"), "agent")
    assert (await desk.go_on(desk.order("true"))).kind == "unchanged"
    assert desk.counted == ["agent"]


async def test_a_hostile_result_stays_refused(desk: Desk) -> None:
    given = desk.order("ln -s /etc/passwd notes.md")
    await desk.stop(given, "agent")
    result = await desk.go_on(given)
    assert (result.kind, result.reason) == ("refused", "The result is not taken: notes.md is a symbolic link.")
    assert desk.counted == ["agent"]


async def test_deleted_and_moved_files_and_modes_are_taken_up(desk: Desk) -> None:
    desk.ground.host.commit(REPO, {"b.txt": "b\n"})
    script = "rm README.md; mv src/app.py src/main.py; chmod +x src/main.py; mv b.txt c; mkdir b.txt; mv c b.txt/c"
    given = desk.order(script, verify="test -x src/main.py && test ! -e README.md && test -f b.txt/c")
    await desk.stop(given, "agent")
    desk.move()
    result = await desk.go_on(given)
    assert result.kind == "pushed", result.reason
    assert {(each.path, each.kind) for each in result.files} == {
        ("README.md", "deleted"), ("src/app.py", "deleted"), ("src/main.py", "added"), ("b.txt", "deleted"),
        ("b.txt/c", "added"),
    }  # fmt: skip
    assert desk.counted == ["agent", "verify"]


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


async def test_a_verification_that_needs_what_git_ignores_gets_it(desk: Desk) -> None:
    """A build that is in no commit is not there after a restart; the agent makes it again rather than be blamed."""
    desk.ground.host.commit(REPO, {".gitignore": "build/\n"})
    given = desk.order("echo x > x; mkdir build; echo y > build/y", verify="test -e build/y")
    await desk.stop(given, "agent")
    result = await desk.go_on(given)
    assert result.kind == "pushed", result.reason
    assert desk.counted == ["agent", "verify", "agent", "verify"]


async def test_a_verification_that_fails_with_all_files_there_has_failed(desk: Desk) -> None:
    given = desk.order(verify="exit 1")
    await desk.stop(given, "agent")
    assert (await desk.go_on(given)).kind == "failed"
    assert desk.counted == ["agent", "verify"]


async def test_an_old_fence_neither_begins_nor_goes_on(desk: Desk) -> None:
    await desk.new_fence(8)
    result = await desk.go_on(desk.order())
    assert (result.kind, result.fence) == ("failed", 7)
    assert result.reason == "This attempt is over; its result is not wanted any more."
    assert desk.counted == []
    assert await desk.steps() == []


async def test_an_attempt_that_ends_meanwhile_pushes_nothing(desk: Desk) -> None:
    class Cancelled(Stops):
        async def append(self, *points: Point) -> bool:
            if points[0].step == "agent":
                await desk.new_fence(8)
            return await super().append(*points)

    result = await desk.ground.attempt(desk.order(), Cancelled(desk.kept))
    assert result.reason.startswith("This attempt is over")
    assert desk.counted == ["agent"]
    assert desk.ground.host.tip(REPO, BRANCH) == ""
    assert await desk.steps() == ["begun", "worktree"]


async def test_what_was_taken_over_after_its_last_step_is_not_pushed(desk: Desk) -> None:
    """Two carry the attempt out, because one was taken for dead; it finds out before it pushes."""
    asked: list[str] = []

    async def is_ours() -> bool:
        asked.append(desk.ground.host.tip(REPO, BRANCH))
        return len(asked) < 4  # three steps are written down, then it is to be pushed

    result = await desk.ground.attempt(desk.order(), Claimed(desk.kept, is_ours))
    assert result.reason.startswith("This attempt is over")
    assert asked == [""] * 4
    assert desk.ground.host.tip(REPO, BRANCH) == ""
    await desk.go_on(desk.order())
    assert desk.ground.host.tip(REPO, BRANCH)
    assert desk.counted == ["agent", "verify"]


async def test_another_attempt_does_not_take_up_the_steps_of_the_last(desk: Desk) -> None:
    await desk.stop(desk.order(), "verify")
    await desk.new_fence(9)
    later = Kept(Checkpoints(desk.database), Spot(run_id="r1", task="schema", attempt=2, fence=9))
    result = await desk.ground.attempt(desk.order(attempt=2, fence=9), later)
    assert result.kind == "pushed"
    assert desk.counted == ["agent", "verify", "agent", "verify"]


async def test_a_store_that_takes_nothing_stops_no_attempt(desk: Desk) -> None:
    class Full(Stops):
        async def append(self, *points: Point) -> bool:
            raise StoreError("the disk is full")

    with logged() as log:
        result = await desk.ground.attempt(desk.order(), Full(desk.kept))
    assert result.kind == "pushed"
    assert log.has("a checkpoint could not be stored")


async def test_a_store_that_does_not_answer_at_the_beginning_is_no_result(desk: Desk) -> None:
    """What is finished is not known then, and must not be done again."""
    kept = desk.kept
    await desk.database.close()
    with pytest.raises(StoreError):
        await desk.ground.attempt(desk.order(), kept)
    assert desk.counted == []


async def test_the_time_of_finished_steps_counts(desk: Desk) -> None:
    """The clock of these tests ticks at every look, so the steps before the stop have taken seconds."""
    await desk.stop(desk.order(), "agent")
    await desk.execute("UPDATE checkpoint SET seconds = 500 WHERE step = 'agent'")
    result = await desk.go_on(desk.order(timeout=500))
    assert (result.kind, result.reason) == ("timed_out", "The task's 500 s were over.")
    assert desk.counted == ["agent"]
    assert result.seconds > 500
