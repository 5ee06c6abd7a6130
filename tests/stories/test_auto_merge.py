"""GitHub's auto-merge, where a repository has it: the gate that it requires is what GitHub waits for."""

from services.sandbox import merging
from tests.kit.story import Story
from tests.stories.test_depends_on import ROLES, gate, opened

REPOS = ("acme/api", "acme/web")


async def auto_merge(story: Story, number: int, by: str) -> None:
    """A person presses the button on a pull request of `web`."""
    issue = next(each for each in story.issues("acme/web") + story.pulls("acme/web") if each.number == number)
    await story.hub.do(merging.enable_auto_merge, story.hub.sandbox, issue, "merge", by)


async def test_githubs_auto_merge_waits_for_the_gate_and_a_task_that_it_merges_is_done(story: Story) -> None:
    await story.begin(REPOS, roles=ROLES)
    web = story.repo("acme/web")
    web.allow_auto_merge = True
    await story.hub.do(lambda: story.hub.scenario.protect(web, "test", "lockstep/gate", approvals=1))
    one, _ = await opened(story, "acme/api", "one", "")
    two, sha = await opened(story, "acme/web", "two", f"Depends-On: acme/api#{one}")
    await auto_merge(story, two, "bea")
    await story.review(two, repo="acme/web", by="ana")
    await story.until(lambda: gate(story, "acme/web", sha) == "in_progress")
    await story.settled()
    assert not story.merges
    await story.hub.ok("PUT", f"/repos/acme/api/pulls/{one}/merge", {}, who="bea")
    await story.until(lambda: f"acme/web#{two}" in story.merges)
    await story.run("- [ ] **show** Show it (acme/web) · run: echo 3 > show.txt\n")
    await story.until("waits for a review or a required check")
    (ours,) = [each.number for each in story.pulls("acme/web") if each.number != two]
    await auto_merge(story, ours, "ana")
    await story.review(ours, repo="acme/web", by="bea")
    await story.until("**Done.**")
    assert story.merges.count(f"acme/web#{ours}") == 1
