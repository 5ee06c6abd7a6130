"""A flow over several repositories, from an ordinary issue to its end, and everything that stands against one."""

import pytest
from inline_snapshot import snapshot

from services.sandbox.state import Comment
from tests.kit.sight import BOT
from tests.kit.story import FILES, Story

SET = """\
repositories:
  schema:
  api: {automation: {depends_on: [schema], triggers: [docs]}}
  docs:
  old: {automation: {enabled: false}}
cross_repo_workflows:
  - {name: feature, repositories: [api, schema]}
  - {name: closed, repositories: [schema, old]}
  - {name: away, repositories: [schema, docs]}
"""
HOME = {"repositories.yaml": SET}
REPOS = dict.fromkeys(("acme/api", "acme/schema", "acme/docs", "acme/old"), FILES) | {"acme/.github": HOME}
PEOPLE = {"ana": "maintain", "wes": "write", "tri": "triage", "adam": "admin"}


def plans(story: Story) -> list[Comment]:
    """The bot's comments on the issue that hold a flow's plan."""
    return [row for row in story.comments() if row.user == BOT and "### The plan of a flow" in row.body]


async def begin(story: Story, **settings: object) -> None:
    await story.begin(REPOS, roles=PEOPLE, **settings)  # type: ignore[arg-type]
    await story.issue("Orders have one, and nobody sees it.", "Show the currency", labels=[])


async def refused(story: Story, asked: str, said: str, *, by: str = "ana") -> None:
    assert await story.ask(asked, by=by) == "confused"
    await story.until(said)
    assert plans(story) == []


async def do(story: Story, repo: str) -> None:
    """A person does the task that is tracked there."""
    await story.until(lambda: any(issue.user == BOT for issue in story.issues(repo)))
    tracking = next(issue.number for issue in story.issues(repo) if issue.user == BOT)
    await story.until(f"{repo}#{tracking}")
    await story.commit(repo, {"currency.txt": "EUR\n"}, branch="mine", by="wes")
    asked = {"title": "Mine", "head": "mine", "base": "main", "body": f"Closes #{tracking}"}
    made = await story.hub.ok("POST", f"/repos/{repo}/pulls", asked, who="wes")
    await story.until(f"`wes` does it in #{made['number']}")
    await story.until(lambda: story.checks(repo, made["head"]["sha"]).get("lockstep/gate") == "success")
    await story.hub.ok("PUT", f"/repos/{repo}/pulls/{made['number']}/merge", {}, who="wes")


async def test_from_an_issue_to_the_last_follow_up(story: Story) -> None:
    await begin(story)
    assert await story.ask("/lockstep run flow=feature", by="wes") == "+1"
    await story.until(
        "Waits for approval", "3 tasks", "`wes` has asked for the flow `feature`", lambda: len(plans(story)) == 1
    )
    assert plans(story)[0].body == snapshot("""\
### The plan of a flow

`wes` has asked for the flow `feature` on this issue. Nothing of it has been started. What is approved is exactly this text, also when the issue is edited later: `/lockstep approve` (needs maintain permission), then `/lockstep run`. To change it, put the block into the issue with your changes: a plan there takes the place of this one. `/lockstep run flow=feature` makes it anew.

```yaml
title: Show the currency
defaults:
  body: Orders have one, and nobody sees it.
tasks:
- id: schema
  title: Show the currency
  repo: acme/schema
  agent: human
- id: api
  title: Show the currency
  repo: acme/api
  agent: human
  needs:
  - schema
- id: docs
  title: 'Follow up: Show the currency'
  repo: acme/docs
  agent: human
  needs:
  - api
```

<sub>Made by Lockstep from the issue and the flow, as they were when it was asked for.</sub>
<!-- lockstep:key=draft/acme/api/1/1 -->\
""")
    await story.turn_clock(seconds=5)
    assert await story.ask("/lockstep approve\n/lockstep run", by="wes") == "confused"
    assert await story.ask("/lockstep approve\n/lockstep run") == "+1", story.plan_comment()
    for repo in ("acme/schema", "acme/api", "acme/docs"):
        await do(story, repo)
    await story.until("**Done.**")
    assert [merged.partition("#")[0] for merged in story.merges] == ["acme/schema", "acme/api", "acme/docs"]


