"""Plans made of GitHub's own sub-issues and of what blocks them."""

from services.sandbox.state import Issue
from tests.kit.sight import BOT
from tests.kit.story import FILES, NOWHERE, Story

PLAN = "What we do next.\n\nPlan: sub-issues\n"
ROLES = {"ana": "maintain", "wim": "write"}


def task(what: str, ident: str = "") -> str:
    return f"Some words.\n\n```lockstep\n{f'id: {ident}' if ident else 'priority: 1'}\nrun: echo {what} > {what}.txt\n```\n"


async def child(story: Story, title: str, body: str, *, repo: str = "acme/api", under: int = 0) -> Issue:
    """An issue of a person's under the plan's, or under another one."""
    made = await story.hub.ok("POST", f"/repos/{repo}/issues", {"title": title, "body": body}, who="ana")
    await link(story, made["id"], under=under)
    return story.hub.sandbox.state.issues[made["id"]]


async def link(story: Story, issue: int, *, under: int = 0, act: str = "POST") -> None:
    path = f"/repos/acme/api/issues/{under or story.number}/sub_issue{'s' if act == 'POST' else ''}"
    await story.hub.ok(act, path, {"sub_issue_id": issue}, who="ana")


async def block(story: Story, issue: Issue, blocker: Issue, act: str = "POST") -> None:
    repo = story.hub.sandbox.state.repos[issue.repo_id].full_name
    path = f"/repos/{repo}/issues/{issue.number}/dependencies/blocked_by"
    if act == "DELETE":
        await story.hub.ok("DELETE", f"{path}/{blocker.id}", who="ana")
    else:
        await story.hub.ok("POST", path, {"issue_id": blocker.id}, who="ana")


async def test_sub_issues_become_merged_pull_requests_and_are_closed(story: Story) -> None:
    await story.begin(("acme/api", "acme/web"))
    await story.issue(PLAN, "Currency")
    await story.until("This issue has no sub-issue", "Edit the issue and its sub-issues and I look again")
    show = await child(story, "Show it", task("show"), repo="acme/web")
    schema = await child(story, "Add a field", task("schema", "schema"))
    await block(story, show, schema)
    await story.until("### Plan: Currency", "| `schema` | Add a field (acme/api) | planned | acme/api#", "`schema` → ")
    await story.turn_clock(seconds=5)
    assert await story.ask("/lockstep approve\n/lockstep run") == "+1", story.plan_comment()
    await story.until("**Done.**")
    await story.settled()
    assert [merge.partition("#")[0] for merge in story.merges] == ["acme/api", "acme/web"]
    assert await story.file("acme/api", "schema.txt") == "schema\n"
    for issue in (show, schema):
        assert (issue.state, issue.state_reason, issue.labels) == ("closed", "completed", ["lockstep:done"])
        assert issue.body is not None
        assert issue.body.startswith("Some words.")
    assert not [issue for repo in ("acme/api", "acme/web") for issue in story.issues(repo) if issue.user == BOT]
    assert "**Done.**" in story.plan_comment()  # that they are closed is no edit of the plan
    assert "edited" not in story.plan_comment()


async def test_an_issue_that_was_another_while_somebody_approved_is_not_what_was_approved(story: Story) -> None:
    """Nobody has told of that, and it is as before when the approval is read."""
    await story.begin(roles=ROLES)
    await story.issue(PLAN)
    evil = await child(story, "Show it", task("evil"))
    await story.until("Waits for approval")
    await story.settled()
    await story.hears(NOWHERE)
    path = f"/repos/acme/api/issues/{evil.number}"
    await story.turn_clock(seconds=5)
    await story.hub.ok("PATCH", path, {"body": task("show")}, who="ana")
    await story.turn_clock(seconds=5)
    comment = await story.comment("/lockstep approve")
    await story.turn_clock(seconds=5)
    await story.hub.ok("PATCH", path, {"body": task("evil")}, who="ana")
    await story.settled()
    missed = next(each for each in story.deliveries("issue_comment") if '"/lockstep approve"' in each.payload)
    await story.hears(f"{story.bot.url}/webhook")
    await story.redeliver(missed)
    await story.until("The plan has changed since you looked at it.", lambda: "confused" in story.reactions(comment))


