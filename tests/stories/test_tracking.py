"""What a repository asks of the tracking issues in it, and what people do with them by hand."""

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
