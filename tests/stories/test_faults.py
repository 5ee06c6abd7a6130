"""GitHub at its worst: webhooks lost, doubled and swapped, answers lost after the work was done, limits, outages.

That nothing is there twice is judged at the end of every story.
"""

from datetime import datetime
from pathlib import Path

import pytest

from services.github.infos import IssueInfo
from services.github.reads import Reads
from tests.kit.pipe import Pipe
from tests.kit.sight import BOT
from tests.kit.story import Story

PLAN = """\
- [ ] **one** Write (acme/api) · run: echo 1 > one.txt
- [ ] **two** Go on (acme/api) · needs: one · run: echo 2 > two.txt
- [ ] **three** Elsewhere (acme/web) · needs: one · run: echo 3 > three.txt
"""


async def finished(story: Story) -> None:
    """Everything is merged, once, and in order."""
    await story.until("**Done.** 3 of 3 tasks done", lambda: story.issues("acme/api")[0].state == "closed")
    await story.settled()
    assert len(story.merges) == 3
    assert story.merges[0] == f"acme/api#{story.pulls('acme/api')[0].number}"
    assert len(story.pulls("acme/api")) == 2
    assert len(story.pulls("acme/web")) == 1
    tracking = [issue for repo in ("acme/api", "acme/web") for issue in story.issues(repo) if issue.user == BOT]
    assert [(issue.state, issue.labels) for issue in tracking] == [("closed", ["lockstep:done"])] * 3
    assert len([comment for comment in story.comments("acme/api") if comment.user == BOT]) == 1


async def test_every_webhook_of_a_run_is_lost(story: Story) -> None:
    """The sweep finds out by itself."""
    await story.begin(["acme/api", "acme/web"], sweep_seconds=0.3)
    await story.run(PLAN)
    await story.hub.fault("lose")
    await finished(story)


async def test_webhooks_come_twice_and_in_any_order(story: Story) -> None:
    await story.begin(["acme/api", "acme/web"])
    await story.hub.fault("double", probability=0.5)
    await story.hub.fault("double_new_guid", probability=0.5)
    await story.hub.fault("reorder")
    await story.run(PLAN)
    await finished(story)


async def test_half_of_the_webhooks_are_lost(story: Story) -> None:
    await story.begin(["acme/api", "acme/web"], sweep_seconds=0.3)
    await story.run(PLAN)
    await story.hub.fault("lose", probability=0.5)
    await story.hub.fault("reorder")
    await finished(story)


DONE_BUT_NOT_SAID = {
    "issue": ("POST", r"/issues$"),
    "sub-issue": ("POST", r"/sub_issues$"),
    "pull request": ("POST", r"/pulls$"),
    "comment": ("POST", r"/comments$"),
    "edit of the comment": ("PATCH", r"/issues/comments/\d+$"),
    "check run": ("POST", r"/check-runs$"),
    "merge": ("PUT", r"/merge$"),
    "branch deleted": ("DELETE", r"/git/refs/"),
    "issue closed": ("PATCH", r"/issues/\d+$"),
    "label": ("POST", r"/issues/\d+/labels$"),
    "token": ("POST", r"/access_tokens$"),
}


CASES = [(what, "late_error") for what in DONE_BUT_NOT_SAID]
CASES += [(what, "late_drop") for what in ("issue", "pull request", "comment", "merge")]


@pytest.mark.parametrize(("what", "kind"), CASES)
async def test_github_does_it_and_says_it_did_not(story: Story, what: str, kind: str) -> None:
    """A 502, or a connection that ends, after GitHub has carried a request of the bot's out."""
    method, path = DONE_BUT_NOT_SAID[what]
    await story.begin(["acme/api", "acme/web"], batch=0, write_batch=0)
    await story.issue(PLAN, labels=[])
    commands = 1 if what == "comment" else 0  # the person's own comment goes through
    rule = await story.hub.fault(kind, method=method, path=path, count=1, skip=commands)
    assert await story.ask("/lockstep approve\n/lockstep run") == "+1"
    await finished(story)
    assert rule.count == 0


