"""Plans in the store: what was read and approved, the comment kept up to date, and commands that count once."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import msgspec
import pytest

from services.core.clock import to_text
from services.core.plan import Parsed
from services.store.db import Database
from services.store.plans import ANSWERS_KEPT, Answer, PlanRow, Plans
from tests.kit.plans import NOW, plan
from tests.kit.store import Place


@pytest.fixture
async def plans(place: Place) -> AsyncIterator[Plans]:
    made: Database = place.database()
    await made.open()
    yield Plans(made)
    await made.close()


def row(plan_hash: str, number: int = 1, *, title: str = "A plan") -> PlanRow:
    return PlanRow(
        id=f"acme/api#{number}", repo="acme/api", number=number, title=title, hash=plan_hash,
        parsed=Parsed(plan=plan()), author="ana", issue_id="7",
    )  # fmt: skip


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


async def edits(plans: Plans) -> tuple[int, bool]:
    """How often the text has changed, and whether the last change was just now."""
    found = await plans.get("acme/api#1")
    assert found is not None
    return found.edits, found.changed_at.startswith(at(9).isoformat()[:19])


async def test_an_edit_is_a_change_from_one_good_text_to_another(plans: Plans) -> None:
    await plans.save(row("h1"), at(0))
    assert await edits(plans) == (0, False)
    await plans.save(row("h1", title="Renamed"), at(9))
    assert await edits(plans) == (0, False)
    await plans.save(row("h2"), at(9))
    assert await edits(plans) == (1, True)
    await plans.save(row(""), at(9))  # it has errors now
    assert await edits(plans) == (2, True)
    await plans.save(row("h3"), at(9))
    assert await edits(plans) == (2, True)


async def test_exactly_what_was_read_is_approved(plans: Plans) -> None:
    await plans.save(row("h1"), at(0))
    assert not await plans.approve("acme/api#1", "h0", "ana", at(1))
    assert await plans.approve("acme/api#1", "h1", "ana", at(1))
    found = await plans.get("acme/api#1")
    assert found is not None
    assert (found.is_approved, found.approved_by) == (True, "ana")
    await plans.save(row("h2"), at(2))
    found = await plans.get("acme/api#1")
    assert found is not None
    assert (found.is_approved, found.approved_hash) == (False, "h1")
    assert found.parsed == Parsed(plan=plan())


async def test_as_many_people_approve_as_are_asked_for(plans: Plans) -> None:
    async def now() -> tuple[tuple[str, ...], bool]:
        found = await plans.get("acme/api#1")
        assert found is not None
        return found.approvers, found.is_approved

    await plans.save(row("h1"), at(0))
    assert await plans.approve("acme/api#1", "h1", "ana", at(1), required=2) == ("ana",)
    assert await plans.approve("acme/api#1", "h1", "Ana", at(2), required=2) == ("Ana",)
    assert await now() == (("Ana",), False)
    assert await plans.approve("acme/api#1", "h1", "bea", at(3), required=2) == ("Ana", "bea")
    assert await now() == (("Ana", "bea"), True)
    await plans.save(row("h2"), at(4))
    assert await now() == ((), False)
    assert await plans.approve("acme/api#1", "h2", "bea", at(5), required=2) == ("bea",)
    assert await plans.unapprove("acme/api#1", "ana", at(6))
    assert await now() == ((), False)
    assert not await plans.unapprove("acme/api#1", "ana", at(7))


async def test_approvals_that_a_run_has_used_up_do_not_count_again(plans: Plans) -> None:
    await plans.save(row("h1"), at(0))
    await plans.approve("acme/api#1", "h1", "ana", at(1), required=2)
    await plans.approve("acme/api#1", "h1", "bea", at(2), required=2)
    assert await plans.approve("acme/api#1", "h1", "ana", at(5), required=2, since=to_text(at(4))) == ("ana",)


async def test_the_newest_plans_come_first(plans: Plans) -> None:
    for number in (1, 2, 3):
        await plans.save(row("h", number), at(number))
    assert [found.number for found in await plans.newest(2)] == [3, 2]
    assert await plans.get("acme/api#4") is None


async def test_a_comment_that_is_behind_is_known_until_it_shows_everything(plans: Plans) -> None:
    await plans.save(row("h1"), at(0))
    assert await plans.behind() == [("acme/api", 1)]
    seen = await plans.sticky("acme/api", 1)
    await plans.save(row("h2"), at(1))
    await plans.posted(seen, "c1", "b1")
    assert await plans.behind() == [("acme/api", 1)], "it shows what was there before the last change"
    await plans.posted(await plans.sticky("acme/api", 1), "c1", "b2")
    assert await plans.behind() == []
    found = await plans.sticky("acme/api", 1)
    assert (found.comment_id, found.body_hash, found.wanted, found.shown) == ("c1", "b2", 2, 2)
    assert (await plans.sticky("acme/api", 2)).comment_id == ""


async def test_the_newest_answers_are_kept(plans: Plans) -> None:
    for n in range(ANSWERS_KEPT + 2):
        await plans.answer("acme/api", 1, Answer(to="ana", command="status", text=f"answer {n}"))
    kept = (await plans.sticky("acme/api", 1)).answers
    assert [answer.text for answer in kept] == [f"answer {n}" for n in range(2, ANSWERS_KEPT + 2)]


async def test_a_comment_is_heard_once(plans: Plans) -> None:
    assert not await plans.was_heard("c1")
    await plans.heard("c1", at(0))
    await plans.heard("c1", at(1))
    assert await plans.was_heard("c1")


async def test_a_comment_that_somebody_overwrote_is_not_taken_for_what_was_posted(plans: Plans) -> None:
    await plans.save(row("h1"), at(0))
    await plans.posted(await plans.sticky("acme/api", 1), "9", "digest")
    assert (await plans.sticky("acme/api", 1)).body_hash == "digest"
    posting = await plans.sticky("acme/api", 1)
    await plans.overwritten("acme/api", 1)
    assert await plans.behind() == [("acme/api", 1)]
    await plans.posted(posting, "9", "digest")  # on its way when that happened
    again = await plans.sticky("acme/api", 1)
    assert again.body_hash not in {"", "digest"}
    await plans.overwritten("acme/api", 1)
    await plans.posted(again, "9", "digest")
    assert (await plans.sticky("acme/api", 1)).body_hash not in {"digest", again.body_hash}
    await plans.posted(await plans.sticky("acme/api", 1), "9", "digest")
    assert (await plans.sticky("acme/api", 1)).body_hash == "digest"
    assert await plans.behind() == []


async def test_which_plans_an_issue_is_a_part_of(plans: Plans) -> None:
    await plans.save(row("h1"), at(0))
    await plans.save(row("h2", 2), at(0))
    await plans.relate("acme/api#1", ["issue:acme/api#5", "issue:acme/web#7"])
    await plans.relate("acme/api#2", ["issue:acme/web#7"])
    assert await plans.related("issue:acme/web#7") == [("acme/api", 1), ("acme/api", 2)]
    await plans.relate("acme/api#1", ["issue:acme/api#6"])
    assert await plans.related("issue:acme/api#5") == []
    assert await plans.related("issue:acme/web#7") == [("acme/api", 2)]
    await plans.relate("acme/api#2", [])
    assert await plans.related("issue:acme/web#7") == []


async def test_plans_that_stand_elsewhere_than_in_their_issue(plans: Plans) -> None:
    await plans.save(row("h1"), at(0))
    await plans.save(msgspec.structs.replace(row("h2", 2), file=".github/plans/a.yaml"), at(0))
    await plans.save(msgspec.structs.replace(row("h3", 3), file="sub-issues"), at(0))
    assert await plans.kept_elsewhere() == [("acme/api", 2), ("acme/api", 3)]
