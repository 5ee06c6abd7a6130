"""Who may approve and start a plan, and what an edit does to an approval."""

import pytest

from tests.kit.story import NOWHERE, Story

PLAN = "- [ ] **one** Write a file · run: echo 1 > one.txt\n"
OTHER = "- [ ] **one** Write a file · run: echo evil > one.txt\n"


async def nothing_was_started(story: Story) -> None:
    """Only the plan issue is there, no branch, no run."""
    await story.settled()
    for repo in list(story.hub.sandbox.state.repos.values()):
        expected = [story.number] if repo.full_name == story.home else []
        assert [issue.number for issue in story.issues(repo.full_name)] == expected
        assert not story.pulls(repo.full_name)
        assert await story.git(repo.full_name, "branch", "--list", "--format=%(refname:short)") == "main"
    assert [run for _, run in await story.bot.engine.plans()] == [None]


@pytest.mark.parametrize("role", ["stranger", "read", "triage", "write"])
async def test_approving_needs_the_maintain_permission(story: Story, role: str) -> None:
    await story.begin(roles={"ana": "maintain", **({} if role == "stranger" else {"pat": role})})
    await story.issue(PLAN)
    await story.until("Waits for approval")
    assert await story.ask("/lockstep approve", by="pat") == "confused"
    have = "read" if role == "stranger" else role  # anybody may read a public repository
    assert f"`/lockstep approve` needs the maintain permission on this repository; you have {have}." in (
        await story.until("#### Answers")
    )
    assert await story.ask("/lockstep run") == "confused"
    await story.until("The plan is not approved yet.", "Waits for approval")
    await nothing_was_started(story)


async def test_an_edit_voids_the_approval_and_the_comment_says_so(story: Story) -> None:
    await story.begin()
    await story.issue(PLAN)
    await story.until("Waits for approval")
    assert await story.ask("/lockstep approve") == "+1"
    await story.until("**Approved** by `ana`")
    await story.edit(OTHER)
    said = await story.until("**Waits for approval again**, because the plan was edited after it was approved")
    assert "- changed: `one` run `echo 1 > one.txt` → `echo evil > one.txt`" in said
    assert await story.ask("/lockstep run") == "confused"
    await story.until("The plan was edited after its approval, so the approval is void: 1 task changed.")
    await nothing_was_started(story)


async def test_an_approved_plan_is_labelled_as_ready_until_it_is_edited_or_starts(story: Story) -> None:
    await story.begin()
    await story.issue(PLAN)
    await story.until("Waits for approval")
    assert await story.ask("/lockstep approve") == "+1"
    await story.until(lambda: "lockstep:ready" in story.issues()[0].labels)
    await story.edit(PLAN + "- [ ] **more** More · run: echo 1 > more.txt\n")
    await story.until(lambda: "lockstep:ready" not in story.issues()[0].labels)
    await story.turn_clock(seconds=5)
    assert await story.ask("/lockstep approve") == "+1"
    await story.until(lambda: "lockstep:ready" in story.issues()[0].labels)
    assert await story.ask("/lockstep run") == "+1"
    await story.until("**Done.**")
    await story.settled()
    assert story.issues()[0].labels == ["lockstep:plan", "lockstep:done"]


async def test_words_around_the_tasks_may_change_after_the_approval(story: Story) -> None:
    await story.begin()
    await story.issue(PLAN)
    await story.until("Waits for approval")
    assert await story.ask("/lockstep approve") == "+1"
    await story.edit(f"Some more words.\n\n{PLAN}")
    await story.settled()
    assert await story.ask("/lockstep run") == "+1"
    await story.until("**Done.**")


async def test_an_approval_is_for_the_text_its_writer_could_see(story: Story) -> None:
    """The comment was written before the edit but arrives after it."""
    await story.begin(roles={"ana": "maintain", "mal": "write"})
    await story.issue(PLAN, by="mal")
    await story.until("Waits for approval")
    url = f"{story.bot.url}/webhook"
    await story.hears(NOWHERE)
    comment = await story.comment("/lockstep approve")
    await story.settled()
    missed = story.deliveries("issue_comment")[-1]
    await story.turn_clock(seconds=5)
    await story.hears(url)
    await story.edit(OTHER, by="mal")
    await story.settled()
    await story.redeliver(missed)
    await story.until("The plan has changed since you looked at it.", lambda: "confused" in story.reactions(comment))
    assert "Waits for approval" in story.plan_comment()
    await nothing_was_started(story)


@pytest.mark.parametrize("edit", [{"body": OTHER}, {"title": "Another plan"}])
async def test_a_text_that_was_put_there_in_the_second_of_the_approval_is_not_what_was_approved(
    story: Story, edit: dict[str, str]
) -> None:
    """Nobody had read the issue before, so only GitHub knows that it said something else."""
    await story.begin(roles={"ana": "maintain"})
    await story.stop_clock()
    url = f"{story.bot.url}/webhook"
    await story.hears(NOWHERE)
    await story.issue(PLAN, by="mal", labels=())
    comment = await story.comment("/lockstep approve")
    await story.hub.ok("PATCH", f"/repos/{story.home}/issues/{story.number}", edit, who="mal")
    await story.settled()
    missed = story.deliveries("issue_comment")[-1]
    await story.hears(url)
    await story.redeliver(missed)
    await story.until("The plan has changed since you looked at it.", lambda: "confused" in story.reactions(comment))
    await nothing_was_started(story)


