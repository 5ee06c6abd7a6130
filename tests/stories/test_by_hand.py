"""People may do anything by hand, at any time; the bot follows and takes nothing for approved that nobody approved."""

from inline_snapshot import snapshot

from tests.kit.sight import BOT
from tests.kit.story import Story
from tests.stories.test_scripts import row

PAIR = "- [ ] **one** Write · run: echo 1 > one.txt\n- [ ] **two** Go on · needs: one · run: echo 2 > two.txt\n"
HOLD = "do-not-merge/hold"


async def waiting_for_a_review(story: Story, plan: str = PAIR) -> int:
    """A run whose first pull request is green and waits for a review; its number."""
    await story.begin(roles={"ana": "maintain", "bea": "maintain", "boss": "admin"})
    await story.hub.do(lambda: story.hub.scenario.protect(story.repo(), approvals=1))
    await story.run(plan)
    await story.until("waits for a review or a required check")
    (pull,) = story.pulls()
    return pull.number


async def test_a_review_that_was_missing_lets_it_merge(story: Story) -> None:
    number = await waiting_for_a_review(story)
    await story.settled()
    assert not story.merges
    await story.review(number, by="bea")
    await story.until(lambda: story.merges == [f"acme/api#{number}"])


async def test_a_foreign_commit_on_our_branch_is_never_merged(story: Story) -> None:
    number = await waiting_for_a_review(story)
    sha = await story.commit("acme/api", {"backdoor.txt": "hello\n"}, branch="lockstep/api-1/one", by="bea")
    await story.review(number, by="ana")
    await story.until("needs a person")
    assert row(story, "one").replace(sha[:7], "0000000") == snapshot(
        "🙋 needs a person: somebody else pushed 0000000 to its branch: look at it, then merge it yourself, or delete the branch and retry the task | acme/api#4"
    )
    await story.settled()
    assert not story.merges

    await story.hub.ok("PUT", f"/repos/acme/api/pulls/{number}/merge", {}, who="ana")
    await story.until("`two` | Go on (acme/api) | 👀 in review")
    assert await story.file("acme/api", "backdoor.txt") == "hello\n"


async def test_a_retry_leaves_a_foreign_commit_where_it_is(story: Story) -> None:
    await waiting_for_a_review(story)
    sha = await story.commit("acme/api", {"work.txt": "hours of it\n"}, branch="lockstep/api-1/one", by="bea")
    await story.until("needs a person")
    assert await story.ask("/lockstep retry one") == "+1"
    await story.until("Somebody else has pushed to lockstep/api-1/one", sha[:12])
    await story.settled()
    assert await story.git("acme/api", "rev-parse", "lockstep/api-1/one") == sha


async def test_a_force_push_by_somebody_else_is_not_merged(story: Story) -> None:
    number = await waiting_for_a_review(story)
    await story.review(number, by="ana", event="COMMENT")
    asked = {"repo": "acme/api", "branch": "lockstep/api-1/one", "files": {"x.txt": "x\n"}, "login": "bea"}
    async with story.hub.session.post(f"{story.hub.url}/_sandbox/force-push", json=asked) as answer:
        assert answer.status == 200
    await story.review(number, by="ana")
    await story.until("needs a person: somebody else pushed")
    await story.settled()
    assert not story.merges


async def test_a_pull_request_that_was_closed_by_hand(story: Story) -> None:
    number = await waiting_for_a_review(story)
    await story.hub.ok("PATCH", f"/repos/acme/api/pulls/{number}", {"state": "closed"}, who="bea")
    await story.until("**Stopped:")
    assert row(story, "one") == snapshot("🙋 needs a person: the pull request was closed without merging | acme/api#4")
    await story.hub.ok("PATCH", f"/repos/acme/api/pulls/{number}", {"state": "open"}, who="bea")
    await story.until("**Running.**", "waits for a review or a required check")
    await story.review(number, by="bea")
    await story.until(lambda: bool(story.merges))