async def test_what_is_approved_is_the_text_that_was_posted(story: Story) -> None:
    await begin(story)
    assert await story.ask("/lockstep run flow=feature") == "+1"
    await story.until("Waits for approval", lambda: len(plans(story)) == 1)
    await story.edit("Do something else entirely.")
    await story.turn_clock(seconds=5)
    assert await story.ask("/lockstep approve\n/lockstep run") == "+1", story.plan_comment()
    await story.until(lambda: any(issue.user == BOT for issue in story.issues("acme/schema")))
    tracking = next(issue for issue in story.issues("acme/schema") if issue.user == BOT)
    assert "nobody sees it" in str(tracking.body)
    assert "something else" not in str(tracking.body)
    assert await story.ask("/lockstep run flow=feature") == "confused"
    await story.until("This issue's plan is running")
    assert await story.ask("/lockstep cancel all") == "+1"


async def test_asked_for_anew_it_says_what_the_issue_says_by_then(story: Story) -> None:
    await begin(story)
    assert await story.ask("/lockstep run flow=feature") == "+1"
    await story.until("Waits for approval", lambda: len(plans(story)) == 1)
    await story.edit("In the totals too.")
    await story.turn_clock(seconds=5)
    assert await story.ask("/lockstep run flow=feature") == "+1"
    await story.until(lambda: len(plans(story)) == 1 and "In the totals too." in plans(story)[0].body)
    await story.settled()
    replaced = [
        row.body for row in story.comments() if row.user == BOT and "a newer one has taken its place" in row.body
    ]
    assert len(replaced) == 1
    assert "a model" not in replaced[0]


async def test_it_takes_the_write_permission_in_every_repository_of_the_flow(story: Story) -> None:
    await begin(story)
    await story.hub.ok("DELETE", "/repos/acme/docs/collaborators/wes", who="adam")
    await refused(story, "/lockstep run flow=feature", "you have read on `acme/docs`", by="wes")
    await refused(story, "/lockstep run flow=feature", "needs the write permission on this repository", by="tri")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("flow=featur", "Did you mean `/lockstep run flow=feature`?"),
        ("flow=xyzzy", "There are `feature`, `closed`, `away`."),
        ("folw=feature", "`run` has no option `folw`"),
        ("flow=closed", "`acme/old` is closed to Lockstep"),
    ],
)
async def test_what_cannot_be_started_is_said(story: Story, asked: str, said: str) -> None:
    await begin(story)
    await refused(story, f"/lockstep run {asked}", said)


async def test_a_repository_that_is_archived_renamed_or_without_the_app(story: Story) -> None:
    await begin(story, installed=["acme/api", "acme/schema", "acme/docs", "acme/.github"])
    await refused(story, "/lockstep run flow=closed", "Lockstep is not installed on `acme/old`, or it has another name")
    await story.hub.ok("PATCH", "/repos/acme/docs", {"archived": True}, who="adam")
    await story.settled()
    await refused(story, "/lockstep run flow=away", "`acme/docs` is archived")
    await story.hub.ok("PATCH", "/repos/acme/docs", {"archived": False}, who="adam")
    await story.hub.ok("PATCH", "/repos/acme/schema", {"name": "schemata"}, who="adam")
    await story.settled()
    await refused(story, "/lockstep run flow=feature", "Lockstep is not installed on `acme/schema`, or it has another")


async def test_an_issue_that_holds_a_plan_or_is_closed_starts_no_flow(story: Story) -> None:
    await begin(story)
    await story.hub.ok("PATCH", f"/repos/acme/api/issues/{story.number}", {"state": "closed"}, who="ana")
    await refused(story, "/lockstep run flow=feature", "This issue is closed")
    await story.issue("- [ ] **one** Write a file · run: echo 1 > one.txt\n")
    await story.until("Waits for approval")
    await refused(story, "/lockstep run flow=feature", "holds no plan of its own")


async def test_a_set_with_errors_starts_no_flow(story: Story) -> None:
    await begin(story)
    await story.commit("acme/.github", {"repositories.yaml": f"{SET}inherit: perhaps\n"})
    await refused(story, "/lockstep run flow=feature", "`repositories.yaml` has errors")


async def test_a_public_issue_hears_nothing_of_private_repositories(story: Story) -> None:
    await begin(story)
    for name in ("acme/schema", "acme/.github"):
        await story.hub.do(setattr, story.repo(name), "private", True)
        story.bot.engine.forget(name, "")
    story.bot.engine.forget("", "installed")
    await refused(story, "/lockstep run flow=feature", "This flow works in private repositories")
    await refused(story, "/lockstep run flow=xyzzy", "There is no flow `xyzzy` in this owner's `repositories.yaml`.")
    assert "schema" not in story.plan_comment()
    assert "`away`" not in story.plan_comment()
