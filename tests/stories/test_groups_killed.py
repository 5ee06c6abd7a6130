"""A real process, killed (kill -9) at each step of a group that has to be taken back: nothing is left half done."""

from pathlib import Path

from tests.kit.crash.grouped import REVERT, group


async def test_a_group_that_is_taken_back_outlives_every_kill(tmp_path: Path) -> None:
    found = await group(
        tmp_path,
        repos=3,
        blows=[("merge", "before"), ("merge", "after"), ("merge", "later"), (REVERT, "before"), (REVERT, "after")],
        late="refused",
    )
    assert found.unplanned == found.wrong == []
    assert (found.merged, found.reverts, found.half) == (2, 2, 4)