async def test_a_pull_request_that_was_closed_and_is_retried(story: Story) -> None:
    number = await waiting_for_a_review(story)
    await story.hub.ok("PATCH", f"/repos/acme/api/pulls/{number}", {"state": "closed"}, who="bea")
    await story.until("**Stopped:")
    await story.hub.ok("DELETE", "/repos/acme/api/git/refs/heads/lockstep/api-1/one", who="bea")
    assert await story.ask("/lockstep retry one") == "+1"
    await story.until("waits for a review or a required check")
    assert [pull.state for pull in story.pulls()] == ["closed", "open"]
    await story.review(story.pulls()[-1].number, by="bea")
    await story.until(lambda: bool(story.merges))


async def test_a_merge_by_hand_counts(story: Story) -> None:
    number = await waiting_for_a_review(story)
    await story.hub.ok("PUT", f"/repos/acme/api/pulls/{number}/merge", {"merge_method": "rebase"}, who="boss")
    await story.until("`two` | Go on (acme/api) | 👀 in review", "`one` | Write (acme/api) | ✅ done")
    assert next(pull for pull in story.pulls() if pull.number == number).pull.merged_by == "boss"  # type: ignore[union-attr]


async def test_the_hold_label_holds(story: Story) -> None:
    number = await waiting_for_a_review(story)
    await story.hub.ok("POST", f"/repos/acme/api/issues/{number}/labels", {"labels": [HOLD]}, who="bea")
    await story.until("is held by the label do-not-merge/hold")
    await story.review(number, by="bea")
    await story.settled()
    assert not story.merges
    await story.hub.ok("DELETE", f"/repos/acme/api/issues/{number}/labels/{HOLD.replace('/', '%2F')}", who="bea")
    await story.until(lambda: bool(story.merges))


async def test_a_pull_request_made_a_draft_waits(story: Story) -> None:
    number = await waiting_for_a_review(story)
    pull = next(pull for pull in story.pulls() if pull.number == number)
    await story.hub.do(lambda: setattr(pull.pull, "draft", True))
    await story.review(number, by="bea")
    await story.until("is a draft; mark it ready for review")
    assert not story.merges


async def test_a_conflict_in_which_others_would_lose_is_a_persons(story: Story) -> None:
    await waiting_for_a_review(story, "- [ ] **one** Write · run: echo 1 > one.txt\n")
    await story.commit("acme/api", {"one.txt": "something else\n"}, by="bea")
    await story.review(story.pulls()[0].number, by="bea")
    await story.until("needs a person: What others have changed meanwhile would be undone in one.txt.")
    assert await story.ask("/lockstep retry one") == "+1"
    await story.until("**Done.**")
    assert len(story.pulls()) == 1
    assert await story.file("acme/api", "one.txt") == "1\n"


async def test_cancel_leaves_the_open_pull_request_to_people(story: Story) -> None:
    number = await waiting_for_a_review(story)
    assert await story.ask("/lockstep cancel one") == "+1"
    await story.review(number, by="bea")
    await story.settled()
    assert not story.merges
    assert [pull.state for pull in story.pulls()] == ["open"]


async def test_the_plan_issue_can_be_edited_while_it_runs(story: Story) -> None:
    """What runs is what was approved, whatever the issue says now."""
    number = await waiting_for_a_review(story)
    await story.edit(
        "- [ ] **one** Evil · run: echo evil > one.txt\n- [ ] **two** Evil · needs: one · run: echo evil > two.txt\n"
    )
    await story.review(number, by="bea")
    await story.until("`two` | Go on (acme/api) | 👀 in review")
    await story.review(story.pulls()[-1].number, by="bea")
    await story.until("**Done.**")
    assert await story.file("acme/api", "two.txt") == "2\n"
    assert {issue.title for issue in story.issues() if issue.user == BOT} == {"Write", "Go on"}


async def test_what_falls_behind_a_branch_that_takes_only_what_is_up_to_date_is_brought_up_to_it(story: Story) -> None:
    await story.begin()
    await story.hub.do(lambda: story.hub.scenario.protect(story.repo(), "test", strict=True))
    await story.run("".join(f"- [ ] **t{n}** Write · run: echo {n} > f{n}.txt\n" for n in range(3)))
    await story.until("**Done.**")
    assert len(story.merges) == 3
