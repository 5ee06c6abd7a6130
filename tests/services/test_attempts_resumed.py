"""services/engine/attempts.py: an attempt that was stopped goes on after the last step that was written down."""

from collections.abc import AsyncIterator

import pytest

from services.core.steps import ORDER
from services.engine.progress import Claimed
from services.errors import StoreError
from services.store.checkpoints import Checkpoints, Kept, Point, Spot
from tests.kit.attempting import BRANCH, REPO
from tests.kit.logged import logged
from tests.kit.resuming import Desk, Stops, open_desk


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_desk() as made:
        yield made


async def test_what_is_written_down_of_an_attempt(desk: Desk) -> None:
    result = await desk.ground.attempt(desk.order(), desk.kept)
    assert result.kind == "pushed", result.reason
    assert await desk.steps() == ["begun", *ORDER]
    assert (await desk.diff()).endswith("+++ b/currency.txt\n@@ -0,0 +1 @@\n+currency\n")


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
