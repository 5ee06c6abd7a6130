"""A run that can't be read, and what is asked beside it: the other plans are read, shown and done all the same."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.core.board import Decision
from services.core.names import issue_key
from services.core.plan import Parsed
from services.core.task_state import Happening, TaskState
from services.engine.dashboards import Boards
from services.engine.neighbours import beside
from services.engine.parts import Parts
from services.engine.placed import place_of
from services.engine.pulls import attach
from services.engine.shown import Shown
from services.errors import Unreadable
from services.store.checkpoints import Checkpoints
from services.store.dashboards import Dashboards
from services.store.db import Database
from services.store.plans import Plans
from services.store.runs import Runs
from services.store.sqlite import SqliteDatabase
from tests.kit.closing import Closing
from tests.kit.plans import NOW, plan, task
from tests.kit.stored import stored_plan, stored_run

HOME = "acme/platform"


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    """Tasks of plan 1, whose run is damaged, and of plan 2 wait on 9; only those of plan 1 on 3 and 8."""
    database = SqliteDatabase(":memory:")
    await database.open()
    for number, issues in ((1, (3, 8, 9)), (2, (9,))):
        run = await stored_run(database, TaskState(id="a", state="ready", issue=9), run_id=f"r{number}", number=number)
        waits = (("a", tuple([issue_key(HOME, each) for each in issues])),)
        await Runs(database).commit(run.plan_id, Decision(run_id=run.id, state="running", waits=waits), NOW)
    await Plans(database).save(stored_plan(plan(task("b")), 3), NOW)
    await database.write(lambda c: c.execute("UPDATE task SET data = ? WHERE run_id = 'r1'", (b"{",)).rowcount)
    yield database
    await database.close()


def parts(database: Database) -> Parts:
    github = SimpleNamespace(reads=Closing())
    return cast("Parts", SimpleNamespace(runs=Runs(database), plans=Plans(database), github=github))


async def test_another_plan_is_found_where_its_own_task_or_text_stands(database: Database) -> None:
    for number, home in ((9, 2), (3, 3)):
        place = await place_of(parts(database), HOME, number, "")
        assert (place.repo, place.number) == (HOME, home)


async def test_what_stands_with_the_damaged_run_alone_is_not_taken_for_anything_else(database: Database) -> None:
    for number in (1, 8):
        with pytest.raises(Unreadable):
            await place_of(parts(database), HOME, number, "")


async def test_another_plan_is_read_beside_it(database: Database) -> None:
    mine = task("mine", repo=HOME, paths=("src/**",))
    parsed = Parsed(plan=plan(mine), tasks=(mine,))
    assert await beside(parts(database), f"{HOME}#3", parsed) == parsed


async def test_a_pull_request_is_taken_for_a_task_of_another_run(database: Database) -> None:
    taken: list[tuple[str, str]] = []

    async def happen(run_id: str, happened: list[tuple[str, Happening]]) -> None:
        taken.extend((run_id, task_id) for task_id, _ in happened)

    await attach(parts(database), cast("Any", SimpleNamespace(happen=happen)), HOME, 20)
    assert taken == [("r2", "a")]


async def test_all_plans_are_shown_the_damaged_one_without_its_run(database: Database) -> None:
    shown = Shown(Plans(database), Runs(database), Checkpoints(database))
    found = {row.number: run.id if run is not None else "" for row, run in await shown.plans()}
    assert found == {1: "", 2: "r2", 3: ""}
    body = await Boards(parts(database), Dashboards(database))._body("acme", HOME)
    assert [f"{HOME}#{number}" in body for number in (1, 2, 3)] == [True] * 3