@pytest.mark.parametrize("skip", range(6))
async def test_github_does_many_things_at_once_and_says_it_did_not(story: Story, skip: int) -> None:
    """The same of what shares a call: issues, their links, checks, looks, what a merge is judged by."""
    await story.begin(["acme/api", "acme/web"])
    await story.issue(PLAN, labels=[])
    rule = await story.hub.fault("late_error", method="POST", path=r"/graphql$", count=1, skip=skip)
    assert await story.ask("/lockstep approve\n/lockstep run") == "+1"
    await finished(story)
    assert rule.count == 0


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("what", ["issue", "pull request", "merge", "check run"])
async def test_github_asks_for_a_pause(story: Story, what: str, *, together: bool) -> None:
    """A secondary limit with a Retry-After: nothing was done, and nothing is sent before it is over."""
    method, path = DONE_BUT_NOT_SAID[what]
    if together and what in {"issue", "check run"}:
        path = r"/graphql$"
    shared = 20 if together else 0
    await story.begin(["acme/api", "acme/web"], batch=shared, write_batch=shared)
    await story.issue(PLAN)
    rule = await story.hub.fault("secondary", method=method, path=path, count=1, retry_after=1)
    await story.until("Waits for approval")
    assert await story.ask("/lockstep approve\n/lockstep run") == "+1"
    await finished(story)
    assert rule.count == 0


REFUSED_ONCE = {
    "check run": ("POST", r"/check-runs$", 422),
    "branch deleted": ("DELETE", r"/git/refs/", 404),
    "issue closed": ("PATCH", r"/issues/\d+$", 404),
}


@pytest.mark.parametrize("what", REFUSED_ONCE)
async def test_github_refuses_once_what_nobody_would_start_anew(story: Story, what: str) -> None:
    """A commit that no replica has yet, an installation that is away for a moment."""
    method, path, status = REFUSED_ONCE[what]
    await story.begin(["acme/api", "acme/web"], batch=0, write_batch=0)
    await story.hub.do(lambda: story.hub.scenario.protect(story.repo(), "lockstep/gate"))
    await story.issue(PLAN)
    await story.until("Waits for approval")
    rule = await story.hub.fault("error", method=method, path=path, count=1, status=status)
    assert await story.ask("/lockstep approve\n/lockstep run") == "+1"
    await finished(story)
    assert rule.count == 0


async def test_a_rule_that_keeps_branches_holds_up_nothing_else(story: Story) -> None:
    await story.begin(["acme/api", "acme/web"])
    await story.issue(PLAN)
    await story.until("Waits for approval")
    rule = await story.hub.fault("error", method="DELETE", path=r"/git/refs/", count=9, status=422)
    assert await story.ask("/lockstep approve\n/lockstep run") == "+1"
    await finished(story)
    assert rule.count == 6


async def test_github_can_not_be_read_for_a_while(story: Story) -> None:
    await story.begin(["acme/api", "acme/web"], sweep_seconds=0.3)
    await story.run(PLAN)
    await story.hub.fault(
        "error", method="GET", path=r"/(pulls/\d+|check-runs|check-suites|status)$", count=6, status=500
    )
    await finished(story)


async def test_git_can_not_be_reached_for_a_while(story: Story) -> None:
    """The token for git is refused once: the attempt is not counted as the script's failure."""
    await story.begin(["acme/api", "acme/web"])
    await story.issue(PLAN)
    await story.until("Waits for approval")
    assert await story.ask("/lockstep approve") == "+1"
    await story.hub.fault("error", method="POST", path=r"/access_tokens$", count=2, status=500)
    assert await story.ask("/lockstep run") == "+1"
    await finished(story)


async def test_trouble_before_the_push_costs_no_second_run_of_the_script(
    story: Story, pipe: Pipe, tmp_path: Path
) -> None:
    """The token to push with is refused twice, when agent and verification are done."""
    counts = tmp_path / "counts"
    await story.begin()
    verify, script = f"{pipe.wait}; echo verified >> {counts}", f"echo ran >> {counts}; echo 1 > one.txt"
    await story.run(f"- [ ] **one** Write · verify: {verify} · run: {script}\n")
    await pipe.reached()
    rule = await story.hub.fault("error", method="POST", path=r"/access_tokens$", count=2, status=500)
    pipe.let_one_pass()
    await story.until("**Done.**")
    assert rule.count == 0
    assert counts.read_text().split() == ["ran", "verified"]


async def test_an_issue_that_the_list_does_not_show_yet_is_not_made_twice(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer was lost, and GitHub's lists lag behind."""
    listed, looks = Reads.issues_since, list[str]()

    async def lagging(self: Reads, repo: str, since: datetime, creator: str) -> tuple[IssueInfo, ...]:
        looks.append(repo)
        return await listed(self, repo, since, creator) if len(looks) > 1 else ()

    monkeypatch.setattr(Reads, "issues_since", lagging)
    await story.begin(batch=0, write_batch=0)
    await story.issue("- [ ] **one** Do it · agent: human\n")
    await story.until("Waits for approval")
    await story.hub.fault("late_drop", method="POST", path=r"/issues$", count=1)
    await story.ask("/lockstep approve\n/lockstep run")
    await story.until("**Stopped:")
    assert len(looks) == 2
    assert len([issue for issue in story.issues() if issue.user == BOT]) == 1
