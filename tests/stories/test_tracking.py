"""What a repository asks of the tracking issues in it, and what people do with them by hand."""

from services.sandbox import issues
from services.sandbox.state import Issue
from tests.kit.sight import BOT
from tests.kit.story import FILES, Story

SETTINGS = """\
issues:
  assign: codeowners
  labels: [planned, Two words]
  blocked_by: true
  text: |
    - [ ] told <!-- lockstep:key=acme/api-1-r1/b/0/track --> the team
"""
OWNERS = "* @ana @acme/team\ndocs/ @dee @nobody\n"
WISHES = {**FILES, ".github/lockstep.yml": SETTINGS, ".github/CODEOWNERS": OWNERS}
PLAN = """\
- [ ] **a** Define it (acme/lib) · run: echo 1 > a.txt
- [ ] **b** Use it · needs: a · run: echo 2 > b.txt
- [ ] **c** Tell of it · needs: a, b · paths: docs/** · run: mkdir docs && echo 3 > docs/c.txt
"""
PEOPLE = {"ana": "maintain", "dee": "write"}


def tracking(story: Story, title: str, repo: str = "") -> Issue:
    return next(issue for issue in story.issues(repo) if issue.title == title and issue.user == BOT)


async def test_labels_people_a_text_and_what_waits_for_what(story: Story) -> None:
    await story.begin({"acme/api": WISHES, "acme/lib": FILES}, roles=PEOPLE)
    await story.run(PLAN)
    await story.until("**Done.**")
    await story.settled()
    a, b, c = tracking(story, "Define it", "acme/lib"), tracking(story, "Use it"), tracking(story, "Tell of it")
    assert set(a.labels) == {"lockstep:done"}
    assert set(b.labels) == set(c.labels) == {"planned", "Two words", "lockstep:done"}
    assert (a.assignees, b.assignees, c.assignees) == ([], ["ana"], ["dee"])
    assert (a.blocked_by, b.blocked_by, sorted(c.blocked_by)) == ([], [a.id], sorted([a.id, b.id]))
    assert "- [ ] told &lt;!-- lockstep:key=" in (b.body or "")
    assert "told" not in (a.body or "")


async def test_without_such_settings_nothing_of_it_is_done(story: Story) -> None:
    await story.begin({"acme/api": {**FILES, "CODEOWNERS": OWNERS}, "acme/lib": FILES}, roles=PEOPLE)
    await story.run(PLAN)
    await story.until("**Done.**")
    for issue in story.issues():
        if issue.user == BOT:
            assert (issue.assignees, issue.blocked_by) == ([], [])


async def test_what_github_refuses_stops_no_task(story: Story) -> None:
    await story.begin({"acme/api": WISHES, "acme/lib": FILES}, roles=PEOPLE)
    rules = [
        await story.hub.fault("error", method="POST", path=path, count=1, status=404)
        for path in (r"/assignees$", r"/blocked_by$", r"/issues/\d+/labels$")
    ]
    await story.run(PLAN)
    await story.until("**Done.**")
    assert [rule.count for rule in rules] == [0, 0, 0]


async def test_what_is_made_after_a_crash_is_dressed_once(story: Story) -> None:
    """GitHub has made the issue, and put people and labels on it, when the bot hears of an error."""
    await story.begin({"acme/api": WISHES, "acme/lib": FILES}, roles=PEOPLE)
    rules = [
        await story.hub.fault("late_error", method="POST", path=path, count=1)
        for path in (r"/assignees$", r"/blocked_by$", r"/issues/\d+/labels$")
    ]
    await story.run(PLAN)
    await story.until("**Done.**")
    assert [rule.count for rule in rules] == [0, 0, 0]
    assert len([issue for issue in story.issues() if issue.user == BOT]) == 2
    assert tracking(story, "Tell of it").assignees == ["dee"]


WAITING = "- [ ] **one** Write one · run: exit 1\n- [ ] **two** Write two · needs: one · run: echo 2 > two.txt\n"


async def stuck(story: Story) -> Issue:
    """A plan whose first task needs a person; its tracking issue."""
    await story.begin(["acme/api", "acme/web"], roles={"ana": "maintain", "wes": "write", "tri": "triage"})
    await story.run(WAITING)
    await story.until("The script ended with exit code 1")
    await story.settled()
    return tracking(story, "Write one")


