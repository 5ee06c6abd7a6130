"""A group over three repositories: it merges as a whole, or what has merged is taken back, or the rest is finished."""

from tests.kit.story import Story
from tests.stories.test_depends_on import gate, summary
from tests.stories.test_rollback import reverts

REPOS = ("acme/api", "acme/web", "acme/docs")
PLAN = """\
- [ ] **api** Serve it (acme/api) · group: release{more} · run: echo 1 > api.txt
- [ ] **web** Show it (acme/web) · needs: api · group: release · run: {web}
- [ ] **docs** Tell of it (acme/docs) · group: release · run: echo 3 > docs.txt
- [ ] **news** Announce it (acme/api) · needs: docs · run: echo 4 > news.txt
"""
LATE = r"/repos/acme/docs/pulls/\d+/merge"


def plan(web: str = "echo 2 > web.txt", more: str = "") -> str:
    return PLAN.format(web=web, more=more)


def head(story: Story, repo: str) -> str:
    return next(each.pull.head_sha for each in story.pulls(repo) if each.pull is not None)


async def test_nothing_merges_before_all_is_green_and_the_gates_say_who_is_missing(story: Story) -> None:
    await story.begin(REPOS, roles={"ana": "maintain", "wim": "write"})
    await story.run(plan("echo 2 > web.txt; touch broken"))
    await story.until("**Group `release`:** 2 of 3 ready, waits for `web` (check `test` failed).")
    await story.settled()
    assert not story.merges
    assert gate(story, "acme/api", head(story, "acme/api")) == "in_progress"
    assert "`web` (acme/web#2): needs a person (check `test` failed)" in summary(story, head(story, "acme/api"))
    assert await story.ask("/lockstep explain docs") == "+1"
    await story.until("its group waits for `web` (acme/web#2), which needs a person")
    assert await story.ask("/lockstep skip web") == "+1"
    await story.until("**Done.**", "**Group `release`** has merged, all of it.")
    assert len(story.merges) == 3


async def test_what_has_merged_is_taken_back_when_a_later_merge_fails(story: Story) -> None:
    await story.begin(REPOS)
    await story.hub.fault("error", method="PUT", path=LATE, status=405, count=1)
    await story.run(plan())
    await story.until("**Group `release` is taken back.** `docs` could not be merged", "taken back by acme/api#")
    await story.settled()
    assert [each.partition("#")[0] for each in story.merges] == ["acme/api"]
    ((_, _, body),) = reverts(story, "acme/api")
    assert "Takes back #" in body
    assert gate(story, "acme/web", head(story, "acme/web")) == "in_progress"
    assert await story.ask("/lockstep retry docs") == "confused"
    await story.until("is taken back; write it into a new plan")


async def test_or_the_rest_is_finished_forward_also_where_the_gate_is_required(story: Story) -> None:
    await story.begin(REPOS)
    for repo in REPOS:
        await story.hub.do(lambda repo=repo: story.hub.scenario.protect(story.repo(repo), "test", "lockstep/gate"))
    await story.hub.fault("error", method="PUT", path=LATE, status=405, count=1)
    await story.run(plan(more=" · rollback: forward"))
    await story.until("**Done.**")
    told = await story.bot.engine.history(f"acme/api#{story.number}")
    assert any("the rest is finished forward" in moment.text for moment in told)
    assert not reverts(story, "acme/api")
    assert sorted(each.partition("#")[0] for each in story.merges[:3]) == sorted(REPOS)