async def test_a_text_that_was_away_while_somebody_approved_is_not_what_was_approved(story: Story) -> None:
    """Nobody has told of the other one, and the first is there again when the approval is read."""
    await story.begin(roles={"ana": "maintain", "mal": "write"})
    await story.issue(OTHER, by="mal")
    await story.until("Waits for approval")
    await story.turn_clock(seconds=5)
    await story.settled()
    await story.hears(NOWHERE)
    await story.edit(PLAN, by="mal")
    await story.turn_clock(seconds=5)
    comment = await story.comment("/lockstep approve")
    await story.turn_clock(seconds=5)
    await story.edit(OTHER, by="mal")
    await story.settled()
    missed = next(each for each in story.deliveries("issue_comment") if '"/lockstep approve"' in each.payload)
    await story.hears(f"{story.bot.url}/webhook")
    await story.redeliver(missed)
    await story.until("The plan has changed since you looked at it.", lambda: "confused" in story.reactions(comment))
    await nothing_was_started(story)


async def test_a_text_that_was_never_another_may_be_approved_at_first_sight(story: Story) -> None:
    await story.begin(roles={"ana": "maintain"})
    await story.stop_clock()
    await story.issue(PLAN, by="mal", labels=())
    assert await story.ask("/lockstep approve") == "+1"


async def test_an_edit_that_has_not_been_heard_of_is_seen_all_the_same(story: Story) -> None:
    """The edit's webhook is lost; the approval reads the issue anew."""
    await story.begin(roles={"ana": "maintain", "mal": "write"})
    await story.issue(PLAN, by="mal")
    await story.until("Waits for approval")
    await story.hub.fault("lose", event="issues")
    await story.edit(OTHER, by="mal")
    assert await story.ask("/lockstep approve") == "confused"
    await story.until("The plan has changed since you looked at it.")
    await nothing_was_started(story)


async def test_the_approver_has_to_be_able_to_write_everywhere(story: Story) -> None:
    await story.begin(["acme/plans", "acme/web"], roles={})
    stage = story.hub.scenario
    await story.hub.do(stage.collaborator, story.repo("acme/plans"), "ana", "admin")
    await story.issue("- [ ] **one** Write a file (acme/web) · run: echo 1 > one.txt\n")
    await story.until("Waits for approval")
    assert await story.ask("/lockstep approve") == "confused"
    await story.until(
        "Approving needs the write permission on every repository of the plan; you have read on `acme/web`."
    )
    await nothing_was_started(story)


async def test_the_author_may_not_approve_where_a_second_person_is_asked_for(story: Story) -> None:
    await story.begin(roles={"ana": "maintain", "bea": "maintain"}, require_other=True)
    await story.issue(PLAN)
    await story.until("Waits for approval")
    assert await story.ask("/lockstep approve") == "confused"
    await story.until("an approval by somebody other than the plan's author")
    assert await story.ask("/lockstep approve", by="bea") == "+1"
    await story.until("**Approved** by `bea`")


async def test_nothing_is_merged_for_an_approver_who_lost_the_right(story: Story) -> None:
    await story.begin(roles={"ana": "maintain", "bea": "maintain"})
    await story.hub.do(lambda: story.hub.scenario.protect(story.repo(), approvals=1))
    await story.run(PLAN)
    await story.until("waits for a review")
    await story.hub.do(story.hub.scenario.collaborator, story.repo(), "ana", "read")
    await story.review(story.pulls()[0].number, by="bea")
    await story.until("needs a person: the person who approved the plan can no longer write to this repository")
    await story.settled()
    assert not story.merges
    assert await story.ask("/lockstep approve", by="bea") == "+1"
    await story.until("**Done.**")


async def test_the_text_that_runs_is_read_anew(story: Story) -> None:
    """The edit's webhook is lost between the approval and the start."""
    await story.begin()
    await story.issue(PLAN)
    await story.until("Waits for approval")
    assert await story.ask("/lockstep approve") == "+1"
    await story.hub.fault("lose", event="issues")
    await story.edit(OTHER)
    assert await story.ask("/lockstep run") == "confused"
    await story.until("The plan was edited after its approval, so the approval is void: 1 task changed.")
    await nothing_was_started(story)


async def test_an_approval_starts_one_run(story: Story) -> None:
    await story.begin()
    await story.run("- [ ] **one** Write a file · run: date +%N >> one.txt\n")
    await story.until("**Done.**")
    assert await story.ask("/lockstep run") == "confused"
    await story.until(
        "This approval was used up by the run it started. Approve the plan again with `/lockstep approve`"
    )
    assert len(story.merges) == 1
    assert await story.ask("/lockstep approve\n/lockstep run") == "+1"
    await story.until("**Done.**", lambda: len(story.merges) == 2)


async def test_a_run_that_is_over_goes_on_only_as_what_is_approved_now(story: Story) -> None:
    await story.begin()
    await story.run("- [ ] **one** Fails · run: exit 1\n")
    await story.until("**Stopped:")
    assert await story.ask("/lockstep cancel") == "+1"
    await story.until("**Cancelled.**")
    await story.hub.fault("lose", event="issues")
    await story.edit(OTHER)
    assert await story.ask("/lockstep retry one") == "confused"
    await story.until("The plan was edited after it was approved for this run.")
    await story.settled()
    assert not story.pulls()


async def test_a_broken_edit_keeps_nobody_from_cancelling(story: Story) -> None:
    await story.begin()
    await story.run("- [ ] **one** Fails · run: exit 1\n")
    await story.until("**Stopped:")
    await story.edit("- [ ] **one** Fails · needs: nothing\n")
    await story.settled()
    assert await story.ask("/lockstep cancel") == "+1"
    await story.until("Cancelled 1 task.")
