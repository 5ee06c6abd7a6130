"""What must not be merged: over a request for changes, into a branch nobody approved, before CI has begun."""

from tests.kit.story import CI, FILES, Story

ONE = "- [ ] **one** Write · run: echo 1 > one.txt\n"
BY_HAND = {**FILES, ".github/workflows/ci.yml": CI.replace("on: pull_request", "on: workflow_dispatch")}
"""A repository with a workflow that no pull request starts."""
PEOPLE = {"ana": "maintain", "bea": "write", "cat": "read"}


async def waiting_for_a_review(story: Story) -> int:
    """A green pull request that waits for an approval; its number."""
    await story.begin(roles=PEOPLE)
    await story.hub.do(lambda: story.hub.scenario.protect(story.repo(), approvals=1))
    await story.run(ONE)
    await story.until("waits for a review")
    await story.settled()
    return story.pulls()[0].number


async def unprotect(story: Story) -> None:
    """The branch rule goes: now only the bot's own judgement stands between the pull request and its merge."""
    await story.hub.do(story.repo().protection.clear)


async def say(story: Story, context: str) -> None:
    """Another service reports success on the pull request's head."""
    pull = story.pulls()[0].pull
    assert pull is not None
    path = f"/repos/acme/api/statuses/{pull.head_sha}"
    await story.hub.ok("POST", path, {"state": "success", "context": context}, who="ana")


async def test_nothing_is_merged_over_a_request_for_changes(story: Story) -> None:
    number = await waiting_for_a_review(story)
    await story.review(number, by="bea", event="REQUEST_CHANGES")
    await unprotect(story)
    await story.review(number, by="bea", event="COMMENT")
    await story.until("changes were requested by `bea`")
    await story.settled()
    assert not story.merges
    await story.review(number, by="bea")
    await story.until("**Done.**")


async def test_a_request_that_was_dismissed_holds_nothing_back(story: Story) -> None:
    number = await waiting_for_a_review(story)
    await story.review(number, by="bea", event="REQUEST_CHANGES")
    await unprotect(story)
    await story.review(number, by="cat", event="COMMENT")
    await story.until("changes were requested by `bea`")
    (asked,) = [r for r in story.hub.sandbox.state.reviews.values() if r.state == "CHANGES_REQUESTED"]
    path = f"/repos/acme/api/pulls/{number}/reviews/{asked.id}/dismissals"
    await story.hub.ok("PUT", path, {"message": "Settled."}, who="ana")
    await story.until("**Done.**")


async def test_a_stranger_cannot_hold_a_merge_back(story: Story) -> None:
    """As on GitHub, where the reviews of people who can't write do not count."""
    number = await waiting_for_a_review(story)
    await story.review(number, by="cat", event="REQUEST_CHANGES")
    await unprotect(story)
    await story.review(number, by="bea", event="COMMENT")
    await story.until("**Done.**")


async def test_nothing_is_merged_into_a_branch_nobody_approved(story: Story) -> None:
    number = await waiting_for_a_review(story)
    await story.commit("acme/api", {"x": "1"}, branch="release")
    await story.hub.ok("PATCH", f"/repos/acme/api/pulls/{number}", {"base": "release"}, who="bea")
    await story.until("needs a person: it was turned to the branch `release`, which nobody approved")
    await story.settled()
    assert not story.merges
    await unprotect(story)
    await story.hub.ok("PATCH", f"/repos/acme/api/pulls/{number}", {"base": "main"}, who="bea")
    await story.until("**Done.**")
    assert await story.file("acme/api", "one.txt") == "1\n"


async def test_one_quick_status_is_not_all_there_will_be(story: Story) -> None:
    """A status of another service is green before Actions has begun."""
    await story.begin({"acme/api": BY_HAND}, checks_grace=600.0)
    await story.run(ONE)
    await story.until(lambda: bool(story.pulls()))
    await say(story, "cla")
    await story.until("waits for its checks to start")
    await story.settled()
    assert not story.merges


async def test_after_a_while_the_checks_that_are_there_decide(story: Story) -> None:
    await story.begin({"acme/api": BY_HAND})
    await story.run(ONE)
    await story.until("waits for its checks to start")
    await story.settled()
    assert not story.merges
    await say(story, "cla")
    await story.until("**Done.**")


async def test_a_repository_can_say_that_it_waits_for_no_check(story: Story) -> None:
    """Though it has a workflow; one that begins in time is waited for all the same."""
    await story.begin({"acme/api": {**BY_HAND, ".github/lockstep.yml": "checks: none\n"}})
    await story.run(ONE)
    await story.until("**Done.**")


async def test_a_pull_request_that_cannot_be_seen_any_more(story: Story) -> None:
    number = await waiting_for_a_review(story)
    await story.hub.fault("error", method="GET", path=f"/pulls/{number}$", status=404)
    await story.review(number, by="cat", event="COMMENT")
    await story.until("the pull request can't be seen any more: it was deleted, or the App was uninstalled")
    await story.settled()
