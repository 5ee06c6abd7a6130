"""bot/web/together.py and the API's groups: what of a group is where, for those who may see it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.web import sight
from services.core.board import Decision, Run
from services.core.groups import Barrier
from tests.api.kit import Asker
from tests.kit.plans import NOW, plan, task
from tests.web.stage import House, house, now_at
from tests.web.test_pages import words

PLAN = "/plans/acme/platform/7"
HEAD, MERGED = "a" * 40, "b" * 40
TRIO = plan(
    task("api", group="release"),
    task("web", "api", repo="acme/web", group="release"),
    task("docs", repo="acme/docs", group="release"),
    task("alone"),
)


@pytest.fixture
async def home() -> AsyncIterator[House]:
    async with house() as found:
        yield found


async def half_merged(home: House) -> Run:
    ready: dict[str, Any] = {"head_sha": HEAD, "heads": (HEAD,), "cleared": HEAD}
    run = await home.ran(
        TRIO,
        [
            now_at("api", "done", pull=3, merge_sha=MERGED, revert=9),
            now_at("docs", "in_review", pull=4, **ready),
            now_at("web", "failed", "conflicts with its base branch", pull=5, head_sha=HEAD),
        ],
    )
    fallen = Barrier(phase="reverting", heads={"web": HEAD}, broke="web", why="conflicts with its base branch")
    await home.runs.commit(run.plan_id, Decision(run_id=run.id, state=run.state, barriers=(("release", fallen),)), NOW)
    return run


async def test_the_page_says_what_is_where(home: House) -> None:
    await half_merged(home)
    _, html, _ = await home.get(PLAN)
    said = words(html)
    assert "Groups 1 release is taken back" in said
    assert "Group release is taken back. web could not be merged: conflicts with its base branch." in said
    assert "done api acme/api #3 merged as bbbbbbbb taken back by #9" in said
    assert "in review docs acme/docs #4 proven at aaaaaaaa" in said
    assert "failed web acme/web #5 conflicts with its base branch" in said
    assert "If a later merge fails, what has merged is taken back." in said


async def test_the_api_says_the_same(home: House) -> None:
    await half_merged(home)
    (group,) = (await Asker(home).get(f"{PLAN}/groups"))["items"]
    assert {key: group[key] for key in ("name", "phase", "missing", "broke", "rollback")} == {
        "name": "release", "phase": "reverting", "missing": ["web"], "broke": "web", "rollback": "revert",
    }  # fmt: skip
    assert [(each["task"], each["proven"], each["merged"], each["taken_back_by"]) for each in group["members"]] == [
        ("api", "", MERGED, 9), ("docs", HEAD, "", 0), ("web", "", "", 0),
    ]  # fmt: skip
    await home.read(TRIO, 8)
    assert (await Asker(home).get("/plans/acme/platform/8/groups"))["items"] == []


async def test_a_group_before_its_first_merge(home: House) -> None:
    await home.ran(TRIO, [now_at("api", "in_review", pull=3, head_sha=HEAD, cleared=HEAD)])
    _, html, _ = await home.get(PLAN)
    assert "Group release: 1 of 3 ready, waits for docs (blocked), web (blocked)." in words(html)


async def test_nothing_is_told_of_a_member_elsewhere(home: House) -> None:
    run = await half_merged(home)
    stored = (await home.plans.get(run.plan_id), await home.runs.of_plan(run.plan_id))
    assert stored[0] is not None
    _, seen = sight.without((stored[0], stored[1]), {"acme/web"})
    assert seen is not None
    assert seen.plan.groups == {"release": ("api", "docs")}
    assert seen.barriers["release"] == Barrier(phase="reverting")
