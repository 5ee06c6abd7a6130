"""services/engine/workers.py: attempts in this process, no more at a time than there are places."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from services.core.task_state import TaskState
from services.engine.workers import Local
from services.errors import GitError
from services.git.mirror import Mirrors
from services.store.checkpoints import Checkpoints
from tests.kit.attempting import Ticking, order
from tests.kit.store import Place
from tests.kit.stored import stored_run


class GitHub:
    """Gives no token; `came`: how many asked for one, all of which wait until they may go on."""

    def __init__(self) -> None:
        self.writes = self
        self.came = 0
        self.asked = asyncio.Event()
        self.goes_on = asyncio.Event()

    async def token(self, repo: str, permissions: Sequence[tuple[str, str]]) -> str:
        self.came += 1
        self.asked.set()
        await self.goes_on.wait()
        raise GitError("no token")


@pytest.mark.parametrize("places", [1, 2])
async def test_what_comes_all_at_once_is_done_in_turn(place: Place, tmp_path: Path, places: int) -> None:
    github, database = GitHub(), place.database()
    await database.open()
    asked = order("true")
    state = TaskState(id=asked.task.id, state="running", attempt=asked.attempt, fence=asked.fence)
    await stored_run(database, state, run_id=asked.run_id)
    mirrors = Mirrors(tmp_path, "http://127.0.0.1:1")
    local = Local(mirrors, cast("Any", None), cast("Any", github), Ticking(), Checkpoints(database), places=places)
    two = [asyncio.create_task(local.attempt(asked)) for _ in range(2)]
    async with asyncio.timeout(10):
        await github.asked.wait()
    await asyncio.wait(two, timeout=0.2)
    assert github.came == places
    github.goes_on.set()
    assert [str(error) for error in await asyncio.gather(*two, return_exceptions=True)] == ["no token"] * 2
    await database.close()
