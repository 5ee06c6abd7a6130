"""services/engine/intake.py: what is read of a plan's issue, and what of it is worth storing and showing."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from services.core.messages import refusals
from services.engine.intake import Intake
from services.errors import UserError
from services.github.infos import IssueInfo
from services.store.db import Database
from services.store.plans import Plans
from tests.kit.driving import StillClock
from tests.kit.plans import NOW
from tests.kit.store import Place

TEXT = "- [ ] **one** Write · run: true\n"
ISSUE = IssueInfo(
    id="9",
    number=1,
    title="A plan",
    body=TEXT,
    state="open",
    labels=("lockstep:plan",),
    author="ana",
    is_pull=False,
    url="https://github.test/acme/api/issues/1",
)


class Reads:
    """GitHub with one issue."""

    issue_now = ISSUE

    async def issue(self, repo: str, number: int, *, fresh: bool) -> IssueInfo:
        return self.issue_now

    async def installation_of(self, repo: str) -> Any:
        return SimpleNamespace(id="1")

    async def installed_repositories(self, installation_id: str) -> tuple[Any, ...]:
        return (SimpleNamespace(full_name="acme/api", private=False, archived=False),)

    async def file(self, repo: str, path: str, **_: Any) -> str | None:
        return None


class Comment:
    """The kept-up-to-date comment: how often it was asked for."""

    touched = 0

    def touch(self, repo: str, number: int) -> None:
        self.touched += 1


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    made = place.database()
    await made.open()
    yield made
    await made.close()


async def test_a_plan_that_says_the_same_is_neither_stored_nor_shown_anew(database: Database) -> None:
    """What is stored counts as not shown yet, and nobody is told of what has not changed."""
    plans, reads, comment = Plans(database), Reads(), Comment()
    parts = SimpleNamespace(plans=plans, github=SimpleNamespace(reads=reads), clock=StillClock(), models=None)
    intake = Intake(cast("Any", parts), cast("Any", comment))
    await intake.read("acme/api", 1)
    assert (comment.touched, (await plans.sticky("acme/api", 1)).wanted) == (1, 1)
    reads.issue_now = msgspec.structs.replace(ISSUE, labels=("lockstep:plan", "lockstep:failed"))
    row = await intake.read("acme/api", 1)
    assert row is not None
    assert row.title == "A plan"
    assert (comment.touched, (await plans.sticky("acme/api", 1)).wanted) == (1, 1)
    reads.issue_now = msgspec.structs.replace(ISSUE, body=f"{TEXT}- [ ] **two** Go on · run: true\n")
    await intake.read("acme/api", 1)
    assert (comment.touched, (await plans.sticky("acme/api", 1)).wanted) == (2, 2)


async def test_an_approval_that_covers_less_than_one_does_by_now_is_not_called_edited(database: Database) -> None:
    """It was given under an earlier version, whose hash of the same plan was another one."""
    plans = Plans(database)
    parts = SimpleNamespace(plans=plans, github=SimpleNamespace(reads=Reads()), clock=StillClock(), models=None)
    intake = Intake(cast("Any", parts), cast("Any", Comment()))
    row = await intake.read("acme/api", 1)
    assert row is not None
    run = cast("Any", SimpleNamespace(repo="acme/api", number=1, plan=row.parsed.plan))
    with pytest.raises(UserError) as refused:
        await intake.may_start_again(run)
    assert str(refused.value) == refusals.NOT_APPROVED
    assert await plans.approve(row.id, row.hash, "ben", NOW)
    await intake.may_start_again(run)
    await database.write(lambda c: c.execute("UPDATE plan SET approved_hash = 'earlier'"))
    for asked in (intake.run("acme/api", 1, "ben"), intake.may_start_again(run)):
        with pytest.raises(UserError) as refused:
            await asked
        assert str(refused.value) == refusals.COUNTS_MORE