async def test_changed_relations_void_the_approval(story: Story) -> None:
    await story.begin(roles=ROLES)
    await story.issue(PLAN)
    one = await child(story, "One", task("one"))
    two = await child(story, "Two", task("two"))
    await story.until("2 tasks in 1 repository")

    async def approved() -> None:
        await story.turn_clock(seconds=5)
        assert await story.ask("/lockstep approve") == "+1", story.plan_comment()
        await story.until("**Approved** by `ana`")

    await approved()
    await block(story, two, one)
    await story.until("Waits for approval again", f"`api-{one.number}` → `api-{two.number}`")
    await approved()
    await block(story, two, one, "DELETE")
    await story.until("Waits for approval again")
    await approved()
    path = f"/repos/acme/api/issues/{two.number}"
    await story.hub.ok("PATCH", path, {"body": task("evil")}, who="wim")
    await story.until("Waits for approval again")
    assert await story.ask("/lockstep run") == "confused"
    await approved()
    await link(story, two.id, act="DELETE")
    await story.until("Waits for approval again", "1 task in 1 repository")
    await approved()
    await story.hub.ok("PATCH", f"/repos/acme/api/issues/{one.number}", {"state": "closed"}, who="ana")
    await story.until("Waits for approval again", "done before")


async def test_an_edit_while_it_runs_is_shown_as_what_it_changes(story: Story) -> None:
    await story.begin(roles={**ROLES, "boss": "admin"})
    await story.hub.do(lambda: story.hub.scenario.protect(story.repo(), approvals=1))
    await story.issue(PLAN)
    one = await child(story, "One", task("one"))
    two = await child(story, "Two", task("two"))
    await block(story, two, one)
    await story.until(f"`api-{one.number}` → `api-{two.number}`")
    await story.turn_clock(seconds=5)
    assert await story.ask("/lockstep approve\n/lockstep run") == "+1", story.plan_comment()
    await story.until("waits for a review")
    await story.review(story.pulls()[0].number, by="boss")
    await story.until(lambda: one.state == "closed", lambda: len(story.pulls()) == 2)
    assert "edited" not in await story.settled()
    await story.hub.ok("PATCH", f"/repos/acme/api/issues/{two.number}", {"title": "Two and more"}, who="wim")
    await story.until("**The issue has been edited since:** 1 task changed, 1 as before")
    assert await story.ask("/lockstep hold why=wait", on="acme/api", number=two.number) == "+1"
    await story.until(lambda: "Held: " in story.comment_on("acme/api", two.number))
    # Of a task that is over, too, its sub-issue is the place.
    assert await story.ask("/lockstep explain", on="acme/api", number=one.number) == "+1"
    await story.until(lambda: f"`api-{one.number}`" in story.comment_on("acme/api", one.number))
    # Who closes one while it runs changes nothing: a merge by hand closes it too.
    await story.hub.ok("PATCH", f"/repos/acme/api/issues/{two.number}", {"state": "closed"}, who="ana")
    assert "1 task changed, 1 as before" in await story.settled()


async def test_groups_and_circles(story: Story) -> None:
    await story.begin()
    await story.issue(PLAN)
    first = await child(story, "First", "")
    under = [await child(story, f"Part {n}", task(str(n)), under=first.number) for n in (1, 2)]
    last = await child(story, "Last", task("last"))
    await block(story, last, first)
    names = [f"api-{each.number}" for each in under]
    await story.until("3 tasks in 1 repository", f"| `{names[0]}`, `{names[1]}` |")
    await block(story, under[0], last)
    await story.until("These tasks wait for each other in a circle", f"`{names[0]}`", f"`api-{last.number}`")


async def test_nothing_is_told_of_a_private_sub_issue_in_public(story: Story) -> None:
    await story.begin(("acme/api", "acme/secret"))
    story.repo("acme/secret").private = True
    await story.issue(PLAN)
    shown = await child(story, "Shown", task("shown"))
    hidden = await child(story, "The merger", task("hidden"), repo="acme/secret")
    await story.until("A sub-issue lies in a private repository")
    await link(story, hidden.id, act="DELETE")
    await story.until("1 task in 1 repository")
    await block(story, shown, hidden)
    await story.until("is blocked by an issue elsewhere")
    await story.settled()
    for comment in story.comments():
        assert "secret" not in comment.body
        assert "merger" not in comment.body


async def test_a_private_plan_may_have_what_its_author_can_read(story: Story) -> None:
    await story.begin(("acme/api", "acme/secret"), roles=ROLES)
    for repo in ("acme/api", "acme/secret"):
        story.repo(repo).private = True
    await story.issue(PLAN)
    await child(story, "The merger", task("one"), repo="acme/secret")
    await story.until("The merger (acme/secret)")


async def test_where_the_app_is_not_installed_is_named(story: Story) -> None:
    await story.begin(("acme/api", "acme/web"), installed=["acme/api"])
    await story.issue(PLAN)
    far = await child(story, "Far", task("far"), repo="acme/web")
    await story.until(f"`acme/web#{far.number}`: Lockstep is not installed on `acme/web`")


async def test_tasks_of_its_own_beside_are_two_plans(story: Story) -> None:
    await story.begin({"acme/api": FILES})
    await story.issue(f"{PLAN}\n- [ ] **two** Another\n")
    await story.until("names its sub-issues as its plan and has tasks of its own")
