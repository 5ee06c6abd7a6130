"""Drafts in the store: one under way at a time, and what takes whose place."""

import msgspec

from services.core.shards import shard_of
from services.store.drafts import MOST, Draft, Drafts
from services.store.plans import Plans
from tests.kit.plans import NOW, plan
from tests.kit.store import Place
from tests.kit.stored import stored_plan

PLAN = "acme/platform#1"
REPO = "acme/platform"


async def asked(drafts: Drafts, when: str) -> tuple[Draft, bool]:
    return await drafts.ask(REPO, 1, "ana", when)


async def test_one_is_under_way_at_a_time_and_one_request_counts_once(place: Place) -> None:
    database = place.database()
    await database.open()
    drafts = Drafts(database)
    first, is_new = await asked(drafts, "1")
    assert (first.n, is_new, first.key) == (1, True, "draft/acme/platform/1/1")
    assert await asked(drafts, "2") == (first, False)
    assert await drafts.save(msgspec.structs.replace(first, state="failed", why="no"), NOW)
    again, is_new = await asked(drafts, "1")
    assert (again.state, is_new) == ("failed", False), "the same comment, heard once more"
    second, is_new = await asked(drafts, "2")
    assert (second.n, is_new) == (2, True)
    assert await drafts.newest(PLAN) == second
    assert await drafts.get(PLAN, 1) == again
    assert await Plans(database).behind() == [(REPO, 1)], "the plan comment shows it"
    await database.close()


async def test_there_are_so_many_and_no_more(place: Place) -> None:
    database = place.database()
    await database.open()
    drafts = Drafts(database)
    for number in range(MOST):
        draft, is_new = await asked(drafts, str(number))
        assert is_new
        await drafts.save(msgspec.structs.replace(draft, state="failed"), NOW)
    assert await asked(drafts, "once more") == (msgspec.structs.replace(draft, state="failed"), False)
    await database.close()


async def test_a_newer_one_and_a_plan_of_the_issues_own_take_its_place(place: Place) -> None:
    database = place.database()
    await database.open()
    drafts = Drafts(database)
    first, _ = await asked(drafts, "1")
    posted = msgspec.structs.replace(
        first, state="posted", comment_id="7", posted_at="2026-03-01T12:00:00.000000+00:00"
    )
    await drafts.save(posted, NOW)
    assert await drafts.posted(PLAN) == posted
    second, _ = await asked(drafts, "2")
    assert await drafts.posted(PLAN) == posted, "until the newer one is shown"
    await drafts.save(msgspec.structs.replace(second, state="posted"), NOW)
    found = await drafts.posted(PLAN)
    assert found is not None
    assert found.n == 2
    await drafts.void(PLAN)
    assert await drafts.posted(PLAN) is None
    assert not await drafts.save(msgspec.structs.replace(second, state="posted"), NOW), "it was voided meanwhile"
    await database.close()


async def test_one_that_can_not_be_read_holds_up_no_other(place: Place) -> None:
    database = place.database()
    await database.open()
    drafts = Drafts(database)
    await asked(drafts, "1")
    await database.write(lambda c: c.execute("UPDATE draft SET data = ?", (b'{"plan_id":"\xff"}',)).rowcount)
    other, _ = await drafts.ask(REPO, 2, "ana", "1")
    assert await drafts.open(None) == [other]
    await database.close()


async def test_what_is_open_is_found_until_its_plan_was_read(place: Place) -> None:
    database = place.database()
    await database.open()
    drafts = Drafts(database)
    draft, _ = await asked(drafts, "1")
    assert await drafts.open(None) == [draft]
    assert await drafts.open({shard_of(REPO)}) == [draft]
    assert await drafts.open({(shard_of(REPO) + 1) % 64}) == []
    draft = msgspec.structs.replace(draft, state="posted")
    await drafts.save(draft, NOW)
    assert await drafts.open(None) == [draft]
    await Plans(database).save(msgspec.structs.replace(stored_plan(plan(), 1), draft=1, asked_by="ana"), NOW)
    assert await drafts.open(None) == []
    row = await Plans(database).get(PLAN)
    assert row is not None
    assert (row.draft, row.asked_by) == (1, "ana")
    await database.close()