async def close(story: Story, issue: Issue, reason: str, *, by: str) -> None:
    asked = {"state": "closed", "state_reason": reason} if reason != "reopened" else {"state": "open"}
    await story.hub.ok("PATCH", f"/repos/acme/api/issues/{issue.number}", asked, who=by)


async def test_closed_as_not_planned_a_task_is_cancelled_and_opened_again_it_is_taken_up(story: Story) -> None:
    issue = await stuck(story)
    await close(story, issue, "not_planned", by="wes")
    await story.until(lambda: "`one` is cancelled, because its issue" in story.comment_on(number=issue.number))
    await story.until("cancelled")
    await close(story, issue, "reopened", by="wes")
    await story.until(lambda: "`one` is taken up again" in story.comment_on(number=issue.number))
    await story.until("The script ended with exit code 1")


async def test_retry_opens_an_issue_again_that_was_closed_as_not_planned(story: Story) -> None:
    issue = await stuck(story)
    await close(story, issue, "not_planned", by="wes")
    await story.until(lambda: "`one` is cancelled, because its issue" in story.comment_on(number=issue.number))
    assert await story.ask("/lockstep retry one", by="wes") == "+1"
    await story.settled()
    assert issue.state == "open"
    await story.until("The script ended with exit code 1")


async def test_who_may_not_cancel_does_not_by_closing_an_issue(story: Story) -> None:
    issue = await stuck(story)
    await close(story, issue, "not_planned", by="tri")
    await story.until(lambda: "That needs the write permission on" in story.comment_on(number=issue.number))
    await story.settled()
    assert "cancelled" not in story.plan_comment()
    await close(story, issue, "reopened", by="tri")
    await close(story, issue, "not_planned", by="wes")
    await story.until(lambda: "`one` is cancelled, because its issue" in story.comment_on(number=issue.number))
    await story.settled()
    await close(story, issue, "reopened", by="tri")
    await story.until(lambda: story.comment_on(number=issue.number).count("That needs the write permission on") == 2)
    await story.settled()
    assert "is taken up again" not in story.comment_on(number=issue.number)


async def test_closed_as_completed_a_task_goes_on_and_the_choice_is_named(story: Story) -> None:
    issue = await stuck(story)
    await close(story, issue, "completed", by="wes")
    await story.until(lambda: "`/lockstep skip one` lets go on" in story.comment_on(number=issue.number))
    assert await story.ask("/lockstep skip one", by="wes") == "+1"
    await story.until("**Done.**")


async def test_a_merge_by_hand_that_closes_an_issue_says_nothing_of_it(story: Story) -> None:
    await story.begin({"acme/api": FILES}, roles={"ana": "maintain", "wes": "write"})
    await story.run("- [ ] **one** Write one · run: echo 1 > one.txt\n")
    await story.until("**Done.**")
    await story.settled()
    issue = tracking(story, "Write one")
    await close(story, issue, "reopened", by="wes")
    await close(story, issue, "not_planned", by="wes")
    await story.settled()
    assert story.comment_on(number=issue.number) == ""


async def test_a_task_goes_on_whose_tracking_issue_is_deleted_or_moved(story: Story) -> None:
    await story.begin(["acme/api", "acme/web"], roles={"ana": "maintain"})
    await story.run("- [ ] **one** Write one · run: exit 1\n- [ ] **two** Write two · run: exit 1\n")
    await story.until("**Stopped: something needs a person.")
    await story.settled()
    sandbox = story.hub.sandbox
    await story.hub.do(issues.delete, sandbox, tracking(story, "Write one"), "ana")
    await story.until("`ana` has deleted the tracking issue of `one`.")
    moved = tracking(story, "Write two")
    await story.hub.do(issues.transfer, sandbox, moved, story.repo("acme/web"), "ana")
    await story.until("`ana` has moved away the tracking issue of `two`.")
    await story.hub.ok("PATCH", f"/repos/acme/api/issues/{story.number}", {"title": "Another title"}, who="ana")
    assert await story.ask("/lockstep skip one two") == "+1"
    await story.until("**Done.**")
