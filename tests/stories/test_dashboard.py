"""The dashboard of an owner: one issue over all repositories, whose boxes are commands of who ticks them."""

from services.core.fleet import TITLE, Box
from services.sandbox import issues
from services.sandbox.state import Issue
from tests.kit.sight import BOT
from tests.kit.story import FILES, Story

SET = "dashboard: home\nrepositories:\n  - name: home\n  - name: api\n"
REPOS = {"acme/api": FILES, "acme/home": FILES, "acme/secret": FILES, "acme/.github": {"repositories.yaml": SET}}


def dashboards(story: Story) -> list[Issue]:
    return [
        issue for issue in story.issues("acme/home") if issue.user == BOT and issue.title == TITLE and not issue.deleted
    ]


def said(story: Story) -> str:
    return (dashboards(story)[0].body or "") if dashboards(story) else ""


async def tick(story: Story, box: Box, by: str) -> None:
    line = str(box)
    assert line in said(story)
    text = said(story).replace(line, line.replace("[ ]", "[x]"))
    number = dashboards(story)[0].number
    await story.hub.ok("PATCH", f"/repos/acme/home/issues/{number}", {"body": text}, who=by)


async def test_one_issue_shows_all_and_a_tick_is_a_command(story: Story) -> None:
    await story.begin(REPOS, roles={"ana": "maintain", "tri": "triage"})
    await story.hub.do(setattr, story.repo("acme/secret"), "private", True)
    await story.issue(
        "- [ ] **one** Write it · run: test -e there || exit 1\n", on="acme/secret", title="A secret plan"
    )
    await story.issue("- [ ] **one** Write it · run: exit 1\n", title="A plain plan")
    await story.until("Waits for approval", lambda: "A plain plan: waits for an approval" in said(story))
    assert await story.ask("/lockstep approve\n/lockstep run") == "+1"
    await story.until(lambda: "### Needs a person" in said(story))
    await story.settled()
    assert "secret" not in said(story)
    assert "1 more in private repositories" in said(story)
    box = Box(verb="retry", repo="acme/api", number=story.number)
    await tick(story, box, by="tri")
    await story.until("`/lockstep retry` needs the write permission on this repository; you have triage.")
    await story.until(lambda: str(box) in said(story))
    await tick(story, box, by="ana")
    await story.until("> `ana` `/lockstep retry`")
    await story.until(lambda: str(box) in said(story))  # and is not ticked any more
    await story.stop()
    await story.start()
    await story.settled()
    assert len(dashboards(story)) == 1


async def test_a_lost_answer_makes_no_second_one_and_without_the_setting_there_is_none(story: Story) -> None:
    await story.begin(REPOS)
    await story.hub.fault("late_drop", method="POST", path=r"/graphql$|/repos/acme/home/issues$", count=3)
    await story.issue("- [ ] **one** Write it · run: exit 1\n")
    await story.until(lambda: "waits for an approval" in said(story))
    await story.settled()
    await story.hub.do(issues.delete, story.hub.sandbox, dashboards(story)[0], "ana")
    assert await story.ask("/lockstep approve") == "+1"
    await story.until(lambda: "waits for `/lockstep run`" in said(story))
    await story.settled()
    assert len(dashboards(story)) == 1
    await story.commit("acme/.github", {"repositories.yaml": SET.replace("dashboard: home\n", "")})
    await story.settled()
    before = said(story)
    assert await story.ask("/lockstep run") == "+1"
    await story.settled()
    assert said(story) == before
