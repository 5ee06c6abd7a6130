"""A conflict that comes again is resolved as it was, with real git: no agent is asked, and everything is verified."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.agents import Outcome, Work
from services.agents.box import Box
from services.core.task_state import TaskState
from services.engine.attempts import attempt
from services.engine.orders import Result
from services.errors import StoreError
from services.registry import Registry
from services.store.resolutions import Resolutions
from services.store.sqlite import SqliteDatabase
from tests.kit.attempting import BRANCH, REPO, Ground, Ticking, open_ground, order
from tests.kit.stored import now_stand, stored_run

BASE, OURS, THEIRS, MADE = "price = 1\n", "cost = 1\n", "price = 2\n", "cost = 2\n"


class Resolving:
    """Writes what it is to make of a file, and counts."""

    def __init__(self) -> None:
        self.asked = 0
        self.makes = MADE

    async def run(self, work: Work, box: Box) -> Outcome:
        self.asked += 1
        if self.makes:
            (work.files / "a.txt").write_text(self.makes)
        return Outcome(ok=True, summary="did it")


class Away(Resolutions, frozen=True):
    """The store can't be asked."""

    async def known(self, *_: Any) -> Any:
        raise StoreError("away")

    async def keep(self, *_: Any) -> None:
        raise StoreError("away")


class Bench:
    """A repository whose base and head are in conflict, and attempts that take that head over."""

    def __init__(self, ground: Ground, database: SqliteDatabase) -> None:
        self.ground, self.database, self.agent = ground, database, Resolving()
        self.resolutions = Resolutions(database)
        ground.host.commit(REPO, {"a.txt": BASE})
        ground.host.commit(REPO, {"a.txt": BASE}, branch=BRANCH)
        self.head = ""

    async def attempt(self, *, verify: str = "", base: str = OURS) -> Result:
        host = self.ground.host
        began = host.commit(REPO, {"a.txt": BASE})
        (host.bare(REPO) / "refs" / "heads" / BRANCH).parent.mkdir(parents=True, exist_ok=True)
        (host.bare(REPO) / "refs" / "heads" / BRANCH).write_text(began + "\n")
        self.head = host.commit(REPO, {"a.txt": THEIRS}, branch=BRANCH)
        host.commit(REPO, {"a.txt": base})
        agents: Registry[Any] = Registry("agent")
        agents.add("resolving", self.agent)
        given = order("", agent="resolving", verify=verify, carry=self.head, replaces=(self.head,))
        return await attempt(
            given, mirrors=self.ground.mirrors, box=self.ground.box, agents=agents, token=self.ground.token,
            clock=Ticking(), resolutions=self.resolutions,
        )  # fmt: skip


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    database = SqliteDatabase(tmp_path / "lockstep.sqlite")
    await database.open()
    async with open_ground() as ground:
        yield Bench(ground, database)
    await database.close()


async def test_a_conflict_that_comes_again_is_resolved_as_it_was_once_that_has_merged(bench: Bench) -> None:
    run = await stored_run(bench.database, TaskState(id="schema", state="in_review", attempt=1))
    first = await bench.attempt()
    assert (first.kind, bench.agent.asked) == ("pushed", 1), first.reason
    assert (await bench.attempt()).kind == "pushed"
    assert bench.agent.asked == 2, "nobody has accepted it yet"
    sha = first.head_sha
    done = TaskState(id="schema", state="done", attempt=1, head_sha=sha, heads=(sha,), merge_sha="m")
    await now_stand(bench.database, run, [done])
    again = await bench.attempt(verify="grep -q 'cost = 2' a.txt")
    assert (again.kind, bench.agent.asked) == ("pushed", 2), again.reason
    assert "remembered: resolved as before in a.txt" in again.log
    assert bench.ground.host.show(REPO, f"{BRANCH}:a.txt") == MADE.strip()
    refused = await bench.attempt(verify="false")
    assert (refused.kind, bench.agent.asked) == ("failed", 2), "it is verified as anything"
    assert bench.ground.host.tip(REPO, BRANCH) == bench.head
    assert (await bench.attempt(base="cost = 3\n")).kind == "pushed"
    assert bench.agent.asked == 3, "another conflict"


async def test_a_store_that_can_not_be_asked_stops_nobody_and_marks_are_not_learned(bench: Bench) -> None:
    query = "SELECT count(*) FROM resolution"
    bench.agent.makes = ""
    left = await bench.attempt()
    assert (left.kind, left.conflicts) == ("failed", ("a.txt",))
    bench.agent.makes, bench.resolutions = MADE, Away(bench.database)
    assert (await bench.attempt()).kind == "pushed"
    assert bench.agent.asked == 2
    assert await bench.database.read(lambda c: c.execute(query).fetchone()[0]) == 0
